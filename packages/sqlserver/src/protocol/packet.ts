/** Type, status, length, SPID, packet id and window ([MS-TDS] 2.2.3.1 "Packet Header"). */
export const PACKET_HEADER = 8;
/** Limits of the packet size that LOGIN7 may ask for ([MS-TDS] 2.2.6.4). */
export const MIN_PACKET_SIZE = 512;
export const MAX_PACKET_SIZE = 32_767;
/** The packet size before login has agreed on one, and where LOGIN7 says 0. */
export const DEFAULT_PACKET_SIZE = 4096;

/** [MS-TDS] 2.2.3.1.1 "Type". */
export const PACKET_TYPE = {
  SQL_BATCH: 0x01,
  PRE_TDS7_LOGIN: 0x02,
  RPC: 0x03,
  TABULAR_RESULT: 0x04,
  ATTENTION: 0x06,
  BULK_LOAD: 0x07,
  FEDAUTH_TOKEN: 0x08,
  TRANSACTION_MANAGER: 0x0e,
  LOGIN7: 0x10,
  SSPI: 0x11,
  PRELOGIN: 0x12,
} as const;

/** [MS-TDS] 2.2.3.1.2 "Status": bits. */
export const PACKET_STATUS = {
  NORMAL: 0x00,
  /** The last packet of its message. */
  END_OF_MESSAGE: 0x01,
  /** With END_OF_MESSAGE: the client gives the message up, the server ignores it. */
  IGNORE: 0x02,
  /** In the first packet of a message: the session is reset before it. */
  RESET_CONNECTION: 0x08,
  /** The same, but an open transaction stays. */
  RESET_CONNECTION_SKIP_TRANSACTION: 0x10,
} as const;

/** Writes the header of a packet; `length` includes the header. */
export function putPacketHeader(
  bytes: Uint8Array,
  at: number,
  header: { readonly type: number; readonly status: number; readonly length: number; readonly spid: number; readonly packetId: number },
): void {
  bytes[at] = header.type;
  bytes[at + 1] = header.status;
  bytes[at + 2] = header.length >>> 8;
  bytes[at + 3] = header.length;
  bytes[at + 4] = header.spid >>> 8;
  bytes[at + 5] = header.spid;
  bytes[at + 6] = header.packetId;
  bytes[at + 7] = 0;
}

/** An ATTENTION: a packet without a payload ([MS-TDS] 2.2.1.7). */
export function encodeAttention(): Uint8Array {
  const bytes = new Uint8Array(PACKET_HEADER);
  const header = { type: PACKET_TYPE.ATTENTION, status: PACKET_STATUS.END_OF_MESSAGE, length: PACKET_HEADER, spid: 0, packetId: 1 };
  putPacketHeader(bytes, 0, header);
  return bytes;
}
