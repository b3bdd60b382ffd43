import type { Commitment, Disclosure, LedgerWriter, NewLedgerEvent } from '@sqlwarden/core';
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
  readonly #unwritten: Unwritten[] = [];

  constructor(ledger: LedgerWriter, onTrouble: (error: Error) => void) {
    this.#ledger = ledger;
    this.#onTrouble = onTrouble;
  }

  /** Writes an event before what it tells of may happen. Returns its `seq`; throws a `LedgerError`. */
  before(event: NewLedgerEvent, disclosures: readonly Disclosure[]): number {
    this.#catchUp();
    return this.#ledger.append(event, disclosures);
  }

  /** Records what has happened; never throws. */
  after(event: NewLedgerEvent, disclosures: readonly Disclosure[] = []): void {
    try {
      this.#catchUp();
      this.#write({ event, disclosures });
    } catch (error) {
      if (this.#unwritten.length < MAX_UNWRITTEN) this.#unwritten.push({ event, disclosures });
      this.#onTrouble(error as Error);
    }
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
        this.#write(late);
        written++;
      }
    } finally {
      this.#unwritten.splice(0, written);
    }
  }

  /** Writes what has happened. An event that no ledger can take must not stand in the way of all others: a finding stands in its place. */
  #write({ event, disclosures }: Unwritten): void {
    try {
      this.#ledger.append(event, disclosures);
    } catch (error) {
      if (!(error instanceof LedgerError) || (error.code !== 'entry-too-large' && error.code !== 'not-serialisable')) throw error;
      this.#ledger.append(unrecordable(event, error), []);
      this.#onTrouble(error);
    }
  }
}

interface Unwritten {
  readonly event: NewLedgerEvent;
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
