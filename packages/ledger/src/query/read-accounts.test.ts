import { writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { agent, openLedger, Player, removeScratch, scratch, START, trainer } from '../testing/scenario.js';
import type { StatementCompleted } from '@sqlwarden/core';
import { EntryReader } from '../read.js';
import { formatWhy } from './format-why.js';
import { ReadContexts } from './read-context.js';
import { accountOf, search, type SearchFilter } from './search.js';
import { why } from './why.js';

let directory: string;
let trained: number;
let other: number;
let finding: number;

beforeAll(async () => {
  directory = scratch();
  const ledger = await openLedger(directory);
  const player = new Player(ledger);
  player.login('s1', trainer);
  player.login('s2', agent);
  const masked = player.decided({
    text: 'select risk_score, email from people where id = $1',
    facts: {
      reads: ['public.people'],
      columns: [
        { column: 'public.people.risk_score', use: 'output' },
        { column: 'public.people.email', use: 'output' },
        { column: 'public.people."notes#/user/name"', use: 'output' },
      ],
      filter: 'present',
    },
    record: {
      labels: ['pii.email'],
      rules: ['training-reads'],
      protectedColumns: [{ column: 'public.people.email', label: 'pii.email' }],
      masks: [{ statement: 0, output: 1, label: 'pii.email', function: 'email', sources: ['public.people.email'] }],
    },
  });
  const plain = player.decided({ text: 'select 1', facts: {} });
  const first = player.begin(masked, { parameters: ['42'], transaction: 1 });
  const second = player.begin(plain, { session: 's2', transaction: 1 });
  finding = player.append(
    { type: 'security.finding', session: 's1', kind: 'lineage-disagreement', read: -first, detail: 'the server names another origin' },
    [],
  );
  other = player.complete(second);
  trained = player.complete(first, { maskedCells: 500, statements: [{ command: 'SELECT', rowsReturned: 500, rowsAffected: 500 }] });
  await ledger.close();
});
afterAll(removeScratch);

const found = async (filter: SearchFilter): Promise<number[]> => {
  const seqs: number[] = [];
  for await (const { seq } of search(directory, filter)) seqs.push(seq);
  return seqs;
};

describe('a read in the answers', () => {
  it.each<[SearchFilter, 'trained' | 'other' | 'both']>([
    [{}, 'both'],
    [{ identity: 'training job' }, 'trained'],
    [{ identity: 'feature-bot' }, 'other'],
    [{ relation: 'people' }, 'trained'],
    [{ column: 'crm.public.people.email' }, 'trained'],
    [{ column: 'people.notes' }, 'trained'],
    [{ label: 'pii.email' }, 'trained'],
    [{ rule: 'training-reads' }, 'trained'],
    [{ verdict: 'allow' }, 'both'],
    [{ session: 's2' }, 'other'],
    [{ text: 'RISK_SCORE' }, 'trained'],
    [{ class: 'read', upstream: 'crm' }, 'both'],
    [{ from: START, to: START + 60 }, 'trained'],
  ])('is found by %j', async (filter, expected) => {
    expect(await found(filter)).toEqual({ trained: [trained], other: [other], both: [other, trained] }[expected]);
  });

  it('says who, what, when and what came of it', async () => {
    expect(await accountOf(directory, trained)).toMatchObject({
      seq: trained,
      time: START + 60,
      session: 's1',
      client: '10.0.0.7:5001',
      principal: trainer,
      text: 'select risk_score, email from people where id = $1',
      parameters: 1,
      verdict: 'allow',
      labels: ['pii.email'],
      outcome: { kind: 'done', status: 'ok', maskedCells: 500, time: START + 100 },
      transaction: { ordinal: 1, end: 'none' },
    });
    expect((await accountOf(directory, finding)).seq).toBe(trained);
  });

  it('is a read of the column that somebody asks about', async () => {
    const answer = await why(directory, { about: 'column', name: 'people.email' });
    expect(answer.totals).toMatchObject({ reads: 1, maskedReads: 1, changes: 0 });
    const text = formatWhy(answer);
    expect(text).toContain(`entry ${trained}  output  \n`);
    expect(text).toContain('service training job (s-train)');
    expect(text).toContain('public.people.email as email (pii.email); 500 cells');
    const placed = formatWhy({ ...answer, reads: answer.reads.map((read) => ({ ...read, log: 'worker-1' })) });
    expect(placed).toContain(`entry worker-1:${trained}`);
  });

  it('is told of a log that grows meanwhile, values and all', async () => {
    const growing = scratch();
    const ledger = await openLedger(growing);
    const player = new Player(ledger);
    player.login();
    const decision = player.decided({ text: 'select $1' });
    const reader = new EntryReader(growing);
    const contexts = new ReadContexts(growing);
    for (const value of ['one', 'two']) {
      const entry = await reader.read(player.complete(player.begin(decision, { parameters: [value] })));
      expect([entry.disclosures.map((disclosure) => disclosure.value), entry.redacted]).toEqual([[value], []]);
      const { decision: decided } = await contexts.of(entry.event as StatementCompleted);
      expect(decided.disclosures).toMatchObject([{ value: 'select $1' }]);
    }
    await ledger.close();
  });

  it('has no text when that was erased', async () => {
    const path = join(directory, 'disclosures/0000000000000000.jsonl');
    const lines = readFileSync(path, 'utf8');
    writeFileSync(path, lines.replace(/^.*select 1.*\n/m, ''));
    expect((await accountOf(directory, other)).text).toBeUndefined();
    writeFileSync(path, lines);
  });
});
