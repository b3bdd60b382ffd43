import { ByteReader } from './byte-reader.js';
import type { CannedParameter, DecodedValue } from './canned-answers.js';
import { isAtLeast, type TdsVersion } from './tds-version.js';
import { readTypeInfo, readValue } from './type-decoder.js';

/** The names of [MS-TDS] section 2.2.6.6 by their numbers. */
export const PROCEDURES: Readonly<Record<number, string>> = {
  1: 'sp_cursor',
  2: 'sp_cursoropen',
  3: 'sp_cursorprepare',
  4: 'sp_cursorexecute',
  5: 'sp_cursorprepexec',
  6: 'sp_cursorunprepare',
  7: 'sp_cursorfetch',
  8: 'sp_cursoroption',
  9: 'sp_cursorclose',
  10: 'sp_executesql',
  11: 'sp_prepare',
  12: 'sp_execute',
  13: 'sp_prepexec',
  14: 'sp_prepexecrpc',
  15: 'sp_unprepare',
};

/** ALL_HEADERS, [MS-TDS] section 2.2.5.3: since TDS 7.2. Answers the transaction descriptor. */
export function readAllHeaders(reader: ByteReader, version: TdsVersion): bigint {
  if (!isAtLeast(version, '7.2')) return 0n;
  const end = reader.at + reader.uint32();
  let transaction = 0n;
  while (reader.at < end) {
    const next = reader.at + reader.uint32();
    if (reader.uint16() === 2) transaction = reader.uint64();
    reader.raw(next - reader.at);
  }
  return transaction;
}

export function readBatch(payload: Buffer, version: TdsVersion): { readonly transaction: bigint; readonly text: string } {
  const reader = new ByteReader(payload);
  const transaction = readAllHeaders(reader, version);
  return { transaction, text: reader.raw(reader.left).toString('utf16le') };
}

export interface Call {
  readonly procedure: string;
  readonly procedureId?: number;
  readonly options: number;
  readonly parameters: readonly CannedParameter[];
}

/** RPC Request, [MS-TDS] section 2.2.6.6: one call or several. */
export function readCalls(payload: Buffer, version: TdsVersion): { readonly transaction: bigint; readonly calls: readonly Call[] } {
  const reader = new ByteReader(payload);
  const transaction = readAllHeaders(reader, version);
  const calls: Call[] = [];
  while (reader.left > 0) calls.push(readCall(reader, version));
  return { transaction, calls };
}

function readCall(reader: ByteReader, version: TdsVersion): Call {
  const length = reader.uint16();
  const procedureId = length === 0xffff ? reader.uint16() : undefined;
  const procedure = procedureId === undefined ? reader.ucs2(length) : PROCEDURES[procedureId];
  if (procedure === undefined) throw new Error(`a call of procedure number ${procedureId}`);
  const options = reader.uint16();
  const parameters: CannedParameter[] = [];
  const separator = isAtLeast(version, '7.2') ? 0xff : 0x80;
  while (reader.left > 0) {
    // BatchFlag, or NoExecFlag.
    if (reader.bytes[reader.at] === separator || reader.bytes[reader.at] === 0xfe) {
      reader.uint8();
      break;
    }
    parameters.push(readParameter(reader));
  }
  return { procedure, ...(procedureId === undefined ? {} : { procedureId }), options, parameters };
}

function readParameter(reader: ByteReader): CannedParameter {
  const name = reader.bVarchar();
  const status = reader.uint8();
  const type = readTypeInfo(reader);
  const value = readValue(reader, type);
  return { name, type: type.declaration, value, output: (status & 1) !== 0, isDefault: (status & 2) !== 0, form: type.form };
}

export interface TransactionRequest {
  readonly transaction: bigint;
  readonly type: number;
  readonly action: 'begin' | 'commit' | 'rollback' | 'save' | 'other';
  readonly name: string;
  readonly isolation: number;
  /** The transaction that a COMMIT or ROLLBACK asks for behind it. */
  readonly begins: boolean;
}

const ACTIONS: Readonly<Record<number, TransactionRequest['action']>> = { 5: 'begin', 7: 'commit', 8: 'rollback', 9: 'save' };

/** Transaction Manager Request, [MS-TDS] section 2.2.6.9. */
export function readTransactionRequest(payload: Buffer, version: TdsVersion): TransactionRequest {
  const reader = new ByteReader(payload);
  const transaction = readAllHeaders(reader, version);
  const type = reader.uint16();
  const action = ACTIONS[type] ?? 'other';
  if (action === 'other') return { transaction, type, action, name: '', isolation: 0, begins: false };
  const isolation = action === 'begin' ? reader.uint8() : 0;
  const name = reader.raw(reader.uint8()).toString('utf16le');
  const begins = (action === 'commit' || action === 'rollback') && (reader.uint8() & 1) !== 0;
  return { transaction, type, action, name, isolation, begins };
}

export interface BulkLoad {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly DecodedValue[])[];
}

/** Bulk Load BCP, [MS-TDS] section 2.2.6.1: COLMETADATA, ROW tokens, and DONE where the client sends it. */
export function readBulkLoad(payload: Buffer, version: TdsVersion): BulkLoad {
  const reader = new ByteReader(payload);
  if (reader.uint8() !== 0x81) throw new Error('a bulk load that does not begin with COLMETADATA');
  const columns = Array.from({ length: reader.uint16() }, () => {
    reader.raw(isAtLeast(version, '7.2') ? 4 : 2);
    reader.uint16();
    const type = readTypeInfo(reader);
    // Clients give one name and no number of its parts here, in every version.
    if (type.code === 0x22 || type.code === 0x23 || type.code === 0x63) reader.usVarchar();
    return { type, name: reader.bVarchar() };
  });
  const rows: DecodedValue[][] = [];
  while (reader.left > 0) {
    const token = reader.uint8();
    if (token === 0xfd) break;
    if (token !== 0xd1) throw new Error(`a token ${token} among the rows of a bulk load`);
    rows.push(columns.map(({ type }) => readValue(reader, type, true)));
  }
  return { columns: columns.map(({ name, type }) => ({ name, type: type.declaration })), rows };
}
