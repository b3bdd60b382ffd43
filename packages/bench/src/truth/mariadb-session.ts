import { joinName } from '@sqlwarden/core';
import type { ColumnName, ParseContext, ReadCatalogue, ResolvedCatalogue, SqlState } from '@sqlwarden/core';
import { createCatalogueReader } from '@sqlwarden/mysql';
import mysql from 'mysql2';
import type { UnitParser } from '../parsing/unit-parser.js';
import type { DescribedColumn, Description, Rows, TruthServer } from './truth-server.js';

/** What MariaDB sends for a column of a prepared statement ("Column Definition Packet"): `orgTable` and `orgName` say where it comes from. */
interface ColumnDefinition {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly orgTable: string;
  readonly orgName: string;
}

const MAX_VIEW_DEPTH = 16;

/** A session that does not answer for longer is given up: the server ends statements that run for more than a few seconds. */
const DEADLINE_MS = 12_000;

export interface MariadbLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A session on MariaDB. Results are described by COM_STMT_PREPARE. */
export class MariadbSession implements TruthServer {
  readonly headerRules = { foldsNames: true, describesReturning: false };
  readonly #connection: mysql.Connection;
  /** Reads the catalogue: statements of the session may have changed its character sets and modes. */
  readonly #control: mysql.Connection;
  readonly #parser: UnitParser;
  readonly #read: ReadCatalogue = createCatalogueReader();
  #catalogue: ResolvedCatalogue | undefined;
  #version = 0;
  #lost = false;

  private constructor(connection: mysql.Connection, control: mysql.Connection, parser: UnitParser) {
    this.#connection = connection;
    this.#control = control;
    this.#parser = parser;
    for (const each of [connection, control]) each.on('error', () => (this.#lost = true));
  }

  static open(login: MariadbLogin, parser: UnitParser): MariadbSession {
    // What a value looks like is the server's own text.
    const typeCast = (field: { string(): string | null }): string | null => field.string();
    const options = { ...login, rowsAsArray: true, typeCast, charset: 'utf8mb4' };
    return new MariadbSession(mysql.createConnection(options), mysql.createConnection(options), parser);
  }

  get lost(): boolean {
    return this.#lost;
  }

  async describe(sql: string): Promise<Description> {
    if (this.#lost) return { ok: false, code: 'lost' };
    const described = await this.#columns(sql);
    if ('code' in described) return { ok: false, code: described.code };
    const columns: DescribedColumn[] = [];
    for (const column of described.columns) columns.push({ name: column.name, origins: await this.#origins(column, 0) });
    return { ok: true, columns };
  }

  #columns(sql: string): Promise<{ readonly columns: readonly ColumnDefinition[] } | { readonly code: string }> {
    return this.#inTime<{ readonly columns: readonly ColumnDefinition[] } | { readonly code: string }>({ code: 'lost' }, (resolve) => {
      this.#connection.prepare(sql, (error, statement) => {
        if (error !== null) return resolve({ code: error.code ?? 'lost' });
        const { columns } = statement as unknown as { readonly columns: readonly ColumnDefinition[] };
        statement.close();
        return resolve({ columns });
      });
    });
  }

  /**
   * The column that the server names, and those behind a view's. A derived table names itself; what is no relation of the catalogue says
   * nothing, and neither does one whose name is also that of a relation (`table` and `orgTable` are then equal and could be either).
   */
  async #origins({ schema, orgTable, orgName }: ColumnDefinition, depth: number): Promise<readonly ColumnName[]> {
    if (orgTable === '' || orgName === '' || depth > MAX_VIEW_DEPTH) return [];
    const { catalogue } = await this.catalogue();
    const database = schema === '' ? catalogue.database : schema;
    const relation = catalogue.relations.get(joinName(database, orgTable));
    const position = relation?.columns.findIndex(({ name }) => name === orgName.toLowerCase()) ?? -1;
    if (relation === undefined || position < 0) return [];
    // The catalogue's own names: those of system relations are folded.
    const own = joinName(relation.schema, relation.name, orgName.toLowerCase());
    if (relation.kind !== 'view') return [own];
    const [row] = (await this.rows(`SHOW CREATE VIEW \`${database}\`.\`${orgTable}\``)) ?? [];
    const definition = /\bVIEW `(?:[^`]|``)+`(?:\.`(?:[^`]|``)+`)? AS ([\s\S]*)$/.exec(row?.[1] ?? '')?.[1];
    const described = definition === undefined ? undefined : await this.#columns(definition);
    if (described === undefined || 'code' in described) return [own];
    const behind = described.columns[position];
    return behind === undefined ? [own] : [own, ...(await this.#origins(behind, depth + 1))];
  }

  async run(sql: string): Promise<boolean> {
    return (await this.#query(sql)) !== undefined;
  }

  rows(sql: string): Promise<Rows | undefined> {
    return this.#query(sql);
  }

  async change(sql: string, values: readonly (string | null)[]): Promise<boolean> {
    return (await this.#query(sql, values)) !== undefined;
  }

  /** Rows of a result; none for a statement without one. `undefined` when it fails. */
  #query(sql: string, values: readonly (string | null)[] = [], connection = this.#connection): Promise<Rows | undefined> {
    if (this.#lost) return Promise.resolve(undefined);
    return this.#inTime<Rows | undefined>(undefined, (resolve) => {
      connection.query(sql, [...values], (error, rows) =>
        resolve(error === null ? (Array.isArray(rows) ? (rows as unknown as Rows) : []) : undefined),
      );
    });
  }

  /** The answer that `ask` gives, or `late` at the deadline, when the session is lost. */
  #inTime<T>(late: T, ask: (resolve: (answer: T) => void) => void): Promise<T> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#lost = true;
        this.#destroy();
        resolve(late);
      }, DEADLINE_MS);
      ask((answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  async catalogue(): Promise<ResolvedCatalogue> {
    if (this.#catalogue === undefined) {
      this.#version += 1;
      const parse = this.#parser.parseText.bind(this.#parser);
      this.#catalogue = await this.#read((sql) => this.#answer(sql), this.#version, parse);
    }
    return this.#catalogue;
  }

  async #answer(sql: string): Promise<Rows> {
    const rows = await this.#query(sql, [], this.#control);
    if (rows === undefined) throw new Error(`the server refused a statement on its catalogue: ${sql.slice(0, 80)}`);
    return rows;
  }

  schemaMayHaveChanged(): void {
    this.#catalogue = undefined;
  }

  async state(): Promise<SqlState | undefined> {
    const [row] =
      (await this.rows(
        'SELECT DATABASE(), CURRENT_USER(), @@SESSION.sql_mode, @@SESSION.character_set_client, @@lower_case_table_names',
      )) ?? [];
    if (row === undefined) return undefined;
    const [database, role, sqlMode, charset, lowerCase] = row.map((value) => value ?? '');
    return {
      id: 1,
      database: database ?? '',
      role: role ?? '',
      searchPath: database === undefined || database === '' ? [] : [database],
      lexical: {
        flavour: 'mariadb',
        sql_mode: sqlMode ?? '',
        character_set_client: charset ?? '',
        lower_case_table_names: lowerCase ?? '0',
      },
    };
  }

  parseContext(state: SqlState): ParseContext {
    return { serverVersion: this.#catalogue?.catalogue.serverVersion ?? 101_119, lexical: state.lexical };
  }

  async close(): Promise<void> {
    if (!this.#lost) await this.#inTime<undefined>(undefined, (resolve) => this.#connection.end(() => resolve(undefined)));
    this.#destroy();
  }

  #destroy(): void {
    this.#connection.destroy();
    this.#control.destroy();
  }
}
