import type { KeyObject } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createKeyFile, type KeyFileOwner, publicJwk, publishKeySet, readKeyFile } from './p256-key-file.js';

const KEY_FILE = 'dev-issuer.key.pem';
const JWKS_FILE = 'jwks.json';
const OWNER: KeyFileOwner = { what: 'the key of the development issuer', code: 'dev-key' };

/** The private key of a development issuer, and the id it is published under. */
export interface DevKey {
  readonly key: KeyObject;
  /** The RFC 7638 thumbprint of the public key. */
  readonly id: string;
}

/** Where the public keys of the development issuer in `directory` are: what its `keys` option points at. */
export function devJwksPath(directory: string): string {
  return path.join(directory, JWKS_FILE);
}

/**
 * The key of the development issuer in `directory`: made when there is none (P-256, mode 0600, in a directory of mode 0700), and read
 * when there is one. Writes the public half to `jwks.json`. Of several processes that begin at once, all get the same key.
 *
 * @throws IdentityError `dev-key` when the key file belongs to somebody else, others may read or write it, or it is not a P-256 key.
 */
export function openDevKey(directory: string): DevKey {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = path.join(directory, KEY_FILE);
  const key = readKeyFile(file, OWNER) ?? createKeyFile(file, OWNER);
  const jwk = publicJwk(key);
  publishKeySet(devJwksPath(directory), [jwk], OWNER);
  return { key, id: jwk.kid };
}
