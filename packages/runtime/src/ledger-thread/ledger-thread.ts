import { Worker } from 'node:worker_threads';
import type { NewLedgerEvent } from '@sqlwarden/core';
import { LedgerError, SEGMENT_ENTRIES, type SinkOptions, type SinkStatus } from '@sqlwarden/ledger';
import type { FollowedLog, FromLedgerThread, ToLedgerThread } from './messages.js';

/** Also for the sources, which a test runs. */
const ENTRY = new URL('../../dist/ledger-thread/worker.js', import.meta.url);
/** The thread is told of checkpoints that often at most. */
const WAKE_MS = 200;
/** A thread that has died is started again so much later. */
const RESTART_MS = 1_000;
/** After the time that the thread was given it must have ended. */
const GRACE_MS = 1_000;

export interface LedgerThreadOptions extends FollowedLog {
  /** Writes that a sink has stopped or goes on. */
  readonly record: (event: Extract<NewLedgerEvent, { readonly type: 'sink.stopped' | 'sink.resumed' }>) => void;
  readonly onTrouble: (error: Error) => void;
}

/** A sink with what its configuration allows. */
interface Followed {
  readonly options: SinkOptions;
  status: SinkStatus | undefined;
}

/**
 * The thread that brings a log to its sinks and indexes it: nothing of it takes time from who serves clients. There is none while there is no sink and
 * nothing to index.
 */
export class LedgerThread {
  readonly #options: LedgerThreadOptions;
  readonly #sinks: ReadonlyMap<string, Followed>;
  #worker: Worker | undefined;
  #signed = 0;
  /** The first size that was heard of. */
  #signedAtStart: number | undefined;
  #told = 0;
  #wakeTimer: NodeJS.Timeout | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #closed: (() => void) | undefined;
  #isClosing = false;

  constructor(options: LedgerThreadOptions) {
    this.#options = options;
    this.#sinks = new Map(options.sinks.map((sink) => [sink.name, { options: sink, status: undefined }]));
    if (options.sinks.length > 0) this.#start();
  }

  /** How far the sinks are, as far as is known. */
  get statuses(): readonly SinkStatus[] {
    return [...this.#sinks.values()].flatMap(({ status }) =>
      status === undefined ? [] : { ...status, signed: Math.max(status.signed, this.#signed) },
    );
  }

  /** The ledger has signed so many entries. */
  signed(size: number): void {
    this.#signed = size;
    this.#signedAtStart ??= size;
    if (this.#worker === undefined && this.#restartTimer === undefined && size >= SEGMENT_ENTRIES) this.#start();
    if (this.#wakeTimer !== undefined || this.#isClosing) return;
    this.#tellSigned();
    this.#wakeTimer = setTimeout(() => {
      this.#wakeTimer = undefined;
      if (this.#signed !== this.#told) this.#tellSigned();
    }, WAKE_MS).unref();
  }

  /** Why nothing may be written: a sink that must not fall far behind has. A {@link LedgerError} that says what to do; `undefined` in the ordinary case. */
  writesRefused(): LedgerError | undefined {
    for (const { options, status } of this.#sinks.values()) {
      // A thread that has not said anything yet, or cannot, has shipped nothing of what was signed since.
      const behind = this.#signed - (status?.next ?? this.#signedAtStart ?? 0);
      if (options.whenBehind !== 'refuse-writes' || behind <= options.maxLag) continue;
      return new LedgerError('write-failed', `sink "${options.name}" is ${behind} entries behind: bring what receives it back`);
    }
    return undefined;
  }

  /** Ships what is signed, for `drainMs` at most; the rest comes when the log is opened again. */
  async close(drainMs: number): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#wakeTimer);
    clearTimeout(this.#restartTimer);
    if (this.#worker !== undefined) await this.#closeWorker(this.#worker, drainMs);
    for (const [name, { status }] of this.#sinks)
      if (status === undefined || status.next < this.#signed) this.#options.onTrouble(behindAtTheEnd(name, status?.next));
  }

  async #closeWorker(worker: Worker, drainMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#closed = resolve;
      const timer = setTimeout(resolve, drainMs + GRACE_MS);
      timer.unref();
      // While it ships the process must not end.
      worker.ref();
      this.#say({ kind: 'close', drainMs });
    });
    this.#worker = undefined;
    await worker.terminate();
  }

  #start(): void {
    const { directory, sinks } = this.#options;
    const worker = new Worker(ENTRY, { workerData: { directory, sinks } satisfies FollowedLog, execArgv: [] });
    this.#worker = worker;
    worker.unref();
    worker.on('message', (message: FromLedgerThread) => this.#heard(message));
    worker.on('error', (error) =>
      this.#options.onTrouble(new LedgerError('closed', `the thread of the sinks has died: ${error.message}`, { cause: error })),
    );
    worker.on('exit', () => this.#ended(worker));
  }

  #ended(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#closed?.();
    if (this.#isClosing) return;
    this.#restartTimer = setTimeout(() => {
      this.#restartTimer = undefined;
      this.#start();
      this.#tellSigned();
    }, RESTART_MS).unref();
  }

  #tellSigned(): void {
    this.#told = this.#signed;
    this.#say({ kind: 'signed', size: this.#signed });
  }

  #say(message: ToLedgerThread): void {
    this.#worker?.postMessage(message);
  }

  #heard(message: FromLedgerThread): void {
    if (message.kind === 'closed') this.#closed?.();
    else if (message.kind === 'trouble') this.#options.onTrouble(new Error(message.message));
    else this.#hasStatus(message.status);
  }

  #hasStatus(status: SinkStatus): void {
    const followed = this.#sinks.get(status.name);
    if (followed === undefined) return;
    const before = followed.status?.trouble;
    followed.status = status;
    if (this.#isClosing || (before === undefined) === (status.trouble === undefined)) return;
    const { name: sink, next, trouble } = status;
    if (trouble === undefined) return this.#options.record({ type: 'sink.resumed', sink, next });
    this.#options.record({ type: 'sink.stopped', sink, next, reason: trouble });
    this.#options.onTrouble(
      new LedgerError('write-failed', `sink "${sink}" has stopped before entry ${next}: ${trouble}; the ledger keeps what it has not got`),
    );
  }
}

function behindAtTheEnd(name: string, next: number | undefined): LedgerError {
  const what = next === undefined ? 'may lack entries' : `lacks the entries from ${next} on`;
  return new LedgerError('write-failed', `sink "${name}" ${what}: it gets them when the ledger is opened again`);
}
