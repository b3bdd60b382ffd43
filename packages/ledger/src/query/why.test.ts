import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Principal } from '@sqlwarden/core';
import { agent, dan, openLedger, Player, removeScratch, scratch, START, trainer } from '../testing/scenario.js';
import { formatReadReport } from './format-read-report.js';
import { formatWhy } from './format-why.js';
import { readReport } from './read-report.js';
import { accountOf, search, type SearchFilter } from './search.js';
import { why } from './why.js';

afterAll(removeScratch);

let directory: string;
let scene: ReturnType<Player['scene']>;
let write: { readonly rolledBack: number; readonly failed: number; readonly lost: number; readonly opaque: number };

beforeAll(async () => {
  directory = scratch();
  const ledger = await openLedger(directory);
  const player = new Player(ledger);
  scene = player.scene();
  const update = {
    session: 's2',
    text: 'update people set risk_score = $1',
    parameters: ['0.5'],
    facts: {
      action: 'update',
      class: 'write',
      writes: ['public.people'],
      columns: [{ column: 'public.people.risk_score', use: 'write-target' }],
    },
  } as const;
  const rolledBack = player.intent({ ...update, transaction: 50 });
  player.outcome(rolledBack, { session: 's2', transaction: 50 });
  player.ended(50, 'rolled-back', 's2');
  const failed = player.intent({ ...update, transaction: 51 });
  player.outcome(failed, { session: 's2', transaction: 51, status: 'error', errorCode: '23505', statements: [] });
  player.ended(51, 'rolled-back', 's2');
  const opaque = player.run({
    session: 's2',
    text: 'do $$ … $$',
    facts: { action: 'do', class: 'procedural', opaque: [{ kind: 'dynamic-sql', detail: 'DO block' }] },
  });
  const lost = player.intent({ ...update, transaction: 52 });
  await ledger.close();
  write = { rolledBack, failed, lost, opaque };
});

const found = async (filter: SearchFilter): Promise<number[]> => {
  const seqs: number[] = [];
  for await (const { seq } of search(directory, filter)) seqs.push(seq);
  return seqs;
};

describe('search', () => {
  it.each<[string, () => SearchFilter, () => number[]]>([
    ['a person who acts through an agent', () => ({ identity: 'ada', class: 'schema' }), () => [scene.altered, scene.refused]],
    ['an agent by name', () => ({ identity: 'Feature-Bot' }), () => [scene.altered, scene.refused]],
    ['a model', () => ({ identity: 'planner' }), () => [scene.altered, scene.refused]],
    ['a service by issuer and id', () => ({ identity: 'https://id.example#s-train' }), () => [scene.trained]],
    ['nobody', () => ({ identity: 'ad' }), () => []],
    ['a label', () => ({ label: 'pii.email' }), () => [scene.trained]],
    ['a verdict', () => ({ verdict: 'refused' }), () => [scene.refused]],
    ['an approved statement', () => ({ verdict: 'approved' }), () => [scene.altered]],
    ['a rule', () => ({ rule: 'training-reads' }), () => [scene.trained]],
    ['an action', () => ({ action: 'drop' }), () => [scene.refused]],
    ['part of a text', () => ({ text: 'RISK_SCORE, email' }), () => [scene.trained]],
    ['a table by its name alone', () => ({ relation: 'people', session: 's1' }), () => [scene.altered, scene.trained, scene.refused]],
    [
      'a table with its upstream',
      () => ({ relation: 'crm.public.people', session: 's1' }),
      () => [scene.altered, scene.trained, scene.refused],
    ],
    [
      'a table with its database',
      () => ({ relation: 'crmdb.public.people', session: 's1' }),
      () => [scene.altered, scene.trained, scene.refused],
    ],
    ['a table of another upstream', () => ({ relation: 'hr.public.people' }), () => []],
    ['a table that only ends alike', () => ({ relation: 'ple' }), () => []],
    ['a column', () => ({ column: 'public.people.email' }), () => [scene.trained, scene.refused]],
    ['a column of another table', () => ({ column: 'public.orders.risk_score' }), () => []],
    ['a session', () => ({ session: 's2', class: 'write' }), () => [write.rolledBack, write.failed, write.lost]],
  ])('finds %s', async (_note, filter, expected) => {
    expect(await found(filter())).toEqual(expected());
  });

  it('finds what happened in a time', async () => {
    const { time } = await accountOf(directory, scene.trained);
    expect(await found({ from: time, to: time })).toEqual([scene.trained]);
    expect(await found({ to: time - 1 })).toEqual([scene.altered]);
  });

  it('tells of every unit what came of it', async () => {
    const ends: unknown[] = [];
    for await (const { seq, outcome, transaction } of search(directory, { session: 's2' })) ends.push([seq, outcome.kind, transaction.end]);
    expect(ends).toEqual([
      [write.rolledBack, 'done', 'rolled-back'],
      [write.failed, 'done', 'rolled-back'],
      [write.opaque, 'done', 'committed'],
      [write.lost, 'running', 'open'],
    ]);
  });

  it('refuses a name that is malformed', async () => {
    await expect(found({ relation: 'a..b' })).rejects.toThrow(SyntaxError);
  });
});

