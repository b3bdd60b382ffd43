import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disclosure } from '@sqlwarden/core';
import { parseDisclosures } from './disclosure-lines.js';
import { disclosuresPath } from './layout.js';
import { ifMissing } from './ledger-error.js';

/** Disclosure files in memory at once: that of the entries at hand, and that of reads which were begun before. */
const MAX_FILES = 3;
const LINE_END = 0x0a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

interface DisclosureFile {
  readonly bytes: Buffer;
  /** Where the line of a key begins. */
  readonly lines: ReadonlyMap<number, number>;
}

/** The disclosure files, a few in memory at a time; a line is read when it is asked for. */
export class DisclosureReader {
  readonly #directory: string;
  /** By the first entry of the file, those read last at the end. */
  readonly #files = new Map<number, DisclosureFile>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What the file of the segment at `start` has under a key. */
  async of(start: number, key: number): Promise<readonly Disclosure[]> {
    const known = this.#files.get(start);
    const found = known === undefined ? undefined : lineOf(known, key);
    if (found !== undefined) return found;
    // A gateway at work may have written more since the file was read.
    if (known !== undefined && (await this.#bytesOf(start)) === known.bytes.length) return [];
    return lineOf(await this.#read(start), key) ?? [];
  }

  async #read(start: number): Promise<DisclosureFile> {
    const bytes = (await readFile(join(this.#directory, disclosuresPath(start))).catch(ifMissing)) ?? Buffer.alloc(0);
    const file = { bytes, lines: linesOf(bytes) };
    this.#files.delete(start);
    this.#files.set(start, file);
    for (const oldest of this.#files.keys()) {
      if (this.#files.size <= MAX_FILES) break;
      this.#files.delete(oldest);
    }
    return file;
  }

  async #bytesOf(start: number): Promise<number> {
    return (await stat(join(this.#directory, disclosuresPath(start))).catch(ifMissing))?.size ?? 0;
  }
}

/** Where each whole line begins that has the beginning of one: `[<key>,`. */
function linesOf(bytes: Buffer): Map<number, number> {
  const lines = new Map<number, number>();
  let start = 0;
  for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
    const key = keyAt(bytes, start + 1);
    if (key !== undefined) lines.set(key, start);
    start = end + 1;
  }
  return lines;
}

function keyAt(bytes: Buffer, start: number): number | undefined {
  const negative = bytes[start] === MINUS;
  let at = negative ? start + 1 : start;
  const first = at;
  let key = 0;
  for (let digit = bytes[at]; digit !== undefined && digit >= ZERO && digit <= NINE; digit = bytes[++at]) key = key * 10 + digit - ZERO;
  return at === first ? undefined : negative ? -key : key;
}

/** `undefined` when there is none, or none that {@link parseDisclosures} reads. */
function lineOf({ bytes, lines }: DisclosureFile, key: number): readonly Disclosure[] | undefined {
  const start = lines.get(key);
  if (start === undefined) return undefined;
  const line = bytes.subarray(start, bytes.indexOf(LINE_END, start));
  const text = line.toString('utf8');
  // Bytes that are not UTF-8 would read as replacement characters.
  const parsed = Buffer.from(text).equals(line) ? parseDisclosures(text) : undefined;
  return parsed?.key === key ? parsed.disclosures : undefined;
}
