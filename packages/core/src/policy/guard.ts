import type { JsonPath, MaskFunction } from '../masking/mask.js';
import type { ColumnName } from '../sql/names.js';
import { appliesTo, type Chain } from './chain.js';
import type { CompiledMask, CompiledPolicy } from './compiled.js';
import { REDACTED_TEXT } from './compile-mask.js';
import type { PredicateRule } from './document.js';
import type { ColumnLabel } from './label-table.js';
import { labelsOf, type ProtectionMap } from './protection.js';
import { compareStrictness } from '../masking/strictness.js';

/** A mask function with the label that it comes from. */
export interface LabelledMask {
  readonly label: string;
  readonly function: MaskFunction;
}

/** What one principal may do with one protected column: the strictest of all masks that apply. */
export interface ColumnGuard {
  readonly column: ColumnName;
  /** Labels whose masks apply to the principal. */
  readonly labels: readonly string[];
  /** For a value passed through. */
  readonly same: LabelledMask;
  /** For a value computed from the column; `undefined` when it may be seen. */
  readonly derived: LabelledMask | undefined;
  readonly predicates: PredicateRule;
  readonly write: 'deny' | 'allow';
}

/** The guards of one principal under one policy and catalogue; worked out when first asked for. */
export class Guards {
  readonly #policy: CompiledPolicy;
  readonly #protection: ProtectionMap;
  readonly #chain: Chain;
  readonly #masks = new Map<string, readonly CompiledMask[]>();
  readonly #guards = new Map<ColumnName, ColumnGuard | undefined>();
  #inReach: boolean | undefined;

  constructor(policy: CompiledPolicy, protection: ProtectionMap, chain: Chain) {
    this.#policy = policy;
    this.#protection = protection;
    this.#chain = chain;
  }

  /** True when some column of the upstream is protected from the principal. */
  get inReach(): boolean {
    this.#inReach ??= this.#protection.labels.some((label) => this.#masksOf(label).length > 0);
    return this.#inReach;
  }

  /** `undefined` when the principal may do with the column what rules allow. */
  of(column: ColumnName): ColumnGuard | undefined {
    if (!this.#guards.has(column)) this.#guards.set(column, this.#work(column));
    return this.#guards.get(column);
  }

  #masksOf(label: string): readonly CompiledMask[] {
    let masks = this.#masks.get(label);
    if (masks === undefined) {
      masks = (this.#policy.masks.get(label) ?? []).filter((mask) => appliesTo(mask, this.#chain));
      this.#masks.set(label, masks);
    }
    return masks;
  }

  #work(column: ColumnName): ColumnGuard | undefined {
    const applied = labelsOf(this.#policy, this.#protection, column).flatMap(({ label, how, path }) =>
      this.#masksOf(label).map((mask): AppliedMask => ({ mask, how, path })),
    );
    if (applied.length === 0) return undefined;
    const masks = applied.map(({ mask }) => mask);
    const same = sameMask(applied);
    // Holds only what was computed, and that may be seen.
    if (same === undefined) return undefined;
    return {
      column,
      labels: [...new Set(masks.map((mask) => mask.label))],
      same,
      derived: strictest(masks.flatMap(derivedMask)),
      predicates: strictestPredicates(masks),
      write: masks.some((mask) => mask.write === 'deny') ? 'deny' : 'allow',
    };
  }
}

interface AppliedMask {
  readonly mask: CompiledMask;
  readonly how: ColumnLabel['how'];
  readonly path: JsonPath | undefined;
}

/** Of a document that is masked as a whole as well, nothing is shown: a part would be shown under the mask of the whole. */
function sameMask(applied: readonly AppliedMask[]): LabelledMask | undefined {
  const whole = applied.flatMap(({ mask, how, path }) =>
    path !== undefined && how === 'same' ? [] : how === 'same' ? [labelled(mask)] : derivedMask(mask),
  );
  const members = applied.flatMap(({ mask, how, path }) => (path === undefined || how !== 'same' ? [] : [{ path, ...labelled(mask) }]));
  const [first] = members;
  if (first === undefined) return strictest(whole);
  const blocking = members.find((member) => member.function.kind === 'block');
  if (blocking !== undefined) return { label: blocking.label, function: blocking.function };
  if (whole.length > 0) return strictest([...whole, { label: first.label, function: { kind: 'default' } }]);
  return { label: first.label, function: { kind: 'json', members } };
}

function strictestPredicates(masks: readonly CompiledMask[]): PredicateRule {
  if (masks.some((mask) => mask.predicates === 'deny')) return 'deny';
  return masks.some((mask) => mask.predicates === 'equality') ? 'equality' : 'allow';
}

function labelled(mask: CompiledMask): LabelledMask {
  return { label: mask.label, function: mask.function };
}

/** What was computed is redacted; a function that hides more than that stays. */
function derivedMask(mask: CompiledMask): LabelledMask[] {
  if (mask.derive === 'allow') return [];
  const redact: LabelledMask = { label: mask.label, function: { kind: 'redact', text: REDACTED_TEXT } };
  return [strictest([redact, labelled(mask)]) ?? redact];
}

/** The one that hides most; the first of equals. */
export function strictest(masks: readonly LabelledMask[]): LabelledMask | undefined {
  let least: LabelledMask | undefined;
  for (const mask of masks) if (least === undefined || compareStrictness(mask.function, least.function) < 0) least = mask;
  return least;
}
