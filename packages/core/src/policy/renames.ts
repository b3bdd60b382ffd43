import type { SchemaChange, StatementFacts } from '../sql/facts.js';
import { type ColumnName, joinName } from '../sql/names.js';
import { partsOf, splitColumn } from './column-names.js';
import type { ProtectionMap } from './protection.js';

/** A column and the name it is about to get; `undefined` when that is not known. */
export interface RenamedColumn {
  readonly from: ColumnName;
  readonly to: ColumnName | undefined;
  /**
   * What gets the new name: labels that a column has through its hierarchy survive a rename of the relation, not one of the column.
   * `hierarchy`: it keeps its name and loses what it has through its parent.
   */
  readonly what: 'column' | 'relation' | 'schema' | 'hierarchy';
}

/** The columns that the statement gives another full name; of relations and schemas renamed, the columns with labels. */
export function renamedColumns(facts: StatementFacts, protection: ProtectionMap): RenamedColumn[] {
  return facts.schemaChanges.flatMap((change, at) => {
    const to = laterName(change, facts.schemaChanges[at + 1]);
    return [...byColumn(change), ...byObject(change, to, protection), ...byParent(change, protection)];
  });
}

function laterName(change: SchemaChange, next: SchemaChange | undefined): string | undefined {
  const follows = next?.operation === 'rename' && next.kind === change.kind && next.columns === undefined && next.name !== change.name;
  return follows ? next.name : undefined;
}

function byColumn(change: SchemaChange): RenamedColumn[] {
  const relation = partsOf(change.name);
  return (change.columns ?? []).flatMap(({ operation, name, to }) => {
    if (operation !== 'rename') return [];
    return [{ from: joinName(...relation, name), to: to === undefined ? undefined : joinName(...relation, to), what: 'column' }];
  });
}

/** A rename to a name that is not given loses whatever protection goes by the name. */
function byObject(change: SchemaChange, newName: string | undefined, protection: ProtectionMap): RenamedColumn[] {
  const renamesColumns = change.columns?.some((column) => column.operation === 'rename') === true;
  if (newName === undefined && (change.operation !== 'rename' || renamesColumns)) return [];
  if (change.kind === 'schema') return bySchema(change, newName, protection);
  const to = newName === undefined ? undefined : partsOf(newName);
  return (protection.columnsOf.get(change.name) ?? []).map((from) => ({
    from,
    to: to?.length === 2 ? joinName(...to, splitColumn(from).name) : undefined,
    what: 'relation',
  }));
}

function byParent(change: SchemaChange, protection: ProtectionMap): RenamedColumn[] {
  if (change.leaves === undefined) return [];
  return (protection.columnsOf.get(change.name) ?? []).map((from) => ({ from, to: from, what: 'hierarchy' }));
}

function bySchema(change: SchemaChange, newName: string | undefined, protection: ProtectionMap): RenamedColumn[] {
  const [schema] = partsOf(change.name);
  return [...protection.columns.keys()].flatMap((from) => {
    const { parts } = splitColumn(from);
    if (parts[0] !== schema) return [];
    return [{ from, to: newName === undefined ? undefined : joinName(...partsOf(newName), ...parts.slice(1)), what: 'schema' }];
  });
}
