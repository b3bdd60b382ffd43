import { type Collation, readCollation, writeCollation } from './collation.js';
import { type CellForm, DATA_TYPE, dataTypeName, type DataTypeName, FIXED_LENGTHS } from './data-types.js';
import type { PayloadReader } from './payload-reader.js';
import type { PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';
import type { VersionLayout } from './tds-version.js';

/** A TYPE_INFO ([MS-TDS] 2.2.5.6). */
export interface TypeInfo {
  /** Code of {@link DATA_TYPE}. */
  readonly type: number;
  readonly name: DataTypeName;
  readonly form: CellForm;
  /** The most bytes of a value, as declared; of a fixed type its bytes; `undefined` for PLP. Of NVARCHAR and NCHAR bytes, too, not characters. */
  readonly maxLength: number | undefined;
  /** Of DECIMAL and NUMERIC. */
  readonly precision?: number;
  /** Of DECIMAL and NUMERIC, and of TIME, DATETIME2 and DATETIMEOFFSET. */
  readonly scale?: number;
  /** Of CHAR, VARCHAR, TEXT, NCHAR, NVARCHAR and NTEXT. */
  readonly collation?: Collation;
  readonly udt?: UdtInfo;
  readonly xml?: XmlInfo;
}

/** UDT_INFO ([MS-TDS] 2.2.5.5.2): `maxBytes` and `assembly` only where a server describes the type. */
export interface UdtInfo {
  readonly maxBytes?: number;
  readonly database: string;
  readonly schema: string;
  readonly type: string;
  readonly assembly?: string;
}

/** XML_INFO ([MS-TDS] 2.2.5.5.3): the schema collection, if there is one. */
export interface XmlInfo {
  readonly collection?: { readonly database: string; readonly schema: string; readonly name: string };
}

/** Where a TYPE_INFO stands: a client names a UDT only, a server describes it. */
export type TypeInfoOf = 'server' | 'client';

type LengthField = 'none' | 'byte' | 'ushort' | 'long' | 'scale' | 'udt' | 'xml';

interface TypeShape {
  readonly form: CellForm;
  readonly length: LengthField;
  /** The lengths that TYPE_VARLEN may say, of types that have few. */
  readonly lengths?: readonly number[];
  readonly numeric?: true;
  readonly collation?: true;
  /** May be partially length-prefixed: length 0xFFFF. */
  readonly max?: true;
}

const BYTES: TypeShape = { form: 'byte-length', length: 'byte' };

const SHAPES: Readonly<Partial<Record<DataTypeName, TypeShape>>> = {
  GUID: { ...BYTES, lengths: [0, 16] },
  INTN: { ...BYTES, lengths: [1, 2, 4, 8] },
  BITN: { ...BYTES, lengths: [1] },
  FLTN: { ...BYTES, lengths: [4, 8] },
  MONEYN: { ...BYTES, lengths: [4, 8] },
  DATETIMN: { ...BYTES, lengths: [4, 8] },
  DECIMAL: { ...BYTES, numeric: true },
  NUMERIC: { ...BYTES, numeric: true },
  DECIMALN: { ...BYTES, numeric: true },
  NUMERICN: { ...BYTES, numeric: true },
  CHAR: BYTES,
  VARCHAR: BYTES,
  BINARY: BYTES,
  VARBINARY: BYTES,
  DATEN: { form: 'byte-length', length: 'none' },
  TIMEN: { form: 'byte-length', length: 'scale' },
  DATETIME2N: { form: 'byte-length', length: 'scale' },
  DATETIMEOFFSETN: { form: 'byte-length', length: 'scale' },
  BIGVARBINARY: { form: 'ushort-length', length: 'ushort', max: true },
  BIGVARCHAR: { form: 'ushort-length', length: 'ushort', max: true, collation: true },
  BIGBINARY: { form: 'ushort-length', length: 'ushort' },
  BIGCHAR: { form: 'ushort-length', length: 'ushort', collation: true },
  NVARCHAR: { form: 'ushort-length', length: 'ushort', max: true, collation: true },
  NCHAR: { form: 'ushort-length', length: 'ushort', collation: true },
  TEXT: { form: 'text-pointer', length: 'long', collation: true },
  NTEXT: { form: 'text-pointer', length: 'long', collation: true },
  IMAGE: { form: 'text-pointer', length: 'long' },
  SSVARIANT: { form: 'long-length', length: 'long' },
  UDT: { form: 'plp', length: 'udt' },
  XML: { form: 'plp', length: 'xml' },
};

const MAX = 0xffff;
const MAX_PRECISION = 38;
const MAX_SCALE = 7;
/** Types that came with TDS 7.2 and with 7.3. */
const YUKON: ReadonlySet<DataTypeName> = new Set(['UDT', 'XML']);
const KATMAI: ReadonlySet<DataTypeName> = new Set(['DATEN', 'TIMEN', 'DATETIME2N', 'DATETIMEOFFSETN', 'TABLE']);

/** Throws a {@link ProtocolError} for a table-valued parameter, which is read by `readTableType`. */
export function readTypeInfo(reader: PayloadReader, layout: VersionLayout, of: TypeInfoOf): TypeInfo {
  const type = reader.int1();
  const name = dataTypeName(type);
  if ((YUKON.has(name) && !layout.isYukon) || (KATMAI.has(name) && !layout.dateTypes))
    throw new ProtocolError('invalid-value', 'a column or parameter has a type that the version of the protocol does not have');
  const fixed = FIXED_LENGTHS[name];
  if (fixed !== undefined) return { type, name, form: 'fixed', maxLength: fixed };
  const shape = SHAPES[name];
  if (shape === undefined) throw new ProtocolError('unexpected-message', 'a table-valued parameter is not allowed here');
  return readVariable(reader, { type, name, shape, layout, of });
}

interface Head {
  readonly type: number;
  readonly name: DataTypeName;
  readonly shape: TypeShape;
  readonly layout: VersionLayout;
  readonly of: TypeInfoOf;
}

function readVariable(reader: PayloadReader, { type, name, shape, layout, of }: Head): TypeInfo {
  const head = { type, name, form: shape.form };
  switch (shape.length) {
    case 'none':
      return { ...head, maxLength: 3 };
    case 'scale':
      return readScaled(reader, head);
    case 'udt':
      return { ...head, maxLength: undefined, udt: readUdtInfo(reader, of) };
    case 'xml':
      return { ...head, maxLength: undefined, xml: readXmlInfo(reader) };
    default:
      return readSized(reader, head, shape, of === 'server' || layout.isYukon);
  }
}

type NamedType = Pick<TypeInfo, 'type' | 'name' | 'form'>;

function readScaled(reader: PayloadReader, head: NamedType): TypeInfo {
  const scale = reader.int1();
  if (scale > MAX_SCALE) throw new ProtocolError('invalid-value', 'a time has a scale of at most 7');
  return { ...head, scale, maxLength: timeBytes(scale) + (head.name === 'TIMEN' ? 0 : head.name === 'DATETIME2N' ? 3 : 5) };
}

/** Bytes of the time of day at a scale ([MS-TDS] 2.2.5.5.1.4 and the following). */
export function timeBytes(scale: number): number {
  return scale <= 2 ? 3 : scale <= 4 ? 4 : 5;
}

/** `mayBePlp`: such types came with TDS 7.2, but there are servers that send them to older clients; 0xFFFF is no other type's length. */
function readSized(reader: PayloadReader, head: NamedType, shape: TypeShape, mayBePlp: boolean): TypeInfo {
  const length = shape.length === 'byte' ? reader.int1() : shape.length === 'ushort' ? reader.int2() : reader.int4();
  if (shape.lengths !== undefined && !shape.lengths.includes(length))
    throw new ProtocolError('invalid-value', 'a type has a length that it cannot have');
  const isPlp = shape.length === 'ushort' && length === MAX;
  if (isPlp && !(shape.max === true && mayBePlp)) throw new ProtocolError('invalid-value', 'a type has a length that it cannot have');
  const numeric = shape.numeric === true ? readNumeric(reader) : {};
  const collation = shape.collation === true ? { collation: readCollation(reader) } : {};
  return { ...head, form: isPlp ? 'plp' : shape.form, maxLength: isPlp ? undefined : length, ...numeric, ...collation };
}

function readNumeric(reader: PayloadReader): { readonly precision: number; readonly scale: number } {
  const precision = reader.int1();
  const scale = reader.int1();
  if (precision > MAX_PRECISION || scale > precision)
    throw new ProtocolError('invalid-value', 'a decimal has a precision or scale that it cannot have');
  return { precision, scale };
}

function readUdtInfo(reader: PayloadReader, of: TypeInfoOf): UdtInfo {
  const maxBytes = of === 'server' ? { maxBytes: reader.int2() } : {};
  const names = { database: reader.byteText(), schema: reader.byteText(), type: reader.byteText() };
  return of === 'server' ? { ...maxBytes, ...names, assembly: reader.ushortText() } : names;
}

function readXmlInfo(reader: PayloadReader): XmlInfo {
  const present = reader.int1();
  if (present > 1) throw new ProtocolError('invalid-value', 'the schema of an XML type is present or not');
  if (present === 0) return {};
  return { collection: { database: reader.byteText(), schema: reader.byteText(), name: reader.ushortText() } };
}

export function writeTypeInfo(writer: PayloadWriter, info: TypeInfo): void {
  writer.int1(info.type);
  const shape = SHAPES[info.name];
  if (shape === undefined) return;
  switch (shape.length) {
    case 'none':
      return;
    case 'scale':
      writer.int1(info.scale ?? 0);
      return;
    case 'udt':
      writeUdtInfo(writer, info.udt);
      return;
    case 'xml':
      writeXmlInfo(writer, info.xml);
      return;
    default:
      writeSized(writer, info, shape);
  }
}

function writeSized(writer: PayloadWriter, info: TypeInfo, shape: TypeShape): void {
  const length = info.maxLength ?? MAX;
  if (shape.length === 'byte') writer.int1(length);
  else if (shape.length === 'ushort') writer.int2(length);
  else writer.int4(length);
  if (shape.numeric === true) writer.int1(info.precision ?? 0).int1(info.scale ?? 0);
  if (info.collation !== undefined) writeCollation(writer, info.collation);
}

function writeUdtInfo(writer: PayloadWriter, udt: UdtInfo | undefined): void {
  if (udt === undefined) throw new ProtocolError('invalid-value', 'a UDT has no name');
  if (udt.maxBytes !== undefined) writer.int2(udt.maxBytes);
  writer.byteText(udt.database).byteText(udt.schema).byteText(udt.type);
  if (udt.assembly !== undefined) writer.ushortText(udt.assembly);
}

function writeXmlInfo(writer: PayloadWriter, xml: XmlInfo | undefined): void {
  const collection = xml?.collection;
  if (collection === undefined) writer.int1(0);
  else writer.int1(1).byteText(collection.database).byteText(collection.schema).ushortText(collection.name);
}

/** A type of fixed length; for tokens and parameters of our own. */
export function fixedType(name: DataTypeName): TypeInfo {
  const maxLength = FIXED_LENGTHS[name];
  if (maxLength === undefined) throw new ProtocolError('invalid-value', 'the type has no fixed length');
  return { type: DATA_TYPE[name], name, form: 'fixed', maxLength };
}
