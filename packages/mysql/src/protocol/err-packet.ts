import type { PacketWriter } from './packet-writer.js';
import { lenientText, type PayloadReader } from './payload-reader.js';
import { ProtocolError } from './protocol-error.js';

/** "ERR_Packet". */
export interface ErrPacket {
  readonly code: number;
  /** Five characters; `undefined` where the server sent none, as it does before it knows the client's capabilities. */
  readonly sqlState: string | undefined;
  /** As sent, with replacement characters where it is not UTF-8. */
  readonly message: string;
}

const HASH = 0x23;

/** Reads an ERR packet whole. Throws a {@link ProtocolError}. */
export function readErr(reader: PayloadReader): ErrPacket {
  if (reader.int1() !== 0xff) throw new ProtocolError('unexpected-message', 'an ERR packet begins with 0xff');
  const code = reader.int2();
  let sqlState: string | undefined;
  if (reader.peek() === HASH && reader.remaining >= 6) {
    reader.skip(1);
    sqlState = lenientText(reader.bytes(5));
  }
  return { code, sqlState, message: lenientText(reader.rest()) };
}

export function writeErr(writer: PacketWriter, err: ErrPacket): void {
  writer.int1(0xff).int2(err.code);
  if (err.sqlState !== undefined) writer.int1(HASH).text(err.sqlState);
  writer.text(err.message);
}
