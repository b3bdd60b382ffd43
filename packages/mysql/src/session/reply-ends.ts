import { PayloadReader } from '../protocol/payload-reader.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { STATUS } from '../protocol/status-flags.js';

/** First byte of an OK packet, of EOF (or the OK in its place under CLIENT_DEPRECATE_EOF), of ERR, and of a LOCAL INFILE Request. */
export const HEADER = { OK: 0x00, EOF: 0xfe, ERR: 0xff, LOCAL_INFILE: 0xfb } as const;

/**
 * What the end of a result says ("OK_Packet", "EOF_Packet"): the fields that every command needs, read without making objects. One instance per session;
 * the fields hold until the next {@link read}.
 */
export class ReplyEnd {
  /** `null`: an EOF packet has none. */
  affected: number | null = null;
  status = 0;
  /** Where the status flags are in the buffer. */
  statusAt = 0;
  /** Where the text of an OK begins; the end of the packet for EOF. */
  infoAt = 0;
  readonly #reader = new PayloadReader(new Uint8Array(0));

  /** `isEof`: the packet begins with 0xFE and CLIENT_DEPRECATE_EOF was not negotiated. Throws a `ProtocolError`. */
  read(buffer: Uint8Array, bodyStart: number, end: number, isEof: boolean): void {
    const reader = this.#reader;
    reader.reset(buffer, bodyStart, end);
    reader.skip(1);
    if (isEof) {
      reader.skip(2);
      this.statusAt = reader.at;
      this.status = reader.int2();
      reader.finish();
      this.affected = null;
      this.infoAt = end;
      return;
    }
    this.affected = Number(reader.lenencInt8());
    reader.lenencInt8();
    this.statusAt = reader.at;
    this.status = reader.int2();
    reader.skip(2);
    this.infoAt = reader.at;
  }

  get hasMore(): boolean {
    return (this.status & STATUS.SERVER_MORE_RESULTS_EXISTS) !== 0;
  }

  /** Takes the marks of a transaction that the client did not begin out of the status flags. */
  hideTransaction(buffer: Uint8Array): void {
    const shown = this.status & ~(STATUS.SERVER_STATUS_IN_TRANS | STATUS.SERVER_STATUS_IN_TRANS_READONLY);
    buffer[this.statusAt] = shown & 0xff;
    buffer[this.statusAt + 1] = shown >> 8;
  }
}

/**
 * What an OK says besides its numbers is one of the server's counts ("Rows matched: 1  Changed: 1  Warnings: 0") or nothing. Other texts may quote
 * values.
 */
export function isPlainInfo(info: Uint8Array): boolean {
  for (const byte of info) {
    const isLetter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
    if (!isLetter && !(byte >= 0x30 && byte <= 0x3a) && byte !== 0x20) return false;
  }
  return true;
}

/** What the server sends where nothing like it belongs. */
export function unexpected(what: string): ProtocolError {
  return new ProtocolError('unexpected-message', `the server sent ${what} where none belongs`);
}
