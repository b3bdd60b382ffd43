import { readFile } from 'node:fs/promises';
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
  const text = await readFile(join(directory, 'checkpoints'), 'utf8').catch(ifMissing);
  if (text === undefined) return undefined;
  const lines = text.split('\n');
  const torn = lines.pop() ?? '';
  return { notes: lines.map((line, n) => parseRetainedLine(line, n)), torn: Buffer.byteLength(torn) };
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
    const retained = await readRetained(directory);
    const current = await readFile(join(directory, 'checkpoint'), 'utf8').catch(ifMissing);
    const notes = retained?.notes ?? [];
    const last = notes.at(-1);
    if (notes.length > 0 && last === undefined) throw unreadable('checkpoints', 'its last line was changed');
    if (current !== undefined && last === undefined) throw unreadable('checkpoints', 'it is missing or empty, but there is a checkpoint');
    const newest = last === undefined ? undefined : trusted('checkpoints', last, keys);
    if (current !== undefined && newest !== undefined && trusted('checkpoint', current, keys).size > newest.size) {
      throw unreadable('checkpoints', 'it lacks the newest checkpoint');
    }
    const length = notes.length === 0 ? 0 : (await readFile(join(directory, 'checkpoints'))).length - (retained?.torn ?? 0);
    const file = new AppendFile(join(directory, 'checkpoints'), { mode: 0o640, length });
    return { files: new CheckpointFiles(directory, file, notes.length), newest };
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
