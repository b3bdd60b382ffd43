import { unreachable } from '@sqlwarden/core';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { FRONTEND, frontendName } from './message-types.js';
import { ProtocolError } from './protocol-error.js';

export type DescribeTarget = 'statement' | 'portal';
/** 0: text, 1: binary. */
export type FormatCode = 0 | 1;

/** Messages that a client sends after start-up, by the names of "Message Formats". Byte fields are views: copy to keep. */
export type FrontendMessage =
  | {
      readonly kind: 'Bind';
      readonly portal: string;
      readonly statement: string;
      /** None: all text. One: for all. Else one per parameter. */
      readonly parameterFormats: readonly FormatCode[];
      readonly parameters: readonly (Uint8Array | null)[];
      readonly resultFormats: readonly FormatCode[];
    }
  | { readonly kind: 'Close'; readonly target: DescribeTarget; readonly name: string }
  | { readonly kind: 'CopyData'; readonly data: Uint8Array }
  | { readonly kind: 'CopyDone' }
  | { readonly kind: 'CopyFail'; readonly message: string }
  | { readonly kind: 'Describe'; readonly target: DescribeTarget; readonly name: string }
  /** `maxRows` 0: all. */
  | { readonly kind: 'Execute'; readonly portal: string; readonly maxRows: number }
  | { readonly kind: 'Flush' }
  | {
      readonly kind: 'FunctionCall';
      readonly functionId: number;
      readonly argumentFormats: readonly FormatCode[];
      readonly arguments: readonly (Uint8Array | null)[];
      readonly resultFormat: FormatCode;
    }
  | { readonly kind: 'Parse'; readonly name: string; readonly text: string; readonly parameterTypes: readonly number[] }
  | { readonly kind: 'PasswordMessage'; readonly password: string }
  | { readonly kind: 'SASLInitialResponse'; readonly mechanism: string; readonly response: Uint8Array | null }
  | { readonly kind: 'SASLResponse'; readonly data: Uint8Array }
  | { readonly kind: 'GSSResponse'; readonly data: Uint8Array }
  | { readonly kind: 'Query'; readonly text: string }
  | { readonly kind: 'Sync' }
  | { readonly kind: 'Terminate' };

/** What a message of type `p` is: it follows from the authentication request that it answers. */
export type PasswordKind = 'PasswordMessage' | 'SASLInitialResponse' | 'SASLResponse' | 'GSSResponse';

/** Decodes a message of `type` from its body. Throws a {@link ProtocolError}. */
export function decodeFrontend(
  type: number,
  bytes: Uint8Array,
  bodyStart: number,
  end: number,
  passwordKind: PasswordKind = 'PasswordMessage',
): FrontendMessage {
  const reader = new ByteReader(bytes, bodyStart, end);
  const message = readFrontend(type, reader, passwordKind);
  reader.finish();
  return message;
}

function readFrontend(type: number, reader: ByteReader, passwordKind: PasswordKind): FrontendMessage {
  switch (type) {
    case FRONTEND.Bind:
      return readBind(reader);
    case FRONTEND.Close:
      return { kind: 'Close', target: readTarget(reader), name: reader.cstring() };
    case FRONTEND.CopyData:
      return { kind: 'CopyData', data: reader.rest() };
    case FRONTEND.CopyDone:
      return { kind: 'CopyDone' };
    case FRONTEND.CopyFail:
      return { kind: 'CopyFail', message: reader.cstring() };
    case FRONTEND.Describe:
      return { kind: 'Describe', target: readTarget(reader), name: reader.cstring() };
    case FRONTEND.Execute:
      return { kind: 'Execute', portal: reader.cstring(), maxRows: reader.int32() };
    case FRONTEND.Flush:
      return { kind: 'Flush' };
    case FRONTEND.FunctionCall:
      return readFunctionCall(reader);
    case FRONTEND.Parse:
      return readParse(reader);
    case FRONTEND.Password:
      return readPassword(reader, passwordKind);
    case FRONTEND.Query:
      return { kind: 'Query', text: reader.cstring() };
    case FRONTEND.Sync:
      return { kind: 'Sync' };
    case FRONTEND.Terminate:
      return { kind: 'Terminate' };
    default:
      throw new ProtocolError('unknown-message', `a client does not send messages of ${frontendName(type)}`);
  }
}

function readBind(reader: ByteReader): FrontendMessage {
  const portal = reader.cstring();
  const statement = reader.cstring();
  const parameterFormats = readFormats(reader);
  const parameters = readValues(reader);
  if (parameterFormats.length > 1 && parameterFormats.length !== parameters.length)
    throw new ProtocolError('invalid-value', 'the number of format codes does not fit the number of parameters');
  return { kind: 'Bind', portal, statement, parameterFormats, parameters, resultFormats: readFormats(reader) };
}

function readParse(reader: ByteReader): FrontendMessage {
  const name = reader.cstring();
  const text = reader.cstring();
  const count = reader.uint16();
  const parameterTypes: number[] = [];
  for (let i = 0; i < count; i++) parameterTypes.push(reader.uint32());
  return { kind: 'Parse', name, text, parameterTypes };
}

