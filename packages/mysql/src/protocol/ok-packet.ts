import { CAPABILITIES, type Capabilities, hasCapability } from './capabilities.js';
import type { PacketWriter } from './packet-writer.js';
import type { PayloadReader } from './payload-reader.js';
import { ProtocolError } from './protocol-error.js';
import { readSessionState, type SessionStateChange, sessionStateBytes } from './session-state.js';
import { STATUS } from './status-flags.js';

const NO_CHANGES: readonly SessionStateChange[] = Object.freeze([]);
const NO_INFO = new Uint8Array(0);

/** "OK_Packet". `header`: 0x00, or 0xFE where it stands for the EOF packet at the end of rows (CLIENT_DEPRECATE_EOF). */
export interface OkPacket {
  readonly header: 0x00 | 0xfe;
  readonly affectedRows: bigint;
  readonly lastInsertId: bigint;
  readonly status: number;
  readonly warnings: number;
  /** Words for people (`Rows matched: 1 …`), in the charset of results. A view: copy to keep. */
  readonly info: Uint8Array;
  /** Empty unless SERVER_SESSION_STATE_CHANGED is set in `status` and CLIENT_SESSION_TRACK was agreed on. */
  readonly changes: readonly SessionStateChange[];
}

/** Reads an OK packet whole, under CLIENT_PROTOCOL_41. Throws a {@link ProtocolError}. */
export function readOk(reader: PayloadReader, capabilities: Capabilities): OkPacket {
  const header = reader.int1();
  if (header !== 0x00 && header !== 0xfe) throw new ProtocolError('unexpected-message', 'an OK packet begins with 0x00 or 0xfe');
  const affectedRows = reader.lenencInt8();
  const lastInsertId = reader.lenencInt8();
  const status = reader.int2();
  const warnings = reader.int2();
  // Servers leave both of the last fields out when there is nothing to say.
  const info = reader.remaining > 0 ? reader.lenencBytes() : NO_INFO;
  const mayChange = hasCapability(capabilities, CAPABILITIES.CLIENT_SESSION_TRACK) && (status & STATUS.SERVER_SESSION_STATE_CHANGED) !== 0;
  const changes = mayChange && reader.remaining > 0 ? readSessionState(reader.lenencBytes()) : NO_CHANGES;
  reader.finish();
  return { header, affectedRows, lastInsertId, status, warnings, info, changes };
}

/** Writes the payload of an OK packet. `changes` are written only where {@link readOk} would read them. */
export function writeOk(writer: PacketWriter, ok: OkPacket, capabilities: Capabilities): void {
  writer.int1(ok.header).lenencInt8(ok.affectedRows).lenencInt8(ok.lastInsertId).int2(ok.status).int2(ok.warnings);
  const tracks = hasCapability(capabilities, CAPABILITIES.CLIENT_SESSION_TRACK) && (ok.status & STATUS.SERVER_SESSION_STATE_CHANGED) !== 0;
  if (ok.info.length > 0 || tracks) writer.lenencBytes(ok.info);
  if (tracks) writer.lenencBytes(sessionStateBytes(ok.changes));
}

/** "EOF_Packet": ends column definitions and rows where CLIENT_DEPRECATE_EOF was not agreed on. */
export interface EofPacket {
  readonly warnings: number;
  readonly status: number;
}

export function readEof(reader: PayloadReader): EofPacket {
  if (reader.int1() !== 0xfe) throw new ProtocolError('unexpected-message', 'an EOF packet begins with 0xfe');
  const eof = { warnings: reader.int2(), status: reader.int2() };
  reader.finish();
  return eof;
}

export function writeEof(writer: PacketWriter, eof: EofPacket): void {
  writer.int1(0xfe).int2(eof.warnings).int2(eof.status);
}
