import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { randomProgram } from './program.js';
import { compareRuns, ProgramSite } from './run-programs.js';
import { readServerLog } from './server-log.js';

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('random programs against a real server', () => {
  let site: ProgramSite;
  beforeAll(async () => {
    site = await ProgramSite.start();
  }, 60_000);
  afterAll(() => site?.stop());

  it('what the server ran is what the ledger says, statement by statement and row by row', async () => {
    const report = await site.run(SEEDS);
    expect(report.differences).toEqual([]);
    expect(report.ran).toBeGreaterThan(SEEDS.length * 3);
    expect(report.failed).toBeGreaterThan(0);
    expect(report.committedRows).toBeGreaterThan(SEEDS.length / 2);
  }, 120_000);
});

describe('the comparison', () => {
  const runs = (log: string): ReturnType<typeof readServerLog> => readServerLog(log, (text) => /s\d+t\d+/.exec(text)?.[0]);

  it('reads what ran and what failed from the log of a server', () => {
    const log = [
      '00000 LOG:  statement: select 1 /* s1t1 */',
      '00000 LOG:  execute a/p: select 1 / 0 /* s1t2 */',
      '22012 ERROR:  division by zero',
      '22012 STATEMENT:  select 1 / 0 /* s1t2 */',
      '00000 LOG:  execute fetch from a/p: select 2 /* s1t3 */',
      '42703 STATEMENT:  select x /* s1t4 */',
      '00000 LOG:  statement: select 1',
    ].join('\n');
    expect([...runs(log)]).toEqual([
      ['s1t1', { ran: 1, failed: 0 }],
      ['s1t2', { ran: 1, failed: 1 }],
      ['s1t3', { ran: 1, failed: 0 }],
    ]);
  });

  it('finds what only one of them knows', () => {
    const server = new Map([['a', { ran: 2, failed: 0 }]]);
    expect(compareRuns(server, new Map([['a', { ran: 2, failed: 0 }]]))).toEqual([]);
    expect(compareRuns(server, new Map([['a', { ran: 1, failed: 0 }]]))).toHaveLength(1);
    expect(compareRuns(server, new Map([['a', { ran: 2, failed: 1 }]]))).toHaveLength(1);
    expect(compareRuns(server, new Map())).toHaveLength(1);
    expect(compareRuns(new Map(), server)).toHaveLength(1);
  });

  it('the same seed gives the same program', () => {
    expect(randomProgram(7)).toEqual(randomProgram(7));
    expect(randomProgram(7)).not.toEqual(randomProgram(8));
  });
});
