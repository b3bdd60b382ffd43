import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppendFile, writeFailed } from './append-file.js';
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

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+').catch(ifMissing);
  try {
    await file?.datasync();
  } finally {
    await file?.close();
  }
}
