import { createHash, createHmac, pbkdf2, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { saslPrep, type ScramVerifier } from '@sqlwarden/core';

const derive = promisify(pbkdf2);

/** As PostgreSQL keeps passwords in `pg_authid.rolpassword` ("pg_authid" of its documentation): iterations, salt, StoredKey and ServerKey. */
const VERIFIER = /^SCRAM-SHA-256\$([1-9][0-9]{0,6}):([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/;
/** RFC 7677 section 4. */
export const MIN_SCRAM_ITERATIONS = 4096;
const MAX_ITERATIONS = 1_000_000;
const MAX_SALT_BYTES = 64;
const MIN_SALT_BYTES = 8;
const DEFAULT_SALT_BYTES = 16;

/** A verifier as PostgreSQL writes it; `undefined` when it is none, or so weak that nobody should use it. */
export function parseScramVerifier(text: string): ScramVerifier | undefined {
  const match = VERIFIER.exec(text);
  if (match === null) return undefined;
  const [, count = '', salt64 = '', stored64 = '', server64 = ''] = match;
  const iterations = Number(count);
  const salt = Buffer.from(salt64, 'base64');
  const isSane =
    iterations >= MIN_SCRAM_ITERATIONS && iterations <= MAX_ITERATIONS && salt.length >= MIN_SALT_BYTES && salt.length <= MAX_SALT_BYTES;
  if (!isSane || salt.toString('base64') !== salt64) return undefined;
  return { iterations, salt, storedKey: Buffer.from(stored64, 'base64'), serverKey: Buffer.from(server64, 'base64'), isMock: false };
}

/**
 * A verifier for a new password, as PostgreSQL would write it (RFC 5802 section 3). The password is taken as it is: letters that SASLprep (RFC 4013)
 * would change must have been changed before.
 */
export function makeScramVerifier(password: string, iterations: number = MIN_SCRAM_ITERATIONS): string {
  const salt = randomBytes(DEFAULT_SALT_BYTES);
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const stored = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${hmac(salted, 'Server Key').toString('base64')}`;
}

/**
 * Whether `password`, as a client gave it in clear, is the one of the verifier (RFC 5802 section 3). The same work for a mock, which no password fits, and
 * none of it on the event loop.
 */
export async function fitsScramVerifier(password: string, { salt, iterations, storedKey, isMock }: ScramVerifier): Promise<boolean> {
  const salted = await derive(saslPrep(password), salt, iterations, 32, 'sha256');
  const stored = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  return timingSafeEqual(stored, storedKey) && !isMock;
}

/**
 * What a user that there is not is shown: the same every time for the same name and `secret`, as a real one would be, and like `pattern`. No
 * password fits it.
 */
export function mockScramVerifier(user: string, secret: Uint8Array, pattern: { iterations: number; saltBytes: number }): ScramVerifier {
  const made = (what: string): Buffer => hmac(secret, `${what}\0${user}`);
  const salt = Buffer.concat([made('salt'), made('more salt')]).subarray(0, pattern.saltBytes);
  return { iterations: pattern.iterations, salt, storedKey: made('stored key'), serverKey: made('server key'), isMock: true };
}

/** What most of `verifiers` look like; PostgreSQL's defaults when there is none. */
export function usualPattern(verifiers: readonly ScramVerifier[]): { iterations: number; saltBytes: number } {
  const counts = new Map<string, number>();
  for (const { iterations, salt } of verifiers) {
    const key = `${iterations} ${salt.length}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const [usual] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [`${MIN_SCRAM_ITERATIONS} ${DEFAULT_SALT_BYTES}`];
  const [iterations = 0, saltBytes = 0] = usual.split(' ').map(Number);
  return { iterations, saltBytes };
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
