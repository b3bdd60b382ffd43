import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commitmentsOf, type Disclosure, type LedgerEvent } from '@sqlwarden/core';
import { segmentOfRead } from '../begun-reads.js';
import { type DisclosureLine, parseDisclosureFile, tornKey } from '../disclosure-lines.js';
import { disclosuresPath, SEGMENT_ENTRIES, segmentStart, segmentStarts } from '../layout.js';
import { ifMissing } from '../ledger-error.js';
import { openDisclosures } from '../open-disclosures.js';
import { MissingValues } from './missing-values.js';
import type { Findings } from './report.js';

const LISTED = 100;

/** What is known of a log's end when its entries were read. */
export interface LogEnd {
  /** How many entries there are by now. */
  readonly total: () => Promise<number>;
  readonly closed: boolean;
  /** The entries that were written since. */
  readonly later: () => AsyncIterable<{ readonly event: LedgerEvent; readonly position: number }>;
}

interface Line {
  readonly file: string;
  readonly number: number;
  readonly disclosures: readonly Disclosure[];
}

/** Compares the values beside the log with the commitments in it. A value that is gone is redacted, and a finding
 * when no entry says that it was erased; one that was changed is a finding. */
export class DisclosureChecks {
  readonly redacted = { entries: 0, unexplained: 0, first: [] as number[] };
  readonly #directory: string;
  readonly #findings: Findings;
  #start = -1;
  /** The lines of the present file that no entry has asked for yet, by `seq`. */
  #lines = new Map<number, Line>();
  /** The lines of reads that no entry has asked for yet, by `read`; those of earlier files too: a read may be over much later. */
  readonly #reads = new Map<number, Line>();
  #torn: Buffer | undefined;
  readonly #missing = new MissingValues();
  /** Segments without a file, or with an empty one. */
  readonly #absent = new Set<number>();
  /** Lines about entries that were not there when their file was ended. */
  readonly #beyond: { readonly file: string; readonly number: number; readonly seq: number | undefined }[] = [];
  /** Entries so far. */
  #seen = 0;

  constructor(directory: string, findings: Findings) {
    this.#directory = directory;
    this.#findings = findings;
  }

  async add(event: LedgerEvent, position: number): Promise<void> {
    this.#seen = position + 1;
    this.#explain(event, position);
    if (segmentStart(position) !== this.#start) await this.#load(segmentStart(position));
    const lines = this.#linesOf(event, position);
    const first = lines[0];
    if (first === undefined) {
      this.#redacted(
        event,
        position,
        commitmentsOf(event).map(({ name }) => name),
      );
      return;
    }
    const { redacted, strangers } = openDisclosures(
      event,
      lines.flatMap(({ disclosures }) => disclosures),
    );
    if (strangers > 0) this.#changed(position, first);
    this.#redacted(event, position, redacted, strangers > 0);
  }

