import type { Disclosure } from '@sqlwarden/core';
import { formatDisclosures } from './disclosure-lines.js';
import { begunLine, entryLine } from './write-ahead.js';

/** What was taken since the last flush, as the text that is to be written. */
export class TurnBuffer {
  /** The lines of the write-ahead file's frame. */
  lines = '';
  /** The lines for the disclosure file. */
  disclosures = '';
  /** Entries in it. */
  entries = 0;

  get isEmpty(): boolean {
    return this.lines === '';
  }

  /** UTF-16 units: at most the bytes that will be written. */
  get length(): number {
    return this.lines.length + this.disclosures.length;
  }

  addEntry(text: string): void {
    this.lines += entryLine(text);
    this.entries += 1;
  }

  addBegun(text: string): void {
    this.lines += begunLine(text);
  }

  /** `key`: the `seq` of an entry, or the ticket of a read. */
  addDisclosures(key: number, disclosures: readonly Disclosure[]): void {
    if (disclosures.length > 0) this.disclosures += formatDisclosures(key, disclosures);
  }

  /** As {@link addDisclosures}, for the JSON texts of disclosures with commas between them. */
  addDisclosureTexts(key: number, texts: string): void {
    if (texts !== '') this.disclosures += `[${key},[${texts}]]\n`;
  }

  clear(): void {
    this.lines = '';
    this.disclosures = '';
    this.entries = 0;
  }
}
