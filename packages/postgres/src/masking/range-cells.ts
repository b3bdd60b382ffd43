import type { CellStructure, CellType, PartMask } from '@sqlwarden/core';
import { ByteReader } from '../protocol/byte-reader.js';
import { GrowingBytes } from './growing-bytes.js';
import { quotePart, readQuotedPart } from './quoted-part.js';
import { putInt32, utf8, utf8Text } from './type-codec.js';

/** Bounds of ranges. Text: documentation, "Range Types", input and output; binary: `range_send`. Which bounds there are stays. */
export function rangeStructure(subtype: CellType): CellStructure {
  return {
    parts: 'ordered',
    types: [subtype],
    rewrite: (cell, format, [mask]) => {
      if (mask === undefined) return undefined;
      return format === 'binary' ? rewriteBinary(cell, mask) : rewriteText(cell, mask);
    },
  };
}

/** The same for the ranges of a multirange (`multirange_send`). */
export function multirangeStructure(subtype: CellType): CellStructure {
  return {
    parts: 'ordered',
    types: [subtype],
    rewrite: (cell, format, [mask]) => {
      if (mask === undefined) return undefined;
      return format === 'binary' ? rewriteBinaries(cell, mask) : rewriteTexts(cell, mask);
    },
  };
}

// src/include/utils/rangetypes.h
const EMPTY = 0x01;
const LOWER_INFINITE = 0x08;
const UPPER_INFINITE = 0x10;
const LOWER_NULL = 0x20;
const UPPER_NULL = 0x40;

function rewriteBinary(cell: Uint8Array, mask: PartMask): Uint8Array | undefined {
  const reader = new ByteReader(cell);
  const flags = reader.uint8();
  const bounds =
    (flags & EMPTY) !== 0
      ? 0
      : Number((flags & (LOWER_INFINITE | LOWER_NULL)) === 0) + Number((flags & (UPPER_INFINITE | UPPER_NULL)) === 0);
  const out = new GrowingBytes();
  out.appendByte(flags);
  for (let bound = 0; bound < bounds; bound++) {
    const masked = mask(reader.bytes(reader.int32()));
    if (masked === undefined || masked === null) return undefined;
    putInt32(out, masked.length);
    out.append(masked);
  }
  reader.finish();
  return out.take();
}

function rewriteBinaries(cell: Uint8Array, mask: PartMask): Uint8Array | undefined {
  const reader = new ByteReader(cell);
  const count = reader.int32();
  const out = new GrowingBytes();
  putInt32(out, count);
  for (let at = 0; at < count; at++) {
    const masked = rewriteBinary(reader.bytes(reader.int32()), mask);
    if (masked === undefined) return undefined;
    putInt32(out, masked.length);
    out.append(masked);
  }
  reader.finish();
  return out.take();
}

function rewriteText(cell: Uint8Array, mask: PartMask): Uint8Array | undefined {
  const text = utf8Text(cell);
  if (text === undefined) return undefined;
  const range = readRange(text, 0, mask);
  return range?.end === text.length ? utf8(range.text) : undefined;
}

function rewriteTexts(cell: Uint8Array, mask: PartMask): Uint8Array | undefined {
  const text = utf8Text(cell);
  if (text === undefined || !text.startsWith('{') || !text.endsWith('}')) return undefined;
  const ranges: string[] = [];
  let at = 1;
  while (at < text.length - 1) {
    const range = readRange(text, at, mask);
    if (range === undefined) return undefined;
    ranges.push(range.text);
    at = range.end;
    if (text[at] === ',') at += 1;
    else if (at !== text.length - 1) return undefined;
  }
  return utf8(`{${ranges.join(',')}}`);
}

const EMPTY_TEXT = 'empty';

/** The range that begins at `start`, masked, and where it ends. */
function readRange(text: string, start: number, mask: PartMask): { readonly text: string; readonly end: number } | undefined {
  if (text.startsWith(EMPTY_TEXT, start)) return { text: EMPTY_TEXT, end: start + EMPTY_TEXT.length };
  const open = text[start];
  if (open !== '[' && open !== '(') return undefined;
  const lower = readBound(text, start + 1, ',', mask);
  if (lower === undefined) return undefined;
  const upper = readBound(text, lower.end + 1, '])', mask);
  if (upper === undefined) return undefined;
  return { text: `${open}${lower.text},${upper.text}${text[upper.end] ?? ''}`, end: upper.end + 1 };
}

/** A bound up to one of `closing`; nothing at all is infinite. */
function readBound(
  text: string,
  start: number,
  closing: string,
  mask: PartMask,
): { readonly text: string; readonly end: number } | undefined {
  const part = readQuotedPart(text, start, closing);
  if (part === undefined) return undefined;
  if (part.value === null) return { text: '', end: part.end };
  const masked = mask(utf8(part.value));
  return masked === undefined || masked === null ? undefined : { text: quotePart(utf8Text(masked) ?? '', SPECIAL), end: part.end };
}

/** What `range_out` puts into quotes. */
const SPECIAL = /["\\()[\],\s]/;
