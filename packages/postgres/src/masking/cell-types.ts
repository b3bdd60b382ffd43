import type { CellStructure, CellType, ResolvedCatalogue, ResultColumn } from '@sqlwarden/core';
import { isPostgresCatalogue, type PostgresCatalogue, type TypeDetail, type TypeReference } from '../catalog/resolved-catalogue.js';
import { arrayStructure } from './array-cells.js';
import { compositeStructure, compositeZero } from './composite-cells.js';
import { extensionCodec } from './extension-types.js';
import { numericCodec } from './number-codecs.js';
import { multirangeStructure, rangeStructure } from './range-cells.js';
import { fixedTextCodec, textCodec } from './text-codecs.js';
import { constantCodec, packed, type TypeCodec, utf8, utf8Text } from './type-codec.js';
import { ARRAY_ELEMENTS, CODECS, emptyMultirange, emptyRange, MULTIRANGES, RANGE_SUBTYPES, unknownCodec } from './type-table.js';
import { vectorType } from './vector-cells.js';

const BOX = 603;
const FLOAT4 = 700;
const BPCHAR = 1042;
const VARCHAR = 1043;
const BIT = 1560;
const NUMERIC = 1700;
/** `aclitem` and `gtsvector` have no binary form, nor have arrays of them. */
const TEXT_ONLY: ReadonlySet<number> = new Set([1033, 3642]);
/** Longer bit strings become NULL rather than that many zeros. */
const MAX_BITS = 8192;

/** Types inside of types inside of types: deeper ones are not looked into. */
const MAX_DEPTH = 8;

type Format = ResultColumn['format'];
type Types = PostgresCatalogue['typesById'];

const NO_TYPES: Types = new Map();
const cellTypes = new WeakMap<Types, Map<string, CellType>>();

/**
 * The type behind a column of RowDescription, for masks. A domain comes as its base type there. Types that are not built in are looked up in
 * the catalogue; of one that is not there, or whose values cannot be told apart, no zero is always valid: NULL stands for its values.
 * Never throws.
 */
export function cellType(column: Pick<ResultColumn, 'typeId' | 'typeModifier'>, catalogue?: ResolvedCatalogue): CellType {
  const types = catalogue !== undefined && isPostgresCatalogue(catalogue) ? catalogue.typesById : NO_TYPES;
  let known = cellTypes.get(types);
  if (known === undefined) {
    known = new Map();
    cellTypes.set(types, known);
  }
  const key = `${column.typeId} ${column.typeModifier}`;
  let type = known.get(key);
  if (type === undefined) {
    type = makeType(column, types, 0);
    // What comes in is the server's: the map must not grow with whatever it says.
    if (known.size < MAX_KNOWN) known.set(key, type);
  }
  return type;
}

const MAX_KNOWN = 10_000;

function makeType({ typeId, typeModifier }: TypeReference, types: Types, depth: number): CellType {
  if (depth > MAX_DEPTH) return UNKNOWN;
  const part = (id: number, modifier = -1): CellType => makeType({ typeId: id, typeModifier: modifier }, types, depth + 1);
  const modified = modifiedCodec(typeId, typeModifier);
  if (modified !== undefined) return cellTypeOf(modified);
  const subtype = RANGE_SUBTYPES.get(typeId);
  if (subtype !== undefined) return structured(emptyRange, rangeStructure(part(subtype)));
  const range = MULTIRANGES.get(typeId);
  if (range !== undefined) return structured(emptyMultirange, multirangeStructure(part(RANGE_SUBTYPES.get(range) ?? 0)));
  const codec = CODECS.get(typeId);
  if (codec !== undefined) return cellTypeOf(codec);
  const element = ARRAY_ELEMENTS.get(typeId);
  if (element !== undefined) return arrayType(element, part(element, typeModifier));
  const detail = types.get(typeId);
  return detail === undefined ? UNKNOWN : catalogueType(detail, typeModifier, types, part);
}

/** A type that is not built in. */
function catalogueType(detail: TypeDetail, modifier: number, types: Types, part: (id: number, modifier?: number) => CellType): CellType {
  if (detail.base !== undefined) return part(detail.base.typeId, detail.base.typeModifier);
  if (detail.labels !== undefined) return enumType(detail.labels);
  if (detail.attributes !== undefined) return compositeType(detail.attributes, part);
  if (detail.elementId !== undefined) return arrayType(detail.elementId, part(detail.elementId, modifier));
  if (detail.rangeOf !== undefined && detail.kind === 'r') return structured(emptyRange, rangeStructure(part(detail.rangeOf)));
  if (detail.rangeOf !== undefined && detail.kind === 'm')
    return structured(emptyMultirange, multirangeStructure(part(types.get(detail.rangeOf)?.rangeOf ?? 0)));
  if (detail.extension === 'vector' && detail.name === 'vector') return vectorType(modifier, part(FLOAT4));
  const codec = detail.extension === undefined ? undefined : extensionCodec(detail.extension, detail.name);
  return codec === undefined ? UNKNOWN : cellTypeOf(codec);
}

function structured(codec: TypeCodec, structure: CellStructure): CellType {
  return { ...cellTypeOf(codec), structure };
}

function arrayType(element: number, type: CellType): CellType {
  return structured(emptyArray(element), arrayStructure(type, element === BOX ? ';' : ','));
}

function compositeType(attributes: readonly TypeReference[], part: (id: number, modifier?: number) => CellType): CellType {
  const zero = compositeZero(attributes.map(({ typeId }) => typeId));
  const fields = attributes.map(({ typeId, typeModifier }) => part(typeId, typeModifier));
  return structured(constantCodec('other', zero.text, zero.binary), compositeStructure(fields));
}

/** The first member is its zero: any other constant would do as well. */
function enumType(labels: readonly string[]): CellType {
  const members = new Set(labels);
  const known = (text: string | undefined): string | undefined => (text !== undefined && members.has(text) ? text : undefined);
  const [first] = labels;
  return {
    ...cellTypeOf({
      family: 'enum',
      zeroText: first ?? null,
      zeroBinary: first === undefined ? null : utf8(first),
      readText: known,
      readBinary: (cell) => known(utf8Text(cell)),
      writeText: known,
      writeBinary: (text) => (members.has(text) ? utf8(text) : undefined),
    }),
    members: labels,
  };
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
function emptyArray(element: number): TypeCodec {
  return constantCodec('other', '{}', TEXT_ONLY.has(element) ? null : packed(12, (view) => view.setUint32(8, element)));
}

function cellTypeOf(codec: TypeCodec): CellType {
  const zeroText = codec.zeroText === null ? null : utf8(codec.zeroText);
  return {
    family: codec.family,
    zero: (format) => (format === 'text' ? zeroText : codec.zeroBinary),
    toText: (cell, format) => readCell(codec, cell, format),
    fromText: (text, format) => writeCell(codec, text, format),
    ...(codec.isPlainText === true ? { isPlainText: true } : {}),
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
