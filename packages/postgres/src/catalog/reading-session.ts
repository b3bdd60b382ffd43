import type { CatalogueQuery } from '@sqlwarden/core';
import type { Digest } from './digest.js';
import { CURRENT_PATH_SQL, LOCK_TIMEOUT_MS, READING_BRACKET, READING_PATH, settingsSql } from './queries.js';
import { text } from './rows.js';

/** How a connection is read on. */
export interface ReadingSession {
  readonly query: CatalogueQuery;
  /** Inside of a transaction block: after an error everything fails. */
  readonly isInBlock: boolean;
}

/**
 * Runs `work` with the settings that reading needs, and puts them back. `isInTransaction`: a transaction block may be open, whose locks and
 * settings are to be as they were.
 */
export async function inReadingSession<Result>(
  query: CatalogueQuery,
  digest: Digest,
  isInTransaction: boolean,
  work: (session: ReadingSession) => Promise<Result>,
): Promise<Result> {
  if (isInTransaction && (await succeeds(query, READING_BRACKET.before))) {
    try {
      await query(settingsSql(READING_PATH, `${LOCK_TIMEOUT_MS}ms`, true));
      return await work({ query, isInBlock: true });
    } finally {
      for (const statement of READING_BRACKET.after) await query(statement);
    }
  }
  const isInBlock = await enterReadingPath(query);
  try {
    return await work({ query, isInBlock });
  } finally {
    // Where this fails the transaction has failed before, and its end puts them back.
    await query(settingsSql(digest.searchPath, digest.lockTimeout, isInBlock)).catch(() => undefined);
  }
}

async function succeeds(query: CatalogueQuery, sql: string): Promise<boolean> {
  return query(sql).then(
    () => true,
    () => false,
  );
}

/** Whether the settings could be made for a transaction that is open: then its end puts them back as well. */
async function enterReadingPath(query: CatalogueQuery): Promise<boolean> {
  await query(settingsSql(READING_PATH, `${LOCK_TIMEOUT_MS}ms`, true));
  const [current] = await query(CURRENT_PATH_SQL);
  if (current !== undefined && text(current, 0) === READING_PATH) return true;
  await query(settingsSql(READING_PATH, `${LOCK_TIMEOUT_MS}ms`, false));
  return false;
}
