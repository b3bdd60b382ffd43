import type { Action, OutputColumn, StatementFacts } from '../sql/facts.js';
import type { ColumnName, RelationName } from '../sql/names.js';
import type { CompiledPolicy } from './compiled.js';
import { partsOf, splitColumn } from './column-names.js';
import { type Opacity, opacityOf } from './opacity.js';
import { labelsOf, type ProtectionMap } from './protection.js';

/** A statement with what rules ask of it, worked out once. */
export interface JudgedStatement {
  readonly facts: StatementFacts;
  readonly opacity: Opacity;
  /** Every column named, and every column of a relation that is emptied or removed. */
  readonly columns: readonly ColumnName[];
  /** Labels of those columns, sorted; every label of the upstream when unseen parts may read data. */
  readonly labels: readonly string[];
}

/** Statements that act on whole rows, whatever columns they name. */
const WHOLE_ROWS: ReadonlySet<Action> = new Set<Action>(['delete', 'truncate', 'drop', 'rename']);

export function judgedStatement(policy: CompiledPolicy, protection: ProtectionMap, facts: StatementFacts): JudgedStatement {
  const opacity = opacityOf(facts);
  const columns = touchedColumns(facts, protection);
  const labels = new Set(opacity.readsData ? protection.labels : []);
  for (const column of columns) for (const { label } of labelsOf(policy, protection, column)) labels.add(label);
  return { facts, opacity, columns, labels: [...labels].sort() };
}

/** The output columns that are known; none when the statement returns no rows or rows of unknown shape. */
export function outputColumns({ outputs }: StatementFacts): readonly OutputColumn[] {
  return outputs === undefined || outputs === 'unknown' ? [] : outputs;
}

function touchedColumns(facts: StatementFacts, protection: ProtectionMap): ColumnName[] {
  const columns = new Set<ColumnName>(facts.columns.map((use) => use.column));
  for (const output of outputColumns(facts)) {
    for (const origin of output.origins) columns.add(origin.column);
  }
  for (const flow of facts.flows) {
    for (const column of flow.from) columns.add(column);
    if (flow.to.kind === 'column') columns.add(flow.to.column);
  }
  for (const relation of wholeRelations(facts, protection)) {
    for (const column of protection.columnsOf.get(relation) ?? []) columns.add(column);
  }
  for (const column of changedColumns(facts, protection)) columns.add(column);
  return [...columns];
}

function wholeRelations(facts: StatementFacts, { columnsOf }: ProtectionMap): RelationName[] {
  const changed = facts.schemaChanges.filter((change) => change.operation === 'drop' || change.operation === 'rename');
  const schemas = emptiedSchemas(facts);
  const inside = schemas.length === 0 ? [] : [...columnsOf.keys()].filter((name) => schemas.includes(schemaOf(name) ?? ''));
  return [...(WHOLE_ROWS.has(facts.action) ? facts.writes : []), ...changed.map((change) => change.name), ...inside];
}

/** Schemas that are removed, or get another name, with everything in them. */
export function emptiedSchemas({ schemaChanges }: StatementFacts): readonly string[] {
  return schemaChanges
    .filter(({ kind, operation }) => kind === 'schema' && (operation === 'drop' || operation === 'rename'))
    .flatMap(({ name }) => partsOf(name).slice(-1));
}

function schemaOf(relation: RelationName): string | undefined {
  return partsOf(relation).at(-2);
}

/** Columns that a schema statement changes by name, those that have labels. */
function changedColumns(facts: StatementFacts, protection: ProtectionMap): ColumnName[] {
  return facts.schemaChanges.flatMap((change) => {
    const names = new Set(change.columns?.map((column) => column.name));
    return (protection.columnsOf.get(change.name) ?? []).filter((column) => names.has(splitColumn(column).name));
  });
}
