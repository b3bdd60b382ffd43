import { type AdmittedStatement, compareStrictness, type MaskPlan, type OutputMask, type RowAllowance } from '@sqlwarden/core';
import type { ExpectedReply, Work } from './expected-reply.js';

/**
 * Which statement of a unit a result of the server belongs to. Results come in the order of the statements. Where the order or the number is not known
 * (branches, procedures, a statement that has failed while the batch goes on, more than one RPC), a result gets the strictest masks of all that fit it.
 */

/** What holds for a result. */
export interface ResultPlans {
  /** To be bound to its columns one over the other; none: rows pass as they came. */
  readonly plans: readonly MaskPlan[];
  readonly returned: RowAllowance | undefined;
}

/** Makes `work.index` the statement whose result comes now. `widths`: how many columns it may be planned with. `undefined`: there is none. */
export function nextResult(reply: ExpectedReply, work: Work, widths: readonly number[]): ResultPlans | undefined {
  const works = reply.works.slice(reply.at);
  if (works.length > 1 || isUnordered(work)) return anyOf(works, widths);
  for (let at = work.index; at < work.statements.length; at++) {
    const statement = work.statements[at] as AdmittedStatement;
    if (!returnsRows(statement)) continue;
    work.index = at;
    return { plans: plansOf(work, statement), returned: statement.returned };
  }
  return isUnprotected(work) ? NOTHING_PLANNED : undefined;
}

/** Nothing is protected from whoever runs it: what comes unexpected may pass. */
export function isUnprotected({ statements, plans, call }: Work): boolean {
  return [...plans, call?.outputs, ...statements.map(({ plan }) => plan)].every((plan) => plan === undefined || plan.byOrigin.size === 0);
}

/** Without a plan it may return anything, or nothing. */
function returnsRows({ plan }: AdmittedStatement): boolean {
  return plan === undefined || plan.outputs.length > 0;
}

/** A statement without a plan may return any number of results: nothing can be counted. After an error the batch may go on anywhere behind it. */
function isUnordered({ branching, errorCode, statements }: Work): boolean {
  return branching || errorCode !== undefined || statements.some(({ plan }) => plan === undefined);
}

/** What was prepared has the plans that were decided for it besides. */
function plansOf({ plans, statements }: Work, { plan }: AdmittedStatement): readonly MaskPlan[] {
  if (plan === undefined) return statements.length === 1 ? plans : NO_PLANS;
  if (plans.length === 0 || statements.length > 1) return [plan];
  return plans.includes(plan) ? plans : [...plans, plan];
}

function anyOf(works: readonly Work[], widths: readonly number[]): ResultPlans | undefined {
  const statements = works.flatMap((work) => work.statements);
  const all = new Set([...works.flatMap(({ plans }) => plans), ...statements.flatMap(({ plan }) => plan ?? [])]);
  const fitting = [...all].filter(({ outputs }) => widths.includes(outputs.length));
  const isDue = all.size > 0 && statements.every(({ plan }) => plan !== undefined);
  if (fitting.length === 0 && isDue && !works.every(isUnprotected)) return undefined;
  // Of plans of different width that both fit, none can be told to be the other.
  if (new Set(fitting.map(({ outputs }) => outputs.length)).size > 1) return undefined;
  const [only] = works;
  const isPlain = all.size === 0 && works.length === 1 && only?.branching === false;
  const returned = isPlain
    ? statements[Math.min(only.index, statements.length - 1)]?.returned
    : allOf(statements.flatMap((statement) => statement.returned ?? []));
  return { plans: fitting.length === 0 ? NO_PLANS : [strictest(fitting)], returned };
}

/** Position by position the mask that hides most; where two do not have the same one, a constant that hides both. */
export function strictest(plans: readonly MaskPlan[]): MaskPlan {
  const [first, ...rest] = plans as readonly [MaskPlan, ...MaskPlan[]];
  return rest.reduce(
    (all, plan) => ({ byOrigin: all.byOrigin, outputs: all.outputs.map((output, at) => stricter(output, plan.outputs[at] ?? null)) }),
    first,
  );
}

/** The mask that hides what either of them does. */
export function stricter(a: OutputMask | null, b: OutputMask | null): OutputMask | null {
  if (a === null || b === null) return a ?? b;
  const [strict, other] = compareStrictness(a.function, b.function) <= 0 ? [a, b] : [b, a];
  const sources = [...new Set([...a.sources, ...b.sources])].sort();
  if (strict.function.kind === 'block' || strict.function.kind === 'null') return { ...strict, sources };
  const isSame = JSON.stringify(strict.function) === JSON.stringify(other.function);
  return isSame ? { ...strict, sources } : { label: strict.label, function: { kind: 'default' }, sources };
}

/** Rows that may be any statement's draw from what all of them may return. */
export function allOf(allowances: readonly RowAllowance[]): RowAllowance | undefined {
  const [first] = allowances;
  if (first === undefined || allowances.length === 1) return first;
  let short = first;
  return {
    get remaining() {
      return Math.min(...allowances.map(({ remaining }) => remaining));
    },
    take: (rows) =>
      allowances.every((allowance) => {
        short = allowance;
        return allowance.take(rows);
      }),
    refusal: () => short.refusal(),
  };
}

const NO_PLANS: readonly MaskPlan[] = Object.freeze([]);
const NOTHING_PLANNED: ResultPlans = Object.freeze({ plans: NO_PLANS, returned: undefined });
