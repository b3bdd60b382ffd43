import type { Expression, NameParts, OpaqueReason, Privilege, SchemaStatement, Statement } from '@sqlwarden/core';
import { dottedName, objectKind, objectName, plainRelationName, readType, routineName } from './normalise-names.js';
import { routineSettings } from './normalise-routine.js';
import { indexElement } from './normalise-write.js';
import { maybeExpression, type Normaliser } from './normaliser.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** Statements on objects other than relations: what they name is read, their options are not (they read no data). */

type Build = (normaliser: Normaliser, shape: Shape) => Statement;

interface Details {
  readonly names?: readonly NameParts[];
  readonly relation?: NameParts;
  readonly newName?: string;
  readonly expressions?: readonly Expression[];
  readonly relations?: readonly NameParts[];
  readonly code?: OpaqueReason;
  readonly privileges?: boolean;
  readonly settings?: readonly string[];
}

/** Builds the statement and closes the node: what is left of it are options. */
function schema(
  normaliser: Normaliser,
  shape: Shape,
  operation: SchemaStatement['operation'],
  kind: string,
  { names = [], expressions = [], ...rest }: Details,
): SchemaStatement {
  const ifExists = shape.has('missing_ok') ? { ifExists: shape.flag('missing_ok') } : {};
  const ifNotExists = shape.has('if_not_exists') ? { ifNotExists: shape.flag('if_not_exists') } : {};
  shape.skipAll();
  return { kind: 'schema', span: normaliser.span, operation, objectKind: kind, names, expressions, ...rest, ...ifExists, ...ifNotExists };
}

function unread(detail: string): OpaqueReason {
  return { kind: 'unknown-routine', detail };
}

function outside(detail: string): OpaqueReason {
  return { kind: 'foreign-data', detail };
}

/** An object that one text field names, or a list field of name parts. */
function simple(operation: SchemaStatement['operation'], kind: string, field: string, details: Details = {}): Build {
  return (normaliser, shape) => {
    const name = Array.isArray(shape.peek(field)) ? dottedName(shape, field) : [shape.text(field)];
    return schema(normaliser, shape, operation, kind, { ...details, names: [name] });
  };
}

function role(shape: Shape, field: string): NameParts {
  const spec = shape.inline(field, 'RoleSpec');
  return [spec?.optionalText('rolename') ?? spec?.text('roletype').replace('ROLESPEC_', '').toLowerCase() ?? ''];
}

function roleNames(shape: Shape, field: string): NameParts[] {
  return shape.list(field).map((spec) => [spec.optionalText('rolename') ?? spec.text('roletype').replace('ROLESPEC_', '').toLowerCase()]);
}

function relationField(shape: Shape, field: string): NameParts {
  const range = shape.inline(field, 'RangeVar');
  if (range === undefined) throw new UnknownNodeError(`${shape.name} without ${field}`);
  return plainRelationName(range);
}

