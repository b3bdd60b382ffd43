import type { Conversation } from './conversation.js';

/** Actions that leave an open transaction open. */
const STAYS_OPEN: ReadonlySet<string> = new Set([
  'select',
  'insert',
  'update',
  'delete',
  'merge',
  'show',
  'explain',
  'savepoint',
  'empty',
  'declare',
  'assign',
]);

/**
 * Ends what was sent and not answered when the session is over: units end `unknown`; a transaction whose end may have been under way is `unknown`, any
 * other is `rolled-back`, because the server rolls back what its client leaves open.
 */
export function settleLost(talk: Conversation): void {
  const reply = talk.expected;
  talk.expected = undefined;
  talk.isLost = true;
  // The gateway's own transaction was being ended.
  let mayCommit = reply?.injection !== undefined && talk.transactions.isOurs;
  for (const work of reply?.works.slice(reply.at) ?? []) {
    mayCommit ||= talk.transactions.status === 'idle' || !work.statements.every(({ action }) => STAYS_OPEN.has(action));
    // It ran, or may have, though nothing of its reply came.
    talk.transactions.touched(work.statements[work.index]?.action ?? 'unknown');
    // Also what was returned before the end counts.
    if (work.rowsReturned > 0) work.results.push({ command: '', rowsReturned: work.rowsReturned, rowsAffected: null });
    talk.settle(work, work.errorCode === undefined ? 'unknown' : 'error');
  }
  talk.transactions.lost(mayCommit);
  if (reply?.kind === 'batch' && reply.works.length === 0) reply.ended?.(false);
  reply?.injection?.done({ kind: 'error', code: '0', message: 'the connection to the database was lost' });
}
