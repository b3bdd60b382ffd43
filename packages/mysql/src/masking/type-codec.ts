import type { CellFamily, CellType } from '@sqlwarden/core';
import type { CharacterSet } from './character-set.js';

/**
 * How values of one type stand in a cell. In text rows a cell is a text; in binary rows it is the bytes that "Binary Protocol Value" gives for
 * the type, without a length before them, or the text again. Nothing here throws for what a cell contains.
 */
export interface TypeCodec {
  readonly family: CellFamily;
  readonly isPlainText?: boolean;
  /** Bytes of a number's value, which masks fit their numbers to. */
  readonly binaryBytes?: number;
  /** Maximum length in characters. */
  readonly maxLength?: number;
  /** Digits before the decimal point that the declared precision permits. */
  readonly integerDigits?: number;
  readonly members?: readonly string[];
  /** The type's zero as text; `null` when only NULL can stand for it. */
  readonly zeroText: string | null;
  /** Canonical text of the server's text form. */
  readText(text: string): string | undefined;
  /** The server's text form of a canonical text; `undefined` when it is no value of the type. */
  writeText(text: string): string | undefined;
  /** Where binary rows have another form than the text. */
  readonly binary?: BinaryCodec;
}

export interface BinaryCodec {
  readonly zero: Uint8Array;
  read(cell: Uint8Array): string | undefined;
  write(text: string): Uint8Array | undefined;
}

const nothing = (): undefined => undefined;

/** A type whose values are never read, only replaced. */
export function constantCodec(family: CellFamily, zeroText: string | null, zeroBinary?: Uint8Array): TypeCodec {
  return {
    family,
    zeroText,
    readText: nothing,
    writeText: nothing,
    ...(zeroBinary === undefined ? {} : { binary: { zero: zeroBinary, read: nothing, write: nothing } }),
  };
}

/** The type whose texts stand in this character set. */
export function cellTypeOf(codec: TypeCodec, set: CharacterSet): CellType {
  const { binary, family, isPlainText, binaryBytes, maxLength, integerDigits, members } = codec;
  const zeroText = codec.zeroText === null ? null : (set.encode(codec.zeroText) ?? null);
  return {
    family,
    zero: (format) => (binary !== undefined && format === 'binary' ? binary.zero : zeroText),
    toText: (cell, format) => {
      if (binary !== undefined && format === 'binary') return binary.read(cell);
      const text = set.decode(cell);
      return text === undefined ? undefined : codec.readText(text);
    },
    fromText: (text, format) => {
      if (binary !== undefined && format === 'binary') return binary.write(text);
      const written = codec.writeText(text);
      return written === undefined ? undefined : set.encode(written);
    },
    ...(isPlainText === true && set.sharesAscii ? { isPlainText } : {}),
    ...(binaryBytes === undefined ? {} : { binaryBytes }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(integerDigits === undefined ? {} : { integerDigits }),
    ...(members === undefined ? {} : { members }),
  };
}

/** A type of whose values the same bytes stand in both formats, and of which nothing but `zero` is known. */
export function constantBytes(family: CellFamily, zero: Uint8Array | null): CellType {
  return { family, zero: () => zero, toText: nothing, fromText: nothing };
}

/** A view over a cell, for reading numbers, which are little-endian. */
export function viewOf(cell: Uint8Array): DataView {
  return new DataView(cell.buffer, cell.byteOffset, cell.byteLength);
}

/** `length` bytes with something written into them. */
export function packed(length: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  write(viewOf(bytes));
  return bytes;
}
