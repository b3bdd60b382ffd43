import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { canonicalJson } from '@sqlwarden/core';
import { readEntry } from '../read.js';
import { NO_FACTS, openLedger, Player, removeScratch, scratch } from '../testing/scenario.js';
import { formatWhy } from './format-why.js';
import { accountOf } from './search.js';
import { why } from './why.js';

afterAll(removeScratch);

const INSERT = { ...NO_FACTS, action: 'insert', class: 'write', writes: ['public.t'] } as const;
const CONTROL = { ...NO_FACTS, action: 'rollback', class: 'session' } as const;
const done = (command: string, transaction?: number) => ({
  command,
  rowsReturned: 0,
  rowsAffected: command === 'INSERT' ? 1 : null,
  ...(transaction === undefined ? {} : { transaction }),
});
/** `rollback; insert into t …` as one Query in transaction 1, before anything came of it. */
const spanning = (player: Player): number =>
  player.intent({ text: 'rollback; insert into t values (1)', transaction: 1, record: { facts: [CONTROL, INSERT] } });

async function played(play: (player: Player) => void): Promise<string> {
  const directory = scratch();
  const ledger = await openLedger(directory);
  play(new Player(ledger));
  await ledger.close();
  return directory;
}

const RELATION = { about: 'relation', name: 'public.t' } as const;

