import { type BackendMessage, cellsOf } from '../harness/backend-messages.js';
import type { ProtectedValue } from './subjects.js';

/** A piece of a protected value, and how it was written. */
export interface CanaryFound {
  readonly form: string;
  readonly piece: string;
}

interface Pattern {
  readonly form: string;
  readonly bytes: Buffer;
}

/**
 * Finds pieces of protected values in what a client received: plain in either letter case, reversed, in hex, in base64 at each alignment,
 * percent-encoded, as character codes; inside a cell, spread over the cells of a row or of a column, with separators in between, in UTF-16; and
 * numbers, dates and the like in their binary formats.
 */
export class CanaryOracle {
  readonly #texts = new PatternIndex();
  readonly #binary = new PatternIndex();
  readonly #cells = new Set<string>();

  /** @param pieceLength characters that give a value away; four where masks show nothing of it. */
  constructor(values: readonly ProtectedValue[], pieceLength = 4) {
    for (const text of new Set(values.flatMap(({ texts }) => texts)))
      for (const pattern of textPatterns(text, pieceLength)) this.#texts.add(pattern);
    for (const value of values) {
      for (const bytes of value.bytes ?? []) this.#binary.add({ form: 'binary', bytes });
      for (const cell of value.cells ?? []) this.#cells.add(cell.toString('hex'));
    }
  }

  findIn(messages: readonly BackendMessage[]): CanaryFound[] {
    const told = messages
      .filter(({ type }) => type !== 'K')
      .map((message) => (message.type === 'A' ? message.body.subarray(4) : message.body));
    const rows = messages.filter(({ type }) => type === 'D').map(cellsOf);
    const cells = rows.flat().filter((cell) => cell !== null);
    const raw = Buffer.concat(told);
    return [
      ...this.#binary.findIn(raw),
      ...haystacks(raw, rows).flatMap((haystack) => this.#texts.findIn(haystack)),
      ...cells.filter((cell) => this.#cells.has(cell.toString('hex'))).map((cell) => ({ form: 'cell', piece: cell.toString('hex') })),
    ];
  }
}

/** Patterns of four bytes and more by their first four. */
class PatternIndex {
  readonly #byStart = new Map<number, Pattern[]>();

  add(pattern: Pattern): void {
    const start = pattern.bytes.readUInt32BE(0);
    const others = this.#byStart.get(start);
    if (others === undefined) this.#byStart.set(start, [pattern]);
    else if (!others.some(({ bytes }) => bytes.equals(pattern.bytes))) others.push(pattern);
  }

  /** The first piece of each form. */
  findIn(haystack: Buffer): CanaryFound[] {
    const found = new Map<string, CanaryFound>();
    let window = 0;
    for (let at = 0; at < haystack.length; at += 1) {
      window = ((window << 8) | (haystack[at] ?? 0)) >>> 0;
      if (at < 3) continue;
      for (const { form, bytes } of this.#byStart.get(window) ?? []) {
        if (found.has(form) || haystack.compare(bytes, 0, bytes.length, at - 3, Math.min(at - 3 + bytes.length, haystack.length)) !== 0)
          continue;
        found.set(form, { form, piece: form === 'binary' ? bytes.toString('hex') : bytes.toString('latin1') });
      }
    }
    return [...found.values()];
  }
}

/** All in lower case, as haystacks are. */
function textPatterns(text: string, pieceLength: number): Pattern[] {
  const lower = text.toLowerCase();
  const reversed = [...lower].reverse().join('');
  const windows = (of: string, length: number): string[] =>
    Array.from({ length: Math.max(0, of.length - length + 1) }, (_, at) => of.slice(at, at + length));
  const hex = (of: string): string => Buffer.from(of).toString('hex');
  const percent = (of: string): string => hex(of).replaceAll(/../g, '%$&');
  const forms: Record<string, readonly string[]> = {
    plain: windows(lower, pieceLength),
    reversed: windows(reversed, pieceLength),
    hex: windows(lower, pieceLength).map(hex),
    'hex of upper case': windows(lower.toUpperCase(), pieceLength).map(hex),
    'reversed hex': windows(reversed, pieceLength).map(hex),
    'percent-encoded': windows(lower, pieceLength).map(percent),
    base64: [lower, lower.toUpperCase(), reversed].flatMap((of) => base64Pieces(of, windows)),
  };
  return Object.entries(forms).flatMap(([form, pieces]) => pieces.map((piece) => ({ form, bytes: Buffer.from(piece, 'latin1') })));
}

/** At whichever of the three alignments a text begins, six bytes in a row that begin a group of three are these eight characters. */
function base64Pieces(text: string, windows: (of: string, length: number) => string[]): string[] {
  return windows(text, 6).map((piece) => Buffer.from(piece).toString('base64').toLowerCase());
}

type Row = readonly (Buffer | null)[];

function haystacks(raw: Buffer, rows: readonly Row[]): Buffer[] {
  const text = raw.toString('latin1').toLowerCase();
  const width = Math.max(0, ...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, index) => rows.map((row) => row[index] ?? null));
  const joined = [...columns, ...rows].map((cells) => cells.map((cell) => cell?.toString('latin1') ?? '').join(''));
  const codes = columns.map((cells) => cells.map(characterOf).join(''));
  // Apart from the text itself: without what may stand between its parts, and as the characters whose codes it lists.
  const others = [...joined, ...codes, text.replaceAll(/[\0\s,.;:{}()[\]"'\\_-]+/g, ''), codesIn(text)];
  return [text, others.join('\u0001').toLowerCase()].map((haystack) => Buffer.from(haystack, 'latin1'));
}

/** A cell that holds the code of a printable character, as that character. */
function characterOf(cell: Buffer | null): string {
  if (cell === null) return '';
  const text = cell.toString('latin1');
  const code = /^\d{2,3}$/.test(text) ? Number(text) : cell.length === 4 ? cell.readInt32BE(0) : 0;
  return code >= 32 && code < 127 ? String.fromCharCode(code) : '';
}

/** Lists of character codes, such as `{57,48,49}`. */
function codesIn(text: string): string {
  const runs = text.match(/\d{2,3}(?:[,; ]+\d{2,3}){3,}/g) ?? [];
  return runs.map((run) => String.fromCharCode(...run.split(/\D+/).map(Number))).join('\u0001');
}
