import type { Admission, Refusal, Unit } from '@sqlwarden/core';
import type { Decision } from './decision.js';
import type { StatementAllowances } from './limits.js';

/** The approval that lets a unit run. */
export interface Grant {
  readonly request: string;
  readonly digest: string;
}

/** What this host keeps in an admission: {@link Admission} `decision`. */
export interface Granted {
  readonly decision: Decision;
  readonly approval: Grant | undefined;
}

/** What was let through in an earlier phase of the same unit. */
export function granted(unit: Unit): Granted | undefined {
  return unit.earlier?.kind === 'proceed' ? (unit.earlier.decision as Granted) : undefined;
}

/** Admissions of phases that run nothing: one for each decision. */
const PREPARED = new WeakMap<Decision, Admission>();

/** What lets a unit go on. `ticket`: 0 in phases that run nothing. */
export function proceed(
  ticket: number,
  decision: Decision,
  approval: Grant | undefined,
  allowances?: readonly StatementAllowances[],
): Admission {
  const isShared = ticket === 0 && approval === undefined;
  const known = isShared ? PREPARED.get(decision) : undefined;
  if (known !== undefined) return known;
  const kept: Granted = { decision, approval };
  const admission: Admission = {
    kind: 'proceed',
    ticket,
    statements:
      allowances === undefined ? decision.statements : decision.statements.map((statement, at) => ({ ...statement, ...allowances[at] })),
    ...(decision.facts?.branching === true ? { branching: true } : {}),
    cleanTexts: decision.cleanTexts,
    decision: kept,
  };
  if (isShared) PREPARED.set(decision, admission);
  return admission;
}

export const OUTDATED: Refusal = {
  code: 'plan-outdated',
  message: 'what the statement names has changed since it was prepared, and other masks belong to it now; prepare it again',
};

/**
 * The server goes on with what the names of a prepared statement stood for when it last looked, which is when it was parsed, described or bound
 * under some earlier schema. Whichever that was, the result has to be masked alike.
 */
export function isOutdated(unit: Unit, decision: Decision): boolean {
  const earlier = granted(unit)?.decision;
  return earlier !== undefined && earlier !== decision && earlier.maskKey !== decision.maskKey;
}

/** Nothing that a decision depends on, beside names and state, is another for the unit. */
export function isMadeFor({ parameterTypes, stateChanged }: Decision, unit: Unit): boolean {
  if (stateChanged !== unit.transaction.stateChanged || parameterTypes.length !== unit.parameterTypes.length) return false;
  for (let at = 0; at < parameterTypes.length; at++) if (parameterTypes[at] !== unit.parameterTypes[at]) return false;
  return true;
}

/** Such a unit need not be durable before it runs, and gets one entry when it is over. */
export function isCompleted(decision: Decision, approval: Grant | undefined): boolean {
  return !decision.durable && approval === undefined;
}

/** Something that the unit names is not in the schema that it was judged by. */
export function namesWhatIsMissing(decision: Decision): boolean {
  const code = decision.verdict.refusal?.code;
  return code === 'relation-unknown' || code === 'column-unknown';
}
