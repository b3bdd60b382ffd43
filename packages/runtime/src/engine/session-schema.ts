import type { CatalogueQuery, ResolvedCatalogue, Unit, WireSession } from '@sqlwarden/core';
import type { Engine } from './engine.js';
import type { Snapshot, Upstream } from './upstream.js';

/** What only this session sees: with its temporary relations, and with what its open transaction has changed. */
interface OwnSchema {
  readonly snapshot: Snapshot;
  /** Epoch of the committed schema that it goes with. */
  readonly base: number;
}

/** The schema as one session sees it. Usually the committed one; otherwise it is read on the client's own server connection. */
export class SessionSchema {
  readonly #engine: Engine;
  readonly #upstream: Upstream;
  readonly #session: WireSession;
  /** Undefined when there is none, or when it has changed since it was read. */
  #own: OwnSchema | undefined;
  /** What it was then: most of it will be the same. */
  #last: ResolvedCatalogue | undefined;
  /** Set when a statement of the running transaction may have changed the schema. */
  #changes: { readonly transaction: number; readonly intent: number | undefined } | undefined;
  #lastEnded = -1;
  /** The transaction of the last unit, and the committed schema by which its first one was judged. */
  #judged = { transaction: -1, version: -1 };
  /** Goes up when a unit is given up: what still looks for it must not be mistaken for a look for the next one. */
  #givenUp = 0;

  constructor(engine: Engine, upstream: Upstream, session: WireSession) {
    this.#engine = engine;
    this.#upstream = upstream;
    this.#session = session;
  }

  /** The open transaction may have changed it: its end may change it back. */
  get isChangedInTransaction(): boolean {
    return this.#changes !== undefined;
  }

  /** The highest ordinal of the transactions that have ended. */
  get lastEnded(): number {
    return this.#lastEnded;
  }

  /** The schema for a unit, if it is known without a look at it. */
  known(unit: Unit): Snapshot | undefined {
    const committed = this.#changes === undefined ? this.#upstream.current() : undefined;
    if (committed === undefined) return undefined;
    this.#isOlderThan(committed, unit);
    return unit.state.hasOwnRelations === true ? this.#ownFor(committed) : committed;
  }

  /** The schema for a unit, after as much of a look at it as is needed. Rejects when it cannot be read. */
  async look(unit: Unit): Promise<Snapshot> {
    if (this.#changes !== undefined && this.#changes.transaction !== unit.transaction.ordinal) this.#forget(true);
    const committed = await this.#upstream.fresh();
    const isOlder = this.#isOlderThan(committed, unit);
    const hasOwn = unit.state.hasOwnRelations === true;
    // In a failed transaction nothing can be read, and nothing but its end runs.
    const isOwn = (hasOwn || this.#changes !== undefined) && unit.transaction.status !== 'failed';
    if (!isOwn) return committed;
    const known = this.#ownFor(committed);
    if (known !== undefined) return known;
    const givenUp = this.#givenUp;
    const query: CatalogueQuery = (sql) =>
      givenUp === this.#givenUp ? this.#inject(sql) : Promise.reject(new Error('the unit was given up'));
    // What is incomplete would stay so for as long as nothing changes.
    const isLike = this.#last?.isIncomplete === true ? committed.resolved : (this.#last ?? committed.resolved);
    const resolved = await this.#upstream.readOwnCatalogue(query, isLike, committed, {
      isInTransaction: unit.transaction.status === 'open',
      isOlder,
    });
    // Most statements that may change the schema (a call of a routine that is not understood) do not.
    if (!hasOwn && resolved === committed.resolved) {
      this.#changes = undefined;
      return committed;
    }
    const snapshot = this.#upstream.snapshotOf(resolved);
    this.#own = { snapshot, base: committed.epoch };
    this.#last = resolved;
    return snapshot;
  }

  /** A look at the committed schema anew, where that is what a unit was judged by; `undefined` when nothing came of it. */
  async lookAgain(unit: Unit, before: Snapshot): Promise<Snapshot | undefined> {
    if (this.#own?.snapshot === before) return undefined;
    this.#upstream.suspect();
    const after = await this.look(unit);
    return after === before ? undefined : after;
  }

  /** The unit that is looked for was given up: nothing more is asked on its connection. */
  abandoned(): void {
    this.#givenUp += 1;
  }

  /** A statement that may change the schema was forwarded, or has run; `intent`: its entry, where it has one. */
  mayHaveChanged(transaction: number, intent: number | undefined): void {
    this.#own = undefined;
    if (transaction <= this.#lastEnded || this.#upstream.isSchemaShared) this.#engine.schemaSuspect(this.#upstream, intent);
    else this.#changes = { transaction, intent };
  }

  transactionEnded(ordinal: number, mayBeCommitted: boolean): void {
    this.#lastEnded = Math.max(this.#lastEnded, ordinal);
    if (this.#changes?.transaction === ordinal) this.#forget(mayBeCommitted);
  }

  /** The session is over; what its transaction did is not known. */
  ended(): void {
    this.#forget(true);
  }

  #forget(mayBeCommitted: boolean): void {
    const changes = this.#changes;
    this.#changes = undefined;
    this.#own = undefined;
    this.#last = undefined;
    if (changes !== undefined && mayBeCommitted) this.#engine.schemaSuspect(this.#upstream, changes.intent);
  }

  /** Whether the committed schema may have changed since the unit's transaction began. */
  #isOlderThan({ resolved }: Snapshot, { transaction: { ordinal } }: Unit): boolean {
    const { version } = resolved.catalogue;
    if (this.#judged.transaction !== ordinal) this.#judged = { transaction: ordinal, version };
    return this.#judged.version !== version;
  }

  #ownFor(committed: Snapshot): Snapshot | undefined {
    return this.#own?.base === committed.epoch ? this.#own.snapshot : undefined;
  }

  #inject(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    return new Promise((resolve, reject) => {
      this.#session.inject(sql, (result) => {
        if (result.kind === 'rows') resolve(result.rows);
        else reject(new Error(`the server refused a statement of the gateway: ${result.code}`));
      });
    });
  }
}
