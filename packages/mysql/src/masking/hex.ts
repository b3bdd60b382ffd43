const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const PAIRS = /^(?:[0-9a-f]{2})*$/;

/** Lower-case hexadecimal digits. */
export function bytesToHex(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += HEX[byte] as string;
  return hex;
}

/** `undefined` for what is not pairs of lower-case hexadecimal digits. */
export function bytesFromHex(hex: string): Uint8Array | undefined {
  if (!PAIRS.test(hex)) return undefined;
  const bytes = new Uint8Array(hex.length >> 1);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}
