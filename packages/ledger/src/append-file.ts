import { closeSync, fdatasync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, LedgerError } from './ledger-error.js';

/**
 * A file that only grows by whole pieces: a piece of which a part was written is cut off again before the next one.
 * After a failed write nothing is kept of the piece, and the next call tries anew: it works as soon as the disk has room.
 */
export class AppendFile {
  readonly path: string;
  readonly #fd: number;
  #length: number;
  #dirty = false;
  /** The name of the file is on stable storage. */
  #named = false;

  /** Opens or creates the file, and cuts it to `length` bytes when given (what is behind was torn). Throws the system's error. */
  constructor(path: string, options: { readonly mode: number; readonly length?: number }) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    this.path = path;
    this.#fd = openSync(path, 'a', options.mode);
    this.#length = options.length ?? fstatSync(this.#fd).size;
    if (options.length !== undefined) ftruncateSync(this.#fd, options.length);
  }

  /** Bytes of whole pieces. */
  get length(): number {
    return this.#length;
  }

  /** Appends a piece. Throws a {@link LedgerError} (`write-failed`) when not all of it was written; the file is then as before. */
  append(piece: Buffer): void {
    try {
      // INVARIANT: behind #length there is nothing, or the rest of a piece that failed.
      if (this.#dirty) this.#cut();
      this.#dirty = true;
      for (let at = 0; at < piece.length; ) at += writeSync(this.#fd, piece, at, piece.length - at);
      this.#dirty = false;
    } catch (error) {
      this.#tryCut();
      throw writeFailed(error);
    }
    this.#length += piece.length;
  }

  /** Takes back what was appended behind `length`. */
  cutTo(length: number): void {
    this.#length = length;
    this.#dirty = true;
    this.#tryCut();
  }

  /** Resolves when what was appended before the call is on stable storage; rejects with a {@link LedgerError} (`sync-failed`). */
  async sync(): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => fdatasync(this.#fd, (error) => (error === null ? resolve() : reject(error))));
      if (this.#named) return;
      await syncName(dirname(this.path));
      this.#named = true;
    } catch (error) {
      throw new LedgerError('sync-failed', `the ledger could not be synced (${errnoOf(error)}): open it anew`, { cause: error });
    }
  }

  /** Throws a {@link LedgerError} (`replaced`) when somebody else removed, replaced, cut or extended the file while it was open. */
  assertUntouched(): void {
    const mine = fstatSync(this.#fd);
    const there = statSync(this.path, { throwIfNoEntry: false });
    if (there === undefined || there.ino !== mine.ino || there.dev !== mine.dev || (!this.#dirty && mine.size !== this.#length)) {
      throw new LedgerError('replaced', `${this.path} was removed, replaced or changed by somebody else while the ledger was open`);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #cut(): void {
    ftruncateSync(this.#fd, this.#length);
    this.#dirty = false;
  }

  #tryCut(): void {
    try {
      this.#cut();
    } catch {
      // Still dirty: the next append cuts first, and fails when it cannot.
      this.#dirty = true;
    }
  }
}

/** As {@link syncDirectory}, without waiting for it. */
export async function syncName(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Makes names in a directory durable. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What a failed write means for whoever wanted to append. */
export function writeFailed(error: unknown): LedgerError {
  const errno = errnoOf(error);
  const what = errno === 'ENOSPC' || errno === 'EDQUOT' ? 'free space for the ledger directory' : 'check the ledger directory and its disk';
  return new LedgerError('write-failed', `the ledger cannot be written (${errno}): ${what}`, { cause: error });
}
