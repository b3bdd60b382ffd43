import type { SqlState } from './contract.js';
import type { CatalogueQuery } from './dialect.js';

/**
 * The SQL state of the connection that `query` runs on. `probe`: the statement that asks for it; `stateFromRow`: reads its row, `undefined` when it
 * cannot. Throws when the server's answer is not one row of it.
 */
export async function readState(
  query: CatalogueQuery,
  probe: string,
  stateFromRow: (row: readonly (string | null)[]) => SqlState | undefined,
): Promise<SqlState> {
  const [row] = await query(probe);
  const state = row === undefined ? undefined : stateFromRow(row);
  if (state === undefined) throw new Error('the server did not say what the state of a new session is');
  return state;
}
