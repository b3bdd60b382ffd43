import type {
  AlterAction,
  ColumnDefinition,
  CreateTable,
  CreateTableAs,
  Expression,
  NameParts,
  Query,
  Statement,
} from '@sqlwarden/core';
import { isTemporary, objectName, plainRelationName, readType, typeName, typeText } from './normalise-names.js';
import { execute, skipList } from './normalise-session.js';
import { indexElement } from './normalise-write.js';
import { maybeExpression, type Normaliser } from './normaliser.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** CREATE TABLE in all its forms, views, and ALTER TABLE with its kin. */

/** What the constraints of a table or column hold. */
interface Constraints {
  readonly expressions: Expression[];
  readonly references: NameParts[];
  default?: Expression;
  notNull: boolean;
}

/** A field that holds the relation a statement is about. */
export function relationOf(shape: Shape, field = 'relation'): { readonly name: NameParts; readonly temporary: boolean } {
  const range = shape.inline(field, 'RangeVar');
  if (range === undefined) throw new UnknownNodeError(`${shape.name} without ${field}`);
  return { name: plainRelationName(range), temporary: isTemporary(range) };
}

export function createTable(normaliser: Normaliser, shape: Shape): CreateTable {
  shape.skip('oncommit', 'tablespacename', 'accessMethod');
  skipList(shape, 'options');
  const { name, temporary } = relationOf(shape);
  const constraints: Constraints = { expressions: [], references: [], notNull: false };
  const columns: ColumnDefinition[] = [];
  const columnsOf: NameParts[] = shape.list('inhRelations').map((range) => plainRelationName(range));
  for (const element of shape.list('tableElts')) {
    if (element.name === 'ColumnDef') columns.push(columnDefinition(normaliser, element));
    else if (element.name === 'TableLikeClause') columnsOf.push(likeClause(element));
    else if (element.name === 'Constraint') readConstraint(normaliser, element, constraints);
    else throw new UnknownNodeError(`CreateStmt with ${element.name}`);
  }
  for (const constraint of shape.list('constraints')) readConstraint(normaliser, constraint, constraints);
  const ofType = shape.inline('ofTypename', 'TypeName');
  if (ofType !== undefined) columnsOf.push(readType(ofType).name);
  constraints.expressions.push(...partitioning(normaliser, shape));
  return {
    kind: 'create-table',
    span: normaliser.span,
    name,
    objectKind: 'table',
    columns,
    columnsOf,
    expressions: constraints.expressions,
    references: constraints.references,
    ifNotExists: shape.flag('if_not_exists'),
    temporary,
  };
}

export function createForeignTable(normaliser: Normaliser, shape: Shape): CreateTable {
  shape.skip('servername');
  skipList(shape, 'options');
  const base = shape.inline('base', 'CreateStmt');
  if (base === undefined) throw new UnknownNodeError('CreateForeignTableStmt without a table');
  return { ...createTable(normaliser, base), objectKind: 'foreign table' };
}

function likeClause(element: Shape): NameParts {
  element.skip('options', 'relationOid');
  return relationOf(element).name;
}

/** PARTITION BY keys and PARTITION OF bounds. */
function partitioning(normaliser: Normaliser, shape: Shape): Expression[] {
  const spec = shape.inline('partspec', 'PartitionSpec');
  spec?.skip('strategy');
  const keys = (spec?.list('partParams') ?? []).flatMap((element) => indexElement(normaliser, element));
  const bound = shape.inline('partbound', 'PartitionBoundSpec');
  return [...keys, ...(bound ? boundExpressions(normaliser, bound) : [])];
}

function boundExpressions(normaliser: Normaliser, bound: Shape): Expression[] {
  bound.skip('strategy', 'is_default', 'modulus', 'remainder');
  return ['listdatums', 'lowerdatums', 'upperdatums'].flatMap((field) => bound.list(field).map((item) => normaliser.expression(item)));
}

