import { type Leak, LeakOracle } from '../harness/leak-oracle.js';
import { GUESSES, SECRETS } from '../harness/worlds.js';
import type { MysqlCase } from './mysql-case.js';
import type { MysqlRun } from './mysql-run.js';

const guesses = Object.entries(GUESSES).flatMap(([name, value]) => (name.startsWith('guess.') ? [value] : []));
const all = new LeakOracle(SECRETS);
const unguessed = new LeakOracle(SECRETS.filter((secret) => !guesses.some((guess) => secret.includes(guess))));

/**
 * Pieces of secrets in what a run received. The server calls an output by its expression and cites statements in errors: a case that sends guesses gets
 * them back, so that they are not looked for there; that they are right must not be told, which two worlds show. What is known to get them from
 * elsewhere is looked through for them, too.
 */
export function mysqlLeaks(one: MysqlCase, run: MysqlRun): Leak[] {
  const guessing = one.source['known'] === undefined && one.steps.some((step) => JSON.stringify(step).includes('{{guess.'));
  return (guessing ? unguessed : all).findInRows(run.received, run.rows);
}
