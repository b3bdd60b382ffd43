import type { Action, OpaqueReason, StatementFacts } from '../sql/facts.js';

/** What the unseen part of a statement may do. */
export interface Opacity {
  /** Something could not be seen through. */
  readonly present: boolean;
  /** It may read (or hand out) any column of the upstream. */
  readonly readsData: boolean;
  /** It may run any statement: nothing that was found of action, class and filter says what it does. */
  readonly runsAnything: boolean;
}

type Reach = 'anything' | 'data' | 'name';
/** `name`: only what a name stands for is not known, so nothing is read by statements that do not read rows. */
const REACH = {
  'unknown-node': 'anything',
  'dynamic-sql': 'anything',
  complexity: 'anything',
  'unknown-routine': 'data',
  'foreign-data': 'data',
  'unreadable-relation': 'data',
  'unknown-relation': 'name',
  'unknown-column': 'name',
  'session-state': 'name',
  'schema-changed': 'name',
} as const satisfies Record<OpaqueReason['kind'], Reach>;

/** Statements that take a name and hand out nothing of what is stored under it. */
const NAMES_ONLY: ReadonlySet<Action> = new Set<Action>([
  'drop',
  'alter',
  'rename',
  'comment',
  'grant',
  'revoke',
  'deny',
  'truncate',
  'lock',
  'vacuum',
  'analyze',
  'maintain',
]);

export function opacityOf(statement: StatementFacts): Opacity {
  const reaches = statement.opaque.map((reason) => REACH[reason.kind]);
  const hidden = hasHiddenOutputs(statement);
  const namesOnly = NAMES_ONLY.has(statement.action) && statement.flows.length === 0;
  return {
    present: reaches.length > 0 || hidden,
    readsData: hidden || reaches.some((reach) => reach !== 'name' || !namesOnly),
    runsAnything: reaches.includes('anything'),
  };
}

/** Returns values that could not be traced. SHOW returns settings, which protected values never get into: those flows are refused; EXPLAIN returns a plan. */
function hasHiddenOutputs({ action, outputs }: StatementFacts): boolean {
  if (outputs === 'unknown') return action !== 'show' && action !== 'explain';
  return outputs?.some((output) => output.opaque) === true;
}

/** The first reason, for people: `unknown-routine: public.f`. */
export function describeOpacity(statement: StatementFacts): string {
  const [reason] = statement.opaque;
  return reason === undefined ? 'its result cannot be traced to columns' : `${reason.kind}: ${reason.detail}`;
}
