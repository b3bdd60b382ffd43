import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isAuthority, keyUsageOf } from './certificate-usage.js';

function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const length = content.length < 0x80 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.from([tag, ...length, ...content]);
}
const sequence = (...contents: readonly Uint8Array[]): Buffer => element(0x30, ...contents);
const bytes = (...values: readonly number[]): Buffer => Buffer.from(values);
const extension = (identifier: string, value: Buffer, isCritical = true): Buffer =>
  sequence(element(0x06, Buffer.from(identifier, 'hex')), ...(isCritical ? [bytes(1, 1, 0xff)] : []), element(0x04, value));
const KEY_USAGE = '551d0f';
const BASIC_CONSTRAINTS = extension('551d13', sequence());
/** A certificate in so far as its extensions are read. */
const certificate = (...extensions: readonly Buffer[]): Buffer =>
  sequence(
    sequence(Buffer.alloc(0), element(0xa0, bytes(2, 1, 2)), sequence(), element(0xa3, sequence(...extensions))),
    sequence(),
    bytes(3, 1, 0),
  );

describe('what the key of a certificate is for', () => {
  it.each<[string, Buffer, readonly string[] | undefined]>([
    ['digital signatures', bytes(3, 2, 7, 0x80), ['digitalSignature']],
    ['certificates and their lists', bytes(3, 2, 1, 0x06), ['keyCertSign', 'cRLSign']],
    ['signatures, and keys of RSA', bytes(3, 2, 5, 0xa0), ['digitalSignature', 'keyEncipherment']],
    ['only deciphering', bytes(3, 3, 7, 0x08, 0x80), ['keyAgreement', 'decipherOnly']],
    ['nothing', bytes(3, 1, 0), []],
    ['nothing that can be read', bytes(4, 2, 7, 0x80), []],
  ])('is %s', (_name, value, usages) => {
    expect(keyUsageOf(certificate(BASIC_CONSTRAINTS, extension(KEY_USAGE, value)))).toEqual(usages);
    expect(keyUsageOf(certificate(extension(KEY_USAGE, value, false), BASIC_CONSTRAINTS))).toEqual(usages);
  });

  it('is not said without the extension', () => {
    expect(keyUsageOf(certificate(BASIC_CONSTRAINTS))).toBeUndefined();
    expect(keyUsageOf(sequence(sequence(), sequence()))).toBeUndefined();
  });

  it('is no trouble in any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (any) => void [keyUsageOf(any), isAuthority(any)]));
  });
});

describe('a certificate', () => {
  const constrained = (value: Buffer): boolean =>
    isAuthority(certificate(extension(KEY_USAGE, bytes(3, 2, 7, 0x80)), extension('551d13', value)));

  it.each<[string, Buffer, boolean]>([
    ['without the flag', sequence(), false],
    ['with the flag', sequence(bytes(1, 1, 0xff)), true],
    ['with the flag in another form than DER has', sequence(bytes(1, 1, 1)), true],
    ['with the flag and a length of the path', sequence(bytes(1, 1, 0xff), bytes(2, 1, 0)), true],
    ['with the flag written out as false', sequence(bytes(1, 1, 0)), false],
    ['with something that cannot be read in its place', bytes(4, 1, 0), true],
  ])('%s is of an authority: %s', (_name, value, wanted) => {
    expect(constrained(value)).toBe(wanted);
  });

  it('that says nothing is of none', () => {
    expect(isAuthority(certificate())).toBe(false);
  });
});
