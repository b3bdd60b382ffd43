import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { equalBytes, verifierKey, type VerifierKey } from '@sqlwarden/core';
import { syncDirectory } from './append-file.js';
import { errnoOf, ifMissing, LedgerError } from './ledger-error.js';
import { sha256 } from './node-crypto.js';
import type { Keyring, Signer } from './signer.js';

/**
 * Keys in the ledger's directory, as PKCS #8 files that nobody else may read (0600): `keys/signing.pem` is the one that signs, `keys/next.pem` one
 * that is to follow it. The file of a key that was followed by another is overwritten and removed. On file systems and disks that write
 * elsewhere (copy on write, flash, snapshots, backups) a copy may survive; what it signs later is found by verification.
 */
export class FileKeys implements Keyring {
  readonly #directory: string;
  readonly #name: string;
  readonly #signing: string;
  readonly #next: string;

  /** `name` is the log's origin. */
  constructor(directory: string, name: string) {
    this.#directory = join(directory, 'keys');
    this.#name = name;
    this.#signing = join(this.#directory, 'signing.pem');
    this.#next = join(this.#directory, 'next.pem');
  }

  async signerOf(key: VerifierKey | undefined): Promise<Signer> {
    if (key === undefined) return this.#signer((await readKey(this.#signing)) ?? (await makeKey(this.#signing)), this.#signing);
    const signer = await this.find(key);
    if (signer !== undefined) return signer;
    throw new LedgerError(
      'bad-key',
      `${this.#signing} is not the key that signs this log, or is not there: restore it from a backup; if it may have been copied or is lost, begin a new ledger in another directory`,
    );
  }

  /** The signer of a key, when it is here. */
  async find(key: VerifierKey): Promise<Signer | undefined> {
    const signing = await readKey(this.#signing);
    // A key that is being replaced may be overwritten already.
    const signer = signing === undefined || isOverwritten(signing) ? undefined : this.#signer(signing, this.#signing);
    if (signer !== undefined && isSame(signer.key, key)) return signer;
    const next = await readKey(this.#next);
    const follower = next === undefined ? undefined : this.#signer(next, this.#next);
    return follower !== undefined && isSame(follower.key, key) ? follower : undefined;
  }

  async successorOf(current: VerifierKey): Promise<Signer> {
    const signer = this.#signer((await readKey(this.#next)) ?? (await makeKey(this.#next)), this.#next);
    if (!isSame(signer.key, current)) return signer;
    throw new LedgerError('bad-key', `${this.#next} is the key that signs already: remove the file`);
  }

  async retire(previous: VerifierKey, next: VerifierKey): Promise<void> {
    const signing = await readKey(this.#signing);
    const signs = signing === undefined || isOverwritten(signing) ? undefined : this.#signer(signing, this.#signing).key;
    if (signs !== undefined && isSame(signs, next)) return;
    if (signs !== undefined && !isSame(signs, previous)) return;
    const follower = await readKey(this.#next);
    const isHere = follower !== undefined && isSame(this.#signer(follower, this.#next).key, next);
    if (signing !== undefined) await overwrite(this.#signing);
    if (isHere) await rename(this.#next, this.#signing);
    else if (signing !== undefined) await unlink(this.#signing);
    syncDirectory(this.#directory);
  }

  #signer(pem: string, path: string): Signer {
    const privateKey = importKey(pem, path);
    const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
    const key = verifierKey(sha256, this.#name, new Uint8Array(Buffer.from(x ?? '', 'base64url')));
    return { key, sign: (message) => sign(null, message, privateKey) };
  }
}

/** The signer whose key is `keys/signing.pem` in the ledger's directory; made on first use. Throws as {@link FileKeys} does. */
export function fileSigner(directory: string, name: string): Promise<Signer> {
  return new FileKeys(directory, name).signerOf(undefined);
}

function isSame(a: VerifierKey, b: VerifierKey): boolean {
  return a.name === b.name && equalBytes(a.publicKey, b.publicKey);
}

function isOverwritten(pem: string): boolean {
  return /^\0*$/.test(pem);
}

async function readKey(path: string): Promise<string | undefined> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    return ifMissing(error);
  }
  try {
    if (((await file.stat()).mode & 0o077) !== 0) {
      throw new LedgerError('bad-key', `${path} can be read by others: run chmod 600 on it, or replace it if it may have been copied`);
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Makes a key file, whole and durable or not at all. */
async function makeKey(path: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  const draft = `${path}.draft`;
  await unlink(draft).catch(ifMissing);
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(pem);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  syncDirectory(dirname(path));
  return pem;
}

async function overwrite(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    await file.write(Buffer.alloc(size), 0, size, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

function importKey(pem: string, path: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (error) {
    throw new LedgerError('bad-key', `${path} is not a private key in pem (${errnoOf(error)})`);
  }
  throw new LedgerError('bad-key', `${path} is not an ed25519 key: make one with openssl genpkey -algorithm ed25519`);
}
