import { type AllHeaders, readAllHeaders, writeAllHeaders } from './all-headers.js';
import { type CellValue, readCell, writeCell } from './cell-value.js';
import { DATA_TYPE } from './data-types.js';
import { PayloadReader } from './payload-reader.js';
import { PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';
import { readTableValue, type TableValue, writeTableValue } from './table-value.js';
import type { VersionLayout } from './tds-version.js';
import { readTypeInfo, type TypeInfo, writeTypeInfo } from './type-info.js';

/** An RPC Request message ([MS-TDS] 2.2.6.6): one call, or several in order. */
export interface RpcRequest {
  /** None before TDS 7.2. */
  readonly headers: AllHeaders | undefined;
  readonly calls: readonly RpcCall[];
}

export interface RpcCall {
  /** A procedure by name or by number ({@link PROCEDURE}). */
  readonly procedure: { readonly name: string } | { readonly id: number };
  /** Bits: 1 fWithRecomp, 2 fNoMetaData, 4 fReuseMetaData. */
  readonly options: number;
  readonly parameters: readonly RpcParameter[];
  /** The flag that stands behind the call: BatchFlag, or NoExecFlag (do not execute this one); `undefined` behind the last. */
  readonly separator: 'batch' | 'no-exec' | undefined;
}

export type RpcParameter = {
  /** With its `@`; empty where it is given by position. */
  readonly name: string;
  /** Bits of {@link PARAMETER_STATUS}. */
  readonly status: number;
} & (
  | { readonly kind: 'value'; readonly type: TypeInfo; readonly value: CellValue }
  /** A table-valued parameter. */
  | { readonly kind: 'table'; readonly table: TableValue }
);

export const PARAMETER_STATUS = { BY_REFERENCE: 0x01, DEFAULT_VALUE: 0x02, ENCRYPTED: 0x08 } as const;

/** Procedures that have a number ([MS-TDS] 2.2.6.6 "ProcID"). */
export const PROCEDURE = {
  sp_cursor: 1,
  sp_cursoropen: 2,
  sp_cursorprepare: 3,
  sp_cursorexecute: 4,
  sp_cursorprepexec: 5,
  sp_cursorunprepare: 6,
  sp_cursorfetch: 7,
  sp_cursoroption: 8,
  sp_cursorclose: 9,
  sp_executesql: 10,
  sp_prepare: 11,
  sp_execute: 12,
  sp_prepexec: 13,
  sp_prepexecrpc: 14,
  sp_unprepare: 15,
} as const;

export type ProcedureName = keyof typeof PROCEDURE;

const PROC_ID_SWITCH = 0xffff;
const BATCH_FLAG = 0xff;
const NO_EXEC_FLAG = 0xfe;
/** BatchFlag before TDS 7.2. */
const SHILOH_BATCH_FLAG = 0x80;
/** Names have up to 128 characters, but that length is the BatchFlag of TDS 7.1: nobody may take for a call what was read as a name. */
const MAX_NAME = 127;
const MAX_PROCEDURE_NAME = 1046;
const MAX_PARAMETERS = 0xffff;

/** Decodes the payload of an RPC Request. Values are views where they lie in one piece. Throws a {@link ProtocolError}. */
export function decodeRpcRequest(payload: Uint8Array, layout: VersionLayout): RpcRequest {
  const reader = new PayloadReader(payload);
  const headers = layout.allHeaders ? readAllHeaders(reader) : undefined;
  const calls: RpcCall[] = [];
  do calls.push(readCall(reader, layout));
  while (reader.remaining > 0);
  return { headers, calls };
}

function readCall(reader: PayloadReader, layout: VersionLayout): RpcCall {
  const procedure = readProcedure(reader);
  const options = reader.int2();
  const parameters: RpcParameter[] = [];
  while (reader.remaining > 0) {
    const separator = separatorOf(reader.peek(), layout);
    if (separator !== undefined) {
      reader.skip(1);
      return { procedure, options, parameters, separator };
    }
    if (parameters.length === MAX_PARAMETERS) throw new ProtocolError('too-large', 'a call has too many parameters');
    parameters.push(readParameter(reader, layout));
  }
  return { procedure, options, parameters, separator: undefined };
}

function readProcedure(reader: PayloadReader): RpcCall['procedure'] {
  const length = reader.int2();
  if (length === PROC_ID_SWITCH) return { id: reader.int2() };
  if (length === 0 || length > MAX_PROCEDURE_NAME)
    throw new ProtocolError('length', 'a procedure has a name that is too short or too long');
  return { name: reader.text(length) };
}

function separatorOf(byte: number, layout: VersionLayout): RpcCall['separator'] {
  if (!layout.isYukon) return byte === SHILOH_BATCH_FLAG ? 'batch' : undefined;
  return byte === BATCH_FLAG ? 'batch' : byte === NO_EXEC_FLAG ? 'no-exec' : undefined;
}

function readParameter(reader: PayloadReader, layout: VersionLayout): RpcParameter {
  const length = reader.int1();
  if (length > MAX_NAME) throw new ProtocolError('length', 'a parameter has a name that is too long');
  const head = { name: reader.text(length), status: reader.int1() };
  if ((head.status & PARAMETER_STATUS.ENCRYPTED) !== 0)
    throw new ProtocolError('unsupported', 'an encrypted parameter (Always Encrypted) was not agreed on at login and is refused');
  if (reader.peek() === DATA_TYPE.TABLE) return { ...head, kind: 'table', table: readTableValue(reader, layout) };
  const type = readTypeInfo(reader, layout, 'client');
  return { ...head, kind: 'value', type, value: readCell(reader, type, 'parameter') };
}

/** Writes the payload of an RPC Request. */
export function encodeRpcRequest({ headers, calls }: RpcRequest, layout: VersionLayout): Uint8Array {
  const writer = new PayloadWriter();
  if (headers !== undefined) writeAllHeaders(writer, headers);
  for (const call of calls) writeCall(writer, call, layout);
  return writer.take();
}

function writeCall(writer: PayloadWriter, { procedure, options, parameters, separator }: RpcCall, layout: VersionLayout): void {
  if ('id' in procedure) writer.int2(PROC_ID_SWITCH).int2(procedure.id);
  else writer.ushortText(procedure.name);
  writer.int2(options);
  for (const parameter of parameters) writeParameter(writer, parameter, layout);
  if (separator === 'no-exec') writer.int1(NO_EXEC_FLAG);
  else if (separator === 'batch') writer.int1(layout.isYukon ? BATCH_FLAG : SHILOH_BATCH_FLAG);
}

function writeParameter(writer: PayloadWriter, parameter: RpcParameter, layout: VersionLayout): void {
  writer.byteText(parameter.name).int1(parameter.status);
  if (parameter.kind === 'table') return writeTableValue(writer, parameter.table, layout);
  writeTypeInfo(writer, parameter.type);
  writeCell(writer, parameter.type, parameter.value, 'parameter');
}
