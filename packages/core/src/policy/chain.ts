import { type Party, partyKey, type Principal, type Proof, type Run, type Workload } from '../identity/principal.js';
import { unreachable } from '../unreachable.js';
import type { CompiledMask, CompiledMatch, Exception, PartyCondition } from './compiled.js';
import { isDescribed } from './described.js';

/**
 * How a condition is read. `granting`: it gives something, so only what is proven and known counts. `restricting`: it takes something
 * away, so what is merely asserted counts too, and what is not known counts against.
 */
export type Reading = 'granting' | 'restricting';

/** One party of a principal, with what of it was proven. */
export interface ChainParty {
  readonly party: Party;
  readonly proven: boolean;
  readonly groupsProven: boolean;
  /** Of model and version. */
  readonly modelProven: boolean;
  /** What is the whole principal's. */
  readonly whole: Whole;
}

export interface Whole {
  readonly workload: Workload | undefined;
  readonly workloadProven: boolean;
  readonly run: Run | undefined;
  readonly runProven: boolean;
}

/** Everybody whose rights are intersected: the subject first, then the actors, proven or not. */
export type Chain = readonly [subject: ChainParty, ...actors: ChainParty[]];

export function chainOf(principal: Principal): Chain {
  const { proof, workload, run } = principal;
  const whole = { workload, workloadProven: isProof(proof.workload), run, runProven: isProof(proof.run) };
  const view = (party: Party, proven: boolean): ChainParty => ({
    party,
    proven,
    groupsProven: proven && isProof(proof.groups),
    modelProven: proven && isProof(proof.model),
    whole,
  });
  const subject = view(principal.subject, isProof(proof.subject));
  return [subject, ...principal.actors.map((actor) => view(actor, isProof(proof.actors)))];
}

function isProof(proof: Proof | undefined): boolean {
  return proof !== undefined && proof !== 'asserted';
}

/** True when every condition holds for the party. */
export function holdsFor(conditions: readonly PartyCondition[], party: ChainParty, reading: Reading): boolean {
  return conditions.every((condition) => conditionHolds(condition, party, reading));
}

function conditionHolds(condition: PartyCondition, view: ChainParty, reading: Reading): boolean {
  const anyProof = condition.asserted || reading === 'restricting';
  const { party } = view;
  switch (condition.field) {
    case 'kind':
      return (anyProof || view.proven) && condition.values.has(party.kind);
    case 'issuer':
      return (anyProof || view.proven) && condition.values.has(party.issuer);
    case 'id':
      return (anyProof || view.proven) && condition.values.has(party.id);
    case 'groups':
      // Groups that nobody vouches for, or that the issuer may have left out, may be any.
      if (reading === 'restricting' && !condition.asserted) return !isOutside(view, condition.values);
      if (reading === 'restricting' && inAny(party.unusedGroups, condition.values)) return true;
      return (anyProof || view.groupsProven) && inAny(party.groups, condition.values);
    case 'notGroups':
      return reading === 'restricting' ? !(view.groupsProven && inAny(party.groups, condition.values)) : isOutside(view, condition.values);
    case 'model':
    case 'version':
    case 'workload':
    case 'run':
      return isDescribed(condition, view, reading);
    default:
      return unreachable(condition);
  }
}

function inAny(held: readonly string[] = [], groups: ReadonlySet<string>): boolean {
  return held.some((group) => groups.has(group));
}

function isOutside(view: ChainParty, groups: ReadonlySet<string>): boolean {
  const { groups: held, groupsComplete, unusedGroups } = view.party;
  return view.groupsProven && groupsComplete && !inAny(held, groups) && !inAny(unusedGroups, groups);
}

/** The positions in the chain of the parties that the rule's identity conditions speak of; empty when they do not match. */
export function partiesOf(rule: CompiledMatch, chain: Chain, reading: Reading): readonly number[] {
  const { actor } = rule;
  if (actor.kind === 'unset') return positions(chain, (party) => holdsFor(rule.subject, party, reading));
  if (!holdsFor(rule.subject, chain[0], reading)) return [];
  switch (actor.kind) {
    case 'none':
      return chain.length === 1 ? [0] : [];
    case 'any':
      return chain.length > 1 ? [...chain.keys()] : [];
    case 'some': {
      const actors = positions(chain, (party, at) => at > 0 && holdsFor(actor.conditions, party, reading));
      return actors.length > 0 ? [0, ...actors] : [];
    }
    default:
      return unreachable(actor);
  }
}

function positions(chain: Chain, wanted: (party: ChainParty, at: number) => boolean): number[] {
  return [...chain.keys()].filter((at) => {
    const party = chain[at];
    return party !== undefined && wanted(party, at);
  });
}

/** True when the mask applies to the principal: none of its exceptions holds for every party of the chain. */
export function appliesTo(mask: CompiledMask, chain: Chain): boolean {
  return !mask.exceptions.some((exception) => isExcepted(exception, chain));
}

function isExcepted(exception: Exception, chain: Chain): boolean {
  const asked = exception.everyParty ? chain : chain.slice(0, 1);
  return asked.every((view) => {
    const named = exception.subjects === undefined || (view.proven && exception.subjects.has(partyKey(view.party)));
    return named && holdsFor(exception.conditions, view, 'granting');
  });
}
