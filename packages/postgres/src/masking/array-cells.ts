import type { CellStructure, CellType, PartMask } from '@sqlwarden/core';
import { ByteReader } from '../protocol/byte-reader.js';
import { GrowingBytes } from './growing-bytes.js';
import { putInt32, utf8, utf8Text } from './type-codec.js';

/**
 * Elements of arrays. Text: documentation, "Array Input and Output Syntax"; binary: `array_send`. Dimensions, lower bounds and NULLs are kept,
 * and what is not an element is copied as it is.
 */
export function arrayStructure(element: CellType, delimiter: string): CellStructure {
  return {
    parts: 'independent',
    types: [element],
    rewrite: (cell, format, [mask]) => {
      if (mask === undefined) return undefined;
      return format === 'binary' ? rewriteBinary(cell, mask) : rewriteText(cell, mask, delimiter);
    },
  };
}

/** Arrays have at most six dimensions (MAXDIM). */
const MAX_DIMENSIONS = 6;
const HEADER_BYTES = 12;

function rewriteBinary(cell: Uint8Array, mask: PartMask): Uint8Array | undefined {
  const reader = new ByteReader(cell);
  const dimensions = reader.int32();
  if (dimensions < 0 || dimensions > MAX_DIMENSIONS) return undefined;
  reader.skip(8);
  let count = dimensions === 0 ? 0 : 1;
  for (let dimension = 0; dimension < dimensions; dimension++) {
    const length = reader.int32();
    reader.skip(4);
    if (length < 0) return undefined;
    count *= length;
  }
  const out = new GrowingBytes();
  out.append(cell.subarray(0, HEADER_BYTES + 8 * dimensions));
  let hasNull = false;
  for (let at = 0; at < count; at++) {
    const size = reader.int32();
    const masked = size === -1 ? null : mask(reader.bytes(size));
    if (masked === undefined) return undefined;
    hasNull ||= masked === null;
    putInt32(out, masked === null ? -1 : masked.length);
    if (masked !== null) out.append(masked);
  }
  reader.finish();
  const bytes = out.take();
  bytes[7] = hasNull ? 1 : 0;
  return bytes;
}

const BOUNDS = /^(?:\[[+-]?\d{1,10}:[+-]?\d{1,10}\]){1,6}=/;

function rewriteText(cell: Uint8Array, mask: PartMask, delimiter: string): Uint8Array | undefined {
  const text = utf8Text(cell);
  if (text === undefined) return undefined;
  const start = BOUNDS.exec(text)?.[0].length ?? 0;
  if (text[start] !== '{') return undefined;
  let out = text.slice(0, start);
  let depth = 0;
  for (let at = start; at < text.length; ) {
    const character = text[at] ?? '';
    if (character === '{' || character === '}' || character === delimiter) {
      depth += character === '{' ? 1 : character === '}' ? -1 : 0;
      if (depth < 0 || (depth === 0 && at !== text.length - 1)) return undefined;
      out += character;
      at += 1;
      continue;
    }
    const element = readElement(text, at, delimiter);
    if (element === undefined) return undefined;
    const masked = element.value === null ? null : mask(utf8(element.value));
    if (masked === undefined) return undefined;
    out += masked === null ? 'NULL' : quoteElement(utf8Text(masked) ?? '', delimiter);
    at = element.end;
  }
  return depth === 0 ? utf8(out) : undefined;
}

/** The element that begins at `start`, as the server writes it: quoted with backslash escapes, or plain. */
function readElement(text: string, start: number, delimiter: string): { readonly value: string | null; readonly end: number } | undefined {
  if (text[start] !== '"') {
    let end = start;
    while (end < text.length && text[end] !== delimiter && text[end] !== '}' && text[end] !== '{' && text[end] !== '"') end += 1;
    const value = text.slice(start, end);
    return value.includes('\\') ? undefined : { value: value === 'NULL' ? null : value, end };
  }
  let value = '';
  let from = start + 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '"') return { value: value + text.slice(from, at), end: at + 1 };
    if (text[at] !== '\\') continue;
    value += text.slice(from, at);
    at += 1;
    from = at;
  }
  return undefined;
}

function quoteElement(text: string, delimiter: string): string {
  const isPlain = text !== '' && !/["\\{}\s]/.test(text) && !text.includes(delimiter) && text.toUpperCase() !== 'NULL';
  return isPlain ? text : `"${text.replace(/["\\]/g, (character) => `\\${character}`)}"`;
}
