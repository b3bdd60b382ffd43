import { spawn } from 'node:child_process';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncName } from '../append-file.js';
import { errnoOf } from '../ledger-error.js';
import { formatLine } from './format-line.js';
import { type Sink, SinkError } from './sink.js';
import type { SinkEntry } from './sink-entry.js';
import type { FileSinkOptions } from './sink-options.js';

const COMMAND_MS = 300_000;
const SEQ_DIGITS = 16;
const RANGE = /^(\d{16})-(\d{16})\.jsonl$/;

/** A file in the making. */
interface Draft {
  readonly file: FileHandle;
  readonly path: string;
  readonly first: number;
  readonly since: number;
  bytes: number;
}

/**
 * Files that are never touched again once they have their name, for buckets whose objects are locked: `<origin>-<first>-<last>.jsonl` with the entries
 * from `first` to `last`, and beside it the checkpoint that covers them (`.checkpoint`), which is there before. A file that a crash left unfinished has
 * another name and is made anew: over all files together every entry is there exactly once.
 */
export class FileSink implements Sink {
  readonly #options: FileSinkOptions;
  readonly #now: () => number;
  readonly #commandMs: number;
  #prefix = '';
  #next = 0;
  /** Entries before this one are in finished files. */
  #finished = 0;
  #note = '';
  #draft: Draft | undefined;

  constructor(options: FileSinkOptions, now: () => number = Date.now, commandMs = COMMAND_MS) {
    this.#options = options;
    this.#now = now;
    this.#commandMs = commandMs;
  }

  get waitMs(): number | undefined {
    const { maxAgeMs } = this.#options;
    return this.#draft === undefined ? undefined : Math.max(1, this.#draft.since + maxAgeMs - this.#now());
  }

  async begin(next: number, origin: string): Promise<number> {
    await this.#forget();
    this.#prefix = `${fileName(origin)}-`;
    await guarded(() => mkdir(this.#options.directory, { recursive: true, mode: 0o750 }));
    this.#next = this.#finished = await this.#afterLast(next);
    return this.#next;
  }

  async take(entries: readonly SinkEntry[], next: number, note: string): Promise<number> {
    for (const entry of entries) {
      const line = formatLine(this.#options.format, entry);
      if (line !== undefined) await guarded(() => this.#append(line));
    }
    this.#next = next;
    this.#note = note;
    // Nothing in them that is for this sink: there is no file to wait for.
    if (this.#draft === undefined) this.#finished = next;
    else if (this.#draft.bytes >= this.#options.maxBytes) await this.#finish();
    return this.#finished;
  }

  async settle(isLast: boolean): Promise<number> {
    const { maxAgeMs } = this.#options;
    if (this.#draft !== undefined && (isLast || this.#now() - this.#draft.since >= maxAgeMs)) await this.#finish();
    return this.#finished;
  }

  close(): Promise<void> {
    return this.#forget();
  }

  async #append(line: Buffer): Promise<void> {
    this.#draft ??= await this.#open();
    for (let at = 0; at < line.length; ) at += (await this.#draft.file.write(line, at)).bytesWritten;
    this.#draft.bytes += line.length;
  }

  async #open(): Promise<Draft> {
    const path = join(this.#options.directory, `.${this.#prefix}${this.#options.name}.part`);
    return { file: await open(path, 'w', 0o640), path, first: this.#finished, since: this.#now(), bytes: 0 };
  }

  async #finish(): Promise<void> {
    const draft = this.#draft;
    if (draft === undefined) return;
    const path = join(this.#options.directory, `${this.#prefix}${seqText(draft.first)}-${seqText(this.#next - 1)}.jsonl`);
    await guarded(async () => {
      await draft.file.sync();
      await this.#writeNote(path);
      await rename(draft.path, path);
      await syncName(this.#options.directory);
    });
    this.#draft = undefined;
    await draft.file.close();
    await this.#hook(path);
    this.#finished = this.#next;
  }

  async #writeNote(path: string): Promise<void> {
    const draft = `${path}.checkpoint.part`;
    const file = await open(draft, 'w', 0o640);
    try {
      await file.writeFile(this.#note);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, `${path}.checkpoint`);
  }

  /** Behind the last finished file: the cursor lags, and not by a file only. What is between it and their end is in them, or is not for this sink. */
  async #afterLast(next: number): Promise<number> {
    const names = await guarded(() => readdir(this.#options.directory));
    const finished = names.flatMap((name) => {
      const [, first, last] = name.startsWith(this.#prefix) ? (RANGE.exec(name.slice(this.#prefix.length)) ?? []) : [];
      return last === undefined || Number(last) < next ? [] : [{ name, first: Number(first), last: Number(last) }];
    });
    // What the command has done with them is not known.
    for (const { name } of finished.toSorted((one, other) => one.first - other.first))
      await this.#hook(join(this.#options.directory, name));
    return Math.max(next, ...finished.map(({ last }) => last + 1));
  }

  async #hook(path: string): Promise<void> {
    const [program, ...given] = this.#options.command ?? [];
    if (program === undefined) return;
    const failure = await failureOf(program, [...given, path, `${path}.checkpoint`], this.#commandMs);
    if (failure !== undefined) throw new SinkError(`the command for finished files failed (${failure}): run it by hand with ${path}`);
  }

  async #forget(): Promise<void> {
    const draft = this.#draft;
    this.#draft = undefined;
    if (draft === undefined) return;
    await draft.file.close();
    await rm(draft.path, { force: true });
  }
}

/**
 * Why a command did not end with 0 within that time; it is killed then. What it prints goes nowhere: it must not hold it up, and may hold what no log
 * shall have. What it leaves running in the background is not waited for.
 */
function failureOf(program: string, args: readonly string[], timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'ignore', timeout: timeoutMs, killSignal: 'SIGKILL' });
    child.once('error', (error) => resolve(errnoOf(error)));
    child.once('exit', (code, signal) => resolve(code === 0 ? undefined : String(code ?? signal)));
  });
}

/** Different for different origins, and good for file systems and buckets. */
function fileName(origin: string): string {
  return encodeURIComponent(origin).replaceAll('~', '%7E').replaceAll('%', '~');
}

function seqText(seq: number): string {
  return String(seq).padStart(SEQ_DIGITS, '0');
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new SinkError(`the directory of the files cannot be written (${errnoOf(error)}): make room and look at its rights`, {
      cause: error,
    });
  }
}
