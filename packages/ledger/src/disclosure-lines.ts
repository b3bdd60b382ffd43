import { canonicalJson, canonicalString, type Disclosure } from '@sqlwarden/core';

/**
 * The lines of a disclosure file: `[key,[{"name":…,"salt":…,"value":…}]]`, canonical JSON, one line per entry that has values behind
 * commitments. The key is the `seq` of the entry; or, for the parameters of a read, whose entry comes later, its ticket: minus the `read` of that
 * entry. A line may be removed (the value is erased and the entry stays provable), never changed.
 */

/** A line, with its newline. */
export function formatDisclosures(key: number, disclosures: readonly Disclosure[]): string {
  const items = disclosures.map(
    ({ name, salt, value }) =>
      `{"name":${canonicalString(name)},"salt":${canonicalString(salt)},"value":${canonicalString(wellFormed(value))}}`,
  );
  return `[${key},[${items.join(',')}]]\n`;
}

export interface DisclosureLine {
  /** The `seq` of the entry, or the ticket of the read. */
  readonly key: number;
  readonly disclosures: readonly Disclosure[];
}

/** Reads a line without its newline; `undefined` when it is not one that {@link formatDisclosures} writes. */
export function parseDisclosures(line: string): DisclosureLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
    if (canonicalJson(value) !== line) return undefined;
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [key, disclosures] = value as [unknown, unknown];
  if (!Number.isSafeInteger(key) || !Array.isArray(disclosures) || disclosures.length === 0) return undefined;
  return disclosures.every(isDisclosure) ? { key: Number(key), disclosures } : undefined;
}

export interface DisclosureFile {
  readonly lines: readonly { readonly number: number; readonly start: number; readonly line: DisclosureLine | undefined }[];
  /** What stands behind the last newline: a line of which only the beginning was written. */
  readonly torn: Buffer;
}

/** Reads a whole file. Lines that are malformed have `line: undefined`. Numbers count from 1, `start` is in bytes. */
export function parseDisclosureFile(file: Buffer): DisclosureFile {
  const lines: { number: number; start: number; line: DisclosureLine | undefined }[] = [];
  let start = 0;
  for (let end = file.indexOf(0x0a); end >= 0; end = file.indexOf(0x0a, start)) {
    const bytes = file.subarray(start, end);
    const text = bytes.toString('utf8');
    // Bytes that are not UTF-8 would read as replacement characters.
    const line = Buffer.from(text).equals(bytes) ? parseDisclosures(text) : undefined;
    lines.push({ number: lines.length + 1, start, line });
    start = end + 1;
  }
  return { lines, torn: file.subarray(start) };
}

/** The key that an incomplete line begins with, when that much of it is there. */
export function tornKey(torn: Buffer): number | undefined {
  const digits = /^\[(0|-?[1-9][0-9]*),/.exec(torn.toString('latin1'))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function isDisclosure(value: unknown): value is Disclosure {
  if (typeof value !== 'object' || value === null) return false;
  const { name, salt, value: disclosed } = value as Record<string, unknown>;
  return Object.keys(value).length === 3 && typeof name === 'string' && typeof salt === 'string' && typeof disclosed === 'string';
}

/** Lone surrogates become U+FFFD, as they do in the UTF-8 that was committed to. */
function wellFormed(text: string): string {
  return text.replaceAll(/[\ud800-\udfff]/gu, '\ufffd');
}
