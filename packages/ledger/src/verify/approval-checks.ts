import {
  type ApprovalDecided,
  type ApprovalRequested,
  type LedgerEvent,
  parties,
  partyKey,
  type Principal,
  type StatementIntent,
  type StatementOutcome,
} from '@sqlwarden/core';
import { type FindingCode, type Findings, noteRemoved } from './report.js';

interface Known {
  readonly requested: ApprovalRequested;
  readonly decisions: ApprovalDecided[];
  /** Its statement has run to its end. */
  used: boolean;
  /** The statement that runs, or whose portal was suspended, under it. */
  running: number | undefined;
}

/** Every statement that ran because it was approved must have had an approval, and a good one. */
export class ApprovalChecks {
  readonly #findings: Findings;
  readonly #requests = new Map<string, Known>();

  readonly #first: number;

  /** `first` is the first entry that was not removed. */
  constructor(findings: Findings, first: number) {
    this.#findings = findings;
    this.#first = first;
  }

  add(event: LedgerEvent): void {
    if (event.type === 'approval.requested') {
      if (this.#requests.has(event.request))
        this.#findings.add('approval-reused', `approval request ${event.request} was made before`, { seq: event.seq });
      this.#requests.set(event.request, { requested: event, decisions: [], used: false, running: undefined });
    } else if (event.type === 'approval.decided') {
      this.#decided(event);
    } else if (event.type === 'statement.intent' && event.verdict === 'approved') {
      this.#intent(event);
    }
  }

  /** What became of an approved statement: a suspended portal may go on under the same approval, anything else has used it up. */
  outcome(intent: StatementIntent, outcome: StatementOutcome): void {
    const known = intent.approval === undefined ? undefined : this.#requests.get(intent.approval.request);
    if (known?.running !== intent.seq) return;
    known.running = undefined;
    known.used = outcome.suspended !== true;
  }

  #decided(event: ApprovalDecided): void {
    const known = this.#requests.get(event.request);
    const bad = (code: FindingCode, message: string): void => this.#findings.add(code, message, { seq: event.seq });
    if (known === undefined && this.#first > 0) return noteRemoved(this.#findings, event.seq, `approval request ${event.request}`);
    if (known === undefined) return bad('approval-missing', `a decision on approval request ${event.request}, which was never made`);
    known.decisions.push(event);
    if (event.digest !== known.requested.digest)
      bad('approval-digest', 'the decision is about something else than what was requested: the digests differ');
    if (event.decision === 'reject') return;
    const approver = event.approver.subject;
    const involved = new Set(parties(known.requested.requester).map(partyKey));
    if (parties(event.approver).some((party) => involved.has(partyKey(party))))
      bad('approval-self', 'the approver is the requester, or acts for them');
    if (parties(event.approver).some(({ kind }) => kind !== 'person'))
      bad('approval-agent', 'only people may approve: the approver is, or is acted for by, an agent or a service');
    if (!approver.groups.some((group) => known.requested.groups.includes(group)))
      bad('approval-group', 'the approver is in none of the groups that were asked');
    if (event.time > known.requested.expiresAt) bad('approval-late', 'the decision came after the request had expired');
  }

  #intent(event: StatementIntent): void {
    const known = event.approval === undefined ? undefined : this.#requests.get(event.approval.request);
    const bad = (code: FindingCode, message: string): void => this.#findings.add(code, message, { seq: event.seq });
    if (event.approval !== undefined && known === undefined && this.#first > 0)
      return noteRemoved(this.#findings, event.seq, `approval request ${event.approval.request}`);
    if (event.approval === undefined || known === undefined)
      return bad('approval-missing', 'the statement ran as approved, but there is no request for it');
    const { requested, decisions } = known;
    if (known.used || known.running !== undefined) bad('approval-reused', `approval request ${requested.request} was used before`);
    known.running = event.seq;
    if (event.approval.digest !== requested.digest)
      bad('approval-digest', 'the statement that ran is not the one that was approved: the digests differ');
    // A held statement may be sent again in another session, but only by whoever asked.
    if (chainOf(requested.requester) !== chainOf(event.principal)) {
      bad('approval-digest', 'the statement ran for somebody else than who asked for approval');
    }
    if (decisions.some(({ decision }) => decision === 'reject')) bad('approval-rejected', 'the statement ran, though somebody rejected it');
    if (event.time > requested.expiresAt) bad('approval-late', 'the statement ran after its approval had expired');
    const people = new Set(decisions.filter(({ decision }) => decision === 'approve').map(({ approver }) => partyKey(approver.subject)));
    if (people.size < requested.people) bad('approval-people', `the statement ran with ${people.size} of ${requested.people} approvals`);
  }
}

/** Subject and actors, in order, as one string. */
function chainOf(principal: Principal): string {
  return parties(principal).map(partyKey).join(' ');
}
