import { constants, createPublicKey, publicEncrypt } from 'node:crypto';
import type { PublicKeyPort } from '@sqlwarden/core';

/** RFC 8017 section 7.1.1: two hashes and two bytes of each block are not for data. */
const OAEP_SHA1_OVERHEAD = 42;
const MIN_MODULUS_BYTES = 256;
const MAX_MODULUS_BYTES = 2048;

/** Core's public keys by `node:crypto`. */
export const nodePublicKey: PublicKeyPort = {
  encryptOaepSha1: (pem, data) => {
    const key = rsaKey(pem);
    if (key === undefined) return undefined;
    const modulusBytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
    const fits = modulusBytes >= MIN_MODULUS_BYTES && modulusBytes <= MAX_MODULUS_BYTES && data.length <= modulusBytes - OAEP_SHA1_OVERHEAD;
    return fits ? publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, data) : undefined;
  },
};

function rsaKey(pem: string): ReturnType<typeof createPublicKey> | undefined {
  // A private key would do for node:crypto too; whoever gives one has mistaken the file.
  if (pem.includes('PRIVATE KEY')) return undefined;
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === 'rsa' ? key : undefined;
  } catch {
    return undefined;
  }
}
