import { afterAll, describe, expect, it } from '@jest/globals';
import { openLedger, Player, removeScratch, scratch } from '../testing/scenario.js';
import { verifyLedger } from './verify-ledger.js';

afterAll(removeScratch);

/** Rounds of a writer that does everything at once; each takes some milliseconds. */
const ROUNDS = 6;

describe('verification beside a writer at work', () => {
  it('has nothing to say while keys are changed and values are erased', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory, { checkpointMs: 5 });
    const player = new Player(ledger);
    player.login();
    const decision = player.decided();
    let working = true;
    const work = async (): Promise<void> => {
      for (let round = 0; round < ROUNDS; round++) {
        const first = player.run({ text: `text ${round}`, parameters: ['value'] });
        for (let n = 0; n < 40; n++) player.complete(player.begin(decision, { parameters: [`read ${n}`] }));
        ledger.flush();
        await ledger.erase({ entries: [[first, ledger.size - 1]], names: round % 2 === 0 ? [] : ['parameter'], reason: 'r' });
        await ledger.rotateKey();
      }
    };
    const done = work().finally(() => (working = false));
    const seen: string[] = [];
    let verified = 0;
    while (working || verified === 0) {
      const report = await verifyLedger(directory);
      verified += 1;
      seen.push(...report.findings.filter(({ severity }) => severity !== 'note').map(({ code, message }) => `${code}: ${message}`));
    }
    await done;
    await ledger.close();
    expect(seen).toEqual([]);
    const report = await verifyLedger(directory);
    expect([report.findings, report.redacted.unexplained, report.keys.length]).toEqual([[], 0, ROUNDS + 1]);
    expect(report.redacted.entries).toBeGreaterThan(ROUNDS * 40);
  });

  it('finds transactions that are said to have ended in two ways', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.ended(1, 'committed');
    player.ended(2, 'rolled-back');
    player.ended(2, 'rolled-back');
    const seq = player.ended(1, 'rolled-back');
    await ledger.close();
    expect((await verifyLedger(directory)).findings).toMatchObject([{ code: 'transaction-repeated', severity: 'invalid', seq }]);
  });
});
