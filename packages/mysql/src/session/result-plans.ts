import { type AdmittedStatement, compareStrictness, type MaskPlan, type OutputMask, type RowAllowance } from '@sqlwarden/core';
import type { Work } from './expected-reply.js';

/**
 * Which statement of a unit a result of the server belongs to. Results come in the order of the statements; of statements that stand inside of others
 * (BEGIN NOT ATOMIC, EXECUTE IMMEDIATE) only those that return rows are seen. Where the order or the number is not known, a result gets the strictest
 * masks of all that fit it.
 */

/** What holds for a result set. */
export interface ResultPlans {
  /** To be bound to its columns one over the other; none: rows pass as they came. */
  readonly plans: readonly MaskPlan[];
  readonly returned: RowAllowance | undefined;
  /** The rows are messages of earlier statements. */
  readonly areMessages: boolean;
}

/** Makes `work.index` the statement whose result set comes now. `undefined`: there is none that it could belong to. */
export function nextResultSet(work: Work, columns: number): ResultPlans | undefined {
  if (isUnordered(work)) return anyOf(work, columns);
  for (let at = work.index; at < work.statements.length; at++) {
    const statement = work.statements[at] as AdmittedStatement;
    if (!returnsRows(statement)) continue;
    work.index = at;
    return { plans: plansOf(work, statement), returned: statement.returned, areMessages: statement.messages === true };
  }
  return isUnprotected(work) ? { plans: NO_PLANS, returned: undefined, areMessages: false } : undefined;
}

/** Nothing is protected from whoever runs it: what comes unexpected (the parameters of a CALL that go out) may pass. */
export function isUnprotected({ statements, plans }: Work): boolean {
  return (
    plans.every(({ byOrigin }) => byOrigin.size === 0) && statements.every(({ plan }) => plan === undefined || plan.byOrigin.size === 0)
  );
}

/**
 * The statement that an OK completes, with `work.index` moved to it; `undefined`: none, it ends what the results before it stood in (CALL, BEGIN NOT
 * ATOMIC). `isLast`: nothing comes after it. An OK where rows are due is told by `false`: the server did something else than was analysed.
 */
export function nextCompletion(work: Work, isLast: boolean, afterRows: boolean): AdmittedStatement | undefined | false {
  const statement = work.statements[work.index];
  if (isUnordered(work)) return statement;
  if (statement === undefined || !returnsRows(statement) || statement.plan === undefined) return statement;
  if (afterRows) return undefined;
  const rest = work.statements.slice(work.index);
  const isMasked = rest.some(({ plan }) => plan?.outputs.some((output) => output !== null) === true);
  return isMasked && !isLast ? false : statement;
}

/** Without a plan it may return anything, or nothing. */
function returnsRows({ plan }: AdmittedStatement): boolean {
  return plan === undefined || plan.outputs.length > 0;
}

/** A statement without a plan may return any number of results: nothing can be counted. */
function isUnordered({ branching, statements }: Work): boolean {
  return branching || statements.some(({ plan }) => plan === undefined);
}

/** A COM_STMT_EXECUTE has the plans that were decided for it besides. */
function plansOf({ plans, statements }: Work, { plan }: AdmittedStatement): readonly MaskPlan[] {
  if (plan === undefined) return statements.length === 1 ? plans : NO_PLANS;
  if (plans.length === 0 || statements.length > 1) return [plan];
  return plans.includes(plan) ? plans : [...plans, plan];
}

function anyOf(work: Work, columns: number): ResultPlans | undefined {
  const { statements, plans, index, branching } = work;
  const all = new Set([...plans, ...statements.flatMap(({ plan }) => plan ?? [])]);
  const fitting = [...all].filter(({ outputs }) => outputs.length === columns);
  const isDue = all.size > 0 && statements.every(({ plan }) => plan !== undefined);
  if (fitting.length === 0 && isDue && !isUnprotected(work)) return undefined;
  // Which rows are messages is not known.
  if (statements.some(({ messages }) => messages === true) && !isUnprotected(work)) return undefined;
  const isPlain = all.size === 0 && !branching;
  const returned = isPlain
    ? statements[Math.min(index, statements.length - 1)]?.returned
    : allOf(statements.flatMap((statement) => statement.returned ?? []));
  return { plans: fitting.length === 0 ? NO_PLANS : [strictest(fitting)], returned, areMessages: false };
}

/** Position by position the mask that hides most; where two do not have the same one, a constant that hides both. */
function strictest(plans: readonly MaskPlan[]): MaskPlan {
  const [first, ...rest] = plans as readonly [MaskPlan, ...MaskPlan[]];
  return rest.reduce(
    (all, plan) => ({ byOrigin: all.byOrigin, outputs: all.outputs.map((output, at) => stricter(output, plan.outputs[at] ?? null)) }),
    first,
  );
}

function stricter(a: OutputMask | null, b: OutputMask | null): OutputMask | null {
  if (a === null || b === null) return a ?? b;
  const [strict, other] = compareStrictness(a.function, b.function) <= 0 ? [a, b] : [b, a];
  const sources = [...new Set([...a.sources, ...b.sources])].sort();
  if (strict.function.kind === 'block' || strict.function.kind === 'null') return { ...strict, sources };
  const isSame = JSON.stringify(strict.function) === JSON.stringify(other.function);
  return isSame ? { ...strict, sources } : { label: strict.label, function: { kind: 'default' }, sources };
}

/** Rows that may be any statement's draw from what all of them may return. */
function allOf(allowances: readonly RowAllowance[]): RowAllowance | undefined {
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
