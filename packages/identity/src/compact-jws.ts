import { TokenRefused } from './errors.js';
import { isJsonObject, parseStrictJson, type JsonObject } from './strict-json.js';

/** Longest token that is looked at, in characters, which are bytes here. */
export const MAX_TOKEN_BYTES = 16 * 1024;
const MAX_KEY_ID_CHARACTERS = 256;

/** What a compact JWS says of itself. Nothing in it is verified. */
export interface UnverifiedToken {
  readonly algorithm: string;
  readonly keyId: string | undefined;
  /** The `typ` header in lower case, without `application/` (RFC 7515 section 4.1.9). */
  readonly type: string | undefined;
  readonly payload: JsonObject;
}

/**
 * Reads a compact JWS (RFC 7515 section 7.1) without verifying it: three canonical base64url parts, strict UTF-8 and strict JSON.
 * Header parameters that name a key or where to fetch one (`jwk`, `jku`, `x5u`, `x5c`) are never looked at.
 *
 * @throws TokenRefused `malformed`, `too-large`, `encrypted`, `critical-header` or `signature` (when there is none).
 */
export function decodeCompactJws(token: string): UnverifiedToken {
  if (typeof token !== 'string' || token === '') throw new TokenRefused('malformed', 'no token was given');
  if (token.length > MAX_TOKEN_BYTES) throw new TokenRefused('too-large', `the token is longer than ${MAX_TOKEN_BYTES} bytes`);
  // One more than a JWE has: what follows is malformed anyway.
  const parts = token.split('.', 6);
  if (parts.length === 5) throw new TokenRefused('encrypted', 'the token is encrypted, ask the issuer for a signed one');
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    throw new TokenRefused('malformed', 'the password is not a token: three parts with dots between them are needed');
  }
  const fields = decodeObject(header, 'header');
  const unverified = { ...readHeader(fields), payload: decodeObject(payload, 'payload') };
  if (signature === '') throw new TokenRefused('signature', 'the token is not signed');
  decodeCanonical(signature, 'signature');
  return unverified;
}

function readHeader(header: JsonObject): Omit<UnverifiedToken, 'payload'> {
  const own = (name: string) => (Object.hasOwn(header, name) ? header[name] : undefined);
  if (own('enc') !== undefined || own('zip') !== undefined) throw new TokenRefused('encrypted', 'the token is not a plain signed token');
  if (own('crit') !== undefined || own('b64') !== undefined) {
    throw new TokenRefused('critical-header', 'the token needs a header extension that is not supported');
  }
  if (own('cty') !== undefined) throw new TokenRefused('encrypted', 'the token holds another token, present the inner one');
  const algorithm = own('alg');
  const keyId = own('kid');
  const type = own('typ');
  if (typeof algorithm !== 'string') throw new TokenRefused('malformed', "the token's header names no algorithm");
  if (keyId !== undefined && (typeof keyId !== 'string' || keyId.length > MAX_KEY_ID_CHARACTERS)) {
    throw new TokenRefused('malformed', `the token's key id is not a text of at most ${MAX_KEY_ID_CHARACTERS} characters`);
  }
  if (type !== undefined && typeof type !== 'string') throw new TokenRefused('malformed', "the token's type is not a text");
  return { algorithm, keyId, type: type?.toLowerCase().replace(/^application\//, '') };
}

function decodeObject(part: string, what: string): JsonObject {
  const bytes = decodeCanonical(part, what);
  let value;
  try {
    // A byte order mark stays in the text, so that JSON refuses it.
    value = parseStrictJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'not valid utf-8';
    throw new TokenRefused('malformed', `the token's ${what} cannot be read: ${reason}`);
  }
  if (!isJsonObject(value)) throw new TokenRefused('malformed', `the token's ${what} is not a json object`);
  return value;
}

/** Only one spelling of the same bytes is accepted, so that two texts are never one token. */
function decodeCanonical(part: string, what: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw new TokenRefused('malformed', `the token's ${what} is not canonical base64url`);
  return bytes;
}
