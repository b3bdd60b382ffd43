import type { PayloadReader } from './payload-reader.js';
import type { PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';
import { checkPlp, checkPlpEnd, longLength, PLP_NULL, plpLength, TIMESTAMP, USHORT_NULL, variantLength } from './row-walk.js';
import type { TypeInfo } from './type-info.js';

/**
 * A value as it lies in a message: a cell of a row, of a table-valued parameter or of an RPC. `bytes` is `null` for NULL; a view where it lay in one
 * piece, else a copy.
 */
export interface CellValue {
  readonly bytes: Uint8Array | null;
  /** Of a partially length-prefixed value that is not NULL. */
  readonly plp?: PlpChunks;
  /** Of TEXT, NTEXT and IMAGE in rows, not NULL. */
  readonly textPointer?: TextPointer;
}

/** How a partially length-prefixed value is cut ([MS-TDS] 2.2.5.2.3). */
export interface PlpChunks {
  /** The length that was announced; `undefined`: unknown. */
  readonly total: number | undefined;
  readonly sizes: readonly number[];
}

export interface TextPointer {
  readonly pointer: Uint8Array;
  /** 8 bytes. */
  readonly timestamp: Uint8Array;
}

/** Whether TEXT, NTEXT and IMAGE have a text pointer in front: in rows they do, in the parameters of an RPC they do not. */
export type CellPlace = 'row' | 'parameter';

const NULL: CellValue = { bytes: null };
const NO_LENGTH = 0xffff_ffff;
const PLP_UNKNOWN_LOW = 0xffff_fffe;

/** Reads the value of a type. Throws a {@link ProtocolError}. */
export function readCell(reader: PayloadReader, type: TypeInfo, place: CellPlace): CellValue {
  switch (type.form) {
    case 'fixed':
      return type.maxLength === 0 ? NULL : { bytes: reader.bytes(type.maxLength ?? 0) };
    case 'byte-length': {
      const length = reader.int1();
      return length === 0 ? NULL : { bytes: reader.bytes(length) };
    }
    case 'ushort-length': {
      const length = reader.int2();
      return length === USHORT_NULL ? NULL : { bytes: reader.bytes(length) };
    }
    case 'long-length': {
      const length = variantLength(reader.int4());
      return length === 0 ? NULL : { bytes: reader.bytes(length) };
    }
    case 'text-pointer':
      return place === 'row' ? readText(reader) : readLong(reader);
    case 'plp':
      return readPlp(reader);
  }
}

function readLong(reader: PayloadReader): CellValue {
  const length = reader.int4();
  return length === NO_LENGTH ? NULL : { bytes: reader.bytes(longLength(length)) };
}

function readText(reader: PayloadReader): CellValue {
  const pointer = reader.byteBytes();
  if (pointer.length === 0) return NULL;
  const timestamp = reader.bytes(TIMESTAMP);
  return { bytes: reader.bytes(longLength(reader.int4())), textPointer: { pointer, timestamp } };
}

function readPlp(reader: PayloadReader): CellValue {
  const total = plpLength(reader.int4(), reader.int4());
  if (total === PLP_NULL) return NULL;
  const chunks: Uint8Array[] = [];
  let sum = 0;
  for (let length = reader.int4(); length > 0; length = reader.int4()) {
    sum += length;
    checkPlp(sum, total);
    chunks.push(reader.bytes(length));
  }
  checkPlpEnd(sum, total);
  return { bytes: joined(chunks, sum), plp: { total: total < 0 ? undefined : total, sizes: chunks.map((chunk) => chunk.length) } };
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * Writes the value of a type, with its length. A partially length-prefixed value without `plp` is written as one chunk of a known length; a text
 * without `textPointer` in a row gets one of zeros. Throws `invalid-value` for NULL of a type that has none, and for a wrong length.
 */
export function writeCell(writer: PayloadWriter, type: TypeInfo, value: CellValue, place: CellPlace): void {
  const { bytes } = value;
  if (bytes === null) return writeNull(writer, type, place);
  switch (type.form) {
    case 'fixed':
      if (bytes.length !== type.maxLength) throw new ProtocolError('invalid-value', 'a value has not the length of its type');
      writer.bytes(bytes);
      return;
    case 'byte-length':
      writer.byteBytes(bytes);
      return;
    case 'ushort-length':
      if (bytes.length >= USHORT_NULL) throw new ProtocolError('length', 'a value is longer than its type allows');
      writer.ushortBytes(bytes);
      return;
    case 'long-length':
      variantLength(bytes.length);
      writer.longBytes(bytes);
      return;
    case 'text-pointer':
      if (place === 'row') writeTextPointer(writer, value.textPointer);
      writer.longBytes(bytes);
      return;
    case 'plp':
      return writePlp(writer, bytes, value.plp);
  }
}

const DUMMY_POINTER = 16;

function writeTextPointer(writer: PayloadWriter, textPointer: TextPointer | undefined): void {
  if (textPointer === undefined) writer.int1(DUMMY_POINTER).zeros(DUMMY_POINTER + TIMESTAMP);
  else writer.byteBytes(textPointer.pointer).bytes(textPointer.timestamp);
}

function writePlp(writer: PayloadWriter, bytes: Uint8Array, plp: PlpChunks | undefined): void {
  const total = plp === undefined ? bytes.length : plp.total;
  if (total === undefined) writer.int4(PLP_UNKNOWN_LOW).int4(NO_LENGTH);
  else writer.int4(total % 0x1_0000_0000).int4(Math.floor(total / 0x1_0000_0000));
  let at = 0;
  for (const size of plp?.sizes ?? (bytes.length === 0 ? [] : [bytes.length])) {
    writer.longBytes(bytes.subarray(at, at + size));
    at += size;
  }
  if (at !== bytes.length) throw new ProtocolError('invalid-value', 'the chunks of a value are not the value');
  writer.int4(0);
}

/** Writes NULL as a value of the type. Throws `invalid-value` for a type that has none: those of fixed length. */
export function writeNull(writer: PayloadWriter, type: TypeInfo, place: CellPlace): void {
  switch (type.form) {
    case 'fixed':
      if (type.maxLength !== 0) throw new ProtocolError('invalid-value', 'a value of a type of fixed length cannot be NULL');
      return;
    case 'byte-length':
      writer.int1(0);
      return;
    case 'ushort-length':
      writer.int2(USHORT_NULL);
      return;
    case 'long-length':
      writer.int4(0);
      return;
    case 'text-pointer':
      if (place === 'row') writer.int1(0);
      else writer.int4(NO_LENGTH);
      return;
    case 'plp':
      writer.int4(NO_LENGTH).int4(NO_LENGTH);
      return;
  }
}
