import { COMMAND } from '../protocol/command.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { writeErr } from '../protocol/err-packet.js';
import { writeOk } from '../protocol/ok-packet.js';
import { STATUS } from '../protocol/status-flags.js';

/** Status flags that are of a session, not of one answer. */
const LASTING =
  STATUS.SERVER_STATUS_IN_TRANS |
  STATUS.SERVER_STATUS_AUTOCOMMIT |
  STATUS.SERVER_STATUS_IN_TRANS_READONLY |
  STATUS.SERVER_STATUS_NO_BACKSLASH_ESCAPES;

/** OK of the gateway's own. `status`: of the server's last answer. */
export function okPacket(sequenceId: number, status: number): Uint8Array {
  const ok = {
    header: 0,
    affectedRows: 0n,
    lastInsertId: 0n,
    status: status & LASTING,
    warnings: 0,
    info: new Uint8Array(0),
    changes: [],
  } as const;
  return encodePacket(sequenceId, (writer) => writeOk(writer, ok, 0));
}

/** COM_QUERY of the gateway's own. `hasAttributes`: CLIENT_QUERY_ATTRIBUTES was negotiated. */
export function queryPacket(text: string, hasAttributes: boolean): Uint8Array {
  return encodePacket(0, (writer) => {
    writer.int1(COMMAND.COM_QUERY);
    // No parameters, one set of them.
    if (hasAttributes) writer.int1(0).int1(1);
    writer.text(text);
  });
}

/** ERR of the gateway's own. */
export function errPacket(sequenceId: number, code: number, sqlState: string, message: string): Uint8Array {
  return encodePacket(sequenceId, (writer) => writeErr(writer, { code, sqlState, message }));
}
