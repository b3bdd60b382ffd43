import { describe, expect, it } from '@jest/globals';
import type { BackendMessage } from '../harness/backend-messages.js';
import { CanaryOracle } from './canary-oracle.js';
import { SUBJECTS, valuesOf } from './subjects.js';

const SECRET = 'qxzjkvwqqzzxjk';
const oracle = new CanaryOracle([{ literal: '', texts: [SECRET] }]);
const reversed = [...SECRET].reverse().join('');

function row(...cells: readonly (string | Buffer | null)[]): BackendMessage {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(cells.length);
  const parts = cells.map((cell) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(cell === null ? -1 : Buffer.byteLength(cell));
    return Buffer.concat([length, Buffer.from(cell ?? '')]);
  });
  return { type: 'D', body: Buffer.concat([count, ...parts]) };
}

function formsIn(...messages: readonly BackendMessage[]): string[] {
  return [...new Set(oracle.findIn(messages).map(({ form }) => form))];
}

describe('the canary oracle', () => {
  it.each([
    ['plain', `x ${SECRET} y`],
    ['plain', SECRET.toUpperCase()],
    ['plain', SECRET.slice(5, 9)],
    ['plain', SECRET.replaceAll(/(.)/g, '$1, ')],
    ['plain', [...SECRET].map((character) => character.charCodeAt(0)).join(',')],
    ['reversed', reversed],
    ['hex', Buffer.from(SECRET).toString('hex')],
    ['hex', Buffer.from(SECRET).toString('hex').toUpperCase().slice(4, 12)],
    ['hex of upper case', Buffer.from(SECRET.toUpperCase()).toString('hex')],
    ['reversed hex', Buffer.from(reversed).toString('hex')],
    ['percent-encoded', [...SECRET].map((character) => `%${character.charCodeAt(0).toString(16)}`).join('')],
    ['base64', Buffer.from(SECRET).toString('base64')],
    ['base64', Buffer.from(`a${SECRET}`).toString('base64')],
    ['base64', Buffer.from(`ab${SECRET}`).toString('base64')],
  ])('finds it %s in %j', (form, text) => {
    expect(formsIn(row('other', text))).toContain(form);
    expect(formsIn({ type: 'E', body: Buffer.from(`SERROR\0M${text}\0\0`) })).toContain(form);
  });

  it('finds it spread over the cells of a row or of a column, as characters or as their codes', () => {
    expect(formsIn(row(...SECRET))).toContain('plain');
    expect(formsIn(...[...SECRET].map((character) => row('1', character)))).toContain('plain');
    expect(formsIn(...[...SECRET].map((character) => row(String(character.charCodeAt(0)))))).toContain('plain');
  });

  it('finds nothing in other texts, nor in the secret by which a request is cancelled', () => {
    expect(formsIn(row('a quick brown fox', '1234567890', null), row('qxz jk'.slice(0, 3)))).toEqual([]);
    expect(formsIn({ type: 'K', body: Buffer.from(SECRET) })).toEqual([]);
  });

  it.each(SUBJECTS.filter(({ name }) => !['bool', 'enum'].includes(name)).map((subject) => [subject.name, subject] as const))(
    'finds values of %s by their text or by their bytes',
    (_, subject) => {
      for (const world of ['a', 'b', 'c'] as const) {
        for (const value of valuesOf(subject, world)) {
          const own = new CanaryOracle([value]);
          for (const text of value.texts) expect(own.findIn([row(text)])).not.toEqual([]);
          for (const bytes of [...(value.bytes ?? []), ...(value.cells ?? [])]) expect(own.findIn([row(bytes)])).not.toEqual([]);
          expect(value.texts.length + (value.bytes ?? []).length).toBeGreaterThan(0);
        }
      }
    },
  );

  it('has other values in each world', () => {
    for (const subject of SUBJECTS) {
      const [a, b, c] = (['a', 'b', 'c'] as const).map((world) => valuesOf(subject, world).map(({ literal }) => literal));
      expect(a).not.toEqual(b);
      expect(a).not.toEqual(c);
    }
  });
});
