import { joinName, splitName } from '@sqlwarden/core';
import type {
  Catalogue,
  CatalogueColumn,
  CatalogueRelation,
  ColumnName,
  DialectName,
  OutputColumn,
  RelationName,
  RoutineUse,
  StatementFacts,
} from '@sqlwarden/core';
import { quoteIdentifier } from '../schemas/table-shape.js';
import type { Rows, TruthServer } from './truth-server.js';

/**
 * Canaries: change one cell of a base table, run the query again, and see which outputs change. Each of them must have named the column, as an
 * origin or as something that decides which rows there are. All of it happens in a transaction that is rolled back.
 */

export interface CanaryResult {
  /** Cells that were changed. */
  readonly cells: number;
  /** Outputs that changed with one of them. */
  readonly changes: number;
  /** Outputs that changed though the facts name the column nowhere that could explain it: `position column`. */
  readonly unclaimed: readonly string[];
  /** Origins of outputs that were tried, and those of them that no change of a cell showed. */
  readonly claims: number;
  readonly idleClaims: number;
}

/** Columns that a statement does not name and that are tried all the same, for each statement. */
const MAX_OTHER_COLUMNS = 12;

/** Two rows are tried in turn: changes of one that a condition leaves out show nothing. */
const ROWS_TO_TRY = ['first', 'last'] as const;
type RowToTry = (typeof ROWS_TO_TRY)[number];

export interface CanaryTarget {
  readonly server: TruthServer;
  readonly dialect: DialectName;
  readonly catalogue: Catalogue;
}

/** Runs canaries for one query. `undefined` where its rows are not the same when nothing was changed, or it fails. */
export async function runCanaries(sql: string, facts: StatementFacts, target: CanaryTarget): Promise<CanaryResult | undefined> {
  const { outputs } = facts;
  if (outputs === undefined || outputs === 'unknown' || facts.class !== 'read') return undefined;
  const { server } = target;
  const first = await server.rows(sql);
  const again = await server.rows(sql);
  if (first === undefined || again === undefined || !sameRows(first, again)) return undefined;
  const result = { cells: 0, changes: 0, unclaimed: [] as string[], claims: 0, idleClaims: 0 };
  // Conditions inside views are those of their makers (docs/decisions/0006): they change outputs, and the facts do not name them.
  const throughViews = facts.reads.some((name) => target.catalogue.relations.get(name)?.kind !== 'table') || facts.routines.some(isUsers);
  const shown = new Set<string>();
  const tried = new Set<ColumnName>();
  for (const { relation, column, name } of columnsToTry(facts, outputs, target.catalogue)) {
    for (const row of ROWS_TO_TRY) {
      const changed = await changedOutputs(sql, { relation, column, row }, outputs.length, target);
      if (changed === undefined) continue;
      result.cells += 1;
      result.changes += changed.length;
      tried.add(name);
      for (const position of changed) {
        shown.add(`${position} ${name}`);
        if (!throughViews && !mayChange(facts, outputs[position], name)) result.unclaimed.push(`${position} ${name}`);
      }
    }
  }
  for (const [position, output] of outputs.entries()) {
    for (const { column } of output.origins) {
      if (!tried.has(column)) continue;
      result.claims += 1;
      if (!shown.has(`${position} ${column}`)) result.idleClaims += 1;
    }
  }
  return result;
}

/** A column that decides which rows there are may change every output; one that is only output, those that name it. */
function mayChange(facts: StatementFacts, output: OutputColumn | undefined, name: ColumnName): boolean {
  if (output === undefined || output.opaque || output.origins.some(({ column }) => column === name)) return true;
  return facts.columns.some(({ column, use }) => column === name && use !== 'output' && use !== 'count' && use !== 'failure');
}

/** Routines with bodies of their own hide conditions as views do. */
function isUsers({ name }: RoutineUse): boolean {
  return splitName(name)[0] !== 'pg_catalog';
}

interface TriedColumn {
  readonly relation: CatalogueRelation;
  readonly column: CatalogueColumn;
  readonly name: ColumnName;
}

