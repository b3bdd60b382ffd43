import type { PartyKind } from '../identity/principal.js';
import type { JsonPath, MaskFunction } from '../masking/mask.js';
import type { LinearPattern } from '../ports.js';
import type { Action, FilterFact, StatementClass } from '../sql/facts.js';
import type { DescribedCondition } from './described.js';
import type { LimitEach, PolicyMode, PredicateRule } from './document.js';
import type { LimitAmount } from './verdict.js';
import type { NamePattern } from './pattern.js';

/** A policy made ready for evaluation, by `compilePolicy`. Immutable; equal documents give equal policies. */
export interface CompiledPolicy {
  readonly mode: PolicyMode;
  readonly default: 'allow' | 'deny';
  readonly classifications: readonly Classification[];
  readonly masks: ReadonlyMap<string, readonly CompiledMask[]>;
  /** In the order of the files. */
  readonly rules: readonly CompiledRule[];
  /** In the order of the files. */
  readonly limits: readonly CompiledLimit[];
  /** In the order of the files. */
  readonly requirements: readonly CompiledRequirement[];
  /** All that the policy reads of a principal, so that principals can be told apart by that alone. */
  readonly mentions: Mentions;
}

export interface Classification {
  readonly label: string;
  /** `upstream.schema.relation.column`. */
  readonly pattern: NamePattern;
  /** Only this part of the JSON documents in the column. */
  readonly path?: JsonPath;
  /** Where it is written, for people: `classify[2].columns[0]` with the file. */
  readonly place: string;
}

export interface CompiledMask {
  readonly label: string;
  readonly function: MaskFunction;
  readonly exceptions: readonly Exception[];
  readonly predicates: PredicateRule;
  readonly derive: 'redact' | 'allow';
  readonly write: 'deny' | 'allow';
}

export interface Exception {
  readonly conditions: readonly PartyCondition[];
  /** `issuer` and `id`, as `partyKey` joins them; `undefined` for no condition. */
  readonly subjects: ReadonlySet<string> | undefined;
  readonly everyParty: boolean;
}

/** One key of a party condition. `asserted`: values that nobody vouched for count too. */
export type PartyCondition = { readonly asserted: boolean } & (
  | { readonly field: 'kind'; readonly values: ReadonlySet<PartyKind> }
  | { readonly field: 'groups' | 'notGroups' | 'issuer' | 'id'; readonly values: ReadonlySet<string> }
  | Omit<DescribedCondition, 'asserted'>
);

export type ActorCondition =
  | { readonly kind: 'unset' }
  | { readonly kind: 'any' }
  | { readonly kind: 'none' }
  | { readonly kind: 'some'; readonly conditions: readonly PartyCondition[] };

/** What a rule or a limit speaks of. */
export interface CompiledMatch {
  readonly subject: readonly PartyCondition[];
  readonly actor: ActorCondition;
  readonly environments: ReadonlySet<string> | undefined;
  readonly upstreams: readonly string[] | undefined;
  readonly actions: ReadonlySet<Action> | undefined;
  readonly classes: ReadonlySet<StatementClass> | undefined;
  readonly relations: RelationCondition | undefined;
  readonly labels: readonly string[] | undefined;
  readonly filters: ReadonlySet<FilterFact> | undefined;
  readonly opaque: boolean | undefined;
  readonly elevated: boolean | undefined;
  readonly minStatements: number;
  readonly routines: readonly NamePattern[] | undefined;
}

export interface CompiledRule extends CompiledMatch {
  readonly id: string;
  readonly effect: 'allow' | 'deny' | 'approve';
  readonly message: string | undefined;
  /** Set exactly when the effect is `approve`. */
  readonly approval: { readonly groups: readonly string[]; readonly people: number; readonly withinMs: number } | undefined;
}

/** How much of something is let through to each of those that the limit speaks of. */
export interface CompiledLimit extends CompiledMatch {
  readonly id: string;
  readonly message: string | undefined;
  readonly each: LimitEach;
  readonly amounts: readonly LimitAmount[];
}

/** What must be said of why a statement is run. */
export interface CompiledRequirement extends CompiledMatch {
  readonly id: string;
  readonly message: string | undefined;
  /** Matches the whole ticket. */
  readonly ticket: { readonly source: string; readonly pattern: LinearPattern } | undefined;
  readonly purposes: readonly string[] | undefined;
  readonly traceparent: boolean;
}

/** `touched`: one list for all. `apart`: what is read and what is written; a list that is missing has no pattern. */
export type RelationCondition =
  | { readonly kind: 'touched'; readonly patterns: readonly NamePattern[] }
  | { readonly kind: 'apart'; readonly read: readonly NamePattern[] | undefined; readonly write: readonly NamePattern[] | undefined };

export interface Mentions {
  readonly groups: ReadonlySet<string>;
  readonly issuers: ReadonlySet<string>;
  readonly ids: ReadonlySet<string>;
  /** Parties named by issuer and id, as `partyKey` joins them. */
  readonly parties: ReadonlySet<string>;
  /** Each once. */
  readonly described: readonly DescribedCondition[];
}
