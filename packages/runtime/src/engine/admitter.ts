import {
  type Admission,
  type AssertedIntent,
  type CancelKey,
  type Disclosure,
  type EndReason,
  type LoginRequest,
  type Outcome,
  type Principal,
  type ReadOutcome,
  type Refusal,
  type SecurityEvent,
  type TransactionEnd,
  type Unit,
  type WireSession,
  approvalDigest,
  joinIntents,
  unmetRequirement,
} from '@sqlwarden/core';
import type { SessionActivity } from '../approval/admin-api.js';
import { EXPIRED, HELD_RENEWAL, IN_FAILED_TRANSACTION, type SessionIdentity, UNCLEAR_RENEWAL } from '../login/session-identity.js';
import { nodeHash } from '../node-hash.js';
import type { SessionWatch } from '../telemetry/session-watch.js';
import type { ConnectionPolicy } from '../transport/connection.js';
import type { Decision } from './decision.js';
import { decide, deniedDecision } from './decide.js';
import type { Engine, PolicyInForce } from './engine.js';
import { failureRefusal, ledgerRefusal } from './failures.js';
import { type Grant, granted, isCompleted, isMadeFor, isOutdated, namesWhatIsMissing, OUTDATED, proceed } from './granted.js';
import { LeftInSession } from './left-in-session.js';
import { SessionLimits } from './limits.js';
import { RunningUnits } from './running-units.js';
import { runningActivity } from './session-activity.js';
import { GIVEN_UP, intentOf, LOST, NEVER_RAN, newTurn, type Running, type Turn } from './unit-turn.js';
import { SessionSchema } from './session-schema.js';
import { RecordedTransactions } from './recorded-transactions.js';
import { type UnitScope, approvalSubject, decidedRecord, outcomeRecord, unitRecord, wouldBe } from './records.js';
import type { Snapshot, Upstream } from './upstream.js';

/**
 * Everything that is decided and recorded for one client connection. Adapters ask it through the wire session; it answers at once when the
 * decision is known and nothing has to be waited for.
 */
export class Admitter implements ConnectionPolicy {
  readonly #engine: Engine;
  readonly #upstream: Upstream;
  #scope: UnitScope;
  readonly #identity: SessionIdentity;
  #rightsKey: string;
  /** What the rights and limits were derived from. */
  #inForce: PolicyInForce;
  readonly #running = new RunningUnits<Running>();
  readonly #session: WireSession;
  readonly #left: LeftInSession;
  readonly #transactions = new RecordedTransactions();
  #limits: SessionLimits;
  readonly #schema: SessionSchema;
  readonly #watch: SessionWatch | undefined;
  /** What the application says, through the library, of why it runs what comes next. */
  libraryIntent: AssertedIntent | undefined = undefined;
  /** Of the unit that waits for an answer. */
  #turn: Turn | undefined;
  /** For the next unit that has to wait; each has its own, so that a late answer to a given-up unit is known. */
  #nextTurn = newTurn();
  #over = false;
  /** Of the last unit that was forwarded. */
  #lastOrdinal = -1;

  /** `watch`: where something is counted or traced. */
  constructor(engine: Engine, upstream: Upstream, scope: UnitScope, session: WireSession, identity: SessionIdentity, watch?: SessionWatch) {
    this.#engine = engine;
    this.#watch = watch;
    this.#upstream = upstream;
    this.#scope = scope;
    this.#identity = identity;
    this.#session = session;
    this.#left = new LeftInSession(upstream.options.dialect);
    this.#schema = new SessionSchema(engine, upstream, session);
    this.#inForce = engine.inForce;
    this.#rightsKey = engine.rightsKey(scope.principal);
    this.#limits = new SessionLimits(engine.budgets, engine.policy, scope.principal);
  }

  get principal(): Principal {
    return this.#scope.principal;
  }

  /** Takes over the policy that holds now. */
  #followPolicy(): void {
    const { inForce } = this.#engine;
    if (inForce === this.#inForce) return;
    this.#inForce = inForce;
    this.#scope = { ...this.#scope, policyDigest: inForce.digest };
    this.#rightsKey = this.#engine.rightsKey(this.#scope.principal);
    this.#limits = new SessionLimits(this.#engine.budgets, inForce.policy, this.#scope.principal);
  }

