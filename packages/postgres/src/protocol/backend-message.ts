import { unreachable } from '@sqlwarden/core';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { type AuthenticationMessage, readAuthentication, writeAuthentication } from './authentication-message.js';
import type { FormatCode } from './frontend-message.js';
import { BACKEND, backendName } from './message-types.js';
import { ProtocolError } from './protocol-error.js';
import { readRowDescription, type RowField, writeRowDescription } from './row-description.js';

/** One field of an ErrorResponse or NoticeResponse: its code ("Error and Notice Message Fields") and text. */
export interface ErrorField {
  /** One ASCII character. */
  readonly code: string;
  readonly value: string;
}

/** I: idle, T: in a transaction, E: in a failed transaction. */
export type TransactionStatusByte = 'I' | 'T' | 'E';

interface CopyFormats {
  readonly format: FormatCode;
  readonly columnFormats: readonly FormatCode[];
}

/** Messages that a server sends, by the names of "Message Formats". Byte fields are views: copy to keep. */
export type BackendMessage =
  | AuthenticationMessage
  /** `secret`: 4 bytes in protocol 3.0, up to 256 in 3.2. */
  | { readonly kind: 'BackendKeyData'; readonly processId: number; readonly secret: Uint8Array }
  | { readonly kind: 'BindComplete' }
  | { readonly kind: 'CloseComplete' }
  | { readonly kind: 'CommandComplete'; readonly tag: string }
  | ({ readonly kind: 'CopyBothResponse' } & CopyFormats)
  | { readonly kind: 'CopyData'; readonly data: Uint8Array }
  | { readonly kind: 'CopyDone' }
  | ({ readonly kind: 'CopyInResponse' } & CopyFormats)
  | ({ readonly kind: 'CopyOutResponse' } & CopyFormats)
  | { readonly kind: 'DataRow'; readonly cells: readonly (Uint8Array | null)[] }
  | { readonly kind: 'EmptyQueryResponse' }
  | { readonly kind: 'ErrorResponse'; readonly fields: readonly ErrorField[] }
  | { readonly kind: 'FunctionCallResponse'; readonly value: Uint8Array | null }
  /** `version`: the newest that the server speaks, major in the high 16 bits. */
  | { readonly kind: 'NegotiateProtocolVersion'; readonly version: number; readonly unrecognised: readonly string[] }
  | { readonly kind: 'NoData' }
  | { readonly kind: 'NoticeResponse'; readonly fields: readonly ErrorField[] }
  | { readonly kind: 'NotificationResponse'; readonly processId: number; readonly channel: string; readonly payload: string }
  | { readonly kind: 'ParameterDescription'; readonly types: readonly number[] }
  | { readonly kind: 'ParameterStatus'; readonly name: string; readonly value: string }
  | { readonly kind: 'ParseComplete' }
  | { readonly kind: 'PortalSuspended' }
  | { readonly kind: 'ReadyForQuery'; readonly status: TransactionStatusByte }
  | { readonly kind: 'RowDescription'; readonly fields: readonly RowField[] };

/** Decodes a message of `type` from its body. Throws a {@link ProtocolError}. */
export function decodeBackend(type: number, bytes: Uint8Array, bodyStart: number, end: number): BackendMessage {
  const reader = new ByteReader(bytes, bodyStart, end);
  const message = readBackend(type, reader);
  reader.finish();
  return message;
}

