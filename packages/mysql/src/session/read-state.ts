import type { CatalogueQuery, SqlState } from '@sqlwarden/core';
import { STATE_PROBE, stateFromRow } from './sql-state.js';

/** The SQL state of the connection that `query` runs on. Throws when the server's answer is not one row of it. */
export async function readState(query: CatalogueQuery): Promise<SqlState> {
  const [row] = await query(STATE_PROBE);
  const state = row === undefined ? undefined : stateFromRow(row);
  if (state === undefined) throw new Error('the server did not say what the state of a new session is');
  return state;
}
