import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Actor, NewLedgerEvent, Party, Principal, ReadOutcome, StatementFacts, UnitRecord } from '@sqlwarden/core';
import { Ledger } from '../ledger.js';
import type { LedgerOptions } from '../ledger-options.js';

/** A ledger for tests, filled through the writer that the gateway uses, and the people of the scene that the product is about. */

export const ORIGIN = 'gateway.example/production';
export const START = Date.UTC(2026, 10, 23, 2, 0, 0);

const OKTA = 'https://id.example';
const party = (kind: Party['kind'], id: string, name: string, groups: readonly string[]): Party => ({
  kind,
  issuer: OKTA,
  id,
  name,
  groups,
  groupsComplete: true,
});
const principal = (subject: Party, actors: readonly Actor[] = []): Principal => ({
  subject,
  actors,
  proof: { subject: 'token', groups: 'token', ...(actors.length > 0 ? { actors: 'token' as const, model: 'token' as const } : {}) },
  expiresAt: START + 86_400_000,
});

export const ada = principal(party('person', 'u-ada', 'Ada', ['ml']));
export const bot: Actor = {
  ...party('agent', 'a-features', 'feature-bot', []),
  version: '1.4',
  model: { provider: 'example', name: 'planner', version: '2026-10' },
};
export const agent = principal(party('person', 'u-ada', 'Ada', ['ml']), [bot]);
export const dan = principal(party('person', 'u-dan', 'Dan', ['dba']));
export const trainer = principal(party('service', 's-train', 'training job', ['training']));

export const NO_FACTS: StatementFacts = {
  action: 'select',
  class: 'read',
  span: { start: 0, end: 8 },
  reads: [],
  writes: [],
  columns: [],
  outputs: undefined,
  routines: [],
  filter: 'none',
  limit: null,
  opaque: [],
  flows: [],
  locks: false,
  schemaChanges: [],
  stateEffect: 'none',
  elevated: false,
};

/** An empty directory that is removed by {@link removeScratch}. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-ledger-'));
  directories.push(directory);
  return directory;
}
const directories: string[] = [];
export function removeScratch(): void {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/** A clock that goes on by 10 ms with every look. */
export function ticking(start = START): () => number {
  let now = start;
  return () => (now += 10);
}

export function openLedger(directory: string, options: Partial<LedgerOptions> = {}): Promise<Ledger> {
  return Ledger.open({ directory, origin: ORIGIN, software: 'sqlwarden test', clock: ticking(), checkpointMs: 3_600_000, ...options });
}

export interface UnitOptions {
  readonly as?: Principal;
  readonly session?: string;
  readonly text?: string;
  readonly parameters?: readonly string[];
  readonly facts?: Partial<StatementFacts>;
  readonly record?: Partial<UnitRecord>;
  readonly transaction?: number;
}

export const READ: ReadOutcome = {
  status: 'ok',
  statements: [{ command: 'SELECT', rowsReturned: 1, rowsAffected: 1 }],
  bytesReturned: 20,
  maskedCells: 0,
  errorCode: undefined,
  suspended: false,
};

/** Plays units into a ledger. */
export class Player {
  readonly ledger: Ledger;
  #transaction = 0;

  constructor(ledger: Ledger) {
    this.ledger = ledger;
  }

  unit(options: UnitOptions): { readonly record: UnitRecord; readonly disclosures: Parameters<Ledger['append']>[1] } {
    const text = this.ledger.commit('text', options.text ?? 'select 1');
    const parameters = (options.parameters ?? []).map((value) => this.ledger.commit('parameter', value));
    const record: UnitRecord = {
      session: options.session ?? 's1',
      upstream: 'crm',
      database: 'crmdb',
      environment: 'production',
      principal: options.as ?? ada,
      enforcement: 'gateway',
      phase: 'query',
      text: text.commitment,
      fingerprint: 'f'.repeat(64),
      parameters: parameters.map(({ commitment }) => commitment),
      facts: [{ ...NO_FACTS, ...options.facts }],
      labels: [],
      rules: ['default'],
      policy: 'p'.repeat(64),
      catalogue: 1,
      transaction: options.transaction ?? ++this.#transaction,
      elevated: false,
      masks: [],
      ...options.record,
    };
    return { record, disclosures: [text.disclosure, ...parameters.map(({ disclosure }) => disclosure)] };
  }

