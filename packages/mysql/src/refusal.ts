import type { Refusal, RefusalCode } from '@sqlwarden/core';
import { writeErr } from './protocol/err-packet.js';
import { encodePacket } from './protocol/packet-writer.js';

/** An error number and the SQLSTATE that the server has it with. */
export interface ServerError {
  readonly code: number;
  readonly sqlState: string;
}

const DENIED: ServerError = { code: 1142, sqlState: '42000' }; // ER_TABLEACCESS_DENIED_ERROR
const COLUMN_DENIED: ServerError = { code: 1143, sqlState: '42000' }; // ER_COLUMNACCESS_DENIED_ERROR
const NOT_SUPPORTED: ServerError = { code: 1235, sqlState: '42000' }; // ER_NOT_SUPPORTED_YET
const LOGIN_DENIED: ServerError = { code: 1045, sqlState: '28000' }; // ER_ACCESS_DENIED_ERROR
const NOT_IN_TRANSACTION: ServerError = { code: 1179, sqlState: '25000' }; // ER_CANT_DO_THIS_DURING_AN_TRANSACTION
const NO_SERVER: ServerError = { code: 1429, sqlState: 'HY000' }; // ER_CONNECT_TO_FOREIGN_DATA_SOURCE
const FAULT: ServerError = { code: 1105, sqlState: 'HY000' }; // ER_UNKNOWN_ERROR

/**
 * The error of each refusal ("Server Error Message Reference"; MariaDB "Error Codes"), with a number and SQLSTATE that both servers have. None
 * is one that drivers, ORMs and poolers retry (1205, 1213, 1290, 1792, 1836, class 40) or take for a broken connection (class 08), but
 * for those of a connection that does end. Documented in docs/errors.md.
 */
export const REFUSAL_ERRORS = {
  'policy-denied': DENIED,
  'opaque-statement': DENIED,
  'relation-unknown': { code: 1146, sqlState: '42S02' }, // ER_NO_SUCH_TABLE
  'column-unknown': { code: 1054, sqlState: '42S22' }, // ER_BAD_FIELD_ERROR
  'protected-predicate': COLUMN_DENIED,
  'protected-flow': COLUMN_DENIED,
  'protected-write': COLUMN_DENIED,
  'mask-blocked': COLUMN_DENIED,
  'mask-unbindable': NOT_SUPPORTED,
  'statement-unparsed': { code: 1064, sqlState: '42000' }, // ER_PARSE_ERROR
  'statement-too-large': { code: 1104, sqlState: '42000' }, // ER_TOO_BIG_SELECT: that of a packet too large is of class 08
  'parser-disagreement': DENIED,
  'intent-missing': DENIED,
  'limit-exceeded': { code: 1226, sqlState: '42000' }, // ER_USER_LIMIT_REACHED
  'policy-error': DENIED,
  'approval-rejected': DENIED,
  'approval-expired': DENIED,
  'approval-void': DENIED,
  'approval-in-transaction': NOT_IN_TRANSACTION,
  'approval-unavailable': FAULT,
  'setting-pinned': { code: 1227, sqlState: '42000' }, // ER_SPECIFIC_ACCESS_DENIED_ERROR
  'plan-outdated': { code: 1615, sqlState: 'HY000' }, // ER_NEED_REPREPARE
  'transaction-failed': NOT_IN_TRANSACTION,
  'identity-expired': LOGIN_DENIED,
  'identity-revoked': LOGIN_DENIED,
  'identity-invalid': LOGIN_DENIED,
  'identity-missing': LOGIN_DENIED,
  'login-throttled': LOGIN_DENIED,
  'ledger-unavailable': { code: 1026, sqlState: 'HY000' }, // ER_ERROR_ON_WRITE
  'catalogue-unavailable': FAULT,
  'message-unsupported': NOT_SUPPORTED,
  'upstream-unavailable': NO_SERVER,
  'upstream-refused': NO_SERVER,
  'database-unknown': { code: 1049, sqlState: '42000' }, // ER_BAD_DB_ERROR
  'too-many-connections': { code: 1040, sqlState: '08004' }, // ER_CON_COUNT_ERROR
  'session-killed': { code: 1053, sqlState: '08S01' }, // ER_SERVER_SHUTDOWN
  'shutting-down': { code: 1053, sqlState: '08S01' },
  cancelled: { code: 1317, sqlState: '70100' }, // ER_QUERY_INTERRUPTED
  'internal-error': FAULT,
} as const satisfies Record<RefusalCode, ServerError>;

/** The fields of an ERR packet. */
export interface RefusalError extends ServerError {
  readonly message: string;
}

/**
 * A refusal as an ERR packet has it. There is one text for all, and clients cut it at 512 bytes: what was refused comes first, then in
 * parentheses the code, the rule, the request and the position, then the hint.
 */
export function refusalError(refusal: Refusal): RefusalError {
  const { code, sqlState } = REFUSAL_ERRORS[refusal.code];
  const hint = refusal.hint === undefined ? '' : `; ${refusal.hint}`;
  // Clients in C end a text at its first NUL.
  return { code, sqlState, message: `sqlwarden: ${refusal.message} (${detail(refusal)})${hint}`.replaceAll('\0', '') };
}

/** {@link refusalError} as a whole packet: ERR_Packet of the 4.1 protocol, which every client that is let in speaks. */
export function refusalPacket(refusal: Refusal, sequenceId: number): Uint8Array {
  return encodePacket(sequenceId, (packet) => writeErr(packet, refusalError(refusal)));
}

function detail({ code, rule, request, position }: Refusal): string {
  let text = `code: ${code}`;
  if (rule !== undefined) text += `, rule: ${rule}`;
  if (request !== undefined) text += `, request: ${request}`;
  if (position !== undefined) text += `, at character ${position}`;
  return text;
}
