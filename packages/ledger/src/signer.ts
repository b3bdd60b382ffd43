import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatVerifierKey, verifierKey, type VerifierKey } from '@sqlwarden/core';
import { syncDirectory } from './append-file.js';
import { errnoOf, ifMissing, LedgerError } from './ledger-error.js';
import { sha256 } from './node-crypto.js';

/** Holds the key of a log's checkpoints: in a file, a key management service, a hardware module. */
export interface Signer {
  /** The public half, under the name that stands in signatures: the log's origin. */
  readonly key: VerifierKey;
  /** An Ed25519 signature (RFC 8032) over `message`: 64 bytes. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/**
 * The signer whose key is `keys/signing.pem` (PKCS #8, 0600) in the ledger's directory; made on first use, with the verifier key beside it
 * in `keys/verifier`. Throws a {@link LedgerError} (`bad-key`) when the file is not an Ed25519 key or others may read it.
 */
export async function fileSigner(directory: string, name: string): Promise<Signer> {
  const path = join(directory, 'keys', 'signing.pem');
  const pem = (await readKey(path)) ?? (await makeKey(path));
  const privateKey = importKey(pem, path);
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const key = verifierKey(sha256, name, new Uint8Array(Buffer.from(x ?? '', 'base64url')));
  return { key, sign: (message) => sign(null, message, privateKey) };
}

/** Writes `keys/verifier`, or checks that the one there is of this signer. */
export async function publishVerifier(directory: string, signer: Signer): Promise<void> {
  const path = join(directory, 'keys', 'verifier');
  const line = `${formatVerifierKey(signer.key)}\n`;
  const there = await readFile(path, 'utf8').catch(ifMissing);
  if (there === undefined) {
    await mkdir(join(directory, 'keys'), { recursive: true, mode: 0o750 });
    await writeFile(path, line, { mode: 0o644, flag: 'wx' });
  } else if (!there.startsWith(`${signer.key.name}+`)) {
    throw new LedgerError('wrong-origin', 'the directory holds the log of another origin: give this one another directory');
  } else if (there !== line) {
    throw new LedgerError(
      'bad-key',
      `${path} names another key than the one that signs: this ledger belongs to another signer, or the file was changed`,
    );
  }
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

async function makeKey(path: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await mkdir(join(path, '..'), { recursive: true, mode: 0o750 });
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(pem);
    await file.sync();
  } finally {
    await file.close();
  }
  syncDirectory(join(path, '..'));
  return pem;
}

function importKey(pem: string, path: string): ReturnType<typeof createPrivateKey> {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (error) {
    throw new LedgerError('bad-key', `${path} is not a private key in pem (${errnoOf(error)})`);
  }
  throw new LedgerError('bad-key', `${path} is not an ed25519 key: make one with openssl genpkey -algorithm ed25519`);
}