  admit(unit: Unit): Admission | undefined {
    this.#watch?.begins();
    this.#followPolicy();
    this.#left.named(unit);
    const decision = this.#known(unit);
    if (decision === undefined) this.#upstream.decisionCounts.made++;
    else this.#upstream.decisionCounts.found++;
    const turn = this.#nextTurn;
    const mustAsk = unit.renewal !== undefined || this.#identity.canBeRefreshed;
    const answer = decision === undefined || mustAsk ? this.#decideAndRun(unit, decision, turn) : this.#run(unit, decision, turn);
    if (!(answer instanceof Promise)) {
      this.#watch?.answered();
      return answer;
    }
    this.#nextTurn = newTurn();
    this.#turn = turn;
    answer
      // That a client left in the middle of a question is no trouble of the operator's.
      .catch((error: unknown): Admission => (turn.over ? GIVEN_UP : this.#failed(failureRefusal(this.#engine, error))))
      .then((admission) => this.#answer(turn, admission))
      .catch((error: unknown) => this.#engine.trouble(error as Error));
    return undefined;
  }

  abandon(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    if (turn === undefined) return;
    turn.over = true;
    this.#watch?.abandoned();
    this.#schema.abandoned();
    if (turn.held !== undefined) this.#engine.approvals.withdraw(turn.held);
    if (turn.ticket !== 0) this.#neverForwarded(turn.ticket);
  }

  /** The client asks to stop what runs. True when that was a unit that is held, or still judged with nothing running before it: it is refused. */
  cancelPending(): boolean {
    const turn = this.#turn;
    if (turn === undefined || (turn.held === undefined && this.#running.size > (turn.ticket === 0 ? 0 : 1))) return false;
    const message = `the statement was cancelled ${turn.held === undefined ? 'before it ran' : 'while it was held for approval'}`;
    this.abandon();
    this.#session.admitted({ kind: 'refuse', refusal: { code: 'cancelled', message } });
    return true;
  }

  /** Nothing is asked, held, running or open: the connection can be ended without harm. */
  get isIdle(): boolean {
    return this.#turn === undefined && this.#running.size === 0 && this.#lastOrdinal <= this.#schema.lastEnded;
  }

  /** What is held, or else what was forwarded first and has not ended. */
  get activity(): SessionActivity | undefined {
    const held = this.#turn?.held;
    return held === undefined ? runningActivity(this.#running.first) : { kind: 'held', request: held };
  }

  settle(outcome: Outcome): void {
    const { ticket } = outcome;
    const running = this.#running.take(ticket);
    if (running === undefined) return;
    this.#recordOutcome(ticket, running, outcome);
    this.#left.afterUnit(running.decision, running.transaction, outcome.status === 'ok');
    if (running.decision.changesSchema) this.#schema.mayHaveChanged(running.transaction, intentOf(ticket));
  }

  /** An intent has one outcome. */
  #recordOutcome(ticket: number, running: Running, outcome: ReadOutcome): void {
    const seq = this.#writeOutcome(ticket, running, outcome);
    if (running.watched !== undefined) this.#watch?.settled(running.watched, outcome, seq);
  }

  /** Returns the `seq` of the entry that says what the unit did: of its intent where it has one. */
  #writeOutcome(ticket: number, { startedAt, transaction }: Running, outcome: ReadOutcome): number | undefined {
    const { recorder } = this.#engine;
    const durationUs = Math.max(0, Math.round((performance.now() - startedAt) * 1000));
    if (ticket < 0) return recorder.complete(ticket, outcome, durationUs);
    for (const statement of outcome.statements) if (statement.transaction !== undefined) this.#transactions.intent(statement.transaction);
    recorder.after(outcomeRecord(this.#scope.session, ticket, outcome, { durationUs, transaction }));
    return ticket;
  }

  transactionEnded(ordinal: number, end: TransactionEnd): void {
    if (this.#transactions.ended(ordinal))
      this.#engine.recorder.after({ type: 'transaction.ended', session: this.#scope.session, transaction: ordinal, end });
    this.#left.transactionEnded(ordinal, end === 'committed');
    this.#schema.transactionEnded(ordinal, end !== 'rolled-back');
  }

  /** The server has set the session back, out of any statement's sight: nothing that units left in it is there any more. */
  sessionReset(): void {
    this.#left.reset();
  }

  security(event: SecurityEvent): void {
    this.#engine.recorder.after({
      type: 'security.finding',
      session: this.#scope.session,
      kind: event.kind,
      ...(event.ticket < 0 ? { read: -event.ticket } : { intent: event.ticket }),
      detail: 'the server names a protected origin that the analysis did not expect; the column was masked',
      columns: event.columns,
    });
  }

  /** Until the identity has ended. A session that only listens sends nothing that would have it renewed from its source. */
  mayHear(): boolean {
    if (this.#identity.canBeRefreshed) this.#refreshed().catch((error: unknown) => this.#engine.trouble(error as Error));
    return !this.#identity.isExpired;
  }

  ended(reason: EndReason): void {
    this.#over = true;
    this.abandon();
    for (const [ticket, running] of this.#running.takeAll()) this.#recordOutcome(ticket, running, LOST);
    this.#schema.ended();
    if (reason.kind === 'protocol-error') {
      this.#engine.recorder.after({
        type: 'security.finding',
        session: this.#scope.session,
        kind: 'protocol-error',
        detail: `${reason.leg}: ${reason.detail}`,
      });
    }
  }

  // A login asks these of the connection itself; by the time there is an admitter they are answered.
  authenticate(_login: LoginRequest): void {}
  ready(_serverVersion: string): void {}
  cancelRequested(_key: CancelKey): void {}
  killRequested(): void {}
  trouble(error: Error): void {
    this.#engine.trouble(error);
  }

  #known(unit: Unit): Decision | undefined {
    const snapshot = this.#schema.known(unit);
    if (snapshot === undefined) return undefined;
    const earlier = granted(unit)?.decision;
    // Statements other than queries look their names up when they run, so state and names must still be those of the binding.
    const isSame = earlier?.epoch === snapshot.epoch && earlier.stateId === unit.state.id && earlier.names === this.#left.key;
    if (isSame && (unit.phase === 'execute' || (unit.phase === 'bind' && isMadeFor(earlier, unit)))) return earlier;
    return snapshot.decisions.get(unit.text, this.#cacheKey(unit, this.#left.key));
  }

  #cacheKey(unit: Unit, names: string): string {
    const types = unit.parameterTypes.length === 0 ? '' : unit.parameterTypes.join(',');
    return `${unit.state.id}|${unit.transaction.stateChanged ? 1 : 0}|${types}|${this.#rightsKey}|${names}`;
  }

  async #decideAndRun(unit: Unit, known: Decision | undefined, turn: Turn): Promise<Admission> {
    const mustAsk = this.#identity.canBeRefreshed;
    if (mustAsk) await this.#refreshed();
    // INVARIANT: a schema that changed while the source was asked holds for what runs.
    const decision = mustAsk || known === undefined ? await this.#decide(unit) : known;
    const refusal = await this.#renewed(unit, decision);
    if (turn.over) return GIVEN_UP;
    // INVARIANT: policies that were loaded while a token was verified hold for what runs.
    if (this.#engine.inForce !== this.#inForce) return this.#decideAndRun(unit, undefined, turn);
    return refusal === undefined ? this.#run(unit, decision, turn) : this.#refuse(unit, decision, refusal);
  }

  async #refreshed(): Promise<void> {
    await this.#identity.refresh();
    this.#scope = { ...this.#scope, principal: this.#identity.principal };
  }

  /** Where a unit that runs holds a new token of the client's: why the identity was not renewed by it. */
  async #renewed(unit: Unit, { verdict }: Decision): Promise<Refusal | undefined> {
    if (unit.renewal === '') return UNCLEAR_RENEWAL;
    const runs = unit.phase === 'query' || unit.phase === 'execute';
    if (unit.renewal === undefined || !runs || verdict.refusal !== undefined) return undefined;
    // INVARIANT: what is answered as done has renewed the identity.
    if (verdict.effect !== 'allow') return HELD_RENEWAL;
    // The server would refuse the statement that stands for it.
    if (unit.transaction.status === 'failed') return IN_FAILED_TRANSACTION;
    const refusal = await this.#identity.renew(unit.renewal);
    this.#scope = { ...this.#scope, principal: this.#identity.principal };
    return refusal;
  }

  async #decide(unit: Unit): Promise<Decision> {
    this.#followPolicy();
    const since = performance.now();
    const decision = await this.#decideOnce(unit);
    this.#watch?.waitedForDecision(performance.now() - since);
    // INVARIANT: what runs was decided by the policy that holds when it runs.
    return this.#engine.inForce === this.#inForce ? decision : this.#decide(unit);
  }

  async #decideOnce(unit: Unit): Promise<Decision> {
    if (unit.text.length > this.#engine.options.maxTextLength) {
      return deniedDecision({
        code: 'statement-too-large',
        message: `the statement is longer than ${this.#engine.options.maxTextLength} characters; send it in parts`,
      });
    }
    let snapshot = await this.#schema.look(unit);
    let decision = await this.#decideOn(unit, snapshot);
    if (namesWhatIsMissing(decision)) {
      // Somebody else may have made it since the last look, which is allowed to be a little old.
      const after = await this.#schema.lookAgain(unit, snapshot);
      if (after !== undefined) {
        snapshot = after;
        decision = await this.#decideOn(unit, snapshot);
      }
    }
    // In a failed transaction the schema is not the one that the transaction saw: what is decided then holds for this unit only.
    // INVARIANT: kept for the names that it was made with; answers that came meanwhile may have changed what names stand for.
    if (unit.transaction.status !== 'failed' && this.#engine.inForce === this.#inForce)
      snapshot.decisions.set(unit.text, this.#cacheKey(unit, decision.names), decision);
    return decision;
  }

  /** However lately the schema was looked at: what people are asked to approve, and what runs then, is worth a look of its own. */
  #decideAfresh(unit: Unit): Promise<Decision> {
    this.#upstream.suspect();
    return this.#decide(unit);
  }

  #decideOn(unit: Unit, snapshot: Snapshot): Promise<Decision> {
    return decide(
      { engine: this.#engine, upstream: this.#upstream, principal: this.#scope.principal },
      {
        text: unit.text,
        state: unit.state,
        parameterTypes: unit.parameterTypes,
        stateChangedInTransaction: unit.transaction.stateChanged,
        schemaChangedInTransaction: this.#schema.isChangedInTransaction,
        left: this.#left.context(snapshot.epoch, unit.state.id),
        names: this.#left.key,
      },
      snapshot,
    );
  }

  #run(unit: Unit, decision: Decision, turn: Turn): Admission | Promise<Admission> {
    if (turn.over) return GIVEN_UP;
    const expired = this.#expired(unit, decision);
    if (expired !== undefined) return this.#refuse(unit, decision, expired);
    const { verdict } = decision;
    if (verdict.refusal !== undefined) return this.#refuse(unit, decision, verdict.refusal);
    if (isOutdated(unit, decision)) return this.#refuse(unit, decision, OUTDATED);
    if (verdict.effect === 'approve' && (unit.phase === 'query' || unit.phase === 'bind')) {
      // Later, so that the turn that waits for the answer exists when the hold begins.
      return Promise.resolve().then(() => this.#hold(unit, turn));
    }
    if (verdict.effect === 'approve' && unit.phase === 'execute') return this.#runApproved(unit, decision, turn);
    return this.#forward(unit, decision, undefined, turn);
  }

  #forward(unit: Unit, decision: Decision, approval: Grant | undefined, turn: Turn): Admission | Promise<Admission> {
    const runs = (unit.phase === 'query' || unit.phase === 'execute') && decision.statements.length > 0;
    if (!runs) return proceed(0, decision, approval);
    const unmet = this.#unmet(unit, decision);
    if (unmet !== undefined) return this.#refuse(unit, decision, unmet);
    const ready = this.#engine.recorder.ready();
    if (ready !== undefined) return ready.then(() => this.#forwardLate(unit, decision, approval, turn));
    const limited = this.#limits.admit(decision.verdict);
    if (limited.kind === 'refused') return this.#refuse(unit, decision, limited.refusal);
    const allowances = limited.kind === 'limited' ? limited.statements : undefined;
    const ticket = this.#writeIntent(unit, decision, approval);
    if (typeof ticket !== 'number') return ticket;
    this.#lastOrdinal = unit.transaction.ordinal;
    const watched = this.#watch?.runs(unit, decision, this.#asserted(unit, decision), approval?.request);
    this.#running.set(ticket, { decision, startedAt: performance.now(), transaction: unit.transaction.ordinal, watched });
    // ROLLBACK TO takes back a part of what the transaction has changed.
    const takesBack = this.#schema.isChangedInTransaction && decision.statements.some(({ action }) => action === 'rollback');
    if (decision.changesSchema || takesBack) this.#schema.mayHaveChanged(unit.transaction.ordinal, intentOf(ticket));
    this.#left.beforeUnit(decision.facts);
    if (!decision.durable) return proceed(ticket, decision, approval, allowances);
    turn.ticket = ticket;
    return this.#engine.recorder.durable(ticket).then(
      () => proceed(ticket, decision, approval, allowances),
      (error: unknown) => {
        this.#neverForwarded(ticket);
        return this.#failed(ledgerRefusal(this.#engine, error));
      },
    );
  }

  #forwardLate(unit: Unit, decision: Decision, approval: Grant | undefined, turn: Turn): Admission | Promise<Admission> {
    if (turn.over) return GIVEN_UP;
    if (this.#engine.inForce !== this.#inForce) return this.#decideAndRun(unit, undefined, turn);
    const expired = this.#expired(unit, decision);
    return expired === undefined ? this.#forward(unit, decision, approval, turn) : this.#refuse(unit, decision, expired);
  }

  /** What is said of why the unit is run. The application's word counts more than the text's, and that more than the session's settings. */
  #asserted(unit: Unit, decision: Decision): AssertedIntent | undefined {
    return joinIntents(this.libraryIntent, joinIntents(decision.asserted, unit.asserted));
  }

