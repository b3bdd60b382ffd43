import type { DialectName } from '@sqlwarden/core';
import type { UnitParser } from '../parsing/unit-parser.js';
import { createSchemas, createTable, generatedValue, quotedName, quoteIdentifier, type TableShape } from '../schemas/table-shape.js';
import { type Analyse, type MeasuredStatement, truthOf } from './statement-truth.js';
import type { TruthServer } from './truth-server.js';
import type { TruthTotals } from './truth-totals.js';

/** Statements on one schema, each judged by itself. */
export interface Suite {
  readonly name: string;
  /** Suites of one group are counted together. */
  readonly group: string;
  readonly tables: readonly TableShape[];
  /** Statements run after the tables are made: views, functions. */
  readonly setup?: readonly string[];
  readonly statements: readonly MeasuredStatement[];
}

/** Rows in every generated table. */
const ROWS = 4;

export interface SuiteRun {
  readonly server: TruthServer;
  readonly parser: UnitParser;
  readonly analyse: Analyse;
  readonly totals: TruthTotals;
}

/** Makes the schema of a suite in an empty database and fills it. A table that the server refuses is reported by throwing. */
export async function prepareSuite(suite: Suite, server: TruthServer, dialect: DialectName): Promise<void> {
  const definitions = [
    ...createSchemas(dialect, suite.tables),
    ...suite.tables.map((table) => createTable(dialect, table)),
    ...(suite.setup ?? []),
  ];
  for (const definition of definitions) {
    if (!(await server.run(definition))) throw new Error(`the server refused a definition of the suite ${suite.name}: ${definition}`);
  }
  for (const table of suite.tables) {
    for (let row = 1; row <= ROWS; row += 1) await insertRow(table, row, server, dialect);
  }
  server.schemaMayHaveChanged();
}

async function insertRow(table: TableShape, row: number, server: TruthServer, dialect: DialectName): Promise<void> {
  const columns = table.columns.map(({ name }) => quoteIdentifier(dialect, name)).join(', ');
  const values = table.columns.map(({ type }) => `'${generatedValue(type, row)}'`).join(', ');
  await server.run(`INSERT INTO ${quotedName(dialect, table)} (${columns}) VALUES (${values})`);
}

/** Judges every statement of a suite whose schema is there. `then` sees each that was judged. */
export async function runSuite(
  suite: Suite,
  { server, parser, analyse, totals }: SuiteRun,
  then: (statement: MeasuredStatement, truth: Awaited<ReturnType<typeof truthOf>>) => Promise<void>,
): Promise<void> {
  for (const statement of suite.statements) {
    const truth = await truthOf(statement.sql, server, parser, analyse);
    totals.add(statement.id, truth);
    await then(statement, truth);
  }
}