function readBackend(type: number, reader: ByteReader): BackendMessage {
  switch (type) {
    case BACKEND.Authentication:
      return readAuthentication(reader);
    case BACKEND.BackendKeyData:
      return { kind: 'BackendKeyData', processId: reader.int32(), secret: reader.rest() };
    case BACKEND.BindComplete:
      return { kind: 'BindComplete' };
    case BACKEND.CloseComplete:
      return { kind: 'CloseComplete' };
    case BACKEND.CommandComplete:
      return { kind: 'CommandComplete', tag: reader.cstring() };
    case BACKEND.CopyBothResponse:
      return { kind: 'CopyBothResponse', ...readCopyFormats(reader) };
    case BACKEND.CopyData:
      return { kind: 'CopyData', data: reader.rest() };
    case BACKEND.CopyDone:
      return { kind: 'CopyDone' };
    case BACKEND.CopyInResponse:
      return { kind: 'CopyInResponse', ...readCopyFormats(reader) };
    case BACKEND.CopyOutResponse:
      return { kind: 'CopyOutResponse', ...readCopyFormats(reader) };
    case BACKEND.DataRow:
      return { kind: 'DataRow', cells: readCells(reader) };
    case BACKEND.EmptyQueryResponse:
      return { kind: 'EmptyQueryResponse' };
    case BACKEND.ErrorResponse:
      return { kind: 'ErrorResponse', fields: readFields(reader) };
    case BACKEND.FunctionCallResponse:
      return { kind: 'FunctionCallResponse', value: reader.nullableBytes() };
    case BACKEND.NegotiateProtocolVersion:
      return readNegotiation(reader);
    case BACKEND.NoData:
      return { kind: 'NoData' };
    case BACKEND.NoticeResponse:
      return { kind: 'NoticeResponse', fields: readFields(reader) };
    case BACKEND.NotificationResponse:
      return { kind: 'NotificationResponse', processId: reader.int32(), channel: reader.cstring(), payload: reader.cstring() };
    case BACKEND.ParameterDescription:
      return readParameterDescription(reader);
    case BACKEND.ParameterStatus:
      return { kind: 'ParameterStatus', name: reader.cstring(), value: reader.cstring() };
    case BACKEND.ParseComplete:
      return { kind: 'ParseComplete' };
    case BACKEND.PortalSuspended:
      return { kind: 'PortalSuspended' };
    case BACKEND.ReadyForQuery:
      return { kind: 'ReadyForQuery', status: readStatus(reader) };
    case BACKEND.RowDescription:
      return { kind: 'RowDescription', fields: readRowDescription(reader) };
    default:
      throw new ProtocolError('unknown-message', `a server does not send messages of ${backendName(type)}`);
  }
}

function readCells(reader: ByteReader): readonly (Uint8Array | null)[] {
  const count = reader.uint16();
  const cells: (Uint8Array | null)[] = [];
  for (let i = 0; i < count; i++) cells.push(reader.nullableBytes());
  return cells;
}

function readCopyFormats(reader: ByteReader): CopyFormats {
  const format = formatCode(reader.uint8());
  const count = reader.uint16();
  const columnFormats: FormatCode[] = [];
  for (let i = 0; i < count; i++) columnFormats.push(formatCode(reader.uint16()));
  return { format, columnFormats };
}

function formatCode(value: number): FormatCode {
  if (value === 0 || value === 1) return value;
  throw new ProtocolError('invalid-value', 'a format code is 0 (text) or 1 (binary)');
}

function readFields(reader: ByteReader): readonly ErrorField[] {
  const fields: ErrorField[] = [];
  for (;;) {
    const code = reader.uint8();
    if (code === 0) return fields;
    fields.push({ code: String.fromCharCode(code), value: lenientText(reader.cstringBytes()) });
  }
}

// A server says what goes wrong before it knows the client's encoding: what is not UTF-8 is shown with replacement characters.
const lenientUtf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/** Text of bytes that may not be UTF-8, with replacement characters: for people and names, never for decisions. */
export function lenientText(bytes: Uint8Array): string {
  return lenientUtf8.decode(bytes);
}

function readNegotiation(reader: ByteReader): BackendMessage {
  const version = reader.uint32();
  const count = reader.uint32();
  const unrecognised: string[] = [];
  for (let i = 0; i < count; i++) unrecognised.push(reader.cstring());
  return { kind: 'NegotiateProtocolVersion', version, unrecognised };
}