  /** INVARIANT: asked for each unit; a decision is shared by units of which different things are said. */
  #unmet(unit: Unit, decision: Decision): Refusal | undefined {
    const { requirements } = decision.verdict;
    if (requirements === undefined) return undefined;
    const { dialect } = this.#upstream.options;
    return unmetRequirement(this.#engine.policy, requirements, this.#asserted(unit, decision), (fields) => dialect.howToAssert(fields));
  }

  #writeIntent(unit: Unit, decision: Decision, approval: Grant | undefined): number | Admission {
    const { recorder } = this.#engine;
    const disclosures: Disclosure[] = [];
    try {
      if (isCompleted(decision, approval)) {
        const read = {
          session: this.#scope.session,
          phase: unit.phase,
          parameters: unit.parameters,
          transaction: unit.transaction.ordinal,
          asserted: this.#asserted(unit, decision),
        };
        const ticket = recorder.begin(decision, () => decidedRecord(this.#scope, unit, decision, recorder), read);
        this.#transactions.read(unit.transaction.ordinal);
        return ticket;
      }
      this.#transactions.intent(unit.transaction.ordinal);
      return recorder.before(
        {
          type: 'statement.intent',
          ...unitRecord(this.#scope, unit, decision, this.#asserted(unit, decision), recorder, disclosures),
          verdict: approval !== undefined ? 'approved' : decision.verdict.observed !== undefined ? 'observed' : 'allow',
          ...(approval === undefined ? {} : { approval }),
          ...wouldBe(decision),
        },
        disclosures,
      );
    } catch (error) {
      return this.#failed(ledgerRefusal(this.#engine, error));
    }
  }

  /** A refusal that is not recorded. */
  #failed(refusal: Refusal): Admission {
    this.#watch?.failed(refusal);
    return { kind: 'refuse', refusal };
  }

  /** Ends an intent whose unit was not forwarded and will not be. An intent has one outcome, whoever finds out first. */
  #neverForwarded(ticket: number): void {
    const running = this.#running.take(ticket);
    if (running === undefined) return;
    this.#recordOutcome(ticket, running, NEVER_RAN);
  }

