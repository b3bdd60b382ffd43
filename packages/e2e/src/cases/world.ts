import type {
  DialectName,
  ParsedUnit,
  ParseResult,
  ResolvedCatalogue,
  SqlState,
  Statement,
  UnitFacts,
  VariableFacts,
} from '@sqlwarden/core';
import * as mysql from '@sqlwarden/mysql';
import * as postgres from '@sqlwarden/postgres';
import * as sqlserver from '@sqlwarden/sqlserver';
import { type Case, loadSchema } from './case-file.js';
import type { Found } from './judge.js';

/** A dialect as cases need it: no server, no worker. */
export interface DialectWorld {
  /** The schema that unqualified names are made in; left out of names in cases. */
  readonly defaultSchema: string;
  readonly version: number;
  readonly lexical: Readonly<Record<string, string>>;
  readonly database: string;
  readonly searchPath: readonly string[];
  parse(
    text: string,
    context: { readonly serverVersion: number; readonly lexical: Readonly<Record<string, string>> },
  ): Promise<ParseResult>;
  catalogue(statements: readonly Statement[]): ResolvedCatalogue;
  analyse(unit: ParsedUnit, catalogue: ResolvedCatalogue, state: SqlState): UnitFacts;
}

/** Columns whose documents policy tells apart by their parts. */
const DOCUMENTS = new Set(['public.events.payload']);

const parsePostgres = postgres.createParser();

/** A session that has done nothing yet. */
const FRESH = { stateChangedInTransaction: false, schemaChangedInTransaction: false, variables: new Map<string, VariableFacts>() };

export const WORLDS: Readonly<Record<DialectName, DialectWorld>> = {
  postgres: {
    defaultSchema: 'public',
    version: 180_000,
    lexical: { standard_conforming_strings: 'on', search_path: 'public' },
    database: 'postgres',
    searchPath: ['pg_catalog', 'public'],
    parse: parsePostgres,
    catalogue: (statements) => postgres.catalogueFromDefinitions(statements),
    analyse: (unit, catalogue, state) => postgres.analyse(unit, { catalogue, state, documents: DOCUMENTS, ...FRESH }),
  },
  mysql: {
    defaultSchema: 'shop',
    version: 80_400,
    lexical: { flavour: 'mysql', sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '1' },
    database: 'shop',
    searchPath: ['shop'],
    parse: (text, context) => Promise.resolve(mysql.parseUnit(text, context)),
    catalogue: (statements) => mysql.catalogueFromDefinitions(statements, { database: 'shop' }),
    analyse: (unit, catalogue, state) => mysql.analyse(unit, { catalogue, state, ...FRESH }),
  },
  sqlserver: {
    defaultSchema: 'dbo',
    version: 16,
    lexical: { quoted_identifier: 'on', case_sensitive: 'off' },
    database: 'shop',
    searchPath: ['dbo', 'sys'],
    parse: (text, context) => Promise.resolve(sqlserver.parseUnit(text, context)),
    catalogue: (statements) => sqlserver.catalogueFromDefinitions(statements, { database: 'shop' }),
    analyse: (unit, catalogue, state) => sqlserver.analyse(unit, { catalogue, state, ...FRESH }),
  },
};

/** A case whose text was parsed: what is left to do is pure. */
export interface ParsedCase {
  readonly of: Case;
  readonly defaultSchema: string;
  readonly parsed: ParseResult;
  readonly state: SqlState;
  /** Makes the schema anew, so that nothing is remembered from another analysis. */
  readonly definitions: readonly Statement[];
}

/** Parses cases and their schemas. Rejects with an `Error` when a schema does not parse. */
export async function parseCases(cases: readonly Case[]): Promise<ParsedCase[]> {
  const schemas = new Map<string, Promise<readonly Statement[]>>();
  const parsed: ParsedCase[] = [];
  for (const one of cases) {
    const world = WORLDS[one.dialect];
    const key = `${one.dialect} ${one.schema}`;
    const definitions = schemas.get(key) ?? parseSchema(one, world);
    schemas.set(key, definitions);
    const lexical = { ...world.lexical, ...one.lexical };
    parsed.push({
      of: one,
      defaultSchema: world.defaultSchema,
      definitions: await definitions,
      parsed: await world.parse(one.sql, { serverVersion: one.version ?? world.version, lexical }),
      state: { id: 1, database: world.database, role: 'app', searchPath: world.searchPath, lexical },
    });
  }
  return parsed;
}

/** Batches stand between lines that say `go`. */
async function parseSchema({ schema, dialect }: Case, world: DialectWorld): Promise<readonly Statement[]> {
  const statements: Statement[] = [];
  for (const batch of loadSchema(schema, dialect).split(/^go$/m)) {
    const result = await world.parse(batch, { serverVersion: world.version, lexical: world.lexical });
    if (!result.ok) throw new Error(`schemas/${schema}: ${dialect}: ${result.failure.message} at ${result.failure.position ?? 0}`);
    statements.push(...(result.unit.statements as Statement[]));
  }
  return statements;
}

/** Analyses parsed cases; the catalogue of each schema is made once. */
export class CaseAnalysis {
  readonly #catalogues = new Map<readonly Statement[], ResolvedCatalogue>();

  find({ of, parsed, state, definitions }: ParsedCase): Found {
    if (!parsed.ok) return { refused: parsed.failure.kind };
    const world = WORLDS[of.dialect];
    const catalogue = this.#catalogues.get(definitions) ?? world.catalogue(definitions);
    this.#catalogues.set(definitions, catalogue);
    return { facts: world.analyse(parsed.unit, catalogue, state) };
  }
}
