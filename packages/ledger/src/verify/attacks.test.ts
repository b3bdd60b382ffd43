import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { canonicalJson, formatVerifierKey } from '@sqlwarden/core';
import { readRetained, signCheckpoint } from '../checkpoint-files.js';
import { fileSigner } from '../file-keys.js';
import { keyringOf, type Signer } from '../signer.js';
import { TileWriter } from '../tile-writer.js';
import { TreeBuilder } from '../tree-builder.js';
import { openLedger, ORIGIN, Player, removeScratch, scratch, START, ticking } from '../testing/scenario.js';
import { decodeFrames, entryLine, entryOf, FrameEncoder, leafInputOf } from '../write-ahead.js';
import { verifyLedger } from './verify-ledger.js';

/**
 * Whoever can write to the directory, and may have a key of the log, against an auditor who has the log's first key and a checkpoint. The files are
 * those of real logs, changed as thoroughly as the attacker can: all that can be made to fit is made to fit.
 */

afterAll(removeScratch);

const WAL = 'wal/0000000000000000';

/** A log that has changed its key once, and what somebody took of it on the way. */
let original: string;
/** The key that was replaced, as it was copied from the file in time. */
let stolen: Signer;
/** The one that signs. */
let current: Signer;
/** A copy from before the key was replaced, and one from after. */
let early: string;
let middle: string;
/** What the auditor has. */
let genesis: string;
let kept: string;

beforeAll(async () => {
  original = scratch();
  const ledger = await openLedger(original);
  const player = new Player(ledger);
  player.scene();
  for (let n = 0; n < 60; n++) player.run({ text: `select ${n}` });
  await ledger.close();
  genesis = readFileSync(join(original, 'keys/verifier'), 'utf8').trim();
  stolen = await fileSigner(original, ORIGIN);
  early = copyOf(original);
  const second = await openLedger(original, { clock: ticking(START + 60_000) });
  await second.rotateKey();
  for (let n = 0; n < 60; n++) new Player(second).run({ text: `then ${n}` });
  await second.close();
  middle = copyOf(original);
  const third = await openLedger(original, { clock: ticking(START + 120_000) });
  for (let n = 0; n < 20; n++) new Player(third).run({ text: `last ${n}` });
  await third.close();
  current = await fileSigner(original, ORIGIN);
  kept = readFileSync(join(original, 'checkpoint'), 'utf8');
});

function copyOf(directory: string): string {
  const copy = scratch();
  cpSync(directory, copy, { recursive: true });
  return copy;
}

const entriesOf = (directory: string): string[] =>
  decodeFrames(readFileSync(join(directory, WAL)), WAL).leaves.map((leaf) => entryOf(leaf).toString());

/** Writes a log anew over entries: write-ahead file, bundles, hashes, and with a signer checkpoints, that all fit one another. */
async function forge(directory: string, entries: readonly string[], signer: Signer | undefined, keepNotes = false): Promise<void> {
  const numbered = entries.map((entry, seq) => canonicalJson({ ...(JSON.parse(entry) as object), seq }));
  writeFileSync(join(directory, WAL), new FrameEncoder().encode(numbered.map(entryLine).join('')));
  rmSync(join(directory, 'tile'), { recursive: true });
  const tree = new TreeBuilder(0, undefined);
  for (const entry of numbered) tree.add(Buffer.from(leafInputOf(Buffer.from(entry))));
  new TileWriter(directory).write(tree.snapshot());
  if (signer === undefined) return;
  const note = await signCheckpoint({ origin: ORIGIN, size: tree.size, root: tree.root() }, signer);
  const notes = keepNotes ? ((await readRetained(directory))?.notes ?? []) : [];
  writeFileSync(join(directory, 'checkpoint'), note);
  writeFileSync(join(directory, 'checkpoints'), [...notes, note].map((text, n) => `${canonicalJson({ n, note: text })}\n`).join(''));
  rmSync(join(directory, 'disclosures'), { recursive: true });
}

const swapped = (entries: readonly string[]): string[] => entries.with(20, entries[22] ?? '').with(22, entries[20] ?? '');
const edited = (entries: readonly string[]): string[] => entries.map((entry) => entry.replace('"id":"u-dan"', '"id":"u-eve"'));

