import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Checkpoint,
  decodeBase64,
  encodeBase64,
  HASH_BYTES,
  inclusionProof,
  type KeyRotated,
  type LedgerEvent,
  parseCheckpoint,
  parseEvent,
  parseNote,
  parseVerifierKey,
  verifyInclusion,
} from '@sqlwarden/core';
import { openCheckpointOf } from './checkpoint-files.js';
import { KeyEpochs } from './key-epochs.js';
import { ifMissing, LedgerError } from './ledger-error.js';
import { sha256 } from './node-crypto.js';
import { readEntryBytesAt } from './read.js';
import { TileSource } from './tile-files.js';
import { leafInputOf } from './write-ahead.js';

const HEADER = 'c2sp.org/tlog-proof@v1';

/**
 * A proof that one entry is in the log, to be given to somebody who does not have the log: c2sp.org/tlog-proof, with the entry itself as its extra
 * data. Throws a {@link LedgerError}: `not-found` when the entry is not there or not under a checkpoint yet, `corrupt` when tiles are missing.
 */
export async function exportProof(directory: string, seq: number): Promise<string> {
  const note = await readFile(join(directory, 'checkpoint'), 'utf8').catch(ifMissing);
  const size = note === undefined ? 0 : parseCheckpoint(parseNote(note).text).size;
  if (note === undefined || seq >= size)
    throw new LedgerError('not-found', `entry ${seq} is not under a checkpoint yet: try again in a second, or open the ledger again`);
  const entry = await readEntryBytesAt(directory, seq);
  const proof = inclusionProof(sha256, new TileSource(directory, size), seq, size);
  const lines = [HEADER, `extra ${encodeBase64(entry)}`, `index ${seq}`, ...proof.map((hash) => encodeBase64(hash)), ''];
  return `${lines.join('\n')}\n${note}`;
}

/** What a proof shows: this entry stands at `index` of the log with that checkpoint. */
export interface ProvenEntry {
  readonly index: number;
  readonly event: LedgerEvent;
  readonly checkpoint: Checkpoint;
}

/**
 * Checks a proof that {@link exportProof} made, against the key that the log is known by; `rotations` are its changes of keys since then, as
 * `keys/rotations` has them. Throws core's `NoteError` for the checkpoint and a {@link LedgerError} (`corrupt`, `bad-key`) for anything else that does not hold.
 */
export function verifyProof(proof: string, verifier: string, rotations: readonly KeyRotated[] = []): ProvenEntry {
  const blank = proof.indexOf('\n\n');
  const [header, extra, indexLine, ...encoded] = proof.slice(0, Math.max(0, blank)).split('\n');
  const entry = extra?.startsWith('extra ') === true ? decodeBase64(extra.slice('extra '.length)) : undefined;
  const index = /^index (0|[1-9][0-9]{0,15})$/.exec(indexLine ?? '')?.[1];
  const hashes = encoded.map(decodeBase64);
  if (header !== HEADER || entry === undefined || index === undefined || !hashes.every((hash) => hash?.length === HASH_BYTES)) {
    throw new LedgerError('corrupt', `this is not a proof in the form of ${HEADER} with the entry as its extra data`);
  }
  const epochs = rotations.reduce((known, rotation) => known.with(rotation), KeyEpochs.of(parseVerifierKey(sha256, verifier.trim())));
  const checkpoint = openCheckpointOf(proof.slice(blank + 2), epochs);
  const claim = { leaf: sha256.sha256(leafInputOf(entry)), index: Number(index), size: checkpoint.size, root: checkpoint.root };
  if (
    !verifyInclusion(
      sha256,
      claim,
      hashes.filter((hash) => hash !== undefined),
    )
  ) {
    throw new LedgerError('corrupt', 'the proof does not hold: the entry, its position or the checkpoint is not that of the proof');
  }
  return { index: Number(index), event: parseEvent(entry), checkpoint };
}
