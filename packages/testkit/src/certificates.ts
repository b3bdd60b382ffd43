import { createHash, createSign, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import * as der from './der.js';

/** A certificate and its private key, both PEM. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Subject alternative names: DNS names, IPv4 or IPv6 addresses in full form, URIs such as `spiffe://…`. */
  readonly names?: readonly string[];
  /** Default: from an hour ago. */
  readonly notBefore?: Date;
  /** Default: a day from now. */
  readonly notAfter?: Date;
  /** A certificate that may sign others. */
  readonly isAuthority?: boolean;
  /** The first bits of KeyUsage (RFC 5280, section 4.2.1.3), the highest first; default 0x80, digitalSignature. `none`: without the extension. */
  readonly keyUsage?: number | 'none';
}

/** A certificate authority of a test's own: what it issues is good for servers and clients. */
export interface CertificateAuthority extends CertificateAndKey {
  issue(request: CertificateRequest): CertificateAndKey;
  /** PEM of a list that revokes these certificates (PEM) and no others. Profile: RFC 5280, section 5. */
  revoke(certificates: readonly string[]): string;
}

const ecdsaWithSha256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'));

/** A self-signed authority with a new P-256 key. Profile: RFC 5280, section 4. */
export function createAuthority(commonName = 'sqlwarden test authority'): CertificateAuthority {
  const keys = newKeys();
  const issuer = { name: distinguishedName(commonName), ...keys };
  const extensions = [
    extension('2.5.29.19', der.sequence(der.boolean(true)), 'critical'),
    extension('2.5.29.15', der.bitString(Buffer.from([0b0000_0110]), 1), 'critical'),
  ];
  return {
    certificate: sign(issuer, { commonName }, keys.publicKey, extensions),
    key: pem(keys.privateKey),
    issue(request) {
      const own = newKeys();
      return { certificate: sign(issuer, request, own.publicKey, leafExtensions(request)), key: pem(own.privateKey) };
    },
    revoke: (certificates) => revocationList(issuer, certificates),
  };
}

interface Issuer {
  readonly name: Buffer;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function sign(issuer: Issuer, request: CertificateRequest, publicKey: KeyObject, extensions: readonly Buffer[]): string {
  const now = Date.now();
  const { notBefore = new Date(now - 3_600_000), notAfter = new Date(now + 86_400_000) } = request;
  const keyIdentifiers = [
    extension('2.5.29.14', der.octetString(keyIdentifier(publicKey))),
    extension('2.5.29.35', der.sequence(der.implicit(0, keyIdentifier(issuer.publicKey)))),
  ];
  const body = der.sequence(
    der.explicit(0, der.unsignedInteger(Buffer.from([2]))),
    der.unsignedInteger(randomBytes(16)),
    ecdsaWithSha256,
    issuer.name,
    der.sequence(der.time(notBefore), der.time(notAfter)),
    distinguishedName(request.commonName),
    publicKeyInfo(publicKey),
    der.explicit(3, der.sequence(...extensions, ...keyIdentifiers)),
  );
  const signature = createSign('sha256').update(body).sign(issuer.privateKey);
  const certificate = der.sequence(body, ecdsaWithSha256, der.bitString(signature));
  return pemBlock('CERTIFICATE', certificate);
}

function revocationList(issuer: Issuer, certificates: readonly string[]): string {
  const from = der.time(new Date(Date.now() - 60_000));
  const revoked = certificates.map((certificate) => {
    const { serialNumber } = new X509Certificate(certificate);
    const digits = serialNumber.length % 2 === 0 ? serialNumber : `0${serialNumber}`;
    return der.sequence(der.unsignedInteger(Buffer.from(digits, 'hex')), from);
  });
  const body = der.sequence(
    der.unsignedInteger(Buffer.from([1])),
    ecdsaWithSha256,
    issuer.name,
    from,
    der.time(new Date(Date.now() + 86_400_000)),
    ...(revoked.length === 0 ? [] : [der.sequence(...revoked)]),
    der.explicit(
      0,
      der.sequence(
        extension('2.5.29.20', der.unsignedInteger(Buffer.from([1]))),
        extension('2.5.29.35', der.sequence(der.implicit(0, keyIdentifier(issuer.publicKey)))),
      ),
    ),
  );
  const signature = createSign('sha256').update(body).sign(issuer.privateKey);
  return pemBlock('X509 CRL', der.sequence(body, ecdsaWithSha256, der.bitString(signature)));
}

function pemBlock(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function leafExtensions({ commonName, names = [commonName], isAuthority = false, keyUsage = 0x80 }: CertificateRequest): Buffer[] {
  const purposes = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'].map((purpose) => der.objectIdentifier(purpose));
  return [
    extension('2.5.29.19', der.sequence(...(isAuthority ? [der.boolean(true)] : [])), 'critical'),
    ...(keyUsage === 'none' ? [] : [extension('2.5.29.15', der.bitString(Buffer.from([keyUsage]), trailingZeros(keyUsage)), 'critical')]),
    extension('2.5.29.37', der.sequence(...purposes)),
    extension('2.5.29.17', der.sequence(...names.map(generalName))),
  ];
}

/** DER leaves out the bits behind the last one that is set (ITU-T X.690, section 11.2.2). */
function trailingZeros(bits: number): number {
  return bits === 0 ? 0 : 31 - Math.clz32(bits & -bits);
}

function extension(identifier: string, value: Buffer, critical?: 'critical'): Buffer {
  return der.sequence(der.objectIdentifier(identifier), ...(critical ? [der.boolean(true)] : []), der.octetString(value));
}

function generalName(name: string): Buffer {
  if (isIPv4(name)) return der.implicit(7, Buffer.from(name.split('.').map(Number)));
  if (isIPv6(name)) return der.implicit(7, Buffer.from(expandIpv6(name), 'hex'));
  return der.implicit(name.includes('://') ? 6 : 2, Buffer.from(name, 'ascii'));
}

/** 32 hexadecimal digits. */
function expandIpv6(address: string): string {
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':').map((group) => group.padStart(4, '0')));
  const [before, after] = [groups(head), groups(tail)];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0000'), ...after].join('');
}

function distinguishedName(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.objectIdentifier('2.5.4.3'), der.utf8String(commonName))));
}

function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function publicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha256').update(publicKeyInfo(key)).digest().subarray(0, 20);
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
