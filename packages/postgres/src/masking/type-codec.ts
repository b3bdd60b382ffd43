import type { CellFamily } from '@sqlwarden/core';
import type { GrowingBytes } from './growing-bytes.js';

/**
 * How values of one type stand in a cell, in PostgreSQL's text and binary formats (documentation: "Formats and Format Codes"; the binary
 * forms are those of each type's `send` and `recv` functions). Nothing here throws for what a cell contains.
 */
export interface TypeCodec {
  readonly family: CellFamily;
  /** A cell, in either format, is the text itself in UTF-8. */
  readonly isPlainText?: boolean;
  /** Size of the binary form, when it is fixed. */
  readonly binaryBytes?: number;
  /** Declared maximum length in characters. */
  readonly maxLength?: number;
  /** Digits before the decimal point that the declared precision permits. */
  readonly integerDigits?: number;
  /** The type's zero as text; `null` when the type has no value that could always stand for another one. */
  readonly zeroText: string | null;
  readonly zeroBinary: Uint8Array | null;
  /** Canonical text of the server's text form. */
  readText(text: string): string | undefined;
  /** Canonical text of a binary cell. */
  readBinary(cell: Uint8Array): string | undefined;
  /** The server's text form of a canonical text; `undefined` when it is no value of the type. */
  writeText(text: string): string | undefined;
  /** A binary cell of a canonical text; `undefined` when it is no value of the type. */
  writeBinary(text: string): Uint8Array | undefined;
}

const nothing = (): undefined => undefined;

/** A type whose values are never read, only replaced. */
export function constantCodec(family: CellFamily, zeroText: string | null, zeroBinary: Uint8Array | null, binaryBytes?: number): TypeCodec {
  return {
    family,
    zeroText,
    zeroBinary,
    readText: nothing,
    readBinary: nothing,
    writeText: nothing,
    writeBinary: nothing,
    ...(binaryBytes === undefined ? {} : { binaryBytes }),
  };
}

const encoder = new TextEncoder();
// A byte order mark is data here: dropping it would change the value.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const SHORT_TEXT = 64;

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  if (text.length > SHORT_TEXT) return encoder.encode(text);
  // An encoder call costs many times more than what most cells hold.
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) return encoder.encode(text);
    bytes[at] = unit;
  }
  return bytes;
}

/** The text of UTF-8 bytes, or `undefined` when they are malformed. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function hexBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

export function bytesHex(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex;
}

/** A view over a cell, for reading numbers in network byte order. */
export function viewOf(cell: Uint8Array): DataView {
  return new DataView(cell.buffer, cell.byteOffset, cell.byteLength);
}

/** `length` bytes with something written into them. */
export function packed(length: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  write(viewOf(bytes));
  return bytes;
}

/** Appends a number in network byte order. */
export function putInt32(out: GrowingBytes, value: number): void {
  out.appendByte((value >>> 24) & 0xff);
  out.appendByte((value >>> 16) & 0xff);
  out.appendByte((value >>> 8) & 0xff);
  out.appendByte(value & 0xff);
}
