import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Ledger } from './ledger.js';
import { readEntry } from './read.js';
import { ada, openLedger, Player, removeScratch, scratch, START, ticking } from './testing/scenario.js';
import { verifyLedger } from './verify/verify-ledger.js';

afterAll(removeScratch);

const VALUES = 'disclosures/0000000000000000.jsonl';
const valuesOf = (directory: string): string => readFileSync(join(directory, VALUES), 'utf8');

interface Filled {
  readonly directory: string;
  readonly ledger: Ledger;
  readonly player: Player;
  /** A write with a text and two parameters, and a read with one. */
  readonly written: number;
  readonly read: number;
}

async function filled(): Promise<Filled> {
  const directory = scratch();
  const ledger = await openLedger(directory);
  const player = new Player(ledger);
  player.login();
  const written = player.intent({ text: 'secret text', parameters: ['first secret', 'second secret'] });
  player.outcome(written);
  const read = player.complete(player.begin(player.decided(), { parameters: ['read secret'] }));
  player.run({ text: 'other text', parameters: ['other value'] });
  ledger.flush();
  return { directory, ledger, player, written, read };
}

describe('erasing values', () => {
  it('removes them from the open log for good, says so, and every proof holds', async () => {
    const { directory, ledger, written, read } = await filled();
    await ledger.erase({ entries: [[written, read]], names: ['parameter'], reason: 'article 17', by: ada });
    expect(valuesOf(directory)).not.toMatch(/first secret|second secret|read secret/);
    expect(valuesOf(directory)).toMatch(/secret text[^]*other value/);
    expect(await readEntry(directory, written)).toMatchObject({ redacted: ['parameter', 'parameter'], disclosures: [{ name: 'text' }] });
    expect(await readEntry(directory, ledger.size - 1)).toMatchObject({
      event: { type: 'values.erased', entries: [[written, read]], names: ['parameter'], reason: 'article 17', by: ada },
    });
    await ledger.erase({ entries: [[written, written]], names: [], reason: 'all of it' });
    expect(valuesOf(directory)).not.toContain('secret text');
    await ledger.close();
    const report = await verifyLedger(directory);
    expect(report).toMatchObject({ exitCode: 0, findings: [], redacted: { entries: 2, unexplained: 0, first: [written, read] } });
    const again = await openLedger(directory, { clock: ticking(START + 60_000) });
    await again.close();
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it('explains no more than the entry says', async () => {
    const { directory, ledger, written, read } = await filled();
    await ledger.erase({ entries: [[written, read]], names: ['parameter'], reason: 'r' });
    await ledger.close();
    const text = valuesOf(directory);
    writeFileSync(
      join(directory, VALUES),
      text
        .split('\n')
        .filter((line) => !line.includes('secret text'))
        .join('\n'),
    );
    expect(await verifyLedger(directory)).toMatchObject({
      exitCode: 20,
      findings: [{ code: 'values-missing', file: VALUES, seq: written }],
      redacted: { entries: 2, unexplained: 1 },
    });
    rmSync(join(directory, VALUES));
    expect(await verifyLedger(directory)).toMatchObject({ exitCode: 20, findings: [{ code: 'disclosures-missing', seq: written }] });
  });

  it('loses nothing that is written meanwhile', async () => {
    const { directory, ledger, player, written } = await filled();
    let erasing = true;
    const erased = ledger.erase({ entries: [[written, written]], names: [], reason: 'r' }).finally(() => (erasing = false));
    let n = 0;
    do {
      player.run({ text: `meanwhile ${n++}` });
      ledger.flush();
      await new Promise((resolve) => setImmediate(resolve));
    } while (erasing && n < 100_000);
    await erased;
    player.run({ text: 'afterwards' });
    const verifying = verifyLedger(directory);
    expect((await verifying).findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
    await ledger.close();
    for (let at = 0; at < n; at++) expect(valuesOf(directory).includes(`"meanwhile ${at}"`)).toBe(true);
    expect(valuesOf(directory)).toContain('afterwards');
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it('is ended by the next process when one dies half-way', async () => {
    const { directory, ledger, written } = await filled();
    const before = valuesOf(directory);
    await ledger.erase({ entries: [[written, written]], names: [], reason: 'r' });
    const crashed = scratch();
    cpSync(directory, crashed, { recursive: true });
    await ledger.close();
    // The entry is written, the values are not gone.
    rmSync(join(crashed, 'lock'));
    writeFileSync(join(crashed, VALUES), before);
    writeFileSync(join(crashed, 'erasing.json'), JSON.stringify({ entries: [[written, written]], names: [], reason: 'r' }));
    const again = await openLedger(crashed, { clock: ticking(START + 60_000) });
    expect(valuesOf(crashed)).not.toContain('secret text');
    await again.close();
    expect((await verifyLedger(crashed)).findings).toEqual([]);
  });

  it('that failed half-way are erased before others are, in the same process too', async () => {
    const { directory, ledger, written, read } = await filled();
    // No draft can be made.
    rmSync(join(directory, 'tmp'), { recursive: true });
    const pending = { entries: [[written, written]], names: [], reason: 'r' };
    writeFileSync(join(directory, 'erasing.json'), JSON.stringify(pending));
    await expect(ledger.erase({ entries: [[read, read]], names: [], reason: 'r' })).rejects.toThrow();
    mkdirSync(join(directory, 'tmp'));
    await ledger.erase({ entries: [[read, read]], names: [], reason: 'r' });
    expect(valuesOf(directory)).not.toMatch(/secret text|first secret|read secret/);
    expect(existsSync(join(directory, 'erasing.json'))).toBe(false);
    await ledger.close();
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it('does not begin when its entry could not say all of it', async () => {
    const { directory, ledger, written } = await filled();
    const before = valuesOf(directory);
    const names = ['text', ...Array.from({ length: 1200 }, (_, n) => `${'x'.repeat(58)}${n}`)];
    await expect(ledger.erase({ entries: [[written, written]], names, reason: 'r' })).rejects.toMatchObject({ code: 'entry-too-large' });
    const crowd = { ...ada, subject: { ...ada.subject, groups: Array.from({ length: 1100 }, (_, n) => `${'g'.repeat(58)}${n}`) } };
    const order = { entries: [[written, written]], names: [], reason: 'r', by: crowd } as const;
    await expect(ledger.erase(order)).rejects.toMatchObject({ code: 'entry-too-large' });
    expect(valuesOf(directory)).toBe(before);
    await ledger.close();
    await (await openLedger(directory, { clock: ticking(START + 60_000) })).close();
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it.each([
    ['an entry that is not there', { entries: [[0, 99]], names: [], reason: 'r' }],
    [
      'entries out of order',
      {
        entries: [
          [3, 3],
          [1, 1],
        ],
        names: [],
        reason: 'r',
      },
    ],
    ['nothing', { entries: [], names: [], reason: 'r' }],
    ['no reason', { entries: [[1, 1]], names: [], reason: '' }],
    ['a name that is none', { entries: [[1, 1]], names: ['; drop'], reason: 'r' }],
  ] as const)('refuses %s, and leaves everything as it is', async (_note, erasure) => {
    const { directory, ledger } = await filled();
    const [before, size] = [valuesOf(directory), ledger.size];
    await expect(ledger.erase(erasure)).rejects.toMatchObject({ code: 'not-found' });
    expect([valuesOf(directory), ledger.size]).toEqual([before, size]);
    await ledger.close();
  });
});
