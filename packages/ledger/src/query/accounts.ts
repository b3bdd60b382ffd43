import {
  type ApprovalRequested,
  type Disclosure,
  disclosedBytes,
  type LedgerEvent,
  type SessionOpened,
  type StatementCompleted,
  type StatementIntent,
  type StatementOutcome,
  type StatementRefused,
  type TransactionEnded,
} from '@sqlwarden/core';
import type { LedgerEntry } from '../read.js';
import type { ReadContext } from './read-context.js';
import type { ApprovalAccount, DecisionAccount, OutcomeAccount, StatementAccount } from './account.js';
import { UnitEnds } from './unit-ends.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Pending {
  readonly account: Mutable<StatementAccount>;
  readonly ends: UnitEnds;
  settled: boolean;
}

/** What goes with the entry of a unit: of a read its decision and session, of any other unit the beginning of its session, where that is known. */
export type UnitContext = ReadContext | { readonly decision?: undefined; readonly session: SessionOpened | undefined };

/** Complete accounts that may wait for one before them. */
const MAX_HELD = 16_384;

/**
 * Joins the entries of a log to one account per unit. Fed in order; gives accounts back in the order of their intents, each when it is complete
 * (its transactions have ended), and the rest at the end. Keeps what is open: transactions, approvals. Where so many wait for a transaction that
 * does not end that memory would grow with the log, they go before it.
 */
export class Accounts {
  readonly #want: (account: StatementAccount) => boolean;
  #pending: Pending[] = [];
  readonly #bySeq = new Map<number, Pending>();
  /** What is not settled, by session. */
  readonly #open = new Map<string, Set<Pending>>();
  readonly #approvals = new Map<string, Mutable<ApprovalAccount>>();
  /** How many may be pending before the first one does not hold the others back any more. */
  #room = MAX_HELD;

  /** Only units that are wanted are kept; the rest cost nothing. `want` sees them before anything came of them. */
  constructor(want: (account: StatementAccount) => boolean) {
    this.#want = want;
  }

  /** Whether something of that session is wanted of which more is to come. */
  waitsFor(session: string): boolean {
    return this.#open.has(session);
  }

  /** The sessions of {@link waitsFor}. */
  get awaited(): Iterable<string> {
    return this.#open.keys();
  }

  /** Returns the accounts that this entry completes. */
  add(entry: LedgerEntry, context?: UnitContext): StatementAccount[] {
    if (entry.event.type === 'statement.completed' && context?.decision !== undefined) this.#read(entry.event, context);
    else this.#take(entry, entry.event, context?.session);
    return this.#complete();
  }

  /** What is still open at the end of the log. */
  end(): StatementAccount[] {
    for (const pending of this.#pending) pending.settled = true;
    return this.#complete();
  }

  #take(entry: LedgerEntry, event: LedgerEvent, session: SessionOpened | undefined): void {
    if (event.type === 'statement.intent' || event.type === 'statement.refused') this.#unit(entry, event, session);
    else if (event.type === 'statement.outcome') this.#outcome(entry, event);
    else if (event.type === 'transaction.ended') this.#transactionEnded(event);
    else if (event.type === 'session.closed') this.#sessionClosed(event.session);
    else if (event.type === 'approval.requested') this.#approvals.set(event.request, requestAccount(event));
    else if (event.type === 'approval.decided' || event.type === 'approval.ended') this.#approval(entry, event);
    else if (event.type === 'log.opened') this.#restarted();
  }

  #unit(entry: LedgerEntry, event: StatementIntent | StatementRefused, session: SessionOpened | undefined): void {
    const account = unitAccount(entry, event, session, this.#approvals);
    if (!this.#want(account)) return;
    const pending = { account, ends: new UnitEnds(), settled: event.type === 'statement.refused' };
    this.#pending.push(pending);
    if (pending.settled) return;
    this.#bySeq.set(event.seq, pending);
    const open = this.#open.get(event.session) ?? new Set();
    this.#open.set(event.session, open.add(pending));
  }

  #read(event: StatementCompleted, context: ReadContext): void {
    const account = readAccount(event, context);
    if (this.#want(account)) this.#pending.push({ account, ends: new UnitEnds(), settled: true });
  }

  #outcome(entry: LedgerEntry, event: StatementOutcome): void {
    const pending = this.#bySeq.get(event.intent);
    if (pending === undefined || pending.settled) return;
    pending.account.outcome = doneOutcome(event);
    pending.ends.resultsErased = entry.redacted.includes('withheld.statements');
    // A unit that ends a transaction itself has its outcome after that.
    if (pending.ends.isSettled(pending.account)) this.#settle(pending);
  }

