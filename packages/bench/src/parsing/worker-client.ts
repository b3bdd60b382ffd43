import { Worker } from 'node:worker_threads';

/** What became of one question: an answer, or a worker that died or was killed at the deadline. */
export type Reply<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer; readonly ms: number }
  | { readonly kind: 'died'; readonly detail: string; readonly ms: number }
  | { readonly kind: 'overran'; readonly ms: number };

interface Pending<Answer> {
  readonly id: number;
  readonly started: number;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (reply: Reply<Answer>) => void;
}

/**
 * Asks a worker thread one thing at a time, in order: `{id, ...question}` is answered by `{id, ...answer}`. A worker that dies or overruns the deadline is
 * replaced before the next question. Nothing rejects.
 */
export class WorkerClient<Question extends object, Answer extends object> {
  readonly #entry: URL;
  readonly #workerData: unknown;
  readonly #deadlineMs: number;
  #worker: Worker | undefined;
  #pending: Pending<Answer> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #nextId = 1;

  constructor(entry: URL, workerData: unknown, deadlineMs: number) {
    this.#entry = entry;
    this.#workerData = workerData;
    this.#deadlineMs = deadlineMs;
  }

  ask(question: Question): Promise<Reply<Answer>> {
    const reply = this.#last.then(() => this.#askNow(question));
    this.#last = reply;
    return reply;
  }

  async close(): Promise<void> {
    await this.#retire();
  }

  #askNow(question: Question): Promise<Reply<Answer>> {
    const worker = this.#liveWorker();
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#finish({ kind: 'overran', ms: this.#deadlineMs }), this.#deadlineMs);
      this.#pending = { id, started: performance.now(), timer, resolve };
      worker.postMessage({ id, ...question });
    });
  }

  #finish(reply: Reply<Answer>): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    clearTimeout(pending.timer);
    if (reply.kind !== 'answer') void this.#retire();
    pending.resolve(reply);
  }

  #liveWorker(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#entry, {
      workerData: this.#workerData,
      resourceLimits: { maxOldGenerationSizeMb: 512, stackSizeMb: 8 },
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    this.#worker = worker;
    worker.on('message', (message: Answer & { readonly id: number }) => {
      const pending = this.#pending;
      if (this.#worker !== worker || pending?.id !== message.id) return;
      this.#finish({ kind: 'answer', answer: message, ms: performance.now() - pending.started });
    });
    const died = (detail: string): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      const ms = this.#pending === undefined ? 0 : performance.now() - this.#pending.started;
      this.#finish({ kind: 'died', detail, ms });
    };
    worker.on('messageerror', () => died('the answer could not be read'));
    worker.on('error', (error) => died(error instanceof Error ? error.message : 'the worker failed'));
    worker.on('exit', (status) => died(`the worker ended with status ${status}`));
    return worker;
  }

  async #retire(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}
