import type { CellType, ResultColumn } from '@sqlwarden/core';
import { numericCodec } from './number-codecs.js';
import { fixedTextCodec, textCodec } from './text-codecs.js';
import { constantCodec, packed, type TypeCodec, utf8, utf8Text } from './type-codec.js';
import { ARRAY_ELEMENTS, CODECS, unknownCodec } from './type-table.js';

const BPCHAR = 1042;
const VARCHAR = 1043;
const BIT = 1560;
const NUMERIC = 1700;
/** `aclitem` and `gtsvector` have no binary form, nor have arrays of them. */
const TEXT_ONLY: ReadonlySet<number> = new Set([1033, 3642]);
/** Longer bit strings become NULL rather than that many zeros. */
const MAX_BITS = 8192;

type Format = ResultColumn['format'];

const cellTypes = new Map<number, CellType>();

/**
 * The type behind a column of RowDescription, for masks. A domain comes as its base type there. Types that are not built in (enums,
 * composites, extensions' own) have no zero that is always valid: NULL stands for their values. Never throws.
 */
export function cellType(column: Pick<ResultColumn, 'typeId' | 'typeModifier'>): CellType {
  const modified = modifiedCodec(column.typeId, column.typeModifier);
  if (modified !== undefined) return cellTypeOf(modified);
  const known = cellTypes.get(column.typeId);
  if (known !== undefined) return known;
  const codec = CODECS.get(column.typeId) ?? arrayCodec(column.typeId);
  if (codec === undefined) return UNKNOWN;
  const type = cellTypeOf(codec);
  // INVARIANT: bounded, only OIDs of the tables get here.
  cellTypes.set(column.typeId, type);
  return type;
}

/** Types whose modifier matters. Modifiers of character types and `numeric` count a header of four bytes. */
function modifiedCodec(typeId: number, modifier: number): TypeCodec | undefined {
  switch (typeId) {
    case VARCHAR:
      return textCodec(modifier >= 4 ? modifier - 4 : undefined);
    case BPCHAR:
      return fixedTextCodec(modifier >= 4 ? modifier - 4 : undefined);
    case NUMERIC:
      return modifier >= 4 ? numericCodec(((modifier - 4) >> 16) & 0xffff, signedScale((modifier - 4) & 0x7ff)) : numericCodec();
    case BIT:
      return bitCodec(modifier > 0 ? modifier : 1);
    default:
      return undefined;
  }
}

/** The scale of `numeric` is a signed number of 11 bits. */
function signedScale(bits: number): number {
  return (bits ^ 0x400) - 0x400;
}

function bitCodec(bits: number): TypeCodec {
  if (bits > MAX_BITS) return unknownCodec;
  const bytes = 4 + Math.ceil(bits / 8);
  return constantCodec(
    'other',
    '0'.repeat(bits),
    packed(bytes, (view) => view.setInt32(0, bits)),
  );
}

/** The empty array: no dimensions, no NULLs, the element's OID (`array_send`). */
function arrayCodec(typeId: number): TypeCodec | undefined {
  const element = ARRAY_ELEMENTS.get(typeId);
  if (element === undefined) return undefined;
  const binary = TEXT_ONLY.has(element) ? null : packed(12, (view) => view.setUint32(8, element));
  return constantCodec('other', '{}', binary);
}

function cellTypeOf(codec: TypeCodec): CellType {
  const zeroText = codec.zeroText === null ? null : utf8(codec.zeroText);
  return {
    family: codec.family,
    zero: (format) => (format === 'text' ? zeroText : codec.zeroBinary),
    toText: (cell, format) => readCell(codec, cell, format),
    fromText: (text, format) => writeCell(codec, text, format),
    ...(codec.binaryBytes === undefined ? {} : { binaryBytes: codec.binaryBytes }),
    ...(codec.maxLength === undefined ? {} : { maxLength: codec.maxLength }),
    ...(codec.integerDigits === undefined ? {} : { integerDigits: codec.integerDigits }),
  };
}

function readCell(codec: TypeCodec, cell: Uint8Array, format: Format): string | undefined {
  if (format === 'binary') return codec.readBinary(cell);
  const text = utf8Text(cell);
  return text === undefined ? undefined : codec.readText(text);
}

function writeCell(codec: TypeCodec, text: string, format: Format): Uint8Array | undefined {
  if (format === 'binary') return codec.writeBinary(text);
  const written = codec.writeText(text);
  return written === undefined ? undefined : utf8(written);
}

const UNKNOWN: CellType = cellTypeOf(unknownCodec);
