import { CAPABILITIES, type Capabilities, hasCapability } from './capabilities.js';
import { binaryForm, FIELD_TYPE, PARAMETER_UNSIGNED_FLAG } from './field-types.js';
import type { PacketWriter } from './packet-writer.js';
import { lenientText, type PayloadReader } from './payload-reader.js';
import { ProtocolError } from './protocol-error.js';

/** The declared type of a parameter: its two bytes as they are sent, and its name, which only query attributes have. */
export interface ParameterType {
  readonly type: number;
  readonly isUnsigned: boolean;
  readonly name: string;
}

/** One value of COM_QUERY or COM_STMT_EXECUTE in the binary protocol. */
export interface BoundValue extends ParameterType {
  /** Without the length in front of it; `null` for NULL. A view: copy to keep. `'long-data'`: was sent by COM_STMT_SEND_LONG_DATA. */
  readonly value: Uint8Array | null | 'long-data';
}

const MAX_TEMPORAL = 12;
/**
 * The pages give them a fixed length, MySQL 9.7 reads a length-encoded string. INVARIANT: a value that may end elsewhere for the server is not read, since
 * what follows it is the text of the statement.
 */
const UNSURE: ReadonlySet<number> = new Set([FIELD_TYPE.MYSQL_TYPE_NULL, FIELD_TYPE.MYSQL_TYPE_INT24, FIELD_TYPE.MYSQL_TYPE_YEAR]);
const NO_VALUES: readonly BoundValue[] = Object.freeze([]);

/** What must be known from before to read values. */
export interface ValueContext {
  readonly count: number;
  /** Types have names behind them. */
  readonly named: boolean;
  /** The types that were declared before; for when these values come without. */
  readonly types?: readonly ParameterType[] | undefined;
  /** Positions, from 0, of which the value was sent before. */
  readonly longData?: ReadonlySet<number> | undefined;
}

/**
 * Reads NULL bitmap, new-params-bind flag, types and values ("COM_STMT_EXECUTE", "COM_QUERY"). Throws a {@link ProtocolError}, also where no types are
 * declared and none are known.
 */
export function readBoundValues(reader: PayloadReader, context: ValueContext): readonly BoundValue[] {
  const { count } = context;
  if (count === 0) return NO_VALUES;
  const nulls = reader.bytes((count + 7) >> 3);
  const types = reader.int1() === 0 ? context.types : readTypes(reader, context);
  if (types === undefined || types.length < count) throw new ProtocolError('invalid-value', 'values come without types that were declared');
  const values: BoundValue[] = [];
  for (let i = 0; i < count; i++) {
    const type = types[i] as ParameterType;
    const isNull = (((nulls[i >> 3] as number) >> (i & 7)) & 1) === 1;
    const isLong = context.longData?.has(i) === true;
    values.push({ ...type, value: isLong ? 'long-data' : isNull ? null : readValue(reader, type.type) });
  }
  return values;
}

function readTypes(reader: PayloadReader, context: ValueContext): readonly ParameterType[] {
  const types: ParameterType[] = [];
  for (let i = 0; i < context.count; i++) {
    const declared = reader.int2();
    const type = declared & 0xff;
    if ((declared & 0x7f00) !== 0 || binaryForm(type) === undefined)
      throw new ProtocolError('invalid-value', 'a parameter has a type that the protocol does not define');
    const name = context.named ? lenientText(reader.lenencBytes()) : '';
    types.push({ type, isUnsigned: (declared & PARAMETER_UNSIGNED_FLAG) !== 0, name });
  }
  return types;
}

function readValue(reader: PayloadReader, type: number): Uint8Array {
  if (UNSURE.has(type)) throw new ProtocolError('invalid-value', 'a value has a type that clients have no values of');
  const form = binaryForm(type);
  if (form === 'lenenc') return reader.lenencBytes();
  if (form !== 'temporal') return reader.bytes(form ?? 0);
  const length = reader.int1();
  if (length > MAX_TEMPORAL) throw new ProtocolError('length', 'a time has at most 12 bytes');
  return reader.bytes(length);
}

/** Writes what {@link readBoundValues} reads, types included. */
export function writeBoundValues(writer: PacketWriter, values: readonly BoundValue[], named: boolean): void {
  if (values.length === 0) return;
  const nulls = new Uint8Array((values.length + 7) >> 3);
  for (const [i, { value }] of values.entries()) if (value === null) nulls[i >> 3] = (nulls[i >> 3] as number) | (1 << (i & 7));
  writer.bytes(nulls).int1(1);
  for (const { type, isUnsigned, name } of values) {
    writer.int2(type | (isUnsigned ? PARAMETER_UNSIGNED_FLAG : 0));
    if (named) writer.lenencText(name);
  }
  for (const { type, value } of values) if (value instanceof Uint8Array) writeValue(writer, type, value);
}

function writeValue(writer: PacketWriter, type: number, value: Uint8Array): void {
  const form = binaryForm(type);
  if (form === 'lenenc') writer.lenencBytes(value);
  else if (form === 'temporal') writer.int1(value.length).bytes(value);
  else if (form === value.length) writer.bytes(value);
  else throw new ProtocolError('length', 'a value does not have the length of its type');
}

/** Whether values come with a count and names (query attributes). */
export function hasQueryAttributes(capabilities: Capabilities): boolean {
  return hasCapability(capabilities, CAPABILITIES.CLIENT_QUERY_ATTRIBUTES);
}
