import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { statementText } from './statement-text.js';

const bytes = fc.uint8Array({ maxLength: 40 });
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the text of a statement', () => {
  it('is what was encoded, in UTF-8 and in latin1 as the server has it', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => statementText(utf8(text), 'utf8mb4') === text));
    expect(statementText(Uint8Array.of(0x80, 0xe9, 0x81), 'latin1')).toBe('€é\u0081');
    // Names are taken as they are: the server's own are UTF-8.
    expect(statementText(Uint8Array.of(0xff, 0x41, ...utf8('é')), 'binary')).toBe('\udcffAé');
  });

  it('differs where the bytes differ, whatever they are', () => {
    for (const charset of ['utf8mb4', 'latin1', 'binary', 'cp850'])
      fc.assert(
        fc.property(bytes, bytes, (one, two) => {
          const isSame = Buffer.compare(one, two) === 0;
          return (statementText(one, charset) === statementText(two, charset)) === isSame;
        }),
      );
  });

  it('has every ASCII character where the server sees one, whatever stands before it', () => {
    for (const charset of ['utf8', 'utf8mb4', 'latin1', 'cp1251', 'koi8r', 'binary', 'unheard_of'])
      fc.assert(
        fc.property(bytes, (before) => {
          const text = statementText(Uint8Array.of(...before, 0x27, 0x5c), charset);
          return text.endsWith("'\\") && [...text].filter((one) => one === "'").length === before.filter((one) => one === 0x27).length + 1;
        }),
      );
  });

  it('keeps well-formed characters around bytes that are none', () => {
    expect(statementText(Uint8Array.of(...utf8('é'), 0xc3, ...utf8('ü'), 0xf0, 0x9f), 'utf8mb4')).toBe('é\udcc3ü\udcf0\udc9f');
    expect(statementText(Uint8Array.of(0xed, 0xa0, 0x80, 0xc0, 0xaf), 'utf8mb4')).toBe('\udced\udca0\udc80\udcc0\udcaf');
  });
});
