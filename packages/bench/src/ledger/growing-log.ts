import type { Principal, ReadOutcome, StatementFacts } from '@sqlwarden/core';
import type { Ledger } from '@sqlwarden/ledger';

/** Who does one unit in ten thousand. */
export const RARE_SUBJECT = 'u-rare';

const CLIENTS = 8;
/** Of the units, one in so many is a write, with an intent, an outcome and an end of its transaction. */
const WRITES = 20;
const RARE = 10_000;
const OUTCOME: ReadOutcome = {
  status: 'ok',
  statements: [{ command: 'SELECT', rowsReturned: 1, rowsAffected: 1 }],
  bytesReturned: 37,
  maskedCells: 0,
  errorCode: undefined,
  suspended: false,
};
const FACTS: StatementFacts = {
  action: 'select',
  class: 'read',
  span: { start: 0, end: 60 },
  reads: ['public.accounts'],
  writes: [],
  columns: [
    { column: 'public.accounts.balance', use: 'output' },
    { column: 'public.accounts.id', use: 'predicate-equality' },
  ],
  outputs: [{ name: 'balance', origins: [{ column: 'public.accounts.balance', how: 'same' }], opaque: false }],
  routines: [],
  filter: 'present',
  limit: null,
  opaque: [],
  flows: [],
  locks: false,
  schemaChanges: [],
  stateEffect: 'none',
  elevated: false,
};
const UPDATE: StatementFacts = {
  ...FACTS,
  action: 'update',
  class: 'write',
  writes: ['public.accounts'],
  columns: [...FACTS.columns, { column: 'public.accounts.balance', use: 'write-target' }],
  outputs: undefined,
};
const WHERE = { upstream: 'crm', database: 'crm', environment: 'production', enforcement: 'gateway' } as const;
const DECIDED = {
  ...WHERE,
  fingerprint: 'f'.repeat(64),
  labels: [],
  rules: ['app-reads-and-writes'],
  policy: 'a'.repeat(64),
  catalogue: 1,
  elevated: false,
  masks: [],
};

/** A day at a gateway: sessions that read by a prepared statement with one parameter, and write now and then. */
export class GrowingLog {
  readonly #ledger: Ledger;
  #units = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** At least so many entries. */
  async grow(entries: number): Promise<void> {
    const sessions = Array.from({ length: CLIENTS }, (_, client) => this.#login(`s-${client}`, `u-${client}`));
    const rare = this.#login('s-rare', RARE_SUBJECT);
    let decision = -1;
    let open: number[] = [];
    while (this.#ledger.size < entries) {
      // As the gateway does: readers look back so far only.
      if (decision < 0 || this.#ledger.size - decision > 500_000) decision = this.#decide();
      for (const ticket of open) this.#ledger.complete(ticket, OUTCOME, 412);
      open = [];
      for (const session of sessions) {
        this.#units += 1;
        const who = this.#units % RARE === 0 ? rare : session;
        if (this.#units % WRITES === 0) this.#write(who);
        else open.push(this.#read(who.session, decision));
      }
      this.#ledger.flush();
      await this.#ledger.ready();
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const ticket of open) this.#ledger.complete(ticket, OUTCOME, 412);
  }

  #login(session: string, id: string): { readonly session: string; readonly principal: Principal } {
    const subject = { kind: 'person', issuer: 'https://id.example', id, groups: ['app'], groupsComplete: true } as const;
    const principal: Principal = { subject, actors: [], proof: { subject: 'token', groups: 'token' }, expiresAt: 0 };
    const { environment: _environment, ...where } = WHERE;
    this.#ledger.append(
      { type: 'session.opened', session, principal, ...where, dialect: 'postgres', client: '10.0.0.7:5001', asserted: {} },
      [],
    );
    return { session, principal };
  }

  #decide(): number {
    const text = this.#ledger.commit('text', 'select balance from accounts where id = $1');
    return this.#ledger.append({ type: 'statement.decided', ...DECIDED, text: text.commitment, facts: [FACTS], verdict: 'allow' }, [
      text.disclosure,
    ]);
  }

  #read(session: string, decision: number): number {
    const value = Buffer.from(String(100_000 + (this.#units % 100_000)));
    const parameters = [{ typeId: 23, format: 'text', value }] as const;
    return this.#ledger.begin({ session, decision, phase: 'execute', parameters, transaction: this.#units });
  }

  #write({ session, principal }: { readonly session: string; readonly principal: Principal }): void {
    const text = this.#ledger.commit('text', 'update accounts set balance = balance + $1 where id = $2');
    const parameters = [1, this.#units].map((value) => this.#ledger.commit('parameter', String(value)));
    const intent = this.#ledger.append(
      {
        type: 'statement.intent',
        ...DECIDED,
        session,
        principal,
        phase: 'execute',
        text: text.commitment,
        parameters: parameters.map(({ commitment }) => commitment),
        facts: [UPDATE],
        transaction: this.#units,
        verdict: 'allow',
      },
      [text.disclosure, ...parameters.map(({ disclosure }) => disclosure)],
    );
    const statements = [{ command: 'UPDATE', rowsReturned: 0, rowsAffected: 1 }];
    this.#ledger.append(
      {
        type: 'statement.outcome',
        intent,
        session,
        status: 'ok',
        statements,
        bytesReturned: 0,
        maskedCells: 0,
        durationUs: 900,
        transaction: this.#units,
      },
      [],
    );
    this.#ledger.append({ type: 'transaction.ended', session, transaction: this.#units, end: 'committed' }, []);
  }
}