  /** Appends as the gateway does: what is appended is written before anything else happens. */
  append(...[event, disclosures]: Parameters<Ledger['append']>): number {
    const seq = this.ledger.append(event, disclosures);
    this.ledger.flush();
    return seq;
  }

  intent(options: UnitOptions = {}, more: { readonly approval?: { readonly request: string; readonly digest: string } } = {}): number {
    const { record, disclosures } = this.unit(options);
    return this.append(
      { type: 'statement.intent', ...record, verdict: more.approval === undefined ? 'allow' : 'approved', ...more },
      disclosures,
    );
  }

  outcome(intent: number, more: Partial<Extract<NewLedgerEvent, { type: 'statement.outcome' }>> = {}): number {
    return this.append(
      {
        type: 'statement.outcome',
        intent,
        session: 's1',
        status: 'ok',
        statements: [{ command: 'SELECT', rowsReturned: 1, rowsAffected: null }],
        bytesReturned: 20,
        maskedCells: 0,
        durationUs: 900,
        transaction: this.#transaction,
        ...more,
      },
      [],
    );
  }

  ended(transaction = this.#transaction, end: 'committed' | 'rolled-back' | 'unknown' = 'committed', session = 's1'): number {
    return this.append({ type: 'transaction.ended', session, transaction, end }, []);
  }

  /** A unit that runs to its end in a transaction of its own. */
  run(options: UnitOptions = {}): number {
    const seq = this.intent(options);
    this.outcome(seq, { session: options.session ?? 's1' });
    this.ended(undefined, 'committed', options.session ?? 's1');
    return seq;
  }

  /** Opens a session; reads need one. Returns the `seq` of its entry. */
  login(session = 's1', as: Principal = ada): number {
    return this.append(
      {
        type: 'session.opened',
        session,
        upstream: 'crm',
        dialect: 'postgres',
        database: 'crmdb',
        enforcement: 'gateway',
        principal: as,
        client: '10.0.0.7:5001',
        asserted: {},
      },
      [],
    );
  }

  /** What is decided of a unit that is read. Returns the `seq` of its entry. */
  decided(options: UnitOptions = {}): number {
    const { record, disclosures } = this.unit({ ...options, parameters: [] });
    const { session: _s, principal: _p, phase: _ph, parameters: _pa, transaction: _t, ...decided } = record;
    return this.append({ type: 'statement.decided', ...decided, verdict: 'allow' }, disclosures.slice(0, 1));
  }

  /** Begins a read. Returns its ticket. */
  begin(decision: number, options: UnitOptions = {}): number {
    const values = (options.parameters ?? []).map((value) => new TextEncoder().encode(value));
    const ticket = this.ledger.begin({
      session: options.session ?? 's1',
      decision,
      phase: 'execute',
      parameters: values.map((value) => ({ typeId: 25, format: 'text', value })),
      transaction: options.transaction ?? ++this.#transaction,
      asserted: options.record?.asserted,
    });
    this.ledger.flush();
    return ticket;
  }

  /** Ends a read. Returns the `seq` of its entry. */
  complete(ticket: number, more: Partial<ReadOutcome> = {}): number {
    const seq = this.ledger.complete(ticket, { ...READ, ...more }, 900);
    this.ledger.flush();
    return seq;
  }

  request(options: UnitOptions, more: Partial<Extract<NewLedgerEvent, { type: 'approval.requested' }>> = {}): number {
    const { record, disclosures } = this.unit(options);
    const { session, upstream, text, parameters, facts, labels } = record;
    return this.append(
      {
        type: 'approval.requested',
        request: 'k3f9',
        digest: 'd'.repeat(64),
        session,
        upstream,
        requester: record.principal,
        text,
        parameters,
        facts,
        labels,
        rule: 'agent-schema-change',
        groups: ['dba'],
        people: 1,
        expiresAt: START + 900_000,
        ...more,
      },
      disclosures,
    );
  }

