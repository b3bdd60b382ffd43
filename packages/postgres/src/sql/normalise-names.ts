import type { Alias, NameParts, TypeName } from '@sqlwarden/core';
import { UnknownNodeError, type Shape } from './tree.js';

/** Names, aliases and types of the tree. */

/** A RangeVar's name. */
export function relationName(range: Shape): NameParts {
  const parts = [range.optionalText('catalogname'), range.optionalText('schemaname'), range.text('relname')];
  range.skip('relpersistence');
  return parts.filter((part) => part !== undefined);
}

/** A RangeVar where only its name can matter (DDL). */
export function plainRelationName(range: Shape): NameParts {
  range.skip('inh');
  return relationName(range);
}

/** `ONLY t`: the tree says it by leaving out `inh`. */
export function isOnly(range: Shape): boolean {
  return !range.flag('inh');
}

export function isTemporary(range: Shape): boolean {
  return range.text('relpersistence') === 't' || range.optionalText('schemaname') === 'pg_temp';
}

export function alias(shape: Shape): { readonly alias?: Alias } {
  const found = shape.inline('alias', 'Alias');
  return found === undefined ? {} : { alias: { name: found.text('aliasname'), columns: found.names('colnames') } };
}

/** A list field of String nodes that is one dotted name; an error when it is empty. */
export function dottedName(shape: Shape, field: string): NameParts {
  const parts = shape.names(field);
  if (parts.length === 0) throw new UnknownNodeError(`${shape.name}.${field} without a name`);
  return parts;
}

/** The field as a TypeName, which the tree does not name. */
export function typeName(shape: Shape, field: string): TypeName {
  const type = shape.inline(field, 'TypeName');
  if (type === undefined) throw new UnknownNodeError(`${shape.name}.${field} without a type`);
  return readType(type);
}

export function readType(type: Shape): TypeName {
  // Modifiers are constants (`varchar(80)`), or words for the type's own input (`geometry(point)`).
  const modifiers = type.list('typmods');
  for (const modifier of modifiers) modifier.skipAll();
  for (const bound of type.list('arrayBounds')) bound.skipAll();
  const array = type.has('arrayBounds');
  type.skip('typemod', 'setof', 'pct_type', 'typeOid');
  return { name: dottedName(type, 'names'), array, ...(modifiers.length > 0 && { modified: true }) };
}

/** The type for people: `numeric`, `public.mood[]`. */
export function typeText(type: TypeName): string {
  const [schema, ...rest] = type.name;
  const shown = schema === 'pg_catalog' && rest.length > 0 ? rest : type.name;
  return `${shown.join('.')}${type.array ? '[]' : ''}`;
}

/**
 * The name of an object as DROP, COMMENT, ALTER … hold it: a list of names, one name, a type, or a routine with arguments.
 */
export function objectName(object: Shape): NameParts {
  switch (object.name) {
    case 'List':
      return object.list('items').flatMap((item) => (item.name === 'TypeName' ? readType(item).name : [item.string()]));
    case 'String':
      return [object.string()];
    case 'TypeName':
      return readType(object).name;
    case 'ObjectWithArgs':
      return routineName(object);
    case 'RangeVar':
      return plainRelationName(object);
    case 'Integer':
    case 'Float':
      // A large object's number.
      object.skipAll();
      return ['large object'];
    default:
      throw new UnknownNodeError(`${object.name} where the name of an object was expected`);
  }
}

/** A routine's name; its argument types only tell overloads apart. */
export function routineName(object: Shape): NameParts {
  for (const argument of object.list('objargs')) argument.skipAll();
  for (const argument of object.list('objfuncargs')) argument.skipAll();
  object.skip('args_unspecified');
  return dottedName(object, 'objname');
}

/** What the dialect calls a kind of object, by the tree's tag (`OBJECT_MATVIEW`). */
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
