import type { AssertedIntent } from '@sqlwarden/core';
import { activeTrace } from '@sqlwarden/runtime';
import type pg from 'pg';

/** What the driver keeps of a query until it is its turn (pg 8: `lib/client.js`). */
interface WaitingQuery {
  submit: (connection: unknown) => unknown;
}

/**
 * Tells `say`, whenever a query of a client is sent, which span was active when the application asked for it: it may have waited behind others,
 * and is sent from the context of the one before it then.
 */
export function traceQueries(client: pg.Client, say: (trace: AssertedIntent | undefined) => void): void {
  const { _queryQueue: queue } = client as unknown as { readonly _queryQueue?: WaitingQuery[] };
  if (queue === undefined) return;
  queue.push = (...queries) => {
    for (const query of queries) {
      const trace = activeTrace();
      const { submit } = query;
      query.submit = (connection) => {
        say(trace);
        return submit.call(query, connection);
      };
    }
    return Array.prototype.push.apply(queue, queries);
  };
}
