import { describe, expect, it } from '@jest/globals';
import type { BackendMessage } from './backend-messages.js';
import { canariesOf, makeWorld } from './canaries.js';
import { LeakOracle } from './leak-oracle.js';

const SECRET = '417-28-9036';
const oracle = new LeakOracle([SECRET, 'Kvxq Wplmz', '518234.77', '4929771102558364', '1962-11-17']);

function row(...cells: readonly (string | Buffer)[]): BackendMessage {
  const count = Buffer.alloc(2);
  count.writeInt16BE(cells.length);
  const fields = cells.flatMap((cell) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(Buffer.byteLength(cell));
    return [length, Buffer.from(cell)];
  });
  return { type: 'D', body: Buffer.concat([count, ...fields]) };
}

const forms = (messages: readonly BackendMessage[]): string[] =>
  oracle.findIn(Buffer.concat(messages.map(({ body }) => body)), messages).map(({ form }) => form);

describe('the leak oracle finds a secret', () => {
  it.each([
    ['as it is', [row(SECRET)], 'plain'],
    ['a piece of it', [row('x28-903x')], 'plain'],
    ['reversed', [row([...SECRET].reverse().join(''))], 'reversed'],
    ['in hex', [row(Buffer.from(SECRET).toString('hex'))], 'hex'],
    ['in base64', [row(Buffer.from(SECRET).toString('base64'))], 'base64'],
    ['in base64, at another place', [row(Buffer.from(`x${SECRET}`).toString('base64'))], 'base64'],
    ['in upper case', [row('KVXQ WPLMZ')], 'plain'],
    ['a character in each row', [...SECRET].map((character) => row(character)), 'plain'],
    ['a character in each cell', [row(...SECRET)], 'plain'],
    ['as character codes in text', [...SECRET].map((character) => row(String(character.charCodeAt(0)))), 'plain'],
    ['as an array of character codes', [row(`{${[...SECRET].map((character) => character.charCodeAt(0)).join(',')}}`)], 'plain'],
    ['as character codes in binary', [...SECRET].map((character) => row(Buffer.from([0, 0, 0, character.charCodeAt(0)]))), 'plain'],
    ['as a binary numeric', [row(Buffer.from('00030001000000020033202a1e14', 'hex'))], 'binary'],
    ['as a binary integer', [row(Buffer.from(4929771102558364n.toString(16).padStart(16, '0'), 'hex'))], 'binary'],
    ['as a binary date', [row(Buffer.from('ffffcb09', 'hex'))], 'binary'],
  ] as const)('%s', (_, messages, form) => {
    expect(forms([...messages])).toContain(form);
  });
});

describe('the leak oracle lets pass', () => {
  it.each([
    ['what a mask leaves: the last four characters', '*******9036'],
    ['what a mask leaves: the year', '1962-01-01'],
    ['a rounded number', '510000'],
    ['a day of another date', '2026-11-17'],
  ])('%s', (_, text) => {
    expect(forms([row(text)])).toEqual([]);
  });

  it('what is not in either world', () => {
    const [a, b] = [makeWorld('a'), makeWorld('b')];
    // Years of birth are few.
    const other = new LeakOracle(canariesOf(a).filter((secret) => !/^\d{4}-/.test(secret)));
    expect(other.findIn(Buffer.from(canariesOf(b).join('\n')), [])).toEqual([]);
    expect(other.findIn(Buffer.from(canariesOf(a).join('\n')), [])).not.toEqual([]);
  });
});
