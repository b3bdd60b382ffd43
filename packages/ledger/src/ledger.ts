import { mkdir, open, rm, unlink } from 'node:fs/promises';
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
import { AppendFile, writeFailed } from './append-file.js';
import { CheckpointFiles, signCheckpoint } from './checkpoint-files.js';
import { formatDisclosures } from './disclosure-lines.js';
import { EventTexts } from './event-text.js';
import { disclosuresPath, SEGMENT_ENTRIES, segmentStart, TILE_WIDTH, tilePath, walPath } from './layout.js';
import { LedgerError } from './ledger-error.js';
import { type DirectoryLock, lockDirectory } from './lock.js';
import { RandomPool, sha256 } from './node-crypto.js';
import { recoverLog, type RecoveredLog } from './recover.js';
import { fileSigner, publishVerifier, type Signer } from './signer.js';
import { removePartials, writeTileFile } from './tile-files.js';
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

  #wal: AppendFile;
  #walStarts: number[];
  #disclosures: AppendFile | undefined;
  #disclosuresStart = -1;
  /** Files that were finished but not synced yet. */
  #finished: AppendFile[] = [];

  #next: number;
  #synced = -1;
  #syncing: Promise<void> | undefined;
  #nextSync: Promise<void> | undefined;

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
    this.#walStarts = [...parts.log.segments];
    this.#lastTime = parts.log.last?.time ?? 0;
    const current = this.#walStarts.at(-1);
    if (current === undefined) this.#walStarts.push(0);
    this.#wal = new AppendFile(join(options.directory, walPath(current ?? 0)), { mode: 0o640, length: parts.log.walLength });
  }

  /**
   * Opens the log in a directory, or starts one. What a crash left behind is completed; then the log goes on where it was, with an entry that says
   * so. Throws a {@link LedgerError}: `locked`, `bad-key`, `wrong-origin`, `corrupt`, `truncated` or `write-failed`.
   */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const lock = await takeDirectory(options.directory);
    try {
      const signer = options.signer ?? (await fileSigner(options.directory, options.origin));
      if (signer.key.name !== options.origin) throw new LedgerError('bad-key', 'the name of the signing key must be the origin of the log');
      await publishVerifier(options.directory, signer);
      const { files, newest } = await CheckpointFiles.open(options.directory, signer.key);
      if (newest !== undefined && newest.origin !== options.origin) {
        throw new LedgerError('wrong-origin', 'the directory holds the log of another origin: give this one another directory');
      }
      const log = await recoverLog(options.directory, newest);
      const previous = { size: log.tree.size, root: encodeBase64(log.tree.root()) };
      const ledger = new Ledger(options, { signer, lock, checkpoints: files, log, signed: newest?.size ?? 0 });
      try {
        await ledger.#signRecovered();
        ledger.#start(previous, log.last !== undefined && log.last.type !== 'log.closed');
      } catch (error) {
        await ledger.#letGo();
        throw error;
      }
      return ledger;
    } catch (error) {
      await lock.release();
      throw asLedgerError(error);
    }
  }

  /** Entries so far; the `seq` of the next one. */
  get size(): number {
    return this.#next;
  }

  commit(name: string, value: string | Uint8Array): { readonly commitment: Commitment; readonly disclosure: Disclosure } {
    const salt = this.#random.take(SALT_BYTES);
    return { commitment: commitmentTo(sha256, name, salt, value), disclosure: { name, salt: Buffer.from(salt).toString('base64'), value: disclosedValue(value) } };
  }

  append(event: NewLedgerEvent, disclosures: readonly Disclosure[]): number {
    if (OWN_TYPES.has(event.type)) throw new LedgerError('not-serialisable', `entries of type ${event.type} are written by the log itself`);
    return this.#append(event, disclosures);
  }

  durable(seq: number): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    if (seq <= this.#synced) return Promise.resolve();
    if (seq >= this.#next) return Promise.reject(new LedgerError('not-found', `entry ${seq} was not appended`));
    // The sync under way may have begun before the entry was written: join the next one.
    this.#nextSync ??= this.#syncAfter(this.#syncing);
    return this.#nextSync;
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
    for (const timer of this.#timers) clearInterval(timer);
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
    clearImmediate(this.#hashing);
    while (this.#checkpointing !== undefined) await this.#checkpointing.catch(() => undefined);
    for (let sync = this.#nextSync ?? this.#syncing; sync !== undefined; sync = this.#nextSync ?? this.#syncing) await sync.catch(() => undefined);
    for (const file of [this.#wal, this.#disclosures, ...this.#finished]) file?.close();
    this.#checkpoints.close();
    await this.#lock.release();
  }

  /** What a crash left unsigned is signed before anything is added; while that cannot be done the log goes on, up to its limit. */
  async #signRecovered(): Promise<void> {
    if (this.#next === this.#signed) return;
    for (const start of this.#walStarts) await syncFile(join(this.#options.directory, walPath(start)));
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
    this.#write(seq, record, all);
    this.#next += 1;
    this.#lastTime = time;
    this.#unhashed.push(record);
    this.#hashing ??= setImmediate(() => {
      this.#hash();
      if (this.#next - this.#signed >= CHECKPOINT_ENTRIES) this.#checkpointSoon();
    });
    return seq;
  }

  #write(seq: number, record: Buffer, disclosures: readonly Disclosure[]): void {
    if (seq > 0 && seq % SEGMENT_ENTRIES === 0 && this.#walStarts.at(-1) !== seq) this.#rotate(seq);
    if (disclosures.length === 0) {
      this.#wal.append(record);
      return;
    }
    const side = this.#disclosureFile(seq);
    const before = side.length;
    side.append(Buffer.from(formatDisclosures(seq, disclosures)));
    try {
      this.#wal.append(record);
    } catch (error) {
      side.cutTo(before);
      throw error;
    }
  }

  #rotate(seq: number): void {
    const next = this.#openFile(walPath(seq), 0o640);
    this.#finished.push(this.#wal);
    this.#wal = next;
    this.#walStarts.push(seq);
  }

  #disclosureFile(seq: number): AppendFile {
    const start = segmentStart(seq);
    if (this.#disclosures === undefined || start !== this.#disclosuresStart) {
      const next = this.#openFile(disclosuresPath(start), 0o600);
      if (this.#disclosures !== undefined) this.#finished.push(this.#disclosures);
      this.#disclosures = next;
      this.#disclosuresStart = start;
    }
    return this.#disclosures;
  }

  #openFile(path: string, mode: number): AppendFile {
    try {
      return new AppendFile(join(this.#options.directory, path), { mode });
    } catch (error) {
      throw writeFailed(error);
    }
  }

  async #syncAfter(running: Promise<void> | undefined): Promise<void> {
    await running?.catch(() => undefined);
    this.#nextSync = undefined;
    const mine = this.#sync();
    this.#syncing = mine;
    try {
      await mine;
    } finally {
      if (this.#syncing === mine) this.#syncing = undefined;
    }
  }

  async #sync(): Promise<void> {
    const upTo = this.#next - 1;
    const finished = this.#finished;
    this.#finished = [];
    const files = [...finished, this.#wal, ...(this.#disclosures === undefined ? [] : [this.#disclosures])];
    const results = await Promise.allSettled(files.map((file) => file.sync()));
    for (const file of finished) file.close();
    const failure = results.find((result) => result.status === 'rejected');
    // What the disk holds after a failed sync is not known, and a second sync would not tell.
    if (failure !== undefined) throw this.#fail(asLedgerError(failure.reason));
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
      this.#wal.assertUntouched();
      this.#disclosures?.assertUntouched();
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
      for (const { kind, index, width, bytes } of [...snapshot.full, ...snapshot.partial]) {
        await writeTileFile(directory, tilePath(kind, index, width), bytes, width === TILE_WIDTH || (kind !== 'entries' && kind > 0));
      }
      const note = await signCheckpoint({ origin, size: snapshot.size, root: snapshot.root }, this.#signer);
      await this.#checkpoints.add(note);
      this.#signed = snapshot.size;
      this.#tree.confirm(snapshot);
      for (const { kind, index } of snapshot.full) await removePartials(directory, kind, index);
      await this.#dropSegments();
    } catch (error) {
      const failure = asLedgerError(error);
      throw failure.code === 'sync-failed' ? this.#fail(failure) : failure;
    }
  }

  /** Removes write-ahead files whose entries are all in full bundles under a checkpoint. */
  async #dropSegments(): Promise<void> {
    for (let next = this.#walStarts[1]; next !== undefined && next <= this.#signed; next = this.#walStarts[1]) {
      await unlink(join(this.#options.directory, walPath(this.#walStarts[0] ?? 0)));
      this.#walStarts.shift();
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

interface OpenParts {
  readonly signer: Signer;
  readonly lock: DirectoryLock;
  readonly checkpoints: CheckpointFiles;
  readonly log: RecoveredLog;
  readonly signed: number;
}

/** Brings a file that another process wrote to stable storage. */
async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

function asLedgerError(error: unknown): LedgerError {
  return error instanceof LedgerError ? error : writeFailed(error);
}

async function takeDirectory(directory: string): Promise<DirectoryLock> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o750 });
    const lock = await lockDirectory(directory);
    await mkdir(join(directory, 'disclosures'), { recursive: true, mode: 0o700 });
    await rm(join(directory, 'tmp'), { recursive: true, force: true });
    await mkdir(join(directory, 'tmp'), { mode: 0o750 });
    return lock;
  } catch (error) {
    throw asLedgerError(error);
  }
}
