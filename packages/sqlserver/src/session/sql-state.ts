import { type AssertedIntent, assertedIntent, INTENT_FIELDS, type SqlState } from '@sqlwarden/core';
import { foldName } from '../sql/names.js';

const ASKED: readonly string[] = [
  'DB_NAME()',
  'SCHEMA_NAME()',
  'USER_NAME()',
  "SESSIONPROPERTY('QUOTED_IDENTIFIER')",
  // Names of objects go by the collation of their database, those of temporary tables by that of tempdb, of variables by that of the server.
  "DATABASEPROPERTYEX(DB_NAME(), 'Collation')",
  "DATABASEPROPERTYEX('tempdb', 'Collation')",
  "SERVERPROPERTY('Collation')",
  // Values in the session context in which a session says why it runs what it runs.
  ...INTENT_FIELDS.map((field) => `SESSION_CONTEXT(N'sqlwarden.${field}')`),
];

/**
 * Asks for what names and lexis depend on, and for the asserted intent. Reads the same whatever QUOTED_IDENTIFIER is; reads no table, so that no transaction
 * begins with it where IMPLICIT_TRANSACTIONS is on. One row: the arguments of {@link stateFromRow}.
 */
export const STATE_PROBE = `SELECT ${ASKED.map((asked) => `CONVERT(nvarchar(4000), ${asked})`).join(', ')}`;

const MAX_INTERNED = 10_000;
/** Where names are looked for behind the user's own schema. */
const SHARED_SCHEMAS: readonly string[] = ['dbo', 'sys'];

/** States of the whole process by content: equal states are one object, so that decisions can be keyed on `id`. */
class SqlStatePool {
  #states = new Map<string, SqlState>();
  #nextId = 1;

  intern(database: string, role: string, schema: string | undefined, lexical: Readonly<Record<string, string>>): SqlState {
    const key = JSON.stringify([database, role, schema, Object.entries(lexical)]);
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    // Clients can make up states; a pool that starts anew costs cached decisions, never a wrong one: ids are not reused.
    if (this.#states.size >= MAX_INTERNED) this.#states.clear();
    const isOwn = schema !== undefined && !SHARED_SCHEMAS.includes(schema);
    const state: SqlState = Object.freeze({
      id: this.#nextId++,
      database,
      role,
      searchPath: Object.freeze(isOwn ? [schema, ...SHARED_SCHEMAS] : SHARED_SCHEMAS),
      lexical: Object.freeze(lexical),
    });
    this.#states.set(key, state);
    return state;
  }
}

const pool = new SqlStatePool();

/** The state in the row that {@link STATE_PROBE} gave, or `undefined` when the row is not what it should be. */
export function stateFromRow(row: readonly (string | null)[]): SqlState | undefined {
  const [database, schema, user, quoted, ...collations] = row.slice(0, -INTENT_FIELDS.length);
  if (row.length !== ASKED.length || typeof database !== 'string' || typeof user !== 'string' || schema === undefined) return undefined;
  if (quoted !== '0' && quoted !== '1') return undefined;
  return pool.intern(database, user, schema === null ? undefined : foldName(schema), {
    quoted_identifier: quoted === '1' ? 'on' : 'off',
    case_sensitive: collations.every(ignoresCase) ? 'off' : 'on',
  });
}

/** The database user in the row of a probe. */
export function userFromRow(row: readonly (string | null)[]): string | undefined {
  return row[2] ?? undefined;
}

/** What the session context says of why the session runs what it runs. */
export function intentFromRow(row: readonly (string | null)[]): AssertedIntent | undefined {
  const from = ASKED.length - INTENT_FIELDS.length;
  return assertedIntent('setting', Object.fromEntries(INTENT_FIELDS.map((field, at) => [field, row[from + at] ?? null])));
}

/** By the name of the collation ("Windows Collation Name"): binary ones tell cases apart, too. */
function ignoresCase(collation: string | null): boolean {
  return collation !== null && !/_(?:CS|BIN2?)(?:_| |$)/i.test(collation);
}
