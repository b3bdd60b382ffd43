import { type AssertedIntent, assertedIntent, INTENT_FIELDS, joinIntents, type SqlState } from '@sqlwarden/core';

/** The settings in which a session says why it runs what it runs ("Customized Options"): the server keeps them and gives them no meaning. */
const INTENT_SETTINGS = INTENT_FIELDS.map((field) => `pg_catalog.current_setting('sqlwarden.${field}', true)`).join(', ');

/**
 * Reads the session's SQL state in one row of text. Every name is qualified, because the search path is what it asks for. The columns are
 * those of {@link stateFromRow} and, last, of {@link intentFromRow}.
 */
export const STATE_PROBE = `SELECT pg_catalog.current_database()::pg_catalog.text, current_user::pg_catalog.text, pg_catalog.to_json(pg_catalog.current_schemas(true))::pg_catalog.text, pg_catalog.current_setting('standard_conforming_strings'), pg_catalog.current_setting('backslash_quote'), pg_catalog.current_setting('client_encoding'), pg_catalog.current_setting('search_path'), pg_catalog.json_build_array(${INTENT_SETTINGS})::pg_catalog.text`;

const MAX_INTERNED = 10_000;

/** States of the whole process by content: equal states are one object, so that decisions can be keyed on `id`. */
class SqlStatePool {
  #states = new Map<string, SqlState>();
  #nextId = 1;

  /** The one state of this content. `lexical` is taken over and frozen. */
  intern(content: Omit<SqlState, 'id' | 'hasOwnRelations'>): SqlState {
    const key = JSON.stringify([content.database, content.role, content.searchPath, Object.entries(content.lexical).sort()]);
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    // Clients can make up states (by schemas and roles); a pool that starts anew costs cached decisions, never a wrong one: ids are not reused.
    if (this.#states.size >= MAX_INTERNED) this.#states.clear();
    const state: SqlState = Object.freeze({
      id: this.#nextId++,
      database: content.database,
      role: content.role,
      searchPath: Object.freeze([...content.searchPath]),
      // The server makes a session's temporary schema with its first temporary object.
      hasOwnRelations: content.searchPath.some((schema) => schema.startsWith('pg_temp_')),
      lexical: Object.freeze({ ...content.lexical }),
    });
    this.#states.set(key, state);
    return state;
  }
}

const pool = new SqlStatePool();

/** The state in the row that {@link STATE_PROBE} gave, or `undefined` when the row is not what it should be. */
export function stateFromRow(row: readonly (string | null)[]): SqlState | undefined {
  const [database, role, path, conforming, backslash, encoding, named] = row;
  if (row.length !== 8 || typeof database !== 'string' || typeof role !== 'string' || typeof path !== 'string') return undefined;
  if (typeof conforming !== 'string' || typeof backslash !== 'string' || typeof encoding !== 'string' || typeof named !== 'string')
    return undefined;
  const searchPath = schemas(path);
  if (searchPath === undefined) return undefined;
  const lexical = { standard_conforming_strings: conforming, backslash_quote: backslash, client_encoding: encoding, search_path: named };
  return pool.intern({ database, role, searchPath, lexical });
}

/** What the settings of the session say of why it runs what it runs; `startup`: the settings that the client gave at its login. */
export function intentFromRow(row: readonly (string | null)[], startup: ReadonlyMap<string, string>): AssertedIntent | undefined {
  const values = parsed(row[7] ?? '');
  if (!Array.isArray(values)) return undefined;
  const given = INTENT_FIELDS.map((field, at) => ({ field, value: textOf(values[at]), began: startup.get(`sqlwarden.${field}`) }));
  const ofSource = (wanted: boolean): [string, string | null][] =>
    given.flatMap(({ field, value, began }) => ((value === began) === wanted ? [[field, value ?? null]] : []));
  const set = assertedIntent('setting', Object.fromEntries(ofSource(false)));
  return joinIntents(set, assertedIntent('startup', Object.fromEntries(ofSource(true))));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function schemas(json: string): string[] | undefined {
  const value = parsed(json);
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
