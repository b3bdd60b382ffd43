import { parties, partyKey, type Principal } from '../identity/principal.js';
import type { ApprovalRequest } from './request.js';

/** Why somebody may not decide a request. Stable; `docs/errors.md`. */
export type IneligibleCode =
  | 'approver-expired' // the approver's token has expired
  | 'approver-unproven' // who the approver is was not proven by a token
  | 'approver-not-a-person' // services and agents never approve
  | 'approver-delegated' // somebody acts for the approver
  | 'approver-is-requester' // the requester, or one who acts for the requester
  | 'approver-not-in-group'
  | 'approver-decided'; // this person has decided before

export interface Ineligible {
  readonly code: IneligibleCode;
  /** For people: lower case, no full stop. */
  readonly message: string;
}

/**
 * Whether this person may approve or reject this request; `undefined` when so. Administrators are not exempt. People are told apart by
 * issuer and id, never by name, and several groups of one person are still one person.
 */
export function ineligibility(request: ApprovalRequest, approver: Principal, now: number): Ineligible | undefined {
  const { subject } = approver;
  // Written so that an expiry that is no number refuses.
  if (!(approver.expiresAt > now)) return { code: 'approver-expired', message: 'your token has expired; get a new one' };
  if (approver.proof.subject !== 'token') return { code: 'approver-unproven', message: 'present a token that proves who you are' };
  if (approver.actors.length > 0)
    return { code: 'approver-delegated', message: 'approvals are for people themselves; present a token that nobody else acts with' };
  if (subject.kind !== 'person')
    return { code: 'approver-not-a-person', message: 'agents and services cannot approve; a person has to decide' };
  const key = partyKey(subject);
  if (parties(request.subject.requester).some((party) => partyKey(party) === key))
    return { code: 'approver-is-requester', message: 'a request cannot be decided by who made it; ask somebody else' };
  if (!isInGroup(request, approver))
    return { code: 'approver-not-in-group', message: `your token does not prove membership in ${list(request.requirement.groups)}` };
  if (request.decisions.some((decision) => partyKey(decision.approver.subject) === key))
    return { code: 'approver-decided', message: 'you have decided this request already; it needs different people' };
  return undefined;
}

function isInGroup(request: ApprovalRequest, approver: Principal): boolean {
  if (approver.proof.groups !== 'token') return false;
  return request.requirement.groups.some((group) => approver.subject.groups.includes(group));
}

function list(groups: readonly string[]): string {
  return groups.length === 0 ? 'a group that may approve: the rule names none' : `one of: ${groups.join(', ')}`;
}
