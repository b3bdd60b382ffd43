import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Commitment,
  commitmentTo,
  type Disclosure,
  disclosedValue,
  encodeBase64,
  type LedgerWriter,
  type NewLedgerEvent,
  SALT_BYTES,
} from '@sqlwarden/core';
import { writeFailed } from './append-file.js';
import { CheckpointFiles, signCheckpoint } from './checkpoint-files.js';
import { EntryFiles } from './entry-files.js';
import { EventTexts } from './event-text.js';
import { GroupSync } from './group-sync.js';
import { TILE_WIDTH, tilePath } from './layout.js';
import { LedgerError } from './ledger-error.js';
import { type DirectoryLock, lockDirectory } from './lock.js';
import { RandomPool, sha256 } from './node-crypto.js';
import { recoverLog, type RecoveredLog } from './recover.js';
import { fileSigner, publishVerifier, type Signer } from './signer.js';
import { removePartials, writeFiles } from './tile-files.js';
import type { TreeBuilder } from './tree-builder.js';
import { encodeRecord } from './write-ahead.js';

export interface LedgerOptions {
  /** Made when it is not there. One process at a time. */
  readonly directory: string;
  /** Names the log in its checkpoints and keys: a URL without scheme, no spaces, no plus sign. */
  readonly origin: string;
  /** Name and version of the program, for the entry that says that the log was opened. */
  readonly software: string;
  /** Default: the key in `keys/signing.pem`, made on first use. */
  readonly signer?: Signer;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly clock?: () => number;
  /** How many sessions are open, for heartbeats. */
  readonly sessions?: () => number;
  /** An entry at least this often. Default 60,000. */
  readonly heartbeatMs?: number;
  /** A checkpoint at least this often while there are new entries, and every 1,024 entries. Default 1,000. */
  readonly checkpointMs?: number;
  /** Told once of every failure of work in the background (checkpoints, heartbeats); what must not go on is refused by `append` itself. */
  readonly onError?: (error: LedgerError) => void;
}

const CHECKPOINT_ENTRIES = 1024;
/** Entries that may wait for a checkpoint before nothing more is accepted: bounds memory while checkpoints fail. */
const MAX_UNSIGNED_ENTRIES = 65_536;

/** Entries that the log writes of itself. */
const OWN_TYPES: ReadonlySet<string> = new Set<NewLedgerEvent['type']>(['log.opened', 'log.closed', 'heartbeat']);

/**
 * The append-only log of one process. Entries go to a write-ahead file with one write each; the tree is grown behind the caller's back, and
 * signed every second. The objects in an event (principal, facts, …) must not be changed after they were given to {@link append}: their text is
 * made once and used again.
 */
export class Ledger implements LedgerWriter {
  readonly #options: LedgerOptions;
  readonly #signer: Signer;
  readonly #lock: DirectoryLock;
  readonly #checkpoints: CheckpointFiles;
  readonly #tree: TreeBuilder;
  readonly #clock: () => number;
  readonly #random = new RandomPool();
  readonly #texts = new EventTexts((name, value) => this.commit(name, value));
  readonly #timers: NodeJS.Timeout[] = [];

  readonly #files: EntryFiles;
  readonly #syncs = new GroupSync(() => this.#sync());

  #next: number;
  #synced = -1;

  #unhashed: Buffer[] = [];
  #hashing: NodeJS.Immediate | undefined;

  #signed: number;
  #checkpointing: Promise<void> | undefined;
  #lastTime: number;
  /** Once set, nothing is appended any more by this process. */
  #broken: LedgerError | undefined;
  #closed = false;