export const OBJECT_STATEMENTS: Readonly<Record<string, Build>> = {
  IndexStmt: index,
  CreateSeqStmt: (normaliser, shape) => schema(normaliser, shape, 'create', 'sequence', { names: [relationField(shape, 'sequence')] }),
  AlterSeqStmt: (normaliser, shape) => schema(normaliser, shape, 'alter', 'sequence', { names: [relationField(shape, 'sequence')] }),
  CreateEnumStmt: simple('create', 'type', 'typeName'),
  AlterEnumStmt: simple('alter', 'type', 'typeName'),
  CreateRangeStmt: simple('create', 'type', 'typeName', { code: unread('a range type may name functions') }),
  AlterTypeStmt: simple('alter', 'type', 'typeName', { code: unread('ALTER TYPE may name functions') }),
  CreateDomainStmt: domain,
  AlterDomainStmt: (normaliser, shape) => {
    const definition = shape.child('def');
    const expressions = definition?.name === 'Constraint' ? maybeExpression(normaliser, definition, 'raw_expr') : [];
    return schema(normaliser, shape, 'alter', 'domain', { names: [dottedName(shape, 'typeName')], expressions });
  },
  DropStmt: drop,
  CommentStmt: comment,
  SecLabelStmt: (normaliser, shape) => schema(normaliser, shape, 'alter', 'security label', { privileges: true }),
  CreateStatsStmt: statistics,
  AlterStatsStmt: simple('alter', 'statistics', 'defnames'),
  AlterFunctionStmt: alterFunction,
  AlterOwnerStmt: alterOwner,
  AlterObjectDependsStmt: (normaliser, shape) => schema(normaliser, shape, 'alter', objectKind(shape.text('objectType')), {}),
  AlterCollationStmt: simple('alter', 'collation', 'collname'),
  AlterOperatorStmt: (normaliser, shape) =>
    schema(normaliser, shape, 'alter', 'operator', { code: unread('ALTER OPERATOR may name functions') }),
  CreateOpClassStmt: simple('create', 'operator class', 'opclassname', { code: unread('an operator class names functions') }),
  CreateOpFamilyStmt: simple('create', 'operator family', 'opfamilyname'),
  AlterOpFamilyStmt: simple('alter', 'operator family', 'opfamilyname', { code: unread('an operator family names functions') }),
  CreateCastStmt: (normaliser, shape) => {
    const target = shape.inline('targettype', 'TypeName');
    const names = target === undefined ? [] : [readType(target).name];
    return schema(normaliser, shape, 'create', 'cast', { names, code: unread('a cast may call a function') });
  },
  CreateTransformStmt: (normaliser, shape) =>
    schema(normaliser, shape, 'create', 'transform', { code: unread('a transform calls functions') }),
  CreateConversionStmt: simple('create', 'conversion', 'conversion_name', { code: unread('a conversion calls a function') }),
  AlterTSDictionaryStmt: simple('alter', 'text search dictionary', 'dictname'),
  AlterTSConfigurationStmt: simple('alter', 'text search configuration', 'cfgname'),
  CreateSchemaStmt: createSchema,
  CreateExtensionStmt: simple('create', 'extension', 'extname', { code: unread('CREATE EXTENSION runs a script') }),
  AlterExtensionStmt: simple('alter', 'extension', 'extname', { code: unread('ALTER EXTENSION runs a script') }),
  AlterExtensionContentsStmt: simple('alter', 'extension', 'extname'),
  CreatePLangStmt: simple('create', 'language', 'plname', { code: unread('a language runs code of its own') }),
  CreateAmStmt: simple('create', 'access method', 'amname', { code: unread('an access method runs code of its own') }),
  CreateEventTrigStmt: simple('create', 'event trigger', 'trigname', { code: unread('an event trigger calls a function') }),
  AlterEventTrigStmt: simple('alter', 'event trigger', 'trigname', { code: unread('an event trigger calls a function') }),
  CreateFdwStmt: simple('create', 'foreign data wrapper', 'fdwname', { code: outside('a foreign data wrapper reaches other servers') }),
  AlterFdwStmt: simple('alter', 'foreign data wrapper', 'fdwname', { code: outside('a foreign data wrapper reaches other servers') }),
  CreateForeignServerStmt: simple('create', 'server', 'servername', { code: outside('a foreign server reaches another database') }),
  AlterForeignServerStmt: simple('alter', 'server', 'servername', { code: outside('a foreign server reaches another database') }),
  CreateUserMappingStmt: simple('create', 'user mapping', 'servername', { privileges: true }),
  AlterUserMappingStmt: simple('alter', 'user mapping', 'servername', { privileges: true }),
  DropUserMappingStmt: simple('drop', 'user mapping', 'servername', { privileges: true }),
  ImportForeignSchemaStmt: simple('create', 'foreign table', 'local_schema', {
    code: outside('IMPORT FOREIGN SCHEMA reads another server'),
  }),
  CreatePolicyStmt: (normaliser, shape) => policy(normaliser, shape, 'create'),
  AlterPolicyStmt: (normaliser, shape) => policy(normaliser, shape, 'alter'),
  CreateRoleStmt: simple('create', 'role', 'role', { privileges: true }),
  AlterRoleStmt: (normaliser, shape) => schema(normaliser, shape, 'alter', 'role', { names: [role(shape, 'role')], privileges: true }),
  AlterRoleSetStmt: (normaliser, shape) => schema(normaliser, shape, 'alter', 'role', { names: [role(shape, 'role')], privileges: true }),
  DropRoleStmt: (normaliser, shape) => schema(normaliser, shape, 'drop', 'role', { names: roleNames(shape, 'roles'), privileges: true }),
  DropOwnedStmt: (normaliser, shape) => schema(normaliser, shape, 'drop', 'owned', { names: roleNames(shape, 'roles'), privileges: true }),
  ReassignOwnedStmt: (normaliser, shape) =>
    schema(normaliser, shape, 'alter', 'owned', { names: roleNames(shape, 'roles'), privileges: true }),
  CreatedbStmt: simple('create', 'database', 'dbname'),
  AlterDatabaseStmt: simple('alter', 'database', 'dbname'),
  AlterDatabaseRefreshCollStmt: simple('alter', 'database', 'dbname'),
  AlterDatabaseSetStmt: simple('alter', 'database', 'dbname', { privileges: true }),
  DropdbStmt: simple('drop', 'database', 'dbname'),
  AlterSystemStmt: (normaliser, shape) => schema(normaliser, shape, 'alter', 'system', { privileges: true }),
  CreateTableSpaceStmt: simple('create', 'tablespace', 'tablespacename'),
  DropTableSpaceStmt: simple('drop', 'tablespace', 'tablespacename'),
  AlterTableSpaceOptionsStmt: simple('alter', 'tablespace', 'tablespacename'),
  AlterTableMoveAllStmt: simple('alter', 'tablespace', 'orig_tablespacename'),
  CreatePublicationStmt: (normaliser, shape) => publication(normaliser, shape, 'create'),
  AlterPublicationStmt: (normaliser, shape) => publication(normaliser, shape, 'alter'),
  CreateSubscriptionStmt: simple('create', 'subscription', 'subname', { code: outside('a subscription reaches another server') }),
  AlterSubscriptionStmt: simple('alter', 'subscription', 'subname', { code: outside('a subscription reaches another server') }),
  DropSubscriptionStmt: simple('drop', 'subscription', 'subname', { code: outside('a subscription reaches another server') }),
  GrantStmt: grant,
  GrantRoleStmt: grantRole,
  AlterDefaultPrivilegesStmt: (normaliser, shape) => {
    const action = shape.inline('action', 'GrantStmt');
    const operation = action?.flag('is_grant') === true ? 'grant' : 'revoke';
    shape.skipAll();
    return { kind: 'privilege', span: normaliser.span, operation, objectKind: 'default privileges', names: [] };
  },
};

