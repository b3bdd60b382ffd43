/**
 * Why a statement is run, as whoever sends it says: nobody has proven it. It is recorded, and a policy can require it; it never gives rights
 * by itself.
 */

/** `traceparent`: the trace context of W3C "Trace Context", section "traceparent Header". */
export const INTENT_FIELDS = ['purpose', 'ticket', 'traceparent'] as const;
export type IntentField = (typeof INTENT_FIELDS)[number];

/**
 * How it came: from the application through the library, in a comment of the statement's text (sqlcommenter), by a setting of the session, or
 * with the login, by an attribute of the query (MySQL).
 */
export type IntentSource = 'library' | 'comment' | 'setting' | 'startup' | 'attribute';

export interface AssertedValue {
  readonly value: string;
  readonly source: IntentSource;
}

/** Immutable; at least one field. */
export type AssertedIntent = Readonly<Partial<Record<IntentField, AssertedValue>>>;

/** UTF-16 units of one value. */
export const MAX_INTENT_LENGTH = 256;
/** Control and format characters, line and paragraph separators, lone surrogates: they would show something else to whoever reads the ledger. */
const UNFIT_CHARACTER = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
/** Version 00 of the header, which later versions must begin with; version ff and ids of zeros only are invalid. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** What a field's values are like, for messages. */
export const INTENT_FORMS = {
  purpose: `1 to ${MAX_INTENT_LENGTH} characters without control characters`,
  ticket: `1 to ${MAX_INTENT_LENGTH} characters without control characters`,
  traceparent: 'a traceparent of W3C Trace Context (00-<32 hex digits>-<16 hex digits>-<2 hex digits>)',
} as const satisfies Record<IntentField, string>;

export function isIntentField(name: string): name is IntentField {
  return (INTENT_FIELDS as readonly string[]).includes(name);
}

/** True for a value that can be asserted. Linear in its length. */
export function isIntentValue(field: IntentField, value: string): boolean {
  if (value.length === 0 || value.length > MAX_INTENT_LENGTH) return false;
  return field === 'traceparent' ? TRACEPARENT.test(value) : !UNFIT_CHARACTER.test(value);
}

/** The values that can be asserted, as they came by one way; the others count as not given. `undefined` when there are none. */
export function assertedIntent(
  source: IntentSource,
  values: Readonly<Partial<Record<IntentField, string | null>>>,
): AssertedIntent | undefined {
  const intent: Partial<Record<IntentField, AssertedValue>> = {};
  for (const field of INTENT_FIELDS) {
    const value = values[field];
    if (typeof value === 'string' && isIntentValue(field, value)) intent[field] = Object.freeze({ value, source });
  }
  return Object.keys(intent).length === 0 ? undefined : Object.freeze(intent);
}

/** Field by field, `first` where it says something, else `second`. Makes nothing where one of them is absent. */
export function joinIntents(first: AssertedIntent | undefined, second: AssertedIntent | undefined): AssertedIntent | undefined {
  if (first === undefined) return second;
  return second === undefined || second === first ? first : Object.freeze({ ...second, ...first });
}

/** `purpose support (library), ticket CHG-7 (setting)`, for people. */
export function describeIntent(intent: AssertedIntent): string {
  return INTENT_FIELDS.flatMap((field) => {
    const asserted = intent[field];
    return asserted === undefined ? [] : [`${field} ${asserted.value} (${asserted.source})`];
  }).join(', ');
}
