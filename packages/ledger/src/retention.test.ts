import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SEGMENT_ENTRIES } from './layout.js';
import { exportProof, verifyProof } from './proof.js';
import { readEntry } from './read.js';
import { readRetention } from './retention-file.js';
import { selectEntries } from './select-entries.js';
import { openLedger, Player, removeScratch, scratch, START, ticking } from './testing/scenario.js';
import { verifyLedger } from './verify/verify-ledger.js';

afterAll(removeScratch);

const HOUR = 3_600_000;
/** Two full segments and some more, ten milliseconds an entry; a change of keys and a session in the first one, and reads of that session in the last. */
let original: string;
let genesis: string;
let opened: number;
let decision: number;
/** The key changes there. */
let rotated: number;

beforeAll(async () => {
  original = scratch();
  const ledger = await openLedger(original, { heartbeatMs: HOUR });
  const player = new Player(ledger);
  for (let n = 0; n < 300; n++) player.run({ session: 'old', text: `old ${n}` });
  opened = player.login('long');
  decision = player.decided({ session: 'long' });
  rotated = ledger.size;
  await ledger.rotateKey();
  const waiting = player.begin(decision, { session: 'long', parameters: ['waits'] });
  while (ledger.size < 2 * SEGMENT_ENTRIES + 100) {
    ledger.append({ type: 'session.closed', session: 's', reason: 'r', durationMs: 0 }, []);
    if (ledger.size % 8192 === 0) await ledger.checkpoint();
  }
  player.complete(waiting);
  player.complete(player.begin(decision, { session: 'long', parameters: ['late'] }));
  player.run({ session: 'young', text: 'young' });
  await ledger.close();
  genesis = readFileSync(join(original, 'keys/verifier'), 'utf8').trim();
}, 120_000);

const copy = (): string => {
  const directory = scratch();
  cpSync(original, directory, { recursive: true });
  return directory;
};
const timeOf = async (seq: number): Promise<number> => (await readEntry(original, seq)).event.time;
const bundles = (directory: string): number =>
  readdirSync(join(directory, 'tile/entries'), { recursive: true, withFileTypes: true }).filter((file) => file.isFile()).length;

