import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { namedBefore } from './index-files/named-before.js';
import { disclosuresPath, segmentStarts, TILE_WIDTH, tilePath } from './layout.js';
import { ifMissing } from './ledger-error.js';
import { type Retention, writeRetention } from './retention-file.js';
import { writeFiles } from './tile-files.js';

/** What a {@link sweep} removes. */
export interface Sweep extends Retention {
  readonly directory: string;
  /** Entries that will be named by later ones: their bundles stay. */
  readonly kept: readonly number[];
}

/**
 * Removes what retention says: bundles of entries that no later one names, files of values, index files. Hashes stay. What is removed is noted
 * before anything goes, and the oldest goes first.
 */
export async function sweep({ directory, entriesBefore, valuesBefore, kept }: Sweep): Promise<void> {
  const named = entriesBefore === 0 ? [] : [...(await namedBefore(directory, entriesBefore)), ...kept];
  await writeFiles(directory, [{ path: SWEEPING_FILE, bytes: new Uint8Array(0), synced: true }]);
  await writeRetention(directory, { entriesBefore, valuesBefore });
  await sweepFiles(directory, { entriesBefore, valuesBefore });
  const bundles = new Set(named.map((seq) => Math.floor(seq / TILE_WIDTH)));
  for (let index = 0; index < entriesBefore / TILE_WIDTH; index++) {
    if (!bundles.has(index)) await remove(directory, tilePath('entries', index, TILE_WIDTH));
  }
  await remove(directory, SWEEPING_FILE);
}

/** There while a {@link sweep} is under way: it has to be done again when its process dies. */
const SWEEPING_FILE = 'sweeping';

/** A sweep was not ended. */
export async function isSweeping(directory: string): Promise<boolean> {
  return (await stat(join(directory, SWEEPING_FILE)).catch(ifMissing)) !== undefined;
}

/** Removes the files of values, and the index files, that are older than was noted. */
export async function sweepFiles(directory: string, { entriesBefore, valuesBefore }: Retention): Promise<void> {
  for (const start of segmentStarts(await namesIn(directory, 'disclosures'))) {
    if (start < valuesBefore) await remove(directory, disclosuresPath(start));
  }
  for (const name of await namesIn(directory, 'index')) {
    if (/^[0-9]{16}/.test(name) && Number(name.slice(0, 16)) < entriesBefore) await remove(directory, join('index', name));
  }
}

async function namesIn(directory: string, name: string): Promise<readonly string[]> {
  return (await readdir(join(directory, name)).catch(ifMissing)) ?? [];
}

async function remove(directory: string, path: string): Promise<void> {
  await unlink(join(directory, path)).catch(ifMissing);
}
