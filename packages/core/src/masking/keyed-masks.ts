import type { Strategy, StrategyContext } from './strategy.js';
import { canonicalDecimal, parseDecimal } from './decimal.js';

/**
 * Masks that depend on the deployment's key. Every use has its own prefix under HMAC-SHA-256 (RFC 2104), so that no mask tells anything
 * about another one.
 */

const encoder = new TextEncoder();

/** Characters of a token: 26 in base32 are 130 bits. */
export const TOKEN_LENGTH = 26;

/** HMAC under the deployment's key, in hex. Separate for each label. Not joinable across labels: that is what `token` is for. */
export function hashRewrite(context: StrategyContext): Strategy {
  const digest = (text: string): Uint8Array => keyed(context, 'hash', text);
  const { type } = context;
  switch (type.family) {
    case 'text':
      return { kind: 'rewrite', rewrite: (text) => hex(digest(text)) };
    case 'bytes':
      return { kind: 'rewrite', rewrite: (text) => hex(digest(text)).slice(0, 2 * (type.maxLength ?? 32)) };
    case 'json':
      return { kind: 'rewrite', rewrite: (text) => `"${hex(digest(text))}"` };
    case 'uuid':
      return { kind: 'rewrite', rewrite: (text) => uuidOf(digest(text)) };
    case 'integer':
      return integerStrategy('hash', integerBits(type.binaryBytes, 15), digest);
    case 'numeric':
      return integerStrategy('hash', digitBits(type.integerDigits), digest);
    default:
      return { kind: 'unfit', reason: `"hash" has no form that is a valid ${type.family}` };
  }
}

/**
 * Deterministic and joinable: the same text gives the same token under the same key and domain, in every database and column.
 * Texts are the same when their code points are: Unicode normalisation is not linear in its input.
 */
export function tokenRewrite(domain: string, context: StrategyContext): Strategy {
  const { type, tools } = context;
  let domainKey: Uint8Array | undefined;
  const digest = (text: string): Uint8Array => {
    domainKey ??= tools.hash.hmacSha256(tools.maskKey, encoder.encode(`sqlwarden/mask/token/v1\0${domain}`));
    return tools.hash.hmacSha256(domainKey, encoder.encode(text));
  };
  const token = (text: string): string => base32(digest(text)).slice(0, TOKEN_LENGTH);
  switch (type.family) {
    case 'text':
      // A token that is cut would no longer equal the same token elsewhere, and would collide.
      if (type.maxLength !== undefined && type.maxLength < TOKEN_LENGTH)
        return { kind: 'unfit', reason: `a token has ${TOKEN_LENGTH} characters and the column holds ${type.maxLength}` };
      return { kind: 'rewrite', rewrite: token };
    case 'json':
      return { kind: 'rewrite', rewrite: (text) => `"${token(text)}"` };
    case 'bytes':
      if (type.maxLength !== undefined && type.maxLength < 16)
        return { kind: 'unfit', reason: `a token has 16 bytes and the column holds ${type.maxLength}` };
      return { kind: 'rewrite', rewrite: (text) => hex(digest(text).subarray(0, 16)) };
    case 'uuid':
      return { kind: 'rewrite', rewrite: (text) => uuidOf(digest(text)) };
    case 'integer':
    case 'numeric': {
      const bits = type.family === 'integer' ? integerBits(type.binaryBytes, 0) : digitBits(type.integerDigits);
      if (bits < INTEGER_TOKEN_BITS) return { kind: 'unfit', reason: 'a token needs an integer of 8 bytes or 16 digits' };
      return integerStrategy('token', INTEGER_TOKEN_BITS, digest);
    }
    default:
      return { kind: 'unfit', reason: `"token" has no form that is a valid ${type.family}` };
  }
}

/** What a double holds exactly, so that no client rounds two tokens into one. */
const INTEGER_TOKEN_BITS = 53;

/** Bits of a non-negative number that a signed integer of so many bytes holds, at most 53. */
function integerBits(bytes: number | undefined, unknown: number): number {
  return bytes === undefined ? unknown : Math.min(bytes * 8 - 1, INTEGER_TOKEN_BITS);
}

function digitBits(digits: number | undefined): number {
  return digits === undefined ? INTEGER_TOKEN_BITS : Math.min(Math.floor(digits * Math.log2(10)), INTEGER_TOKEN_BITS);
}

function integerStrategy(kind: 'hash' | 'token', bits: number, digest: (text: string) => Uint8Array): Strategy {
  if (bits < 1) return { kind: 'unfit', reason: `"${kind}" does not fit the declared precision` };
  return {
    kind: 'rewrite',
    rewrite: (text) => {
      const value = parseDecimal(text);
      return value === undefined ? undefined : String(leadingBits(digest(canonicalDecimal(value)), bits));
    },
  };
}

/** A number of `bits` bits (at most 53), the same every time for the same text, label and key. */
export function keyedBits(context: StrategyContext, purpose: 'noise', text: string, bits: number): number {
  return leadingBits(keyed(context, purpose, text), bits);
}

function keyed({ label, tools }: StrategyContext, purpose: 'hash' | 'noise', text: string): Uint8Array {
  return tools.hash.hmacSha256(tools.maskKey, encoder.encode(`sqlwarden/mask/${purpose}/v1\0${label}\0${text}`));
}

function leadingBits(digest: Uint8Array, bits: number): number {
  let value = 0n;
  for (const byte of digest.subarray(0, 7)) value = (value << 8n) | BigInt(byte);
  return Number(value >> BigInt(56 - bits));
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** A version 8 UUID (RFC 9562 section 5.8) from the first 16 bytes of a digest. */
function uuidOf(digest: Uint8Array): string {
  const digits = hex(digest.subarray(0, 16)).split('');
  digits[12] = '8';
  digits[16] = '89ab'[Number.parseInt(digits[16] ?? '0', 16) & 3] ?? '8';
  const text = digits.join('');
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 section 6, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let buffer = 0;
  let held = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    held += 8;
    while (held >= 5) {
      held -= 5;
      text += BASE32[(buffer >> held) & 31];
    }
    buffer &= (1 << held) - 1;
  }
  return held === 0 ? text : text + BASE32[(buffer << (5 - held)) & 31];
}