describe('why', () => {
  it('says of a column who changed it, on whose behalf, who approved it, and who read it how', async () => {
    const answer = await why(directory, { about: 'column', name: 'crm.public.people.risk_score' });
    expect(answer.changes).toMatchObject([
      {
        seq: scene.altered,
        principal: { subject: { id: 'u-ada' }, actors: [{ id: 'a-features', model: { name: 'planner' } }] },
        text: 'alter table public.people add column risk_score numeric',
        verdict: 'approved',
        approval: {
          request: 'k3f9',
          end: 'used',
          decisions: [{ decision: 'approve', approver: dan, token: 'kept', comment: 'ticket CHG-1' }],
        },
        outcome: { kind: 'done', status: 'ok' },
        transaction: { end: 'committed' },
        touch: { kind: 'change', uses: ['add column (numeric)'] },
        client: '10.0.0.7:5001',
        asserted: { application_name: 'pipeline' },
      },
    ]);
    expect(answer.reads).toMatchObject([{ seq: scene.trained, principal: trainer, labels: ['pii.email'], touch: { uses: ['output'] } }]);
    expect(answer.refused).toMatchObject([{ seq: scene.refused, touch: { uses: ['drop table'] } }]);
    expect(answer.schemaChanges).toMatchObject([{ intent: scene.altered, changes: [{ name: 'public.people.risk_score' }] }]);
    expect(answer.labels).toEqual([]);
    expect(answer.totals).toEqual({ changes: 1, reads: 1, maskedReads: 0, refused: 1, rolledBack: 1, failed: 1, open: 1, unclear: 1 });
  });

  it('says of a classified column what it is and that it was masked', async () => {
    const answer = await why(directory, { about: 'column', name: 'people.email' });
    expect(answer.labels).toEqual([{ label: 'pii.email', columns: ['public.people.email'] }]);
    expect(answer.totals).toMatchObject({ reads: 1, maskedReads: 1 });
  });

  it('answers for a table with every change to it, and for a definition only with those to that', async () => {
    const table = await why(directory, { about: 'relation', name: 'public.people' }, { uncommitted: true });
    expect(table.changes.map(({ seq }) => seq)).toEqual([scene.altered, write.rolledBack, write.failed, write.lost]);
    expect(table.labels).toEqual([{ label: 'pii.email', columns: ['public.people.email'] }]);
    const change = await why(directory, { about: 'change', name: 'public.people' }, { uncommitted: true });
    expect([change.changes.map(({ seq }) => seq), change.reads]).toEqual([[scene.altered], []]);
    const column = await why(directory, { about: 'change', name: 'public.people.risk_score' });
    expect(column.changes.map(({ seq }) => seq)).toEqual([scene.altered]);
  });

  it('lists the newest and counts the rest', async () => {
    const answer = await why(directory, { about: 'relation', name: 'people' }, { uncommitted: true, limit: 2 });
    expect(answer.changes.map(({ seq }) => seq)).toEqual([write.failed, write.lost]);
    expect(answer.totals).toMatchObject({ changes: 1, rolledBack: 1, failed: 1, open: 1 });
  });

  it('answers for one statement by any of its entries', async () => {
    for (const seq of [scene.altered, scene.altered + 1]) {
      const answer = await why(directory, { about: 'statement', seq });
      expect([answer.changes.map((change) => change.seq), answer.schemaChanges.map(({ intent }) => intent)]).toEqual([
        [scene.altered],
        [scene.altered],
      ]);
    }
    expect((await why(directory, { about: 'statement', seq: scene.refused })).refused.map(({ seq }) => seq)).toEqual([scene.refused]);
    await expect(why(directory, { about: 'statement', seq: 0 })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('prints the answer for a person', async () => {
    const text = formatWhy(await why(directory, { about: 'column', name: 'crm.public.people.risk_score' }));
    expect(text).toContain('Why column crm.public.people.risk_score');
    expect(text).toContain('CHANGES  1 (besides 1 rolled back, 1 failed, 1 not committed yet)');
    expect(text).toContain('agent feature-bot (a-features) 1.4 on model example planner 2026-10, on behalf of person Ada (u-ada)');
    expect(text).toMatch(/approved {3}by person Dan \(u-dan\) at 2026-11-23 02:00:00Z \(entry 3\); token kept as proof: ticket CHG-1/);
    expect(text).toContain('public.people.email as email (pii.email); 500 cells');
    expect(text).toContain('1 statement that ran could not be seen through and may have touched it too.');
  });

  it('names everybody in the chain, the model, the workload and the run, and says of each whether it is proven', async () => {
    const whole = scratch();
    const ledger = await openLedger(whole);
    const chained: Principal = {
      ...agent,
      workload: { namespace: 'ml', serviceAccount: 'features', pod: 'features-7', imageDigest: 'sha256:ab' },
      run: { trainingRun: 'run-12' },
      proof: { subject: 'exchange', groups: 'exchange', actors: 'exchange', model: 'exchange', workload: 'exchange', run: 'asserted' },
    };
    new Player(ledger).run({ as: chained, text: 'select 1', facts: { reads: ['public.people'] } });
    await ledger.close();
    const text = formatWhy(await why(whole, { about: 'relation', name: 'people' }));
    expect(text).toContain(
      'agent feature-bot (a-features) 1.4 on model example planner 2026-10, on behalf of person Ada (u-ada) ' +
        '[trainingRun run-12, workload ml/features, pod features-7, image sha256:ab]',
    );
    expect(text).toMatch(/subject by exchange.*workload by exchange; merely asserted: run; issuer/);
  });

  it('lets no control character of a client reach the terminal', async () => {
    const hostile = scratch();
    const ledger = await openLedger(hostile);
    const esc = '\u001b[2J\u202e';
    new Player(ledger).run({
      as: { ...agent, subject: { ...agent.subject, name: esc } },
      text: `select 1 -- ${esc}`,
      facts: { reads: ['public.t'], columns: [{ column: `public.t."${esc}"`, use: 'output' }] },
      record: {
        labels: [esc],
        rules: [esc],
        protectedColumns: [{ column: `public.t."${esc}"`, label: esc }],
        masks: [{ statement: 0, output: 0, label: esc, function: 'null', sources: [`public.t."${esc}"`] }],
      },
    });
    await ledger.close();
    const text = formatWhy(await why(hostile, { about: 'relation', name: 't' }));
    expect(text).not.toMatch(/[^\P{C}\n]/u);
    const report = await readReport({ about: 'label', name: esc }, search(hostile, { label: esc }));
    expect(report.totals.units).toBe(1);
    expect(formatReadReport(report)).not.toMatch(/[^\P{C}\n]/u);
    expect(text).toContain('select 1 -- ');
  });

  it('knows the labels and masks of columns with dots in their names', async () => {
    const dotted = scratch();
    const ledger = await openLedger(dotted);
    const column = 'public."a.b"."c.d#/x.y"';
    new Player(ledger).run({
      facts: { reads: ['public."a.b"'], columns: [{ column, use: 'output' }] },
      record: {
        labels: ['pii'],
        protectedColumns: [{ column, label: 'pii' }],
        masks: [{ statement: 0, output: 0, label: 'pii', function: 'null', sources: [column] }],
      },
    });
    await ledger.close();
    for (const name of ['public."a.b"', '"a.b"', 'crm.public."a.b"']) {
      const answer = await why(dotted, { about: 'relation', name });
      expect([answer.totals.maskedReads, answer.labels]).toEqual([1, [{ label: 'pii', columns: [column] }]]);
    }
    for (const name of ['a.b', 'b', '"b"']) expect((await why(dotted, { about: 'relation', name })).totals.reads).toBe(0);
  });

  it('lists the newest changes in order, also where one waited so long that those behind it went before', async () => {
    const long = scratch();
    const ledger = await openLedger(long);
    const player = new Player(ledger);
    const facts = { action: 'update', class: 'write', writes: ['public.t'] } as const;
    const waiting = player.intent({ session: 's2', transaction: 7_777, facts });
    const before = player.run({ facts });
    const { record } = player.unit({ facts });
    for (let n = 0; n < 17_000; n++) {
      ledger.append({ type: 'statement.refused', ...record, code: 'policy-denied', rule: 'no-writes', message: 'ask' }, []);
      if (n % 4_000 === 0) await ledger.checkpoint();
    }
    const after = player.run({ facts });
    player.outcome(waiting, { session: 's2', transaction: 7_777 });
    player.ended(7_777, 'committed', 's2');
    await ledger.close();
    const answer = await why(long, { about: 'relation', name: 't' }, { limit: 2 });
    expect([waiting < before, answer.totals.changes, answer.changes.map(({ seq }) => seq)]).toEqual([true, 3, [before, after]]);
  });

  it('does not show a text that is not the one that was committed to', async () => {
    const forged = scratch();
    const ledger = await openLedger(forged);
    new Player(ledger).run({ text: 'delete from people', facts: { reads: ['public.people'] } });
    await ledger.close();
    const path = join(forged, 'disclosures/0000000000000000.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('delete from people', 'select 1'));
    expect((await why(forged, { about: 'relation', name: 'people' })).reads[0]?.text).toBeUndefined();
  });

  it('knows that a statement whose process died may have been committed', async () => {
    const crashed = scratch();
    const { cpSync, rmSync } = await import('node:fs');
    const live = scratch();
    const writer = await openLedger(live);
    const player = new Player(writer);
    const seq = player.intent({ text: 'update t', facts: { action: 'update', class: 'write', writes: ['public.t'] } });
    cpSync(live, crashed, { recursive: true });
    rmSync(join(crashed, 'lock'));
    await writer.close();
    await (await openLedger(crashed)).close();
    const answer = await why(crashed, { about: 'relation', name: 'public.t' });
    expect(answer.changes).toMatchObject([{ seq, outcome: { kind: 'lost' }, transaction: { end: 'unknown' } }]);
    expect(formatWhy(answer)).toContain('end unknown: it may have been committed');
  });

  it('does not say that a statement is running whose session is over', async () => {
    const over = scratch();
    const ledger = await openLedger(over);
    const player = new Player(ledger);
    player.login('s2', trainer);
    const seq = player.intent({ session: 's2' });
    expect((await accountOf(over, seq)).outcome).toEqual({ kind: 'running' });
    player.append({ type: 'session.closed', session: 's2', reason: 'closed by client', durationMs: 1 }, []);
    expect(await accountOf(over, seq)).toMatchObject({ outcome: { kind: 'lost' }, transaction: { end: 'unknown' } });
    await ledger.close();
  });

  it('tells transactions of one session apart, also when they are pipelined', async () => {
    const pipelined = scratch();
    const ledger = await openLedger(pipelined);
    const player = new Player(ledger);
    const update = { facts: { action: 'update', class: 'write', writes: ['public.t'] } } as const;
    const first = player.intent({ ...update, transaction: 1 });
    const second = player.intent({ ...update, transaction: 2 });
    player.outcome(first, { transaction: 1 });
    player.outcome(second, { transaction: 2 });
    player.ended(2, 'rolled-back');
    player.ended(1, 'committed');
    await ledger.close();
    const answer = await why(pipelined, { about: 'relation', name: 't' });
    expect([answer.changes.map(({ seq }) => seq), answer.totals.rolledBack]).toEqual([[first], 1]);
  });

  it('answers only for the time that is asked about', async () => {
    const answer = await why(directory, { about: 'relation', name: 'people' }, { from: START + 86_400_000 });
    expect(answer.totals).toMatchObject({ changes: 0, reads: 0, refused: 0 });
  });
});
