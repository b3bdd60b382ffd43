import { unreachable } from '../unreachable.js';
import type { SchemaChange } from './facts.js';
import type { Expression, ForeignKey, NameParts } from './model.js';
import { joinName, type RelationName, splitName } from './names.js';
import type { ResolvedRelation } from './resolve/context.js';
import { ROOT, type Scope } from './resolve/scope.js';
import { type Column, derive, either, stored } from './resolve/value.js';
import { findNamed, type Part, refersTo, type Run } from './run.js';
import { checkExpressions, columnValue, foreignKeys, plainColumn, relationScope, typeText } from './run-schema.js';
import type { AlterAction, AlterRelation, ColumnPosition } from './statement.js';

/** ALTER TABLE and its kin, action by action. */

/** The relation as the actions so far have left it. */
interface Altered {
  readonly run: Run;
  readonly statement: AlterRelation;
  name: RelationName;
  columns: readonly Column[];
  readonly relation: ResolvedRelation | undefined;
  readonly columnChanges: NonNullable<SchemaChange['columns']>[number][];
  /** Children that leave their parents. */
  readonly departures: SchemaChange[];
  /** The relation's later name, when it is renamed or moved. */
  movedTo: RelationName | undefined;
  /** What is to be done when the statement is. */
  readonly after: (() => void)[];
}

export function runAlter(run: Run, statement: AlterRelation): Part {
  const { r } = run;
  r.effects.raise('schema');
  const { name, relation } = findNamed(run, statement.name);
  r.effects.writes.add(name);
  const altered: Altered = {
    run,
    statement,
    name,
    columns: relation?.outputs.columns ?? [],
    relation,
    columnChanges: [],
    departures: [],
    movedTo: undefined,
    after: [],
  };
  for (const action of statement.actions) alter(altered, action);
  return { action: actionOf(statement), changes: changesOf(altered), after: () => afterAlter(altered) };
}

function actionOf(statement: AlterRelation): 'rename' | 'alter' {
  const renames =
    statement.actions.length > 0 && statement.actions.every((action) => action.kind === 'rename' || action.kind === 'rename-column');
  return renames ? 'rename' : 'alter';
}

function changesOf(altered: Altered): SchemaChange[] {
  const { statement, name, movedTo, columnChanges } = altered;
  const change: SchemaChange = {
    operation: actionOf(statement),
    kind: statement.objectKind,
    name,
    ...(columnChanges.length === 0 ? {} : { columns: columnChanges }),
  };
  // A rename follows the change that it belongs to.
  const renamed: SchemaChange[] = movedTo === undefined ? [] : [{ operation: 'rename', kind: statement.objectKind, name: movedTo }];
  return [change, ...renamed, ...altered.departures];
}

function alter(altered: Altered, action: AlterAction): void {
  const { run } = altered;
  switch (action.kind) {
    case 'add-column':
      addColumn(altered, action);
      return;
    case 'drop-column':
      altered.columnChanges.push({ operation: 'drop', name: action.name });
      altered.columns = altered.columns.filter((column) => column.name !== action.name);
      return;
    case 'alter-column':
      alterColumn(altered, action);
      return;
    case 'rename-column':
      renameColumn(altered, action.name, action.to);
      return;
    case 'rename':
      moveTo(altered, joinName(...splitName(altered.movedTo ?? altered.name).slice(0, -1), action.to));
      return;
    case 'set-schema':
      moveTo(
        altered,
        run.unit.newName(
          [...(action.schema === undefined ? [] : [action.schema]), splitName(altered.movedTo ?? altered.name).at(-1) ?? ''],
          false,
        ),
      );
      return;
    case 'attach':
      attach(altered, action.relation, action.as);
      return;
    case 'detach':
      detach(altered, action.relation, action.as);
      return;
    case 'exchange':
      exchange(altered, action.relation);
      return;
    case 'other':
      for (const relation of action.relations) refersTo(run, relation);
      addKeys(altered, action.foreignKeys);
      compareRows(altered, [...(action.unique ?? []), ...(action.foreignKeys ?? []).flatMap((key) => key.columns)]);
      checkExpressions(run, action.expressions, scopeOf(altered));
      if (action.privileges === true) {
        run.r.effects.raise('privilege');
        run.r.effects.elevated = true;
      }
      return;
    default:
      unreachable(action);
  }
}

function addKeys({ run, statement, name, columns, after }: Altered, keys: readonly ForeignKey[] = []): void {
  after.push(foreignKeys(run, statement.name, name, keys, columns));
}

/** The values that are there are compared with one another, or with those that they have to be among. */
function compareRows({ run, columns }: Altered, names: readonly string[]): void {
  for (const column of columns) if (names.includes(column.name)) run.r.effects.use(column.value, 'predicate-equality');
}

function scopeOf(altered: Altered): Scope {
  const known = altered.relation === undefined ? undefined : { columns: altered.columns, complete: altered.relation.outputs.complete };
  return relationScope(altered.run, altered.statement.name, ROOT, known);
}

function addColumn(altered: Altered, action: AlterAction & { kind: 'add-column' }): void {
  const { column } = action;
  altered.columnChanges.push({ operation: 'add', name: column.name, type: typeText(column.type) });
  addKeys(altered, column.foreignKeys);
  if (altered.columns.some((existing) => existing.name === column.name)) return;
  const plain = plainColumn(altered.name, column);
  const { columns } = altered;
  altered.columns = [...columns, plain];
  const value = columnValue(altered.run, column, plain.value, scopeOf(altered));
  altered.columns = placed(columns, { ...plain, value }, action.position);
}

