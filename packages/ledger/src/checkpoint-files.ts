import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  canonicalJson,
  type Checkpoint,
  formatCheckpoint,
  formatNote,
  parseCheckpoint,
  parseNote,
  type VerifierKey,
  verifyNote,
} from '@sqlwarden/core';
import { AppendFile } from './append-file.js';
import type { KeyEpochs } from './key-epochs.js';
import { ifMissing, LedgerError } from './ledger-error.js';
import { verifyEd25519 } from './node-crypto.js';
import type { Signer } from './signer.js';
import { writeFiles } from './tile-files.js';

/** Signs the head of a tree; the text of the note. Throws a {@link LedgerError} (`bad-key`) when the signature is not one of the signer's own key. */
export async function signCheckpoint(checkpoint: Checkpoint, signer: Signer): Promise<string> {
  const text = formatCheckpoint(checkpoint);
  const message = new TextEncoder().encode(text);
  const signature = await signer.sign(message);
  // A note that nobody can verify would lock the log up for good.
  if (!verifyEd25519(signer.key.publicKey, message, signature))
    throw new LedgerError('bad-key', 'the signer gave a signature that its own key does not verify');
  return formatNote({ text, signatures: [{ name: signer.key.name, keyId: signer.key.keyId, signature }] });
}

/** Reads a note as a checkpoint of a trusted key. Throws core's `NoteError`. */
export function openCheckpoint(note: string, keys: readonly VerifierKey[]): Checkpoint {
  const parsed = parseNote(note);
  verifyNote(parsed, keys, verifyEd25519);
  return parseCheckpoint(parsed.text);
}

/** As {@link openCheckpoint}, with the key that signs checkpoints of its size. */
export function openCheckpointOf(note: string, epochs: KeyEpochs): Checkpoint {
  const { size } = parseCheckpoint(parseNote(note).text);
  return openCheckpoint(note, [epochs.keyAt(size)]);
}

/** A line of `checkpoints`, without its newline; `undefined` when it is not the `n`-th one. */
export function parseRetainedLine(line: string, n: number): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
    if (canonicalJson(value) !== line) return undefined;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { n: number, note } = value as Record<string, unknown>;
  return Object.keys(value).length === 2 && number === n && typeof note === 'string' ? note : undefined;
}

/** Every checkpoint that the log has signed, oldest first, as notes: what to keep elsewhere. Malformed lines are `undefined`. */
export async function readRetained(
  directory: string,
): Promise<{ readonly notes: readonly (string | undefined)[]; readonly torn: number } | undefined> {
  const length = await retainedLength(directory);
  if (length === undefined) return undefined;
  const notes: (string | undefined)[] = [];
  let torn = 0;
  for await (const line of retainedLines(directory, length)) {
    if ('torn' in line) torn = line.torn;
    else notes.push(line.note);
  }
  return { notes, torn };
}

/** How long the file of retained checkpoints is by now, in bytes. */
export async function retainedLength(directory: string): Promise<number | undefined> {
  return (await stat(join(directory, RETAINED_FILE)).catch(ifMissing))?.size;
}

/** A line of the file: its note, `undefined` when it is not one that the log wrote; or at the end the length of a line that has no end. */
export type RetainedLine = { readonly note: string | undefined } | { readonly torn: number };

