import { type AssertedIntent, assertedIntent, INTENT_FIELDS, type InjectResult, type SqlState } from '@sqlwarden/core';

/** Bytes that no `character_set_results` changes on their way. */
function bytesOf(expression: string): string {
  return `CAST(CONVERT(${expression} USING utf8mb4) AS BINARY)`;
}

const ASKED: readonly string[] = [
  'VERSION()',
  'DATABASE()',
  'CURRENT_USER()',
  'CURRENT_ROLE()',
  '@@SESSION.sql_mode',
  '@@SESSION.character_set_client',
  '@@GLOBAL.lower_case_table_names',
  // User variables in which a session says why it runs what it runs.
  ...INTENT_FIELDS.map((field) => `@sqlwarden.${field}`),
];

/**
 * Asks for what names and lexis depend on, and for the asserted intent. Reads the same in every `sql_mode`, returns its row whatever
 * `sql_select_limit` is, touches no table, so that no transaction begins with it. One row: the arguments of {@link stateFromRow}.
 */
export const STATE_PROBE = `SELECT ${ASKED.map(bytesOf).join(', ')} LIMIT 1`;

const MAX_INTERNED = 10_000;

/** States of the whole process by content: equal states are one object, so that decisions can be keyed on `id`. */
class SqlStatePool {
  #states = new Map<string, SqlState>();
  #nextId = 1;

  intern(database: string, role: string, lexical: Readonly<Record<string, string>>): SqlState {
    const key = JSON.stringify([database, role, Object.entries(lexical)]);
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    // Clients can make up states; a pool that starts anew costs cached decisions, never a wrong one: ids are not reused.
    if (this.#states.size >= MAX_INTERNED) this.#states.clear();
    const state: SqlState = Object.freeze({
      id: this.#nextId++,
      database,
      role,
      searchPath: Object.freeze(database === '' ? [] : [database]),
      lexical: Object.freeze(lexical),
    });
    this.#states.set(key, state);
    return state;
  }
}

const pool = new SqlStatePool();

/** The state in the row that {@link STATE_PROBE} gave, or `undefined` when the row is not what it should be. */
export function stateFromRow(row: readonly (string | null)[]): SqlState | undefined {
  const [version, database, user, role, sqlMode, charset, lowerCase] = row;
  if (row.length !== ASKED.length || typeof version !== 'string' || typeof user !== 'string' || database === undefined) return undefined;
  if (typeof sqlMode !== 'string' || typeof charset !== 'string' || typeof lowerCase !== 'string') return undefined;
  return pool.intern(database ?? '', roleOf(role) ?? user, {
    flavour: /mariadb/i.test(version) ? 'mariadb' : 'mysql',
    sql_mode: sqlMode,
    character_set_client: charset,
    lower_case_table_names: lowerCase,
  });
}

/** The role in the row of a probe, without its host; `undefined` when there is none (MySQL says `NONE`, MariaDB NULL). */
export function roleFromRow(row: readonly (string | null)[]): string | undefined {
  const role = roleOf(row[3]);
  return role === undefined ? undefined : (/^`((?:[^`]|``)*)`@`%`$/.exec(role)?.[1]?.replaceAll('``', '`') ?? role);
}

/** The name of the account in what {@link STATE_PROBE} answered, without its host. */
export function accountOf(result: InjectResult): string | undefined {
  const account = result.kind === 'rows' ? result.rows[0]?.[2] : undefined;
  return account?.slice(0, account.lastIndexOf('@'));
}

function roleOf(role: string | null | undefined): string | undefined {
  return role === null || role === undefined || role === '' || role === 'NONE' ? undefined : role;
}

/** What variables of the session say of why it runs what it runs. */
export function intentFromRow(row: readonly (string | null)[]): AssertedIntent | undefined {
  const from = ASKED.length - INTENT_FIELDS.length;
  return assertedIntent('setting', Object.fromEntries(INTENT_FIELDS.map((field, at) => [field, row[from + at] ?? null])));
}
