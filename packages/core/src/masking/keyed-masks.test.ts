import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileMask } from './compile.js';
import { base32 } from './keyed-masks.js';
import type { CellMask, CellType, MaskFunction } from './mask.js';
import type { CompileTools } from './strategy.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const fatal = new TextDecoder('utf-8', { fatal: true });
const unused = (): never => {
  throw new Error('not used here');
};

const maskKey = new Uint8Array(32).fill(9);
const hmac = (key: Uint8Array, data: Uint8Array | string): Uint8Array => createHmac('sha256', key).update(data).digest();
const without: CompileTools = { hash: { sha256: unused, hmacSha256: hmac, pbkdf2Sha256: unused }, maskKey, compilePattern: unused };
const withState: CompileTools = { ...without, hash: { ...without.hash, hmacSha256Under: (key) => (data) => hmac(key, data) } };

function textType(isPlainText: boolean, maxLength?: number): CellType {
  return {
    family: 'text',
    isPlainText,
    ...(maxLength === undefined ? {} : { maxLength }),
    zero: () => new Uint8Array(0),
    // What throws is taken for unreadable.
    toText: (cell) => fatal.decode(cell),
    fromText: (text) => encoder.encode(text),
  };
}

function maskOf(fn: MaskFunction, type: CellType, tools: CompileTools): CellMask {
  const compiled = compileMask(fn, 'pii', type, { format: 'text' }, tools);
  if (compiled.kind !== 'mask') throw new Error(compiled.kind);
  return compiled.mask;
}

/** Within a buffer, as cells of rows are given. */
function shown(mask: CellMask, value: string): string {
  const buffer = encoder.encode(`é${value}é`);
  const cell = mask.over === undefined ? mask(buffer.subarray(2, -2)) : mask.over(buffer, 2, buffer.length - 2);
  return decoder.decode(cell ?? undefined);
}

const WANT: Readonly<Record<'hash' | 'token', (value: string) => string>> = {
  hash: (value) => Buffer.from(hmac(maskKey, `sqlwarden/mask/hash/v1\0pii\0${value}`)).toString('hex'),
  token: (value) => base32(hmac(hmac(maskKey, 'sqlwarden/mask/token/v1\0people'), value)).slice(0, 26),
};

const FUNCTIONS = { hash: { kind: 'hash' }, token: { kind: 'token', domain: 'people' } } as const;
const values = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.integer({ min: 160, max: 700 }).map((length) => 'x'.repeat(length)),
  fc.integer({ min: 160, max: 700 }).map((length) => '€'.repeat(length)),
);

describe('keyed masks of texts', () => {
  it.each(['hash', 'token'] as const)('are %s by HMAC of the text, whatever it holds and however it is read', (kind) => {
    const masks = [without, withState].flatMap((tools) => [true, false].map((plain) => maskOf(FUNCTIONS[kind], textType(plain), tools)));
    fc.assert(
      fc.property(values, (value) => {
        for (const mask of masks) expect(shown(mask, value)).toBe(WANT[kind](value));
      }),
    );
  });

  it('are cut to the column, and do not change when the next value is masked', () => {
    const mask = maskOf({ kind: 'hash' }, textType(true, 8), withState);
    const first = mask(encoder.encode('alice'));
    expect(shown(mask, 'bob')).toBe(WANT.hash('bob').slice(0, 8));
    expect(decoder.decode(first ?? undefined)).toBe(WANT.hash('alice').slice(0, 8));
  });

  it('say nothing of bytes that are no text', () => {
    for (const fn of Object.values(FUNCTIONS)) expect(maskOf(fn, textType(true), withState)(Uint8Array.of(0x61, 0xff))).toHaveLength(0);
  });

  it('use the key when the first value comes, not before', () => {
    const tools: CompileTools = { ...without, hash: { sha256: unused, hmacSha256: unused, pbkdf2Sha256: unused } };
    for (const fn of Object.values(FUNCTIONS)) expect(() => maskOf(fn, textType(true), tools)).not.toThrow();
  });
});
