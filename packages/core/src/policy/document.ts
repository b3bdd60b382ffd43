import type { Model, PartyKind, Run, Workload } from '../identity/principal.js';
import type { MaskKind } from '../masking/mask.js';
import type { IntentField } from '../session/asserted-intent.js';
import type { Action, FilterFact, StatementClass } from '../sql/facts.js';

/**
 * A policy as it is written: the shape of one policy file after it was checked against the JSON Schema. Plain data; {@link compilePolicy}
 * gives it its meaning and checks what a schema cannot.
 */

export type OneOrMany<T> = T | readonly T[];

/** A value or a list of values as a list. */
export function list<T>(value: OneOrMany<T> | undefined): readonly T[] {
  if (value === undefined) return [];
  return isMany(value) ? value : [value];
}

function isMany<T>(value: OneOrMany<T>): value is readonly T[] {
  return Array.isArray(value);
}

/** `observe` records what `enforce` would have done: NOTHING is refused, held or masked. For trying a policy out, never for protection. */
export type PolicyMode = 'enforce' | 'observe';

export interface PolicyDocument {
  /** The file it was read from, for messages. */
  readonly file: string;
  readonly version: 1;
  /** Over several documents: `enforce`, unless every document that says a mode says `observe`. */
  readonly mode?: PolicyMode;
  /** What happens to a statement that no rule speaks of. Over several documents: `deny`, unless every one that says a default says `allow`. */
  readonly default?: 'allow' | 'deny';
  readonly classify?: readonly ClassifySource[];
  readonly mask?: readonly MaskSource[];
  readonly rules?: readonly RuleSource[];
  readonly limits?: readonly LimitSource[];
  readonly require?: readonly RequirementSource[];
  readonly tests?: readonly PolicyTest[];
}

/** Puts a label on columns. Labels add up; none is ever taken away. */
export interface ClassifySource {
  readonly label: string;
  /**
   * `upstream.schema.relation.column`. `*` stands for any run of characters inside a part; a part in double quotes is taken as it is.
   * Letter case is ignored outside of quotes. Relations of the system only where the schema is written without `*`.
   */
  readonly columns: OneOrMany<string>;
}

/** What happens to the values of columns with a label. Several for one label, or several labels on one column: the strictest wins. */
export interface MaskSource {
  readonly label: string;
  readonly with: MaskFunctionSource;
  /** Who reads the values as they are: one exception, or several of which one suffices. */
  readonly except?: OneOrMany<ExceptSource>;
  /**
   * Conditions, joins, grouping and ordering on the column. `equality` (the default): comparison for equality with a value, and joins.
   * `allow`: any, grouping and ordering too. `deny`: none.
   */
  readonly predicates?: PredicateRule;
  /** What is computed from the column: `redact` (the default) hides it, `allow` passes it. */
  readonly derive?: 'redact' | 'allow';
  /** Whether one who reads the column masked may write it. Default: `deny`. */
  readonly write?: 'deny' | 'allow';
}

export type PredicateRule = 'deny' | 'equality' | 'allow';

/** `null` and names for functions without settings; an object with one key for the others. */
export type MaskFunctionSource =
  | null
  | 'null'
  | 'default'
  | 'redact'
  | 'email'
  | 'last4'
  | 'hash'
  | 'token'
  | 'block'
  | { readonly redact: { readonly text: string } }
  | { readonly partial: { readonly prefix?: number; readonly suffix?: number; readonly pad?: string } }
  | { readonly token: { readonly domain: string } }
  | { readonly bucket: { readonly size: number } }
  | { readonly round: { readonly to: number } }
  | { readonly noise: { readonly ratio: number; readonly seed?: string; readonly min?: number; readonly max?: number } }
  | { readonly date_trunc: { readonly unit: 'year' | 'quarter' | 'month' | 'day' | 'hour' } }
  | { readonly regex: { readonly pattern: string; readonly replacement?: string } };

