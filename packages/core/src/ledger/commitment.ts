import { decodeBase64, encodeBase64 } from './base64.js';
import type { Commitment, Disclosure } from './event.js';
import { equalBytes, type Sha256 } from './merkle.js';

/**
 * Salted commitments to sensitive values: the value is kept beside the log and can be erased there, while the entry that names the
 * commitment stays provable. Once salt and value are gone, the commitment tells nothing of either.
 */

const DOMAIN = 'sqlwarden/field/v1\0';
/** Bytes of a salt, which must be unpredictable and used once. */
export const SALT_BYTES = 32;
const BINARY_PREFIX = 'base64:';

const encoder = new TextEncoder();
/** The bytes before the salt, by field name; there are a handful of names. */
const prefixes = new Map<string, Uint8Array>();

/** `base64(SHA-256("sqlwarden/field/v1\0" ‖ name ‖ 0 ‖ salt ‖ value))`. Text stands for its UTF-8 bytes. */
export function commitmentTo(hash: Sha256, name: string, salt: Uint8Array, value: string | Uint8Array): Commitment {
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt has ${SALT_BYTES} bytes`);
  const prefix = prefixes.get(name) ?? prefixOf(name);
  const start = prefix.length + SALT_BYTES;
  // No UTF-16 unit takes more than three bytes in UTF-8.
  const input = new Uint8Array(start + (typeof value === 'string' ? value.length * 3 : value.length));
  input.set(prefix, 0);
  input.set(salt, prefix.length);
  if (typeof value !== 'string') input.set(value, start);
  const end = typeof value === 'string' ? start + encoder.encodeInto(value, input.subarray(start)).written : input.length;
  return { commitment: encodeBase64(hash.sha256(input.subarray(0, end))) };
}

function prefixOf(name: string): Uint8Array {
  // Without this, a name could run into the salt and two different fields could share one commitment.
  if (name === '' || name.includes('\0')) throw new RangeError('the name of a committed field must not be empty or hold NUL');
  const prefix = encoder.encode(`${DOMAIN}${name}\0`);
  if (prefixes.size < 64) prefixes.set(name, prefix);
  return prefix;
}

/** A value as a {@link Disclosure} carries it. Text that looks like the spelling of bytes is written as bytes, so that it reads back. */
export function disclosedValue(value: string | Uint8Array): string {
  if (typeof value === 'string') return value.startsWith(BINARY_PREFIX) ? disclosedValue(new TextEncoder().encode(value)) : value;
  return BINARY_PREFIX + encodeBase64(value);
}

/** The bytes that a disclosure stands for, or `undefined` when it is malformed. */
export function disclosedBytes(value: string): Uint8Array | undefined {
  return value.startsWith(BINARY_PREFIX) ? decodeBase64(value.slice(BINARY_PREFIX.length)) : new TextEncoder().encode(value);
}

/** True when the disclosure is what was committed to. False when anything in it was changed, or it is malformed. */
export function opensCommitment(hash: Sha256, commitment: Commitment, disclosure: Disclosure): boolean {
  const expected = decodeBase64(commitment.commitment);
  const opened = openedBy(hash, disclosure);
  const actual = opened === undefined ? undefined : decodeBase64(opened.commitment);
  return expected !== undefined && actual !== undefined && equalBytes(actual, expected);
}

/** The commitment that a disclosure opens, or `undefined` when it is malformed. */
export function openedBy(hash: Sha256, disclosure: Disclosure): Commitment | undefined {
  const salt = decodeBase64(disclosure.salt);
  const value = disclosedBytes(disclosure.value);
  if (salt?.length !== SALT_BYTES || value === undefined) return undefined;
  if (disclosure.name === '' || disclosure.name.includes('\0')) return undefined;
  return commitmentTo(hash, disclosure.name, salt, value);
}