describe('a unit that spans transactions', () => {
  it('says in its outcome which statement ran where, whole and canonical', async () => {
    let outcome = 0;
    const directory = await played((player) => {
      outcome = player.outcome(spanning(player), { transaction: 1, statements: [done('ROLLBACK'), done('INSERT', 2)] });
    });
    const { event } = await readEntry(directory, outcome);
    expect(canonicalJson(event)).toBe(
      `{"bytesReturned":20,"durationUs":900,"intent":1,"maskedCells":0,"seq":2,"session":"s1","statements":[` +
        `{"command":"ROLLBACK","rowsAffected":null,"rowsReturned":0},{"command":"INSERT","rowsAffected":1,"rowsReturned":0,"transaction":2}],` +
        `"status":"ok","time":${event.time},"transaction":1,"type":"statement.outcome","v":1}`,
    );
  });

  it('is a change when one of them was committed, and says what was rolled back', async () => {
    const directory = await played((player) => {
      const unit = player.intent({ text: 'insert; rollback; insert', transaction: 1, record: { facts: [INSERT, CONTROL, INSERT] } });
      player.ended(1, 'rolled-back');
      player.outcome(unit, { transaction: 1, statements: [done('INSERT'), done('ROLLBACK'), done('INSERT', 2)] });
      player.ended(2, 'committed');
    });
    const answer = await why(directory, RELATION);
    const ends = answer.changes.map(({ outcome }) => outcome.kind === 'done' && outcome.statements.map(({ end }) => end));
    expect([answer.totals.changes, answer.totals.rolledBack, ends]).toEqual([1, 0, [['rolled-back', 'rolled-back', undefined]]]);
    const text = formatWhy(answer);
    expect(text).toContain('insert  committed in part');
    expect(text).toContain(
      'INSERT: 0 rows returned, 1 affected (rolled-back); ROLLBACK: 0 rows returned, unknown affected (rolled-back); INSERT: 0 rows returned, 1 affected; 0.9 ms',
    );
  });

  it('waits for all of them', async () => {
    const directory = await played((player) => {
      const unit = spanning(player);
      player.ended(1, 'rolled-back');
      player.outcome(unit, { transaction: 1, statements: [done('ROLLBACK'), done('INSERT', 2)] });
    });
    expect((await why(directory, RELATION)).totals).toMatchObject({ changes: 0, rolledBack: 0, open: 1 });
  });

  it('is no change when only what begins or ends transactions was committed', async () => {
    const directory = await played((player) => {
      const unit = player.intent({ transaction: 1, record: { facts: [INSERT, CONTROL, CONTROL] } });
      player.ended(1, 'rolled-back');
      player.outcome(unit, { transaction: 1, statements: [done('INSERT'), done('ROLLBACK'), done('BEGIN', 2)] });
      player.ended(2, 'committed');
    });
    expect((await why(directory, RELATION)).totals).toMatchObject({ changes: 0, rolledBack: 1 });
  });

  it('is a change when it failed behind what was committed', async () => {
    const directory = await played((player) => {
      const unit = player.intent({ transaction: 1, record: { facts: [INSERT, CONTROL, INSERT] } });
      player.ended(1, 'committed');
      player.outcome(unit, { transaction: 1, status: 'error', errorCode: '22012', statements: [done('INSERT'), done('COMMIT')] });
      player.ended(2, 'rolled-back');
    });
    const answer = await why(directory, RELATION);
    expect(answer.totals).toMatchObject({ changes: 1, failed: 0 });
    expect(formatWhy(answer)).toContain('ERROR, committed in part');
  });

  it('failed when what it had done was rolled back with it, or it never ran', async () => {
    const directory = await played((player) => {
      const failed = player.intent({ transaction: 1, record: { facts: [INSERT, INSERT] } });
      player.outcome(failed, { transaction: 1, status: 'error', errorCode: '22012', statements: [done('INSERT')] });
      player.ended(1, 'rolled-back');
      const never = player.intent({ transaction: 2, record: { facts: [INSERT] } });
      player.outcome(never, { transaction: 2, status: 'cancelled', statements: [] });
      player.ended(2, 'unknown');
    });
    expect((await why(directory, RELATION)).totals).toMatchObject({ changes: 0, failed: 2 });
  });

  it('may have been made when a procedure failed that could commit', async () => {
    const directory = await played((player) => {
      const call = player.intent({ transaction: 1, record: { facts: [{ ...INSERT, action: 'call' }] } });
      player.outcome(call, { transaction: 1, status: 'error', errorCode: '22012', statements: [] });
      player.ended(1, 'unknown');
    });
    expect((await why(directory, RELATION)).totals).toMatchObject({ changes: 1, failed: 0 });
  });

  it.each([
    ['the connection was lost behind the ROLLBACK', 'unknown' as const, [done('ROLLBACK')], 'unknown'],
    ['the connection was lost while rows of the INSERT came', 'unknown' as const, [done('ROLLBACK'), done('', 2)], 'unknown'],
    ['it was rolled back by a failure', 'error' as const, [done('ROLLBACK')], 'rolled-back'],
  ])('when %s: judged by what may have been', async (_note, status, statements, expected) => {
    let unit = 0;
    const directory = await played((player) => {
      unit = spanning(player);
      player.ended(1, 'rolled-back');
      player.outcome(unit, { transaction: 1, status, statements });
    });
    expect((await accountOf(directory, unit)).transaction).toEqual({ ordinal: 1, end: expected });
  });

  it('may have been committed when the process died in the middle of it', async () => {
    const live = scratch();
    const crashed = scratch();
    const { cpSync, rmSync } = await import('node:fs');
    const writer = await openLedger(live);
    const player = new Player(writer);
    const unit = spanning(player);
    player.ended(1, 'rolled-back');
    expect((await accountOf(live, unit)).transaction.end).toBe('open');
    cpSync(live, crashed, { recursive: true });
    rmSync(join(crashed, 'lock'));
    await writer.close();
    await (await openLedger(crashed)).close();
    expect(await accountOf(crashed, unit)).toMatchObject({ outcome: { kind: 'lost' }, transaction: { ordinal: 1, end: 'unknown' } });
  });

  it('may have been committed when the list of what it did was erased', async () => {
    let unit = 0;
    const many = Array.from({ length: 2000 }, () => done('SELECT', 2));
    const directory = await played((player) => {
      unit = spanning(player);
      player.ended(1, 'rolled-back');
      player.outcome(unit, { transaction: 1, statements: [done('ROLLBACK'), done('INSERT', 2), ...many] });
      player.ended(2, 'committed');
    });
    expect((await accountOf(directory, unit)).transaction.end).toBe('committed');
    for (const name of readdirSync(join(directory, 'disclosures'))) {
      const path = join(directory, 'disclosures', name);
      writeFileSync(path, readFileSync(path, 'utf8').replace(/^.*withheld\.statements.*\n/m, ''));
    }
    expect((await accountOf(directory, unit)).transaction.end).toBe('unknown');
  });
});
