import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import type { FormatCode } from './frontend-message.js';
import { ProtocolError } from './protocol-error.js';

/** One field of a RowDescription. */
export interface RowField {
  readonly name: string;
  /** OID of the relation, or 0. */
  readonly relationId: number;
  /** Attribute number in the relation, or 0; negative for system columns. */
  readonly columnNumber: number;
  readonly typeId: number;
  /** Bytes of the type; negative: variable. */
  readonly typeSize: number;
  readonly typeModifier: number;
  readonly format: FormatCode;
}

const namesAsSent = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/** Reads the fields of a RowDescription. Names that are not UTF-8 are shown with replacement characters. */
export function readRowDescription(reader: ByteReader): readonly RowField[] {
  const count = reader.uint16();
  const fields: RowField[] = [];
  for (let i = 0; i < count; i++) {
    const name = namesAsSent.decode(reader.cstringBytes());
    const relationId = reader.uint32();
    const columnNumber = reader.int16();
    const typeId = reader.uint32();
    const typeSize = reader.int16();
    const typeModifier = reader.int32();
    const format = reader.uint16();
    if (format !== 0 && format !== 1) throw new ProtocolError('invalid-value', 'a format code is 0 (text) or 1 (binary)');
    fields.push({ name, relationId, columnNumber, typeId, typeSize, typeModifier, format });
  }
  return fields;
}

/** Writes the fields of a RowDescription. */
export function writeRowDescription(writer: ByteWriter, fields: readonly RowField[]): void {
  writer.uint16(fields.length);
  for (const field of fields) {
    writer.cstring(field.name).uint32(field.relationId).int16(field.columnNumber).uint32(field.typeId);
    writer.int16(field.typeSize).int32(field.typeModifier).uint16(field.format);
  }
}
