import type { ResultColumn } from '@sqlwarden/core';
import type { Collation } from '../protocol/collation.js';
import type { TypeInfo } from '../protocol/type-info.js';

/** What a TYPE_INFO says of a type, as far as masks need it ([MS-TDS] section 2.2.5.6). */
export interface ColumnType {
  /** Code of `DATA_TYPE`. */
  readonly type: number;
  /** Most bytes of a value; `undefined` where there is no limit. */
  readonly maxBytes: number | undefined;
  readonly precision: number;
  readonly scale: number;
  readonly collation: Collation | undefined;
}

type Packed = Pick<ResultColumn, 'typeId' | 'typeModifier' | 'typeDetail'>;

const WITHOUT_LIMIT = -1;
const BYTE = 0x100;
const LCIDS = 0x10_0000;
const VERSIONS = 0x10;
const HAS_COLLATION = 2 ** 40;

/** The same as {@link ResultColumn} has it: {@link columnType} is the inverse. `notNull`: a cell of a fixed type cannot be NULL. */
export function typeOf(info: TypeInfo): Packed & { readonly typeDetail: number; readonly notNull?: true } {
  const { type, maxLength, precision = 0, scale = 0, collation } = info;
  const typeDetail = collation === undefined ? precision * BYTE + scale : HAS_COLLATION + numberOf(collation);
  return { typeId: type, typeModifier: maxLength ?? WITHOUT_LIMIT, typeDetail, ...(info.form === 'fixed' ? { notNull: true } : {}) };
}

/** Of a column that no COLMETADATA has described only the type is known: its number in `sys.types` is the code. */
export function columnType({ typeId, typeModifier, typeDetail }: Packed): ColumnType {
  const maxBytes = typeModifier < 0 ? undefined : typeModifier;
  const detail = typeDetail ?? 0;
  if (detail >= HAS_COLLATION) return { type: typeId, maxBytes, precision: 0, scale: 0, collation: collationOf(detail - HAS_COLLATION) };
  return { type: typeId, maxBytes, precision: Math.floor(detail / BYTE), scale: detail % BYTE, collation: undefined };
}

function numberOf({ lcid, flags, version, sortId }: Collation): number {
  return lcid + LCIDS * (flags + BYTE * (version + VERSIONS * sortId));
}

function collationOf(packed: number): Collation {
  const flags = Math.floor(packed / LCIDS);
  const version = Math.floor(flags / BYTE);
  return { lcid: packed % LCIDS, flags: flags % BYTE, version: version % VERSIONS, sortId: Math.floor(version / VERSIONS) };
}
