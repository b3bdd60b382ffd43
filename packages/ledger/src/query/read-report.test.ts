import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Principal } from '@sqlwarden/core';
import { openLedger, Player, removeScratch, scratch, START, trainer } from '../testing/scenario.js';
import { formatReadReport } from './format-read-report.js';
import { type ReadReport, readReport } from './read-report.js';
import { search } from './search.js';

afterAll(removeScratch);

const RUN: Principal = {
  ...trainer,
  actors: [
    {
      kind: 'agent',
      issuer: 'https://id.example',
      id: 'a-loader',
      name: 'loader',
      groups: [],
      groupsComplete: true,
      version: '3.1',
      model: { provider: 'example', name: 'forge', version: '2026-11', digest: 'sha256:abc' },
    },
  ],
  run: { trainingRun: 'run-7', job: 'nightly' },
  proof: { subject: 'token', groups: 'token', actors: 'token', model: 'asserted', run: 'token' },
  tokenId: 'token-1',
};
const PEOPLE = {
  text: 'select id, email from people',
  facts: {
    reads: ['public.people'],
    columns: [
      { column: 'public.people.id', use: 'output' },
      { column: 'public.people.email', use: 'output' },
    ],
  },
  record: {
    labels: ['pii.email'],
    policy: 'a'.repeat(64),
    protectedColumns: [{ column: 'public.people.email', label: 'pii.email' }],
    masks: [
      { statement: 0, output: 1, label: 'pii.email', function: 'email', sources: ['public.people.email'] },
      { statement: 0, output: 2, label: 'pii.email', function: 'email', sources: ['public.people.email'] },
    ],
  },
} as const;

let directory: string;
let report: ReadReport;

beforeAll(async () => {
  directory = scratch();
  const ledger = await openLedger(directory);
  const player = new Player(ledger);
  player.login('s1', RUN);
  // Renewed under another token: the same principal.
  player.login('s2', { ...RUN, tokenId: 'token-2', expiresAt: START + 1 });
  player.login('s3', trainer);
  const people = player.decided(PEOPLE);
  const orders = player.decided({
    facts: { reads: ['sales.orders'], columns: [{ column: 'sales.orders.total', use: 'predicate-other' }] },
    record: { policy: 'b'.repeat(64) },
  });
  for (const session of ['s1', 's2', 's3']) {
    const rows = { command: 'SELECT', rowsReturned: 500, rowsAffected: 500 };
    player.complete(player.begin(people, { session }), { statements: [rows], bytesReturned: 9_000, maskedCells: 1_000 });
  }
  player.complete(player.begin(orders, { session: 's1' }), { status: 'error', errorCode: '57014', statements: [] });
  const both = player.intent({
    session: 's1',
    as: RUN,
    facts: { action: 'insert', class: 'write', writes: ['ml.features'], reads: ['sales.orders'] },
    record: { policy: 'b'.repeat(64) },
  });
  player.outcome(both, { statements: [{ command: 'INSERT', rowsReturned: 0, rowsAffected: 12 }] });
  const { record, disclosures } = player.unit({ session: 's1', as: RUN, text: 'drop table people' });
  player.append({ type: 'statement.refused', ...record, code: 'policy-denied', message: 'no' }, disclosures);
  await ledger.close();
  report = await readReport({ about: 'run', name: 'run-7' }, search(directory, { run: 'run-7' }));
});

describe('what a training run read', () => {
  it('is added up over its statements, and nobody else’s', () => {
    expect(report.totals).toEqual({
      units: 5,
      refused: 1,
      failed: 1,
      unclear: 0,
      rowsReturned: 1_000,
      bytesReturned: 18_040,
      maskedCells: 2_000,
    });
    expect(report.tables.map(({ relation, units, rowsReturned, upstream }) => [upstream, relation, units, rowsReturned])).toEqual([
      ['crm', 'public.people', 2, 1_000],
      ['crm', 'sales.orders', 2, 0],
    ]);
    expect(report.written.map(({ relation, units }) => [relation, units])).toEqual([['ml.features', 1]]);
    expect(report.labels.map(({ label, units }) => [label, units])).toEqual([['pii.email', 2]]);
  });

  it('says of each column how it was used, its label, and how often it was masked', () => {
    expect(report.tables[0]?.columns).toEqual([
      {
        column: 'public.people.email',
        units: 2,
        uses: ['output'],
        labels: ['pii.email'],
        masks: [{ function: 'email', label: 'pii.email', units: 2 }],
      },
      { column: 'public.people.id', units: 2, uses: ['output'], labels: [], masks: [] },
    ]);
  });

  it('names everybody behind it once, with the model and how each is proven, whatever token it was', () => {
    expect(report.principals).toHaveLength(1);
    const [behind] = report.principals;
    expect(behind).toMatchObject({ units: 5, principal: { run: { trainingRun: 'run-7' }, proof: { run: 'token', model: 'asserted' } } });
    expect(JSON.stringify(report)).not.toContain('token-1');
    expect(report.policies.map(({ policy, units }) => [policy[0], units])).toEqual([
      ['a', 2],
      ['b', 2],
      ['p', 1],
    ]);
  });

  it('is told by its job as well, and by a label of everybody', async () => {
    const job = await readReport({ about: 'run', name: 'NIGHTLY' }, search(directory, { run: 'NIGHTLY' }));
    expect({ ...job, question: report.question }).toEqual(report);
    const label = await readReport({ about: 'label', name: 'pii.email' }, search(directory, { label: 'pii.email' }));
    expect([label.totals.units, label.principals.length]).toEqual([3, 2]);
    expect((await readReport({ about: 'run', name: 'run-8' }, search(directory, { run: 'run-8' }))).totals.units).toBe(0);
  });

  it('reads as a text', () => {
    const text = formatReadReport(report);
    for (const part of [
      'What the run run-7 read',
      '5 statements, 1000 rows and 18040 bytes returned, 2000 cells masked; 1 refused, 1 failed',
      'agent loader (a-loader) 3.1 on model example forge 2026-11 sha256:abc',
      'run by token, subject by token; merely asserted: model',
      '[job nightly, trainingRun run-7]',
      '  crm (crmdb) public.people  1000 rows; 2 statements, 2026-11-23 02:00:00Z\n',
      '    public.people.email  2 statements; output; pii.email; masked as email in 2',
      'WRITTEN\n  crm (crmdb) ml.features  1 statement, ',
    ])
      expect(text).toContain(part);
  });
});
