import { Worker } from 'node:worker_threads';
import type { ParseContext, ParseResult } from '@sqlwarden/core';

/** How long one text may take, and how much memory a worker may have. */
export interface ParsePoolOptions {
  /** The adapter's worker module (see `Dialect.parserEntry`). */
  readonly entry: URL;
  /** What the worker finds as its `workerData`. */
  readonly workerData?: unknown;
  readonly deadlineMs: number;
  /** Texts that may wait; more are refused at once. */
  readonly maxWaiting: number;
}

interface Job {
  readonly id: number;
  readonly text: string;
  readonly context: ParseContext;
  readonly resolve: (result: ParseResult) => void;
}

/** Texts that one worker parses before it is replaced: bounds whatever its parser leaks. */
const MAX_JOBS_PER_WORKER = 100_000;
/** A thread that has not begun to run by then never will. */
const START_UP_MS = 10_000;

/**
 * Parses statement texts off the event loop, one at a time, in a worker that is killed when it overruns its deadline, dies, or reports
 * an internal failure (a parser that failed once in a way it should not is not used again). A failure is a value; nothing rejects.
 */
export class ParsePool {
  readonly #options: ParsePoolOptions;
  readonly #waiting: Job[] = [];
  #running: { readonly job: Job; timer: NodeJS.Timeout } | undefined;
  #worker: Worker | undefined;
  #isOnline = false;
  #jobsOfWorker = 0;
  #nextId = 1;
  #closed = false;
  /** Texts that took too long, and workers that ended by themselves. Only ever go up. */
  timeOuts = 0;
  deaths = 0;

  constructor(options: ParsePoolOptions) {
    this.#options = options;
  }

  /** Texts that wait, or are with the worker. */
  get waiting(): number {
    return this.#waiting.length + (this.#running === undefined ? 0 : 1);
  }

  parse(text: string, context: ParseContext): Promise<ParseResult> {
    if (this.#closed) return Promise.resolve(failure('internal', 'the gateway is shutting down'));
    if (this.#waiting.length >= this.#options.maxWaiting)
      return Promise.resolve(failure('limit', 'too many statements wait to be parsed; try again'));
    return new Promise((resolve) => {
      this.#waiting.push({ id: this.#nextId++, text, context, resolve });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) job.resolve(failure('internal', 'the gateway is shutting down'));
    this.#finish(failure('internal', 'the gateway is shutting down'));
    await this.#retire();
  }

  #next(): void {
    if (this.#running !== undefined) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    const worker = this.#liveWorker();
    worker.ref();
    // A thread that is only starting is given the time for that besides: it is not the statement's fault.
    this.#running = { job, timer: this.#deadline(this.#options.deadlineMs + (this.#isOnline ? 0 : START_UP_MS)) };
    worker.postMessage({ id: job.id, text: job.text, context: job.context });
  }

  #deadline(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.timeOuts += 1;
      void this.#retire();
      this.#finish(failure('limit', `parsing took longer than ${this.#options.deadlineMs} ms; simplify the statement`));
    }, ms);
  }

  #finish(result: ParseResult): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    clearTimeout(running.timer);
    this.#worker?.unref();
    if ((!result.ok && result.failure.kind === 'internal') || ++this.#jobsOfWorker >= MAX_JOBS_PER_WORKER) void this.#retire();
    running.job.resolve(result);
    this.#next();
  }

  #liveWorker(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    // Flags of the application (`--eval`, `--input-type`, loaders) are not for the worker, and some would keep it from starting.
    const worker = new Worker(this.#options.entry, {
      resourceLimits: { maxOldGenerationSizeMb: 512, stackSizeMb: 8 },
      stdin: false,
      workerData: this.#options.workerData,
      execArgv: [],
    });
    this.#worker = worker;
    this.#isOnline = false;
    this.#jobsOfWorker = 0;
    worker.on('online', () => {
      if (this.#worker !== worker) return;
      this.#isOnline = true;
      if (this.#running === undefined) return;
      clearTimeout(this.#running.timer);
      this.#running.timer = this.#deadline(this.#options.deadlineMs);
    });
    worker.on('message', (message: { readonly id: number; readonly result: ParseResult }) => {
      if (this.#worker === worker && message.id === this.#running?.job.id) this.#finish(message.result);
    });
    const died = (): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.deaths += 1;
      this.#finish(failure('internal', 'the parser failed on this statement'));
    };
    // An answer that cannot be deserialised: its tree is too deep for this thread.
    worker.on('messageerror', () => {
      if (this.#worker === worker) this.#finish(failure('limit', 'the statement is nested too deeply; simplify it'));
    });
    worker.on('error', died);
    worker.on('exit', died);
    return worker;
  }

  async #retire(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

function failure(kind: 'limit' | 'internal', message: string): ParseResult {
  return { ok: false, failure: { kind, message } };
}
