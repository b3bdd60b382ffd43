import { decodeBase64, encodeBase64 } from './base64.js';
import type { Commitment, Disclosure } from './event.js';
import { equalBytes, type Sha256 } from './merkle.js';

/**
 * Salted commitments to sensitive values: the value is kept beside the log and can be erased there, while the entry that names the
 * commitment stays provable. Once salt and value are gone, the commitment tells nothing of either.
 */

const DOMAIN = new TextEncoder().encode('sqlwarden/field/v1\0');
/** Bytes of a salt, which must be unpredictable and used once. */
export const SALT_BYTES = 32;
const BINARY_PREFIX = 'base64:';

/** `base64(SHA-256("sqlwarden/field/v1\0" ‖ name ‖ 0 ‖ salt ‖ value))`. Text stands for its UTF-8 bytes. */
export function commitmentTo(hash: Sha256, name: string, salt: Uint8Array, value: string | Uint8Array): Commitment {
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt has ${SALT_BYTES} bytes`);
  // Without this, a name could run into the salt and two different fields could share one commitment.
  if (name === '' || name.includes('\0')) throw new RangeError('the name of a committed field must not be empty or hold NUL');
  const encoder = new TextEncoder();
  const nameBytes = encoder.encode(name);
  const valueBytes = typeof value === 'string' ? encoder.encode(value) : value;
  const input = new Uint8Array(DOMAIN.length + nameBytes.length + 1 + SALT_BYTES + valueBytes.length);
  input.set(DOMAIN, 0);
  input.set(nameBytes, DOMAIN.length);
  input.set(salt, DOMAIN.length + nameBytes.length + 1);
  input.set(valueBytes, DOMAIN.length + nameBytes.length + 1 + SALT_BYTES);
  return { commitment: encodeBase64(hash.sha256(input)) };
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
  const salt = decodeBase64(disclosure.salt);
  const value = disclosedBytes(disclosure.value);
  const expected = decodeBase64(commitment.commitment);
  if (salt?.length !== SALT_BYTES || value === undefined || expected === undefined) return false;
  if (disclosure.name === '' || disclosure.name.includes('\0')) return false;
  const actual = decodeBase64(commitmentTo(hash, disclosure.name, salt, value).commitment);
  return actual !== undefined && equalBytes(actual, expected);
}