function index(normaliser: Normaliser, shape: Shape): Statement {
  const relation = relationField(shape, 'relation');
  const expressions = [
    ...shape.list('indexParams').flatMap((element) => indexElement(normaliser, element)),
    ...shape.list('indexIncludingParams').flatMap((element) => indexElement(normaliser, element)),
    ...maybeExpression(normaliser, shape, 'whereClause'),
  ];
  const name = shape.optionalText('idxname');
  // An index stands in the schema of its table.
  const names = name === undefined ? [] : [[...relation.slice(0, -1), name]];
  return schema(normaliser, shape, 'create', 'index', { names, relation, expressions, ...(shape.flag('unique') && { unique: true }) });
}

function domain(normaliser: Normaliser, shape: Shape): Statement {
  const expressions = shape.list('constraints').flatMap((constraint) => maybeExpression(normaliser, constraint, 'raw_expr'));
  return schema(normaliser, shape, 'create', 'domain', { names: [dottedName(shape, 'domainname')], expressions });
}

const CODE_KINDS = new Set(['operator', 'type', 'text search parser', 'text search template', 'text search dictionary']);

/** CREATE OPERATOR, TYPE, COLLATION, TEXT SEARCH …, and not CREATE AGGREGATE. */
export function define(normaliser: Normaliser, shape: Shape): Statement {
  const kind = objectKind(shape.text('kind'));
  const name = dottedName(shape, 'defnames');
  const hasCode = CODE_KINDS.has(kind) && shape.has('definition');
  return schema(normaliser, shape, 'create', kind, { names: [name], ...(hasCode && { code: unread(`a ${kind} names functions`) }) });
}

/** Objects whose list of names ends in their own, after that of the relation that they stand on. */
const ON_RELATION = new Set(['OBJECT_TRIGGER', 'OBJECT_POLICY', 'OBJECT_RULE', 'OBJECT_COLUMN', 'OBJECT_TABCONSTRAINT']);

/** The object of DROP and COMMENT. */
function namedObject(tag: string, object: Shape): Pick<Details, 'names' | 'relation'> {
  const parts = objectName(object);
  if (!ON_RELATION.has(tag)) return { names: [parts] };
  return { names: [parts.slice(-1)], relation: parts.slice(0, -1) };
}

