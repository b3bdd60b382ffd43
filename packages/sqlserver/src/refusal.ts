import type { Refusal, RefusalCode } from '@sqlwarden/core';
import { PACKET_TYPE } from './protocol/packet.js';
import { encodeMessage } from './protocol/packet-writer.js';
import { DONE_STATUS, type ServerToken } from './protocol/server-token.js';
import { versionLayout, versionOf } from './protocol/tds-version.js';
import { encodeTokens } from './protocol/token-codec.js';

/** An error as the server numbers it ([MS-TDS] section 2.2.7.10, "Database Engine events and errors"). */
export interface ServerError {
  readonly number: number;
  readonly state: number;
  /** Severity: 11 to 16 can be corrected by the user; from 20 on the connection ends. */
  readonly class: number;
}

const DENIED: ServerError = { number: 229, state: 5, class: 14 };
const COLUMN_DENIED: ServerError = { number: 230, state: 1, class: 14 };
const LOGIN_DENIED: ServerError = { number: 18456, state: 1, class: 14 };
const NOT_IN_TRANSACTION: ServerError = { number: 574, state: 0, class: 16 };
const NO_SERVER: ServerError = { number: 17187, state: 1, class: 16 };
/** What has no number of the server's own has that of errors that users raise ("RAISERROR"). */
const OWN: ServerError = { number: 50000, state: 1, class: 16 };

/**
 * The error of each refusal, with the number and severity that the server has it with. None is one that drivers, ORMs and poolers retry (1205, 1222, 4060,
 * 4221, 10928, 10929, 40197, 40501, 40613, 49918 to 49920 and the like), but for those of a connection that does end. 8179 makes drivers prepare anew. Documented in
 * docs/errors.md.
 */
export const REFUSAL_ERRORS = {
  'policy-denied': DENIED,
  'opaque-statement': DENIED,
  'relation-unknown': { number: 208, state: 1, class: 16 },
  'column-unknown': { number: 207, state: 1, class: 16 },
  'protected-predicate': COLUMN_DENIED,
  'protected-flow': COLUMN_DENIED,
  'protected-write': COLUMN_DENIED,
  'mask-blocked': COLUMN_DENIED,
  'mask-unbindable': OWN,
  'statement-unparsed': { number: 102, state: 1, class: 15 },
  'statement-too-large': { number: 191, state: 1, class: 15 },
  'parser-disagreement': DENIED,
  'intent-missing': DENIED,
  'limit-exceeded': OWN,
  'policy-error': DENIED,
  'approval-rejected': DENIED,
  'approval-expired': DENIED,
  'approval-void': DENIED,
  'approval-in-transaction': NOT_IN_TRANSACTION,
  'approval-unavailable': OWN,
  'setting-pinned': { number: 15247, state: 1, class: 16 },
  'plan-outdated': { number: 8179, state: 4, class: 16 },
  'transaction-failed': { number: 3930, state: 1, class: 16 },
  'identity-expired': LOGIN_DENIED,
  'identity-revoked': LOGIN_DENIED,
  'identity-invalid': LOGIN_DENIED,
  'identity-missing': LOGIN_DENIED,
  'login-throttled': LOGIN_DENIED,
  'ledger-unavailable': { number: 33222, state: 1, class: 16 },
  'catalogue-unavailable': OWN,
  'message-unsupported': OWN,
  'upstream-unavailable': NO_SERVER,
  'upstream-refused': NO_SERVER,
  'database-unknown': { number: 911, state: 1, class: 16 },
  'too-many-connections': { number: 17809, state: 1, class: 20 },
  'session-killed': { number: 596, state: 1, class: 21 },
  'shutting-down': { number: 6005, state: 1, class: 20 },
  cancelled: OWN,
  'internal-error': OWN,
} as const satisfies Record<RefusalCode, ServerError>;

/** Longest text of an error, in characters: it has to fit an ERROR token with its names. */
const MAX_TEXT = 8000;

/** A refusal as ERROR and DONE tokens, in whole packets of a tabular result with END_OF_MESSAGE on the last. `tdsVersion`: as LOGINACK states it. */
export function refusalMessage(refusal: Refusal, packetSize: number, tdsVersion: number): Uint8Array {
  return serverErrorMessage(REFUSAL_ERRORS[refusal.code], refusalText(refusal), packetSize, tdsVersion);
}

/** An error that we give in the server's own words, as {@link refusalMessage} is. */
export function serverErrorMessage(error: ServerError, text: string, packetSize: number, tdsVersion: number): Uint8Array {
  return encodeMessage({ type: PACKET_TYPE.TABULAR_RESULT, packetSize }, errorTokens(error, text, tdsVersion));
}

/** {@link refusalMessage} without packets, for the end of a message that was begun. */
export function refusalTokens(refusal: Refusal, tdsVersion: number): Uint8Array {
  return errorTokens(REFUSAL_ERRORS[refusal.code], refusalText(refusal), tdsVersion);
}

function errorTokens(error: ServerError, text: string, tdsVersion: number): Uint8Array {
  const tokens: readonly ServerToken[] = [
    { kind: 'ERROR', ...error, message: text.slice(0, MAX_TEXT), serverName: '', procedureName: '', line: 1 },
    { kind: 'DONE', status: DONE_STATUS.ERROR, currentCommand: 0, rowCount: 0n },
  ];
  return encodeTokens(tokens, versionLayout(versionOf(tdsVersion)));
}

/**
 * The text of a refusal. There is one for all: what was refused comes first, then in parentheses the code, the rule, the request and the position, then the
 * hint.
 */
export function refusalText(refusal: Refusal): string {
  const hint = refusal.hint === undefined ? '' : `; ${refusal.hint}`;
  // Clients in C end a text at its first NUL.
  return `sqlwarden: ${refusal.message} (${detail(refusal)})${hint}`.replaceAll('\0', '');
}

function detail({ code, rule, request, position }: Refusal): string {
  let text = `code: ${code}`;
  if (rule !== undefined) text += `, rule: ${rule}`;
  if (request !== undefined) text += `, request: ${request}`;
  if (position !== undefined) text += `, at character ${position}`;
  return text;
}
