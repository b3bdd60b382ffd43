import type { LedgerEvent } from '@sqlwarden/core';
import { ledgerSize } from '../entry-bytes.js';
import { firstEntry } from '../first-entry.js';
import { readIndex } from '../index-files/index-store.js';
import type { SegmentIndex } from '../index-files/segment-index.js';
import { SEGMENT_ENTRIES, segmentStart } from '../layout.js';
import { type LedgerEntry, readEntries } from '../read.js';
import type { Accounts, UnitContext } from './accounts.js';
import { EntryPlan } from './entry-plan.js';
import { LogState, requestIn, sessionIn } from './log-state.js';
import { ReadContexts } from './read-context.js';
import { type Selection, selectUnits } from './selection.js';

/** How questions are answered. */
export interface QueryOptions {
  /**
   * False: every entry is read. By default index files say which have to be: what an answer has is in the log then; that there is no more, the
   * index says.
   */
  readonly index?: boolean;
}

/** What an answer relies on. */
export interface IndexUse {
  /** Entries that the answer is about. */
  entries: number;
  /** Segments of which only what their index names was read. */
  indexed: number;
  /** The first entry that there is: what retention has removed before it is in no answer. */
  first: number;
  /** First entries of segments that have an index which is damaged or does not fit: they were read whole. */
  readonly unfit: number[];
}

export function newIndexUse(): IndexUse {
  return { entries: 0, indexed: 0, first: 0, unfit: [] };
}

export interface ReadUnit {
  readonly entry: LedgerEntry;
  readonly context: UnitContext | undefined;
}

/** The entries of a log that a question needs, in order, with what {@link Accounts.add} needs beside each. */
export class UnitSource {
  readonly #directory: string;
  readonly #selection: Selection;
  readonly #accounts: Accounts;
  readonly #state = new LogState();
  readonly #contexts: ReadContexts;
  readonly use: IndexUse;

  /** `accounts` is given every entry before the next one is asked for. */
  constructor(directory: string, selection: Selection, accounts: Accounts, use: IndexUse = newIndexUse()) {
    this.#directory = directory;
    this.#selection = selection;
    this.#accounts = accounts;
    this.#contexts = new ReadContexts(directory);
    this.use = use;
  }

  /** Throws a `LedgerError` as `readEntries` does. */
  async *read({ index = true }: QueryOptions): AsyncGenerator<ReadUnit, void, undefined> {
    this.use.first = await firstEntry(this.#directory);
    let first = Math.max(this.use.first, segmentStart(this.#selection.since ?? 0));
    // Which segments are full; what comes later is read to its end.
    const size = await ledgerSize(this.#directory);
    for (; first + SEGMENT_ENTRIES <= size; first += SEGMENT_ENTRIES) {
      const found = index ? await readIndex(this.#directory, first) : 'missing';
      if (found === 'unfit') this.use.unfit.push(first);
      if (typeof found === 'string') yield* this.#whole(first, first + SEGMENT_ENTRIES);
      else yield* this.#indexed(found);
    }
    yield* this.#whole(first, Number.POSITIVE_INFINITY);
  }

  async *#whole(from: number, to: number): AsyncGenerator<ReadUnit, void, undefined> {
    for await (const entry of readEntries(this.#directory, { from, to })) {
      this.use.entries += 1;
      this.#contexts.note(entry);
      yield* this.#untold(entry.event);
      if (this.#state.note(entry.event)) yield { entry, context: await this.#context(entry.event) };
    }
  }

  async *#indexed(index: SegmentIndex): AsyncGenerator<ReadUnit, void, undefined> {
    this.use.indexed += 1;
    this.use.entries += SEGMENT_ENTRIES;
    const { schemaChange } = this.#selection;
    const changes = schemaChange === undefined ? [] : index.schemaChanges.filter(schemaChange).map(({ position }) => position);
    const units = selectUnits(index, this.#selection);
    const plan = new EntryPlan([...units, ...changes, ...index.restarts].sort((a, b) => a - b));
    for (const session of this.#accounts.awaited) this.#follow(plan, index, session);
    for (const { request, entries } of index.requests) if (this.#state.isTold(request)) plan.follow(`request ${request}`, () => entries);
    for (;;) {
      const position = plan.next((name) => name.startsWith(SESSION) && !this.#accounts.waitsFor(name.slice(SESSION.length)));
      if (position === undefined) break;
      const entry = await this.#entry(index, position);
      if (entry === undefined) break;
      yield* this.#untold(entry.event, index);
      yield { entry, context: await this.#context(entry.event, index) };
      if (entry.event.type === 'statement.intent' && this.#accounts.waitsFor(entry.event.session))
        this.#follow(plan, index, entry.event.session);
      const request = requestOf(entry.event);
      if (request !== undefined && this.#state.isTold(request)) plan.follow(`request ${request}`, () => requestIn(index, request));
    }
    this.#state.pass(index);
  }

  /** `undefined` when retention has removed the segment meanwhile. */
  async #entry({ first }: SegmentIndex, position: number): Promise<LedgerEntry | undefined> {
    try {
      return await this.#contexts.read(first + position);
    } catch (error) {
      if ((await firstEntry(this.#directory)) <= first) throw error;
      return undefined;
    }
  }

  #follow(plan: EntryPlan, { sessions }: SegmentIndex, session: string): void {
    plan.follow(SESSION + session, () => {
      const { ends = [], closed = [] } = sessionIn(sessions, session) ?? {};
      return [...ends, ...closed].sort((a, b) => a - b);
    });
  }

  /** What the request of a unit was, where it has not been told. */
  async *#untold(event: LedgerEvent, index?: SegmentIndex): AsyncGenerator<ReadUnit, void, undefined> {
    const request = requestOf(event);
    if (request === undefined) return;
    const position = index === undefined ? 0 : event.seq - index.first;
    for (const seq of this.#state.untold(request, index, position)) yield { entry: await this.#contexts.read(seq), context: undefined };
  }

  async #context(event: LedgerEvent, index?: SegmentIndex): Promise<UnitContext | undefined> {
    if (event.type === 'statement.completed') return this.#contexts.of(event);
    if (event.type !== 'statement.intent' && event.type !== 'statement.refused') return undefined;
    const opened = this.#state.opened(event.session, index, event.seq - (index?.first ?? 0));
    return { session: opened === undefined ? undefined : await this.#contexts.session(opened, event.session) };
  }
}

const SESSION = 'session ';

function requestOf(event: LedgerEvent): string | undefined {
  if (event.type === 'statement.intent') return event.approval?.request;
  return event.type === 'statement.refused' ? event.request : undefined;
}
