import type { CellType, ResolvedCatalogue, ResultColumn } from '@sqlwarden/core';
import { DATA_TYPE } from '../protocol/data-types.js';
import { constantType } from './cell-type-parts.js';
import { codePageOf, utf16 } from './code-pages.js';
import { columnType, type ColumnType } from './column-type.js';
import { bitType, decimalType, floatType, integerType, moneyType } from './number-cells.js';
import { dateType, datetime2Type, datetimeoffsetType, datetimeType, timeType } from './temporal-cells.js';
import { bytesType, guidType, textType } from './text-cells.js';

const cellTypes = new Map<string, CellType>();
const MAX_KNOWN = 10_000;

type Column = Pick<ResultColumn, 'typeId' | 'typeModifier' | 'typeDetail'>;

/**
 * The type behind a column of a result, for masks. There is one format; cells are the bytes of the values without their length, without text pointers
 * and without the chunks of PLP. Of a type that is not known, and of values that only their own code can read (UDT) or that each have a type of
 * their own (sql_variant), NULL stands for every value. Never throws.
 */
export function cellType(column: Column, _catalogue?: ResolvedCatalogue): CellType {
  const key = `${column.typeId} ${column.typeModifier} ${column.typeDetail}`;
  let type = cellTypes.get(key);
  if (type === undefined) {
    type = makeType(columnType(column));
    // What comes in is the server's: the map must not grow with whatever it says.
    if (cellTypes.size < MAX_KNOWN) cellTypes.set(key, type);
  }
  return type;
}

/** What `sys.types` has for ROWVERSION, which comes as BINARY. */
const ROWVERSION = 0xbd;
/** Declared length of what has no limit of its own (TEXT, NTEXT, IMAGE). */
const UNLIMITED = 0x7fff_fffe;

function makeType(described: ColumnType): CellType {
  const { type, precision, scale, collation } = described;
  const maxBytes = described.maxBytes !== undefined && described.maxBytes >= UNLIMITED ? undefined : described.maxBytes;
  switch (type) {
    case DATA_TYPE.INT1:
      return integerType(1);
    case DATA_TYPE.INT2:
      return integerType(2);
    case DATA_TYPE.INT4:
      return integerType(4);
    case DATA_TYPE.INT8:
      return integerType(8);
    case DATA_TYPE.INTN:
      return maxBytes === 1 || maxBytes === 2 || maxBytes === 4 || maxBytes === 8 ? integerType(maxBytes) : UNKNOWN;
    case DATA_TYPE.BIT:
    case DATA_TYPE.BITN:
      return bitType;
    case DATA_TYPE.DECIMAL:
    case DATA_TYPE.NUMERIC:
    case DATA_TYPE.DECIMALN:
    case DATA_TYPE.NUMERICN:
      return decimalType(precision, scale);
    case DATA_TYPE.FLT4:
      return floatType(4);
    case DATA_TYPE.FLT8:
      return floatType(8);
    case DATA_TYPE.FLTN:
      return maxBytes === 4 ? floatType(4) : floatType(8);
    case DATA_TYPE.MONEY4:
      return moneyType(4);
    case DATA_TYPE.MONEY:
      return moneyType(8);
    case DATA_TYPE.MONEYN:
      return maxBytes === 4 ? moneyType(4) : moneyType(8);
    case DATA_TYPE.DATETIM4:
      return datetimeType(4);
    case DATA_TYPE.DATETIME:
      return datetimeType(8);
    case DATA_TYPE.DATETIMN:
      return maxBytes === 4 ? datetimeType(4) : datetimeType(8);
    case DATA_TYPE.DATEN:
      return dateType;
    case DATA_TYPE.TIMEN:
      return timeType(scale);
    case DATA_TYPE.DATETIME2N:
      return datetime2Type(scale);
    case DATA_TYPE.DATETIMEOFFSETN:
      return datetimeoffsetType(scale);
    case DATA_TYPE.GUID:
      return guidType;
    case DATA_TYPE.NVARCHAR:
    case DATA_TYPE.NTEXT:
      return textType(utf16, maxBytes, false);
    case DATA_TYPE.NCHAR:
      return textType(utf16, maxBytes, true);
    case DATA_TYPE.BIGVARCHAR:
    case DATA_TYPE.VARCHAR:
    case DATA_TYPE.TEXT:
      return textType(codePageOf(collation), maxBytes, false);
    case DATA_TYPE.BIGCHAR:
    case DATA_TYPE.CHAR:
      return textType(codePageOf(collation), maxBytes, true);
    case DATA_TYPE.BIGVARBINARY:
    case DATA_TYPE.VARBINARY:
    case DATA_TYPE.IMAGE:
      return bytesType(maxBytes, false);
    case DATA_TYPE.BIGBINARY:
    case DATA_TYPE.BINARY:
    case ROWVERSION:
      return bytesType(maxBytes, true);
    case DATA_TYPE.XML:
      return EMPTY_XML;
    default:
      return UNKNOWN;
  }
}

const UNKNOWN: CellType = constantType('other', null);
/** No text is sure to be well formed but that of nothing. */
const EMPTY_XML: CellType = constantType('other', new Uint8Array(0));
