import { join } from 'node:path';

/**
 * Where things are in a ledger's directory.
 *
 * ```
 * checkpoint                     the newest signed tree head (c2sp.org/tlog-checkpoint)
 * checkpoints                    every one that was signed, a JSON line each: {"n":0,"note":"…"}
 * tile/<L>/<N>[.p/<W>]           hashes of the tree (c2sp.org/tlog-tiles)
 * tile/entries/<N>[.p/<W>]       the entries, in bundles of 256
 * wal/<first seq>                the entries that are not in full, synced bundles yet, some that are, and reads that were begun
 * disclosures/<first seq>.jsonl  values behind commitments, 0600, a JSON line each: [seq or -read,[{"name":…,"salt":…,"value":…}]]
 * index/<first seq>              what the entries of a full segment are about, derived from them: see index-files/
 * retention.json                 which entries were removed: see first-entry.ts
 * erasing.json, sweeping          an erasure, or a removal by retention, that is under way: see erasure.ts, sweep.ts
 * keys/signing.pem, keys/verifier
 * lock, tmp/
 * ```
 */

/** Leaves, or hashes, in a full tile. */
export const TILE_WIDTH = 256;
/** Entries in a file of `wal/` and of `disclosures/`: a multiple of {@link TILE_WIDTH}. */
export const SEGMENT_ENTRIES = 32_768;

/** The level of a tile, or `entries` for a bundle of entries. */
export type TileKind = number | 'entries';

/** The path of a tile inside of the ledger's directory (tlog-tiles, "Merkle Tree" and "Log entries"); `width` 256 is a full one. */
export function tilePath(kind: TileKind, index: number, width: number): string {
  let rest = index;
  let path = String(rest % 1000).padStart(3, '0');
  while ((rest = Math.floor(rest / 1000)) > 0) path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  return join('tile', String(kind), ...path.split('/')) + (width === TILE_WIDTH ? '' : join('.p', String(width)));
}

/** The directory of the partial tiles that a full one replaces. */
export function partialsPath(kind: TileKind, index: number): string {
  return `${tilePath(kind, index, TILE_WIDTH)}.p`;
}

/** How many hashes the tile has in a tree of `size` leaves; 0 when it is not part of it. */
export function tileWidth(level: number, index: number, size: number): number {
  return Math.max(0, Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH));
}

/** The first entry of the segment that `seq` belongs to. */
export function segmentStart(seq: number): number {
  return seq - (seq % SEGMENT_ENTRIES);
}

const SEGMENT_NAME = /^([0-9]{16})(\.jsonl)?$/;

export function walPath(start: number): string {
  return join('wal', String(start).padStart(16, '0'));
}

export function disclosuresPath(start: number): string {
  return join('disclosures', `${String(start).padStart(16, '0')}.jsonl`);
}

export function indexPath(start: number): string {
  return join('index', String(start).padStart(16, '0'));
}

/** Where it stands which entries were removed; not there while none were. */
export function retentionPath(): string {
  return 'retention.json';
}

/** The first entries of the segments whose file names these are, ascending. Names that are not of segments are left out. */
export function segmentStarts(names: readonly string[]): number[] {
  const starts = names.flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? []).map(Number);
  return starts.sort((a, b) => a - b);
}
