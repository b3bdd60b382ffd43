import type { CellType, ResolvedCatalogue, ResultColumn } from '@sqlwarden/core';
import { characterSetOf } from '../protocol/character-sets.js';
import { COLUMN_FLAG, FIELD_TYPE } from '../protocol/field-types.js';
import { ascii, characterSet, type CharacterSet, utf8mb4 } from './character-set.js';
import { type ColumnType, columnType } from './column-type.js';
import { asColumnType, type DeclaredType, declaredType, isDeclaredText, membersOf } from './declared-type.js';
import { geometryType, vectorType } from './geometry-and-vector-cells.js';
import { decimalCodec, floatCodec, integerCodec, type NumberType, yearCodec } from './number-codecs.js';
import { dateCodec, timeCodec, timestampCodec } from './temporal-codecs.js';
import {
  bitType,
  bytesType,
  enumCodec,
  fixedTextCodec,
  inet4Codec,
  inet6Codec,
  jsonCodec,
  setCodec,
  textCodec,
  uuidCodec,
} from './text-codecs.js';
import { cellTypeOf, constantBytes, type TypeCodec } from './type-codec.js';

const NO_CATALOGUE: ResolvedCatalogue | object = {};
const cellTypes = new WeakMap<object, Map<string, CellType>>();
const MAX_KNOWN = 10_000;

type Column = Pick<ResultColumn, 'typeId' | 'typeModifier' | 'typeDetail' | 'origin'>;

/**
 * The type behind a column of a result, for masks. Cells are the bytes of the values: in binary rows numbers of their size, dates and times without
 * the byte of their length, everything else the content of its string. What a column definition does not say (the members of an ENUM, which
 * geometry it is, that MariaDB's LONGTEXT is JSON, that bytes are a text under `SET NAMES binary`) is looked up in the catalogue by the column's origin; there, too, the type of a
 * column that no header has described. Of a type that is not known NULL stands for every value. Never throws.
 */
export function cellType(column: Column, catalogue?: ResolvedCatalogue): CellType {
  const scope = catalogue ?? NO_CATALOGUE;
  let known = cellTypes.get(scope);
  if (known === undefined) {
    known = new Map();
    cellTypes.set(scope, known);
  }
  const key = `${column.typeId} ${column.typeModifier} ${column.typeDetail} ${column.origin}`;
  let type = known.get(key);
  if (type === undefined) {
    type = makeType(column, declaredType(column.origin, catalogue));
    // What comes in is the server's: the map must not grow with whatever it says.
    if (known.size < MAX_KNOWN) known.set(key, type);
  }
  return type;
}

function makeType(column: Column, declared: DeclaredType | undefined): CellType {
  const described = columnType(column) ?? (declared === undefined ? undefined : asColumnType(declared));
  if (described === undefined) return UNKNOWN;
  const number: NumberType = {
    unsigned: (described.flags & COLUMN_FLAG.UNSIGNED_FLAG) !== 0,
    zeroFill: (described.flags & COLUMN_FLAG.ZEROFILL_FLAG) !== 0 ? Math.min(described.columnLength, 255) : 0,
  };
  const { decimals, columnLength } = described;
  const plain = (codec: TypeCodec): CellType => cellTypeOf(codec, textSet(described));
  switch (described.type) {
    case FIELD_TYPE.MYSQL_TYPE_TINY:
      return plain(integerCodec(1, number));
    case FIELD_TYPE.MYSQL_TYPE_SHORT:
      return plain(integerCodec(2, number));
    case FIELD_TYPE.MYSQL_TYPE_INT24:
      return plain(integerCodec(3, number));
    case FIELD_TYPE.MYSQL_TYPE_LONG:
      return plain(integerCodec(4, number));
    case FIELD_TYPE.MYSQL_TYPE_LONGLONG:
      return plain(integerCodec(8, number));
    case FIELD_TYPE.MYSQL_TYPE_YEAR:
      return plain(yearCodec());
    case FIELD_TYPE.MYSQL_TYPE_FLOAT:
      return plain(floatCodec(4, columnLength, decimals, number));
    case FIELD_TYPE.MYSQL_TYPE_DOUBLE:
      return plain(floatCodec(8, columnLength, decimals, number));
    case FIELD_TYPE.MYSQL_TYPE_DECIMAL:
    case FIELD_TYPE.MYSQL_TYPE_NEWDECIMAL:
      return plain(decimalCodec(columnLength, decimals, number));
    case FIELD_TYPE.MYSQL_TYPE_DATE:
      return plain(dateCodec);
    case FIELD_TYPE.MYSQL_TYPE_DATETIME:
      return plain(timestampCodec('datetime', decimals));
    case FIELD_TYPE.MYSQL_TYPE_TIMESTAMP:
      return plain(timestampCodec('timestamp', decimals));
    case FIELD_TYPE.MYSQL_TYPE_TIME:
      return plain(timeCodec(decimals));
    case FIELD_TYPE.MYSQL_TYPE_BIT:
      return bitType(columnLength);
    case FIELD_TYPE.MYSQL_TYPE_JSON:
      return cellTypeOf(jsonCodec, utf8mb4);
    case FIELD_TYPE.MYSQL_TYPE_VECTOR:
      return vectorType(columnLength);
    case FIELD_TYPE.MYSQL_TYPE_GEOMETRY:
      return geometryType(declared?.name);
    case FIELD_TYPE.MYSQL_TYPE_ENUM:
    case FIELD_TYPE.MYSQL_TYPE_SET:
    case FIELD_TYPE.MYSQL_TYPE_VARCHAR:
    case FIELD_TYPE.MYSQL_TYPE_VAR_STRING:
    case FIELD_TYPE.MYSQL_TYPE_STRING:
    case FIELD_TYPE.MYSQL_TYPE_TINY_BLOB:
    case FIELD_TYPE.MYSQL_TYPE_MEDIUM_BLOB:
    case FIELD_TYPE.MYSQL_TYPE_LONG_BLOB:
    case FIELD_TYPE.MYSQL_TYPE_BLOB:
      return stringType(described, declared);
    default:
      return UNKNOWN;
  }
}