export function columnDefinition(normaliser: Normaliser, shape: Shape): ColumnDefinition {
  shape.skip('is_local', 'inhcount', 'compression', 'storage', 'storage_name', 'identity', 'generated', 'is_not_null', 'is_from_type');
  shape.inline('collClause', 'CollateClause')?.skipAll();
  skipList(shape, 'fdwoptions');
  const constraints: Constraints = { expressions: [], references: [], notNull: false };
  const [raw] = maybeExpression(normaliser, shape, 'raw_default');
  for (const constraint of shape.list('constraints')) readConstraint(normaliser, constraint, constraints);
  const value = constraints.default ?? raw;
  const expressions = [...constraints.expressions, ...(raw ? [raw] : [])];
  return {
    name: shape.text('colname'),
    // A column of a table OF type, or of a partition, has no type of its own.
    type: shape.has('typeName') ? typeName(shape, 'typeName') : { name: ['unknown'], array: false },
    ...(constraints.notNull && { notNull: true }),
    ...(expressions.length > 0 && { expressions }),
    ...(value && { default: value }),
    ...(constraints.references.length > 0 && { references: constraints.references }),
  };
}

/** Names, deferral, index placement and the like: nothing that reads. */
const CONSTRAINT_DETAILS = [
  'conname', 'deferrable', 'initdeferred', 'is_enforced', 'skip_validation', 'initially_valid', 'is_no_inherit', 'cooked_expr',
  'generated_when', 'generated_kind', 'nulls_not_distinct', 'without_overlaps', 'indexname', 'indexspace', 'reset_default_tblspc',
  'access_method', 'fk_with_period', 'pk_with_period', 'fk_matchtype', 'fk_upd_action', 'fk_del_action', 'old_pktable_oid',
] as const;

function readConstraint(normaliser: Normaliser, shape: Shape, into: Constraints): void {
  if (shape.name !== 'Constraint') throw new UnknownNodeError(`${shape.name} where a constraint was expected`);
  shape.skip(...CONSTRAINT_DETAILS);
  for (const field of ['keys', 'including', 'options', 'fk_attrs', 'pk_attrs', 'fk_del_set_cols', 'old_conpfeqop']) skipList(shape, field);
  const type = shape.text('contype');
  const expressions = [...maybeExpression(normaliser, shape, 'raw_expr'), ...maybeExpression(normaliser, shape, 'where_clause')];
  for (const exclusion of shape.list('exclusions')) {
    const [element, ...operators] = exclusion.list('items');
    for (const operator of operators) operator.skipAll();
    if (element !== undefined) expressions.push(...indexElement(normaliser, element));
  }
  into.expressions.push(...expressions);
  if (type === 'CONSTR_DEFAULT' || type === 'CONSTR_GENERATED') {
    const [value] = expressions;
    if (value !== undefined) into.default = value;
  }
  if (type === 'CONSTR_NOTNULL' || type === 'CONSTR_PRIMARY') into.notNull = true;
  const referenced = shape.inline('pktable', 'RangeVar');
  if (referenced !== undefined) into.references.push(plainRelationName(referenced));
}

// ---------------------------------------------------------------- CREATE TABLE AS, views

export function createTableAs(normaliser: Normaliser, shape: Shape): CreateTableAs {
  shape.skip('is_select_into');
  const into = shape.inline('into', 'IntoClause');
  const inside = shape.child('query');
  if (into === undefined || inside === undefined) throw new UnknownNodeError('CreateTableAsStmt without a query');
  const source: CreateTableAs['source'] =
    inside.name === 'ExecuteStmt'
      ? { kind: 'execute', execute: execute(normaliser, inside) }
      : { kind: 'query', query: normaliser.query(inside) };
  const objectKind = shape.text('objtype') === 'OBJECT_MATVIEW' ? 'materialized view' : 'table';
  return { ...intoTable(normaliser, into, source, objectKind), ifNotExists: shape.flag('if_not_exists') };
}