describe('retention', () => {
  it('removes old entries and values, and what is left can be proven and goes on', async () => {
    const directory = copy();
    const note = readFileSync(join(directory, 'checkpoint'), 'utf8');
    const young = await exportProof(directory, 2 * SEGMENT_ENTRIES + 5);
    const ledger = await openLedger(directory, { clock: ticking(START + 2 * HOUR) });
    const moment = await timeOf(2 * SEGMENT_ENTRIES + 50);
    expect(await ledger.retain({ entriesBefore: await timeOf(SEGMENT_ENTRIES + 50), valuesBefore: moment })).toEqual({
      entriesBefore: SEGMENT_ENTRIES,
      valuesBefore: 2 * SEGMENT_ENTRIES,
    });
    expect(await readEntry(directory, ledger.size - 1)).toMatchObject({
      event: { type: 'retention.applied', entriesBefore: SEGMENT_ENTRIES, valuesBefore: 2 * SEGMENT_ENTRIES },
    });
    await ledger.close();
    expect(readdirSync(join(directory, 'disclosures'))).toEqual(['0000000000065536.jsonl']);
    const report = await verifyLedger(directory, { verifier: genesis, retainedCheckpoints: [note] });
    expect(report).toMatchObject({
      exitCode: 0,
      findings: [],
      removed: { entriesBefore: SEGMENT_ENTRIES, valuesBefore: 2 * SEGMENT_ENTRIES },
      redacted: { unexplained: 0 },
    });
    expect(report.keys).toHaveLength(2);
    expect(verifyProof(young, report.keys[1] ?? '').index).toBe(2 * SEGMENT_ENTRIES + 5);
    expect(verifyProof(await exportProof(directory, SEGMENT_ENTRIES), report.keys[1] ?? '').index).toBe(SEGMENT_ENTRIES);
    // What later entries name is still there, nothing else is.
    for (const seq of [opened, decision]) expect((await readEntry(directory, seq)).seq).toBe(seq);
    await expect(readEntry(directory, SEGMENT_ENTRIES - 1)).rejects.toMatchObject({ code: 'not-found' });
    expect(bundles(directory)).toBeLessThan(bundles(original) - 120);
    const again = await openLedger(directory, { clock: ticking(START + 3 * HOUR) });
    new Player(again).run({ session: 'later' });
    await again.rotateKey();
    await again.close();
    // The rest, a segment later.
    const third = await openLedger(directory, { clock: ticking(START + 4 * HOUR) });
    expect(await third.retain({ entriesBefore: START + 4 * HOUR })).toEqual({
      entriesBefore: 2 * SEGMENT_ENTRIES,
      valuesBefore: 2 * SEGMENT_ENTRIES,
    });
    expect(await third.retain({ entriesBefore: START + 4 * HOUR })).toEqual({
      entriesBefore: 2 * SEGMENT_ENTRIES,
      valuesBefore: 2 * SEGMENT_ENTRIES,
    });
    await third.close();
    expect((await verifyLedger(directory, { verifier: genesis })).findings).toEqual([]);
  });

  it('leaves reads to be found of somebody whose session began before, and an erasure to be ended that names what is gone', async () => {
    const directory = copy();
    const ledger = await openLedger(directory, { clock: ticking(START + 2 * HOUR) });
    await ledger.retain({ entriesBefore: await timeOf(SEGMENT_ENTRIES + 50) });
    const late = (await selectEntries(original, { subject: 'u-ada' })).filter(([first]) => first >= SEGMENT_ENTRIES);
    expect(late.length).toBeGreaterThan(0);
    expect(await selectEntries(directory, { subject: 'u-ada' })).toEqual(late);
    await ledger.close();
    const pending = { entries: [[10, 20], ...late], names: [], reason: 'r' };
    for (const entries of [pending.entries, [[10, 20]]]) {
      writeFileSync(join(directory, 'erasing.json'), JSON.stringify({ ...pending, entries }));
      await (await openLedger(directory, { clock: ticking(START + 3 * HOUR) })).close();
      expect(existsSync(join(directory, 'erasing.json'))).toBe(false);
    }
    expect((await verifyLedger(directory)).findings.filter(({ severity }) => severity !== 'gap')).toEqual([]);
  });

  it('removes a file of values that the writer has open, as none came after, and keeps a decision that was not used yet', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory, { heartbeatMs: HOUR });
    const player = new Player(ledger);
    player.login();
    player.run();
    const fill = async (size: number): Promise<void> => {
      while (ledger.size < size) {
        ledger.append({ type: 'session.closed', session: 's', reason: 'r', durationMs: 0 }, []);
        if (ledger.size % 8192 === 0) await ledger.checkpoint();
      }
      await ledger.checkpoint();
    };
    // In a bundle that nothing else keeps.
    await fill(1000);
    const idle = player.decided({ text: 'runs seldom' });
    await fill(2000);
    const waiting = player.begin(player.decided(), { parameters: ['waits'] });
    await fill(SEGMENT_ENTRIES + 10);
    const bundle = readFileSync(join(directory, 'tile/entries/100'));
    expect(await ledger.retain({ valuesBefore: START + HOUR })).toEqual({ entriesBefore: 0, valuesBefore: SEGMENT_ENTRIES });
    ledger.append({ type: 'session.closed', session: 's', reason: 'r', durationMs: 0 }, []);
    await ledger.checkpoint();
    // It was begun before, and is over now: what the entry says goes for its value too.
    player.complete(waiting);
    player.run({ text: 'afterwards' });
    await ledger.checkpoint();
    expect(readdirSync(join(directory, 'disclosures'))).toEqual(['0000000000032768.jsonl']);
    // Nobody has named it when the entries around it go, twice.
    expect(await ledger.retain({ entriesBefore: START + HOUR })).toMatchObject({ entriesBefore: SEGMENT_ENTRIES });
    await fill(2 * SEGMENT_ENTRIES + 10);
    expect(await ledger.retain({ entriesBefore: START + HOUR })).toMatchObject({ entriesBefore: 2 * SEGMENT_ENTRIES });
    player.complete(player.begin(idle));
    // A process that dies while it removes them leaves some.
    const left = join(directory, 'tile/entries/100');
    expect(existsSync(left)).toBe(false);
    writeFileSync(left, bundle);
    writeFileSync(join(directory, 'sweeping'), '');
    await ledger.retain({ entriesBefore: START + HOUR });
    expect([existsSync(left), existsSync(join(directory, 'sweeping'))]).toEqual([false, false]);
    await ledger.close();
    expect((await readEntry(directory, idle)).seq).toBe(idle);
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it('keeps what a sink has not shipped, and what is in no full segment', async () => {
    const directory = copy();
    const ledger = await openLedger(directory, { clock: ticking(START + 2 * HOUR) });
    mkdirSync(join(directory, 'sinks'));
    writeFileSync(join(directory, 'sinks/siem.json'), `{"next":${SEGMENT_ENTRIES - 1},"open":[]}\n`);
    const all = { entriesBefore: START + 2 * HOUR, valuesBefore: START + 2 * HOUR };
    expect(await ledger.retain(all)).toEqual({ entriesBefore: 0, valuesBefore: 0 });
    writeFileSync(join(directory, 'sinks/siem.json'), `{"next":${2 * SEGMENT_ENTRIES - 1},"open":[]}\n`);
    expect(await ledger.retain(all)).toEqual({ entriesBefore: SEGMENT_ENTRIES, valuesBefore: SEGMENT_ENTRIES });
    writeFileSync(join(directory, 'sinks/siem.json'), `{"next":${ledger.size},"open":[]}\n`);
    expect(await ledger.retain({ ...all, sinks: ['siem', 'new'] })).toMatchObject({ valuesBefore: SEGMENT_ENTRIES });
    expect(await ledger.retain(all)).toEqual({ entriesBefore: 2 * SEGMENT_ENTRIES, valuesBefore: 2 * SEGMENT_ENTRIES });
    await ledger.close();
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it('is found when nobody says that it was applied, and so is what was changed below it', async () => {
    const directory = copy();
    writeFileSync(join(directory, 'retention.json'), `{"entriesBefore":${SEGMENT_ENTRIES},"valuesBefore":${SEGMENT_ENTRIES}}`);
    const codes = async (): Promise<string[]> => [...new Set((await verifyLedger(directory)).findings.map(({ code }) => code))];
    expect(await codes()).toContain('retention-differs');
    rmSync(join(directory, 'retention.json'));
    const ledger = await openLedger(directory, { clock: ticking(START + 2 * HOUR) });
    await ledger.retain({ entriesBefore: await timeOf(SEGMENT_ENTRIES + 50) });
    await ledger.close();
    expect(await codes()).toEqual([]);
    const bundle = `tile/entries/${String(Math.floor(opened / 256)).padStart(3, '0')}`;
    // An entry that is as good as any, but not the one that was written; and a hash.
    const changes = [
      [bundle, (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace('"database":"crmdb"', '"database":"crmdx"'), 'latin1')],
      ['tile/0/005', (bytes: Buffer) => Buffer.concat([Buffer.alloc(1), bytes.subarray(1)])],
    ] as const;
    for (const [file, change] of changes) {
      const path = join(directory, file);
      const bytes = readFileSync(path);
      writeFileSync(path, change(bytes));
      expect([file, (await verifyLedger(directory)).exitCode]).toEqual([file, 40]);
      writeFileSync(path, bytes);
    }
    expect(rotated).toBeLessThan(SEGMENT_ENTRIES);
    expect(await readRetention(directory)).toEqual({ entriesBefore: SEGMENT_ENTRIES, valuesBefore: SEGMENT_ENTRIES });
    expect(existsSync(join(directory, 'tile/entries/010'))).toBe(false);
  });
});
