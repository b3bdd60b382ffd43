import type { CompiledRule } from './compiled.js';
import type { ApprovalRequirement, Refusal } from './verdict.js';

export type CombinedApproval =
  | { readonly kind: 'possible'; readonly requirement: ApprovalRequirement }
  | { readonly kind: 'impossible'; readonly refusal: Refusal };

/**
 * One requirement that satisfies every rule: approvers from groups that all of them name, the most people, the shortest time. Rules with no
 * group in common cannot be satisfied by one approval, and are refused rather than loosened.
 */
export function combineApprovals(rules: readonly CompiledRule[]): CombinedApproval {
  const distinct = [...new Set(rules)];
  const requirements = distinct.flatMap((rule) => (rule.approval === undefined ? [] : [{ rule: rule.id, ...rule.approval }]));
  const [first] = requirements;
  if (first === undefined) return impossible(distinct);
  const groups = first.groups.filter((group) => requirements.every((requirement) => requirement.groups.includes(group)));
  if (groups.length === 0) return impossible(distinct);
  const people = Math.max(...requirements.map((requirement) => requirement.people));
  const withinMs = Math.min(...requirements.map((requirement) => requirement.withinMs));
  return { kind: 'possible', requirement: { rule: first.rule, groups, people, withinMs } };
}

function impossible(rules: readonly CompiledRule[]): CombinedApproval {
  const ids = rules.map((rule) => rule.id).join(', ');
  const message = `the rules ${ids} ask for approval by groups that have none in common; name one group in all of them`;
  return { kind: 'impossible', refusal: { code: 'policy-error', message, rule: rules[0]?.id ?? 'default' } };
}
