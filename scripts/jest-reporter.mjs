import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Closes a test run: names every server and client that tests were skipped for, then, alone on the last line,
 * `N passed, N failed, N skipped`. A test file that could not be run at all counts as one failure.
 *
 * With `SQLWARDEN_CLOSING_FILE` these lines go to that file instead, for a parent process to print after jest has exited.
 */
export default class ClosingReporter {
  onRunComplete(_contexts, results) {
    const lines = [...missingLines(process.env.SQLWARDEN_MISSING_FILE), closingLine(results)];
    const file = process.env.SQLWARDEN_CLOSING_FILE;
    if (file) writeFileSync(file, lines.join('\n'));
    // At exit, because jest's own summary comes after the reporters of the configuration.
    else process.once('exit', () => console.log(lines.join('\n')));
  }
}

/** The closing line of a run. Todo tests count as skipped: they ran nothing. */
export function closingLine(results) {
  const passed = results.numPassedTests;
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const skipped = results.numPendingTests + results.numTodoTests;
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Reads and removes what test processes recorded as missing; one line for each name, in alphabetical order. */
export function missingLines(file) {
  if (!file || !existsSync(file)) return [];
  const reasons = new Map();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const { name, reason } = JSON.parse(line);
    reasons.set(name, reason);
  }
  rmSync(file);
  return [...reasons].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, reason]) => `skipped, not on this machine: ${name} (${reason})`);
}
