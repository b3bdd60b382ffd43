import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  canonicalJson,
  decodeBase64,
  formatVerifierKey,
  type KeyRotated,
  parseEvent,
  parseVerifierKey,
  rotationText,
  type VerifierKey,
} from '@sqlwarden/core';
import { ifMissing, LedgerError } from './ledger-error.js';
import { sha256, verifyEd25519 } from './node-crypto.js';

/** Where copies of the `key.rotated` entries are, a line each: the keys after the first one are known from it before the log is read. */
export const ROTATIONS_FILE = 'keys/rotations';

interface Epoch {
  readonly key: VerifierKey;
  /** The key signs checkpoints over more entries than this, up to where the next one begins. */
  readonly after: number;
}

/**
 * The keys of a log, one after the other. The entry that names a successor is the last that a key signs: the checkpoint over exactly the entries up
 * to it is the last one of that key.
 */
export class KeyEpochs {
  readonly #epochs: readonly Epoch[];
  /** The entries that the later keys are known from. */
  readonly rotations: readonly KeyRotated[];

  private constructor(epochs: readonly Epoch[], rotations: readonly KeyRotated[]) {
    this.#epochs = epochs;
    this.rotations = rotations;
  }

  /** A log that has had one key only. */
  static of(genesis: VerifierKey): KeyEpochs {
    return new KeyEpochs([{ key: genesis, after: -1 }], []);
  }

  get genesis(): VerifierKey {
    return this.keyAt(0);
  }

  get current(): VerifierKey {
    return this.keyAt(Number.MAX_SAFE_INTEGER);
  }

  /** All keys, the first one first. */
  get keys(): readonly VerifierKey[] {
    return this.#epochs.map(({ key }) => key);
  }

  /** The key that signs checkpoints over `size` entries. */
  keyAt(size: number): VerifierKey {
    const epoch = this.#epochs.findLast(({ after }) => after < size);
    if (epoch === undefined) throw new RangeError(`no checkpoint is over ${size} entries`);
    return epoch.key;
  }

  /** True when the rotation stands behind all that are known. */
  isNews(rotation: KeyRotated): boolean {
    return rotation.seq >= (this.#epochs.at(-1)?.after ?? 0);
  }

  /** With one more key. Throws a {@link LedgerError} (`bad-key`) when the present one did not name it, and core's `NoteError` for malformed keys. */
  with(rotation: KeyRotated): KeyEpochs {
    const { current } = this;
    const problem = (what: string): LedgerError =>
      new LedgerError('bad-key', `the change of keys at entry ${rotation.seq} does not hold: ${what}`);
    if (!this.isNews(rotation)) throw problem('it stands before another one');
    if (rotation.previous !== formatVerifierKey(current)) throw problem('the key before it is another one');
    const next = parseVerifierKey(sha256, rotation.next);
    if (next.name !== current.name) throw problem('the next key is of another log');
    const text = new TextEncoder().encode(rotationText(current.name, rotation.previous, rotation.next));
    const signature = decodeBase64(rotation.signature);
    if (signature === undefined || !verifyEd25519(current.publicKey, text, signature)) throw problem('the key before it did not sign it');
    return new KeyEpochs([...this.#epochs, { key: next, after: rotation.seq + 1 }], [...this.rotations, rotation]);
  }
}

/** The copies of `key.rotated` entries in a directory, oldest first. Throws a {@link LedgerError} (`corrupt`) when the file is not as it was written. */
export async function readRotations(directory: string): Promise<readonly KeyRotated[]> {
  const text = await readFile(join(directory, ROTATIONS_FILE), 'utf8').catch(ifMissing);
  if (text === undefined) return [];
  if (!/^(?:[^\n]+\n)+$/.test(text)) throw malformed('it is not made of lines');
  return text.trimEnd().split('\n').map(parseRotation);
}

/** The file of {@link readRotations}. */
export function formatRotations(rotations: readonly KeyRotated[]): string {
  return rotations.map((rotation) => `${canonicalJson(rotation)}\n`).join('');
}

function parseRotation(line: string): KeyRotated {
  try {
    const event = parseEvent(Buffer.from(line));
    if (event.type === 'key.rotated') return event;
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : 'a line cannot be read');
  }
  throw malformed('a line is of another entry');
}

function malformed(why: string): LedgerError {
  return new LedgerError(
    'corrupt',
    `${ROTATIONS_FILE} cannot be trusted: ${why}; its lines are the key.rotated entries of the log: copy them from there`,
  );
}
