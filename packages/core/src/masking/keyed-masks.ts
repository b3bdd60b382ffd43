import type { AsciiRewrite } from './ascii-masks.js';
import type { HashPort } from '../ports.js';
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
  const digest = keyed(context, 'hash');
  const { type } = context;
  switch (type.family) {
    case 'text':
      return { kind: 'rewrite', rewrite: (text) => hex(digest(text)), ascii: onAscii(digest, (bytes) => hexBytes(bytes, type.maxLength)) };
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
    case 'enum':
      return memberStrategy(type.members, digest);
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
  const digest = digestUnder(tools.hash, '', () =>
    tools.hash.hmacSha256(tools.maskKey, encoder.encode(`sqlwarden/mask/token/v1\0${domain}`)),
  );
  const token = (text: string): string => base32(digest(text)).slice(0, TOKEN_LENGTH);
  switch (type.family) {
    case 'text':
      // A token that is cut would no longer equal the same token elsewhere, and would collide.
      if (type.maxLength !== undefined && type.maxLength < TOKEN_LENGTH)
        return { kind: 'unfit', reason: `a token has ${TOKEN_LENGTH} characters and the column holds ${type.maxLength}` };
      return { kind: 'rewrite', rewrite: token, ascii: onAscii(digest, tokenBytes) };
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
    case 'enum':
      return memberStrategy(type.members, digest);
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

function integerStrategy(kind: 'hash' | 'token', bits: number, digest: Digest): Strategy {
  if (bits < 1) return { kind: 'unfit', reason: `"${kind}" does not fit the declared precision` };
  return {
    kind: 'rewrite',
    rewrite: (text) => {
      const value = parseDecimal(text);
      return value === undefined ? undefined : String(leadingBits(digest(canonicalDecimal(value)), bits));
    },
  };
}

/** One of the members, the same every time for the same one. There are few: different ones may become the same. */
function memberStrategy(members: readonly string[] = [], digest: Digest): Strategy {
  if (members.length === 0) return { kind: 'unfit', reason: 'the enum has no members' };
  return { kind: 'rewrite', rewrite: (text) => members[leadingBits(digest(text), 48) % members.length] };
}

/** A number of `bits` bits (at most 53), the same every time for the same text, label and key. */
export function keyedBits(context: StrategyContext, purpose: 'noise', bits: number): (text: string) => number {
  const digest = keyed(context, purpose);
  return (text) => leadingBits(digest(text), bits);
}

/** A keyed digest: of a text, or of the same text's bytes `start` to `end` (exclusive) of a buffer. */
interface Digest {
  (text: string): Uint8Array;
  readonly over: (buffer: Uint8Array, start: number, end: number) => Uint8Array;
}

/** Texts under the deployment's key. */
function keyed({ label, tools }: StrategyContext, purpose: 'hash' | 'noise'): Digest {
  return digestUnder(tools.hash, `sqlwarden/mask/${purpose}/v1\0${label}\0`, () => tools.maskKey);
}

/** Texts that have room in the working memory, in bytes. */
const SHORT_TEXT = 512;

/** Of `prefix` and the text. The key is not asked for before the first text comes. */
function digestUnder(hash: HashPort, prefix: string, key: () => Uint8Array): Digest {
  const before = encoder.encode(prefix);
  const data = new Uint8Array(before.length + SHORT_TEXT);
  data.set(before);
  const room = data.subarray(before.length);
  let hmac: ((data: Uint8Array) => Uint8Array) | undefined;
  const of = (bytes: Uint8Array): Uint8Array => {
    hmac ??= hmacUnder(hash, key());
    return hmac(bytes);
  };
  const digest = (text: string): Uint8Array => {
    // A UTF-16 unit is three bytes of UTF-8 at most.
    if (text.length > SHORT_TEXT / 3) return of(encoder.encode(prefix + text));
    return of(data.subarray(0, before.length + encoder.encodeInto(text, room).written));
  };
  const over = (buffer: Uint8Array, start: number, end: number): Uint8Array => {
    if (end - start > SHORT_TEXT) return of(joined(before, buffer.subarray(start, end)));
    for (let at = start; at < end; at++) room[at - start] = buffer[at] as number;
    return of(data.subarray(0, before.length + end - start));
  };
  return Object.assign(digest, { over });
}

function hmacUnder(hash: HashPort, key: Uint8Array): (data: Uint8Array) => Uint8Array {
  return hash.hmacSha256Under?.(key) ?? ((data) => hash.hmacSha256(key, data));
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

/** The mask of ASCII text: its bytes are those of its UTF-8. */
function onAscii(digest: Digest, shown: (digest: Uint8Array) => Uint8Array): AsciiRewrite {
  return (buffer, start, end) => {
    for (let at = start; at < end; at++) if ((buffer[at] as number) > 0x7f) return undefined;
    return shown(digest.over(buffer, start, end));
  };
}

/** The first `bits` bits, at most 53. */
function leadingBits(digest: Uint8Array, bits: number): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0] = digest;
  const first53 = (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) * 2 ** 21 + (((e << 16) | (f << 8) | g) >>> 3);
  return Math.floor(first53 / 2 ** (53 - bits));
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const HEX_DIGITS = encoder.encode('0123456789abcdef');

function hex(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at++) text += HEX[bytes[at] as number] as string;
  return text;
}

/** {@link hex} in ASCII, cut to what a column holds. */
function hexBytes(bytes: Uint8Array, maxLength = Number.POSITIVE_INFINITY): Uint8Array {
  const text = new Uint8Array(2 * bytes.length);
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    text[2 * at] = HEX_DIGITS[byte >> 4] as number;
    text[2 * at + 1] = HEX_DIGITS[byte & 15] as number;
  }
  return text.length > maxLength ? text.slice(0, maxLength) : text;
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
const BASE32_DIGITS = encoder.encode(BASE32);

/** The first {@link TOKEN_LENGTH} characters of {@link base32} in ASCII. */
function tokenBytes(bytes: Uint8Array): Uint8Array {
  const token = new Uint8Array(TOKEN_LENGTH);
  for (let at = 0, bit = 0; at < TOKEN_LENGTH; at++, bit += 5) {
    const two = ((bytes[bit >> 3] as number) << 8) | (bytes[(bit >> 3) + 1] as number);
    token[at] = BASE32_DIGITS[(two >> (11 - (bit & 7))) & 31] as number;
  }
  return token;
}

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
