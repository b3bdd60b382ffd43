import {
  type BegunRead,
  type Commitment,
  DECISION_REACH,
  type Disclosure,
  type LedgerWriter,
  type NewLedgerEvent,
  type ReadOutcome,
} from '@sqlwarden/core';
import { LedgerError } from '@sqlwarden/ledger';

/** Events that already happened and still have to be written; more than this means that the ledger has been away for long. */
const MAX_UNWRITTEN = 100_000;

/**
 * The ledger as the engine uses it. What must be recorded before something happens is written or throws. What has happened already cannot
 * be undone: it is kept in memory until the ledger takes it, and nothing new may happen before that.
 */
export class Recorder {
  readonly #ledger: LedgerWriter;
  readonly #onTrouble: (error: Error) => void;
  readonly #unwritten: (() => void)[] = [];
  /** Where the entry of a decision stands. */
  readonly #decided = new WeakMap<object, number>();
  /** Of the last entry. */
  #last = 0;
  #refusal: (() => LedgerError | undefined) | undefined;

  constructor(ledger: LedgerWriter, onTrouble: (error: Error) => void) {
    this.#ledger = ledger;
    this.#onTrouble = onTrouble;
  }

  /** From now on no intent is written while `refusal` gives a reason. */
  refuseIntents(refusal: () => LedgerError | undefined): void {
    this.#refusal = refusal;
  }

  /** Writes an event before what it tells of may happen. Returns its `seq`; throws a `LedgerError`. */
  before(event: NewLedgerEvent, disclosures: readonly Disclosure[]): number {
    if (this.#refusal !== undefined && event.type === 'statement.intent') this.#assertNotRefused(this.#refusal());
    this.#catchUp();
    this.#last = this.#ledger.append(event, disclosures);
    return this.#last;
  }

  /**
   * Writes the beginning of a unit that gets one entry when it is over, before that one what was decided of it if that is not there yet.
   * Returns its ticket; throws a `LedgerError`.
   */
  begin(decision: object, decided: () => Decided, read: Omit<BegunRead, 'decision'>): number {
    this.#catchUp();
    let seq = this.#decided.get(decision);
    if (seq === undefined || this.#last - seq > DECISION_REACH / 2) {
      const { event, disclosures } = decided();
      this.#last = seq = this.#ledger.append(event, disclosures);
      this.#decided.set(decision, seq);
    }
    const { session, phase, parameters, transaction, asserted } = read;
    return this.#ledger.begin({ session, decision: seq, phase, parameters, transaction, asserted });
  }

  /**
   * Records what came of a unit that was begun; never throws. `durationUs`: microseconds from its beginning. Returns the entry's `seq`, where it
   * was written at once.
   */
  complete(ticket: number, outcome: ReadOutcome, durationUs: number): number | undefined {
    try {
      this.#catchUp();
      return this.#complete(ticket, outcome, durationUs);
    } catch (error) {
      return this.#late(() => this.#complete(ticket, outcome, durationUs), error as Error);
    }
  }

  #complete(ticket: number, outcome: ReadOutcome, durationUs: number): number | undefined {
    try {
      return (this.#last = this.#ledger.complete(ticket, outcome, durationUs));
    } catch (error) {
      // A ticket that the ledger does not know will not become known: it must not stand in the way of all others.
      if (!(error instanceof LedgerError) || error.code !== 'not-found') throw error;
      this.#onTrouble(error);
      return undefined;
    }
  }

  #assertNotRefused(reason: LedgerError | undefined): void {
    if (reason !== undefined) throw reason;
  }

  /** Everything that was recorded is with the operating system when this returns; throws a `LedgerError`. */
  flush(): void {
    this.#ledger.flush();
  }

  /** A promise while units should be held back; see `LedgerWriter.ready`. */
  ready(): Promise<void> | undefined {
    return this.#ledger.ready();
  }

  /** Records what has happened; never throws. Returns the entry's `seq`, where it was written at once. */
  after(event: NewLedgerEvent, disclosures: readonly Disclosure[] = []): number | undefined {
    try {
      this.#catchUp();
      return this.#write(event, disclosures);
    } catch (error) {
      return this.#late(() => this.#write(event, disclosures), error as Error);
    }
  }

  #late(write: () => void, error: Error): undefined {
    if (this.#unwritten.length < MAX_UNWRITTEN) this.#unwritten.push(write);
    this.#onTrouble(error);
  }

  durable(seq: number): Promise<void> {
    return this.#ledger.durable(seq);
  }

  commit(name: string, value: string | Uint8Array, into: Disclosure[]): Commitment {
    const { commitment, disclosure } = this.#ledger.commit(name, value);
    into.push(disclosure);
    return commitment;
  }

  #catchUp(): void {
    if (this.#unwritten.length === 0) return;
    let written = 0;
    try {
      for (const late of this.#unwritten) {
        late();
        written++;
      }
    } finally {
      this.#unwritten.splice(0, written);
    }
  }

  /** Writes what has happened. An event that no ledger can take must not stand in the way of all others: a finding stands in its place. */
  #write(event: NewLedgerEvent, disclosures: readonly Disclosure[]): number {
    try {
      return (this.#last = this.#ledger.append(event, disclosures));
    } catch (error) {
      if (!(error instanceof LedgerError) || (error.code !== 'entry-too-large' && error.code !== 'not-serialisable')) throw error;
      const seq = this.#ledger.append(unrecordable(event, error), []);
      this.#onTrouble(error);
      return seq;
    }
  }
}

/** What is the same for every execution under one decision. */
export interface Decided {
  readonly event: Extract<NewLedgerEvent, { type: 'statement.decided' }>;
  readonly disclosures: readonly Disclosure[];
}

function unrecordable(event: NewLedgerEvent, error: LedgerError): NewLedgerEvent {
  return {
    type: 'security.finding',
    session: 'session' in event ? event.session : '',
    kind: 'unrecordable',
    ...('intent' in event && event.intent !== undefined ? { intent: event.intent } : {}),
    detail: `an entry of type ${event.type} could not be written as it was (${error.code})`,
  };
}
