import type { Refusal, RefusalCode } from '@sqlwarden/core';
import { encodeBackend, type ErrorField } from './protocol/backend-message.js';

/**
 * The SQLSTATE of each refusal ("PostgreSQL Error Codes"). None is of class 40 or another that drivers and ORMs retry, because trying
 * again gives the same answer. Documented in docs/errors.md.
 */
export const REFUSAL_SQLSTATES = {
  'policy-denied': '42501', // insufficient_privilege
  'opaque-statement': '42501',
  'relation-unknown': '42P01', // undefined_table
  'column-unknown': '42703', // undefined_column
  'protected-predicate': '42501',
  'protected-flow': '42501',
  'protected-write': '42501',
  'mask-blocked': '42501',
  'mask-unbindable': '0A000', // feature_not_supported
  'statement-unparsed': '42601', // syntax_error
  'statement-too-large': '54000', // program_limit_exceeded
  'parser-disagreement': '42501',
  'intent-missing': '42501',
  'limit-exceeded': '54000',
  'policy-error': '42501',
  'approval-rejected': '42501',
  'approval-expired': '42501',
  'approval-void': '42501',
  'approval-in-transaction': '25001', // active_sql_transaction
  'approval-unavailable': '58000', // system_error
  'setting-pinned': '42501',
  'plan-outdated': '0A000', // as the server's "cached plan must not change result type"
  'transaction-failed': '25P02', // in_failed_sql_transaction
  'identity-expired': '28000', // invalid_authorization_specification
  'identity-revoked': '28000',
  'identity-invalid': '28P01', // invalid_password
  'identity-missing': '28000',
  'login-throttled': '28000',
  'ledger-unavailable': '58030', // io_error
  'catalogue-unavailable': '58000',
  'message-unsupported': '0A000',
  'upstream-unavailable': '08006', // connection_failure
  'upstream-refused': '08004', // sqlserver_rejected_establishment_of_sqlconnection
  'database-unknown': '3D000', // invalid_catalog_name
  'too-many-connections': '53300', // too_many_connections
  'session-killed': '57P01', // admin_shutdown, as pg_terminate_backend has it
  'shutting-down': '57P01',
  cancelled: '57014', // query_canceled
  'internal-error': '58000',
} as const satisfies Record<RefusalCode, string>;

/** `ERROR` ends a statement, `FATAL` the session. */
export type RefusalSeverity = 'ERROR' | 'FATAL';

/**
 * A refusal as an ErrorResponse: the message begins with `sqlwarden: `, the detail names the code, the rule and the request, the hint is
 * the refusal's own.
 */
export function refusalResponse(refusal: Refusal, severity: RefusalSeverity): Uint8Array {
  return encodeBackend({ kind: 'ErrorResponse', fields: refusalFields(refusal, severity) });
}

/** The fields of {@link refusalResponse}. */
export function refusalFields(refusal: Refusal, severity: RefusalSeverity): readonly ErrorField[] {
  const fields: ErrorField[] = [
    { code: 'S', value: severity },
    { code: 'V', value: severity },
    { code: 'C', value: REFUSAL_SQLSTATES[refusal.code] },
    { code: 'M', value: `sqlwarden: ${plain(refusal.message)}` },
    { code: 'D', value: detail(refusal) },
  ];
  if (refusal.position !== undefined) fields.push({ code: 'P', value: String(refusal.position) });
  if (refusal.hint !== undefined) fields.push({ code: 'H', value: plain(refusal.hint) });
  return fields;
}

/** Words for the person at the client, as a NoticeResponse of severity NOTICE. */
export function noticeResponse(message: string, hint: string | undefined): Uint8Array {
  const fields: ErrorField[] = [
    { code: 'S', value: 'NOTICE' },
    { code: 'V', value: 'NOTICE' },
    { code: 'C', value: '00000' },
    { code: 'M', value: `sqlwarden: ${plain(message)}` },
  ];
  if (hint !== undefined) fields.push({ code: 'H', value: plain(hint) });
  return encodeBackend({ kind: 'NoticeResponse', fields });
}

function detail(refusal: Refusal): string {
  let text = `code: ${refusal.code}`;
  if (refusal.rule !== undefined) text += `, rule: ${plain(refusal.rule)}`;
  if (refusal.request !== undefined) text += `, request: ${plain(refusal.request)}`;
  return text;
}

// A field ends at its first NUL.
function plain(text: string): string {
  return text.replaceAll('\0', '');
}
