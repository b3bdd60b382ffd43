import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nodeHash } from './node-hash.js';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

function under(key: Uint8Array): (data: Uint8Array) => Uint8Array {
  const keyed = nodeHash.hmacSha256Under?.(key);
  if (keyed === undefined) throw new Error('there is none');
  return keyed;
}

/** RFC 4231 section 4, the test cases of HMAC-SHA-256 in full length: key, data, digest. */
const CASES: readonly (readonly [string, Uint8Array, Uint8Array, string])[] = [
  ['1', bytes('0b'.repeat(20)), ascii('Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    '2, a short key',
    ascii('Jefe'),
    ascii('what do ya want for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  ['3', bytes('aa'.repeat(20)), bytes('dd'.repeat(50)), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
  [
    '4',
    bytes('0102030405060708090a0b0c0d0e0f10111213141516171819'),
    bytes('cd'.repeat(50)),
    '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
  ],
  [
    '6, a key longer than a block',
    bytes('aa'.repeat(131)),
    ascii('Test Using Larger Than Block-Size Key - Hash Key First'),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
  [
    '7, a key and data longer than a block',
    bytes('aa'.repeat(131)),
    ascii(
      'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
    ),
    '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
  ],
];

describe('HMAC-SHA-256', () => {
  it.each(CASES)('of test case %s', (_note, key, data, want) => {
    expect(hex(nodeHash.hmacSha256(key, data))).toBe(want);
    const keyed = under(key);
    expect(hex(keyed(data))).toBe(want);
    expect(hex(keyed(data))).toBe(want);
  });

  it('under one key is that of any data one after another, and what was returned stays', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 130 }),
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 200 }),
            fc.integer({ min: 950, max: 1100 }).map((length) => new Uint8Array(length).fill(7)),
          ),
        ),
        (key, all) => {
          const want = all.map((data) => createHmac('sha256', key).update(data).digest('hex'));
          const keyed = under(key);
          const got = all.map((data) => keyed(data));
          expect(got.map(hex)).toEqual(want);
        },
      ),
    );
  });

  it('keeps its state when the bytes of the key change', () => {
    const key = new Uint8Array(32).fill(1);
    const keyed = under(key);
    const want = hex(keyed(ascii('data')));
    key.fill(2);
    expect(hex(keyed(ascii('data')))).toBe(want);
  });
});
