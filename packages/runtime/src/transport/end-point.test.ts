import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { endPointOf } from './end-point.js';

function element(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const length = content.length < 0x80 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.from([tag, ...length, ...content]);
}
const sequence = (...contents: readonly Buffer[]): Buffer => element(0x30, ...contents);
const identifier = (hex: string): Buffer => element(0x06, Buffer.from(hex, 'hex'));
/** A certificate in so far as the channel binding reads it. */
const signedBy = (...algorithm: readonly Buffer[]): Buffer =>
  sequence(sequence(Buffer.alloc(200)), sequence(...algorithm), element(0x03, Buffer.alloc(65)));
const PSS = identifier('2a864886f70d01010a');
const pss = (hash: string): Buffer => sequence(element(0xa0, sequence(identifier(hash), element(0x05))));

describe('tls-server-end-point', () => {
  it.each([
    ['ecdsa-with-SHA256', signedBy(identifier('2a8648ce3d040302')), 'sha256'],
    ['ecdsa-with-SHA384', signedBy(identifier('2a8648ce3d040303')), 'sha384'],
    ['sha256WithRSAEncryption', signedBy(identifier('2a864886f70d01010b'), element(0x05)), 'sha256'],
    ['sha512WithRSAEncryption', signedBy(identifier('2a864886f70d01010d'), element(0x05)), 'sha512'],
    ['sha1WithRSAEncryption, by SHA-256', signedBy(identifier('2a864886f70d010105'), element(0x05)), 'sha256'],
    ['md5WithRSAEncryption, by SHA-256', signedBy(identifier('2a864886f70d010104'), element(0x05)), 'sha256'],
    ['RSASSA-PSS with SHA-384', signedBy(PSS, pss('608648016503040202')), 'sha384'],
    ['RSASSA-PSS with its default, SHA-1', signedBy(PSS, sequence()), 'sha256'],
  ])('is the hash of the certificate by the hash of its signature: %s', (_name, certificate, hash) => {
    expect(endPointOf(certificate)).toEqual(createHash(hash).update(certificate).digest());
  });

  it.each([
    ['Ed25519, which has none', signedBy(identifier('2b6570'))],
    ['an algorithm that is not known', signedBy(identifier('2a03'))],
    ['RSASSA-PSS with a hash that is not known', signedBy(PSS, pss('2a03'))],
    ['nothing', Buffer.alloc(0)],
    ['a length beyond the end', Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30])],
  ])('is not defined for %s', (_name, certificate) => {
    expect(endPointOf(certificate)).toBeUndefined();
  });

  it('of any bytes is a hash or nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const found = endPointOf(bytes);
        expect(found === undefined || found.length >= 28).toBe(true);
      }),
    );
  });
});
