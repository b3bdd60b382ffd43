import { createHash } from 'node:crypto';
import { SEGMENT_ENTRIES } from '../layout.js';
import type { NamedFacts } from '../query/touches.js';
import type { Act } from './act.js';

/**
 * What the entries of a full segment are about. Derived from the log, proof of nothing, and never of values that can be erased.
 *
 * As a file: lines of JSON. The first is the head, `{"v":1,"first":…,"root":"…","sha256":"…"}`: the first entry; the base64 hash (RFC 6962 section 2.1)
 * over the entries it was made of; the hex SHA-256 of all the lines behind it. Then one line for each field of {@link SegmentContents}, in that
 * order. Positions are those of entries in the segment; lists of them, and of times, have the difference to the one before. Of acts and their facts,
 * lists that are empty are left out.
 */
export interface SegmentIndex extends SegmentContents {
  readonly first: number;
  readonly root: string;
}

export interface SegmentContents {
  /** The distinct acts of its units. */
  readonly acts: readonly Act[];
  /** The distinct lists of names that principals are found by. */
  readonly names: readonly (readonly string[])[];
  /** Who units are of: a session, and one of `names`. */
  readonly who: readonly { readonly session: string; readonly names: number }[];
  /** Its units by their first entry: position, act, who, and when it began. */
  readonly units: Units;
  /** What is told of sessions, but for units. */
  readonly sessions: readonly SessionEntries[];
  /** What is told of requests for an approval. */
  readonly requests: readonly { readonly request: string; readonly entries: readonly number[] }[];
  /** The `log.opened` entries. */
  readonly restarts: readonly number[];
  readonly schemaChanges: readonly IndexedSchemaChange[];
  /** The entries before the segment that reads in it name: decisions, and beginnings of sessions. */
  readonly named: readonly number[];
}

export interface Units {
  readonly positions: readonly number[];
  readonly acts: readonly number[];
  readonly who: readonly number[];
  readonly times: readonly number[];
}

export interface SessionEntries {
  readonly session: string;
  readonly opened: readonly number[];
  readonly closed: readonly number[];
  /** Outcomes of intents, and ends of transactions. */
  readonly ends: readonly number[];
}

export interface IndexedSchemaChange {
  readonly position: number;
  readonly time: number;
  readonly upstream: string;
  readonly intent: number | null;
  /** `null`: withheld from the entry for their number. */
  readonly names: readonly string[] | null;
}

const VERSION = 1;

export function encodeIndex(index: SegmentIndex): Buffer {
  const { units } = index;
  const lines: unknown[] = [
    index.acts.map((act) => ({ ...withoutEmpty(act), facts: act.facts.map(withoutEmpty) })),
    index.names,
    index.who,
    { ...units, positions: differences(units.positions), times: differences(units.times) },
    index.sessions.map((one) => ({
      ...one,
      opened: differences(one.opened),
      closed: differences(one.closed),
      ends: differences(one.ends),
    })),
    index.requests.map((one) => ({ ...one, entries: differences(one.entries) })),
    index.restarts,
    index.schemaChanges,
    differences(index.named),
  ];
  const body = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return Buffer.concat([
    Buffer.from(`${JSON.stringify({ v: VERSION, first: index.first, root: index.root, sha256: digest(body) })}\n`),
    body,
  ]);
}

/** More than a head has. */
export const MAX_HEAD_BYTES = 512;

export interface IndexHead {
  readonly first: number;
  readonly root: string;
  readonly sha256: string;
  /** Where the other lines begin. */
  readonly end: number;
}

/** The head of a file; `undefined` when it is none of this version. */
export function headOf(file: Buffer): IndexHead | undefined {
  const end = file.subarray(0, MAX_HEAD_BYTES).indexOf(0x0a) + 1;
  try {
    const { v, first, root, sha256 } = JSON.parse(file.toString('utf8', 0, end)) as Readonly<Record<string, unknown>>;
    if (v !== VERSION || !Number.isSafeInteger(first) || typeof root !== 'string' || typeof sha256 !== 'string') return undefined;
    return { first: Number(first), root, sha256, end };
  } catch {
    return undefined;
  }
}

/** `undefined` when it is not, whole and unchanged, what {@link encodeIndex} makes. */
export function decodeIndex(file: Buffer): SegmentIndex | undefined {
  const head = headOf(file);
  const body = file.subarray(head?.end ?? 0);
  if (head === undefined || head.sha256 !== digest(body)) return undefined;
  try {
    const index = { first: head.first, root: head.root, ...contents(body) };
    return isConsistent(index) ? index : undefined;
  } catch {
    return undefined;
  }
}

/** The lines behind the head, as `encodeIndex` writes them. */
type Lines = readonly [
  acts: readonly Act[],
  names: SegmentContents['names'],
  who: SegmentContents['who'],
  units: Units,
  sessions: readonly SessionEntries[],
  requests: SegmentContents['requests'],
  restarts: readonly number[],
  schemaChanges: readonly IndexedSchemaChange[],
  named: readonly number[],
];

function contents(body: Buffer): SegmentContents {
  // The digest says who wrote it; what is used of it as a place is checked below.
  const lines = body.toString('utf8').trimEnd().split('\n');
  const [acts, names, who, units, sessions, requests, restarts, schemaChanges, named] = lines.map(
    (line) => JSON.parse(line) as unknown,
  ) as unknown as Lines;
  return {
    acts: acts.map((act) => ({ ...EMPTY_ACT, ...act, facts: act.facts.map((facts) => ({ ...EMPTY_FACTS, ...facts })) })),
    names,
    who,
    units: { ...units, positions: sums(units.positions), times: sums(units.times) },
    sessions: sessions.map((one) => ({ ...one, opened: sums(one.opened), closed: sums(one.closed), ends: sums(one.ends) })),
    requests: requests.map(({ request, entries }) => ({ request, entries: sums(entries) })),
    restarts,
    schemaChanges,
    named: sums(named),
  };
}

/** Everything that is used as a place is one: a file that was made by somebody else must not lead anywhere. */
function isConsistent({ units, acts, who, names, sessions, requests, restarts, schemaChanges }: SegmentIndex): boolean {
  const ascending = (list: readonly number[]): boolean =>
    list.every((position, at) => Number.isInteger(position) && position > (list[at - 1] ?? -1) && position < SEGMENT_ENTRIES);
  const within = (list: readonly number[], length: number): boolean =>
    list.length === units.positions.length && list.every((value) => Number.isInteger(value) && value >= 0 && value < length);
  return (
    ascending(units.positions) &&
    within(units.acts, acts.length) &&
    within(units.who, who.length) &&
    units.times.length === units.positions.length &&
    who.every((one) => names[one.names] !== undefined) &&
    sessions.every(({ opened, closed, ends }) => ascending(opened) && ascending(closed) && ascending(ends)) &&
    requests.every(({ entries }) => ascending(entries)) &&
    ascending(restarts) &&
    ascending(schemaChanges.map(({ position }) => position))
  );
}

const EMPTY_ACT = { rules: [], labels: [], protectedColumns: [], masks: [] } as const satisfies Partial<Act>;
const EMPTY_FACTS = { reads: [], writes: [], columns: [], flows: [], schemaChanges: [], opaque: [] } as const satisfies Partial<NamedFacts>;

function withoutEmpty(of: object): object {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => !Array.isArray(value) || value.length > 0));
}

function digest(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

function differences(values: readonly number[]): number[] {
  return values.map((value, at) => value - (at === 0 ? 0 : (values[at - 1] ?? 0)));
}

function sums(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => (sum += value));
}
