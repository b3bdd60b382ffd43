/** The types of [MS-TDS] section 2.2.5.4 that a server of TDS 7.1 or later sends, by their names in T-SQL. */
const TYPE_NAMES = [
  'tinyint',
  'smallint',
  'int',
  'bigint',
  'bit',
  'real',
  'float',
  'smallmoney',
  'money',
  'smalldatetime',
  'datetime',
  'decimal',
  'numeric',
  'uniqueidentifier',
  'date',
  'time',
  'datetime2',
  'datetimeoffset',
  'char',
  'varchar',
  'nchar',
  'nvarchar',
  'binary',
  'varbinary',
  'text',
  'ntext',
  'image',
  'xml',
  'sql_variant',
  'udt',
  'json',
] as const;

export type TypeName = (typeof TYPE_NAMES)[number];

export interface ColumnType {
  readonly name: TypeName;
  /** Of text and binaries: characters or bytes, `Infinity` for (MAX). */
  readonly size: number;
  readonly precision: number;
  /** Of decimals, and of the fractions of a second. */
  readonly scale: number;
  readonly nullable: boolean;
  /** The collation is a UTF-8 one. */
  readonly utf8: boolean;
  /** Database, schema and name of a UDT. */
  readonly typeName: readonly [string, string, string];
}

const ALIASES: Readonly<Record<string, string>> = {
  integer: 'int',
  dec: 'decimal',
  rowversion: 'binary(8)',
  timestamp: 'binary(8)',
  sysname: 'nvarchar(128)',
  geography: 'udt(master.sys.geography)',
  geometry: 'udt(master.sys.geometry)',
  hierarchyid: 'udt(master.sys.hierarchyid)',
};

/**
 * Reads a type as {@link CannedSqlServerColumn} says it.
 *
 * @throws Error for one that there is not.
 */
export function parseType(declaration: string): ColumnType {
  const match = /^\s*([a-z_0-9]+)\s*(?:\(([^)]*)\))?((?:\s+(?:not null|null|utf8))*)\s*$/i.exec(declaration);
  const [, word = '', list = '', rest = ''] = match ?? [];
  const alias = ALIASES[word.toLowerCase()];
  if (alias !== undefined) return parseType(`${alias}${alias.includes('(') || list === '' ? '' : `(${list})`} ${rest}`);
  const name = word.toLowerCase() as TypeName;
  if (!TYPE_NAMES.includes(name)) throw new Error(`no type of T-SQL: ${declaration}`);
  const [first = '', second = ''] = list.split(',').map((part) => part.trim());
  const isDecimal = name === 'decimal' || name === 'numeric';
  return {
    name,
    size: isText(name) ? (first.toLowerCase() === 'max' ? Infinity : Number(first || 1)) : 0,
    precision: isDecimal ? Number(first || 18) : 0,
    scale: isDecimal ? Number(second || 0) : isScaled(name) ? Number(first || 7) : 0,
    nullable: !/not null/i.test(rest),
    utf8: /utf8/i.test(rest),
    typeName: nameParts(list),
  };
}

function isText(name: TypeName): boolean {
  return /^n?(?:var)?char$|binary$/.test(name);
}

function isScaled(name: TypeName): boolean {
  return name === 'time' || name === 'datetime2' || name === 'datetimeoffset';
}

function nameParts(list: string): [string, string, string] {
  const [database = '', schema = '', name = ''] = list.split('.');
  return [database, schema, name];
}
