import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '@sqlwarden/core';
import { retentionPath, SEGMENT_ENTRIES } from './layout.js';
import { ifMissing, LedgerError } from './ledger-error.js';
import { writeFiles } from './tile-files.js';

/** Where it stands how much of a log was removed; written after the entry that says so, and before anything goes. */
export const RETENTION_FILE = retentionPath();

/** What was removed of a log; both are multiples of {@link SEGMENT_ENTRIES}. */
export interface Retention {
  /** The bundles of entries before this one are gone, but for some that later entries name. */
  readonly entriesBefore: number;
  /** The files of values before this one are gone; not less than `entriesBefore`. */
  readonly valuesBefore: number;
}

const NOTHING: Retention = { entriesBefore: 0, valuesBefore: 0 };

/** What was removed; nothing without the file. Throws a {@link LedgerError} (`corrupt`) when it is not as it was written. */
export async function readRetention(directory: string): Promise<Retention> {
  const text = await readFile(join(directory, RETENTION_FILE), 'utf8').catch(ifMissing);
  if (text === undefined) return NOTHING;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isRetention(value) || formatRetention(value) !== text)
    throw new LedgerError('corrupt', `${RETENTION_FILE} is not as the log wrote it: the last retention.applied entry has its two numbers`);
  return value;
}

export function writeRetention(directory: string, retention: Retention): Promise<void> {
  return writeFiles(directory, [{ path: RETENTION_FILE, bytes: Buffer.from(formatRetention(retention)), synced: true }]);
}

function formatRetention({ entriesBefore, valuesBefore }: Retention): string {
  return canonicalJson({ entriesBefore, valuesBefore });
}

function isRetention(value: unknown): value is Retention {
  if (typeof value !== 'object' || value === null) return false;
  const { entriesBefore, valuesBefore } = value as Partial<Retention>;
  return isBound(entriesBefore) && isBound(valuesBefore) && entriesBefore <= valuesBefore;
}

function isBound(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) % SEGMENT_ENTRIES === 0;
}
