import type { CellType } from '@sqlwarden/core';
import { type CodePage, utf16 } from './code-pages.js';

/**
 * Types of texts. `maxBytes`: of a value, `undefined` without a limit. `isFixed`: CHAR and NCHAR, which are filled with blanks; blanks at their end
 * mean nothing.
 */
export function textType(page: CodePage, maxBytes: number | undefined, isFixed: boolean): CellType {
  const unit = page === utf16 ? 2 : 1;
  const maxLength = maxBytes === undefined ? undefined : Math.floor(maxBytes / unit);
  const zero = (isFixed && maxLength !== undefined && page.encode(' '.repeat(maxLength))) || new Uint8Array(0);
  return {
    family: 'text',
    zero: () => zero,
    toText: (cell) => {
      const text = page.decode(cell);
      return text !== undefined && isFixed ? withoutBlanks(text) : text;
    },
    fromText: (text) => {
      const bytes = text.includes('\0') ? undefined : page.encode(text);
      if (bytes === undefined || (maxBytes !== undefined && bytes.length > maxBytes)) return undefined;
      return isFixed ? filled(bytes, zero) : bytes;
    },
    ...(page.sharesAscii && !isFixed ? { isPlainText: true } : {}),
    ...(maxLength === undefined ? {} : { maxLength }),
  };
}

/** `bytes`, and behind them what `blank` has there. */
function filled(bytes: Uint8Array, blank: Uint8Array): Uint8Array {
  if (bytes.length >= blank.length) return bytes;
  const whole = blank.slice();
  whole.set(bytes);
  return whole;
}

function withoutBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === ' ') end--;
  return text.slice(0, end);
}

/** VARBINARY and IMAGE; with `isFixed` BINARY, which has always all of its bytes. */
export function bytesType(maxBytes: number | undefined, isFixed: boolean): CellType {
  const zero = new Uint8Array(isFixed ? (maxBytes ?? 0) : 0);
  return {
    family: 'bytes',
    zero: () => zero,
    toText: bytesToHex,
    fromText: (text) => {
      const bytes = bytesFromHex(text);
      if (bytes === undefined || (maxBytes !== undefined && bytes.length > maxBytes)) return undefined;
      return isFixed ? filled(bytes, zero) : bytes;
    },
    ...(maxBytes === undefined ? {} : { maxLength: maxBytes }),
  };
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const PAIRS = /^(?:[0-9a-f]{2})*$/;

function bytesToHex(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += HEX[byte] as string;
  return hex;
}

function bytesFromHex(hex: string): Uint8Array | undefined {
  if (!PAIRS.test(hex)) return undefined;
  const bytes = new Uint8Array(hex.length >> 1);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Where each byte of the text stands in the cell: the first three fields are little-endian ([MS-DTYP] section 2.3.4.2). */
const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

function reordered(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(GUID_ORDER, (at) => bytes[at] as number);
}

/** UNIQUEIDENTIFIER. */
export const guidType: CellType = {
  family: 'uuid',
  zero: () => NIL,
  toText: (cell) => {
    if (cell.length !== GUID_ORDER.length) return undefined;
    const hex = bytesToHex(reordered(cell));
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  },
  fromText: (text) => {
    const bytes = UUID.test(text) ? bytesFromHex(text.replaceAll('-', '')) : undefined;
    return bytes === undefined ? undefined : reordered(bytes);
  },
};
const NIL = new Uint8Array(GUID_ORDER.length);