/** The first `length` bytes of the file of retained checkpoints, line by line: a log has one more of them for every second that it was in use. */
export async function* retainedLines(directory: string, length: number): AsyncGenerator<RetainedLine, void, undefined> {
  if (length === 0) return;
  let n = 0;
  let pieces: Buffer[] = [];
  let bytes = 0;
  // Of a line that is too long to be one, only its length is kept.
  const add = (piece: Buffer): void => {
    bytes += piece.length;
    if (bytes <= MAX_LINE) pieces.push(piece);
    else pieces = [];
  };
  for await (const chunk of createReadStream(join(directory, RETAINED_FILE), { end: length - 1 }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      add(chunk.subarray(start, end));
      yield { note: bytes > MAX_LINE ? undefined : parseRetainedLine(Buffer.concat(pieces).toString('utf8'), n) };
      n += 1;
      pieces = [];
      bytes = 0;
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (bytes > 0) yield { torn: bytes };
}

const RETAINED_FILE = 'checkpoints';
/** More than a line of a checkpoint has. */
const MAX_LINE = 16_384;

/** The end of the file of retained checkpoints: what a writer needs of it. */
interface RetainedEnd {
  /** The last whole line; `undefined` when there is none, or it is not one that the log wrote. */
  readonly last: { readonly n: number; readonly note: string } | undefined;
  /** Bytes of whole lines. */
  readonly length: number;
}

async function readRetainedEnd(directory: string): Promise<RetainedEnd> {
  const file = await open(join(directory, RETAINED_FILE), 'r').catch(ifMissing);
  if (file === undefined) return { last: undefined, length: 0 };
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - 2 * MAX_LINE);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    const tail = buffer.subarray(0, bytesRead);
    const end = tail.lastIndexOf(0x0a);
    if (end < 0) return { last: undefined, length: from === 0 ? 0 : size };
    const line = tail.subarray(end === 0 ? 0 : tail.lastIndexOf(0x0a, end - 1) + 1, end).toString('utf8');
    const n = Number(/^\{"n":(0|[1-9][0-9]{0,15}),/.exec(line)?.[1] ?? Number.NaN);
    const note = parseRetainedLine(line, n);
    return { last: note === undefined ? undefined : { n, note }, length: from + end + 1 };
  } finally {
    await file.close();
  }
}

/** The two files of checkpoints, as the writer keeps them. */
export class CheckpointFiles {
  readonly #directory: string;
  readonly #retained: AppendFile;
  #count: number;

  private constructor(directory: string, retained: AppendFile, count: number) {
    this.#directory = directory;
    this.#retained = retained;
    this.#count = count;
  }

  /**
   * Opens the files and says what the newest checkpoint is. A last line that was cut off by a crash is removed. Throws a {@link LedgerError}
   * (`corrupt`) when they do not fit together or are not signed by the keys of the log.
   */
  static async open(
    directory: string,
    keys: KeyEpochs,
  ): Promise<{ readonly files: CheckpointFiles; readonly newest: Checkpoint | undefined }> {
    const { last, length } = await readRetainedEnd(directory);
    const current = await readFile(join(directory, 'checkpoint'), 'utf8').catch(ifMissing);
    if (length > 0 && last === undefined) throw unreadable('checkpoints', 'its last line was changed');
    if (current !== undefined && last === undefined) throw unreadable('checkpoints', 'it is missing or empty, but there is a checkpoint');
    const newest = last === undefined ? undefined : trusted('checkpoints', last.note, keys);
    if (current !== undefined && newest !== undefined && trusted('checkpoint', current, keys).size > newest.size) {
      throw unreadable('checkpoints', 'it lacks the newest checkpoint');
    }
    const file = new AppendFile(join(directory, RETAINED_FILE), { mode: 0o640, length });
    return { files: new CheckpointFiles(directory, file, last === undefined ? 0 : last.n + 1), newest };
  }

  /** Keeps a note for good, then makes it the current one. */
  async add(note: string): Promise<void> {
    this.#retained.append(Buffer.from(`${canonicalJson({ n: this.#count, note })}\n`));
    this.#count += 1;
    await this.#retained.sync();
    await writeFiles(this.#directory, [{ path: 'checkpoint', bytes: Buffer.from(note), synced: true }]);
  }

  close(): void {
    this.#retained.close();
  }
}

function trusted(file: string, note: string, keys: KeyEpochs): Checkpoint {
  try {
    const checkpoint = openCheckpointOf(note, keys);
    if (checkpoint.origin === keys.genesis.name) return checkpoint;
  } catch (error) {
    throw unreadable(file, error instanceof Error ? error.message : 'it is malformed');
  }
  throw unreadable(file, 'it is of another log');
}

function unreadable(file: string, why: string): LedgerError {
  return new LedgerError('corrupt', `${file} cannot be trusted: ${why}; run "sqlwarden ledger verify", and keep the directory as evidence`);
}
