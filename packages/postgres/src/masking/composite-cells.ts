import type { CellStructure, CellType, PartMask } from '@sqlwarden/core';
import { ByteReader } from '../protocol/byte-reader.js';
import { GrowingBytes } from './growing-bytes.js';
import { quotePart, readQuotedPart } from './quoted-part.js';
import { putInt32, utf8, utf8Text } from './type-codec.js';

/** Fields of composite values. Text: documentation, "Composite Type Input and Output Syntax"; binary: `record_send`. NULL fields stay NULL. */
export function compositeStructure(fields: readonly CellType[]): CellStructure {
  return {
    parts: 'independent',
    types: fields,
    rewrite: (cell, format, masks) => (format === 'binary' ? rewriteBinary(cell, masks) : rewriteText(cell, masks)),
  };
}

/** A value whose fields are all NULL. */
export function compositeZero(typeIds: readonly number[]): { readonly text: string; readonly binary: Uint8Array } {
  const out = new GrowingBytes();
  putInt32(out, typeIds.length);
  for (const typeId of typeIds) {
    putInt32(out, typeId);
    putInt32(out, -1);
  }
  return { text: `(${','.repeat(Math.max(typeIds.length - 1, 0))})`, binary: out.take() };
}

function rewriteBinary(cell: Uint8Array, masks: readonly PartMask[]): Uint8Array | undefined {
  const reader = new ByteReader(cell);
  if (reader.int32() !== masks.length) return undefined;
  const out = new GrowingBytes();
  putInt32(out, masks.length);
  for (const mask of masks) {
    out.append(reader.bytes(4));
    const size = reader.int32();
    const masked = size === -1 ? null : mask(reader.bytes(size));
    if (masked === undefined) return undefined;
    putInt32(out, masked === null ? -1 : masked.length);
    if (masked !== null) out.append(masked);
  }
  reader.finish();
  return out.take();
}

function rewriteText(cell: Uint8Array, masks: readonly PartMask[]): Uint8Array | undefined {
  const text = utf8Text(cell);
  if (text === undefined || !text.startsWith('(') || !text.endsWith(')')) return undefined;
  let out = '(';
  let at = 1;
  for (const [position, mask] of masks.entries()) {
    const field = readQuotedPart(text, at, ',)');
    if (field === undefined || text[field.end] !== (position === masks.length - 1 ? ')' : ',')) return undefined;
    const masked = field.value === null ? null : mask(utf8(field.value));
    if (masked === undefined) return undefined;
    if (position > 0) out += ',';
    if (masked !== null) out += quotePart(utf8Text(masked) ?? '', SPECIAL);
    at = field.end + 1;
  }
  return at === text.length ? utf8(`${out})`) : undefined;
}

/** What `record_out` puts into quotes. */
const SPECIAL = /["\\(),\s]/;
