import type { CellMask, Outbox } from '@sqlwarden/core';
import { binaryForm } from '../protocol/field-types.js';
import { MAX_PAYLOAD, PACKET_HEADER, putPacketHeader } from '../protocol/packet-splitter.js';
import { PacketWriter } from '../protocol/packet-writer.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { RowCells, setBinaryNull } from '../protocol/row-cells.js';
import type { BoundRows } from './result-rows.js';

/** In text rows: the cell is NULL. */
const NULL_CELL = 0xfb;

/**
 * Rewrites rows of one session ("Text Resultset Row", "Binary Protocol Resultset Row"). Only masked cells are looked at; what lies between them is
 * copied in one piece. One instance per session: it keeps its working memory from row to row.
 */
export class RowMasker {
  readonly #cells = new RowCells();
  // Of the row at hand, per masked cell: its column, and the new value.
  readonly #masked: number[] = [];
  readonly #shown: (Uint8Array | null)[] = [];
  #types: Uint8Array | undefined;

  /** Cells that were masked in the last row. */
  maskedCells = 0;
  /** The sequence id behind the last row. */
  nextSequence = 0;

  /**
   * Writes the row whose payload is `buffer[bodyStart, end)` to `out` with its cells masked, in packets from `sequenceId` on. Returns how many bytes they
   * are. Throws a `ProtocolError` when the row does not have the columns of its header.
   */
  write(out: Outbox, rows: BoundRows, sequenceId: number, buffer: Uint8Array, bodyStart: number, end: number): number {
    this.#types = rows.types;
    if (rows.types === undefined) this.#cells.readText(buffer, bodyStart, end, rows.columns);
    else this.#cells.readBinary(buffer, bodyStart, end, rows.types);
    const length = end - bodyStart + this.#mask(rows.cells ?? NO_MASKS, buffer);
    if (length >= MAX_PAYLOAD) return this.#writeLong(out, sequenceId, length, buffer, bodyStart, end);
    const { buffer: target, start } = out.reserve(PACKET_HEADER + length);
    putPacketHeader(target, start, length, sequenceId);
    this.#copy(buffer, bodyStart, end, target, start + PACKET_HEADER);
    this.nextSequence = (sequenceId + 1) & 0xff;
    return PACKET_HEADER + length;
  }

  #writeLong(out: Outbox, sequenceId: number, length: number, buffer: Uint8Array, bodyStart: number, end: number): number {
    const payload = new Uint8Array(length);
    this.#copy(buffer, bodyStart, end, payload, 0);
    const writer = new PacketWriter().begin(sequenceId).bytes(payload).end();
    this.nextSequence = writer.sequenceId;
    const packets = writer.take();
    out.write(packets);
    return packets.length;
  }

  /** Masks the cells and returns how much longer the row becomes. */
  #mask(masks: readonly (CellMask | null)[], buffer: Uint8Array): number {
    const { from, at, end } = this.#cells;
    let count = 0;
    let grown = 0;
    for (let column = 0; column < masks.length; column++) {
      const mask = masks[column];
      const start = at[column] as number;
      if (mask === null || mask === undefined || start === -1) continue;
      const stop = end[column] as number;
      const shown = mask.over === undefined ? mask(buffer.subarray(start, stop)) : mask.over(buffer, start, stop);
      this.#masked[count] = column;
      this.#shown[count] = shown;
      count += 1;
      grown += this.#sizeOf(column, shown) - (stop - (from[column] as number));
    }
    this.maskedCells = count;
    return grown;
  }

  /** With its length field, where the column's cells have one. */
  #sizeOf(column: number, shown: Uint8Array | null): number {
    const fixed = this.#fixedSize(column);
    if (shown === null) return this.#types === undefined ? 1 : 0;
    if (fixed === undefined) return lenencSize(shown.length) + shown.length;
    if (shown.length !== fixed) throw new ProtocolError('invalid-value', 'a masked value does not have the length of its type');
    return fixed;
  }

  #fixedSize(column: number): number | undefined {
    if (this.#types === undefined) return undefined;
    const form = binaryForm(this.#types[column] as number);
    return typeof form === 'number' ? form : undefined;
  }

  #copy(source: Uint8Array, bodyStart: number, end: number, target: Uint8Array, start: number): void {
    const { from: cellFrom, end: cellEnd } = this.#cells;
    let from = bodyStart;
    let to = start;
    for (let i = 0; i < this.maskedCells; i++) {
      const column = this.#masked[i] as number;
      const at = cellFrom[column] as number;
      copyBytes(source, from, at, target, to);
      to = this.#put(column, this.#shown[i] as Uint8Array | null, target, to + at - from);
      from = cellEnd[column] as number;
    }
    copyBytes(source, from, end, target, to);
    if (this.#types === undefined) return;
    for (let i = 0; i < this.maskedCells; i++) if (this.#shown[i] === null) setBinaryNull(target, start, this.#masked[i] as number);
  }

  /** Returns where the new cell ends. */
  #put(column: number, shown: Uint8Array | null, target: Uint8Array, at: number): number {
    if (shown === null) {
      if (this.#types !== undefined) return at;
      target[at] = NULL_CELL;
      return at + 1;
    }
    const body = this.#fixedSize(column) === undefined ? putLenenc(target, at, shown.length) : at;
    copyBytes(shown, 0, shown.length, target, body);
    return body + shown.length;
  }
}

function lenencSize(length: number): number {
  return length < 0xfb ? 1 : length <= 0xffff ? 3 : length <= 0xff_ffff ? 4 : 9;
}

/** Returns where the integer ends. */
function putLenenc(target: Uint8Array, at: number, length: number): number {
  const size = lenencSize(length);
  if (size === 1) {
    target[at] = length;
    return at + 1;
  }
  target[at] = size === 3 ? 0xfc : size === 4 ? 0xfd : 0xfe;
  for (let i = 1, rest = length; i < size; i++, rest = Math.floor(rest / 256)) target[at + i] = rest;
  return at + size;
}

function copyBytes(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): void {
  const length = to - from;
  // A call costs more than a few bytes.
  if (length <= SHORT) for (let i = 0; i < length; i++) target[at + i] = source[from + i] as number;
  else target.set(source.subarray(from, to), at);
}

const SHORT = 48;
const NO_MASKS: readonly (CellMask | null)[] = Object.freeze([]);
