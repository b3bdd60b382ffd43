import { createHash } from 'node:crypto';
import { children, type Element, elementAt } from './der-elements.js';

/**
 * `tls-server-end-point` of a certificate (RFC 5929 section 4.1): its hash by the hash function of its signature, SHA-256 in place of MD5 and
 * SHA-1. `undefined` when its signature has no one hash function (Ed25519), or is not known: then there is no such channel binding.
 */
export function endPointOf(certificate: Uint8Array): Uint8Array | undefined {
  const hash = signatureHash(certificate);
  return hash === undefined ? undefined : createHash(hash).update(certificate).digest();
}

type HashName = 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** By the DER of signature algorithms (RFC 4055, RFC 5758) without parameters. */
const SIGNATURES: ReadonlyMap<string, HashName> = new Map([
  ['2a864886f70d010104', 'sha256'], // md5WithRSAEncryption
  ['2a864886f70d010105', 'sha256'], // sha1WithRSAEncryption
  ['2a864886f70d01010e', 'sha224'],
  ['2a864886f70d01010b', 'sha256'],
  ['2a864886f70d01010c', 'sha384'],
  ['2a864886f70d01010d', 'sha512'],
  ['2a8648ce3d0401', 'sha256'], // ecdsa-with-SHA1
  ['2a8648ce3d040301', 'sha224'],
  ['2a8648ce3d040302', 'sha256'],
  ['2a8648ce3d040303', 'sha384'],
  ['2a8648ce3d040304', 'sha512'],
  ['608648016503040301', 'sha224'], // dsa-with-sha224
  ['608648016503040302', 'sha256'],
]);
const RSASSA_PSS = '2a864886f70d01010a';
const HASHES: ReadonlyMap<string, HashName> = new Map([
  ['2b0e03021a', 'sha256'], // SHA-1
  ['608648016503040204', 'sha224'],
  ['608648016503040201', 'sha256'],
  ['608648016503040202', 'sha384'],
  ['608648016503040203', 'sha512'],
]);

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm AlgorithmIdentifier, signature } (RFC 5280 section 4.1). */
function signatureHash(certificate: Uint8Array): HashName | undefined {
  const [, algorithm] = children(elementAt(certificate, 0));
  const [identifier, parameters] = children(algorithm);
  const name = hexOf(identifier);
  if (name !== RSASSA_PSS) return SIGNATURES.get(name);
  // RSASSA-PSS-params (RFC 4055 section 3.1): the hash is its first field, tagged [0]; SHA-1 when absent.
  const [first] = children(parameters);
  if (first?.tag !== 0xa0) return 'sha256';
  const [hash] = children(children(first)[0]);
  return HASHES.get(hexOf(hash));
}

function hexOf(element: Element | undefined): string {
  return element?.tag === 0x06 ? Buffer.from(element.content).toString('hex') : '';
}
