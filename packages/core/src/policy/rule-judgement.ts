import type { Action, StatementFacts } from '../sql/facts.js';
import { type Chain, partiesOf, type Reading } from './chain.js';
import type { CompiledPolicy, CompiledRule } from './compiled.js';
import { matchesStatement, type Place } from './match.js';
import { describeOpacity } from './opacity.js';
import type { JudgedStatement } from './touched.js';
import type { Refusal } from './verdict.js';

/** What the rules say of one statement. */
export interface RuleJudgement {
  readonly refusal: Refusal | undefined;
  /** The approve rules that it must be held for; empty when it may run. */
  readonly holds: readonly CompiledRule[];
  /** Ids of the rules that matched, the deciding one first. */
  readonly rules: readonly string[];
}

export function judgeByRules(policy: CompiledPolicy, place: Place, statement: JudgedStatement, chain: Chain): RuleJudgement {
  const parties = (rule: CompiledRule, reading: Reading): readonly number[] =>
    matchesStatement(rule, place, statement, reading) ? partiesOf(rule, chain, reading) : [];
  const restricting = (effect: CompiledRule['effect']): CompiledRule[] =>
    policy.rules.filter((rule) => rule.effect === effect && parties(rule, 'restricting').length > 0);

  const denies = restricting('deny');
  const holds = restricting('approve');
  const granting = policy.rules
    .filter((rule) => rule.effect !== 'deny')
    .map((rule) => ({ rule, parties: parties(rule, 'granting') }))
    .filter((grant) => grant.parties.length > 0);
  const allows = granting.filter(({ rule }) => rule.effect === 'allow').map(({ rule }) => rule);
  const ids = [...denies, ...holds, ...allows].map((rule) => rule.id);

  const [deny] = denies;
  if (deny !== undefined) return { refusal: denyRefusal(deny, statement), holds: [], rules: ids };
  if (isBuiltIn(statement)) return { refusal: undefined, holds, rules: ids.length > 0 ? ids : ['built-in'] };
  const granted = new Set(granting.flatMap((grant) => grant.parties));
  if (granted.size < chain.length && policy.default === 'deny') {
    return { refusal: defaultRefusal(statement.facts, chain, granted), holds: [], rules: ['default', ...ids] };
  }
  return { refusal: undefined, holds, rules: ids.length > 0 ? ids : ['default'] };
}

function denyRefusal(rule: CompiledRule, { facts, opacity }: JudgedStatement): Refusal {
  const message = rule.message ?? `the rule ${rule.id} denies this statement; ask the owner of the policy`;
  const hint = opacity.present ? { hint: `the statement cannot be seen through (${describeOpacity(facts)})` } : {};
  return { code: 'policy-denied', message, rule: rule.id, ...hint };
}

function defaultRefusal(facts: StatementFacts, chain: Chain, granted: ReadonlySet<number>): Refusal {
  const missing = [...chain.keys()].find((at) => !granted.has(at)) ?? 0;
  const kind = chain[missing]?.party.kind ?? 'person';
  const who = missing === 0 ? `this ${kind}` : `the ${kind} that acts for the subject`;
  return {
    code: 'policy-denied',
    message: `no rule allows ${facts.action} (${facts.class}) to ${who}; ask the owner of the policy for one`,
  };
}

/** Statements that every client sends and that reach no data. */
const BUILT_IN_ACTIONS: ReadonlySet<Action> = new Set<Action>([
  'begin',
  'commit',
  'rollback',
  'savepoint',
  'set',
  'reset',
  'show',
  'deallocate',
  'open',
  'fetch',
  'close',
  'discard',
  'use',
  'control',
  'raise',
  'empty',
]);

/** A gateway that refuses BEGIN is of no use: these need no rule. What raises rights, reads, or cannot be seen through does. */
export function isBuiltIn({ facts, opacity }: JudgedStatement): boolean {
  const harmless = facts.class === 'session' || facts.class === 'transaction' || facts.action === 'empty';
  const touches = facts.reads.length + facts.writes.length + facts.columns.length + facts.flows.length + facts.schemaChanges.length > 0;
  return BUILT_IN_ACTIONS.has(facts.action) && harmless && !facts.elevated && !opacity.present && !touches;
}