  /** After the last entry. A log that is open has grown since. */
  async end({ total, closed, later }: LogEnd): Promise<void> {
    this.#finish();
    if (this.#missing.unexplained.length > 0) for await (const { event, position } of later()) this.#explain(event, position);
    this.#reportMissing();
    await this.#otherFiles();
    // While the log is open, or after a crash, some reads are not over.
    if (closed) for (const { file, number } of this.#reads.values()) this.#beyond.push({ file, number, seq: undefined });
    const entries = this.#beyond.length === 0 ? 0 : await total();
    for (const { file, number, seq } of this.#beyond) {
      if (seq !== undefined && seq < entries) continue;
      // Values are written before their entries: a crash, or a writer at work, leaves the lines of one write too many.
      if (!closed && (seq === undefined || seq - entries < SEGMENT_ENTRIES))
        this.#findings.add('disclosure-torn', `line ${number} is of an entry that was not written`, { file });
      else this.#findings.add('disclosure-unexpected', `line ${number} is of an entry that does not exist`, { file });
    }
  }

  #linesOf(event: LedgerEvent, position: number): Line[] {
    const own = this.#lines.get(position);
    this.#lines.delete(position);
    const values = event.type === 'statement.completed' ? this.#reads.get(event.read) : undefined;
    if (event.type === 'statement.completed') this.#reads.delete(event.read);
    return [own, values].filter((line) => line !== undefined);
  }

  async #load(start: number): Promise<void> {
    this.#finish();
    this.#start = start;
    this.#lines = new Map();
    const path = disclosuresPath(start);
    const file = await readFile(join(this.#directory, path)).catch(ifMissing);
    const { lines, torn } = parseDisclosureFile(file ?? Buffer.alloc(0));
    this.#torn = torn.length > 0 ? torn : undefined;
    if (lines.length === 0) this.#absent.add(start);
    const last = { seq: -1, read: 0 };
    for (const { number, line } of lines) {
      if (line === undefined) this.#findings.add('disclosure-malformed', `line ${number} is not one that the log wrote`, { file: path });
      else if (!this.#keep(line, number, last))
        this.#findings.add('disclosure-unexpected', `line ${number} is out of place`, {
          file: path,
          ...(line.key >= 0 ? { seq: line.key } : {}),
        });
    }
  }

  /** False when the line does not belong here. Entries are in order, and reads are. */
  #keep({ key, disclosures }: DisclosureLine, number: number, last: { seq: number; read: number }): boolean {
    const line = { file: disclosuresPath(this.#start), number, disclosures };
    if (key >= 0) {
      if (key <= last.seq || segmentStart(key) !== this.#start) return false;
      last.seq = key;
      this.#lines.set(key, line);
    } else {
      if (-key <= last.read || segmentOfRead(-key) !== this.#start) return false;
      last.read = -key;
      this.#reads.set(-key, line);
    }
    return true;
  }

  /** What is left of the present file belongs to entries that are not there. */
  #finish(): void {
    if (this.#start < 0) return;
    const file = disclosuresPath(this.#start);
    for (const [seq, { number }] of this.#lines) this.#beyond.push({ file, number, seq });
    if (this.#torn !== undefined) this.#cut(file, tornKey(this.#torn));
    this.#lines.clear();
    this.#torn = undefined;
  }

  /** The file ends in the beginning of a line. The entries are read before it, so that a writer at work does not explain one of theirs. */
  #cut(file: string, key: number | undefined): void {
    // What is cut off of a read may be of one that was never forwarded; when it was, its entry counts as redacted.
    const seq = key !== undefined && key < 0 ? undefined : key;
    if (seq === undefined || seq >= this.#seen) this.#beyond.push({ file, number: 0, seq });
    else this.#findings.add('disclosure-malformed', `the last line, of entry ${seq}, was cut off`, { file, seq });
  }

  async #otherFiles(): Promise<void> {
    const names = (await readdir(join(this.#directory, 'disclosures')).catch(ifMissing)) ?? [];
    const starts = new Set(segmentStarts(names));
    for (const name of names) {
      const file = join('disclosures', name);
      const start = [...starts].find((candidate) => disclosuresPath(candidate) === file);
      if (start === undefined || start % SEGMENT_ENTRIES !== 0)
        this.#findings.add('disclosure-unexpected', 'this file is not one of the log', { file });
      // A file that begins behind the last entry of the log: a writer may have just made it, with nothing or one line in it.
      else if (start > this.#start) this.#beyond.push({ file, number: 1, seq: start });
    }
  }

  /** `isChanged`: that was said already, and no erasure would explain it. */
  #redacted(event: LedgerEvent, position: number, names: readonly string[], isChanged = false): void {
    if (names.length === 0) return;
    this.redacted.entries += 1;
    if (this.redacted.first.length < LISTED) this.redacted.first.push(position);
    if (!isChanged) this.#missing.add(position, names, event.type === 'statement.completed' ? segmentOfRead(event.read) : this.#start);
  }

  #explain(event: LedgerEvent, position: number): void {
    if (event.type === 'values.erased') this.#missing.erased(event, position);
    else if (event.type === 'retention.applied') this.#missing.removedBefore(event.valuesBefore, position);
  }

  #reportMissing(): void {
    for (const { start, first, entries } of this.#missing.unexplained) {
      this.redacted.unexplained += entries;
      const place = { file: disclosuresPath(start), seq: first };
      const count = entries === 1 ? 'a value of 1 entry is' : `values of ${entries} entries are`;
      if (this.#absent.has(start))
        this.#findings.add(
          'disclosures-missing',
          `the file is missing or empty, so the values behind the commitments of its entries are gone, and no entry says that they were erased: restore it`,
          place,
        );
      else
        this.#findings.add(
          'values-missing',
          `${count} gone, and no entry says that they were erased: restore the file from a backup`,
          place,
        );
    }
  }

  #changed(position: number, { file, number }: Line): void {
    const message = `line ${number} holds a value that is not the one that entry ${position} commits to: it was changed, or belongs to another entry`;
    this.#findings.add('disclosure-changed', message, { file, seq: position });
  }
}
