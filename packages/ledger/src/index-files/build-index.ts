import type { LedgerEvent, SessionOpened, StatementDecided } from '@sqlwarden/core';
import { EntryBytes, signedSize } from '../entry-bytes.js';
import { SEGMENT_ENTRIES } from '../layout.js';
import { LedgerError } from '../ledger-error.js';
import { identityNames } from '../query/identity-names.js';
import { TileSource } from '../tile-files.js';
import { type Act, actOf } from './act.js';
import { type CompletedPlaces, completedPlaces } from './completed-places.js';
import type { SegmentIndex } from './segment-index.js';
import { SegmentRoot } from './segment-root.js';

/**
 * Makes the index of a full segment from its entries, and nothing else but the decisions and sessions that they name: the same bytes every time. Throws a
 * {@link LedgerError}: `not-found` when the segment is not full and signed or was removed, `corrupt` when its entries are not those that were hashed.
 */
export async function buildIndex(directory: string, first: number): Promise<SegmentIndex> {
  const root = await signedRoot(directory, first);
  if (root === undefined) throw new LedgerError('not-found', `the segment at entry ${first} is not full and signed yet`);
  const source = new EntryBytes(directory);
  const builder = new Builder(first, async (seq) => parse(await source.at(seq), seq));
  const hashed = new SegmentRoot();
  for (let next = first; next < first + SEGMENT_ENTRIES; ) {
    const run = await source.run(next);
    if (run === undefined) throw new LedgerError('corrupt', `entry ${next} is missing: run "sqlwarden ledger verify"`);
    for (const bytes of run.slice(0, first + SEGMENT_ENTRIES - next)) {
      hashed.add(bytes);
      // Most entries are those of reads, of which little is asked, and need nothing else to be read.
      const read = completedPlaces(bytes);
      const waiting = read === undefined ? builder.add(parse(bytes, next), next) : builder.addRead(read, next);
      if (waiting !== undefined) await waiting;
      next += 1;
    }
  }
  if (hashed.root() !== root)
    throw new LedgerError('corrupt', `the entries from ${first} on are not those that were hashed: run "sqlwarden ledger verify"`);
  return builder.index(root);
}

/** The hash over the segment in the tree, as base64; `undefined` when it is not full and signed. */
export async function signedRoot(directory: string, first: number): Promise<string | undefined> {
  const size = await signedSize(directory);
  if (first + SEGMENT_ENTRIES > size) return undefined;
  const hash = new TileSource(directory, size).subtree(Math.log2(SEGMENT_ENTRIES), first / SEGMENT_ENTRIES);
  return Buffer.from(hash).toString('base64');
}

/** The hash over the whole segment is compared afterwards: what is read here is what the log wrote. */
function parse(bytes: Buffer, seq: number): LedgerEvent {
  try {
    return JSON.parse(bytes.toString('utf8')) as LedgerEvent;
  } catch (error) {
    throw new LedgerError('corrupt', `entry ${seq} cannot be read: run "sqlwarden ledger verify"`, { cause: error });
  }
}

interface MutableSession {
  readonly session: string;
  readonly opened: number[];
  readonly closed: number[];
  readonly ends: number[];
}

class Builder {
  readonly #first: number;
  readonly #read: (seq: number) => Promise<LedgerEvent>;
  readonly #acts = new Distinct<Act>();
  readonly #names = new Distinct<readonly string[]>();
  readonly #who = new Distinct<{ readonly session: string; readonly names: number }>();
  readonly #units = { positions: [] as number[], acts: [] as number[], who: [] as number[], times: [] as number[] };
  readonly #sessions = new Map<string, MutableSession>();
  readonly #requests = new Map<string, number[]>();
  readonly #restarts: number[] = [];
  readonly #schemaChanges: SegmentIndex['schemaChanges'][number][] = [];
  readonly #named = new Set<number>();
  /** The act of a decision, and who a session is of, by their entries. */
  readonly #decisions = new Map<number, number>();
  readonly #opened = new Map<number, number>();

  constructor(first: number, read: (seq: number) => Promise<LedgerEvent>) {
    this.#first = first;
    this.#read = read;
  }