/** Each with the exit code, and a finding that says what was done. */
const ATTACKS: readonly {
  readonly attack: string;
  readonly run: (directory: string) => void | Promise<void>;
  readonly found: readonly [20 | 30 | 40, string];
}[] = [
  { attack: 'truncate: the last entry', run: (d) => forge(d, entriesOf(d).slice(0, -1), undefined), found: [40, 'tile-missing'] },
  {
    attack: 'truncate: the last three entries, signed',
    run: (d) => forge(d, entriesOf(d).slice(0, -3), current),
    found: [30, 'log-truncated'],
  },
  {
    attack: 'truncate: everything but the beginning, signed',
    run: (d) => forge(d, entriesOf(d).slice(0, 1), stolen),
    found: [40, 'log-truncated'],
  },
  {
    attack: 'truncate: everything',
    run: (d) => ['wal', 'tile', 'checkpoint', 'checkpoints'].forEach((name) => rmSync(join(d, name), { recursive: true })),
    found: [40, 'log-truncated'],
  },
  { attack: 'reorder: two entries', run: (d) => forge(d, swapped(entriesOf(d)), undefined), found: [40, 'root-differs'] },
  { attack: 'reorder: two entries, signed', run: (d) => forge(d, swapped(entriesOf(d)), current), found: [40, 'log-forked'] },
  { attack: 'delete: one entry', run: (d) => forge(d, entriesOf(d).toSpliced(30, 1), undefined), found: [40, 'root-differs'] },
  { attack: 'delete: one entry, signed', run: (d) => forge(d, entriesOf(d).toSpliced(30, 1), current), found: [40, 'log-truncated'] },
  {
    attack: 'delete: one entry, another put at the end, signed',
    run: (d) => forge(d, [...entriesOf(d).toSpliced(30, 1), entriesOf(d)[30] ?? ''], current),
    found: [40, 'log-forked'],
  },
  { attack: 'edit: who approved', run: (d) => forge(d, edited(entriesOf(d)), undefined), found: [40, 'root-differs'] },
  {
    attack: 'edit: who approved, signed, old checkpoints left',
    run: (d) => forge(d, edited(entriesOf(d)), current, true),
    found: [40, 'log-forked'],
  },
  {
    attack: 'fork: another history with the present key, longer than the kept one',
    run: async (d) => {
      rmSync(d, { recursive: true });
      cpSync(middle, d, { recursive: true });
      const fork = await openLedger(d, { clock: ticking(START + 120_000) });
      for (let n = 0; n < 40; n++) new Player(fork).run({ text: `other ${n}` });
      await fork.close();
    },
    found: [30, 'log-forked'],
  },
  {
    attack: 'stolen old key: signs over what the new key has signed',
    run: async (d) => forge(d, [...entriesOf(d), ...entriesOf(d).slice(-3)], stolen, true),
    found: [40, 'key-epoch'],
  },
  {
    attack: 'stolen old key: edits before the change of keys, and signs',
    run: (d) => forge(d, edited(entriesOf(d)), stolen, true),
    found: [40, 'key-epoch'],
  },
  {
    attack: 'stolen old key: as if the key had never been replaced',
    run: async (d) => {
      rmSync(d, { recursive: true });
      cpSync(early, d, { recursive: true });
      const fork = await openLedger(d, { keys: keyringOf(stolen), clock: ticking(START + 60_000) });
      for (let n = 0; n < 200; n++) new Player(fork).run({ text: `other ${n}` });
      await fork.close();
    },
    found: [40, 'retained-signature'],
  },
  {
    attack: 'stolen old key: names a successor of its own',
    run: async (d) => {
      rmSync(d, { recursive: true });
      cpSync(early, d, { recursive: true });
      const fork = await openLedger(d, { clock: ticking(START + 60_000) });
      await fork.rotateKey();
      for (let n = 0; n < 200; n++) new Player(fork).run({ text: `other ${n}` });
      await fork.close();
    },
    found: [40, 'retained-signature'],
  },
  {
    attack: 'the list of keys changed to a key of the attacker',
    run: async (d) => {
      const other = scratch();
      const mine = await fileSigner(other, ORIGIN);
      const rotations = readFileSync(join(d, 'keys/rotations'), 'utf8');
      const forged = { ...(JSON.parse(rotations) as object), next: formatVerifierKey(mine.key) };
      writeFileSync(join(d, 'keys/rotations'), `${canonicalJson(forged)}\n`);
      await forge(d, entriesOf(d), mine);
    },
    found: [40, 'rotation-invalid'],
  },
  {
    attack: 'the list of keys without the last one',
    run: (d) => rmSync(join(d, 'keys/rotations')),
    found: [40, 'checkpoint-signature'],
  },
  {
    attack: 'rollback to a backup from before',
    run: (d) => {
      rmSync(d, { recursive: true });
      cpSync(middle, d, { recursive: true });
    },
    found: [30, 'log-truncated'],
  },
  {
    attack: 'rollback to a backup from before the change of keys',
    run: (d) => {
      rmSync(d, { recursive: true });
      cpSync(early, d, { recursive: true });
    },
    found: [40, 'retained-signature'],
  },
  {
    attack: 'rollback, and on from there with other entries',
    run: async (d) => {
      rmSync(d, { recursive: true });
      cpSync(middle, d, { recursive: true });
      const resumed = await openLedger(d, { clock: ticking(START + 120_000) });
      new Player(resumed).run({ text: 'something else' });
      await resumed.close();
    },
    found: [30, 'log-truncated'],
  },
  {
    attack: 'another log, with a key of its own',
    run: async (d) => {
      rmSync(d, { recursive: true });
      const other = await openLedger(d);
      for (let n = 0; n < 200; n++) new Player(other).run({ text: `other ${n}` });
      await other.close();
    },
    found: [40, 'key-differs'],
  },
];

describe('attacks on a log, against a key and a checkpoint that were kept elsewhere', () => {
  it('leave the untouched log in order', async () => {
    const report = await verifyLedger(original, { verifier: genesis, retainedCheckpoints: [kept] });
    expect([report.exitCode, report.findings]).toEqual([0, []]);
    // What the attacker writes is as good as what the log wrote: only what it says differs.
    const same = copyOf(original);
    const values = copyOf(original);
    await forge(same, entriesOf(same), undefined);
    cpSync(join(values, 'disclosures'), join(same, 'disclosures'), { recursive: true });
    const again = await verifyLedger(same, { verifier: genesis, retainedCheckpoints: [kept] });
    expect(again.findings.filter(({ code }) => code !== 'tile-missing')).toEqual([]);
    expect(current.key).not.toEqual(stolen.key);
  });

  it.each(ATTACKS)('are found: $attack', async ({ run, found }) => {
    const directory = copyOf(original);
    await run(directory);
    const report = await verifyLedger(directory, { verifier: genesis, retainedCheckpoints: [kept] });
    expect([report.exitCode, report.findings.map(({ code }) => code)]).toEqual([found[0], expect.arrayContaining([found[1]])]);
  });
});
