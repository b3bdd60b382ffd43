import { partyKey, type Principal } from '../identity/principal.js';
import { joinName, type RelationName } from '../sql/names.js';
import { unreachable } from '../unreachable.js';
import { type Chain, chainOf, partiesOf } from './chain.js';
import { partsOf, splitColumn } from './column-names.js';
import type { CompiledLimit, CompiledPolicy } from './compiled.js';
import { matchesRelation, matchesStatement, type Place } from './match.js';
import { isBuiltIn } from './rule-judgement.js';
import { type JudgedStatement, outputColumns } from './touched.js';
import type { AppliedLimit, LimitedThing, Verdict } from './verdict.js';

/** The limits of each statement, or `undefined` when none has any. The same for all principals with the same `rightsKey`. */
export function limitsOf(policy: CompiledPolicy, place: Place, statements: readonly JudgedStatement[], chain: Chain): Verdict['limits'] {
  if (policy.limits.length === 0) return undefined;
  const speaking = policy.limits.filter((limit) => partiesOf(limit, chain, 'restricting').length > 0);
  const limits = statements.map((statement) => {
    if (isUnlimited(statement)) return [];
    const known = withCursorRelations(statement);
    return speaking
      .filter((limit) => matchesStatement(limit, place, known, 'restricting'))
      .flatMap((limit) => applied(limit, place, known));
  });
  return limits.some((some) => some.length > 0) ? limits : undefined;
}

/**
 * For each limit of the policy, the parties of the principal that it counts for, as `partyKey` joins them; limits that do not speak of the
 * principal are missing. What `AppliedLimit.limit` names is in here for the principal that was evaluated.
 */
export function limitedParties(policy: CompiledPolicy, principal: Principal): ReadonlyMap<string, readonly string[]> {
  const chain = chainOf(principal);
  const parties = new Map<string, readonly string[]>();
  for (const limit of policy.limits) {
    const keys = new Set(partiesOf(limit, chain, 'restricting').map((at) => partyKey(chain[at]?.party ?? principal.subject)));
    if (keys.size > 0) parties.set(limit.id, [...keys]);
  }
  return parties;
}

/** A client that may not roll back any more would keep its locks. FETCH returns rows, whatever is known of them. */
function isUnlimited(statement: JudgedStatement): boolean {
  return isBuiltIn(statement) && statement.facts.action !== 'fetch';
}

/** FETCH names no relation: what its rows come from is in its outputs. */
function withCursorRelations(statement: JudgedStatement): JudgedStatement {
  const { facts } = statement;
  if (facts.action !== 'fetch') return statement;
  const relations = outputColumns(facts).flatMap(({ origins }) => origins.map(({ column }) => splitColumn(column).relation));
  return { ...statement, facts: { ...facts, reads: [...new Set([...facts.reads, ...relations])] } };
}

function applied(limit: CompiledLimit, place: Place, statement: JudgedStatement): AppliedLimit[] {
  const { id, each, message } = limit;
  const amounts = limit.amounts.filter(({ what }) => canUse(what, statement));
  if (amounts.length === 0) return [];
  const relations = each === 'identity-and-relation' ? countedRelations(limit, place, statement) : [];
  const isUncountable = statement.facts.modifiesInside === true && amounts.some(({ what }) => what === 'rows-affected');
  return [{ limit: id, amounts, each, relations, message, ...(isUncountable ? { isUncountable } : {}) }];
}

/** A statement that cannot return or affect anything uses up nothing, and is not refused when nothing is left. */
function canUse(what: LimitedThing, { facts, opacity }: JudgedStatement): boolean {
  switch (what) {
    case 'statements':
      return true;
    case 'rows-returned':
      return opacity.present || facts.outputs !== undefined;
    case 'rows-affected':
      return opacity.present || facts.writes.length > 0;
    default:
      return unreachable(what);
  }
}

/** The relations that the limit names, among those that the statement touches; all of them when it names none. */
function countedRelations({ relations }: CompiledLimit, place: Place, { facts, opacity }: JudgedStatement): (RelationName | undefined)[] {
  const touched = [...new Set([...facts.reads, ...facts.writes])].sort();
  const counted = touched.filter((name) => relations === undefined || matchesRelation(relations, place.upstream, name));
  const named = counted.map((name) => joinName(place.upstream, ...partsOf(name)));
  const unseen = opacity.readsData || opacity.runsAnything || named.length === 0;
  return unseen ? [...named, undefined] : named;
}
