import type { SchemaChange, StatementFacts } from '../sql/facts.js';
import { type ColumnName, joinName } from '../sql/names.js';
import { partsOf, splitColumn } from './column-names.js';
import type { ProtectionMap } from './protection.js';

/** A column and the name it is about to get; `undefined` when that is not known. */
export interface RenamedColumn {
  readonly from: ColumnName;
  readonly to: ColumnName | undefined;
  /** What gets the new name: labels that a column has through its hierarchy survive a rename of the relation, not one of the column. */
  readonly what: 'column' | 'relation' | 'schema';
}

/** The columns that the statement gives another full name; of relations and schemas renamed, the columns with labels. */
export function renamedColumns(facts: StatementFacts, protection: ProtectionMap): RenamedColumn[] {
  return facts.schemaChanges.flatMap((change) => [...byColumn(change), ...byObject(change, protection)]);
}

function byColumn(change: SchemaChange): RenamedColumn[] {
  const relation = partsOf(change.name);
  return (change.columns ?? []).flatMap(({ operation, name, to }) => {
    if (operation !== 'rename') return [];
    return [{ from: joinName(...relation, name), to: to === undefined ? undefined : joinName(...relation, to), what: 'column' }];
  });
}

function byObject(change: SchemaChange, protection: ProtectionMap): RenamedColumn[] {
  const renamesColumns = change.columns?.some((column) => column.operation === 'rename') === true;
  if (change.to === undefined && (change.operation !== 'rename' || renamesColumns)) return [];
  if (change.kind === 'schema') return bySchema(change, protection);
  const to = change.to === undefined ? undefined : partsOf(change.to);
  return (protection.columnsOf.get(change.name) ?? []).map((from) => ({
    from,
    to: to?.length === 2 ? joinName(...to, splitColumn(from).name) : undefined,
    what: 'relation',
  }));
}

function bySchema(change: SchemaChange, protection: ProtectionMap): RenamedColumn[] {
  const [schema] = partsOf(change.name);
  return [...protection.columns.keys()].flatMap((from) => {
    const { parts } = splitColumn(from);
    if (parts[0] !== schema) return [];
    return [{ from, to: change.to === undefined ? undefined : joinName(...partsOf(change.to), ...parts.slice(1)), what: 'schema' }];
  });
}