/** Numbers and times: in ASCII, but for character sets of results that have no ASCII in them. */
function textSet({ collation }: ColumnType): CharacterSet {
  const set = characterSetOf(collation);
  return set === undefined || set.name === 'binary' ? ascii : characterSet(set.name);
}

/** Longer than any text that is not of a column without a limit. */
const UNLIMITED = 0xff_ffff;

function stringType(described: ColumnType, declared: DeclaredType | undefined): CellType {
  const { type, flags, collation, columnLength } = described;
  const set = characterSetOf(collation);
  const isFixed = type === FIELD_TYPE.MYSQL_TYPE_STRING;
  const isText = set?.name !== 'binary';
  // Under SET NAMES binary a text comes as it is stored, which is UTF-8 or, then, cannot be read.
  const hidden = !isText && ((flags & COLUMN_FLAG.BINARY_FLAG) === 0 || (declared !== undefined && isDeclaredText(declared)));
  const characters = hidden ? utf8mb4 : characterSet(set?.name);
  const text = (codec: TypeCodec): CellType => cellTypeOf(codec, characters);
  if (type === FIELD_TYPE.MYSQL_TYPE_ENUM || (flags & COLUMN_FLAG.ENUM_FLAG) !== 0)
    return text(enumCodec(declared?.name === 'enum' ? membersOf(declared) : []));
  if (type === FIELD_TYPE.MYSQL_TYPE_SET || (flags & COLUMN_FLAG.SET_FLAG) !== 0) return text(setCodec);
  if (declared?.name === 'json') return text(jsonCodec);
  const limit = columnLength > UNLIMITED ? undefined : columnLength;
  const maxLength = limit === undefined ? undefined : Math.floor(limit / (set?.maxBytes ?? 1));
  const own = isFixed ? ownType(flags, maxLength) : undefined;
  if (own !== undefined) return cellTypeOf(own, isText ? characters : ascii);
  if (!isText && !hidden) return bytesType(limit, isFixed);
  return text(isFixed ? fixedTextCodec(maxLength) : textCodec(maxLength));
}

/**
 * MariaDB's types that come as strings: nothing in the header names them while its extended metadata is not agreed on, but no string else is marked
 * as unsigned and binary.
 */
function ownType(flags: number, maxLength: number | undefined): TypeCodec | undefined {
  const marks = COLUMN_FLAG.UNSIGNED_FLAG | COLUMN_FLAG.BINARY_FLAG;
  return (flags & marks) === marks && maxLength !== undefined ? OWN_TYPES.get(maxLength) : undefined;
}

/** By the characters of their texts. */
const OWN_TYPES: ReadonlyMap<number, TypeCodec> = new Map([
  [15, inet4Codec],
  [36, uuidCodec],
  [39, inet6Codec],
]);

const UNKNOWN: CellType = constantBytes('other', null);
