import type {
  ColumnDefinition,
  CreateTable,
  CreateTableAs,
  Expression,
  ForeignKey,
  NameParts,
  Query,
  ReferentialAction,
  Statement,
} from '@sqlwarden/core';
import { isTemporary, plainRelationName, readType, typeName } from './normalise-names.js';
import { execute, skipList } from './normalise-session.js';
import { indexElement } from './normalise-write.js';
import { maybeExpression, type Normaliser } from './normaliser.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** CREATE TABLE in all its forms, views, and ALTER TABLE with its kin. */

/** What the constraints of a table or column hold. */
export interface Constraints {
  readonly expressions: Expression[];
  readonly foreignKeys: ForeignKey[];
  default?: Expression;
  notNull: boolean;
  /** Columns of constraints that keep two rows from having equal values. */
  unique?: readonly string[];
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
  const constraints: Constraints = { expressions: [], foreignKeys: [], notNull: false };
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
    ...(constraints.foreignKeys.length > 0 && { foreignKeys: constraints.foreignKeys }),
    references: [],
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

/** The constants of a PARTITION OF or ATTACH PARTITION bound. */
export function boundExpressions(normaliser: Normaliser, bound: Shape): Expression[] {
  bound.skip('strategy', 'is_default', 'modulus', 'remainder');
  return ['listdatums', 'lowerdatums', 'upperdatums'].flatMap((field) => bound.list(field).map((item) => normaliser.expression(item)));
}

export function columnDefinition(normaliser: Normaliser, shape: Shape): ColumnDefinition {
  shape.skip('is_local', 'inhcount', 'compression', 'storage', 'storage_name', 'identity', 'generated', 'is_not_null', 'is_from_type');
  shape.inline('collClause', 'CollateClause')?.skipAll();
  skipList(shape, 'fdwoptions');
  const constraints: Constraints = { expressions: [], foreignKeys: [], notNull: false };
  const [raw] = maybeExpression(normaliser, shape, 'raw_default');
  const name = shape.text('colname');
  for (const constraint of shape.list('constraints')) readConstraint(normaliser, constraint, constraints, [name]);
  const value = constraints.default ?? raw;
  const expressions = [...constraints.expressions, ...(raw ? [raw] : [])];
  return {
    name,
    // A column of a table OF type, or of a partition, has no type of its own.
    type: shape.has('typeName') ? typeName(shape, 'typeName') : { name: ['unknown'], array: false },
    ...(constraints.notNull && { notNull: true }),
    ...(expressions.length > 0 && { expressions }),
    ...(value && { default: value }),
    ...(constraints.foreignKeys.length > 0 && { foreignKeys: constraints.foreignKeys }),
  };
}

/** Names, deferral, index placement and the like: nothing that reads. */
const CONSTRAINT_DETAILS = [
  'conname',
  'deferrable',
  'initdeferred',
  'is_enforced',
  'skip_validation',
  'initially_valid',
  'is_no_inherit',
  'cooked_expr',
  'generated_when',
  'generated_kind',
  'nulls_not_distinct',
  'without_overlaps',
  'indexname',
  'indexspace',
  'reset_default_tblspc',
  'access_method',
  'fk_with_period',
  'pk_with_period',
  'fk_matchtype',
  'old_pktable_oid',
] as const;

/** Adds what a constraint holds to `into`; `ownColumns`: the column that it stands behind. */
export function readConstraint(normaliser: Normaliser, shape: Shape, into: Constraints, ownColumns: readonly string[] = []): void {
  if (shape.name !== 'Constraint') throw new UnknownNodeError(`${shape.name} where a constraint was expected`);
  shape.skip(...CONSTRAINT_DETAILS);
  for (const field of ['including', 'options', 'fk_del_set_cols', 'old_conpfeqop']) skipList(shape, field);
  const type = shape.text('contype');
  const keys = shape.names('keys');
  if (type === 'CONSTR_UNIQUE' || type === 'CONSTR_PRIMARY') into.unique = [...(into.unique ?? []), ...keys];
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
  const relation = shape.inline('pktable', 'RangeVar');
  const referenced = shape.names('pk_attrs');
  const onDelete = referentialAction(shape, 'fk_del_action');
  const onUpdate = referentialAction(shape, 'fk_upd_action');
  if (relation === undefined) return;
  const columns = [...ownColumns, ...shape.names('fk_attrs')];
  into.foreignKeys.push({ columns, relation: plainRelationName(relation), referenced, onDelete, onUpdate });
}

/** `FKCONSTR_ACTION_…` (parsenodes.h). */
const REFERENTIAL_ACTIONS: Readonly<Record<string, ReferentialAction>> = { c: 'cascade', n: 'set-null', d: 'set-default' };

function referentialAction(shape: Shape, field: string): ReferentialAction {
  return REFERENTIAL_ACTIONS[shape.optionalText(field) ?? ''] ?? 'restrict';
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
  const kind = shape.text('objtype') === 'OBJECT_MATVIEW' ? 'materialized view' : 'table';
  return { ...intoTable(normaliser, into, source, kind), ifNotExists: shape.flag('if_not_exists') };
}

export function intoTable(
  normaliser: Normaliser,
  into: Shape,
  source: CreateTableAs['source'],
  kind: CreateTableAs['objectKind'],
): CreateTableAs {
  into.skip('accessMethod', 'onCommit', 'tableSpaceName');
  skipList(into, 'options');
  // A materialised view's query is here a second time.
  into.child('viewQuery')?.skipAll();
  const { name, temporary } = relationOf(into, 'rel');
  return {
    kind: 'create-table-as',
    span: normaliser.span,
    objectKind: kind,
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

/** CREATE TYPE … AS (…): columns without rows. */
export function compositeType(normaliser: Normaliser, shape: Shape): Statement {
  const { name } = relationOf(shape, 'typevar');
  for (const column of shape.list('coldeflist')) columnDefinition(normaliser, column);
  return { kind: 'schema', span: normaliser.span, operation: 'create', objectKind: 'type', names: [name], expressions: [] };
}
