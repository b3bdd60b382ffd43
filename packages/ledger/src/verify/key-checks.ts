import {
  canonicalJson,
  type Checkpoint,
  equalBytes,
  formatVerifierKey,
  type KeyRotated,
  type LedgerEvent,
  NoteError,
  parseCheckpoint,
  parseNote,
  type VerifierKey,
} from '@sqlwarden/core';
import { openCheckpoint } from '../checkpoint-files.js';
import { KeyEpochs, readRotations, ROTATIONS_FILE } from '../key-epochs.js';
import { LedgerError } from '../ledger-error.js';
import { sha256 } from '../node-crypto.js';
import { leafInputOf } from '../write-ahead.js';
import type { Findings, Place } from './report.js';

/** Follows the keys of a log from the first one, and believes a checkpoint only when the key that signs trees of its size has signed it. */
export class KeyChecks {
  readonly #findings: Findings;
  readonly #epochs: KeyEpochs | undefined;
  /** Rotations of the file that were found in the log. */
  readonly #seen = new Set<number>();
  /** Rotations of the log that the file does not have. */
  readonly #unlisted: KeyRotated[] = [];

  private constructor(findings: Findings, epochs: KeyEpochs | undefined) {
    this.#findings = findings;
    this.#epochs = epochs;
  }

  /**
   * `genesis` is the key that the log is known by. Checkpoints must have been read from the directory before this is called: what a key of a later
   * epoch signs is there only after the file that the key is known from.
   */
  static async open(directory: string, findings: Findings, genesis: VerifierKey | undefined): Promise<KeyChecks> {
    if (genesis === undefined) return new KeyChecks(findings, undefined);
    let epochs = KeyEpochs.of(genesis);
    try {
      for (const rotation of await readRotations(directory)) epochs = epochs.with(rotation);
    } catch (error) {
      if (!(error instanceof LedgerError || error instanceof NoteError)) throw error;
      findings.add(error.code === 'corrupt' ? 'rotations-malformed' : 'rotation-invalid', error.message, { file: ROTATIONS_FILE });
    }
    return new KeyChecks(findings, epochs);
  }

  /** Every key that the log has had, as verifier keys, the first one first. */
  get keys(): readonly string[] {
    return (this.#epochs?.keys ?? []).map(formatVerifierKey);
  }

  /** Opens a checkpoint; `undefined`, and a finding, when it is not to be believed. */
  checkpoint(note: string, kind: 'checkpoint' | 'retained', place: Place): Checkpoint | undefined {
    const epochs = this.#epochs;
    if (epochs === undefined) return undefined;
    try {
      const key = epochs.keyAt(parseCheckpoint(parseNote(note).text).size);
      const checkpoint = openCheckpoint(note, [key]);
      if (checkpoint.origin === key.name) return checkpoint;
      this.#findings.add('other-origin', 'the checkpoint is of another log', place);
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
      const unsigned = error.code === 'bad-signature' || error.code === 'unknown-signer';
      if (unsigned && epochs.keys.some((key) => isSignedBy(note, key))) this.#wrongEpoch(note, place);
      else this.#findings.add(unsigned ? `${kind}-signature` : `${kind}-malformed`, error.message, place);
    }
    return undefined;
  }

  /** An entry of the log, with its bytes. */
  add(event: LedgerEvent, entry: Uint8Array): void {
    if (event.type !== 'key.rotated') return;
    const listed = this.#epochs?.rotations.find(({ seq }) => seq === event.seq);
    if (listed === undefined) this.#unlisted.push(event);
    else this.#compare(listed, sha256.sha256(leafInputOf(entry)));
  }

  /** The hash of the leaf at a position, of an entry that was removed. */
  addRemoved(position: number, leaf: Uint8Array): void {
    const listed = this.#epochs?.rotations.find(({ seq }) => seq === position);
    if (listed !== undefined) this.#compare(listed, leaf);
  }

  /** After the last entry, with the size of the newest checkpoint. */
  end(signed: number): void {
    for (const { seq } of this.#epochs?.rotations ?? []) {
      if (!this.#seen.has(seq))
        this.#findings.add('rotation-differs', `the file has a change of keys at entry ${seq}, which the log does not have`, {
          file: ROTATIONS_FILE,
          seq,
        });
    }
    let epochs = this.#epochs;
    for (const rotation of this.#unlisted) epochs = epochs && this.#unlistedRotation(epochs, rotation, signed);
  }

  #compare(listed: KeyRotated, leaf: Uint8Array): void {
    if (!equalBytes(sha256.sha256(leafInputOf(Buffer.from(canonicalJson(listed)))), leaf)) return;
    this.#seen.add(listed.seq);
  }

  /** A writer at work, or one that died, lists a rotation when the old key has signed its last checkpoint. */
  #unlistedRotation(epochs: KeyEpochs, rotation: KeyRotated, signed: number): KeyEpochs {
    const { seq } = rotation;
    if (!epochs.isNews(rotation) || signed > seq + 1) {
      const message = `the log changes keys at entry ${seq}, but the file does not say so: add the entry to it, as a line`;
      this.#findings.add('rotation-differs', message, { file: ROTATIONS_FILE, seq });
      return epochs;
    }
    try {
      const next = epochs.with(rotation);
      this.#findings.add('rotation-pending', 'the key is being replaced: the next key had signed nothing yet', { seq });
      return next;
    } catch (error) {
      if (!(error instanceof LedgerError || error instanceof NoteError)) throw error;
      this.#findings.add('rotation-invalid', error.message, { seq });
      return epochs;
    }
  }

  #wrongEpoch(note: string, place: Place): void {
    const { size } = parseCheckpoint(parseNote(note).text);
    const message = `a checkpoint over ${size} entries is signed with a key of the log that does not sign trees of that size: a key that was replaced is in use, by whoever has a copy of it`;
    this.#findings.add('key-epoch', message, { ...place, seq: size });
  }
}

function isSignedBy(note: string, key: VerifierKey): boolean {
  try {
    openCheckpoint(note, [key]);
    return true;
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return false;
  }
}
