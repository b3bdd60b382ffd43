import type { CellType } from '@sqlwarden/core';
import { ByteReader } from '../protocol/byte-reader.js';
import { GrowingBytes } from './growing-bytes.js';
import { packed, utf8, utf8Text } from './type-codec.js';

/** More dimensions than a value can have (`VECTOR_MAX_DIM`). */
const MAX_DIMENSIONS = 16_000;
const HEADER_BYTES = 4;
const FLOAT_BYTES = 4;

/**
 * pgvector's `vector`: numbers of single precision that are masked one by one. Text `[1,2.5]`; binary two numbers of 16 bits (dimensions, and
 * one that is not used) and the numbers (`vector_send`). Its zero needs the number of dimensions that the column declares.
 */
export function vectorType(dimensions: number, float4: CellType): CellType {
  const isDeclared = dimensions > 0 && dimensions <= MAX_DIMENSIONS;
  const zeroText = isDeclared ? utf8(`[${Array.from({ length: dimensions }, () => '0').join(',')}]`) : null;
  const zeroBinary = isDeclared ? packed(HEADER_BYTES + FLOAT_BYTES * dimensions, (view) => view.setUint16(0, dimensions)) : null;
  return {
    family: 'other',
    zero: (format) => (format === 'text' ? zeroText : zeroBinary),
    toText: () => undefined,
    fromText: () => undefined,
    structure: {
      parts: 'independent',
      types: [float4],
      rewrite: (cell, format, [mask]) => {
        if (mask === undefined) return undefined;
        return format === 'binary' ? rewriteBinary(cell, mask) : rewriteText(cell, mask);
      },
    },
  };
}

type Rewrite = (part: Uint8Array) => Uint8Array | null | undefined;

function rewriteBinary(cell: Uint8Array, mask: Rewrite): Uint8Array | undefined {
  const reader = new ByteReader(cell);
  const dimensions = reader.uint16();
  reader.skip(2);
  const out = new GrowingBytes();
  out.append(cell.subarray(0, HEADER_BYTES));
  for (let at = 0; at < dimensions; at++) {
    const masked = mask(reader.bytes(FLOAT_BYTES));
    if (masked?.length !== FLOAT_BYTES) return undefined;
    out.append(masked);
  }
  reader.finish();
  return out.take();
}

function rewriteText(cell: Uint8Array, mask: Rewrite): Uint8Array | undefined {
  const text = utf8Text(cell);
  if (text === undefined || !text.startsWith('[') || !text.endsWith(']')) return undefined;
  const numbers: string[] = [];
  for (const number of text.slice(1, -1).split(',')) {
    const masked = mask(utf8(number));
    if (masked === undefined || masked === null) return undefined;
    numbers.push(utf8Text(masked) ?? '0');
  }
  return utf8(`[${numbers.join(',')}]`);
}