export function intoTable(
  normaliser: Normaliser,
  into: Shape,
  source: CreateTableAs['source'],
  objectKind: CreateTableAs['objectKind'],
): CreateTableAs {
  into.skip('accessMethod', 'onCommit', 'tableSpaceName');
  skipList(into, 'options');
  // A materialised view's query is here a second time.
  into.child('viewQuery')?.skipAll();
  const { name, temporary } = relationOf(into, 'rel');
  return {
    kind: 'create-table-as',
    span: normaliser.span,
    objectKind,
    name,
    columns: into.names('colNames'),
    source,
    ifNotExists: false,
    temporary,
    withData: !into.flag('skipData'),
  };
}

export function createView(normaliser: Normaliser, shape: Shape): Statement {
  shape.skip('withCheckOption');
  skipList(shape, 'options');
  const { name, temporary } = relationOf(shape, 'view');
  const inside = shape.child('query');
  if (inside === undefined) throw new UnknownNodeError('ViewStmt without a query');
  const query: Query = normaliser.query(inside);
  const columns = shape.names('aliases');
  return { kind: 'create-view', span: normaliser.span, name, columns, query, replace: shape.flag('replace'), temporary };
}

// ---------------------------------------------------------------- ALTER TABLE

/** What an object of a relation kind is called. */
export function objectKind(tag: string): string {
  return OBJECT_KINDS[tag] ?? tag.replace('OBJECT_', '').replaceAll('_', ' ').toLowerCase();
}

const OBJECT_KINDS: Readonly<Record<string, string>> = {
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_TABCONSTRAINT: 'constraint',
  OBJECT_DOMCONSTRAINT: 'constraint',
  OBJECT_OPCLASS: 'operator class',
  OBJECT_OPFAMILY: 'operator family',
  OBJECT_LARGEOBJECT: 'large object',
  OBJECT_STATISTIC_EXT: 'statistics',
  OBJECT_TSCONFIGURATION: 'text search configuration',
  OBJECT_TSDICTIONARY: 'text search dictionary',
  OBJECT_TSPARSER: 'text search parser',
  OBJECT_TSTEMPLATE: 'text search template',
  OBJECT_FDW: 'foreign data wrapper',
  OBJECT_FOREIGN_SERVER: 'server',
};

export function alterTable(normaliser: Normaliser, shape: Shape): Statement {
  const { name } = relationOf(shape);
  return {
    kind: 'alter-relation',
    span: normaliser.span,
    objectKind: objectKind(shape.text('objtype')),
    name,
    actions: shape.list('cmds').map((command) => alterAction(normaliser, command)),
    ifExists: shape.flag('missing_ok'),
  };
}

const PRIVILEGE_COMMANDS = new Set([
  'AT_ChangeOwner',
  'AT_EnableRowSecurity',
  'AT_DisableRowSecurity',
  'AT_ForceRowSecurity',
  'AT_NoForceRowSecurity',
]);

function alterAction(normaliser: Normaliser, command: Shape): AlterAction {
  command.skip('behavior', 'recurse', 'num');
  const type = command.text('subtype');
  const name = command.text('name');
  const definition = command.child('def');
  const missingOk = command.flag('missing_ok');
  command.inline('newowner', 'RoleSpec')?.skipAll();
  switch (type) {
    case 'AT_AddColumn':
    case 'AT_AddColumnToView':
      if (definition?.name !== 'ColumnDef') throw new UnknownNodeError(`${type} without a column`);
      return { kind: 'add-column', column: columnDefinition(normaliser, definition), ifNotExists: missingOk };
    case 'AT_DropColumn':
      return { kind: 'drop-column', name };
    case 'AT_AlterColumnType': {
      if (definition?.name !== 'ColumnDef') throw new UnknownNodeError(`${type} without a type`);
      const column = columnDefinition(normaliser, definition);
      return { kind: 'alter-column', name, type: typeText(column.type), expressions: column.expressions ?? [] };
    }
    case 'AT_ColumnDefault':
    case 'AT_SetExpression':
      return { kind: 'alter-column', name, expressions: definition ? [normaliser.expression(definition)] : [] };
    default:
      return otherAction(normaliser, type, definition);
  }
}

