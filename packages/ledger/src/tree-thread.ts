import { Worker } from 'node:worker_threads';
import { LedgerError } from './ledger-error.js';
import type { FromTree, ToTree, TreeHead, TreeQuestion, TreeStart } from './tree-messages.js';
import type { Frame, FrameEncoder } from './write-ahead.js';

/** Also for the sources, which a test runs. */
const ENTRY = new URL('../dist/tree-worker.js', import.meta.url);
/** Frames are handed over when there is that much of them, or when something is asked. */
const HAND_OVER_BYTES = 256 * 1024;

interface Waiting {
  readonly resolve: (head: TreeHead) => void;
  readonly reject: (error: Error) => void;
}

/** The thread that hashes what was written, grows the tree and writes its tiles: nothing of it takes time from who serves clients. */
export class TreeThread {
  readonly #worker: Worker;
  readonly #frames: FrameEncoder;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  /** Frames in a row that are not handed over yet. */
  #pending: { readonly memory: SharedArrayBuffer; readonly start: number; end: number } | undefined;
  #failure: LedgerError | undefined;

  /** `frames` makes the frames that are added; it gets its memory back. */
  constructor(start: TreeStart, frames: FrameEncoder) {
    this.#frames = frames;
    this.#worker = new Worker(ENTRY, { workerData: start, execArgv: [] });
    this.#worker.unref();
    this.#worker.on('message', (message: FromTree) => this.#heard(message));
    this.#worker.on('error', (error) => this.#died(error));
    this.#worker.on('exit', () => this.#died(undefined));
  }

  /** Takes a frame that was written. */
  add({ memory, start, end }: Frame): void {
    const pending = this.#pending;
    if (pending?.memory === memory) pending.end = end;
    else {
      this.#handOver(true);
      this.#pending = { memory, start, end };
    }
    if (end - (this.#pending?.start ?? end) >= HAND_OVER_BYTES) this.#handOver(false);
  }

  /** Asks about the tree over everything that was added. Rejects with the system's error or a `LedgerError`. */
  ask(question: TreeQuestion): Promise<TreeHead> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#handOver(false);
    const id = this.#asked++;
    // While somebody waits the process must not end.
    this.#worker.ref();
    return new Promise<TreeHead>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#say({ kind: 'question', id, question });
    });
  }

  async close(): Promise<void> {
    this.#died(undefined);
    await this.#worker.terminate();
  }

  #handOver(isLast: boolean): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    const { memory, start, end } = pending;
    this.#pending = isLast ? undefined : { memory, start: end, end };
    if (isLast || end > start) this.#say({ kind: 'frames', memory, start, end, isLast });
  }

  #say(message: ToTree): void {
    this.#worker.postMessage(message);
  }

  #heard(message: FromTree): void {
    if (message.kind === 'free') return this.#frames.reuse(message.memory);
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (message.kind === 'answer') waiting?.resolve(message.head);
    else
      waiting?.reject(
        message.code === undefined ? new Error(message.message) : Object.assign(new Error(message.message), { code: message.code }),
      );
  }

  #died(error: Error | undefined): void {
    this.#failure ??= new LedgerError('write-failed', 'the thread that keeps the tree of the ledger has ended: open the ledger anew', {
      cause: error,
    });
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}