function readFunctionCall(reader: ByteReader): FrontendMessage {
  const functionId = reader.uint32();
  const argumentFormats = readFormats(reader);
  const values = readValues(reader);
  return { kind: 'FunctionCall', functionId, argumentFormats, arguments: values, resultFormat: readFormat(reader) };
}

function readPassword(reader: ByteReader, kind: PasswordKind): FrontendMessage {
  switch (kind) {
    case 'PasswordMessage':
      return { kind, password: reader.cstring() };
    case 'SASLInitialResponse':
      return { kind, mechanism: reader.cstring(), response: reader.nullableBytes() };
    case 'SASLResponse':
    case 'GSSResponse':
      return { kind, data: reader.rest() };
    default:
      return unreachable(kind);
  }
}

function readTarget(reader: ByteReader): DescribeTarget {
  const target = reader.uint8();
  if (target === 0x53) return 'statement';
  if (target === 0x50) return 'portal';
  throw new ProtocolError('invalid-value', 'Describe and Close name a statement (S) or a portal (P)');
}

function readFormat(reader: ByteReader): FormatCode {
  const code = reader.uint16();
  if (code === 0 || code === 1) return code;
  throw new ProtocolError('invalid-value', 'a format code is 0 (text) or 1 (binary)');
}

const NO_FORMATS: readonly FormatCode[] = Object.freeze([]);
const NO_VALUES: readonly null[] = Object.freeze([]);

function readFormats(reader: ByteReader): readonly FormatCode[] {
  const count = reader.uint16();
  if (count === 0) return NO_FORMATS;
  const formats: FormatCode[] = [];
  for (let i = 0; i < count; i++) formats.push(readFormat(reader));
  return formats;
}

function readValues(reader: ByteReader): readonly (Uint8Array | null)[] {
  const count = reader.uint16();
  if (count === 0) return NO_VALUES;
  const values: (Uint8Array | null)[] = [];
  for (let i = 0; i < count; i++) values.push(reader.nullableBytes());
  return values;
}

/** Encodes a message whole: type, length and body. */
export function encodeFrontend(message: FrontendMessage): Uint8Array {
  const writer = new ByteWriter();
  writeFrontend(writer, message);
  return writer.take();
}

/** Appends a message to `writer`. */
export function writeFrontend(writer: ByteWriter, message: FrontendMessage): void {
  switch (message.kind) {
    case 'Bind':
      writeBind(writer, message);
      break;
    case 'Close':
      writer.begin(FRONTEND.Close).uint8(targetByte(message.target)).cstring(message.name);
      break;
    case 'CopyData':
      writer.begin(FRONTEND.CopyData).bytes(message.data);
      break;
    case 'CopyDone':
      writer.begin(FRONTEND.CopyDone);
      break;
    case 'CopyFail':
      writer.begin(FRONTEND.CopyFail).cstring(message.message);
      break;
    case 'Describe':
      writer.begin(FRONTEND.Describe).uint8(targetByte(message.target)).cstring(message.name);
      break;
    case 'Execute':
      writer.begin(FRONTEND.Execute).cstring(message.portal).int32(message.maxRows);
      break;
    case 'Flush':
      writer.begin(FRONTEND.Flush);
      break;
    case 'FunctionCall':
      writer.begin(FRONTEND.FunctionCall).uint32(message.functionId);
      writeFormats(writer, message.argumentFormats);
      writeValues(writer, message.arguments);
      writer.uint16(message.resultFormat);
      break;
    case 'Parse':
      writer.begin(FRONTEND.Parse).cstring(message.name).cstring(message.text).uint16(message.parameterTypes.length);
      for (const type of message.parameterTypes) writer.uint32(type);
      break;
    case 'PasswordMessage':
      writer.begin(FRONTEND.Password).cstring(message.password);
      break;
    case 'SASLInitialResponse':
      writer.begin(FRONTEND.Password).cstring(message.mechanism).nullableBytes(message.response);
      break;
    case 'SASLResponse':
    case 'GSSResponse':
      writer.begin(FRONTEND.Password).bytes(message.data);
      break;
    case 'Query':
      writer.begin(FRONTEND.Query).cstring(message.text);
      break;
    case 'Sync':
      writer.begin(FRONTEND.Sync);
      break;
    case 'Terminate':
      writer.begin(FRONTEND.Terminate);
      break;
    default:
      return unreachable(message);
  }
  writer.end();
}

function writeBind(writer: ByteWriter, message: Extract<FrontendMessage, { kind: 'Bind' }>): void {
  writer.begin(FRONTEND.Bind).cstring(message.portal).cstring(message.statement);
  writeFormats(writer, message.parameterFormats);
  writeValues(writer, message.parameters);
  writeFormats(writer, message.resultFormats);
}

function writeFormats(writer: ByteWriter, formats: readonly FormatCode[]): void {
  writer.uint16(formats.length);
  for (const format of formats) writer.uint16(format);
}

function writeValues(writer: ByteWriter, values: readonly (Uint8Array | null)[]): void {
  writer.uint16(values.length);
  for (const value of values) writer.nullableBytes(value);
}

function targetByte(target: DescribeTarget): number {
  return target === 'statement' ? 0x53 : 0x50;
}
