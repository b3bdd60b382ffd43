import type { Party } from '../identity/principal.js';
import type { ChainParty, Reading } from './chain.js';
import { matchesWild } from './pattern.js';

/** What a principal says of an agent's model and version, of where it runs, and of what that is a part of. */
export const DESCRIBED_FIELDS = ['model', 'version', 'workload', 'run'] as const;
export type DescribedField = (typeof DESCRIBED_FIELDS)[number];

/** One of `values` must fit, with all its members; `*` stands for any run of characters. */
export interface DescribedCondition {
  readonly field: DescribedField;
  readonly asserted: boolean;
  readonly values: readonly MemberPatterns[];
}

/** Members of a field with their patterns: `[['name', 'forge-*']]`. */
export type MemberPatterns = readonly (readonly [member: string, pattern: string])[];

/**
 * Granting: what is said must fit, and somebody must vouch for it. Restricting: what is said fits, whoever says it, or may fit where a member
 * is not said. An agent has a model and a version whether or not somebody vouches for them, so one that nobody vouches for may be any: who
 * keeps silent, or makes something up, does not get around a rule. A workload or a run there may be none of.
 */
export function isDescribed({ field, asserted, values }: DescribedCondition, view: ChainParty, reading: Reading): boolean {
  const members = membersOf(field, view);
  const isKnown = members !== undefined && (asserted || isVouchedFor(field, view));
  if (reading === 'granting') return isKnown && values.some((patterns) => patterns.every((pattern) => fits(pattern, members)));
  if (!isKnown && view.party.kind === 'agent' && isOfAgents(field)) return true;
  return members !== undefined && values.some((patterns) => patterns.every((pattern) => mayFit(pattern, members)));
}

type Members = Readonly<Record<string, string | undefined>>;

function membersOf(field: DescribedField, { party, whole }: ChainParty): Members | undefined {
  const described = { model: party.model, version: versionOf(party), workload: whole.workload, run: whole.run };
  return described[field] && { ...described[field] };
}

function versionOf({ version }: Party): { readonly version: string } | undefined {
  return version === undefined ? undefined : { version };
}

function isVouchedFor(field: DescribedField, { modelProven, whole }: ChainParty): boolean {
  return { model: modelProven, version: modelProven, workload: whole.workloadProven, run: whole.runProven }[field];
}

function isOfAgents(field: DescribedField): boolean {
  return field === 'model' || field === 'version';
}

function fits([member, pattern]: MemberPatterns[number], members: Members): boolean {
  const value = members[member];
  return value !== undefined && matchesWild(pattern, value);
}

/** Letter case is ignored where matching protects. */
function mayFit([member, pattern]: MemberPatterns[number], members: Members): boolean {
  const value = members[member];
  return value === undefined || matchesWild(pattern.toLowerCase(), value.toLowerCase());
}
