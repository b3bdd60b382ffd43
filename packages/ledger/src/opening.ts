import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFailed } from './append-file.js';
import { CheckpointFiles } from './checkpoint-files.js';
import { EntryFiles } from './entry-files.js';
import { FileKeys } from './file-keys.js';
import { LedgerError } from './ledger-error.js';
import type { LedgerOptions } from './ledger-options.js';
import { type DirectoryLock, lockDirectory } from './lock.js';
import { LogKeys } from './log-keys.js';
import { recoverLog, type RecoveredLog } from './recover.js';

/** What a log that is opened consists of. */
export interface OpenedParts {
  readonly keys: LogKeys;
  readonly lock: DirectoryLock;
  readonly checkpoints: CheckpointFiles;
  readonly log: RecoveredLog;
  readonly files: EntryFiles;
  /** Entries under the newest checkpoint. */
  readonly signed: number;
}

/** Locks a directory and reads what is in it. Throws a {@link LedgerError}; nothing is held then. */
export async function openParts(options: LedgerOptions): Promise<OpenedParts> {
  const lock = await takeDirectory(options.directory);
  let checkpoints: CheckpointFiles | undefined;
  try {
    await prepareDirectory(options.directory);
    const keys = await LogKeys.open(options.directory, options.origin, options.keys ?? new FileKeys(options.directory, options.origin));
    const opened = await CheckpointFiles.open(options.directory, keys.epochs);
    checkpoints = opened.files;
    const log = await recoverLog(options.directory, opened.newest);
    if (log.rotation !== undefined && keys.epochs.isNews(log.rotation)) await keys.resume(log.rotation);
    const files = new EntryFiles(options.directory, log.segments);
    return { keys, lock, checkpoints, log, files, signed: opened.newest?.size ?? 0 };
  } catch (error) {
    checkpoints?.close();
    await lock.release();
    throw asLedgerError(error);
  }
}

/** Errors of the system become `write-failed`. */
export function asLedgerError(error: unknown): LedgerError {
  return error instanceof LedgerError ? error : writeFailed(error);
}

async function takeDirectory(directory: string): Promise<DirectoryLock> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o750 });
    return await lockDirectory(directory);
  } catch (error) {
    throw asLedgerError(error);
  }
}

async function prepareDirectory(directory: string): Promise<void> {
  await mkdir(join(directory, 'disclosures'), { recursive: true, mode: 0o700 });
  await rm(join(directory, 'tmp'), { recursive: true, force: true });
  await mkdir(join(directory, 'tmp'), { mode: 0o750 });
}
