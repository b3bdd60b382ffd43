import { describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { closingLine, missingLines } from './jest-reporter.mjs';

const results = { numPassedTests: 7, numFailedTests: 2, numRuntimeErrorTestSuites: 1, numPendingTests: 3, numTodoTests: 1 };

describe('the end of a test run', () => {
  it('counts a file that could not be run as a failure, and todo tests as skipped', () => {
    expect(closingLine(results)).toBe('7 passed, 3 failed, 4 skipped');
  });

  it('names what was missing once each, and forgets it', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'reporter-'));
    const file = path.join(directory, 'missing.jsonl');
    const lines = ['psql', 'pgbench', 'psql'].map((name) => JSON.stringify({ name, reason: 'not on PATH' }));
    writeFileSync(file, `${lines.join('\n')}\n`);
    expect(missingLines(file)).toEqual([
      'skipped, not on this machine: pgbench (not on PATH)',
      'skipped, not on this machine: psql (not on PATH)',
    ]);
    expect(existsSync(file)).toBe(false);
    expect(missingLines(file)).toEqual([]);
    rmSync(directory, { recursive: true });
  });
});