/**
 * An exception from a mask. Every key that is given must hold, for the subject AND for every actor that acts for it: an agent does not
 * inherit the exception of the person it works for. `actors: any` lifts that, so that only the subject is asked.
 */
export interface ExceptSource extends PartyConditions {
  /** These parties, by issuer and id. */
  readonly subjects?: readonly { readonly issuer: string; readonly id: string }[];
  readonly actors?: 'any';
}

/**
 * Conditions on one party. Values of one key are alternatives, keys must all hold. A key reads only what is proven; with `asserted.` before
 * it, also what is merely asserted. `deny` rules always read both: saying something of oneself can only take rights away.
 */
export interface PartyConditions {
  readonly kind?: OneOrMany<PartyKind>;
  /** In at least one of these groups. Where the issuer may have left groups out, every rule that restricts holds. */
  readonly groups?: OneOrMany<string>;
  /** In none of these groups. Where the issuer may have left groups out, this grants nothing and restricts everything. */
  readonly notGroups?: OneOrMany<string>;
  readonly issuer?: OneOrMany<string>;
  readonly id?: OneOrMany<string>;
  /** Of the party. An agent whose model nobody vouches for is granted nothing by it, and counts as any model where it restricts. */
  readonly model?: OneOrMany<Partial<Model>>;
  /** An agent's own; as `model`. */
  readonly version?: OneOrMany<string>;
  /** Where the whole principal runs, whichever party is asked. All members that are given must fit; `*` stands for any run of characters. */
  readonly workload?: OneOrMany<Workload>;
  /** What it is a part of; as `workload`. */
  readonly run?: OneOrMany<Run>;
  readonly 'asserted.model'?: OneOrMany<Partial<Model>>;
  readonly 'asserted.version'?: OneOrMany<string>;
  readonly 'asserted.workload'?: OneOrMany<Workload>;
  readonly 'asserted.run'?: OneOrMany<Run>;
  readonly 'asserted.kind'?: OneOrMany<PartyKind>;
  readonly 'asserted.groups'?: OneOrMany<string>;
  readonly 'asserted.issuer'?: OneOrMany<string>;
  readonly 'asserted.id'?: OneOrMany<string>;
}

/**
 * A rule. Strength decides, not order: `deny` over `approve` over `allow` over the default; order only says which id is shown.
 *
 * Every rule is read in one of two ways. *Restricting* (deny; approve, when it asks whether to hold): it matches when any party and anything
 * that the statement touches, or may touch unseen, meets the conditions. *Granting* (allow; approve, when it asks whether the statement is
 * permitted at all): everything touched must meet them, and nothing unseen does. A statement is permitted when every party of the principal
 * is granted it by some rule: rights are the intersection over the subject and each actor.
 */
export interface RuleSource {
  readonly id: string;
  readonly match?: MatchSource;
  readonly then: 'allow' | 'deny' | { readonly approve: ApproveSource };
  /** For the person who is refused or held: what to do instead. */
  readonly message?: string;
}

export interface ApproveSource {
  /** Approvers are in at least one of these. */
  readonly groups: readonly string[];
  /** How many different people. Default 1. */
  readonly people?: number;
  /** `90s`, `15m`, `4h`, `1d`. Default `15m`. */
  readonly within?: string;
}

/**
 * How much the statements that it speaks of may return, affect, or be. Matches as a deny rule does: any party, and anything that is touched
 * or may be touched unseen. All limits that match hold. Statements that only steer a session or transaction are never limited.
 */
export interface LimitSource {
  readonly id: string;
  readonly match?: MatchSource;
  /** Rows that go to the client. */
  readonly rowsReturned?: AmountSource;
  /** Rows that are written, by the server's count. A statement that goes beyond is undone, with its transaction. */
  readonly rowsAffected?: AmountSource;
  readonly statements?: { readonly max: number; readonly per: string };
  /** Who has a budget of its own. Default: `identity`. */
  readonly each?: LimitEach;
  /** For the person who is refused: what to do instead. */
  readonly message?: string;
}

