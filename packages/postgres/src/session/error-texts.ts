import { ByteReader } from '../protocol/byte-reader.js';
import { type ErrorField, encodeBackend, lenientText } from '../protocol/backend-message.js';

/**
 * What may be said of an error where protected values are in reach. A text of the server can quote any value (a failed cast, a key of a
 * unique index, RAISE), so it is replaced by a canonical one, unless it can be known not to. Decided by SQLSTATE and by which fields are
 * present, never by reading the text, so that `lc_messages` makes no difference.
 */

/** The fields of an ErrorResponse or NoticeResponse. Texts that are not UTF-8 hold replacement characters. */
export function readErrorFields(bytes: Uint8Array, bodyStart: number, end: number): readonly ErrorField[] {
  const reader = new ByteReader(bytes, bodyStart, end);
  const fields: ErrorField[] = [];
  for (;;) {
    const code = reader.uint8();
    if (code === 0) break;
    fields.push({ code: String.fromCharCode(code), value: lenientText(reader.cstringBytes()) });
  }
  reader.finish();
  return fields;
}

/** The SQLSTATE of an error, or `XX000` when the server gave none that is well-formed. */
export function sqlStateOf(fields: readonly ErrorField[]): string {
  const value = valueOf(fields, 'C');
  return value !== undefined && /^[0-9A-Z]{5}$/.test(value) ? value : 'XX000';
}

/** Conditions whose texts are constants of the server, or name only objects, when the server itself raises them outside of any routine. */
const CONSTANT_TEXTS: ReadonlySet<string> = new Set([
  '25001', // active_sql_transaction
  '25006', // read_only_sql_transaction
  '25P01', // no_active_sql_transaction
  '25P02', // in_failed_sql_transaction
  '25P03', // idle_in_transaction_session_timeout
  '26000', // invalid_sql_statement_name
  '34000', // invalid_cursor_name
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '53300', // too_many_connections
  '55P03', // lock_not_available
  '57014', // query_canceled
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
]);

/** Canonical texts by SQLSTATE, else by its class (its first two characters). */
const CANONICAL: ReadonlyMap<string, string> = new Map([
  ['00', 'the database sent a notice'],
  ['01', 'the database sent a warning'],
  ['02', 'no data'],
  ['08', 'connection exception'],
  ['0A', 'feature not supported'],
  ['21', 'cardinality violation'],
  ['22', 'data exception'],
  ['22001', 'value too long for its type'],
  ['22003', 'numeric value out of range'],
  ['22007', 'invalid date or time format'],
  ['22008', 'date or time field out of range'],
  ['22012', 'division by zero'],
  ['22P02', 'invalid text representation of a value'],
  ['23', 'integrity constraint violation'],
  ['23502', 'null value in a column that requires one'],
  ['23503', 'foreign key violation'],
  ['23505', 'duplicate key value violates a unique constraint'],
  ['23514', 'check constraint violation'],
  ['23P01', 'exclusion constraint violation'],
  ['24', 'invalid cursor state'],
  ['25', 'invalid transaction state'],
  ['26', 'invalid statement name'],
  ['28', 'invalid authorization'],
  ['2B', 'dependent objects still exist'],
  ['34', 'invalid cursor name'],
  ['38', 'external routine exception'],
  ['39', 'external routine invocation exception'],
  ['3D', 'invalid database name'],
  ['3F', 'invalid schema name'],
  ['40', 'transaction rolled back'],
  ['42', 'syntax error or access rule violation'],
  ['42501', 'permission denied'],
  ['42601', 'syntax error'],
  ['42703', 'undefined column'],
  ['42883', 'undefined function'],
  ['42P01', 'undefined table'],
  ['44', 'check option violation'],
  ['53', 'insufficient resources'],
  ['54', 'program limit exceeded'],
  ['55', 'object not in the required state'],
  ['55P03', 'lock not available'],
  ['57', 'operator intervention'],
  ['57014', 'the statement was cancelled'],
  ['58', 'system error'],
  ['F0', 'configuration file error'],
  ['HV', 'foreign data error'],
  ['P0', 'a routine raised an error'],
  ['XX', 'internal error of the database'],
]);

/** C functions of the server that fill in object names themselves. Others (RAISE … USING COLUMN) can put values there. */
const TRUSTED_NAMERS: ReadonlySet<string> = new Set([
  '_bt_check_unique',
  'ExecConstraints',
  'ExecPartitionCheckEmitError',
  'ExecWithCheckOptions',
  'ReportNotNullViolationError',
  'check_exclusion_or_unique_constraint',
  'ri_ReportViolation',
]);

/**
 * The message with everything that may carry a value left out: severity, SQLSTATE, position and names of schema, table, column, type and
 * constraint stay; the text stays only where it cannot quote data; detail, hint, context and internal query go. `type` is the type byte's
 * name. Returns a whole message.
 */
export function cleanedResponse(kind: 'ErrorResponse' | 'NoticeResponse', fields: readonly ErrorField[]): Uint8Array {
  const kept: ErrorField[] = [];
  const namesAreSafe = !hasContext(fields) || TRUSTED_NAMERS.has(valueOf(fields, 'R') ?? '');
  for (const field of fields) {
    if (field.code === 'M') kept.push({ code: 'M', value: textIsSafe(fields) ? field.value : canonicalText(fields) });
    else if (field.code === 'C') kept.push({ code: 'C', value: sqlStateOf(fields) });
    else if (ALWAYS_KEPT.has(field.code) || (namesAreSafe && NAME_FIELDS.has(field.code))) kept.push(field);
  }
  return encodeBackend({ kind, fields: kept });
}

/** S and V: severity. P: where in the client's own text. */
const ALWAYS_KEPT: ReadonlySet<string> = new Set(['S', 'V', 'P']);
/** s: schema, t: table, c: column, d: data type, n: constraint. */
const NAME_FIELDS: ReadonlySet<string> = new Set(['s', 't', 'c', 'd', 'n']);

/** Raised inside a routine or by a statement that a routine runs (W: context, p and q: internal position and query). */
function hasContext(fields: readonly ErrorField[]): boolean {
  return fields.some((field) => field.code === 'W' || field.code === 'p' || field.code === 'q');
}

function textIsSafe(fields: readonly ErrorField[]): boolean {
  if (hasContext(fields)) return false;
  const code = sqlStateOf(fields);
  // A position is only given while the client's own text is analysed, before any data is read: such a text can quote that text alone.
  return CONSTANT_TEXTS.has(code) || (code.startsWith('42') && valueOf(fields, 'P') !== undefined);
}

function canonicalText(fields: readonly ErrorField[]): string {
  const code = sqlStateOf(fields);
  const text = CANONICAL.get(code) ?? CANONICAL.get(code.slice(0, 2)) ?? 'error of the database';
  return `${text} (text withheld by sqlwarden)`;
}

function valueOf(fields: readonly ErrorField[], code: string): string | undefined {
  return fields.find((field) => field.code === code)?.value;
}
