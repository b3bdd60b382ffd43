import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { workerName } from '@sqlwarden/runtime';
import type { Answer, FromWorker, PolicyAnnouncement, Question, ToWorker } from './worker-messages.js';

export interface WorkerProcessOptions {
  /** From 1. */
  readonly worker: number;
  /** The module that calls `runWorker`. */
  readonly entry: URL;
  readonly configFile: string;
  /** What the worker says that is not an answer. */
  readonly onMessage: (worker: WorkerProcess, message: FromWorker) => void;
}

/** How a worker ended. `problem`: not in order, or not because it was told to. */
export interface WorkerEnd {
  readonly problem: string | undefined;
}

/** How long a worker may take to answer a question. */
const ANSWER_MS = 5_000;

/** A worker as the primary sees it. */
export class WorkerProcess {
  readonly name: string;
  /** The clients that it serves, by the numbers of the primary. */
  readonly clients = new Set<number>();
  /** Resolves when it takes clients; rejects with its own error when it cannot start. */
  readonly started: Promise<PolicyAnnouncement>;
  readonly ended: Promise<WorkerEnd>;
  readonly #child: ChildProcess;
  readonly #calls = new Map<number, (answer: Answer | undefined) => void>();
  #lastCall = 0;
  #stopped: { readonly problem: string | undefined } | undefined;

  constructor({ worker, entry, configFile, onMessage }: WorkerProcessOptions) {
    const name = workerName(worker);
    this.name = name;
    this.#child = fork(fileURLToPath(entry), [name], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        for (const answer of this.#calls.values()) answer(undefined);
        this.#calls.clear();
        resolve(this.#stopped ?? { problem: signal === null ? `ended with status ${code}` : `was ended by ${signal}` });
      });
    });
    this.started = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      void this.ended.then(({ problem }) => reject(new Error(`${name} ${problem ?? 'ended'} before it was ready`)));
      this.#child.on('message', (message: FromWorker) => {
        if (message.kind === 'started') resolve(message.policy);
        else if (message.kind === 'failed') reject(errorOf(message));
        else this.#receive(message, onMessage);
      });
    });
    // Whoever starts it waits for this; nobody may be left to when the gateway ends meanwhile.
    this.started.catch(() => undefined);
    this.send({ kind: 'start', configFile, worker });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Dropped when the worker is gone: its end is told by {@link ended}. */
  send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** Hands a client over. */
  give(socket: Socket, message: Extract<ToWorker, { kind: 'client' }>): void {
    this.clients.add(message.client);
    if (!this.#child.connected) {
      socket.destroy();
      return;
    }
    this.#child.send(message, socket, { keepOpen: false }, (error) => {
      if (error !== null) socket.destroy();
    });
  }

  /** `undefined`: the worker did not answer in time, or is gone. */
  ask(question: Question): Promise<Answer | undefined> {
    const call = ++this.#lastCall;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#calls.get(call)?.(undefined), ANSWER_MS);
      this.#calls.set(call, (answer) => {
        clearTimeout(timer);
        this.#calls.delete(call);
        resolve(answer);
      });
      if (this.#child.connected) this.send({ kind: 'question', call, question });
      else this.#calls.get(call)?.(undefined);
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #receive(message: FromWorker, onMessage: WorkerProcessOptions['onMessage']): void {
    if (message.kind === 'answer') this.#calls.get(message.call)?.(message.answer);
    else if (message.kind === 'stopped') this.#stopped = { problem: message.problem };
    else onMessage(this, message);
  }
}

/** The worker's error with its name, by which the command knows what is meant for people. */
function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
