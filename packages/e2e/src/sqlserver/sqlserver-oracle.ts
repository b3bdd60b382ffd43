import { type Leak, LeakOracle } from '../harness/leak-oracle.js';
import { GUESSES, SECRETS } from '../harness/worlds.js';
import type { SqlserverCase } from './sqlserver-case.js';
import type { SqlserverRun } from './sqlserver-run.js';

const guesses = Object.entries(GUESSES).flatMap(([name, value]) => (name.startsWith('guess.') ? [value] : []));
const all = new LeakOracle(SECRETS);
const unguessed = new LeakOracle(SECRETS.filter((secret) => !guesses.some((guess) => secret.includes(guess))));

/**
 * Pieces of secrets in what a run received: in its bytes as they came, and without the zero bytes, of which texts in UCS-2 have every other. Who sends
 * guesses may get them back (in errors that cite, in outputs): they are not looked for there; that they are right must not be told, which two worlds show.
 */
export function sqlserverLeaks(one: SqlserverCase, run: SqlserverRun): Leak[] {
  const guessing = one.source['known'] === undefined && one.steps.some((step) => JSON.stringify(step).includes('{{guess.'));
  const narrow = Buffer.from(run.received.filter((byte) => byte !== 0));
  return (guessing ? unguessed : all).findInRows(Buffer.concat([run.received, Buffer.from('\n'), narrow]), run.rows);
}
