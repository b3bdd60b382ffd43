import { afterAll, describe, expect, it } from '@jest/globals';
import { type LedgerEntry, readEntries } from '../read.js';
import { openLedger, Player, removeScratch, scratch } from '../testing/scenario.js';
import type { StatementAccount } from './account.js';
import { Accounts } from './accounts.js';
import { ReadContexts } from './read-context.js';

afterAll(removeScratch);

describe('accounts that wait', () => {
  it('do so for a transaction before them, but not for ever: memory must not grow with the log', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.login('s1');
    const intent = player.intent({ transaction: 7 });
    player.complete(player.begin(player.decided()));
    player.outcome(intent, { transaction: 7 });
    player.ended(7);
    await ledger.close();
    const entries: LedgerEntry[] = [];
    for await (const entry of readEntries(directory)) entries.push(entry);
    const accounts = new Accounts(() => true);
    const left: StatementAccount[] = [];
    const most = { held: 0 };
    let taken = 0;
    for (const entry of entries) {
      const { event } = entry;
      if (event.type !== 'statement.completed') {
        left.push(...accounts.add(entry));
        continue;
      }
      const context = await new ReadContexts(directory).of(event);
      for (let seq = 1_000; seq < 41_000; seq++) {
        left.push(...accounts.add({ ...entry, event: { ...event, seq } }, context));
        taken += 1;
        most.held = Math.max(most.held, taken - left.length);
      }
    }
    expect(most.held).toBeLessThan(20_000);
    left.push(...accounts.end());
    expect(left).toHaveLength(40_001);
    const held = left.find(({ seq }) => seq === intent);
    expect([held?.transaction.end, left.findIndex(({ seq }) => seq === intent) > 10_000]).toEqual(['committed', true]);
    const reads = left.map(({ seq }) => seq).filter((seq) => seq !== intent);
    expect(reads).toEqual(reads.toSorted((one, other) => one - other));
  });
});
