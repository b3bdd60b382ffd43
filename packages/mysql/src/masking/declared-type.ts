import type { Catalogue, CatalogueColumn, CatalogueRelation, OriginKey, ResolvedCatalogue } from '@sqlwarden/core';
import { COLUMN_FLAG, FIELD_TYPE } from '../protocol/field-types.js';
import type { ColumnType } from './column-type.js';

/** What the catalogue says of a column: `COLUMNS.COLUMN_TYPE`, such as `enum('a','b')` or `int(10) unsigned zerofill`. */
export interface DeclaredType {
  /** Lower case, without modifiers. */
  readonly name: string;
  /** What stands in parentheses, as it is written. */
  readonly modifiers: string;
  /** What follows: `unsigned`, `zerofill`. */
  readonly attributes: string;
  readonly column: CatalogueColumn;
}

type Folded = ReadonlyMap<string, CatalogueRelation | null>;
const foldedRelations = new WeakMap<Catalogue, Folded>();

/** The declared type of the column that a header names as its origin; `undefined` when there is none, or more than one of that name. */
export function declaredType(origin: OriginKey | undefined, resolved: ResolvedCatalogue | undefined): DeclaredType | undefined {
  if (origin === undefined || resolved === undefined) return undefined;
  const parts = namesOf(origin);
  if (parts === undefined) return undefined;
  const [schema, relation, name] = parts;
  const columns = folded(resolved.catalogue).get(JSON.stringify([schema, relation]))?.columns ?? [];
  const column = columns.find((candidate) => candidate.name.toLowerCase() === name);
  return column === undefined ? undefined : parseDeclared(column);
}

/** The inverse of `originByName`. */
function namesOf(origin: OriginKey): readonly string[] | undefined {
  if (!origin.startsWith('[')) return undefined;
  const parts: unknown = JSON.parse(origin);
  return Array.isArray(parts) && parts.length === 3 ? parts.map(String) : undefined;
}

function folded(catalogue: Catalogue): Folded {
  let relations = foldedRelations.get(catalogue);
  if (relations === undefined) {
    const made = new Map<string, CatalogueRelation | null>();
    for (const relation of catalogue.relations.values()) {
      const key = JSON.stringify([relation.schema.toLowerCase(), relation.name.toLowerCase()]);
      made.set(key, made.has(key) ? null : relation);
    }
    relations = made;
    foldedRelations.set(catalogue, relations);
  }
  return relations;
}

const DECLARED = /^([a-z0-9_ ]+?)\s*(?:\((.*)\))?((?:\s+(?:unsigned|signed|zerofill))*)(?:\s.*)?$/is;

function parseDeclared(column: CatalogueColumn): DeclaredType | undefined {
  const match = DECLARED.exec(column.type);
  if (match === null) return undefined;
  const [, name = '', modifiers = '', attributes = ''] = match;
  return { name: name.toLowerCase(), modifiers, attributes: attributes.toLowerCase(), column };
}

const MEMBER = /'((?:[^'\\]|''|\\.)*)'(?:,|$)/gsy;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', '0': '\0' };

/** The members of an ENUM or SET, which the server lists with quotes doubled and backslashes before what cannot be shown. */
export function membersOf({ modifiers }: DeclaredType): string[] {
  return Array.from(modifiers.matchAll(MEMBER), ([, member = '']) =>
    member.replaceAll("''", "'").replaceAll(/\\(.)/gs, (_, escaped: string) => ESCAPES[escaped] ?? escaped),
  );
}

const UTF8MB4 = 45;
const BINARY = 63;
const MAX_BYTES = 4;
const TEXTS: ReadonlySet<string> = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'json', 'enum', 'set']);

/** MariaDB's types that come as texts, with the characters that these have. */
const OWN_TYPES: ReadonlyMap<string, number> = new Map([
  ['inet4', 15],
  ['uuid', 36],
  ['inet6', 39],
]);

/** Its values are texts of some character set. */
export function isDeclaredText({ name }: DeclaredType): boolean {
  return TEXTS.has(name);
}

/** What a header would say of the column to a client whose character set is utf8mb4. */
export function asColumnType(declared: DeclaredType): ColumnType {
  const { name, modifiers, attributes, column } = declared;
  const [first = Number.NaN, second] = modifiers === '' ? [] : modifiers.split(',').map(Number);
  const unsigned = attributes.includes('unsigned');
  const flags =
    (unsigned ? COLUMN_FLAG.UNSIGNED_FLAG : 0) |
    (attributes.includes('zerofill') ? COLUMN_FLAG.ZEROFILL_FLAG : 0) |
    (name === 'enum' ? COLUMN_FLAG.ENUM_FLAG : 0) |
    (name === 'set' ? COLUMN_FLAG.SET_FLAG : 0);
  const type = column.typeId;
  if (isDeclaredText(declared)) {
    const columnLength = column.maxLength === undefined ? 0xffff_ffff : column.maxLength * MAX_BYTES;
    return { type, collation: UTF8MB4, columnLength, flags, decimals: 0 };
  }
  const characters = OWN_TYPES.get(name);
  if (characters !== undefined) {
    const marks = COLUMN_FLAG.UNSIGNED_FLAG | COLUMN_FLAG.BINARY_FLAG;
    return { type, collation: UTF8MB4, columnLength: characters * MAX_BYTES, flags: marks, decimals: 0 };
  }
  if (type === FIELD_TYPE.MYSQL_TYPE_NEWDECIMAL) {
    const scale = second ?? 0;
    return { type, collation: BINARY, columnLength: first + (unsigned ? 0 : 1) + (scale > 0 ? 1 : 0), flags, decimals: scale };
  }
  const isFloat = type === FIELD_TYPE.MYSQL_TYPE_FLOAT || type === FIELD_TYPE.MYSQL_TYPE_DOUBLE;
  const isTime = TIMES.has(type);
  return {
    type,
    collation: BINARY,
    columnLength: declaredLength(name, first),
    flags: flags | COLUMN_FLAG.BINARY_FLAG,
    decimals: isFloat ? (second ?? 31) : isTime && !Number.isNaN(first) ? first : 0,
  };
}

const TIMES: ReadonlySet<number> = new Set([FIELD_TYPE.MYSQL_TYPE_DATETIME, FIELD_TYPE.MYSQL_TYPE_TIMESTAMP, FIELD_TYPE.MYSQL_TYPE_TIME]);

function declaredLength(name: string, length: number): number {
  if (name === 'vector') return (Number.isNaN(length) ? 2048 : length) * 4;
  if (Number.isNaN(length)) return name === 'binary' || name === 'bit' ? 1 : 0xffff_ffff;
  return length;
}