  #refuse(unit: Unit, decision: Decision, refusal: Refusal): Admission {
    const disclosures: Disclosure[] = [];
    if (refusal.code === 'parser-disagreement') {
      const { session } = this.#scope;
      this.#engine.recorder.after({ type: 'security.finding', session, kind: 'parser-disagreement', detail: refusal.message });
    }
    const asserted = this.#asserted(unit, decision);
    const { facts, ...record } = unitRecord(this.#scope, unit, decision, asserted, this.#engine.recorder, disclosures);
    const seq = this.#engine.recorder.after(
      {
        type: 'statement.refused',
        ...record,
        ...(decision.facts === undefined ? {} : { facts }),
        code: refusal.code,
        ...(refusal.rule === undefined ? {} : { rule: refusal.rule }),
        message: refusal.message,
        ...(refusal.request === undefined ? {} : { request: refusal.request }),
      },
      disclosures,
    );
    this.#watch?.refused(unit, decision, refusal, asserted, seq);
    return { kind: 'refuse', refusal };
  }

  async #hold(unit: Unit, turn: Turn): Promise<Admission> {
    const decision = await this.#decideAfresh(unit);
    if (turn.over) return GIVEN_UP;
    if (decision.verdict.refusal !== undefined) return this.#refuse(unit, decision, decision.verdict.refusal);
    if (decision.verdict.effect !== 'approve') return this.#forward(unit, decision, undefined, turn);
    const unmet = this.#unmet(unit, decision);
    if (unmet !== undefined) return this.#refuse(unit, decision, unmet);
    const requirement = decision.verdict.approval;
    if (requirement === undefined)
      return this.#refuse(unit, decision, { code: 'policy-error', message: 'policy asks for an approval without saying by whom' });
    const subject = approvalSubject(this.#scope, unit, decision, this.#asserted(unit, decision));
    const held = await this.#engine.approvals.requestAnywhere(subject, requirement, {
      session: this.#scope.session,
      facts: decision.facts?.statements ?? [],
      labels: decision.verdict.labels,
    });
    if (turn.over) return GIVEN_UP;
    if (held.kind === 'refused') return this.#refuse(unit, decision, held.refusal);
    const { request } = held;
    if (held.kind === 'pending') {
      if (unit.transaction.hasEffects) {
        return this.#refuse(unit, decision, {
          code: 'approval-in-transaction',
          rule: requirement.rule,
          request: request.id,
          message: `the statement needs an approval and its transaction may hold locks; ask for request ${request.id} to be approved, then run the transaction again`,
        });
      }
      turn.held = request.id;
      this.#session.notice(
        `held for approval by ${requirement.groups.join(', ')} (request ${request.id}, rule ${requirement.rule})`,
        `an approver decides with: sqlwarden approve ${request.id}`,
      );
      this.#watch?.holdBegins();
      const ended = await held.wait();
      this.#watch?.holdEnds(ended.kind === 'approved' ? 'approved' : ended.refusal.code);
      turn.held = undefined;
      if (ended.kind === 'refused') {
        // The session is closed in the ledger; that its request was withdrawn is recorded.
        return this.#over ? { kind: 'refuse', refusal: ended.refusal } : this.#refuse(unit, decision, ended.refusal);
      }
    }
    return this.#wake(unit, decision, { request: request.id, digest: request.digest }, turn);
  }

  /** After the approval: token, policy and schema are looked at again, and what runs must be what was approved. */
  async #wake(unit: Unit, before: Decision, approval: Grant, turn: Turn): Promise<Admission> {
    if (this.#identity.canBeRefreshed) await this.#refreshed();
    const expired = this.#expired(unit, before);
    if (expired !== undefined) return this.#refuse(unit, before, expired);
    const decision = await this.#decideAfresh(unit);
    // An approval is used by what runs, not by what was given up meanwhile.
    if (turn.over) return GIVEN_UP;
    if (decision.verdict.refusal !== undefined) return this.#refuse(unit, decision, decision.verdict.refusal);
    const digest = approvalDigest(approvalSubject(this.#scope, unit, decision, this.#asserted(unit, decision)), nodeHash);
    const used =
      digest === approval.digest ? this.#engine.approvals.use(approval.request, digest) : this.#engine.approvals.void(approval.request);
    if (used !== undefined) return this.#refuse(unit, decision, used);
    return this.#forward(unit, decision, approval, turn);
  }

  /** The execution of a portal whose binding was held and approved. */
  #runApproved(unit: Unit, decision: Decision, turn: Turn): Admission | Promise<Admission> {
    const approval = granted(unit)?.approval;
    if (approval === undefined) {
      return this.#refuse(unit, decision, {
        code: 'approval-void',
        message: 'the statement needs an approval that its binding did not have; bind it again',
      });
    }
    return this.#forward(unit, decision, approval, turn);
  }

  #answer(turn: Turn, admission: Admission): void {
    if (this.#turn !== turn) {
      if (admission.kind === 'proceed') this.#neverForwarded(admission.ticket);
      return;
    }
    this.#turn = undefined;
    const recorded = this.#recorded(admission);
    this.#watch?.answered();
    this.#session.admitted(recorded);
  }

  /** An answer that comes late is only given when its record is written. */
  #recorded(admission: Admission): Admission {
    if (admission.kind === 'refuse' || admission.ticket === 0) return admission;
    try {
      this.#engine.recorder.flush();
      return admission;
    } catch (error) {
      this.#neverForwarded(admission.ticket);
      return this.#failed(ledgerRefusal(this.#engine, error));
    }
  }

  /** An end that has passed. What gives a new token may be prepared after it; and a transaction may be taken back, since its locks are in others' way. */
  #expired(unit: Unit, { statements }: Decision): Refusal | undefined {
    if (!this.#identity.isExpired) return undefined;
    if (unit.renewal !== undefined && (unit.phase === 'prepare' || unit.phase === 'bind')) return undefined;
    if (statements.length > 0 && statements.every(({ action }) => action === 'rollback')) return undefined;
    return EXPIRED;
  }
}
