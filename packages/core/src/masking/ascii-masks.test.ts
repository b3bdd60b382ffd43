import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asciiPartial, type AsciiRewrite, maskAsciiEmail, maskAsciiLast4 } from './ascii-masks.js';
import { maskEmail, maskLast4, maskPartial } from './text-masks.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (cell: Uint8Array | undefined): string | undefined => (cell === undefined ? undefined : new TextDecoder().decode(cell));

/** With bytes of other cells around it. */
function over(rewrite: AsciiRewrite | undefined, value: string): string | undefined {
  const buffer = bytes(`x@y.é${value}z@é`);
  return text(rewrite?.(buffer, 6, buffer.length - 4));
}

const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });
const part = fc.string({ unit: fc.constantFrom('a', 'Z', '1', '.', '@', '-', 'x', '{', '`'), maxLength: 12 });
const address = fc.tuple(part, part, part).map(([local, domain, top]) => `${local}@${domain}.${top}`);

describe('masks over the bytes of ASCII text', () => {
  it('mask addresses as the mask over text does', () => {
    fc.assert(fc.property(fc.oneof(address, ascii), (value) => expect(over(maskAsciiEmail, value)).toBe(maskEmail(value))));
    expect(over(maskAsciiEmail, 'ada@example.com')).toBe('a****@****.com');
    expect(over(maskAsciiEmail, 'a@example.com')).toBe('****@****.com');
  });

  it('pad as the masks over text do', () => {
    fc.assert(
      fc.property(ascii, fc.nat(6), fc.nat(6), (value, prefix, suffix) => {
        expect(over(asciiPartial(prefix, suffix, '#'), value)).toBe(maskPartial(value, prefix, suffix, '#'));
        expect(over(maskAsciiLast4, value)).toBe(maskLast4(value));
      }),
    );
  });

  it('leave every other text to the masks over text', () => {
    for (const value of ['é@example.com', 'ada@exämple.com', 'ada@example.com\u{1f600}'])
      expect(over(maskAsciiEmail, value)).toBeUndefined();
    expect(over(asciiPartial(1, 1, '#'), 'naïve')).toBeUndefined();
    expect(maskAsciiLast4(Uint8Array.of(0xff, 0xfe), 0, 2)).toBeUndefined();
    expect(asciiPartial(1, 1, '**')).toBeUndefined();
    expect(asciiPartial(1, 1, '•')).toBeUndefined();
  });

  it('keep no byte of the cell that they were given', () => {
    const cell = bytes('ada@example.com');
    const masked = maskAsciiEmail(cell, 0, cell.length);
    cell.fill(0);
    expect(text(masked)).toBe('a****@****.com');
  });
});
