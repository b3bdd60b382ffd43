import type { SessionActivity } from '../approval/admin-api.js';
import type { Decision } from './decision.js';

/** What operators are shown of a unit that runs: its actions and relations, and nothing of its text. `startedAt`: by the monotonic clock. */
export function runningActivity(
  running: { readonly decision: Decision; readonly startedAt: number } | undefined,
): SessionActivity | undefined {
  if (running === undefined) return undefined;
  const statements = (running.decision.facts?.statements ?? []).map(({ action, reads, writes }) => ({
    action,
    relations: [...new Set([...reads, ...writes])],
  }));
  return { kind: 'running', statements, forMs: Math.round(performance.now() - running.startedAt) };
}
