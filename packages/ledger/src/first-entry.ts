import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { retentionPath, SEGMENT_ENTRIES } from './layout.js';
import { ifMissing, LedgerError } from './ledger-error.js';

/**
 * The first entry that a log still has: those before it were removed by retention, but for some that later ones name. 0 where nothing was.
 * Throws a {@link LedgerError} (`corrupt`) when the file that says so is none.
 */
export async function firstEntry(directory: string): Promise<number> {
  const file = await readFile(join(directory, retentionPath()), 'utf8').catch(ifMissing);
  if (file === undefined) return 0;
  const first = firstOf(file);
  if (first === undefined)
    throw new LedgerError('corrupt', `${retentionPath()} does not say which entries were removed: run "sqlwarden ledger verify"`);
  return first;
}

function firstOf(text: string): number | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { entriesBefore } = value as Record<string, unknown>;
  const first = Number(entriesBefore);
  return Number.isSafeInteger(entriesBefore) && first >= 0 && first % SEGMENT_ENTRIES === 0 ? first : undefined;
}
