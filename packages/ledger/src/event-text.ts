import { canonicalJson, canonicalString, type Disclosure, MAX_ENTRY_BYTES, type NewLedgerEvent, type Withheld } from '@sqlwarden/core';
import { LedgerError } from './ledger-error.js';

/** Makes a commitment and the disclosure that opens it; see `LedgerWriter.commit`. */
export type Commit = (
  name: string,
  value: string,
) => { readonly commitment: { readonly commitment: string }; readonly disclosure: Disclosure };

export interface EventText {
  /** Canonical JSON of the whole event (RFC 8785). */
  readonly text: string;
  /** Those given, and one for each field that was withheld. */
  readonly disclosures: readonly Disclosure[];
}

/** Fields whose values are shared by many events and never change: their text is made once per object. */
const SHARED_FIELDS: ReadonlySet<string> = new Set([
  'principal',
  'requester',
  'approver',
  'facts',
  'masks',
  'protectedColumns',
  'labels',
  'rules',
  'groups',
  'asserted',
]);
/** Distinct sets of property names that are remembered; there are about as many as event types. */
const MAX_SHAPES = 256;

/** Turns events into canonical JSON. Properties that are `undefined` are left out, as in JSON. */
export class EventTexts {
  readonly #commit: Commit;
  readonly #shared = new WeakMap<object, string>();
  readonly #shapes = new Map<string, Shape>();

  constructor(commit: Commit) {
    this.#commit = commit;
  }

  /**
   * The text of an event. A list that makes it larger than an entry may be is withheld, largest first: it is empty in the event, and its whole
   * text is behind a commitment. Throws a {@link LedgerError}: `entry-too-large` when that does not help, `not-serialisable` for values
   * that JSON does not have.
   */
  write(event: NewLedgerEvent, seq: number, time: number, disclosures: readonly Disclosure[]): EventText {
    const text = this.#text(event, { seq, time });
    // No character takes more than three bytes in UTF-8 for each of its UTF-16 units.
    if (text.length * 3 <= MAX_ENTRY_BYTES || Buffer.byteLength(text) <= MAX_ENTRY_BYTES) return { text, disclosures };
    return this.#withhold({ ...event }, { seq, time }, disclosures);
  }

  #withhold(event: Record<string, unknown>, stamp: Stamp, disclosures: readonly Disclosure[]): EventText {
    const lists = Object.entries(event)
      .filter(([, value]) => Array.isArray(value) && value.length > 0)
      .map(([field, value]) => ({ field, text: this.#field(field, value) }))
      .sort((a, b) => b.text.length - a.text.length);
    const withheld: Withheld[] = [];
    const all = [...disclosures];
    for (const { field, text } of lists) {
      const { commitment, disclosure } = this.#commit(`withheld.${field}`, text);
      withheld.push({ field, ...commitment });
      all.push(disclosure);
      event[field] = [];
      const shorter = this.#text({ ...event, withheld }, stamp);
      if (Buffer.byteLength(shorter) <= MAX_ENTRY_BYTES) return { text: shorter, disclosures: all };
    }
    throw new LedgerError(
      'entry-too-large',
      'the event does not fit in an entry of the ledger: shorten the text or the identity that it records',
    );
  }

  #text(event: object, stamp: Stamp): string {
    const properties = event as Readonly<Record<string, unknown>>;
    let text = '';
    for (const { key, prefix } of this.#shape(event)) {
      if (key === 'v') text += ',"v":1';
      else if (key === 'seq' || key === 'time') text += `${prefix}${stamp[key]}`;
      else {
        const value = properties[key];
        if (value !== undefined) text += prefix + this.#field(key, value);
      }
    }
    return `{${text.slice(1)}}`;
  }

  #field(key: string, value: unknown): string {
    if (typeof value !== 'object' || value === null || !SHARED_FIELDS.has(key)) return canonical(value);
    let text = this.#shared.get(value);
    if (text === undefined) {
      // A string that was put together from many is kept as all of these until its bytes are asked for.
      text = Buffer.from(canonical(value)).toString();
      this.#shared.set(value, text);
    }
    return text;
  }

  #shape(event: object): Shape {
    const keys = Object.keys(event);
    const name = keys.join();
    let shape = this.#shapes.get(name);
    if (shape === undefined) {
      if (this.#shapes.size >= MAX_SHAPES) this.#shapes.clear();
      // The default order of sort is that of UTF-16 code units, as RFC 8785 section 3.2.3 asks. What the log stamps is not the caller's to say.
      const sorted = [...new Set([...keys, 'seq', 'time', 'v'])].sort();
      shape = sorted.map((key) => ({ key, prefix: `,${canonicalString(key)}:` }));
      this.#shapes.set(name, shape);
    }
    return shape;
  }
}

interface Stamp {
  readonly seq: number;
  readonly time: number;
}

/** The properties of an event in canonical order, each with the text before its value. */
type Shape = readonly { readonly key: string; readonly prefix: string }[];

function canonical(value: unknown): string {
  try {
    return canonicalJson(value, 'omit');
  } catch (error) {
    const detail = error instanceof Error ? error.message : 'it is not json';
    throw new LedgerError('not-serialisable', `the event cannot be written: ${detail}`, { cause: error });
  }
}
