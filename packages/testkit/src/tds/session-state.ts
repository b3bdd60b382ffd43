import type { CannedSqlServerColumn, CannedValue } from './canned-answers.js';
import { isAtLeast, type TdsVersion } from './tds-version.js';
import { envchange } from './tokens.js';

/** A cursor over the rows of a canned table. */
export interface Cursor {
  readonly columns: readonly CannedSqlServerColumn[];
  readonly rows: readonly (readonly CannedValue[])[];
  /** The first row of the last fetch, and how many rows it had; -1 before the first. */
  position: number;
  fetched: number;
}

/** What a session keeps between requests. */
export class SessionState {
  readonly version: TdsVersion;
  readonly #home: string;
  database: string;
  readonly statements = new Map<number, string>();
  readonly cursors = new Map<number, Cursor>();
  #handles = 0;
  #depth = 0;
  #descriptor = 0n;

  constructor(version: TdsVersion, database: string) {
    this.version = version;
    this.#home = database;
    this.database = database;
  }

  get inTransaction(): boolean {
    return this.#depth > 0;
  }

  /** For prepared statements and cursors alike. */
  newHandle(): number {
    this.#handles += 1;
    return this.#handles;
  }

  setDatabase(name: string): Buffer {
    const before = this.database;
    this.database = name;
    return envchange.database(name, before);
  }

  /** As RESETCONNECTION does. */
  reset(keepsTransaction: boolean): Buffer {
    this.database = this.#home;
    this.statements.clear();
    this.cursors.clear();
    if (!keepsTransaction) this.#depth = 0;
    return envchange.reset();
  }

  begin(): Buffer {
    this.#depth += 1;
    if (this.#depth > 1) return Buffer.alloc(0);
    this.#descriptor += 1n;
    return this.#told(envchange.begun(this.#descriptor));
  }

  /** `undefined` without a transaction. */
  commit(): Buffer | undefined {
    if (this.#depth === 0) return undefined;
    this.#depth -= 1;
    return this.#depth > 0 ? Buffer.alloc(0) : this.#told(envchange.committed(this.#descriptor));
  }

  /** `undefined` without a transaction. */
  rollback(): Buffer | undefined {
    if (this.#depth === 0) return undefined;
    this.#depth = 0;
    return this.#told(envchange.rolledBack(this.#descriptor));
  }

  /** Before TDS 7.2 clients know of no transactions. */
  #told(token: Buffer): Buffer {
    return isAtLeast(this.version, '7.2') ? token : Buffer.alloc(0);
  }
}