function drop(normaliser: Normaliser, shape: Shape): Statement {
  const tag = shape.text('removeType');
  const objects = shape.list('objects').map((object) => namedObject(tag, object));
  const relation = objects[0]?.relation;
  const names = objects.flatMap((object) => object.names ?? []);
  return schema(normaliser, shape, 'drop', objectKind(tag), {
    names,
    ...(relation && { relation }),
    ...(tag === 'OBJECT_POLICY' && { privileges: true }),
  });
}

function comment(normaliser: Normaliser, shape: Shape): Statement {
  const tag = shape.text('objtype');
  const object = shape.child('object');
  const details = object === undefined ? {} : namedObject(tag, object);
  return schema(normaliser, shape, 'comment', objectKind(tag), details);
}

function statistics(normaliser: Normaliser, shape: Shape): Statement {
  const relations = shape.list('relations').map((item) => {
    if (item.name !== 'RangeVar') throw new UnknownNodeError(`CreateStatsStmt on ${item.name}`);
    return plainRelationName(item);
  });
  const expressions = shape.list('exprs').flatMap((element): Expression[] => {
    const name = element.optionalText('name');
    return name === undefined ? maybeExpression(normaliser, element, 'expr') : [{ kind: 'column', qualifier: [], name }];
  });
  const names = shape.has('defnames') ? [dottedName(shape, 'defnames')] : [];
  const [relation] = relations;
  return schema(normaliser, shape, 'create', 'statistics', { names, relations, expressions, ...(relation && { relation }) });
}

function alterFunction(normaliser: Normaliser, shape: Shape): Statement {
  const routine = shape.inline('func', 'ObjectWithArgs');
  const names = routine === undefined ? [] : [routineName(routine)];
  const settings = routineSettings(shape.list('actions'));
  // SECURITY DEFINER and SET change with whose rights, and with which names, the body runs.
  return schema(normaliser, shape, 'alter', objectKind(shape.text('objtype')), { names, privileges: true, settings });
}

function alterOwner(normaliser: Normaliser, shape: Shape): Statement {
  const object = shape.child('object');
  const names = object === undefined ? [] : [objectName(object)];
  return schema(normaliser, shape, 'alter', objectKind(shape.text('objectType')), { names, privileges: true });
}

function createSchema(normaliser: Normaliser, shape: Shape): Statement {
  if (shape.has('schemaElts')) throw new UnknownNodeError('CREATE SCHEMA with elements; create them on their own');
  return schema(normaliser, shape, 'create', 'schema', { names: [[shape.optionalText('schemaname') ?? role(shape, 'authrole')[0] ?? '']] });
}

function policy(normaliser: Normaliser, shape: Shape, operation: 'create' | 'alter'): Statement {
  const expressions = [...maybeExpression(normaliser, shape, 'qual'), ...maybeExpression(normaliser, shape, 'with_check')];
  const relation = relationField(shape, 'table');
  return schema(normaliser, shape, operation, 'policy', { names: [[shape.text('policy_name')]], relation, expressions, privileges: true });
}

/** A publication sends what is written to its tables to other servers. */
function publication(normaliser: Normaliser, shape: Shape, operation: 'create' | 'alter'): Statement {
  const relations = shape.list('pubobjects').flatMap((object) => {
    const table = object.inline('pubtable', 'PublicationTable');
    return table === undefined ? [] : [relationField(table, 'relation')];
  });
  const names = [[shape.text('pubname')]];
  return schema(normaliser, shape, operation, 'publication', {
    names,
    relations,
    code: outside('a publication sends rows to other servers'),
  });
}

// ---------------------------------------------------------------- rights

function grant(normaliser: Normaliser, shape: Shape): Privilege {
  const kind = objectKind(shape.text('objtype'));
  const wide = shape.text('targtype') === 'ACL_TARGET_ALL_IN_SCHEMA';
  const names = shape.list('objects').map((object) => objectName(object));
  const operation = shape.flag('is_grant') ? 'grant' : 'revoke';
  shape.skipAll();
  return { kind: 'privilege', span: normaliser.span, operation, objectKind: wide ? `all ${kind}s in schema` : kind, names };
}

function grantRole(normaliser: Normaliser, shape: Shape): Privilege {
  const granted = shape.list('granted_roles').map((privilege): NameParts => [privilege.text('priv_name')]);
  const operation = shape.flag('is_grant') ? 'grant' : 'revoke';
  const names = [...granted, ...roleNames(shape, 'grantee_roles')];
  shape.skipAll();
  return { kind: 'privilege', span: normaliser.span, operation, objectKind: 'role', names };
}