  decide(approver: Principal, more: Partial<Extract<NewLedgerEvent, { type: 'approval.decided' }>> = {}): number {
    const token = this.ledger.commit('token', 'eyJ.header.signature');
    const comment = this.ledger.commit('comment', 'ticket CHG-1');
    return this.append(
      {
        type: 'approval.decided',
        request: 'k3f9',
        digest: 'd'.repeat(64),
        decision: 'approve',
        approver,
        token: token.commitment,
        comment: comment.commitment,
        ...more,
      },
      [token.disclosure, comment.disclosure],
    );
  }

  /** The scene: an agent alters a table after a DBA approved, a training job reads it masked, a drop is refused. */
  scene(): { readonly altered: number; readonly trained: number; readonly refused: number } {
    this.append(
      {
        type: 'session.opened',
        session: 's1',
        upstream: 'crm',
        dialect: 'postgres',
        database: 'crmdb',
        enforcement: 'gateway',
        principal: agent,
        client: '10.0.0.7:5001',
        asserted: { application_name: 'pipeline' },
      },
      [],
    );
    const alter: UnitOptions = {
      as: agent,
      text: 'alter table public.people add column risk_score numeric',
      facts: {
        action: 'alter',
        class: 'schema',
        writes: ['public.people'],
        schemaChanges: [
          {
            operation: 'alter',
            kind: 'table',
            name: 'public.people',
            columns: [{ operation: 'add', name: 'risk_score', type: 'numeric' }],
          },
        ],
      },
      record: { rules: ['agent-schema-change'] },
    };
    this.request(alter);
    this.decide(dan);
    const altered = this.intent(alter, { approval: { request: 'k3f9', digest: 'd'.repeat(64) } });
    this.outcome(altered, { statements: [{ command: 'ALTER TABLE', rowsReturned: 0, rowsAffected: null }] });
    this.ended();
    this.append({ type: 'approval.ended', request: 'k3f9', digest: 'd'.repeat(64), end: 'used' }, []);
    this.append(
      {
        type: 'schema.changed',
        upstream: 'crm',
        intent: altered,
        catalogue: 2,
        changes: [{ operation: 'added', kind: 'column', name: 'public.people.risk_score', detail: 'numeric' }],
      },
      [],
    );
    const trained = this.intent({
      as: trainer,
      text: 'select risk_score, email from people',
      facts: {
        reads: ['public.people'],
        columns: [
          { column: 'public.people.risk_score', use: 'output' },
          { column: 'public.people.email', use: 'output' },
        ],
        filter: 'absent',
      },
      record: {
        labels: ['pii.email'],
        rules: ['training-reads'],
        protectedColumns: [{ column: 'public.people.email', label: 'pii.email' }],
        masks: [{ statement: 0, output: 1, label: 'pii.email', function: 'email', sources: ['public.people.email'] }],
      },
    });
    this.outcome(trained, { maskedCells: 500, statements: [{ command: 'SELECT', rowsReturned: 500, rowsAffected: 500 }] });
    this.ended();
    const { record, disclosures } = this.unit({
      as: agent,
      text: 'drop table people',
      facts: {
        action: 'drop',
        class: 'schema',
        writes: ['public.people'],
        schemaChanges: [{ operation: 'drop', kind: 'table', name: 'public.people' }],
      },
    });
    const refused = this.append(
      {
        type: 'statement.refused',
        ...record,
        code: 'policy-denied',
        rule: 'no-drop-in-production',
        message: 'drop through a migration, with a change ticket',
      },
      disclosures,
    );
    this.append({ type: 'session.closed', session: 's1', reason: 'closed by client', durationMs: 4_000 }, []);
    return { altered, trained, refused };
  }
}
