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
import { type LedgerEntry, readEntries } from '../read.js';
import { type ReadContext, ReadContexts } from './read-context.js';
import type { ApprovalAccount, DecisionAccount, OutcomeAccount, StatementAccount } from './account.js';
import { UnitEnds } from './unit-ends.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Pending {
  readonly account: Mutable<StatementAccount>;
  readonly ends: UnitEnds;
  settled: boolean;
}

/**
 * Joins the entries of a log to one account per unit. Fed in order; gives accounts back in the order of their intents, each when it is complete
 * (its transactions have ended), and the rest at the end. Keeps what is open: sessions, transactions, approvals.
 */
export class Accounts {
  readonly #want: (account: StatementAccount) => boolean;
  readonly #pending: Pending[] = [];
  readonly #bySeq = new Map<number, Pending>();
  readonly #sessions = new Map<string, SessionOpened>();
  readonly #approvals = new Map<string, Mutable<ApprovalAccount>>();

  /** Only units that are wanted are kept; the rest cost nothing. `want` sees them before anything came of them. */
  constructor(want: (account: StatementAccount) => boolean) {
    this.#want = want;
  }

  /** Returns the accounts that this entry completes. `context` goes with the entry of a read. */
  add(entry: LedgerEntry, context?: ReadContext): StatementAccount[] {
    if (entry.event.type === 'statement.completed' && context !== undefined) this.#read(entry.event, context);
    else this.#take(entry, entry.event);
    return this.#complete();
  }

  /** What is still open at the end of the log. */
  end(): StatementAccount[] {
    for (const pending of this.#pending) pending.settled = true;
    return this.#complete();
  }

  #take(entry: LedgerEntry, event: LedgerEvent): void {
    if (event.type === 'statement.intent' || event.type === 'statement.refused') this.#unit(entry, event);
    else if (event.type === 'statement.outcome') this.#outcome(entry, event);
    else if (event.type === 'transaction.ended') this.#transactionEnded(event);
    else if (event.type === 'session.opened') this.#sessions.set(event.session, event);
    else if (event.type === 'session.closed') this.#sessionClosed(event.session);
    else if (event.type === 'approval.requested') this.#approvals.set(event.request, requestAccount(event));
    else if (event.type === 'approval.decided' || event.type === 'approval.ended') this.#approval(entry, event);
    else if (event.type === 'log.opened') this.#restarted();
  }

  #unit(entry: LedgerEntry, event: StatementIntent | StatementRefused): void {
    const account = unitAccount(entry, event, this.#sessions.get(event.session), this.#approvals);
    if (!this.#want(account)) return;
    const pending = { account, ends: new UnitEnds(), settled: event.type === 'statement.refused' };
    this.#pending.push(pending);
    this.#bySeq.set(event.seq, pending);
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
    pending.settled = pending.ends.isSettled(pending.account);
  }

  #transactionEnded({ session, transaction, end }: TransactionEnded): void {
    for (const pending of this.#pending) {
      if (pending.settled || pending.account.session !== session) continue;
      pending.ends.ended(transaction, end);
      pending.settled = pending.ends.isSettled(pending.account);
    }
  }

  #sessionClosed(session: string): void {
    this.#sessions.delete(session);
    for (const pending of this.#pending) if (pending.account.session === session) lose(pending);
  }

  /** Whatever was open when the process ended: nobody saw its end. */
  #restarted(): void {
    this.#sessions.clear();
    for (const pending of this.#pending) {
      if (!pending.settled && pending.account.outcome.kind === 'running') pending.account.outcome = { kind: 'lost' };
      lose(pending);
    }
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

  /** Accounts leave in order: one that waits for its transaction holds back those behind it. */
  #complete(): StatementAccount[] {
    const open = this.#pending.findIndex(({ settled }) => !settled);
    const complete = this.#pending.splice(0, open < 0 ? this.#pending.length : open);
    for (const { account } of complete) this.#bySeq.delete(account.seq);
    return complete.map(({ account, ends }) => ends.applied(account));
  }
}

/** Its session is over: what is not known of it will not become known. */
function lose(pending: Pending): void {
  if (pending.settled) return;
  pending.ends.lost();
  pending.settled = true;
}

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

function readAccount(event: StatementCompleted, { decision, session }: ReadContext): Mutable<StatementAccount> {
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

/** The entries of a log, in order, with what {@link Accounts.add} needs beside each. */
export async function* readUnits(
  directory: string,
): AsyncGenerator<{ readonly entry: LedgerEntry; readonly context: ReadContext | undefined }, void, undefined> {
  const contexts = new ReadContexts(directory);
  for await (const entry of readEntries(directory)) {
    contexts.note(entry);
    yield { entry, context: entry.event.type === 'statement.completed' ? await contexts.of(entry.event) : undefined };
  }
}

function textOf(disclosures: readonly Disclosure[], name: string): string | undefined {
  const disclosure = disclosures.find((candidate) => candidate.name === name);
  const bytes = disclosure === undefined ? undefined : disclosedBytes(disclosure.value);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}
