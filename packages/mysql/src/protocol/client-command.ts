import { unreachable } from '@sqlwarden/core';
import { type BoundValue, hasQueryAttributes, type ParameterType, readBoundValues, writeBoundValues } from './bound-values.js';
import type { Capabilities } from './capabilities.js';
import { type ChangeUser, readChangeUser, writeChangeUser } from './change-user.js';
import { COMMAND, commandName } from './command.js';
import type { PacketWriter } from './packet-writer.js';
import { PayloadReader } from './payload-reader.js';
import { ProtocolError } from './protocol-error.js';

/** Commands that are decoded; all others are known by name only. Byte fields are views: copy to keep. */
export type ClientCommand =
  | { readonly kind: 'COM_QUIT' }
  | { readonly kind: 'COM_INIT_DB'; readonly schema: Uint8Array }
  /** `text` is in `character_set_client`. `attributes`: none without CLIENT_QUERY_ATTRIBUTES. */
  | { readonly kind: 'COM_QUERY'; readonly attributes: readonly BoundValue[]; readonly text: Uint8Array }
  | { readonly kind: 'COM_FIELD_LIST'; readonly table: Uint8Array; readonly wildcard: Uint8Array }
  | { readonly kind: 'COM_STATISTICS' }
  | { readonly kind: 'COM_PROCESS_KILL'; readonly connectionId: number }
  | { readonly kind: 'COM_PING' }
  | ({ readonly kind: 'COM_CHANGE_USER' } & ChangeUser)
  | { readonly kind: 'COM_STMT_PREPARE'; readonly text: Uint8Array }
  /** What follows is read by `readExecuteValues`, when the statement is known. */
  | ({ readonly kind: 'COM_STMT_EXECUTE' } & ExecuteHeader)
  | { readonly kind: 'COM_STMT_SEND_LONG_DATA'; readonly statementId: number; readonly parameter: number; readonly data: Uint8Array }
  | { readonly kind: 'COM_STMT_CLOSE'; readonly statementId: number }
  | { readonly kind: 'COM_STMT_RESET'; readonly statementId: number }
  | { readonly kind: 'COM_SET_OPTION'; readonly option: number }
  | { readonly kind: 'COM_STMT_FETCH'; readonly statementId: number; readonly rows: number }
  | { readonly kind: 'COM_RESET_CONNECTION' }
  | { readonly kind: 'other'; readonly command: number; readonly name: ReturnType<typeof commandName> };

export interface ExecuteHeader {
  readonly statementId: number;
  /** Bits of {@link CURSOR_TYPE}. */
  readonly flags: number;
  readonly iterations: number;
}

/** "enum_cursor_type". */
export const CURSOR_TYPE = {
  CURSOR_TYPE_NO_CURSOR: 0,
  CURSOR_TYPE_READ_ONLY: 1,
  CURSOR_TYPE_FOR_UPDATE: 2,
  CURSOR_TYPE_SCROLLABLE: 4,
  PARAMETER_COUNT_AVAILABLE: 8,
} as const;

/** "enum_mysql_set_option". */
export const SET_OPTION = { MYSQL_OPTION_MULTI_STATEMENTS_ON: 0, MYSQL_OPTION_MULTI_STATEMENTS_OFF: 1 } as const;

const MAX_ATTRIBUTES = 0xffff;

/** Decodes the payload of a command. Throws a {@link ProtocolError}. */
export function decodeCommand(bytes: Uint8Array, bodyStart: number, end: number, capabilities: Capabilities): ClientCommand {
  const reader = new PayloadReader(bytes, bodyStart, end);
  const command = readCommand(reader, capabilities);
  if (command.kind !== 'COM_STMT_EXECUTE' && command.kind !== 'other') reader.finish();
  return command;
}

function readCommand(reader: PayloadReader, capabilities: Capabilities): ClientCommand {
  const command = reader.int1();
  switch (command) {
    case COMMAND.COM_QUIT:
      return { kind: 'COM_QUIT' };
    case COMMAND.COM_INIT_DB:
      return { kind: 'COM_INIT_DB', schema: reader.rest() };
    case COMMAND.COM_QUERY:
      return { kind: 'COM_QUERY', attributes: readAttributes(reader, capabilities), text: reader.rest() };
    case COMMAND.COM_FIELD_LIST:
      return { kind: 'COM_FIELD_LIST', table: reader.nulBytes(), wildcard: reader.rest() };
    case COMMAND.COM_STATISTICS:
      return { kind: 'COM_STATISTICS' };
    case COMMAND.COM_PROCESS_KILL:
      return { kind: 'COM_PROCESS_KILL', connectionId: reader.int4() };
    case COMMAND.COM_PING:
      return { kind: 'COM_PING' };
    case COMMAND.COM_CHANGE_USER:
      return { kind: 'COM_CHANGE_USER', ...readChangeUser(reader, capabilities) };
    case COMMAND.COM_SET_OPTION:
      return { kind: 'COM_SET_OPTION', option: reader.int2() };
    case COMMAND.COM_RESET_CONNECTION:
      return { kind: 'COM_RESET_CONNECTION' };
    default:
      return readStatementCommand(command, reader);
  }
}

