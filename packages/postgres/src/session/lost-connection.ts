import type { Conversation } from './conversation.js';
import type { Injection } from './expected-reply.js';

/**
 * Ends everything that was sent and not answered when the session is over: units end `unknown`; a transaction whose end may have been under
 * way is `unknown`, any other is `rolled-back`, because the server rolls back what its client leaves open.
 */
export function settleLost(talk: Conversation): void {
  const injections = new Set<Injection>();
  const ordinals = new Set<number>();
  let mayCommit = false;
  for (let next = talk.expected.shift(); next !== undefined; next = talk.expected.shift()) {
    mayCommit ||= next.mayCommit;
    if (next.injection !== undefined) injections.add(next.injection);
    if (next.work === undefined) continue;
    if (next.kind === 'query' || next.kind === 'execute') ordinals.add(next.work.ordinal);
    const { work } = next;
    // Also what was returned before the end counts.
    if (work.rowsReturned > 0) work.results.push({ command: '', rowsReturned: work.rowsReturned, rowsAffected: null });
    talk.settle(work, work.errorCode === undefined ? 'unknown' : 'error');
  }
  const { live } = talk.record;
  if (live !== undefined) ordinals.delete(live);
  talk.record.lost(mayCommit);
  for (const ordinal of ordinals) talk.host.transactionEnded(ordinal, mayCommit ? 'unknown' : 'rolled-back');
  for (const injection of injections) {
    injection.error ??= { code: '08006', message: 'the connection to the database was lost' };
    injection.done(injection);
  }
}
