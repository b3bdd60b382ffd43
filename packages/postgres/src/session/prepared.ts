import type { Admission, BoundParameter, MaskPlan, ResultColumn, RowAllowance } from '@sqlwarden/core';
import type { FormatCode } from '../protocol/frontend-message.js';
import type { BoundRows } from './result-rows.js';

export type Proceed = Extract<Admission, { kind: 'proceed' }>;

/** A prepared statement of the client's, as it was forwarded. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
  /** The token that stood in it. */
  readonly renewal: string | undefined;
  /** Of the Parse message. */
  readonly bytes: number;
  readonly declaredTypes: readonly number[];
  readonly admission: Proceed;
  /** The Sync segment it was sent in: until the server confirms it, nothing outside of this segment may rely on it. */
  readonly segment: number;
  confirmed: boolean;
  /** SQL may have dropped it, and made another under its name: ask the server before it is used again. */
  doubtful: boolean;
  /** The server's word on parameter types, once it was described. */
  parameterTypes: readonly number[] | undefined;
  /** A Describe was forwarded, so that {@link columns} will be known when rows come. */
  describeForwarded: boolean;
  /** Columns as described; formats are those of text. `null`: it returns no rows. */
  columns: readonly ResultColumn[] | null | undefined;
  /** The last RowDescription of the statement or of a portal of it, whole, and what it says. */
  lastDescription: { readonly bytes: Uint8Array; readonly columns: readonly ResultColumn[] } | undefined;
  /** Goes up when the description changes. */
  version: number;
  /** The version that {@link columns} was taken from. */
  describedAt: number;
  /** The last binding of a mask plan to the columns, for the next execution under the same plan and formats. */
  lastBinding: { readonly plan: MaskPlan; readonly formats: string; readonly rows: BoundRows } | undefined;
}

/** A portal of the client's, as it was forwarded. */
export interface Portal {
  readonly name: string;
  readonly statement: PreparedStatement;
  readonly parameters: readonly BoundParameter[];
  /** Of the Bind message. */
  readonly bytes: number;
  readonly resultFormats: readonly FormatCode[];
  /** What was decided at Bind: its plan stays with the portal, later ones may only add to it. */
  readonly admission: Proceed;
  readonly segment: number;
  confirmed: boolean;
  /** SQL may have closed it and opened another cursor under its name. */
  doubtful: boolean;
  describeForwarded: boolean;
  /** What its rows draw from, whatever number of Executes they come by. */
  returned: RowAllowance | undefined;
  /** Columns with the formats of this portal. `null`: it returns no rows. */
  columns: readonly ResultColumn[] | null | undefined;
}

/** Most bytes that the texts of one session's named statements, or the values of its named portals, may have together. */
export const MAX_PREPARED_BYTES = 64 << 20;

/** Most named statements, and most portals, that one session may have. */
export const MAX_PREPARED = 4096;

/**
 * Actions after which a name may stand for something else than was sent by the protocol: SQL shares the name spaces of prepared statements
 * and portals.
 */
const REBINDS_STATEMENTS: ReadonlySet<string> = new Set(['deallocate', 'discard', 'do', 'call', 'execute', 'unknown']);
const REBINDS_PORTALS: ReadonlySet<string> = new Set(['close', 'declare', 'discard', 'do', 'call', 'execute', 'unknown']);
/** They change state in ways that cannot reach a prepared name. */
const PLAIN_STATE: ReadonlySet<string> = new Set(['set', 'reset', 'begin', 'commit', 'rollback', 'savepoint', 'create', 'alter', 'drop']);

/** Entries by name. The unnamed one, which nearly every message uses, has a place of its own. */
export class NameTable<Entry extends { doubtful: boolean; readonly bytes: number }> {
  readonly #named = new Map<string, Entry>();
  #unnamed: Entry | undefined;
  #bytes = 0;
  /** Names whose last change the server has not answered, and the message that made it. */
  readonly #changed = new Map<string, object>();
  #unnamedBy: object | undefined;

  /** What an entry of so many bytes cannot be kept for, under a name that is not taken. */
  isFull(bytes: number): boolean {
    return this.#named.size >= MAX_PREPARED || this.#bytes + bytes > MAX_PREPARED_BYTES;
  }

  get(name: string): Entry | undefined {
    return name === '' ? this.#unnamed : this.#named.get(name);
  }

  /** The unanswered message that made the name what it is now. */
  changedBy(name: string): object | undefined {
    return name === '' ? this.#unnamedBy : this.#changed.get(name);
  }

  /** `undefined` forgets the name. `by`: the message that does it, until it is answered. */
  set(name: string, entry: Entry | undefined, by?: object): void {
    if (name === '') {
      this.#unnamed = entry;
      this.#unnamedBy = by;
      return;
    }
    if (by !== undefined) this.#changed.set(name, by);
    else if (this.#changed.size > 0) this.#changed.delete(name);
    this.#bytes += (entry?.bytes ?? 0) - (this.#named.get(name)?.bytes ?? 0);
    if (entry === undefined) this.#named.delete(name);
    else this.#named.set(name, entry);
  }

  clear(): void {
    this.#unnamed = undefined;
    this.#unnamedBy = undefined;
    this.#bytes = 0;
    if (this.#named.size > 0) this.#named.clear();
    if (this.#changed.size > 0) this.#changed.clear();
  }

  /** SQL may have put something else in the place of every name. */
  doubt(): void {
    for (const entry of this.#named.values()) entry.doubtful = true;
  }

  /** Keeps the names that are in `names`, without doubt; what has none is kept too. */
  verified(names: ReadonlySet<string>): void {
    for (const [name, entry] of this.#named) {
      if (names.has(name)) entry.doubtful = false;
      else this.set(name, undefined);
    }
  }
}

/** The statements and portals of one session by name, as they will stand when everything forwarded has run. */
export class PreparedNames {
  readonly statements = new NameTable<PreparedStatement>();
  readonly portals = new NameTable<Portal>();

  /** A statement of SQL was forwarded: names that it may have rebound are in doubt. */
  ran(action: string, changesState: boolean): void {
    const outOfSight = changesState && !PLAIN_STATE.has(action);
    if (outOfSight || REBINDS_STATEMENTS.has(action)) this.statements.doubt();
    if (outOfSight || REBINDS_PORTALS.has(action)) this.portals.doubt();
  }
}

/** Which protocol-made names are still prepared; see {@link NameTable.verified}. */
export const PREPARED_PROBE = 'SELECT name::pg_catalog.text FROM pg_catalog.pg_prepared_statements WHERE NOT from_sql';