function readParameterDescription(reader: ByteReader): BackendMessage {
  const count = reader.uint16();
  const types: number[] = [];
  for (let i = 0; i < count; i++) types.push(reader.uint32());
  return { kind: 'ParameterDescription', types };
}

function readStatus(reader: ByteReader): TransactionStatusByte {
  const status = String.fromCharCode(reader.uint8());
  if (status === 'I' || status === 'T' || status === 'E') return status;
  throw new ProtocolError('invalid-value', 'a transaction status is I, T or E');
}

/** Encodes a message whole: type, length and body. */
export function encodeBackend(message: BackendMessage): Uint8Array {
  const writer = new ByteWriter();
  writeBackend(writer, message);
  return writer.take();
}

/** Appends a message to `writer`. */
export function writeBackend(writer: ByteWriter, message: BackendMessage): void {
  switch (message.kind) {
    case 'BackendKeyData':
      writer.begin(BACKEND.BackendKeyData).int32(message.processId).bytes(message.secret);
      break;
    case 'CommandComplete':
      writer.begin(BACKEND.CommandComplete).cstring(message.tag);
      break;
    case 'CopyBothResponse':
    case 'CopyInResponse':
    case 'CopyOutResponse':
      writer.begin(BACKEND[message.kind]).uint8(message.format).uint16(message.columnFormats.length);
      for (const format of message.columnFormats) writer.uint16(format);
      break;
    case 'CopyData':
      writer.begin(BACKEND.CopyData).bytes(message.data);
      break;
    case 'DataRow':
      writer.begin(BACKEND.DataRow).uint16(message.cells.length);
      for (const cell of message.cells) writer.nullableBytes(cell);
      break;
    case 'ErrorResponse':
    case 'NoticeResponse':
      writer.begin(BACKEND[message.kind]);
      for (const field of message.fields) writer.uint8(field.code.charCodeAt(0)).cstring(field.value);
      writer.uint8(0);
      break;
    case 'FunctionCallResponse':
      writer.begin(BACKEND.FunctionCallResponse).nullableBytes(message.value);
      break;
    case 'NegotiateProtocolVersion':
      writer.begin(BACKEND.NegotiateProtocolVersion).uint32(message.version).uint32(message.unrecognised.length);
      for (const name of message.unrecognised) writer.cstring(name);
      break;
    case 'NotificationResponse':
      writer.begin(BACKEND.NotificationResponse).int32(message.processId).cstring(message.channel).cstring(message.payload);
      break;
    case 'ParameterDescription':
      writer.begin(BACKEND.ParameterDescription).uint16(message.types.length);
      for (const type of message.types) writer.uint32(type);
      break;
    case 'ParameterStatus':
      writer.begin(BACKEND.ParameterStatus).cstring(message.name).cstring(message.value);
      break;
    case 'ReadyForQuery':
      writer.begin(BACKEND.ReadyForQuery).uint8(message.status.charCodeAt(0));
      break;
    case 'RowDescription':
      writeRowDescription(writer.begin(BACKEND.RowDescription), message.fields);
      break;
    case 'BindComplete':
    case 'CloseComplete':
    case 'CopyDone':
    case 'EmptyQueryResponse':
    case 'NoData':
    case 'ParseComplete':
    case 'PortalSuspended':
      writer.begin(BACKEND[message.kind]);
      break;
    case 'AuthenticationOk':
    case 'AuthenticationKerberosV5':
    case 'AuthenticationCleartextPassword':
    case 'AuthenticationMD5Password':
    case 'AuthenticationGSS':
    case 'AuthenticationGSSContinue':
    case 'AuthenticationSSPI':
    case 'AuthenticationSASL':
    case 'AuthenticationSASLContinue':
    case 'AuthenticationSASLFinal':
      writeAuthentication(writer.begin(BACKEND.Authentication), message);
      break;
    default:
      return unreachable(message);
  }
  writer.end();
}
