import { type Ineligible, ineligibility } from './eligibility.js';
import type { ApprovalDecision, ApprovalRequest } from './request.js';

/** Why a step of a request's life was refused. */
export type ApprovalProblemCode = Ineligible['code'] | 'request-ended' | 'request-expired' | 'request-pending' | 'digest-mismatch';

export interface ApprovalProblem {
  readonly code: ApprovalProblemCode;
  /** For people: lower case, no full stop. */
  readonly message: string;
}

/** The request after the step, or why it was refused; then nothing has changed. */
export type ApprovalStep =
  | { readonly kind: 'changed'; readonly request: ApprovalRequest }
  | { readonly kind: 'refused'; readonly problem: ApprovalProblem };

function refused(code: ApprovalProblemCode, message: string): ApprovalStep {
  return { kind: 'refused', problem: { code, message } };
}

/** True when time is up: at `expiresAt` and later. */
export function isRequestExpired(request: ApprovalRequest, now: number): boolean {
  return !(now < request.expiresAt);
}

/**
 * One person's decision. A rejection is final; an approval ends the wait when as many different people have approved as the rule asks
 * for. `decision.at` is the time of the step. Pure: what was given is not changed.
 */
export function decide(request: ApprovalRequest, decision: ApprovalDecision): ApprovalStep {
  if (request.state !== 'pending') return refused('request-ended', `the request is ${request.state}; it cannot be decided any more`);
  if (isRequestExpired(request, decision.at))
    return refused('request-expired', 'the request has expired; the statement has to be sent again');
  const problem = ineligibility(request, decision.approver, decision.at);
  if (problem !== undefined) return { kind: 'refused', problem };
  const decisions = [...request.decisions, decision];
  const state = decision.decision === 'reject' ? 'rejected' : isEnough(request, decisions) ? 'approved' : 'pending';
  return { kind: 'changed', request: { ...request, decisions, state } };
}

/** How many more people have to approve; 0 when it is decided. */
export function approvalsMissing(request: ApprovalRequest): number {
  if (request.state !== 'pending') return 0;
  const { people } = request.requirement;
  return Math.max(Number.isSafeInteger(people) ? people : Number.POSITIVE_INFINITY, 1) - approvals(request.decisions);
}

function isEnough(request: ApprovalRequest, decisions: readonly ApprovalDecision[]): boolean {
  return approvalsMissing({ ...request, decisions }) <= 0;
}

function approvals(decisions: readonly ApprovalDecision[]): number {
  return decisions.filter((decision) => decision.decision === 'approve').length;
}

/**
 * Uses an approved request, once: `digest` is that of what is about to run, computed anew. The caller makes the step atomic by keeping
 * the request that comes back before anything else happens.
 */
export function consume(request: ApprovalRequest, digest: string, now: number): ApprovalStep {
  if (request.state === 'pending') return refused('request-pending', 'the request has not been approved yet');
  if (request.state !== 'approved') return refused('request-ended', `the request is ${request.state}; an approval can be used once`);
  if (isRequestExpired(request, now)) return refused('request-expired', 'the approval has expired; the statement has to be sent again');
  if (digest !== request.digest) return refused('digest-mismatch', 'what would run is not what was approved; send the statement again');
  return { kind: 'changed', request: { ...request, state: 'used' } };
}

/** How a request can end without a decision. */
export type ApprovalCause = 'expired' | 'withdrawn' | 'void';

/** Ends a request that is pending, or approved and not used. */
export function endRequest(request: ApprovalRequest, cause: ApprovalCause): ApprovalStep {
  if (request.state !== 'pending' && request.state !== 'approved')
    return refused('request-ended', `the request is ${request.state} already`);
  return { kind: 'changed', request: { ...request, state: cause } };
}
