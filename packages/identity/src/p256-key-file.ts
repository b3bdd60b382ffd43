import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
} from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { IdentityError, type IdentityErrorCode } from './errors.js';

/** What messages call the key, and the code of errors about it. */
export interface KeyFileOwner {
  readonly what: string;
  readonly code: IdentityErrorCode;
}

/**
 * Reads a private P-256 key (PEM, PKCS #8) of our own; `undefined` when there is no such file.
 *
 * @throws IdentityError with the owner's code when it belongs to somebody else, others may read or write it, or it is not a P-256 key.
 */
export function readKeyFile(file: string, owner: KeyFileOwner): KeyObject | undefined {
  let descriptor;
  try {
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new IdentityError(owner.code, `${owner.what} cannot be opened: it must be a file of your own`, { cause });
  }
  try {
    checkOwner(descriptor, owner);
    return checkedKey(readFileSync(descriptor, 'utf8'), owner);
  } finally {
    closeSync(descriptor);
  }
}

/** Who may write the key may be anybody, who may read it too. Windows has no such bits. */
function checkOwner(descriptor: number, { code, what }: KeyFileOwner): void {
  const status = fstatSync(descriptor);
  if (!status.isFile()) throw new IdentityError(code, `${what} is not a file`);
  if (process.platform === 'win32') return;
  if ((status.mode & 0o077) !== 0) throw new IdentityError(code, `others may read or write ${what}: delete it, or give it mode 0600`);
  if (status.uid !== process.getuid?.()) throw new IdentityError(code, `${what} belongs to another user: use a directory of your own`);
}

function checkedKey(pem: string, { code, what }: KeyFileOwner): KeyObject {
  let key;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The cause is left out: it might quote the key.
    throw new IdentityError(code, `${what} cannot be read: delete it to have a new one made`);
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new IdentityError(code, `${what} is not a P-256 key: delete it to have a new one made`);
  }
  return key;
}

/**
 * Makes a key in a new file of mode 0600. Of several processes that begin at once, all get the key of the first.
 *
 * @throws IdentityError with the owner's code
 */
export function createKeyFile(file: string, owner: KeyFileOwner): KeyObject {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const draft = `${file}.${randomUUID()}`;
  try {
    writeWhole(draft, privateKey.export({ format: 'pem', type: 'pkcs8' }) as string, 0o600);
    // Unlike a rename, a link fails when somebody else was first, and never shows half a file.
    linkSync(draft, file);
    return privateKey;
  } catch (cause) {
    const existing = codeOf(cause) === 'EEXIST' ? readKeyFile(file, owner) : undefined;
    if (existing !== undefined) return existing;
    throw new IdentityError(owner.code, `${owner.what} cannot be written: check the directory`, { cause });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The public half for a key set. Its id is the RFC 7638 thumbprint. */
export function publicJwk(key: KeyObject): JsonWebKey & { readonly kid: string } {
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  // RFC 7638 section 3.2: the required members in the order of their names.
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }))
    .digest('base64url');
  return { ...jwk, kid, use: 'sig', alg: 'ES256' };
}

/**
 * Refuses a directory in which others could put files of their own in the place of ours, the public keys among them.
 *
 * @throws IdentityError with the owner's code
 */
export function checkOwnDirectory(directory: string, { code, what }: KeyFileOwner): void {
  if (process.platform === 'win32') return;
  const { mode, uid } = statSync(directory);
  if ((mode & 0o022) !== 0 || (uid !== 0 && uid !== process.getuid?.())) {
    throw new IdentityError(code, `others may write to the directory of ${what}: give it mode 0700, or name a new directory inside of it`);
  }
}

/**
 * Writes a JWK set that everybody may read, at once or not at all, where it is not there already.
 *
 * @throws IdentityError with the owner's code
 */
export function publishKeySet(file: string, jwks: readonly object[], { code, what }: KeyFileOwner): void {
  const draft = path.join(path.dirname(file), `${path.basename(file)}.${randomUUID()}`);
  const text = `${JSON.stringify({ keys: jwks }, undefined, 2)}\n`;
  try {
    if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
    writeWhole(draft, text, 0o644);
    renameSync(draft, file);
  } catch (cause) {
    throw new IdentityError(code, `the public half of ${what} cannot be written: check the directory`, { cause });
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
