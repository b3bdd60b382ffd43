import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeBase64, encodeBase64 } from './base64.js';
import { commitmentTo, disclosedBytes, disclosedValue, opensCommitment } from './commitment.js';
import type { Sha256 } from './merkle.js';

const sha256: Sha256 = { sha256: (data) => new Uint8Array(createHash('sha256').update(data).digest()) };
const salt = Uint8Array.from({ length: 32 }, (_, index) => index);

describe('commitments', () => {
  it('hash the domain, the name, the salt and the value', () => {
    const expected = createHash('sha256').update('sqlwarden/field/v1\0text\0').update(salt).update('select 1').digest('base64');
    expect(commitmentTo(sha256, 'text', salt, 'select 1')).toEqual({ commitment: expected });
  });

  it('are opened by what was committed to and by nothing else', () => {
    const commitment = commitmentTo(sha256, 'text', salt, 'select 1');
    const disclosure = { name: 'text', salt: encodeBase64(salt), value: 'select 1' };
    expect(opensCommitment(sha256, commitment, disclosure)).toBe(true);
    expect(opensCommitment(sha256, commitment, { ...disclosure, value: 'select 2' })).toBe(false);
    expect(opensCommitment(sha256, commitment, { ...disclosure, name: 'token' })).toBe(false);
    expect(opensCommitment(sha256, commitment, { ...disclosure, salt: encodeBase64(new Uint8Array(32)) })).toBe(false);
    expect(opensCommitment(sha256, commitment, { ...disclosure, salt: 'AAAA' })).toBe(false);
    expect(opensCommitment(sha256, commitment, { ...disclosure, name: 'te\0xt' })).toBe(false);
    expect(opensCommitment(sha256, { commitment: 'not base64' }, disclosure)).toBe(false);
  });

  it('read text and bytes back as they were, also text that looks like bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string({ unit: 'binary' }), fc.constant('base64:AAAA'), fc.constant('base64:')), (value) => {
        const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
        expect(disclosedBytes(disclosedValue(value))).toEqual(bytes);
        const commitment = commitmentTo(sha256, 'parameter', salt, value);
        expect(opensCommitment(sha256, commitment, { name: 'parameter', salt: encodeBase64(salt), value: disclosedValue(value) })).toBe(
          true,
        );
      }),
    );
  });

  it('do not let a name run into the salt', () => {
    expect(() => commitmentTo(sha256, 'a\0b', salt, '')).toThrow(RangeError);
    expect(() => commitmentTo(sha256, '', salt, '')).toThrow(RangeError);
    expect(() => commitmentTo(sha256, 'a', salt.slice(1), '')).toThrow(RangeError);
  });
});

describe('base64', () => {
  it('agrees with the platform for all bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = encodeBase64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64'));
        expect(decodeBase64(text)).toEqual(bytes);
      }),
    );
  });

  it.each(['A', 'AA', 'AAA', 'AA=A', 'A===', '====', 'AB==', 'AAB=', 'AA-_', 'AA A', 'AAAA\n', 'AAAA===='])('rejects %p', (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });
});