  private constructor(options: LedgerOptions, parts: OpenParts) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#signer = parts.signer;
    this.#lock = parts.lock;
    this.#checkpoints = parts.checkpoints;
    this.#tree = parts.log.tree;
    this.#next = parts.log.tree.size;
    this.#signed = parts.signed;
    this.#lastTime = parts.log.last?.time ?? 0;
    this.#files = new EntryFiles(options.directory, parts.log.segments, parts.log.walLength);
  }

  /**
   * Opens the log in a directory, or starts one. What a crash left behind is completed; then the log goes on where it was, with an entry that says
   * so, and is signed. Throws a {@link LedgerError}: `locked`, `bad-key`, `wrong-origin`, `corrupt`, `truncated` or `write-failed`.
   */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const lock = await takeDirectory(options.directory);
    let checkpoints: CheckpointFiles | undefined;
    let ledger: Ledger | undefined;
    try {
      await prepareDirectory(options.directory);
      const signer = await signerOf(options);
      const { files, newest } = await CheckpointFiles.open(options.directory, signer.key);
      checkpoints = files;
      const log = await recoverLog(options.directory, newest);
      const previous = { size: log.tree.size, root: encodeBase64(log.tree.root()) };
      ledger = new Ledger(options, { signer, lock, checkpoints, log, signed: newest?.size ?? 0 });
      await ledger.#makeRoom();
      ledger.#start(previous, log.last !== undefined && log.last.type !== 'log.closed');
      await ledger.#trySigning();
      return ledger;
    } catch (error) {
      if (ledger !== undefined) await ledger.#letGo();
      else {
        checkpoints?.close();
        await lock.release();
      }
      throw asLedgerError(error);
    }
  }

  /** Entries so far; the `seq` of the next one. */
  get size(): number {
    return this.#next;
  }

  commit(name: string, value: string | Uint8Array): { readonly commitment: Commitment; readonly disclosure: Disclosure } {
    const salt = this.#random.take(SALT_BYTES);
    return {
      commitment: commitmentTo(sha256, name, salt, value),
      disclosure: { name, salt: Buffer.from(salt).toString('base64'), value: disclosedValue(value) },
    };
  }

  append(event: NewLedgerEvent, disclosures: readonly Disclosure[]): number {
    if (OWN_TYPES.has(event.type)) throw new LedgerError('not-serialisable', `entries of type ${event.type} are written by the log itself`);
    return this.#append(event, disclosures);
  }

  durable(seq: number): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    if (seq <= this.#synced) return Promise.resolve();
    if (seq >= this.#next) return Promise.reject(new LedgerError('not-found', `entry ${seq} was not appended`));
    return this.#syncs.join();
  }

  /** Signs the tree as it is now. Resolves when the checkpoint is on stable storage; rejects with a {@link LedgerError}. */
  async checkpoint(): Promise<void> {
    while (this.#checkpointing !== undefined) await this.#checkpointing.catch(() => undefined);
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#signed === this.#next) return;
    this.#checkpointing = this.#writeCheckpoint().finally(() => {
      this.#checkpointing = undefined;
    });
    return this.#checkpointing;
  }

  /** Ends the log in order: a last entry, a last checkpoint, and the lock is given back. Nothing can be appended afterwards. */
  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      this.#append({ type: 'log.closed' }, []);
      this.#closed = true;
      await this.checkpoint();
    } finally {
      await this.#letGo();
    }
  }

  /** Gives back what the operating system lent. */
  async #letGo(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearImmediate(this.#hashing);
    while (this.#checkpointing !== undefined) await this.#checkpointing.catch(() => undefined);
    await this.#syncs.idle();
    this.#files.close();
    this.#checkpoints.close();
    await this.#lock.release();
  }

  /** Brings what a crash left unsigned to stable storage; signs it at once when there is so much of it that nothing could be added. */
  async #makeRoom(): Promise<void> {
    if (this.#next === this.#signed) return;
    await this.#files.syncRecovered();
    if (this.#next - this.#signed >= MAX_UNSIGNED_ENTRIES) await this.#trySigning();
  }

  /** While signing fails the log goes on, up to its limit. */
  async #trySigning(): Promise<void> {
    await this.checkpoint().catch((error: unknown) => this.#options.onError?.(asLedgerError(error)));
  }

  #start(previous: { readonly size: number; readonly root: string }, recovered: boolean): void {
    const { origin, software, heartbeatMs = 60_000, checkpointMs = 1_000, sessions } = this.#options;
    this.#append({ type: 'log.opened', origin, software, recovered, heartbeatMs, previous }, []);
    // Looked at four times per interval, so that the silence is never much longer than it.
    const beat = (): void => {
      if (this.#clock() - this.#lastTime >= (heartbeatMs * 3) / 4) this.#append({ type: 'heartbeat', sessions: sessions?.() ?? 0 }, []);
    };
    this.#timers.push(setInterval(() => this.#inBackground(async () => beat()), heartbeatMs / 4).unref());
    this.#timers.push(setInterval(() => this.#checkpointSoon(), checkpointMs).unref());
  }

  #append(event: NewLedgerEvent, disclosures: readonly Disclosure[]): number {
    if (this.#closed) throw new LedgerError('closed', 'the ledger is closed: nothing may be forwarded any more');
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#next - this.#signed >= MAX_UNSIGNED_ENTRIES) {
      throw new LedgerError('write-failed', 'too many entries wait for a checkpoint: check the disk and the signing key of the ledger');
    }
    const seq = this.#next;
    const time = Math.trunc(this.#clock());
    const { text, disclosures: all } = this.#texts.write(event, seq, time, disclosures);
    const record = encodeRecord(text);
    this.#files.write(seq, record, all);
    this.#next += 1;
    this.#lastTime = time;
    this.#unhashed.push(record);
    this.#hashing ??= setImmediate(() => {
      this.#hash();
      if (this.#next - this.#signed >= CHECKPOINT_ENTRIES) this.#checkpointSoon();
    });
    return seq;
  }

  async #sync(): Promise<void> {
    const upTo = this.#next - 1;
    try {
      await this.#files.sync();
    } catch (error) {
      // What the disk holds after a failed sync is not known, and a second sync would not tell.
      throw this.#fail(asLedgerError(error));
    }
    this.#synced = Math.max(this.#synced, upTo);
  }

  #hash(): void {
    this.#hashing = undefined;
    const records = this.#unhashed;
    this.#unhashed = [];
    for (const record of records) this.#tree.add(record);
  }

  #checkpointSoon(): void {
    if (this.#checkpointing === undefined && !this.#closed) this.#inBackground(() => this.checkpoint());
  }

  async #writeCheckpoint(): Promise<void> {
    try {
      this.#files.assertUntouched();
    } catch (error) {
      throw this.#fail(asLedgerError(error));
    }
    clearImmediate(this.#hashing);
    this.#hash();
    const { directory, origin } = this.#options;
    const snapshot = this.#tree.snapshot();
    // INVARIANT: nothing is signed that power loss could take back; a log that signs two histories has forked.
    if (snapshot.size - 1 > this.#synced) await this.durable(snapshot.size - 1);
    try {
      const tiles = [...snapshot.full, ...snapshot.partial];
      await writeFiles(
        directory,
        tiles.map(({ kind, index, width, bytes }) => ({
          path: tilePath(kind, index, width),
          bytes,
          // The lowest partial ones can be made again from the write-ahead file.
          synced: width === TILE_WIDTH || (kind !== 'entries' && kind > 0),
        })),
      );
      const note = await signCheckpoint({ origin, size: snapshot.size, root: snapshot.root }, this.#signer);
      await this.#checkpoints.add(note);
      this.#signed = snapshot.size;
      this.#tree.confirm(snapshot);
      await Promise.all(snapshot.full.map(({ kind, index }) => removePartials(directory, kind, index)));
      await this.#files.dropBefore(snapshot.size);
    } catch (error) {
      const failure = asLedgerError(error);
      throw failure.code === 'sync-failed' ? this.#fail(failure) : failure;
    }
  }

  #inBackground(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#options.onError?.(asLedgerError(error)));
  }

  #fail(error: LedgerError): LedgerError {
    this.#broken ??= error;
    return this.#broken;
  }
}

async function signerOf(options: LedgerOptions): Promise<Signer> {
  const signer = options.signer ?? (await fileSigner(options.directory, options.origin));
  if (signer.key.name !== options.origin) throw new LedgerError('bad-key', 'the name of the signing key must be the origin of the log');
  await publishVerifier(options.directory, signer);
  return signer;
}

interface OpenParts {
  readonly signer: Signer;
  readonly lock: DirectoryLock;
  readonly checkpoints: CheckpointFiles;
  readonly log: RecoveredLog;
  readonly signed: number;
}

function asLedgerError(error: unknown): LedgerError {
  return error instanceof LedgerError ? error : writeFailed(error);
}

async function takeDirectory(directory: string): Promise<DirectoryLock> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o750 });
    return await lockDirectory(directory);
  } catch (error) {
    throw asLedgerError(error);
  }
}

async function prepareDirectory(directory: string): Promise<void> {
  await mkdir(join(directory, 'disclosures'), { recursive: true, mode: 0o700 });
  await rm(join(directory, 'tmp'), { recursive: true, force: true });
  await mkdir(join(directory, 'tmp'), { mode: 0o750 });
}
