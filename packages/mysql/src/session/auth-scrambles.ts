import type { HashPort } from '@sqlwarden/core';

/** Bytes of a nonce of the authentication plugins below (SCRAMBLE_LENGTH). */
export const NONCE_BYTES = 20;

const utf8 = new TextEncoder();

/**
 * What `mysql_native_password` answers to a nonce ("Native Authentication"): SHA1(password) XOR SHA1(nonce, SHA1(SHA1(password))). Nothing for an
 * empty password.
 */
export function nativeScramble(hash: Required<Pick<HashPort, 'sha1'>>, password: string, nonce: Uint8Array): Uint8Array {
  if (password === '') return new Uint8Array(0);
  const once = hash.sha1(utf8.encode(password));
  return xor(once, hash.sha1(joined(nonce, hash.sha1(once))));
}

/**
 * What `caching_sha2_password` answers to a nonce ("Caching_sha2_password information"): SHA256(password) XOR SHA256(SHA256(SHA256(password)), nonce).
 * Nothing for an empty password.
 */
export function sha2Scramble({ sha256 }: Pick<HashPort, 'sha256'>, password: string, nonce: Uint8Array): Uint8Array {
  if (password === '') return new Uint8Array(0);
  const once = sha256(utf8.encode(password));
  return xor(once, sha256(joined(sha256(once), nonce)));
}

/** The password with the NUL that ends it, as it is sent in clear ("Clear text authentication", full authentication of `caching_sha2_password`). */
export function clearPassword(password: string): Uint8Array {
  return joined(utf8.encode(password), Uint8Array.of(0));
}

/** What is encrypted for the server's RSA key: the password in clear under the nonce, which repeats ("Caching_sha2_password information"). */
export function obscuredPassword(password: string, nonce: Uint8Array): Uint8Array {
  return clearPassword(password).map((byte, i) => byte ^ (nonce[i % nonce.length] as number));
}

/**
 * An unpredictable nonce without NUL and `$`, which clients and servers take for the end of one. As many values as letters of 7 bits have, as the
 * servers' own.
 */
export function newNonce(randomBytes: (length: number) => Uint8Array): Uint8Array {
  return randomBytes(NONCE_BYTES).map((byte) => {
    const letter = byte & 0x7f;
    return letter === 0 || letter === 0x24 ? letter + 1 : letter;
  });
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number));
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
