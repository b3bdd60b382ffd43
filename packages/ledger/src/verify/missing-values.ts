import type { ValuesErased } from '@sqlwarden/core';
import { SEGMENT_ENTRIES, segmentStart } from '../layout.js';

const BITS = 8;

/** Entries of one segment whose values are missing, by the name of the value: a bit each. */
type Segment = Map<string, Uint8Array>;

/** Missing values of one segment that nothing explains. */
export interface Unexplained {
  /** The first entry of the segment. */
  readonly start: number;
  /** The first entry that lacks a value. */
  readonly first: number;
  readonly entries: number;
}

/**
 * Which values are missing beside a log, until an entry further on says that they were erased. A few bits per entry, and only for segments that lack
 * something.
 */
export class MissingValues {
  readonly #segments = new Map<number, Segment>();
  /** Values of reads that were begun in an earlier segment, in whose file they would be: that file's first entry, by `seq`. */
  readonly #elsewhere = new Map<number, number>();
  /** Files of values of entries before this one were removed. */
  #removedBefore = 0;

  /** Notes that an entry lacks the values with these names; `file` is the first entry of the segment whose file has them. */
  add(seq: number, names: readonly string[], file: number): void {
    // A read that was begun before may be over only after its values were removed.
    if (file < this.#removedBefore) return;
    const start = segmentStart(seq);
    const segment = this.#segments.get(start) ?? new Map<string, Uint8Array>();
    this.#segments.set(start, segment);
    for (const name of names) {
      const bits = segment.get(name) ?? new Uint8Array(SEGMENT_ENTRIES / BITS);
      segment.set(name, bits);
      const at = seq - start;
      setBit(bits, at, true);
    }
    if (file !== start) this.#elsewhere.set(seq, file);
  }

  /** An entry at `position` says what was erased; it speaks of entries before it only. */
  erased({ entries, names }: Pick<ValuesErased, 'entries' | 'names'>, position: number): void {
    for (const [first, last] of entries) this.#clear(first, Math.min(last, position - 1), names);
  }

  /** An entry at `position` says that the files of values of entries before `bound` were removed. */
  removedBefore(bound: number, position: number): void {
    const end = Math.min(bound, position);
    this.#removedBefore = Math.max(this.#removedBefore, end);
    this.#clear(0, end - 1, []);
    for (const [seq, file] of this.#elsewhere) if (file < end) this.#clear(seq, seq, []);
  }

  /** What is missing and was not explained. */
  get unexplained(): Unexplained[] {
    return [...this.#segments].flatMap(([start, segment]) => {
      const found = countOf([...segment.values()]);
      return found === undefined ? [] : [{ start, first: start + found.first, entries: found.entries }];
    });
  }

  #clear(first: number, last: number, names: readonly string[]): void {
    for (const [start, segment] of this.#segments) {
      const from = Math.max(0, first - start);
      const to = Math.min(SEGMENT_ENTRIES - 1, last - start);
      if (from > to) continue;
      for (const [name, bits] of segment) if (names.length === 0 || names.includes(name)) clearBits(bits, from, to);
    }
  }
}

function clearBits(bits: Uint8Array, from: number, to: number): void {
  if (from === 0 && to === SEGMENT_ENTRIES - 1) {
    bits.fill(0);
    return;
  }
  for (let at = from; at <= to; at++) setBit(bits, at, false);
}

/** Where the first bit is that is set in any, and how many are. */
function countOf(all: readonly Uint8Array[]): { readonly first: number; readonly entries: number } | undefined {
  let first = -1;
  let entries = 0;
  for (let at = 0; at < SEGMENT_ENTRIES; at++) {
    if (!all.some((bits) => ((bits[Math.floor(at / BITS)] ?? 0) & (1 << (at % BITS))) !== 0)) continue;
    if (first < 0) first = at;
    entries += 1;
  }
  return first < 0 ? undefined : { first, entries };
}

function setBit(bits: Uint8Array, at: number, value: boolean): void {
  const byte = Math.floor(at / BITS);
  const mask = 1 << (at % BITS);
  bits[byte] = value ? (bits[byte] ?? 0) | mask : (bits[byte] ?? 0) & ~mask;
}
