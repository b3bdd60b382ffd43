import type { AlterAction, NameParts, Statement } from '@sqlwarden/core';
import { objectKind, objectName, plainRelationName, readType, typeText } from './normalise-names.js';
import { boundExpressions, columnDefinition, type Constraints, readConstraint, relationOf } from './normalise-table.js';
import type { Normaliser } from './normaliser.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** ALTER TABLE and its kin, RENAME and SET SCHEMA. */

export function alterTable(normaliser: Normaliser, shape: Shape): Statement {
  const { name } = relationOf(shape);
  const kind = shape.text('objtype');
  return {
    kind: 'alter-relation',
    span: normaliser.span,
    objectKind: objectKind(kind),
    name,
    actions: shape.list('cmds').map((command) => alterAction(normaliser, command, kind === 'OBJECT_TYPE')),
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

/** The attributes of a composite type are the columns of the tables that were made of it, and CASCADE reaches these. */
function rejectTypeCascade(shape: Shape): void {
  if (shape.text('behavior') === 'DROP_CASCADE') throw new UnknownNodeError('ALTER TYPE with CASCADE changes tables that it does not name');
}

function alterAction(normaliser: Normaliser, command: Shape, ofType: boolean): AlterAction {
  if (ofType) rejectTypeCascade(command);
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

const DETACHING = new Set(['AT_DetachPartition', 'AT_DetachPartitionFinalize']);

function otherAction(normaliser: Normaliser, type: string, definition: Shape | undefined): AlterAction {
  const what = type
    .replace(/^AT_/, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  const found: Constraints = { expressions: [], foreignKeys: [], notNull: false };
  const relations: NameParts[] = [];
  if (definition?.name === 'Constraint') readConstraint(normaliser, definition, found);
  else if (definition?.name === 'RangeVar') relations.push(plainRelationName(definition));
  else if (definition?.name === 'PartitionCmd') relations.push(partitionCommand(normaliser, definition, found));
  else if (definition?.name === 'TypeName') relations.push(readType(definition).name);
  else definition?.skipAll();
  const [relation] = relations;
  if (relation !== undefined && type === 'AT_AttachPartition') return { kind: 'attach', relation, as: 'child' };
  if (relation !== undefined && type === 'AT_AddInherit') return { kind: 'attach', relation, as: 'parent' };
  if (relation !== undefined && DETACHING.has(type)) return { kind: 'detach', relation, as: 'child' };
  if (relation !== undefined && type === 'AT_DropInherit') return { kind: 'detach', relation, as: 'parent' };
  const privileges = PRIVILEGE_COMMANDS.has(type) ? { privileges: true } : {};
  const keys = found.foreignKeys.length === 0 ? {} : { foreignKeys: found.foreignKeys };
  const unique = found.unique === undefined ? {} : { unique: found.unique };
  return { kind: 'other', what, expressions: found.expressions, relations, ...keys, ...unique, ...privileges };
}

/** ATTACH and DETACH PARTITION; gives the partition. */
function partitionCommand(normaliser: Normaliser, command: Shape, into: Constraints): NameParts {
  command.skip('concurrent');
  const bound = command.inline('bound', 'PartitionBoundSpec');
  if (bound !== undefined) into.expressions.push(...boundExpressions(normaliser, bound));
  return relationOf(command, 'name').name;
}

const RELATION_TAGS = new Set(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW', 'OBJECT_FOREIGN_TABLE', 'OBJECT_INDEX', 'OBJECT_SEQUENCE']);

/** ALTER … RENAME. */
export function rename(normaliser: Normaliser, shape: Shape): Statement {
  const tag = shape.text('renameType');
  if (tag === 'OBJECT_ATTRIBUTE') rejectTypeCascade(shape);
  shape.skip('behavior');
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
    return {
      kind: 'alter-relation',
      span,
      objectKind: objectKind(tag),
      name: relation,
      actions: [{ kind: 'rename', to: newName }],
      ifExists,
    };
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
  // The members of an extension, which may be anything, move with it.
  if (tag === 'OBJECT_EXTENSION') throw new UnknownNodeError('ALTER EXTENSION SET SCHEMA moves relations that it does not name');
  return { kind: 'schema', span, operation: 'alter', objectKind: objectKind(tag), names: [objectName(object)], expressions: [], ifExists };
}
