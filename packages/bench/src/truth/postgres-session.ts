import { joinName } from '@sqlwarden/core';
import type { ColumnName, ParseContext, ReadCatalogue, ResolvedCatalogue, SqlState } from '@sqlwarden/core';
import { postgresDialect } from '@sqlwarden/postgres';
import pg from 'pg';
import type { UnitParser } from '../parsing/unit-parser.js';
import type { DescribedColumn, Description, Rows, TruthServer } from './truth-server.js';

/** Views inside views deeper than this are not followed. */
const MAX_VIEW_DEPTH = 16;

/** A session on PostgreSQL. Results are described through Parse and Describe of the extended query protocol ("Message Formats"). */
export class PostgresSession implements TruthServer {
  readonly headerRules = { foldsNames: false, describesReturning: true };
  readonly #client: pg.Client;
  readonly #parser: UnitParser;
  readonly #read: ReadCatalogue = postgresDialect.createCatalogueReader();
  #catalogue: ResolvedCatalogue | undefined;
  #version = 0;
  #lost = false;

  private constructor(client: pg.Client, parser: UnitParser) {
    this.#client = client;
    this.#parser = parser;
    client.on('error', () => (this.#lost = true));
  }

  static async open(url: string, parser: UnitParser): Promise<PostgresSession> {
    const client = new pg.Client({ connectionString: url });
    const session = new PostgresSession(client, parser);
    await client.connect();
    return session;
  }

  /** The connection is gone: a statement ended it. */
  get lost(): boolean {
    return this.#lost;
  }

  async describe(sql: string): Promise<Description> {
    if (this.#lost) return { ok: false, code: 'lost' };
    const described = await this.#fields(sql);
    if ('code' in described) return { ok: false, code: described.code };
    const columns: DescribedColumn[] = [];
    for (const field of described.fields)
      columns.push({ name: field.name, origins: await this.#origins(field.tableID, field.columnID, 0) });
    return { ok: true, columns };
  }

  #fields(sql: string): Promise<{ readonly fields: readonly pg.FieldDef[] } | { readonly code: string }> {
    return new Promise((resolve) => this.#client.query(new DescribeStatement(sql, resolve)));
  }

  /** RowDescription names the relation of the FROM clause, which may be a view: then the columns that its definition describes are told, too. */
  async #origins(relationId: number, columnNumber: number, depth: number): Promise<readonly ColumnName[]> {
    if (relationId === 0 || columnNumber <= 0 || depth > MAX_VIEW_DEPTH) return [];
    const { catalogue } = await this.catalogue();
    const relation = catalogue.relationsById.get(relationId);
    const column = relation?.columns.find(({ number }) => number === columnNumber);
    if (relation === undefined || column === undefined) return [];
    const own = joinName(relation.schema, relation.name, column.name);
    if (relation.kind !== 'view' && relation.kind !== 'materialized-view') return [own];
    const [row] = (await this.rows(`SELECT pg_catalog.pg_get_viewdef(${relationId})`)) ?? [];
    const definition = row?.[0];
    if (typeof definition !== 'string') return [own];
    const described = await this.#fields(definition);
    if ('code' in described) return [own];
    const behind = described.fields[columnNumber - 1];
    return behind === undefined ? [own] : [own, ...(await this.#origins(behind.tableID, behind.columnID, depth + 1))];
  }

  async run(sql: string): Promise<boolean> {
    if (this.#lost) return false;
    try {
      await this.#client.query(sql);
      return true;
    } catch {
      return false;
    }
  }

  async rows(sql: string): Promise<Rows | undefined> {
    if (this.#lost) return undefined;
    try {
      return await this.#rowsAsText(sql);
    } catch {
      return undefined;
    }
  }

  async change(sql: string, values: readonly (string | null)[]): Promise<boolean> {
    if (this.#lost) return false;
    try {
      await this.#client.query(sql, [...values]);
      return true;
    } catch {
      return false;
    }
  }

  async #rowsAsText(text: string): Promise<Rows> {
    const types = { getTypeParser: () => (value: string) => value };
    return (await this.#client.query<(string | null)[]>({ text, rowMode: 'array', types })).rows;
  }

  async catalogue(): Promise<ResolvedCatalogue> {
    if (this.#catalogue === undefined) {
      this.#version += 1;
      const parse = this.#parser.parseText.bind(this.#parser);
      this.#catalogue = await this.#read((sql) => this.#rowsAsText(sql), this.#version, parse);
    }
    return this.#catalogue;
  }

  schemaMayHaveChanged(): void {
    this.#catalogue = undefined;
  }

  async state(): Promise<SqlState | undefined> {
    try {
      return await postgresDialect.readState((sql) => this.#rowsAsText(sql));
    } catch {
      return undefined;
    }
  }

  parseContext(state: SqlState): ParseContext {
    return { serverVersion: this.#catalogue?.catalogue.serverVersion ?? 180_000, lexical: state.lexical };
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }
}

/** Parse and Describe without Bind: the server analyses the statement and says the shape of its result. Handlers are those that pg calls. */
class DescribeStatement implements pg.Submittable {
  readonly #sql: string;
  readonly #done: (described: { readonly fields: readonly pg.FieldDef[] } | { readonly code: string }) => void;
  #fields: readonly pg.FieldDef[] = [];

  constructor(sql: string, done: (described: { readonly fields: readonly pg.FieldDef[] } | { readonly code: string }) => void) {
    this.#sql = sql;
    this.#done = done;
  }

  submit(connection: pg.Connection): void {
    connection.parse({ name: '', text: this.#sql, types: [] }, true);
    connection.describe({ type: 'S', name: '' }, true);
    connection.sync();
  }

  handleRowDescription(message: { readonly fields: readonly pg.FieldDef[] }): void {
    this.#fields = message.fields;
  }

  handleError(error: { readonly code?: string }): void {
    this.#done({ code: error.code ?? 'lost' });
  }

  handleReadyForQuery(): void {
    this.#done({ fields: this.#fields });
  }
}
