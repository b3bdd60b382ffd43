import { afterAll, describe, expect, it } from '@jest/globals';
import { selectEntries } from './select-entries.js';
import { agent, dan, openLedger, Player, removeScratch, scratch, START, ticking, trainer } from './testing/scenario.js';

afterAll(removeScratch);

describe('entries whose values are to be erased', () => {
  it('are those of a subject, for whom others may act, and what was decided for it alone', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory, { clock: ticking(START) });
    const player = new Player(ledger);
    player.login('ada');
    player.login('job', trainer);
    const shared = player.decided({ session: 'ada', text: 'shared' });
    const own = player.decided({ session: 'ada', text: 'own' });
    const theirs = player.decided({ session: 'job', text: 'theirs' });
    const bare = player.complete(player.begin(own, { session: 'ada' }));
    const read = player.complete(player.begin(shared, { session: 'ada', parameters: ['x'] }));
    const other = player.complete(player.begin(shared, { session: 'job', parameters: ['y'] }));
    player.complete(player.begin(theirs, { session: 'job', parameters: ['z'] }));
    const byAgent = player.intent({ as: agent });
    player.outcome(byAgent);
    const byDan = player.intent({ as: dan });
    player.outcome(byDan);
    await ledger.close();
    const flat = async (selection: Parameters<typeof selectEntries>[1]): Promise<number[]> =>
      (await selectEntries(directory, selection)).flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, n) => first + n));
    expect(await flat({ subject: 'u-ada' })).toEqual([own, read, byAgent]);
    expect(await flat({ subject: 'a-features' })).toEqual([byAgent]);
    expect(await flat({ subject: 'nobody' })).toEqual([]);
    expect(await flat({ subject: 'u-ada', before: START + 10 * (byAgent + 1) })).toEqual([own, read]);
    const all = await flat({ before: START + 86_400_000 });
    expect(all).toEqual(expect.arrayContaining([shared, own, theirs, read, other, byAgent, byDan]));
    expect(all).not.toContain(bare);
    expect(await selectEntries(directory, { before: START })).toEqual([]);
  });
});