function placed(columns: readonly Column[], column: Column, position: ColumnPosition | undefined): readonly Column[] {
  if (position === undefined) return [...columns, column];
  const after = position === 'first' ? 0 : columns.findIndex((known) => known.name === position.after) + 1;
  return [...columns.slice(0, after), column, ...columns.slice(after)];
}

function alterColumn(altered: Altered, action: AlterAction & { kind: 'alter-column' }): void {
  const { run } = altered;
  altered.columnChanges.push({ operation: 'alter', name: action.name, ...(action.type === undefined ? {} : { type: action.type }) });
  const moved = altered.columns.find((known) => known.name === action.name);
  if (action.position !== undefined && moved !== undefined) {
    const others = altered.columns.filter((known) => known !== moved);
    altered.columns = placed(others, moved, action.position);
  }
  const scope = scopeOf(altered);
  if (action.type !== undefined) rewrite(altered, action.name);
  const values = action.expressions.map((expression) => run.r.value(expression, scope));
  if (values.length === 0) return;
  const value = derive(values);
  const column = `${altered.name}.${joinName(action.name)}`;
  // A bare conversion is judged as the change of type that it is part of.
  const converts = action.expressions.every((expression) => isConversion(expression, action.name));
  const flowing = new Map([...value.origins].filter(([origin]) => !converts || origin !== column));
  run.r.effects.flow({ ...value, origins: flowing, via: [] }, { kind: 'column', column });
  altered.columns = altered.columns.map((known) =>
    known.name === action.name ? { ...known, value: either([known.value, derive([value])]) } : known,
  );
}

/** A new type writes every value of the column again. */
function rewrite({ run, columns }: Altered, name: string): void {
  for (const column of columns.find((known) => known.name === name)?.value.origins.keys() ?? [])
    run.r.effects.useColumn(column, 'write-target');
}

/** The column itself, under casts that do not cut it. */
function isConversion(expression: Expression, name: string): boolean {
  if (expression.kind === 'cast') return expression.type.modified !== true && isConversion(expression.operand, name);
  return expression.kind === 'column' && expression.name === name;
}

/** The renamed column goes on to hold what the old name is known for. */
function renameColumn(altered: Altered, from: string, to: string): void {
  altered.columnChanges.push({ operation: 'rename', name: from, to });
  altered.columns = altered.columns.map((column) =>
    column.name === from ? { ...column, name: to, value: either([column.value, stored(`${altered.name}.${joinName(to)}`)]) } : column,
  );
}

function moveTo(altered: Altered, name: RelationName): void {
  altered.movedTo = name;
}

/** A parent shows the rows of its children. */
function attach(altered: Altered, name: NameParts, as: 'child' | 'parent'): void {
  const { effects } = altered.run.r;
  const other = findNamed(altered.run, name);
  effects.reads.add(other.name);
  effects.writes.add(other.name);
  const childColumns = as === 'child' ? (other.relation?.outputs.columns ?? []) : altered.columns;
  const parent = as === 'child' ? altered.name : other.name;
  for (const column of childColumns) effects.flow(column.value, { kind: 'column', column: `${parent}.${joinName(column.name)}` });
}

/** Rows move from one to the other, and the other way round. */
function exchange(altered: Altered, name: NameParts): void {
  const { run, columns } = altered;
  const { effects } = run.r;
  const other = findNamed(run, name);
  for (const relation of [altered.name, other.name]) {
    effects.reads.add(relation);
    effects.writes.add(relation);
  }
  if (other.relation === undefined) effects.opaque({ kind: 'unknown-relation', detail: other.name });
  for (const [at, column] of columns.entries()) {
    const there = other.relation?.outputs.columns[at];
    if (there === undefined) continue;
    effects.flow(column.value, { kind: 'column', column: `${other.name}.${joinName(there.name)}` });
    effects.flow(there.value, { kind: 'column', column: `${altered.name}.${joinName(column.name)}` });
  }
}

/** A child has what its parent gave it by being one. */
function detach(altered: Altered, name: NameParts, as: 'child' | 'parent'): void {
  const { effects } = altered.run.r;
  const other = findNamed(altered.run, name);
  effects.reads.add(other.name);
  effects.writes.add(other.name);
  const [child, parent] = as === 'child' ? [other.name, altered.name] : [altered.name, other.name];
  altered.departures.push({ operation: 'alter', kind: altered.statement.objectKind, name: child, leaves: parent });
}

function afterAlter(altered: Altered): void {
  const { run, name, relation, columns, movedTo } = altered;
  const { unit } = run;
  for (const add of altered.after) add();
  if (movedTo !== undefined) unit.references.rename(name, movedTo);
  if (relation === undefined) {
    unit.obscure(name);
    if (movedTo !== undefined) unit.obscure(movedTo);
    return;
  }
  unit.keepBase(relation);
  const changesColumns = altered.columnChanges.length > 0 || movedTo !== undefined;
  const attached = altered.statement.actions.some((action) => action.kind === 'attach');
  if (attached) unit.obscure(name);
  if (!changesColumns || attached) return;
  const { catalogued: _, ...rest } = relation;
  const carried = columns.map((column) => (movedTo === undefined ? column : carry(column, movedTo)));
  if (movedTo !== undefined) unit.drop(name);
  if (!relation.outputs.complete) unit.obscure(movedTo ?? name);
  else unit.create(movedTo ?? name, carried, { ...rest, name: movedTo ?? name, outputs: { columns: carried, complete: true } });
}

function carry(column: Column, relation: RelationName): Column {
  return { ...column, value: either([column.value, stored(`${relation}.${joinName(column.name)}`)]) };
}
