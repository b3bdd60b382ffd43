import { appendFileSync } from 'node:fs';
import type { Finding } from './finding.js';

/**
 * Whether the tests that need these servers and clients can run: `(requireOrSkip(psql) ? describe : describe.skip)('psql …', …)`.
 * What is missing is recorded under its name in the file `SQLWARDEN_MISSING_FILE`, and listed at the end of the test run.
 *
 * @throws Error naming all that is missing when `SQLWARDEN_REQUIRE` is `all`: then nothing may be skipped but what is `optional`.
 */
export function requireOrSkip(...needs: readonly Finding[]): boolean {
  const missing = needs.flatMap((need) => (need.found ? [] : [need]));
  if (missing.length === 0) return true;
  const needed = missing.filter(({ optional }) => optional !== true);
  if (process.env['SQLWARDEN_REQUIRE'] === 'all' && needed.length > 0) {
    const list = needed.map(({ name, reason }) => `${name} (${reason})`).join(', ');
    throw new Error(`SQLWARDEN_REQUIRE=all, and this machine does not have ${list}; install it or unset the variable`);
  }
  const file = process.env['SQLWARDEN_MISSING_FILE'];
  if (file !== undefined) {
    for (const { name, reason } of missing) appendFileSync(file, `${JSON.stringify({ name, reason })}\n`);
  }
  return false;
}
