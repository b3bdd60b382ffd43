/** RFC 4648 section 4, as the C2SP formats use it: with padding, and with one spelling per value (section 3.5), so that a changed byte shows. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Two letters for each value of 12 bits. */
const PAIRS = Array.from({ length: 4096 }, (_, bits) => ALPHABET.charAt(bits >> 6) + ALPHABET.charAt(bits & 63));
const VALUES = new Map(Array.from(ALPHABET, (letter, value) => [letter, value] as const));

/** `bytes` as base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += (PAIRS[group >> 12] ?? '') + (PAIRS[group & 4095] ?? '');
  }
  const padding = (3 - (bytes.length % 3)) % 3;
  return padding === 0 ? text : text.slice(0, -padding) + '=='.slice(0, padding);
}

/** The bytes of `text`, or `undefined` when it is not the one canonical base64 spelling of them. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='));
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let group = 0;
  let at = 0;
  for (let index = 0; index < text.length; index++) {
    const value = index < text.length - padding ? VALUES.get(text.charAt(index)) : 0;
    if (value === undefined) return undefined;
    group = (group << 6) | value;
    if (index % 4 !== 3) continue;
    for (let shift = 16; shift >= 0 && at < bytes.length; shift -= 8) bytes[at++] = (group >> shift) & 255;
    // Bits behind the last byte must be zero.
    if (at === bytes.length && padding > 0 && (group & ((1 << (8 * padding)) - 1)) !== 0) return undefined;
    group = 0;
  }
  return bytes;
}
