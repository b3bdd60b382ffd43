import type { ReferenceTo } from '../catalog/references.js';
import type { ColumnDefinition, Expression, ForeignKey, NameParts, TypeName } from './model.js';
import { joinName, type RelationName, splitName } from './names.js';
import { applyRoutine } from './resolve/call.js';
import { temporarySchema } from './resolve/relations.js';
import { type Namespace, namespaceOf, openScope, rangeOf, ROOT, type Scope } from './resolve/scope.js';
import { type Column, derive, either, NO_OUTPUTS, NOTHING, OPAQUE, type Outputs, stored, type Value } from './resolve/value.js';
import { changes, findNamed, type Part, refersTo, type Run } from './run.js';
import { judgeBody } from './run-body.js';
import { rowScope } from './resolve/trigger-rows.js';
import type {
  CreateRoutine,
  CreateRule,
  CreateTable,
  CreateTableAs,
  CreateTrigger,
  CreateView,
  RefreshView,
  Statement,
} from './statement.js';
import { carriedColumns, relationOf } from './changed-relations.js';
import type { UnitState } from './unit-state.js';

/** Statements that make, change and remove objects of the schema. What they install is judged by its body as if it ran. */

/** The scope of expressions on a relation. Of a relation that is not known every column is taken to be there, and to hold anything. */
export function relationScope(run: Run, name: NameParts, outer: Scope, own?: Outputs): Scope {
  const { relation } = findNamed(run, name);
  const scope = openScope(outer);
  const outputs = own ?? relation?.outputs;
  const range = rangeOf(name.at(-1), outputs ?? { columns: [], complete: true }, { systemColumns: true });
  scope.namespaces.push(namespaceOf(outputs === undefined ? { ...range, more: OPAQUE } : range));
  return scope;
}

/** Conditions that stored rows are held against: whether it works tells about them. */
export function checkExpressions(run: Run, expressions: readonly Expression[], scope: Scope): void {
  for (const expression of expressions) run.r.condition(expression, scope);
}

export function typeText(type: TypeName): string {
  return `${joinName(...type.name)}${type.array ? '[]' : ''}`;
}

/** The first temporary relation of a session adds its schema to those that are searched, in front of all others. */
function newRelation({ r, unit }: Run, { name, temporary }: CreateTable | CreateTableAs | CreateView): RelationName {
  const full = unit.newName(name, temporary);
  if (isTemporary(unit, full)) r.effects.changesSearch = true;
  if (unit.isElsewhere(name)) r.effects.opaque({ kind: 'foreign-data', detail: full });
  return full;
}

function isTemporary({ options }: UnitState, name: RelationName): boolean {
  const parts = splitName(name);
  return parts.length > 1 && parts[0] === temporarySchema(options.rules);
}

/** What a new relation is besides its columns. */
function kindOf(run: Run, { temporary }: { readonly temporary: boolean }, name: RelationName): { readonly temporary?: boolean } {
  return temporary || isTemporary(run.unit, name) ? { temporary: true } : {};
}

export function runCreateTable(run: Run, statement: CreateTable): Part {
  const { r, unit } = run;
  r.effects.raise('schema');
  const name = newRelation(run, statement);
  r.effects.writes.add(name);
  for (const other of [...statement.columnsOf, ...statement.references])
    if (joinName(...other) !== joinName(...statement.name)) refersTo(run, other);
  const keys = foreignKeys(run, statement.name, name, [
    ...(statement.foreignKeys ?? []),
    ...statement.columns.flatMap((column) => column.foreignKeys ?? []),
  ]);
  if (statement.objectKind === 'foreign table') r.effects.opaque({ kind: 'foreign-data', detail: `foreign table ${name}` });
  const columns = definedColumns(run, name, statement.columns);
  const own: Outputs = { columns, complete: statement.columnsOf.length === 0 };
  const scope = relationScope(
    run,
    statement.name,
    ROOT,
    own.complete ? own : { columns: [...columns, ...takenOver(run, statement, name)], complete: true },
  );
  checkExpressions(run, statement.expressions, scope);
  return {
    action: 'create',
    changes: [{ operation: 'create', kind: statement.objectKind, name }],
    after: () => {
      if (isThere(run, statement, name)) return;
      if (own.complete) unit.create(name, columns, kindOf(run, statement, name));
      else unit.obscure(name);
      keys();
    },
  };
}

