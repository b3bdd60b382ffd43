import { LedgerError } from '../ledger-error.js';
import { isAlert } from './alerts.js';
import type { Sink } from './sink.js';
import { readCursor, type SinkCursor, writeCursor } from './sink-cursor.js';
import { EntryContexts, type SinkEntry } from './sink-entry.js';
import type { SinkOptions } from './sink-options.js';
import { SignedEntries } from './signed-entries.js';

/** How far a sink is, and why it is not further. */
export interface SinkStatus {
  readonly name: string;
  /** The first entry that its receiver does not have. */
  readonly next: number;
  /** Entries under the newest checkpoint that was seen. */
  readonly signed: number;
  /** Milliseconds since the epoch: when its receiver last had everything that was signed, or when it was started. */
  readonly caughtUpAt: number;
  /** Set while it cannot go on. */
  readonly trouble: string | undefined;
}

export interface FollowerParts {
  /** Of the log. */
  readonly directory: string;
  readonly options: Pick<SinkOptions, 'name' | 'only'>;
  readonly sink: Sink;
  /** Told when the status has changed; to be quick. */
  readonly onStatus: (status: SinkStatus) => void;
  readonly now?: () => number;
  /** The first wait after a failure; it doubles, up to 60 s. Default 250. */
  readonly retryMs?: number;
}

const MAX_BATCH_BYTES = 1024 * 1024;
const MAX_RETRY_MS = 60_000;
/** The cursor is written that often while entries come without end. */
const SAVE_MS = 500;

/**
 * Brings the entries of a log to one sink, in order, from where its cursor stands. The log is the spool: a sink that is down is tried again for ever,
 * and nothing but the batch at hand is in memory.
 */