  /** Returns a promise where another entry has to be read. */
  add(event: LedgerEvent, seq: number): Promise<void> | undefined {
    const position = seq - this.#first;
    if (event.type === 'statement.completed') return this.addRead(event, seq);
    if (event.type === 'statement.intent' || event.type === 'statement.refused') {
      const names = this.#names.idOf(identityNames(event.principal));
      this.#unit(position, this.#acts.idOf(actOf(event)), this.#who.idOf({ session: event.session, names }), event.time);
    } else if (event.type === 'statement.decided') this.#decisions.set(seq, this.#acts.idOf(actOf(event)));
    else if (event.type === 'session.opened') {
      this.#opened.set(seq, this.#whoOf(event));
      this.#session(event.session).opened.push(position);
    } else if (event.type === 'session.closed') this.#session(event.session).closed.push(position);
    else if (event.type === 'statement.outcome' || event.type === 'transaction.ended') this.#session(event.session).ends.push(position);
    else if (event.type === 'approval.requested' || event.type === 'approval.decided' || event.type === 'approval.ended')
      listIn(this.#requests, event.request).push(position);
    else if (event.type === 'log.opened') this.#restarts.push(position);
    else if (event.type === 'schema.changed') {
      const { time, upstream, intent = null, changes, withheld } = event;
      const names = withheld === undefined ? changes.map(({ name }) => name) : null;
      this.#schemaChanges.push({ position, time, upstream, intent, names });
    }
    return undefined;
  }

  /** A `statement.completed`, as {@link add}. */
  addRead(read: CompletedPlaces, seq: number): Promise<void> | undefined {
    const position = seq - this.#first;
    const act = this.#decisions.get(read.decision);
    const who = this.#opened.get(read.opened);
    if (act === undefined || who === undefined) return this.#lookUp(read, position);
    this.#note(read);
    this.#unit(position, act, who, read.startedAt);
    return undefined;
  }

  index(root: string): SegmentIndex {
    return {
      first: this.#first,
      root,
      acts: this.#acts.values,
      names: this.#names.values,
      who: this.#who.values,
      units: this.#units,
      sessions: [...this.#sessions.values()],
      requests: [...this.#requests].map(([request, entries]) => ({ request, entries })),
      restarts: this.#restarts,
      schemaChanges: this.#schemaChanges,
      named: [...this.#named].sort((a, b) => a - b),
    };
  }

  async #lookUp(read: CompletedPlaces, position: number): Promise<void> {
    const decision = await this.#read(read.decision);
    const session = await this.#read(read.opened);
    if (!isDecided(decision) || session.type !== 'session.opened')
      throw new LedgerError(
        'corrupt',
        `entry ${this.#first + position} names a decision or session that is none: run "sqlwarden ledger verify"`,
      );
    const act = this.#acts.idOf(actOf(decision));
    const who = this.#whoOf(session);
    this.#decisions.set(read.decision, act);
    this.#opened.set(read.opened, who);
    this.#note(read);
    this.#unit(position, act, who, read.startedAt);
  }

  #note({ decision, opened }: CompletedPlaces): void {
    for (const seq of [decision, opened]) if (seq < this.#first) this.#named.add(seq);
  }

  #unit(position: number, act: number, who: number, time: number): void {
    this.#units.positions.push(position);
    this.#units.acts.push(act);
    this.#units.who.push(who);
    this.#units.times.push(time);
  }

  #whoOf({ session, principal }: SessionOpened): number {
    return this.#who.idOf({ session, names: this.#names.idOf(identityNames(principal)) });
  }

  #session(session: string): MutableSession {
    let known = this.#sessions.get(session);
    if (known === undefined) {
      known = { session, opened: [], closed: [], ends: [] };
      this.#sessions.set(session, known);
    }
    return known;
  }
}

/** Different values in the order in which they came, each with its place in that order. */
class Distinct<T> {
  readonly values: T[] = [];
  readonly #ids = new Map<string, number>();

  idOf(value: T): number {
    const text = JSON.stringify(value);
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    this.#ids.set(text, this.values.length);
    return this.values.push(value) - 1;
  }
}

function listIn(lists: Map<string, number[]>, key: string): number[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function isDecided(event: LedgerEvent): event is StatementDecided {
  return event.type === 'statement.decided';
}
