import type { CellStructure, CellType, PartMask } from '@sqlwarden/core';
import { ascii } from './character-set.js';
import { bytesFromHex } from './hex.js';
import { floatCodec } from './number-codecs.js';
import { cellTypeOf, constantBytes } from './type-codec.js';

/** Well-known binary, little-endian, of `count` parts: points have none to count. Coordinates are 0. */
const coordinates = (count: number): string => '00'.repeat(16 * count);
const wellKnown = (type: number, count: number, parts: string): string => `010${type}0000000${count}000000${parts}`;
const POINT = `0101000000${coordinates(1)}`;
const LINE = wellKnown(2, 2, coordinates(2));
/** One ring of four points, whose number is that of a part. */
const POLYGON = wellKnown(3, 1, `04000000${coordinates(4)}`);
/** By the type that the column declares. */
const GEOMETRIES: Readonly<Record<string, string>> = {
  geometry: POINT,
  point: POINT,
  linestring: LINE,
  polygon: POLYGON,
  multipoint: wellKnown(4, 1, POINT),
  multilinestring: wellKnown(5, 1, LINE),
  multipolygon: wellKnown(6, 1, POLYGON),
  geometrycollection: wellKnown(7, 0, ''),
  geomcollection: wellKnown(7, 0, ''),
};

/** A geometry: four bytes for the reference system (0: none), and well-known binary. `name`: the declared type, when it is known. */
export function geometryType(name = 'geometry'): CellType {
  const shape = Object.hasOwn(GEOMETRIES, name) ? (GEOMETRIES[name] ?? POINT) : POINT;
  return constantBytes('other', bytesFromHex(`00000000${shape}`) ?? null);
}

const FLOAT_BYTES = 4;
/** Of MySQL. */
const MAX_DIMENSIONS = 16_383;
const element = cellTypeOf(floatCodec(4, 12, 31, { unsigned: false, zeroFill: 0 }), ascii);

/** MySQL's VECTOR: numbers of single precision, little-endian, one after another; they are masked one by one. `bytes`: of all that it can have. */
export function vectorType(bytes: number): CellType {
  const dimensions = Math.floor(bytes / FLOAT_BYTES);
  const zero = new Uint8Array(dimensions >= 1 && dimensions <= MAX_DIMENSIONS ? dimensions * FLOAT_BYTES : FLOAT_BYTES);
  return { ...constantBytes('other', zero), structure };
}

const structure: CellStructure = {
  parts: 'independent',
  // Elements have their binary form in both formats.
  types: [
    {
      ...element,
      zero: () => element.zero('binary'),
      toText: (cell) => element.toText(cell, 'binary'),
      fromText: (text) => element.fromText(text, 'binary'),
    },
  ],
  rewrite: (cell, _format, [mask]) => (mask === undefined ? undefined : rewritten(cell, mask)),
};

function rewritten(cell: Uint8Array, mask: PartMask): Uint8Array | undefined {
  if (cell.length % FLOAT_BYTES !== 0) return undefined;
  const masked = new Uint8Array(cell.length);
  for (let at = 0; at < cell.length; at += FLOAT_BYTES) {
    const part = mask(cell.subarray(at, at + FLOAT_BYTES));
    if (part?.length !== FLOAT_BYTES) return undefined;
    masked.set(part, at);
  }
  return masked;
}
