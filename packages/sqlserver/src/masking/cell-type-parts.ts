import type { CellFamily, CellType } from '@sqlwarden/core';

const nothing = (): undefined => undefined;

/** A type of whose values nothing but `zero` is known: NULL, or bytes that are never changed. */
export function constantType(family: CellFamily, zero: Uint8Array | null): CellType {
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

/** The little-endian number in `cell[start, end)`; at most 6 bytes. */
export function littleEndian(cell: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = end - 1; at >= start; at--) value = value * 0x100 + (cell[at] as number);
  return value;
}

export function putLittleEndian(cell: Uint8Array, start: number, end: number, value: number): void {
  let rest = value;
  for (let at = start; at < end; at++) {
    cell[at] = rest % 0x100;
    rest = Math.floor(rest / 0x100);
  }
}