/**
 * Foreign keys of a relation: every value that is written, or is there already, is looked for in the columns that they refer to; with ON UPDATE CASCADE,
 * whatever these become stands in it too. Gives what adds them. `own`: the columns that the relation has, for keys that refer to itself; none while it is
 * not there yet.
 */
export function foreignKeys(
  run: Run,
  written: NameParts,
  name: RelationName,
  keys: readonly ForeignKey[],
  own: readonly Column[] = [],
): () => void {
  const added = keys.map((key): ReferenceTo => {
    const { relation: _, ...reference } = key;
    if (joinName(...key.relation) === joinName(...written)) {
      comesAlong(run, name, key, own);
      return { to: name, reference: { ...reference, relation: name } };
    }
    const other = findNamed(run, key.relation);
    run.r.effects.reads.add(other.name);
    const columns = other.relation?.outputs.columns ?? [];
    for (const column of columns) if (key.referenced.includes(column.name)) run.r.effects.use(column.value, 'predicate-equality');
    comesAlong(run, name, key, columns);
    return { to: other.name, reference: { ...reference, relation: name } };
  });
  return () => {
    for (const { to, reference } of added) run.unit.references.add(to, reference);
  };
}

/** What the columns that a key refers to (any of `columns`, where it does not say which) become goes into its own, by updates that others make. */
function comesAlong({ r }: Run, relation: RelationName, key: ForeignKey, columns: readonly Column[]): void {
  if (key.onUpdate !== 'cascade') return;
  for (const [at, name] of key.columns.entries()) {
    const into = { kind: 'column', column: `${relation}.${joinName(name)}` } as const;
    const from = columns.filter((column) => key.referenced.length === 0 || column.name === key.referenced[at]);
    for (const { value } of from) r.effects.flow(value, into);
  }
}

/** What exists stays as it is: CREATE says so itself, or stands behind a condition that asks for it, or fails. */
function isThere({ unit }: Run, { ifNotExists }: { readonly ifNotExists: boolean }, name: RelationName): boolean {
  return (ifNotExists || unit.conditions > 0) && unit.exists(name);
}

function takenOver(run: Run, statement: CreateTable, relation: RelationName): readonly Column[] {
  const taken = statement.columnsOf.flatMap((other) => findNamed(run, other).relation?.outputs.columns ?? []);
  return taken.map((column) => ({ ...column, value: stored(`${relation}.${joinName(column.name)}`) }));
}

/** The columns of a new table; one that is computed from others carries what they hold. */
export function definedColumns(run: Run, relation: RelationName, definitions: readonly ColumnDefinition[]): Column[] {
  const plain = definitions.map((definition) => plainColumn(relation, definition));
  const scope = openScope(ROOT);
  scope.namespaces.push(namespaceOf(rangeOf(undefined, { columns: plain, complete: true })));
  return definitions.map((definition, at) => {
    const column = plain[at] ?? plainColumn(relation, definition);
    return { ...column, value: columnValue(run, definition, column.value, scope) };
  });
}

export function plainColumn(relation: RelationName, definition: ColumnDefinition): Column {
  return {
    name: definition.name,
    value: stored(`${relation}.${joinName(definition.name)}`),
    notNull: definition.notNull === true,
    ...(definition.hidden === true && { hidden: true }),
    ...(definition.implicit === true && { implicit: true as const }),
  };
}

/** Resolves the expressions of a column definition; DEFAULT and GENERATED flow into the column. */
export function columnValue(run: Run, definition: ColumnDefinition, own: Value, scope: Scope): Value {
  const { r } = run;
  for (const expression of definition.expressions ?? []) {
    if (expression !== definition.default) r.condition(expression, scope);
  }
  if (definition.default === undefined) return own;
  const value = r.value(definition.default, scope);
  for (const column of own.origins.keys()) r.effects.flow(value, { kind: 'column', column });
  return value.origins.size === 0 ? own : { ...either([own, derive([value])]), via: [] };
}

