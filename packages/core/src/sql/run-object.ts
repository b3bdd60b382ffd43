import type { SchemaChange } from './facts.js';
import type { NameParts } from './model.js';
import { joinName, type RelationName, splitName } from './names.js';
import { namespaceOf, openScope, rangeOf, ROOT, type Scope } from './resolve/scope.js';
import { derive, NOTHING, stored, type Value } from './resolve/value.js';
import { changes, findNamed, type Part, refersTo, type Run } from './run.js';
import { relationScope } from './run-schema.js';
import type { SchemaStatement } from './statement.js';

/** Statements on objects of the schema that have no shape of their own. */

const RELATION_KINDS: ReadonlySet<string> = new Set(['table', 'view', 'materialized view', 'foreign table', 'sequence']);
const ROUTINE_KINDS: ReadonlySet<string> = new Set(['function', 'procedure', 'aggregate', 'routine']);

/** CREATE INDEX, SEQUENCE, TYPE, SCHEMA …, every DROP, COMMENT and what has no shape of its own. */
export function runSchema(run: Run, statement: SchemaStatement): Part {
  const { r } = run;
  r.effects.raise(statement.privileges === true ? 'privilege' : 'schema');
  if (statement.privileges === true) r.effects.elevated = true;
  if (statement.code !== undefined) r.effects.opaque(statement.code);
  if (statement.settings !== undefined) r.effects.assigns(statement.settings);
  for (const other of statement.relations ?? []) refersTo(run, other);
  if (statement.objectKind === 'publication' && statement.operation !== 'drop') publish(run, statement);
  const on = statement.relation === undefined ? undefined : changes(run, statement.relation);
  schemaExpressions(run, statement);
  // Which schemas are searched depends on which there are: the search path may name one long before it is made.
  if (statement.objectKind === 'schema' && statement.operation !== 'comment') r.effects.changesSearch = true;
  const names = statement.names.map((name) => objectName(run, statement, name, on));
  const list = names.map((name): SchemaChange => ({ operation: statement.operation, kind: statement.objectKind, name }));
  if (on !== undefined && !names.includes(on))
    list.push({ operation: statement.operation === 'comment' ? 'comment' : 'alter', kind: 'table', name: on });
  return { action: statement.operation, changes: list, after: () => afterSchema(run, statement, names, on) };
}

/** Who subscribes to a publication gets the rows of its relations, past everything that is said here. */
function publish(run: Run, statement: SchemaStatement): void {
  const { effects } = run.r;
  effects.raise('administrative');
  effects.elevated = true;
  for (const name of statement.relations ?? []) {
    for (const column of findNamed(run, name).relation?.outputs.columns ?? [])
      effects.flow(column.value, { kind: 'external', name: 'publication' });
  }
}

function objectName(run: Run, statement: SchemaStatement, name: NameParts, on: RelationName | undefined): string {
  const { unit } = run;
  if (RELATION_KINDS.has(statement.objectKind)) return statement.operation === 'create' ? created(run, name) : changes(run, name);
  if (statement.objectKind === 'index') {
    if (on !== undefined && name.length === 1) return joinName(splitName(on).length > 1 ? (splitName(on)[0] ?? '') : '', name[0] ?? '');
    return findNamed(run, name).name;
  }
  return statement.operation === 'create' && ROUTINE_KINDS.has(statement.objectKind) ? unit.newName(name, false) : joinName(...name);
}

function created(run: Run, name: NameParts): RelationName {
  const full = run.unit.newName(name, false);
  run.r.effects.writes.add(full);
  return full;
}

function schemaExpressions(run: Run, statement: SchemaStatement): void {
  const { r } = run;
  const scope =
    statement.objectKind === 'domain'
      ? domainScope(run, statement)
      : statement.relation === undefined
        ? ROOT
        : relationScope(run, statement.relation, ROOT);
  for (const expression of statement.expressions) {
    // A plain column of an index is stored again, where only conditions can reach it.
    if (statement.objectKind !== 'index' || expression.kind !== 'column') r.condition(expression, scope);
    else {
      const value = r.value(expression, scope);
      r.effects.use(value, 'write-source');
      if (statement.unique === true) r.effects.use(value, 'predicate-equality');
    }
  }
}

/** Conditions of a domain speak of its VALUE. An added one is held against every stored column of the domain. */
function domainScope(run: Run, statement: SchemaStatement): Scope {
  const scope = openScope(ROOT);
  const held = statement.operation === 'create' ? NOTHING : derive(columnsOfType(run, statement.names[0]?.at(-1) ?? ''));
  scope.namespaces.push(namespaceOf(rangeOf(undefined, { columns: [{ name: 'value', value: held }], complete: true })));
  return scope;
}

/** Stored columns of a type of that name in any schema, arrays of it too. */
function columnsOfType(run: Run, type: string): Value[] {
  const values: Value[] = [];
  for (const [relation, { columns }] of run.unit.options.catalogue.relations)
    for (const column of columns) if (namesType(column.type, type)) values.push(stored(`${relation}.${joinName(column.name)}`));
  return values;
}

function namesType(shown: string, type: string): boolean {
  const own = shown.replace(/(\[\])+$/, '');
  return own === type || own.endsWith(`.${type}`) || own.endsWith(`"${type.replaceAll('"', '""')}"`);
}

/** Kinds whose statements change neither which relations there are nor their columns. */
const NAMELESS: ReadonlySet<string> = new Set([
  'index',
  'policy',
  'constraint',
  'column',
  'statistics',
  'role',
  'user',
  'database',
  'tablespace',
  'publication',
  'subscription',
  'comment',
  'default privileges',
  'collation',
  ...`login|server role|application role|certificate|symmetric key|asymmetric key|master key|credential|database scoped credential
database encryption key|database scoped configuration|server configuration|server audit|server audit specification
database audit specification|event session|availability group|endpoint|resource pool|workload group|resource governor|fulltext index
fulltext catalog|fulltext stoplist|partition function|partition scheme|signature|sensitivity classification|message type|contract|service
route|queue|default|security policy|database trigger|server trigger|tablespace|logfile group|server|event|plugin|component|undo tablespace|resource group|spatial reference system|privileges`.split(
    /[|\n]/,
  ),
]);

function afterSchema(run: Run, statement: SchemaStatement, names: readonly string[], on: RelationName | undefined): void {
  const { unit } = run;
  const { operation, objectKind } = statement;
  if (operation === 'comment' || NAMELESS.has(objectKind)) return;
  // Without a trigger less happens than before.
  if (objectKind === 'trigger' && operation === 'drop' && on === undefined) return;
  // A rule of its own is a check, as a default is a value.
  if (objectKind === 'rule' && on === undefined) return;
  if (objectKind === 'schema' && operation === 'create') for (const name of statement.names) unit.addSchema(name.at(-1) ?? '');
  else if (RELATION_KINDS.has(objectKind)) for (const name of names) afterRelation(run, statement, name);
  else if (ROUTINE_KINDS.has(objectKind)) for (const name of statement.names) unit.routines.add(name.at(-1) ?? '');
  else if (on !== undefined) unit.obscure(on);
  else if (objectKind !== 'type' && objectKind !== 'domain' && objectKind !== 'extension') unit.schemaKnown = false;
}

function afterRelation(run: Run, statement: SchemaStatement, name: RelationName): void {
  if (statement.operation === 'drop') run.unit.drop(name);
  else if (statement.operation !== 'create' || statement.objectKind === 'sequence') return;
  else run.unit.obscure(name);
}