export class SinkFollower {
  readonly #parts: FollowerParts;
  readonly #now: () => number;
  readonly #entries: SignedEntries;
  readonly #contexts: EntryContexts;
  #cursor: SinkCursor = { next: 0, open: [] };
  #savedAt = 0;
  #isSaved = true;
  /** The next entry that the sink gets. */
  #position = 0;
  #isReady = false;
  #failures = 0;
  #status: SinkStatus;
  #ending: 'no' | 'when-done' | 'now' = 'no';
  #wake: (() => void) | undefined;
  #isWoken = false;
  #running: Promise<void> | undefined;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
    this.#entries = new SignedEntries(parts.directory);
    this.#contexts = new EntryContexts(this.#entries);
    this.#status = { name: parts.options.name, next: 0, signed: 0, caughtUpAt: this.#now(), trouble: undefined };
  }

  get status(): SinkStatus {
    return this.#status;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** There may be more under a checkpoint. */
  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  /** Ends when everything that is signed is with the receiver, or after `drainMs`; what is not there by then comes when the sink is started again. */
  async close(drainMs: number): Promise<void> {
    if (this.#ending === 'no') this.#ending = 'when-done';
    this.wake();
    const timer = setTimeout(() => {
      this.#ending = 'now';
      this.wake();
    }, drainMs);
    await this.#running;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    while (this.#ending !== 'now') {
      try {
        const isDone = await this.#step();
        this.#recovered();
        if (isDone && this.#ending === 'when-done') break;
        if (isDone) await this.#pause(this.#parts.sink.waitMs, true);
      } catch (error) {
        await this.#failed(error);
      }
    }
    await this.#parts.sink.close().catch(() => undefined);
  }

  /** True when there is nothing more to do for now. */
  async #step(): Promise<boolean> {
    this.#isWoken = false;
    const { size, note } = await this.#entries.look();
    // Before the first checkpoint nobody knows what the log is called.
    if (size === 0) return true;
    if (!this.#isReady) await this.#begin();
    this.#tell({ ...this.#status, next: this.#cursor.next, signed: size });
    if (this.#position < size) {
      const { batch, next } = await this.#batch();
      const wanted = this.#parts.options.only === 'alerts' ? batch.filter(({ event }) => isAlert(event)) : batch;
      await this.#acknowledged(await this.#parts.sink.take(wanted, next, note), next, false);
      return false;
    }
    await this.#acknowledged(await this.#parts.sink.settle(this.#ending !== 'no'), this.#position, true);
    return true;
  }

  async #begin(): Promise<void> {
    const { directory, options, sink } = this.#parts;
    this.#cursor = this.#isSaved ? await readCursor(directory, options.name) : this.#cursor;
    const { origin, size } = this.#entries.head;
    const first = await sink.begin(this.#cursor.next, origin);
    if (first > size) {
      throw new LedgerError(
        'truncated',
        `the sink has had ${first} entries and the log has ${size}: an older copy of it was put in its place`,
      );
    }
    await this.#contexts.restore(this.#cursor.open);
    this.#position = this.#cursor.next;
    // The receiver has more than the cursor says: nobody could write it any more.
    while (this.#position < first) await this.#batch(first);
    this.#isReady = true;
  }

  /** The next entries, and the one behind them. */
  async #batch(end = Number.POSITIVE_INFINITY): Promise<{ readonly batch: readonly SinkEntry[]; readonly next: number }> {
    const batch: SinkEntry[] = [];
    let bytes = 0;
    for (const entry of await this.#entries.from(this.#position)) {
      if (this.#position >= end || (bytes > 0 && bytes + entry.length > MAX_BATCH_BYTES)) break;
      batch.push(await this.#contexts.next(this.#position, entry));
      bytes += entry.length;
      this.#position += 1;
    }
    return { batch, next: this.#position };
  }

  async #acknowledged(upTo: number, position: number, isIdle: boolean): Promise<void> {
    // INVARIANT: a sink acknowledges everything that it was given, or nothing of it: the open sessions are those at `position`.
    if (upTo === position && upTo !== this.#cursor.next) {
      this.#cursor = { next: upTo, open: this.#contexts.open };
      this.#isSaved = false;
    }
    const now = this.#now();
    if (!this.#isSaved && (isIdle || now - this.#savedAt >= SAVE_MS)) {
      await writeCursor(this.#parts.directory, this.#parts.options.name, this.#cursor);
      this.#isSaved = true;
      this.#savedAt = now;
    }
    const { next } = this.#cursor;
    const signed = this.#entries.head.size;
    this.#tell({ ...this.#status, next, signed, ...(next === signed && { caughtUpAt: now }) });
  }

  #recovered(): void {
    this.#failures = 0;
    if (this.#status.trouble !== undefined) this.#tell({ ...this.#status, trouble: undefined });
  }

  async #failed(error: unknown): Promise<void> {
    this.#isReady = false;
    this.#failures += 1;
    this.#tell({ ...this.#status, next: this.#cursor.next, signed: this.#entries.head.size, trouble: troubleOf(error) });
    const { retryMs = 250 } = this.#parts;
    if (this.#ending !== 'now') await this.#pause(Math.min(MAX_RETRY_MS, retryMs * 2 ** Math.min(this.#failures - 1, 16)), false);
  }

  #tell(status: SinkStatus): void {
    const before = this.#status;
    this.#status = status;
    if (before.next !== status.next || before.signed !== status.signed || before.trouble !== status.trouble) this.#parts.onStatus(status);
  }

  /** Waits for so long, or until there is more (`forMore`), or the end. */
  async #pause(ms: number | undefined, forMore: boolean): Promise<void> {
    const until = ms === undefined ? undefined : performance.now() + ms;
    for (;;) {
      if (this.#ending === 'now' || (forMore && (this.#isWoken || this.#ending !== 'no'))) return;
      const left = until === undefined ? undefined : until - performance.now();
      if (left !== undefined && left <= 0) return;
      await this.#sleep(left);
    }
  }

  #sleep(ms: number | undefined): Promise<void> {
    return new Promise<void>((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    }).then(() => {
      this.#wake = undefined;
    });
  }
}

/** Only what is known to hold no value: messages of the system and of libraries may repeat what they were given. */
function troubleOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  if (error.name === 'SinkError' || error.name === 'LedgerError') return error.message;
  return 'code' in error && typeof error.code === 'string' ? `it failed (${error.code})` : `it failed (${error.name})`;
}
