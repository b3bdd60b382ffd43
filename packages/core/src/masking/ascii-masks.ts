/**
 * The masks of text-masks.ts for cells that are ASCII text, over the bytes `start` to `end` (exclusive) of a buffer: most cells are, and a text
 * that is decoded and encoded again costs several times what its mask does. `undefined` for cells that have other bytes: those go the way
 * over text. What is returned has no byte in common with the buffer.
 */
export type AsciiRewrite = (buffer: Uint8Array, start: number, end: number) => Uint8Array | undefined;

const STAR = 0x2a;
const AT = 0x40;
const DOT = 0x2e;
const HIDDEN = 4;
const LAST4_SHORTEST = 8;

/** As `maskEmail`; what is no address goes the way over text, too. */
export function maskAsciiEmail(buffer: Uint8Array, start: number, end: number): Uint8Array | undefined {
  let at = -1;
  let dot = -1;
  for (let i = start; i < end; i++) {
    const byte = buffer[i] as number;
    if (byte > 0x7f) return undefined;
    if (byte === AT) at = i;
    else if (byte === DOT) dot = i;
  }
  if (at <= start || at === end - 1) return undefined;
  const keep = at > start + 1 ? 1 : 0;
  const top = dot > at + 1 && isTopLevel(buffer, dot + 1, end) ? dot : end;
  const to = keep + HIDDEN + 1 + HIDDEN;
  const masked = new Uint8Array(to + end - top);
  for (let i = keep; i < to; i++) masked[i] = STAR;
  if (keep === 1) masked[0] = buffer[start] as number;
  masked[keep + HIDDEN] = AT;
  for (let i = top; i < end; i++) masked[to + i - top] = buffer[i] as number;
  return masked;
}

/** Two to ten letters. */
function isTopLevel(buffer: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2 || end - start > 10) return false;
  for (let i = start; i < end; i++) {
    const letter = (buffer[i] as number) | 0x20;
    if (letter < 0x61 || letter > 0x7a) return false;
  }
  return true;
}

/** As `maskPartial`, with a pad of one ASCII character; `undefined` for another. */
export function asciiPartial(prefix: number, suffix: number, pad: string): AsciiRewrite | undefined {
  const byte = pad.length === 1 ? pad.charCodeAt(0) : 0;
  if (byte > 0x7f || byte === 0 || !Number.isSafeInteger(prefix) || !Number.isSafeInteger(suffix) || prefix < 0 || suffix < 0)
    return undefined;
  return (buffer, start, end) => padded(buffer, start, end, prefix, suffix, byte);
}

/** As `maskLast4`. */
export function maskAsciiLast4(buffer: Uint8Array, start: number, end: number): Uint8Array | undefined {
  return padded(buffer, start, end, 0, end - start < LAST4_SHORTEST ? 0 : 4, STAR);
}

function padded(buffer: Uint8Array, start: number, end: number, prefix: number, suffix: number, pad: number): Uint8Array | undefined {
  const length = end - start;
  const isShort = length <= prefix + suffix;
  const from = isShort ? 0 : prefix;
  const to = isShort ? length : length - suffix;
  const masked = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const byte = buffer[start + i] as number;
    if (byte > 0x7f) return undefined;
    masked[i] = i >= from && i < to ? pad : byte;
  }
  return masked;
}
