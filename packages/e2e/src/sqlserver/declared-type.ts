/** A column or value as tedious describes it. */
export interface Metadata {
  readonly type: { readonly name: string };
  readonly dataLength?: number | undefined;
  readonly precision?: number | undefined;
  readonly scale?: number | undefined;
  readonly flags: number;
}

const BY_LENGTH: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  intn: { 1: 'tinyint', 2: 'smallint', 4: 'int', 8: 'bigint' },
  floatn: { 4: 'real', 8: 'float' },
  moneyn: { 4: 'smallmoney', 8: 'money' },
  datetimen: { 4: 'smalldatetime', 8: 'datetime' },
};
const RENAMED: Readonly<Record<string, string>> = {
  bitn: 'bit',
  decimaln: 'decimal',
  numericn: 'numeric',
  variant: 'sql_variant',
  udt: 'geography',
};

const ALL_BYTES = 0xffff;
const NULLABLE = 1;

/** The type as T-SQL declares it, from the TYPE_INFO that tedious has read. */
export function typeIn({ type, dataLength = 0, precision, scale, flags }: Metadata): string {
  const tedious = type.name.toLowerCase();
  const name = BY_LENGTH[tedious]?.[dataLength] ?? RENAMED[tedious] ?? tedious;
  const rest = (flags & NULLABLE) === 0 ? ' not null' : '';
  if (name === 'decimal' || name === 'numeric') return `${name}(${precision ?? 18},${scale ?? 0})${rest}`;
  if (name === 'time' || name === 'datetime2' || name === 'datetimeoffset') return `${name}(${scale ?? 7})${rest}`;
  if (!/char$|binary$/.test(name)) return `${name}${rest}`;
  const length = dataLength === ALL_BYTES ? 'max' : Math.max(1, dataLength / (name.startsWith('n') ? 2 : 1));
  return `${name}(${length})${rest}`;
}
