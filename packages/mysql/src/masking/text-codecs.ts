import { bytesFromHex, bytesToHex } from './hex.js';
import { constantBytes, constantCodec, type TypeCodec } from './type-codec.js';
import type { CellType } from '@sqlwarden/core';

const same = (text: string): string => text;

/** VARCHAR and TEXT. */
export function textCodec(maxLength: number | undefined): TypeCodec {
  return {
    family: 'text',
    isPlainText: true,
    zeroText: '',
    readText: same,
    writeText: (text) => (text.includes('\0') ? undefined : text),
    ...(maxLength === undefined ? {} : { maxLength }),
  };
}

/** CHAR: comes without its padding, or with it (PAD_CHAR_TO_FULL_LENGTH); blanks at its end mean nothing. */
export function fixedTextCodec(maxLength: number | undefined): TypeCodec {
  return { ...textCodec(maxLength), isPlainText: false, readText: trimBlanks };
}

function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === ' ') end--;
  return text.slice(0, end);
}

/**
 * ENUM. Its first member is its zero: any other constant would do as well. Where the members are not known that is the empty text, which
 * every ENUM has for what is none of them.
 */
export function enumCodec(members: readonly string[] = []): TypeCodec {
  const [first = ''] = members;
  const all = new Set(members);
  const known = (text: string): string | undefined => (all.has(text) ? text : undefined);
  return {
    family: 'enum',
    zeroText: first,
    readText: known,
    writeText: known,
    ...(members.length > 0 ? { members } : {}),
  };
}

/** SET: no members at all. */
export const setCodec: TypeCodec = constantCodec('other', '');

function validJson(text: string): string | undefined {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return undefined;
  }
}

/** JSON: a type of its own in MySQL, a LONGTEXT that is checked in MariaDB. */
export const jsonCodec: TypeCodec = { family: 'json', zeroText: '{}', readText: same, writeText: validJson };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const validUuid = (text: string): string | undefined => (UUID.test(text) ? text : undefined);

/** MariaDB's UUID, which comes as its text. */
export const uuidCodec: TypeCodec = {
  family: 'uuid',
  zeroText: '00000000-0000-0000-0000-000000000000',
  readText: validUuid,
  writeText: validUuid,
};

export const inet4Codec: TypeCodec = constantCodec('other', '0.0.0.0');
export const inet6Codec: TypeCodec = constantCodec('other', '::');

/** Longer BINARY columns there are not. */
const MAX_FIXED_BYTES = 255;

/** VARBINARY and BLOB; with `isFixed` BINARY, which has always all of its bytes. */
export function bytesType(maxLength: number | undefined, isFixed: boolean): CellType {
  const length = isFixed && maxLength !== undefined && maxLength <= MAX_FIXED_BYTES ? maxLength : 0;
  const zero = new Uint8Array(length);
  return {
    family: 'bytes',
    zero: () => zero,
    toText: bytesToHex,
    fromText: (text) => {
      const bytes = bytesFromHex(text);
      if (bytes === undefined || (maxLength !== undefined && bytes.length > maxLength)) return undefined;
      if (bytes.length >= length) return bytes;
      const padded = new Uint8Array(length);
      padded.set(bytes);
      return padded;
    },
    ...(maxLength === undefined ? {} : { maxLength }),
  };
}

const MAX_BITS = 64;

/** BIT: its bits in as few bytes as hold them. */
export function bitType(bits: number): CellType {
  return constantBytes('other', new Uint8Array(Math.ceil(Math.min(Math.max(bits, 1), MAX_BITS) / 8)));
}
