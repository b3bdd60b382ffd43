import type { AssertedIntent, IntentField } from '../session/asserted-intent.js';
import { type Chain, partiesOf } from './chain.js';
import type { CompiledPolicy, CompiledRequirement } from './compiled.js';
import { matchesStatement, type Place } from './match.js';
import { isBuiltIn } from './rule-judgement.js';
import type { JudgedStatement } from './touched.js';
import type { Refusal } from './verdict.js';

/** Ids of the requirements that hold for some of the statements, or `undefined`. The same for all principals with the same `rightsKey`. */
export function requirementsOf(
  policy: CompiledPolicy,
  place: Place,
  statements: readonly JudgedStatement[],
  chain: Chain,
): readonly string[] | undefined {
  if (policy.requirements.length === 0) return undefined;
  // What steers the session needs nothing: it is how a ticket is given.
  const asked = statements.filter((statement) => !isBuiltIn(statement));
  const ids = policy.requirements
    .filter((requirement) => partiesOf(requirement, chain, 'restricting').length > 0)
    .filter((requirement) => asked.some((statement) => matchesStatement(requirement, place, statement, 'restricting')))
    .map(({ id }) => id);
  return ids.length === 0 ? undefined : ids;
}

/**
 * Why a unit with these requirements may not run, with what is said of it; `undefined` when it may. `howToAssert` gives the hint. An id that the
 * policy does not have refuses.
 */
export function unmetRequirement(
  policy: CompiledPolicy,
  ids: readonly string[],
  asserted: AssertedIntent | undefined,
  howToAssert: (fields: readonly IntentField[]) => string,
): Refusal | undefined {
  for (const id of ids) {
    const requirement = policy.requirements.find((candidate) => candidate.id === id);
    if (requirement === undefined) return { code: 'policy-error', message: 'a requirement of the policy is not known any more', rule: id };
    const missing = missingFields(requirement, asserted);
    if (missing.length > 0) return refusalFor(requirement, missing, asserted, howToAssert);
  }
  return undefined;
}

function missingFields({ ticket, purposes, traceparent }: CompiledRequirement, asserted: AssertedIntent | undefined): IntentField[] {
  const missing: IntentField[] = [];
  if (ticket !== undefined && !(asserted?.ticket !== undefined && ticket.pattern.test(asserted.ticket.value))) missing.push('ticket');
  if (purposes !== undefined && !(asserted?.purpose !== undefined && purposes.includes(asserted.purpose.value))) missing.push('purpose');
  if (traceparent && asserted?.traceparent === undefined) missing.push('traceparent');
  return missing;
}

function refusalFor(
  requirement: CompiledRequirement,
  missing: readonly IntentField[],
  asserted: AssertedIntent | undefined,
  howToAssert: (fields: readonly IntentField[]) => string,
): Refusal {
  const wanted = missing.map((field) => {
    const state = asserted?.[field] === undefined ? 'none was given' : 'the one that was given is none of these';
    return `${describeWanted(requirement, field)}; ${state}`;
  });
  const message = requirement.message ?? `the requirement ${requirement.id} wants ${wanted.join(', and ')}`;
  return { code: 'intent-missing', message, rule: requirement.id, hint: howToAssert(missing) };
}

function describeWanted({ ticket, purposes }: CompiledRequirement, field: IntentField): string {
  if (field === 'ticket') return `a ticket like ${ticket?.source ?? ''}`;
  if (field === 'purpose') return `one of the purposes ${purposes?.join(', ') ?? ''}`;
  return 'a trace context (traceparent)';
}
