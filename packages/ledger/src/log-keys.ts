import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encodeBase64,
  formatVerifierKey,
  type KeyRotated,
  type NewLedgerEvent,
  NoteError,
  parseVerifierKey,
  type Principal,
  rotationText,
} from '@sqlwarden/core';
import { formatRotations, KeyEpochs, readRotations, ROTATIONS_FILE } from './key-epochs.js';
import { ifMissing, LedgerError } from './ledger-error.js';
import { sha256, verifyEd25519 } from './node-crypto.js';
import type { Keyring, Signer } from './signer.js';
import { writeFiles } from './tile-files.js';

const VERIFIER_FILE = 'keys/verifier';

/** The event that names a successor, before the log takes it. */
export interface PreparedRotation {
  readonly event: NewLedgerEvent & { readonly type: 'key.rotated' };
  readonly successor: Signer;
}

/**
 * The keys of a log that is open. A change of keys goes in steps, each durable before the next, so that it can be completed wherever the process
 * dies: the successor is made; the `key.rotated` entry is written; the checkpoint up to it is signed by the old key ({@link boundary}); the entry is
 * copied to `keys/rotations`; the old key is dropped.
 */
export class LogKeys {
  readonly #directory: string;
  readonly #ring: Keyring;
  #epochs: KeyEpochs;
  #signer: Signer;
  /** When the first key was made. */
  readonly #madeAt: number;
  #preparing = false;
  #pending: { readonly rotation: KeyRotated; readonly successor: Signer } | undefined;

  private constructor(directory: string, ring: Keyring, epochs: KeyEpochs, signer: Signer, madeAt: number) {
    this.#madeAt = madeAt;
    this.#directory = directory;
    this.#ring = ring;
    this.#epochs = epochs;
    this.#signer = signer;
  }

  /**
   * The keys of the log in a directory, or of a new one. Throws a {@link LedgerError}: `wrong-origin`, `bad-key`, or `corrupt` for files that are not
   * as they were written.
   */
  static async open(directory: string, origin: string, ring: Keyring): Promise<LogKeys> {
    const line = await readFile(join(directory, VERIFIER_FILE), 'utf8').catch(ifMissing);
    const rotations = await readRotations(directory);
    if (line === undefined && rotations.length > 0)
      throw new LedgerError('bad-key', `${VERIFIER_FILE} is missing: restore it from a backup`);
    const signer = line === undefined ? await ring.signerOf(undefined) : undefined;
    if (signer !== undefined) {
      if (signer.key.name !== origin) throw new LedgerError('bad-key', 'the name of the signing key must be the origin of the log');
      await publish(directory, signer);
      return new LogKeys(directory, ring, KeyEpochs.of(signer.key), signer, Date.now());
    }
    const epochs = chainOf(line ?? '', rotations, origin);
    const current = await ring.signerOf(epochs.current);
    const last = epochs.rotations.at(-1);
    const keys = new LogKeys(directory, ring, epochs, current, (await stat(join(directory, VERIFIER_FILE))).mtimeMs);
    // It may have died before the old key was dropped.
    if (last !== undefined) await ring.retire(epochs.keys.at(-2) ?? epochs.genesis, epochs.current);
    return keys;
  }

  get epochs(): KeyEpochs {
    return this.#epochs;
  }

  /** The signer of the next checkpoint. */
  get signer(): Signer {
    return this.#signer;
  }

  /** True when the key that signs was made longer than `ms` before `now`; false without a limit, and while it is being replaced. */
  isOlderThan(now: number, ms: number | undefined): boolean {
    return (
      ms !== undefined &&
      this.#pending === undefined &&
      !this.#preparing &&
      now - (this.#epochs.rotations.at(-1)?.time ?? this.#madeAt) > ms
    );
  }

  /** How many entries the next checkpoint must be over, while a key has still to sign its last one. */
  get boundary(): number | undefined {
    return this.#pending === undefined ? undefined : this.#pending.rotation.seq + 1;
  }

  /**
   * Has the present key name its successor. Nothing has changed yet; rejects with a {@link LedgerError} (`bad-key`). Until {@link begin} or
   * {@link giveUp} is called, every other call rejects: what it prepared would be of a key that does not sign any more.
   */
  async prepare(by: Principal | undefined): Promise<PreparedRotation> {
    if (this.#preparing || this.#pending !== undefined) throw new LedgerError('bad-key', 'the key is being replaced already');
    this.#preparing = true;
    try {
      return await this.#prepare(by);
    } catch (error) {
      this.#preparing = false;
      throw error;
    }
  }

  /** What was prepared is not begun; the next rotation has the same successor. */
  giveUp(): void {
    this.#preparing = false;
  }

  async #prepare(by: Principal | undefined): Promise<PreparedRotation> {
    const { key } = this.#signer;
    const successor = await this.#ring.successorOf(key);
    const previous = formatVerifierKey(key);
    const next = formatVerifierKey(successor.key);
    const text = new TextEncoder().encode(rotationText(key.name, previous, next));
    const signature = await this.#signer.sign(text);
    if (!verifyEd25519(key.publicKey, text, signature))
      throw new LedgerError('bad-key', 'the signer gave a signature that its own key does not verify');
    return {
      event: { type: 'key.rotated', previous, next, signature: encodeBase64(signature), ...(by === undefined ? {} : { by }) },
      successor,
    };
  }

  /** The entry of a rotation was written: the next checkpoint is the last one of the present key. */
  begin(rotation: KeyRotated, successor: Signer): void {
    this.#pending = { rotation, successor };
    this.#preparing = false;
  }

  /** As {@link begin}, for a rotation that was found when the log was opened. */
  async resume(rotation: KeyRotated): Promise<void> {
    const next = parseVerifierKey(sha256, rotation.next);
    this.begin(rotation, await this.#ring.signerOf(next));
  }

  /** The checkpoint over {@link boundary} entries is on stable storage: the successor signs from now on. Rejects with the system's errors; may be called again. */
  async finish(): Promise<void> {
    if (this.#pending === undefined) return;
    const { rotation, successor } = this.#pending;
    const epochs = this.#epochs.with(rotation);
    const rotations = formatRotations(epochs.rotations);
    await writeFiles(this.#directory, [{ path: ROTATIONS_FILE, bytes: Buffer.from(rotations), synced: true }]);
    await this.#ring.retire(this.#epochs.current, successor.key);
    this.#epochs = epochs;
    this.#signer = successor;
    this.#pending = undefined;
  }
}

/** The keys that follow one another from the first one, which `keys/verifier` names. */
function chainOf(line: string, rotations: readonly KeyRotated[], origin: string): KeyEpochs {
  if (!line.startsWith(`${origin}+`))
    throw new LedgerError('wrong-origin', 'the directory holds the log of another origin: give this one another directory');
  try {
    return rotations.reduce((epochs, rotation) => epochs.with(rotation), KeyEpochs.of(parseVerifierKey(sha256, line.trimEnd())));
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    throw new LedgerError('bad-key', `${VERIFIER_FILE} was changed: ${error.message}`);
  }
}

async function publish(directory: string, signer: Signer): Promise<void> {
  await mkdir(join(directory, 'keys'), { recursive: true, mode: 0o750 });
  await writeFile(join(directory, VERIFIER_FILE), `${formatVerifierKey(signer.key)}\n`, { mode: 0o644, flag: 'wx' });
}
