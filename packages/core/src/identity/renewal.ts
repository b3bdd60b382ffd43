import { partyKey, type Party, type Principal, type PrincipalField } from './principal.js';
import { isProven } from './rights.js';

/**
 * Why a newer principal may not take the place of the one that a session was opened for; `undefined` when it may. It must be the same parties in
 * the same order and roles, with the same models, workload and run, and nothing that was proven may have become a mere assertion. Whether
 * policy gives both the same rights is for who knows the policy.
 */
export function renewalProblem(before: Principal, after: Principal): string | undefined {
  if (!isSameChain([before.subject, ...before.actors], [after.subject, ...after.actors]))
    return 'the token is of somebody else, or somebody else acts in it; connect again with it';
  if (!isSame(before.workload, after.workload) || !isSame(before.run, after.run))
    return 'the token is of another workload or run; connect again with it';
  const lost = PROVEN_FIELDS.find((field) => isProven(before, field) && !isProven(after, field));
  if (lost !== undefined) return `the token proves less than the one before (${lost}); connect again with it`;
  return undefined;
}

const PROVEN_FIELDS: readonly PrincipalField[] = ['subject', 'groups', 'actors', 'model', 'workload', 'run'];

function isSameChain(before: readonly Party[], after: readonly Party[]): boolean {
  return before.length === after.length && before.every((party, at) => isSameParty(party, after[at] as Party));
}

function isSameParty(before: Party, after: Party): boolean {
  return (
    partyKey(before) === partyKey(after) &&
    before.kind === after.kind &&
    before.version === after.version &&
    isSame(before.model, after.model)
  );
}

/** Of flat records of texts. */
function isSame(before: object | undefined, after: object | undefined): boolean {
  const sorted = (record: object | undefined): string => JSON.stringify(Object.entries(record ?? {}).toSorted());
  return sorted(before) === sorted(after);
}
