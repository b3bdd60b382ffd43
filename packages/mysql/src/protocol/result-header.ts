import { CAPABILITIES, type Capabilities, hasCapability } from './capabilities.js';
import type { PacketWriter } from './packet-writer.js';
import type { PayloadReader } from './payload-reader.js';
import { ProtocolError } from './protocol-error.js';

const { CLIENT_OPTIONAL_RESULTSET_METADATA } = CAPABILITIES;
const MAX_COLUMNS = 0xffff;

/** The first packet of a result set ("COM_QUERY Response", "Text Resultset"): how many columns it has, and whether their definitions follow. */
export interface ResultSetHeader {
  readonly columns: number;
  /** Always true without CLIENT_OPTIONAL_RESULTSET_METADATA. */
  readonly metadataFollows: boolean;
}

/** Reads one whole. The caller has told it from OK (0x00), ERR (0xFF) and LOCAL INFILE (0xFB). Throws a {@link ProtocolError}. */
export function readResultSetHeader(reader: PayloadReader, capabilities: Capabilities): ResultSetHeader {
  const columns = reader.lenencInt();
  if (columns === 0 || columns > MAX_COLUMNS)
    throw new ProtocolError('length', 'a result set has a number of columns that is out of range');
  // The page has the flag first; MySQL 9.7 sends the count first.
  const metadataFollows = hasCapability(capabilities, CLIENT_OPTIONAL_RESULTSET_METADATA) ? readFollows(reader) : true;
  reader.finish();
  return { columns, metadataFollows };
}

export function writeResultSetHeader(writer: PacketWriter, header: ResultSetHeader, capabilities: Capabilities): void {
  writer.lenencInt(header.columns);
  if (hasCapability(capabilities, CLIENT_OPTIONAL_RESULTSET_METADATA)) writer.int1(header.metadataFollows ? 1 : 0);
}

/** "COM_STMT_PREPARE Response". */
export interface StmtPrepareOk {
  readonly statementId: number;
  readonly columns: number;
  readonly parameters: number;
  readonly warnings: number;
  /** Always true without CLIENT_OPTIONAL_RESULTSET_METADATA. */
  readonly metadataFollows: boolean;
}

export function readStmtPrepareOk(reader: PayloadReader, capabilities: Capabilities): StmtPrepareOk {
  if (reader.int1() !== 0x00) throw new ProtocolError('unexpected-message', 'a COM_STMT_PREPARE_OK begins with 0x00');
  const statementId = reader.int4();
  const columns = reader.int2();
  const parameters = reader.int2();
  reader.skip(1);
  const warnings = reader.int2();
  const metadataFollows = hasCapability(capabilities, CLIENT_OPTIONAL_RESULTSET_METADATA) ? readFollows(reader) : true;
  reader.finish();
  return { statementId, columns, parameters, warnings, metadataFollows };
}

export function writeStmtPrepareOk(writer: PacketWriter, ok: StmtPrepareOk, capabilities: Capabilities): void {
  writer.int1(0x00).int4(ok.statementId).int2(ok.columns).int2(ok.parameters).int1(0).int2(ok.warnings);
  if (hasCapability(capabilities, CLIENT_OPTIONAL_RESULTSET_METADATA)) writer.int1(ok.metadataFollows ? 1 : 0);
}

function readFollows(reader: PayloadReader): boolean {
  const flag = reader.int1();
  if (flag > 1) throw new ProtocolError('invalid-value', 'metadata_follows is 0 (RESULTSET_METADATA_NONE) or 1 (RESULTSET_METADATA_FULL)');
  return flag === 1;
}
