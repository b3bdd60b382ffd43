import {
  type BegunRead,
  type Commitment,
  commitmentTo,
  DECISION_REACH,
  type Disclosure,
  disclosedValue,
  formatVerifierKey,
  type LedgerWriter,
  MAX_ENTRY_BYTES,
  type NewLedgerEvent,
  type Principal,
  type ReadOutcome,
  SALT_BYTES,
} from '@sqlwarden/core';
import { BegunReads, begunText, completedEvent } from './begun-reads.js';
import { Checkpointer } from './checkpointer.js';
import type { EntryFiles } from './entry-files.js';
import { EventTexts } from './event-text.js';
import { GroupSync } from './group-sync.js';
import { segmentStart, walPath } from './layout.js';
import { LedgerError } from './ledger-error.js';
import type { LedgerOptions } from './ledger-options.js';
import type { DirectoryLock } from './lock.js';
import type { LogKeys, PreparedRotation } from './log-keys.js';
import { RandomPool, sha256 } from './node-crypto.js';
import { ParameterCommitments } from './parameter-commitments.js';
import { asLedgerError, type OpenedParts, openParts } from './opening.js';
import type { RecoveredLog } from './recover.js';
import { TreeThread } from './tree-thread.js';
import { TurnBuffer } from './turn-buffer.js';
import { UnsignedLimit } from './unsigned-limit.js';
import { type Erasure } from './erasure.js';
import { type RetentionRule } from './retention.js';
import { type Retention } from './retention-file.js';
import { Upkeep } from './upkeep.js';
import { FrameEncoder } from './write-ahead.js';

const CHECKPOINT_ENTRIES = 16_384;
/** What is taken without a flush is written when there is that much of it, … */
const MAX_BUFFERED = 1024 * 1024;
/** … or when it is that old. */
const FLUSH_MS = 50;

/** Entries that the log writes of itself. */
const OWN_TYPES: ReadonlySet<string> = new Set<NewLedgerEvent['type']>(['log.opened', 'log.closed', 'heartbeat', 'statement.completed']);
const UNKNOWN: ReadOutcome = {
  status: 'unknown',
  statements: [],
  bytesReturned: 0,
  maskedCells: 0,
  errorCode: undefined,
  suspended: false,
};

/**
 * The append-only log of one process. What is taken in a turn of the event loop goes to a write-ahead file with one write; the tree is grown
 * behind the caller's back, and signed every second. The objects in an event (principal, facts, …) must not be changed after they were given to
 * {@link append}: their text is made once and used again.
 */
export class Ledger implements LedgerWriter {
  readonly #options: LedgerOptions;
  readonly #lock: DirectoryLock;
  readonly #checkpointer: Checkpointer;
  readonly #keys: LogKeys;
  readonly #clock: () => number;
  readonly #random = new RandomPool();
  readonly #texts = new EventTexts((name, value) => this.commit(name, value));
  readonly #parameters = new ParameterCommitments(this.#random);
  readonly #reads: BegunReads;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #flushTimer: NodeJS.Timeout;

  readonly #files: EntryFiles;
  readonly #upkeep: Upkeep;
  readonly #syncs = new GroupSync(() => this.#sync());

  readonly #turn = new TurnBuffer();
  readonly #frames = new FrameEncoder();
  /** The segment that the buffer's entries and reads belong to. */
  #segment: number;
  #next: number;
  #synced = -1;

  #checkpointing: Promise<void> | undefined;
  readonly #limit = new UnsignedLimit();
  #lastTime: number;
  /** The last flush failed: it is tried again before anything is taken. */
  #failing = false;
  /** Once set, nothing is taken any more by this process. */
  #broken: LedgerError | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;

