import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { IdentityError } from './errors.js';

const KEY_FILE = 'dev-issuer.key.pem';
const JWKS_FILE = 'jwks.json';

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
  const key = readKey(file) ?? createKey(file);
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  // RFC 7638 section 3.2: the required members in the order of their names.
  const id = createHash('sha256')
    .update(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }))
    .digest('base64url');
  publish(directory, { ...jwk, kid: id, use: 'sig', alg: 'ES256' });
  return { key, id };
}

function readKey(file: string): KeyObject | undefined {
  let descriptor;
  try {
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new IdentityError('dev-key', 'the key of the development issuer cannot be opened: it must be a file of your own', { cause });
  }
  try {
    checkOwner(descriptor);
    return checkedKey(readFileSync(descriptor, 'utf8'));
  } finally {
    closeSync(descriptor);
  }
}

/** Who may write the key may be anybody, who may read it too. Windows has no such bits. */
function checkOwner(descriptor: number): void {
  const status = fstatSync(descriptor);
  if (!status.isFile()) throw new IdentityError('dev-key', 'the key of the development issuer is not a file');
  if (process.platform === 'win32') return;
  if ((status.mode & 0o077) !== 0) {
    throw new IdentityError('dev-key', 'others may read or write the key of the development issuer: delete it, or give it mode 0600');
  }
  if (status.uid !== process.getuid?.()) {
    throw new IdentityError('dev-key', 'the key of the development issuer belongs to another user: use a directory of your own');
  }
}

function checkedKey(pem: string): KeyObject {
  let key;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The cause is left out: it might quote the key.
    throw new IdentityError('dev-key', 'the key of the development issuer cannot be read: delete it to have a new one made');
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new IdentityError('dev-key', 'the key of the development issuer is not a P-256 key: delete it to have a new one made');
  }
  return key;
}

function createKey(file: string): KeyObject {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const draft = `${file}.${randomUUID()}`;
  try {
    writeWhole(draft, privateKey.export({ format: 'pem', type: 'pkcs8' }) as string, 0o600);
    // Unlike a rename, a link fails when somebody else was first, and never shows half a file.
    linkSync(draft, file);
    return privateKey;
  } catch (cause) {
    const existing = codeOf(cause) === 'EEXIST' ? readKey(file) : undefined;
    if (existing !== undefined) return existing;
    throw new IdentityError('dev-key', 'the key of the development issuer cannot be written: check the directory', { cause });
  } finally {
    rmSync(draft, { force: true });
  }
}

function publish(directory: string, jwk: object): void {
  const draft = path.join(directory, `${JWKS_FILE}.${randomUUID()}`);
  try {
    writeWhole(draft, `${JSON.stringify({ keys: [jwk] }, undefined, 2)}\n`, 0o644);
    renameSync(draft, devJwksPath(directory));
  } catch (cause) {
    throw new IdentityError('dev-key', 'the public key of the development issuer cannot be written: check the directory', { cause });
  } finally {
    rmSync(draft, { force: true });
  }
}

function writeWhole(file: string, text: string, mode: number): void {
  const descriptor = openSync(file, 'wx', mode);
  try {
    // The process's umask may have taken bits away.
    fchmodSync(descriptor, mode);
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
