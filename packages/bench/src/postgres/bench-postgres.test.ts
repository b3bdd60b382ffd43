import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPgbench, findPostgres, type ProgramResult, requireOrSkip, runProgram } from '@sqlwarden/testkit';
import type { Summary } from './series.js';

const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'commands', 'bench.js');
const here = requireOrSkip(findPgbench(), findPostgres(18));

(here ? describe : describe.skip)('npm run bench -- postgres', () => {
  let directory: string;
  let result: ProgramResult;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sqlwarden-bench-test-'));
    const small = ['--seconds', '1', '--rounds', '1', '--warm-up', '0', '--clients', '2', '--scale', '1', '--rows', '100'];
    const what = ['--cases', 'point-prepared,rows-binary-1', '--paths', 'pipe,masks'];
    const files = ['--json', join(directory, 'bench.json'), '--plot', join(directory, 'bench.svg')];
    result = await runProgram(process.execPath, [PROGRAM, 'postgres', ...what, ...small, ...files], { timeoutMs: 110_000 });
  }, 120_000);
  afterAll(() => rmSync(directory, { recursive: true }));

  it('measures every case on every path, and says what it cost', () => {
    expect(result).toMatchObject({ status: 0 });
    const { summaries } = JSON.parse(readFileSync(join(directory, 'bench.json'), 'utf8')) as { summaries: Summary[] };
    const names = ['pipe', 'masks'];
    expect(summaries.map(({ name, path }) => `${name} ${path}`)).toEqual(
      ['point-prepared', 'rows-binary-1'].flatMap((name) => names.map((path) => `${name} ${path}`)),
    );
    for (const { throughput, p50Ms, p99Ms, cpuMicros, residentBytes } of summaries) {
      expect(throughput).toBeGreaterThan(1);
      expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
      expect([cpuMicros > 0, residentBytes > 2 ** 20]).toEqual([true, true]);
    }
  });

  it('prints a table and draws a plot', () => {
    expect(result.stdout).toMatch(/^case +clients +path +per second/m);
    expect(result.stdout).toMatch(/^rows-binary-1 +1 +masks +[\d.,]+ +MB /m);
    expect(readFileSync(join(directory, 'bench.svg'), 'utf8')).toMatch(/^<svg [^]*<\/svg>\n$/);
  });
});
