import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';
import { open, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppendFile, syncDirectory, writeFailed } from './append-file.js';
import { disclosuresPath, walPath } from './layout.js';
import { ifMissing } from './ledger-error.js';
import type { Segment } from './recover.js';

/** The write-ahead files and the disclosures beside them: where everything that was taken is after a flush. */
export class EntryFiles {
  readonly #directory: string;
  /** First entries of the write-ahead files that there are. */
  readonly #starts: number[];
  #wal: AppendFile;
  #disclosures: AppendFile | undefined;
  #disclosuresStart = -1;
  /** Files that are full, but not synced yet. */
  #finished: AppendFile[] = [];

  /** Goes on with the last of the write-ahead files. */
  constructor(directory: string, segments: readonly Segment[]) {
    this.#directory = directory;
    const last = segments.at(-1) ?? { start: 0, length: 0 };
    this.#starts = segments.length === 0 ? [0] : segments.map(({ start }) => start);
    this.#wal = new AppendFile(join(directory, walPath(last.start)), { mode: 0o640, length: last.length });
  }

  /** The first entry of the file that is being written. */
  get segment(): number {
    return this.#starts.at(-1) ?? 0;
  }

  /**
   * Writes a frame to the write-ahead file of a segment, and before it the disclosures that belong to it. Throws a `LedgerError`
   * (`write-failed`); then neither is there.
   */
  write(segment: number, frame: Buffer, disclosures: string): void {
    if (segment !== this.segment) this.#rotate(segment);
    if (disclosures === '') {
      this.#wal.append(frame);
      return;
    }
    const side = this.#disclosureFile(segment);
    const before = side.length;
    side.append(Buffer.from(disclosures));
    try {
      this.#wal.append(frame);
    } catch (error) {
      side.cutTo(before);
      throw error;
    }
  }

  /** Resolves when everything that was written before the call is on stable storage; rejects with a `LedgerError` (`sync-failed`). */
  async sync(): Promise<void> {
    const finished = this.#finished;
    this.#finished = [];
    const files = [...finished, this.#wal, ...(this.#disclosures === undefined ? [] : [this.#disclosures])];
    const results = await Promise.allSettled(files.map((file) => file.sync()));
    for (const file of finished) file.close();
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  /** As {@link sync}, for what another process wrote before it died. */
  async syncRecovered(): Promise<void> {
    for (const start of this.#starts) {
      for (const path of [walPath(start), disclosuresPath(start)]) await syncFile(join(this.#directory, path));
    }
  }

  /** Throws a `LedgerError` (`replaced`) when somebody else changed the files that are being written. */
  assertUntouched(): void {
    this.#wal.assertUntouched();
    this.#disclosures?.assertUntouched();
  }

  /**
   * Removes write-ahead files whose entries all stand before `signed`, and so are in full bundles under a checkpoint. `settle` is called before
   * each, with the first entry behind it.
   */
  async dropBefore(signed: number, settle: (end: number) => Promise<void>): Promise<void> {
    for (let next = this.#starts[1]; next !== undefined && next <= signed; next = this.#starts[1]) {
      await settle(next);
      await unlink(join(this.#directory, walPath(this.#starts[0] ?? 0)));
      this.#starts.shift();
    }
  }

  /**
   * Replaces the file of values of a segment by what `keep` makes of it. What is written to it meanwhile is kept as it is. Rejects with the system's
   * errors; the file is as it was then.
   */
  async rewriteDisclosures(start: number, keep: (file: Buffer) => Buffer): Promise<void> {
    const path = join(this.#directory, disclosuresPath(start));
    if (start === this.segment) this.#disclosureFile(start);
    const written = this.#writtenDisclosures(start);
    const file = await readFile(path).catch(ifMissing);
    if (file === undefined) return;
    const before = file.subarray(0, written ?? file.length);
    const kept = keep(before);
    if (kept.equals(before)) return;
    const draft = join(this.#directory, 'tmp', `disclosures_${start}`);
    await writeFile(draft, kept, { mode: 0o600 });
    // From here on in one turn, so that nothing is written in between.
    const end = this.#writtenDisclosures(start) ?? statSync(path).size;
    const replaced = replaceFile(path, draft, before.length, end);
    if (start !== this.#disclosuresStart || this.#disclosures === undefined) return;
    this.#finished.push(this.#disclosures);
    this.#disclosures = new AppendFile(path, { mode: 0o600, length: replaced });
  }

  /** The files of values of entries before `seq`, which stands before the present segment, are to be removed: nothing goes to them any more. */
  releaseDisclosures(seq: number): void {
    if (this.#disclosures === undefined || this.#disclosuresStart >= seq) return;
    this.#finished.push(this.#disclosures);
    this.#disclosures = undefined;
    this.#disclosuresStart = -1;
  }

  /** Bytes of whole lines in the file that is being written, if it is that one. */
  #writtenDisclosures(start: number): number | undefined {
    return start === this.#disclosuresStart ? this.#disclosures?.length : undefined;
  }

  close(): void {
    for (const file of [this.#wal, this.#disclosures, ...this.#finished]) file?.close();
  }

  #rotate(start: number): void {
    const next = this.#open(walPath(start), 0o640);
    this.#finished.push(this.#wal);
    this.#wal = next;
    this.#starts.push(start);
  }

  #disclosureFile(start: number): AppendFile {
    if (this.#disclosures === undefined || start !== this.#disclosuresStart) {
      const next = this.#open(disclosuresPath(start), 0o600);
      if (this.#disclosures !== undefined) this.#finished.push(this.#disclosures);
      this.#disclosures = next;
      this.#disclosuresStart = start;
    }
    return this.#disclosures;
  }

  #open(path: string, mode: number): AppendFile {
    try {
      return new AppendFile(join(this.#directory, path), { mode });
    } catch (error) {
      throw writeFailed(error);
    }
  }
}

/** Puts a draft in the place of a file, with what stands in that from `from` to `end` behind it. Durable when it returns; the new length. */
function replaceFile(path: string, draft: string, from: number, end: number): number {
  const source = openSync(path, 'r');
  const target = openSync(draft, 'a');
  try {
    const rest = Buffer.alloc(end - from);
    for (let at = 0; at < rest.length; ) at += readSync(source, rest, at, rest.length - at, from + at);
    for (let at = 0; at < rest.length; ) at += writeSync(target, rest, at);
    fsyncSync(target);
    renameSync(draft, path);
    syncDirectory(dirname(path));
    return fstatSync(target).size;
  } finally {
    closeSync(source);
    closeSync(target);
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+').catch(ifMissing);
  try {
    await file?.datasync();
  } finally {
    await file?.close();
  }
}