  private constructor(options: LedgerOptions, parts: OpenedParts) {
    const { directory, origin } = options;
    const { keys, checkpoints, log, files, signed } = parts;
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#lock = parts.lock;
    const written = log.segments.map(({ start, length }) => ({ path: walPath(start), length }));
    const hold = keys.boundary === signed ? undefined : keys.boundary;
    const tree = new TreeThread({ directory, first: log.segments[0]?.start ?? 0, signed, hold, files: written }, this.#frames);
    this.#keys = keys;
    this.#checkpointer = new Checkpointer({ origin, keys, checkpoints, tree, size: log.size, signed });
    this.#next = log.size;
    this.#lastTime = log.last?.time ?? 0;
    this.#files = files;
    this.#segment = this.#files.segment;
    this.#reads = new BegunReads(log.lastRead);
    this.#upkeep = new Upkeep({
      directory,
      files,
      record: (event) => this.durable(this.#append(event, [])),
      settled: () => this.durable(this.#next - 1),
      size: () => this.#next,
      named: () => [...this.#reads.sessions, ...this.#reads.decisions],
    });
    this.#flushTimer = setTimeout(() => this.#inBackground(async () => this.#flushLate()), FLUSH_MS).unref();
  }

  /**
   * Opens the log in a directory, or starts one. What a crash left behind is completed; then the log goes on where it was, with an entry that says
   * so, and is signed. Throws a {@link LedgerError}: `locked`, `bad-key`, `wrong-origin`, `corrupt`, `truncated` or `write-failed`.
   */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const parts = await openParts(options);
    const ledger = new Ledger(options, parts);
    try {
      await ledger.#makeRoom();
      await ledger.#start(parts.log);
      await ledger.#trySigning();
      await ledger.#upkeep.resume();
      return ledger;
    } catch (error) {
      await ledger.#letGo();
      throw asLedgerError(error);
    }
  }

  /** Entries so far, the unwritten ones included; the `seq` of the next one. */
  get size(): number {
    return this.#next;
  }

  /** The key that signs checkpoints, as a verifier key. */
  get key(): string {
    return formatVerifierKey(this.#keys.epochs.current);
  }

  /** Entries that no checkpoint is over. */
  get unsigned(): number {
    return this.#next - this.#checkpointer.signed;
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
    const seq = this.#append(event, disclosures);
    this.#reads.noteEvent(event, seq);
    return seq;
  }

  begin(read: BegunRead): number {
    this.#assertRoom();
    if (!(read.decision >= 0 && read.decision < this.#next && this.#next - read.decision <= DECISION_REACH)) {
      throw new LedgerError('not-found', `entry ${read.decision} is not a decision that a read may name: it is not there, or too old`);
    }
    const commitments = this.#parameters;
    commitments.make(read.parameters);
    const open = this.#reads.begin(read, commitments.commitments, this.#next, Math.trunc(this.#clock()));
    this.#noteTaken();
    this.#turn.addBegun(begunText(open));
    this.#turn.addDisclosureTexts(-open.number, commitments.disclosures);
    return -open.number;
  }

  complete(ticket: number, outcome: ReadOutcome, durationUs: number): number {
    this.#assertRoom();
    const open = this.#reads.of(ticket);
    const duration = Math.max(0, Math.round(durationUs));
    const time = Math.trunc(this.#clock());
    const text = this.#reads.entryText(open, outcome, duration, this.#next, time);
    // No character takes more than three bytes in UTF-8 for each of its UTF-16 units.
    if (text.length * 3 <= MAX_ENTRY_BYTES) this.#take(text, [], time);
    else this.#append(completedEvent(text), []);
    this.#reads.completed(ticket);
    return this.#next - 1;
  }

  flush(): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#turn.isEmpty) return;
    try {
      this.#files.write(this.#segment, this.#frames.encode(this.#turn.lines), this.#turn.disclosures);
      this.#checkpointer.add(this.#frames.keep(), this.#turn.entries);
    } catch (error) {
      this.#failing = true;
      throw asLedgerError(error);
    }
    this.#failing = false;
    this.#turn.clear();
    if (this.unsigned >= CHECKPOINT_ENTRIES) this.#checkpointSoon();
  }

  durable(seq: number): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    if (seq <= this.#synced) return Promise.resolve();
    if (seq >= this.#next) return Promise.reject(new LedgerError('not-found', `entry ${seq} was not appended`));
    try {
      // At once, and not when the sync begins: what is behind is no part of what the caller waits for.
      this.flush();
    } catch (error) {
      return Promise.reject(asLedgerError(error));
    }
    return this.#syncs.join();
  }

  ready(): Promise<void> | undefined {
    if (!this.#limit.holds(this.unsigned) || this.#closed) return undefined;
    this.#checkpointSoon();
    return this.#limit.wait();
  }

  /** Signs the tree as it is now. Resolves when the checkpoint is on stable storage; rejects with a {@link LedgerError}. */
  async checkpoint(): Promise<void> {
    while (this.#checkpointing !== undefined) await this.#checkpointing.catch(() => undefined);
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#checkpointer.signed === this.#next && this.#keys.boundary === undefined) return;
    this.#checkpointing = this.#writeCheckpoint().finally(() => {
      this.#checkpointing = undefined;
      this.#release();
    });
    return this.#checkpointing;
  }

  /**
   * Replaces the key that signs checkpoints by its successor. Resolves when the old one is dropped. Rejects with a {@link LedgerError}; when the entry was
   * written by then, the change goes on with the next checkpoint, of this process or the one after it.
   */
  async rotateKey(by?: Principal): Promise<void> {
    if (this.#keys.boundary !== undefined) await this.checkpoint();
    const prepared = await this.#keys.prepare(by);
    try {
      // A checkpoint that is on its way is of the old key, and over less.
      while (this.#checkpointing !== undefined) await this.#checkpointing.catch(() => undefined);
      this.#appendRotation(prepared);
    } catch (error) {
      this.#keys.giveUp();
      throw error;
    }
    await Promise.all([this.#checkpointer.hold(), this.checkpoint()]);
  }

  /**
   * Erases values behind commitments, durably; an entry says so. Rejects with a {@link LedgerError}: `not-found` when it names what is not there. When it
   * fails half-way, the next {@link open} goes on with it.
   */
  erase(erasure: Erasure): Promise<void> {
    return this.#upkeep.erase(erasure);
  }

  /** Removes what is older than a rule says, in whole segments; an entry says so. What is removed by now. Rejects with a {@link LedgerError}. */
  retain(rule: RetentionRule): Promise<Retention> {
    return this.#upkeep.retain(rule);
  }

  /** The entry is the last that was written when this returns; nothing has changed when it throws. */
  #appendRotation({ event, successor }: PreparedRotation): void {
    this.flush();
    const segment = this.#segment;
    const seq = this.#append(event, []);
    const rotation = { ...event, v: 1, seq, time: this.#lastTime } as const;
    try {
      this.flush();
    } catch (error) {
      this.#turn.clear();
      this.#next = seq;
      this.#segment = segment;
      throw error;
    }
    this.#keys.begin(rotation, successor);
  }

  /** Ends the log in order: a last entry, a last checkpoint, and the lock is given back. Nothing can be taken afterwards. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    await this.#upkeep.idle();
    try {
      this.#completeAll();
      this.#append({ type: 'log.closed' }, []);
      this.flush();
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
    clearTimeout(this.#flushTimer);
    this.#limit.release();
    while (this.#checkpointing !== undefined) await this.#checkpointing.catch(() => undefined);
    await this.#syncs.idle();
    this.#files.close();
    await this.#checkpointer.close();
    await this.#lock.release();
  }

  /** Brings what a crash left unsigned to stable storage; signs it at once when there is so much of it that nothing could be added. */
  async #makeRoom(): Promise<void> {
    if (this.#next === this.#checkpointer.signed) return;
    await this.#files.syncRecovered();
    if (this.#limit.isFull(this.unsigned)) await this.#trySigning();
  }

  /** While signing fails the log goes on, up to its limit. */
  async #trySigning(): Promise<void> {
    await this.checkpoint().catch((error: unknown) => this.#options.onError?.(asLedgerError(error)));
  }

  async #start(log: RecoveredLog): Promise<void> {
    const { origin, software, heartbeatMs = 60_000, checkpointMs = 1_000, sessions } = this.#options;
    for (const begun of log.begun) this.#reads.adopt(begun);
    this.#completeAll();
    this.flush();
    const previous = await this.#checkpointer.head();
    const recovered = log.last !== undefined && log.last.type !== 'log.closed';
    this.#append({ type: 'log.opened', origin, software, recovered, heartbeatMs, previous }, []);
    this.flush();
    // Looked at four times per interval, so that the silence is never much longer than it.
    const beat = (): void => {
      if (this.#keys.isOlderThan(this.#clock(), this.#options.rotateAfterMs)) this.#inBackground(() => this.rotateKey());
      if (this.#clock() - this.#lastTime < (heartbeatMs * 3) / 4) return;
      this.#append({ type: 'heartbeat', sessions: sessions?.() ?? 0 }, []);
      this.flush();
    };
    this.#timers.push(setInterval(() => this.#inBackground(async () => beat()), heartbeatMs / 4).unref());
    this.#timers.push(setInterval(() => this.#checkpointSoon(), checkpointMs).unref());
  }

  /** Nobody will say any more what became of the reads that are open. */
  #completeAll(): void {
    for (const ticket of this.#reads.tickets) this.complete(ticket, UNKNOWN, 0);
  }

  #append(event: NewLedgerEvent, disclosures: readonly Disclosure[]): number {
    this.#assertRoom();
    const time = Math.trunc(this.#clock());
    const { text, disclosures: all } = this.#texts.write(event, this.#next, time, disclosures);
    this.#take(text, all, time);
    return this.#next - 1;
  }

  #take(text: string, disclosures: readonly Disclosure[], time: number): void {
    this.#noteTaken();
    this.#turn.addEntry(text);
    this.#turn.addDisclosures(this.#next, disclosures);
    this.#next += 1;
    this.#lastTime = time;
  }

  /** Throws when nothing may be taken. Afterwards the buffer has room for something of the segment of the next entry. */
  #assertRoom(): void {
    if (this.#closed) throw new LedgerError('closed', 'the ledger is closed: nothing may be forwarded any more');
    if (this.#broken !== undefined) throw this.#broken;
    this.#limit.assertRoom(this.unsigned);
    const segment = segmentStart(this.#next);
    if (this.#failing || segment !== this.#segment || this.#turn.length >= MAX_BUFFERED) this.flush();
    if (segment === this.#segment) return;
    this.#segment = segment;
    // The files before may go when their entries are signed: what is open moves on.
    for (const record of this.#reads.records()) this.#turn.addBegun(record);
  }

  /** Before the first thing goes into an empty buffer: somebody must flush it. */
  #noteTaken(): void {
    if (this.#turn.isEmpty) this.#flushTimer.refresh();
  }

  #flushLate(): void {
    if (this.#broken !== undefined || this.#closed || this.#turn.isEmpty) return;
    try {
      this.flush();
    } finally {
      if (this.#failing) this.#flushTimer.refresh();
    }
  }

  async #sync(): Promise<void> {
    this.flush();
    const upTo = this.#next - 1;
    try {
      await this.#files.sync();
    } catch (error) {
      // What the disk holds after a failed sync is not known, and a second sync would not tell.
      throw this.#fail(asLedgerError(error));
    }
    this.#synced = Math.max(this.#synced, upTo);
  }

  #checkpointSoon(): void {
    if (this.#checkpointing === undefined && !this.#closed) this.#inBackground(() => this.checkpoint());
  }

  async #writeCheckpoint(): Promise<void> {
    try {
      this.flush();
      this.#assertUntouched();
      const size = await this.#checkpointer.sign((seq) => this.durable(seq));
      this.#options.onSigned?.(size);
      await this.#files.dropBefore(size, (end) => this.#checkpointer.settle(end));
      this.#limit.signingFails = false;
    } catch (error) {
      this.#limit.signingFails = true;
      const failure = asLedgerError(error);
      throw failure.code === 'sync-failed' ? this.#fail(failure) : failure;
    }
  }

  #assertUntouched(): void {
    try {
      this.#files.assertUntouched();
    } catch (error) {
      throw this.#fail(asLedgerError(error));
    }
  }

  /** Lets those go on who were held back, when that helps them; if not, the next checkpoint is on its way. */
  #release(): void {
    if (this.#limit.isAwaited && this.ready() === undefined) this.#limit.release();
  }

  #inBackground(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#options.onError?.(asLedgerError(error)));
  }

  #fail(error: LedgerError): LedgerError {
    this.#broken ??= error;
    return this.#broken;
  }
}