export function runCreateTableAs(run: Run, statement: CreateTableAs, scope: Scope): Part {
  const { r, unit } = run;
  const name = newRelation(run, statement);
  const { source } = statement;
  const outputs =
    source.kind === 'query'
      ? r.query(source.query, scope)
      : (run.statement(run, source.execute, scope).outputs ?? { columns: [], complete: false });
  r.effects.raise('schema');
  r.effects.writes.add(name);
  const carried = carriedColumns(name, statement.columns, outputs);
  const defined = definedColumns(run, name, statement.definitions ?? []);
  const keys = foreignKeys(run, statement.name, name, [
    ...(statement.foreignKeys ?? []),
    ...(statement.definitions ?? []).flatMap((column) => column.foreignKeys ?? []),
  ]);
  const names = new Set(carried.map((column) => column.name));
  const columns = [...defined.filter((column) => !names.has(column.name)), ...carried];
  checkExpressions(run, statement.expressions ?? [], relationScope(run, statement.name, ROOT, { columns, complete: outputs.complete }));
  for (const [at, column] of carried.entries()) {
    const value = outputs.columns[at]?.value ?? NOTHING;
    const target = `${name}.${joinName(column.name)}`;
    r.effects.flow(value, { kind: 'column', column: target });
    // A value that is no other column's is chosen here.
    if (!value.direct) r.effects.useColumn(target, 'write-target');
  }
  r.effects.flow(derive(outputs.columns.map((column) => column.value)), { kind: 'relation', relation: name });
  return {
    action: 'create',
    changes: [{ operation: 'create', kind: statement.objectKind, name }],
    after: () => {
      if (isThere(run, statement, name)) return;
      if (outputs.complete) unit.create(name, columns, kindOf(run, statement, name));
      else unit.obscure(name);
      keys();
    },
  };
}

/** A view is no copy: it is read through when it is read. */
export function runCreateView(run: Run, statement: CreateView, scope: Scope): Part {
  const { r, unit } = run;
  const { result: outputs, effects } = r.collect(() => r.query(statement.query, scope));
  r.effects.add(effects);
  // A view of what is temporary is temporary without saying so.
  const name = newRelation(run, {
    ...statement,
    temporary: statement.temporary || [...effects.reads].some((read) => isTemporary(unit, read)),
  });
  // The catalogue shows no session its temporary views: what one hands out cannot be told when it is read.
  if (isTemporary(unit, name)) r.effects.flow(derive(outputs.columns.map((column) => column.value)), { kind: 'relation', relation: name });
  r.effects.raise('schema');
  r.effects.writes.add(name);
  const columns = carriedColumns(name, statement.columns, outputs);
  return {
    action: 'create',
    computes: outputs,
    changes: [{ operation: 'create', kind: 'view', name }],
    after: () => {
      if (outputs.complete) unit.create(name, columns, { systemColumns: false });
      else unit.obscure(name);
    },
  };
}

export function runRefreshView(run: Run, statement: RefreshView): Part {
  const { r } = run;
  r.effects.raise('write');
  const { name, relation } = findNamed(run, statement.name);
  r.effects.writes.add(name);
  for (const column of relation?.outputs.columns ?? []) {
    const own = `${name}.${joinName(column.name)}`;
    const from = new Map([...column.value.origins].filter(([origin]) => origin !== own));
    for (const origin of from.keys()) r.effects.reads.add(relationOf(origin));
    r.effects.flow({ ...NOTHING, origins: from }, { kind: 'column', column: own });
  }
  return { action: 'maintain' };
}

export function runCreateRoutine(run: Run, statement: CreateRoutine): Part {
  const { r, unit } = run;
  const name = unit.newName(statement.name, false);
  const scope = openScope(ROOT);
  const parameters: Outputs = { columns: statement.parameters.map((parameter) => ({ name: parameter, value: NOTHING })), complete: true };
  scope.namespaces.push(namespaceOf(rangeOf(statement.name.at(-1), parameters)));
  // What it does with these rows is judged when a trigger names it, and whenever that trigger fires.
  if (statement.forTriggers === true) scope.namespaces.push(unknownRows());
  for (const expression of statement.expressions) r.value(expression, ROOT);
  if (statement.body === undefined) r.effects.opaque({ kind: 'unknown-routine', detail: name });
  const computes = judgeBody(run, statement.body ?? [], scope);
  r.effects.raise('schema');
  if (statement.securityDefiner) r.effects.elevated = true;
  if (statement.settings !== undefined) r.effects.assigns(statement.settings);
  return {
    action: 'create',
    computes,
    changes: [{ operation: 'create', kind: statement.objectKind, name }],
    after: () => run.unit.routines.add(statement.name.at(-1) ?? ''),
  };
}