function readStatementCommand(command: number, reader: PayloadReader): ClientCommand {
  switch (command) {
    case COMMAND.COM_STMT_PREPARE:
      return { kind: 'COM_STMT_PREPARE', text: reader.rest() };
    case COMMAND.COM_STMT_EXECUTE:
      return { kind: 'COM_STMT_EXECUTE', statementId: reader.int4(), flags: reader.int1(), iterations: reader.int4() };
    case COMMAND.COM_STMT_SEND_LONG_DATA:
      return { kind: 'COM_STMT_SEND_LONG_DATA', statementId: reader.int4(), parameter: reader.int2(), data: reader.rest() };
    case COMMAND.COM_STMT_CLOSE:
      return { kind: 'COM_STMT_CLOSE', statementId: reader.int4() };
    case COMMAND.COM_STMT_RESET:
      return { kind: 'COM_STMT_RESET', statementId: reader.int4() };
    case COMMAND.COM_STMT_FETCH:
      return { kind: 'COM_STMT_FETCH', statementId: reader.int4(), rows: reader.int4() };
    default:
      return { kind: 'other', command, name: commandName(command) };
  }
}

function readAttributes(reader: PayloadReader, capabilities: Capabilities): readonly BoundValue[] {
  if (!hasQueryAttributes(capabilities)) return readBoundValues(reader, { count: 0, named: true });
  const count = readCount(reader);
  if (reader.lenencInt() !== 1) throw new ProtocolError('invalid-value', 'a query has one set of attributes');
  return readBoundValues(reader, { count, named: true });
}

function readCount(reader: PayloadReader): number {
  const count = reader.lenencInt();
  if (count > MAX_ATTRIBUTES) throw new ProtocolError('length', `a statement has at most ${MAX_ATTRIBUTES} values`);
  return count;
}

/** Where the values of COM_STMT_EXECUTE begin in its payload. */
const EXECUTE_HEADER = 10;

/** What is known of the statement that COM_STMT_EXECUTE names. */
export interface ExecuteContext {
  readonly capabilities: Capabilities;
  /** `num_params` of COM_STMT_PREPARE_OK. */
  readonly parameters: number;
  /** What the last execute that declared types declared. */
  readonly types: readonly ParameterType[] | undefined;
  readonly longData: ReadonlySet<number> | undefined;
}

/**
 * The values of a COM_STMT_EXECUTE: first those of the statement's parameters, then query attributes. Throws a {@link ProtocolError}, also where
 * there are fewer values than parameters.
 */
export function readExecuteValues(
  bytes: Uint8Array,
  bodyStart: number,
  end: number,
  header: ExecuteHeader,
  context: ExecuteContext,
): readonly BoundValue[] {
  const reader = new PayloadReader(bytes, bodyStart, end);
  reader.skip(EXECUTE_HEADER);
  const named = hasQueryAttributes(context.capabilities);
  const isCounted = hasCount(header, context.parameters, named);
  const count = isCounted ? readCount(reader) : context.parameters;
  if (count < context.parameters) throw new ProtocolError('invalid-value', 'a statement has more parameters than there are values');
  const values = readBoundValues(reader, { count, named, types: context.types, longData: context.longData });
  // Clients of MariaDB send `new_params_bind_flag` though there is nothing that it could be about, and no server reads it there.
  if (count === 0 && !isCounted && reader.remaining === 1) reader.int1();
  reader.finish();
  return values;
}

// The flag is needed only where there are no parameters: MySQL 9.7 wants count and names behind every header when query attributes were agreed on.
function hasCount(header: ExecuteHeader, parameters: number, named: boolean): boolean {
  return named && (parameters > 0 || (header.flags & CURSOR_TYPE.PARAMETER_COUNT_AVAILABLE) !== 0);
}

/** Writes the payload of COM_STMT_EXECUTE for a statement of `parameters` parameters, with all types declared. */
export function writeExecute(
  writer: PacketWriter,
  header: ExecuteHeader,
  values: readonly BoundValue[],
  context: Pick<ExecuteContext, 'capabilities' | 'parameters'>,
): void {
  writer.int1(COMMAND.COM_STMT_EXECUTE).int4(header.statementId).int1(header.flags).int4(header.iterations);
  const named = hasQueryAttributes(context.capabilities);
  if (hasCount(header, context.parameters, named)) writer.lenencInt(values.length);
  writeBoundValues(writer, values, named);
}

/** Writes the payload of a command; COM_STMT_EXECUTE by {@link writeExecute}. */
export function writeCommand(
  writer: PacketWriter,
  command: Exclude<ClientCommand, { kind: 'COM_STMT_EXECUTE' | 'other' }>,
  capabilities: Capabilities,
): void {
  writer.int1(COMMAND[command.kind]);
  switch (command.kind) {
    case 'COM_QUIT':
    case 'COM_STATISTICS':
    case 'COM_PING':
    case 'COM_RESET_CONNECTION':
      return;
    case 'COM_INIT_DB':
      writer.bytes(command.schema);
      return;
    case 'COM_QUERY':
      if (hasQueryAttributes(capabilities)) writer.lenencInt(command.attributes.length).lenencInt(1);
      writeBoundValues(writer, command.attributes, true);
      writer.bytes(command.text);
      return;
    case 'COM_FIELD_LIST':
      writer.nulBytes(command.table).bytes(command.wildcard);
      return;
    case 'COM_PROCESS_KILL':
      writer.int4(command.connectionId);
      return;
    case 'COM_CHANGE_USER':
      writeChangeUser(writer, command, capabilities);
      return;
    case 'COM_STMT_PREPARE':
      writer.bytes(command.text);
      return;
    case 'COM_STMT_SEND_LONG_DATA':
      writer.int4(command.statementId).int2(command.parameter).bytes(command.data);
      return;
    case 'COM_STMT_CLOSE':
    case 'COM_STMT_RESET':
      writer.int4(command.statementId);
      return;
    case 'COM_SET_OPTION':
      writer.int2(command.option);
      return;
    case 'COM_STMT_FETCH':
      writer.int4(command.statementId).int4(command.rows);
      return;
    default:
      return unreachable(command);
  }
}
