import type { MaskPlan, ResultColumn } from '@sqlwarden/core';
import type { Conversation } from './conversation.js';
import type { Work } from './expected-reply.js';
import type { Portal } from './prepared.js';
import { type BoundRows, bindRows, inFormats } from './result-rows.js';

/**
 * Binds the masks of an Execute to the columns of its portal, or reuses the last binding of the statement under the same plan and formats.
 * `columns`: of the portal when it was described itself, else of its statement. Returns why they cannot be bound, if so.
 */
export function bindPortal(portal: Portal, columns: readonly ResultColumn[], work: Work, talk: Conversation): string | undefined {
  work.rowsVersion = portal.statement.version;
  const known = knownBinding(portal, work.plans);
  if (known !== undefined) {
    takeRows(work, known, talk);
    return undefined;
  }
  const actual = portal.columns === undefined ? inFormats(columns, portal.resultFormats) : columns;
  const bound = bindRows(work.plans, actual, talk.tools);
  if (bound.kind === 'unbindable') return bound.reason;
  takeRows(work, bound.rows, talk);
  const [plan] = work.plans;
  // Columns described for the portal are the freshest word on origins; those of the statement may be older than the plan.
  if (plan !== undefined && work.plans.length === 1)
    portal.statement.lastBinding = { plan, formats: portal.resultFormats.join(), rows: bound.rows };
  return undefined;
}

/** Lets rows pass under `rows` and tells the host where the server's word on origins differed from the analysis. */
export function takeRows(work: Work, rows: BoundRows, talk: Conversation): void {
  work.rows = rows;
  if (rows.disagreements.length > 0) talk.host.security({ kind: 'lineage-disagreement', ticket: work.ticket, columns: rows.disagreements });
}

function knownBinding(portal: Portal, plans: readonly MaskPlan[]): BoundRows | undefined {
  const last = portal.statement.lastBinding;
  if (last === undefined || plans.length !== 1 || last.plan !== plans[0]) return undefined;
  return last.formats === portal.resultFormats.join() ? last.rows : undefined;
}