/** Every base column that the facts name, and some that they do not, of the tables that are read. */
function columnsToTry(facts: StatementFacts, outputs: readonly OutputColumn[], catalogue: Catalogue): readonly TriedColumn[] {
  const named = new Set([
    ...facts.columns.map(({ column }) => column),
    ...outputs.flatMap(({ origins }) => origins.map(({ column }) => column)),
  ]);
  const all = facts.reads.flatMap((relationName: RelationName): readonly TriedColumn[] => {
    const relation = catalogue.relations.get(relationName);
    if (relation === undefined || relation.kind !== 'table') return [];
    return relation.columns
      .filter(({ generated }) => generated !== true)
      .map((column) => ({ relation, column, name: joinName(...splitName(relationName), column.name) }));
  });
  const others = all.filter(({ name }) => !named.has(name));
  return [...all.filter(({ name }) => named.has(name)), ...others.slice(0, MAX_OTHER_COLUMNS)];
}

/** Positions of the outputs that differ between the cell as it is and the cell changed; `undefined` when it could not be changed. */
async function changedOutputs(
  sql: string,
  cell: { readonly relation: CatalogueRelation; readonly column: CatalogueColumn; readonly row: RowToTry },
  width: number,
  { server, dialect }: CanaryTarget,
): Promise<readonly number[] | undefined> {
  const value = changedValue(cell.column.type);
  if (value === undefined) return undefined;
  // Writing a row moves it: what is compared with is the same row written without a change.
  const before = await rowsAfter(updateCell(dialect, cell, undefined), [], sql, server);
  const after = await rowsAfter(updateCell(dialect, cell, value), [value], sql, server);
  if (before === undefined || after === undefined) return undefined;
  const positions: number[] = [];
  for (let position = 0; position < width; position += 1) if (!sameRows(before, after, position)) positions.push(position);
  return positions;
}

async function rowsAfter(update: string, values: readonly string[], sql: string, server: TruthServer): Promise<Rows | undefined> {
  await server.run('SAVEPOINT canary');
  const rows = (await server.change(update, values)) ? await server.rows(sql) : undefined;
  await server.run('ROLLBACK TO SAVEPOINT canary');
  return rows;
}

/** The statement that writes one row: the column as it is, or the bound value. */
function updateCell(
  dialect: DialectName,
  { relation, column, row }: { readonly relation: CatalogueRelation; readonly column: CatalogueColumn; readonly row: RowToTry },
  value: string | undefined,
): string {
  const table = `${quoteIdentifier(dialect, relation.schema)}.${quoteIdentifier(dialect, relation.name)}`;
  const target = quoteIdentifier(dialect, column.name);
  if (dialect === 'mysql') {
    const order = quoteIdentifier(dialect, relation.columns[0]?.name ?? column.name);
    return `UPDATE ${table} SET ${target} = ${value === undefined ? target : '?'} ORDER BY ${order}${row === 'last' ? ' DESC' : ''} LIMIT 1`;
  }
  const pick = row === 'first' ? 'min' : 'max';
  return `UPDATE ${table} SET ${target} = ${value === undefined ? target : '$1'} WHERE ctid = (SELECT ${pick}(ctid) FROM ${table})`;
}

/** Values of no generated or written row; `undefined` for a type that is not tried. */
const CHANGED_VALUES: readonly (readonly [RegExp, string])[] = [
  [/^(?:big|small|medium)?int|^integer|^numeric|^decimal|^double|^real|^float/, '77'],
  [/^tinyint|^bool/, '0'],
  [/^timestamp|^datetime/, '1999-09-09 09:09:09'],
  [/^date/, '1999-09-09'],
  [/^time/, '09:09:09'],
  [/^json/, '{"a": "canary"}'],
  [/char|text|name/, 'canary'],
];

function changedValue(type: string): string | undefined {
  return CHANGED_VALUES.find(([pattern]) => pattern.test(type))?.[1];
}

/** Whether two results have the same rows in some order; of one column only when `position` is given. */
export function sameRows(left: Rows, right: Rows, position?: number): boolean {
  return left.length === right.length && sortedKeys(left, position) === sortedKeys(right, position);
}

function sortedKeys(rows: Rows, position: number | undefined): string {
  return rows
    .map((row) => JSON.stringify(position === undefined ? row : row[position]))
    .sort()
    .join('\n');
}