function otherAction(normaliser: Normaliser, type: string, definition: Shape | undefined): AlterAction {
  const what = type
    .replace(/^AT_/, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  const found: Constraints = { expressions: [], references: [], notNull: false };
  if (definition?.name === 'Constraint') readConstraint(normaliser, definition, found);
  else if (definition?.name === 'RangeVar') found.references.push(plainRelationName(definition));
  else if (definition?.name === 'PartitionCmd') partitionCommand(normaliser, definition, found);
  else if (definition?.name === 'TypeName') found.references.push(readType(definition).name);
  else definition?.skipAll();
  const [relation] = found.references;
  if (relation !== undefined && type === 'AT_AttachPartition') return { kind: 'attach', relation, as: 'child' };
  if (relation !== undefined && type === 'AT_AddInherit') return { kind: 'attach', relation, as: 'parent' };
  const privileges = PRIVILEGE_COMMANDS.has(type) ? { privileges: true } : {};
  return { kind: 'other', what, expressions: found.expressions, relations: found.references, ...privileges };
}

/** ATTACH and DETACH PARTITION. */
function partitionCommand(normaliser: Normaliser, command: Shape, into: Constraints): void {
  command.skip('concurrent');
  into.references.push(relationOf(command, 'name').name);
  const bound = command.inline('bound', 'PartitionBoundSpec');
  if (bound !== undefined) into.expressions.push(...boundExpressions(normaliser, bound));
}

const RELATION_TAGS = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_INDEX',
  'OBJECT_SEQUENCE',
]);

/** ALTER … RENAME. */
export function rename(normaliser: Normaliser, shape: Shape): Statement {
  shape.skip('behavior');
  const tag = shape.text('renameType');
  const relationTag = shape.text('relationType');
  const newName = shape.text('newname');
  const old = shape.optionalText('subname');
  const ifExists = shape.flag('missing_ok');
  const range = shape.inline('relation', 'RangeVar');
  const relation = range && plainRelationName(range);
  const object = shape.child('object');
  const { span } = normaliser;
  if (relation !== undefined && (tag === 'OBJECT_COLUMN' || tag === 'OBJECT_ATTRIBUTE')) {
    const action: AlterAction = { kind: 'rename-column', name: old ?? '', to: newName };
    const kind = tag === 'OBJECT_ATTRIBUTE' ? 'type' : objectKind(relationTag);
    return { kind: 'alter-relation', span, objectKind: kind, name: relation, actions: [action], ifExists };
  }
  if (relation !== undefined && RELATION_TAGS.has(tag)) {
    return { kind: 'alter-relation', span, objectKind: objectKind(tag), name: relation, actions: [{ kind: 'rename', to: newName }], ifExists };
  }
  const name = object === undefined ? [old ?? ''] : objectName(object);
  return {
    kind: 'schema',
    span,
    operation: 'rename',
    objectKind: objectKind(tag),
    names: [old === undefined ? name : [old]],
    ...(relation && { relation }),
    newName,
    expressions: [],
    ifExists,
    ...(tag === 'OBJECT_ROLE' && { privileges: true }),
  };
}

/** ALTER … SET SCHEMA. */
export function setSchema(normaliser: Normaliser, shape: Shape): Statement {
  const tag = shape.text('objectType');
  const schema = shape.text('newschema');
  const ifExists = shape.flag('missing_ok');
  const range = shape.inline('relation', 'RangeVar');
  const object = shape.child('object');
  const { span } = normaliser;
  if (range !== undefined) {
    const name = plainRelationName(range);
    return { kind: 'alter-relation', span, objectKind: objectKind(tag), name, actions: [{ kind: 'set-schema', schema }], ifExists };
  }
  if (object === undefined) throw new UnknownNodeError('AlterObjectSchemaStmt without an object');
  return { kind: 'schema', span, operation: 'alter', objectKind: objectKind(tag), names: [objectName(object)], expressions: [], ifExists };
}

/** CREATE TYPE … AS (…): columns without rows. */
export function compositeType(normaliser: Normaliser, shape: Shape): Statement {
  const { name } = relationOf(shape, 'typevar');
  for (const column of shape.list('coldeflist')) columnDefinition(normaliser, column);
  return { kind: 'schema', span: normaliser.span, operation: 'create', objectKind: 'type', names: [name], expressions: [] };
}