  #transactionEnded({ session, transaction, end }: TransactionEnded): void {
    for (const pending of this.#open.get(session) ?? []) {
      pending.ends.ended(transaction, end);
      if (pending.ends.isSettled(pending.account)) this.#settle(pending);
    }
  }

  /** What is not known of its units will not become known. */
  #sessionClosed(session: string): void {
    for (const pending of this.#open.get(session) ?? []) {
      if (pending.account.outcome.kind === 'running') pending.account.outcome = { kind: 'lost' };
      pending.ends.lost();
      this.#settle(pending);
    }
  }

  /** Whatever was open when the process ended: nobody saw its end. */
  #restarted(): void {
    for (const session of this.#open.keys()) this.#sessionClosed(session);
  }

  #settle(pending: Pending): void {
    pending.settled = true;
    const { session, seq } = pending.account;
    this.#bySeq.delete(seq);
    const open = this.#open.get(session);
    open?.delete(pending);
    if (open?.size === 0) this.#open.delete(session);
  }

  #approval(entry: LedgerEntry, event: LedgerEvent & { readonly type: 'approval.decided' | 'approval.ended' }): void {
    const approval = this.#approvals.get(event.request);
    if (approval === undefined) return;
    if (event.type === 'approval.ended') {
      approval.end = event.end;
      return;
    }
    const decision: DecisionAccount = {
      seq: event.seq,
      time: event.time,
      decision: event.decision,
      approver: event.approver,
      token: entry.redacted.includes('token') ? 'erased' : 'kept',
      comment: textOf(entry.disclosures, 'comment'),
    };
    approval.decisions = [...approval.decisions, decision];
  }

  /** Accounts leave in order: one that waits for its transaction holds back those behind it, but not more than {@link MAX_HELD}. */
  #complete(): StatementAccount[] {
    const [first] = this.#pending;
    if (first === undefined) return NOTHING;
    let complete: Pending[];
    if (!first.settled) {
      if (this.#pending.length <= this.#room) return NOTHING;
      complete = this.#pending.filter(({ settled }) => settled);
      this.#pending = this.#pending.filter(({ settled }) => !settled);
      // What is left waits itself: look again when as many have come.
      this.#room = this.#pending.length + MAX_HELD;
    } else {
      const open = this.#pending.findIndex(({ settled }) => !settled);
      complete = this.#pending.splice(0, open < 0 ? this.#pending.length : open);
    }
    return complete.map(({ account, ends }) => ends.applied(account));
  }
}

const NOTHING: StatementAccount[] = [];

function unitAccount(
  entry: LedgerEntry,
  event: StatementIntent | StatementRefused,
  session: SessionOpened | undefined,
  approvals: ReadonlyMap<string, ApprovalAccount>,
): Mutable<StatementAccount> {
  const request = event.type === 'statement.intent' ? event.approval?.request : event.request;
  const outcome: OutcomeAccount =
    event.type === 'statement.intent'
      ? { kind: 'running' }
      : { kind: 'refused', code: event.code, rule: event.rule, message: event.message };
  return {
    seq: event.seq,
    time: event.time,
    session: event.session,
    client: session?.client,
    asserted: session?.asserted ?? {},
    intent: event.asserted,
    upstream: event.upstream,
    database: event.database,
    environment: event.environment,
    enforcement: event.enforcement,
    principal: event.principal,
    text: textOf(entry.disclosures, 'text'),
    parameters: event.parameters.length,
    fingerprint: event.fingerprint,
    facts: event.facts ?? [],
    factsErased: entry.redacted.includes('withheld.facts'),
    verdict: event.type === 'statement.intent' ? event.verdict : 'refused',
    wouldBe: event.type === 'statement.intent' ? event.wouldBe : undefined,
    rules: event.rules,
    policy: event.policy,
    labels: event.labels,
    protectedColumns: event.protectedColumns ?? [],
    masks: event.masks,
    elevated: event.elevated,
    approval: request === undefined ? undefined : approvals.get(request),
    outcome,
    transaction: { ordinal: event.transaction, end: event.type === 'statement.intent' ? 'open' : 'none' },
  };
}

/** The account of a read, from its one entry. */
export function readAccount(event: StatementCompleted, { decision, session }: ReadContext): StatementAccount {
  const { event: decided } = decision;
  return {
    seq: event.seq,
    time: event.startedAt,
    session: event.session,
    client: session.client,
    asserted: session.asserted,
    intent: event.asserted,
    upstream: decided.upstream,
    database: decided.database,
    environment: decided.environment,
    enforcement: decided.enforcement,
    principal: session.principal,
    text: textOf(decision.disclosures, 'text'),
    parameters: event.parameters.length,
    fingerprint: decided.fingerprint,
    facts: decided.facts,
    factsErased: decision.redacted.includes('withheld.facts'),
    verdict: decided.verdict,
    wouldBe: decided.wouldBe,
    rules: decided.rules,
    policy: decided.policy,
    labels: decided.labels,
    protectedColumns: decided.protectedColumns ?? [],
    masks: decided.masks,
    elevated: decided.elevated,
    approval: undefined,
    outcome: doneOutcome(event),
    transaction: { ordinal: event.transaction, end: 'none' },
  };
}

function doneOutcome(event: StatementOutcome | StatementCompleted): OutcomeAccount {
  const { status, statements, bytesReturned, maskedCells, errorCode, limit, durationUs, time } = event;
  const error = { ...(errorCode === undefined ? {} : { errorCode }), ...(limit === undefined ? {} : { limit }) };
  return { kind: 'done', status, statements, bytesReturned, maskedCells, durationUs, time, ...error };
}

function requestAccount(event: ApprovalRequested): Mutable<ApprovalAccount> {
  const { request, digest, seq, time, requester, rule, groups, people, expiresAt } = event;
  return {
    request,
    digest,
    requestedSeq: seq,
    requestedAt: time,
    requester,
    rule,
    groups,
    people,
    expiresAt,
    decisions: [],
    end: undefined,
  };
}

function textOf(disclosures: readonly Disclosure[], name: string): string | undefined {
  const disclosure = disclosures.find((candidate) => candidate.name === name);
  const bytes = disclosure === undefined ? undefined : disclosedBytes(disclosure.value);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}