/** `old` and `new` stand for a row of the relation. */
function rowsOf(run: Run, name: NameParts, names?: CreateTrigger['rows']): Scope {
  const { name: full, relation } = findNamed(run, name);
  if (relation !== undefined) return rowScope({ old: relation.outputs, new: relation.outputs }, names);
  run.r.effects.opaque({ kind: 'unknown-relation', detail: full });
  const scope = openScope(ROOT);
  scope.namespaces.push(unknownRows(names));
  return scope;
}

/** `old` and `new` of a relation whose columns are not known. */
function unknownRows(names?: CreateTrigger['rows']): Namespace {
  const ranges = [names?.old ?? 'old', names?.new ?? 'new'].map((side) => ({ ...rangeOf(side, NO_OUTPUTS), more: NOTHING }));
  return { ranges, visible: [] };
}

export function runCreateTrigger(run: Run, statement: CreateTrigger): Part {
  const { r, unit } = run;
  r.effects.raise('schema');
  const { name, relation } = findNamed(run, statement.relation);
  r.effects.writes.add(name);
  const scope = rowsOf(run, statement.relation, statement.rows);
  const body = statement.routine === undefined ? statement.body : knownBody(run, statement.routine);
  if (statement.routine !== undefined && body === undefined) triggerRoutine(run, statement, statement.routine, name);
  else if (body === undefined) r.effects.opaque({ kind: 'unknown-routine', detail: `trigger ${joinName(statement.name)}` });
  const computes = body === undefined ? undefined : judgeBody(run, body, scope);
  if (statement.when !== undefined) r.condition(statement.when, scope);
  return {
    action: 'create',
    ...(computes === undefined ? {} : { computes }),
    changes: [
      { operation: 'create', kind: 'trigger', name: joinName(statement.name) },
      { operation: 'alter', kind: 'table', name },
    ],
    after: () =>
      relation === undefined ? unit.obscure(name) : unit.create(name, relation.outputs.columns, { ...relation, writeOpaque: true }),
  };
}

/** The statements of the one routine of that name, where its names mean what they mean here. */
function knownBody({ r }: Run, routine: NameParts): readonly Statement[] | undefined {
  if (r.routineChanged(routine)) return undefined;
  const [first, ...others] = r.programs.routines(routine, 0, r.searchPath);
  const [body, ...overloads] = first?.bodies ?? [];
  if (first === undefined || body?.searchPath !== 'caller' || others.length + overloads.length > 0) return undefined;
  if (body.securityDefiner === true) r.effects.elevated = true;
  r.effects.routines.set(first.name, { name: first.name, category: body.securityDefiner === true ? 'elevated' : 'volatile' });
  return body.statements;
}

function triggerRoutine(run: Run, statement: CreateTrigger, routine: NameParts, name: RelationName): void {
  const { r } = run;
  const facts = r.routineChanged(routine) ? undefined : r.options.routines.routine(routine, 0, r.searchPath);
  applyRoutine(r, joinName(...routine), facts, []);
  if (facts?.copiesColumns === true) copyByTrigger(run, statement, name);
}

/** The trigger's first argument names the column that it fills, the others those that it fills it from. */
function copyByTrigger(run: Run, { relation, arguments: [target, ...sources] }: CreateTrigger, name: RelationName): void {
  const { effects } = run.r;
  const columns = findNamed(run, relation).relation?.outputs.columns;
  const values = columns?.filter((column) => sources.includes(column.name)).map((column) => column.value);
  if (target === undefined || values === undefined) return effects.opaque({ kind: 'unknown-relation', detail: name });
  effects.flow(derive(values), { kind: 'column', column: `${name}.${joinName(target)}` });
}

export function runCreateRule(run: Run, statement: CreateRule): Part {
  const { r, unit } = run;
  const scope = rowsOf(run, statement.relation);
  if (statement.where !== undefined) r.condition(statement.where, scope);
  const computes = judgeBody(run, statement.actions, scope);
  r.effects.raise('schema');
  const name = changes(run, statement.relation);
  return {
    action: 'create',
    computes,
    changes: [
      { operation: 'create', kind: 'rule', name: joinName(statement.name) },
      { operation: 'alter', kind: 'table', name },
    ],
    after: () => unit.obscure(name),
  };
}