export interface AmountSource {
  readonly max: number;
  /** `statement` (the default), or a stretch of time such as `1h`: at most `max` in any stretch of that length. */
  readonly per?: string;
}

/**
 * `identity`: every party of the principal that the limit matches, whoever else is in the chain. `identity-and-relation`: each of them for
 * each relation. `everybody`: all share one budget.
 */
export type LimitEach = 'identity' | 'identity-and-relation' | 'everybody';

/**
 * What must be said of why a statement is run, or it is refused. It is not proven by being said: this restricts, and grants nothing. Matches
 * as a deny rule does: any party, and anything that is touched or may be touched unseen. All requirements that match hold. Statements that
 * only steer a session or transaction need nothing.
 */
export interface RequirementSource {
  readonly id: string;
  readonly match?: MatchSource;
  /** A regular expression in RE2 syntax that the whole ticket must match. */
  readonly ticket?: string;
  /** The purposes that there are, letter for letter. */
  readonly purpose?: OneOrMany<string>;
  /** There must be a trace context. */
  readonly traceparent?: true;
  /** For the person who is refused: what to do instead. */
  readonly message?: string;
}

/** Keys must all hold; values of one key are alternatives. */
export interface MatchSource {
  /**
   * Without `actor`: asked of every party in turn, as if it acted by itself. With `actor`: asked of the subject alone.
   */
  readonly subject?: PartyConditions;
  /**
   * `any`: somebody acts for the subject. `none`: nobody does. Conditions: an actor meets them; an allow rule then grants the statement to
   * the subject and to the actors that do.
   */
  readonly actor?: 'any' | 'none' | PartyConditions;
  readonly environment?: OneOrMany<string>;
  /** Names of upstreams, with `*`. */
  readonly upstream?: OneOrMany<string>;
  readonly action?: OneOrMany<Action>;
  readonly class?: OneOrMany<StatementClass>;
  /** `upstream.schema.relation` patterns, for all that is touched; or apart for what is read and written. Allow rules mind letter case. */
  readonly relations?: OneOrMany<string> | { readonly read?: OneOrMany<string>; readonly write?: OneOrMany<string> };
  /** Labels of the columns touched, with `*`. */
  readonly labels?: OneOrMany<string>;
  readonly filter?: OneOrMany<FilterFact>;
  /** Something in the statement could not be seen through. */
  readonly opaque?: boolean;
  readonly elevated?: boolean;
  /** How many statements the unit has. */
  readonly statements?: { readonly min: number };
  /** `schema.name` patterns of routines called. */
  readonly routines?: OneOrMany<string>;
}

/** Who a policy test runs as. Everything said here counts as proven by a token. */
export interface TestIdentity {
  /** Default `person`. */
  readonly kind?: PartyKind;
  readonly issuer?: string;
  readonly id?: string;
  readonly groups?: readonly string[];
  readonly model?: Model;
  readonly version?: string;
  readonly workload?: Workload;
  readonly run?: Run;
  /** Outermost first. The kind of an actor is `agent` unless it says otherwise. */
  readonly actors?: readonly Omit<TestIdentity, 'actors' | 'workload' | 'run'>[];
}

/** A case that the policy must decide so. */
export interface PolicyTest {
  readonly note?: string;
  readonly as: TestIdentity;
  readonly sql: string;
  /** May be left out where there is only one upstream. */
  readonly upstream?: string;
  /** Default: the gateway's own. */
  readonly environment?: string;
  /** What is said of why it is run. */
  readonly asserted?: Readonly<Partial<Record<IntentField, string>>>;
  readonly want: PolicyTestWant;
}

export type PolicyTestWant =
  | { readonly allowed: true }
  /** The id of the rule, the code of the refusal, or `default`. */
  | { readonly refused: string }
  /** The id of the rule that asks for approval. */
  | { readonly approve: string }
  /** Allowed, and exactly these output columns are masked, with these functions. */
  | { readonly masked: Readonly<Record<string, MaskKind>> }
  /** Allowed, and exactly these limits hold, by their ids. */
  | { readonly limited: readonly string[] };
