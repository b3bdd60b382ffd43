import { write } from 'node:fs';
import { errnoOf } from '../ledger-error.js';
import { formatLine } from './format-line.js';
import { type Sink, SinkError } from './sink.js';
import type { SinkEntry } from './sink-entry.js';
import type { StdoutSinkOptions } from './sink-options.js';

const STANDARD_OUTPUT = 1;
/** A reader that is slow holds the pipe full. */
const FULL_MS = 20;

/** Standard output, a line per entry: each once in the life of a process, whatever goes wrong between. */
export class StdoutSink implements Sink {
  readonly waitMs = undefined;
  readonly #options: StdoutSinkOptions;
  readonly #fd: number;
  /** Entries before this one are written. */
  #next = 0;
  /** What of the line of the entry `next` is not written yet, when a part of it is. */
  #rest: Buffer | undefined;
  #isClosed = false;

  constructor(options: StdoutSinkOptions, fd = STANDARD_OUTPUT) {
    this.#options = options;
    this.#fd = fd;
  }

  begin(next: number): Promise<number> {
    this.#next = Math.max(next, this.#next);
    return Promise.resolve(next);
  }

  async take(entries: readonly SinkEntry[], next: number): Promise<number> {
    for (const entry of entries) {
      if (entry.seq < this.#next) continue;
      const line = this.#rest ?? formatLine(this.#options.format, entry);
      if (line !== undefined) await this.#write(line);
      this.#next = entry.seq + 1;
    }
    return (this.#next = Math.max(next, this.#next));
  }

  settle(): Promise<number> {
    return Promise.resolve(this.#next);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  async #write(line: Buffer): Promise<void> {
    let rest = line;
    while (rest.length > 0) {
      const { error, written } = await writeSome(this.#fd, rest);
      rest = rest.subarray(written);
      this.#rest = rest.length > 0 && rest.length < line.length ? rest : this.#rest;
      if (error === undefined) continue;
      if (error !== 'EAGAIN' || this.#isClosed) throw new SinkError(`standard output cannot be written (${error}): look at what reads it`);
      await new Promise((resolve) => setTimeout(resolve, FULL_MS));
    }
    this.#rest = undefined;
  }
}

function writeSome(fd: number, bytes: Buffer): Promise<{ readonly error: string | undefined; readonly written: number }> {
  return new Promise((resolve) =>
    write(fd, bytes, 0, bytes.length, null, (error, written) =>
      resolve({ error: error === null ? undefined : errnoOf(error), written: error === null ? written : 0 }),
    ),
  );
}
