import {
  bindPlan,
  type CellMask,
  type MaskDisagreement,
  type MaskPlan,
  type MaskTools,
  type Outbox,
  type ResultColumn,
} from '@sqlwarden/core';
import { ByteReader } from '../protocol/byte-reader.js';
import { BACKEND } from '../protocol/message-types.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { copyBytes, put32 } from '../protocol/raw-bytes.js';
import type { FormatCode } from '../protocol/frontend-message.js';
import type { RowField } from '../protocol/row-description.js';

/** How the rows of one result pass: one entry per column, or `undefined` when no cell is masked. */
export interface BoundRows {
  readonly columns: number;
  readonly cells: readonly (CellMask | null)[] | undefined;
  /** Where the server's origin of a column was protected and the analysis did not expect it. */
  readonly disagreements: readonly MaskDisagreement[];
}

/** Columns of a RowDescription as masks see them; `formats`: those of a Bind, which a description of a statement does not know. */
export function resultColumns(fields: readonly RowField[], formats?: readonly FormatCode[]): readonly ResultColumn[] {
  return fields.map((field, position) => ({
    name: field.name,
    relationId: field.relationId,
    columnNumber: field.columnNumber,
    typeId: field.typeId,
    typeModifier: field.typeModifier,
    format: (formats === undefined ? field.format : formatAt(formats, position)) === 1 ? 'binary' : 'text',
  }));
}

/** The same columns in the result formats of a Bind. */
export function inFormats(columns: readonly ResultColumn[], formats: readonly FormatCode[]): readonly ResultColumn[] {
  if (formats.length === 0) return columns;
  return columns.map((column, position) => ({ ...column, format: formatAt(formats, position) === 1 ? 'binary' : 'text' }));
}

/** "Bind": no code means text for all, one code is for all, else one per column. */
function formatAt(formats: readonly FormatCode[], position: number): FormatCode {
  return (formats.length === 1 ? formats[0] : formats[position]) ?? 0;
}

export type RowsBinding = { readonly kind: 'bound'; readonly rows: BoundRows } | { readonly kind: 'unbindable'; readonly reason: string };

/**
 * Binds the plans of one result to its columns: the first plan's masks, and where it has none those of the second. (A portal keeps the
 * plan of its Bind; the plan of a later Execute can add to it.)
 */
export function bindRows(plans: readonly MaskPlan[], columns: readonly ResultColumn[], tools: MaskTools): RowsBinding {
  let cells: readonly (CellMask | null)[] | undefined;
  const disagreements: MaskDisagreement[] = [];
  for (const plan of plans) {
    const bound = bindPlan(plan, columns, tools);
    if (bound.kind === 'unbindable') return bound;
    disagreements.push(...bound.disagreements);
    if (bound.masked) cells = cells === undefined ? bound.cells : cells.map((cell, position) => cell ?? bound.cells[position] ?? null);
  }
  return { kind: 'bound', rows: { columns: columns.length, cells, disagreements } };
}

/**
 * Rewrites rows of one session. Only masked cells are looked at; what lies between them is copied in one piece. One instance per session:
 * it keeps its working memory from row to row.
 */
export class RowMasker {
  readonly #reader = new ByteReader(new Uint8Array(0));
  // Of the row at hand, per masked cell: where its length field begins, the bytes of the old cell (-1: NULL), and the new cell.
  readonly #at: number[] = [];
  readonly #old: number[] = [];
  readonly #shown: (Uint8Array | null)[] = [];

  /**
   * Writes the DataRow whose body is `buffer[bodyStart, end)` to `out` with its cells masked. Returns the length of the new message; the
   * number of masked cells is in {@link maskedCells}. Throws a `ProtocolError` when the row does not have the columns of its header.
   */
  write(out: Outbox, cells: readonly (CellMask | null)[], buffer: Uint8Array, bodyStart: number, end: number): number {
    const length = this.#mask(cells, buffer, bodyStart, end);
    const { buffer: target, start } = out.reserve(length + 1);
    target[start] = BACKEND.DataRow;
    put32(target, start + 1, length);
    this.#copy(buffer, bodyStart, end, target, start + 5);
    return length + 1;
  }

  /** Cells that were masked in the last row. */
  maskedCells = 0;

  /** Masks the cells and returns the length field of the new row. */
  #mask(cells: readonly (CellMask | null)[], buffer: Uint8Array, bodyStart: number, end: number): number {
    const reader = this.#reader;
    reader.reset(buffer, bodyStart, end);
    if (reader.uint16() !== cells.length) throw new ProtocolError('invalid-value', 'a row does not have the columns of its header');
    let length = end - bodyStart + 4;
    let count = 0;
    for (let column = 0; column < cells.length; column++) {
      const mask = cells[column];
      const size = reader.int32();
      if (size === -1) continue;
      if (mask === null || mask === undefined) {
        reader.skip(size);
        continue;
      }
      const at = reader.at - 4;
      const shown = mask.over === undefined ? mask(reader.bytes(size)) : this.#over(mask.over, size);
      this.#at[count] = at;
      this.#old[count] = size;
      this.#shown[count] = shown;
      count += 1;
      length += (shown === null ? 0 : shown.length) - size;
    }
    reader.finish();
    this.maskedCells = count;
    return length;
  }

  #over(mask: NonNullable<CellMask['over']>, size: number): Uint8Array | null {
    const reader = this.#reader;
    const start = reader.at;
    reader.skip(size);
    return mask(reader.buffer, start, reader.at);
  }

  #copy(source: Uint8Array, bodyStart: number, end: number, target: Uint8Array, start: number): void {
    let from = bodyStart;
    let to = start;
    for (let i = 0; i < this.maskedCells; i++) {
      const at = this.#at[i] as number;
      copyBytes(source, from, at, target, to);
      to += at - from;
      const shown = this.#shown[i] as Uint8Array | null;
      put32(target, to, shown === null ? -1 : shown.length);
      to += 4;
      if (shown !== null) {
        copyBytes(shown, 0, shown.length, target, to);
        to += shown.length;
      }
      from = at + 4 + (this.#old[i] as number);
    }
    copyBytes(source, from, end, target, to);
  }
}
