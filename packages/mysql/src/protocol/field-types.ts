/** The types that column definitions and parameters have on the wire ("enum_field_types", "Protocol::ColumnType"). */
export const FIELD_TYPE = {
  MYSQL_TYPE_DECIMAL: 0x00,
  MYSQL_TYPE_TINY: 0x01,
  MYSQL_TYPE_SHORT: 0x02,
  MYSQL_TYPE_LONG: 0x03,
  MYSQL_TYPE_FLOAT: 0x04,
  MYSQL_TYPE_DOUBLE: 0x05,
  MYSQL_TYPE_NULL: 0x06,
  MYSQL_TYPE_TIMESTAMP: 0x07,
  MYSQL_TYPE_LONGLONG: 0x08,
  MYSQL_TYPE_INT24: 0x09,
  MYSQL_TYPE_DATE: 0x0a,
  MYSQL_TYPE_TIME: 0x0b,
  MYSQL_TYPE_DATETIME: 0x0c,
  MYSQL_TYPE_YEAR: 0x0d,
  MYSQL_TYPE_NEWDATE: 0x0e,
  MYSQL_TYPE_VARCHAR: 0x0f,
  MYSQL_TYPE_BIT: 0x10,
  MYSQL_TYPE_TIMESTAMP2: 0x11,
  MYSQL_TYPE_DATETIME2: 0x12,
  MYSQL_TYPE_TIME2: 0x13,
  MYSQL_TYPE_VECTOR: 0xf2,
  MYSQL_TYPE_JSON: 0xf5,
  MYSQL_TYPE_NEWDECIMAL: 0xf6,
  MYSQL_TYPE_ENUM: 0xf7,
  MYSQL_TYPE_SET: 0xf8,
  MYSQL_TYPE_TINY_BLOB: 0xf9,
  MYSQL_TYPE_MEDIUM_BLOB: 0xfa,
  MYSQL_TYPE_LONG_BLOB: 0xfb,
  MYSQL_TYPE_BLOB: 0xfc,
  MYSQL_TYPE_VAR_STRING: 0xfd,
  MYSQL_TYPE_STRING: 0xfe,
  MYSQL_TYPE_GEOMETRY: 0xff,
} as const satisfies Record<string, number>;

export type FieldTypeName = keyof typeof FIELD_TYPE;

/** The flags of a column definition ("Column Definition Flags"), the 16 bits that are sent. */
export const COLUMN_FLAG = {
  NOT_NULL_FLAG: 0x0001,
  PRI_KEY_FLAG: 0x0002,
  UNIQUE_KEY_FLAG: 0x0004,
  MULTIPLE_KEY_FLAG: 0x0008,
  BLOB_FLAG: 0x0010,
  UNSIGNED_FLAG: 0x0020,
  ZEROFILL_FLAG: 0x0040,
  BINARY_FLAG: 0x0080,
  ENUM_FLAG: 0x0100,
  AUTO_INCREMENT_FLAG: 0x0200,
  TIMESTAMP_FLAG: 0x0400,
  SET_FLAG: 0x0800,
  NO_DEFAULT_VALUE_FLAG: 0x1000,
  ON_UPDATE_NOW_FLAG: 0x2000,
  PART_KEY_FLAG: 0x4000,
  NUM_FLAG: 0x8000,
} as const satisfies Record<string, number>;

/** In the two bytes that declare a parameter's type: the value is unsigned. */
export const PARAMETER_UNSIGNED_FLAG = 0x8000;

/**
 * How long a value of a type is in the binary protocol ("Binary Protocol Resultset Row", "Binary Protocol Value"): a number of bytes,
 * `'temporal'` (one byte of length, at most 12, in front), `'lenenc'` (a length-encoded string), or `undefined` for what is no type of the wire.
 */
export type BinaryForm = number | 'temporal' | 'lenenc' | undefined;

const BINARY_FORMS = {
  MYSQL_TYPE_DECIMAL: 'lenenc',
  MYSQL_TYPE_TINY: 1,
  MYSQL_TYPE_SHORT: 2,
  MYSQL_TYPE_LONG: 4,
  MYSQL_TYPE_FLOAT: 4,
  MYSQL_TYPE_DOUBLE: 8,
  MYSQL_TYPE_NULL: 0,
  MYSQL_TYPE_TIMESTAMP: 'temporal',
  MYSQL_TYPE_LONGLONG: 8,
  MYSQL_TYPE_INT24: 4,
  MYSQL_TYPE_DATE: 'temporal',
  MYSQL_TYPE_TIME: 'temporal',
  MYSQL_TYPE_DATETIME: 'temporal',
  MYSQL_TYPE_YEAR: 2,
  // Inside of the server only.
  MYSQL_TYPE_NEWDATE: undefined,
  MYSQL_TYPE_VARCHAR: 'lenenc',
  MYSQL_TYPE_BIT: 'lenenc',
  MYSQL_TYPE_TIMESTAMP2: undefined,
  MYSQL_TYPE_DATETIME2: undefined,
  MYSQL_TYPE_TIME2: undefined,
  MYSQL_TYPE_VECTOR: 'lenenc',
  MYSQL_TYPE_JSON: 'lenenc',
  MYSQL_TYPE_NEWDECIMAL: 'lenenc',
  MYSQL_TYPE_ENUM: 'lenenc',
  MYSQL_TYPE_SET: 'lenenc',
  MYSQL_TYPE_TINY_BLOB: 'lenenc',
  MYSQL_TYPE_MEDIUM_BLOB: 'lenenc',
  MYSQL_TYPE_LONG_BLOB: 'lenenc',
  MYSQL_TYPE_BLOB: 'lenenc',
  MYSQL_TYPE_VAR_STRING: 'lenenc',
  MYSQL_TYPE_STRING: 'lenenc',
  MYSQL_TYPE_GEOMETRY: 'lenenc',
} as const satisfies Record<FieldTypeName, BinaryForm>;

const formByType: BinaryForm[] = Array.from({ length: 256 }, () => undefined);
for (const [name, type] of Object.entries(FIELD_TYPE)) formByType[type] = BINARY_FORMS[name as FieldTypeName];

export function binaryForm(type: number): BinaryForm {
  return formByType[type];
}
