import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatDisclosures } from '../disclosure-lines.js';
import { fileSigner } from '../file-keys.js';
import { readRetained, signCheckpoint } from '../checkpoint-files.js';
import { decodeFrames, entryLine, entryOf, FrameEncoder } from '../write-ahead.js';
import { ada, agent, dan, openLedger, ORIGIN, Player, removeScratch, scratch, START, ticking } from '../testing/scenario.js';
import { EntrySource } from './entry-source.js';
import { Findings, type VerifyReport } from './report.js';
import { TileChecks } from './tile-checks.js';
import { verifyLedger, type VerifyOptions } from './verify-ledger.js';

afterAll(removeScratch);

/** A log of 300-odd entries with a full bundle, a partial one, two checkpoints, a restart and everything that can be disclosed. */
let original: string;
let verifier: string;
let early: { readonly directory: string; readonly note: string };

beforeAll(async () => {
  original = scratch();
  const ledger = await openLedger(original);
  const player = new Player(ledger);
  player.scene();
  for (let n = 0; n < 60; n++) player.run({ text: `select ${n}`, parameters: [`value ${n}`] });
  await ledger.close();
  early = { directory: scratch(), note: readFileSync(join(original, 'checkpoint'), 'utf8') };
  cpSync(original, early.directory, { recursive: true });
  const again = await openLedger(original, { clock: ticking(START + 60_000) });
  const more = new Player(again);
  for (let n = 0; n < 40; n++) more.run({ text: `select ${n}`, parameters: [`value ${n}`] });
  await again.close();
  verifier = readFileSync(join(original, 'keys/verifier'), 'utf8').trim();
});

const copy = (from = original): string => {
  const directory = scratch();
  cpSync(from, directory, { recursive: true });
  return directory;
};
const codes = (report: VerifyReport): string[] => [...new Set(report.findings.map(({ code }) => code))];
const tampered = async (tamper: (directory: string) => void | Promise<void>, options: VerifyOptions = {}): Promise<VerifyReport> => {
  const directory = copy();
  await tamper(directory);
  return verifyLedger(directory, options);
};
const files = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => relative(directory, join(file.parentPath, file.name)))
    .sort();
/** Not evidence: the private key, which an auditor does not have. */
const evidence = (directory: string): string[] => files(directory).filter((file) => file !== 'keys/signing.pem');

describe('verification', () => {
  it('passes an untouched log, and says what it saw', async () => {
    const report = await verifyLedger(original);
    expect(report).toMatchObject({
      ok: true,
      exitCode: 0,
      origin: ORIGIN,
      verifier: { key: verifier, from: 'directory' },
      entries: 317,
      unsigned: 0,
      retained: { directory: 4, given: 0 },
      redacted: { entries: 0 },
      findings: [],
      omitted: 0,
    });
    expect(await verifyLedger(original, { verifier, retainedCheckpoints: [early.note] })).toMatchObject({
      exitCode: 0,
      verifier: { from: 'given' },
      retained: { given: 1 },
    });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('finds a flipped bit anywhere in any file, and names the file or the entry', async () => {
    const directory = copy();
    let tried = 0;
    for (const file of evidence(directory)) {
      const path = join(directory, file);
      const bytes = readFileSync(path);
      // Every byte of the short files, and a spread over the long ones.
      const step = Math.max(1, Math.floor(bytes.length / 12));
      for (let at = 0; at < bytes.length; at += step) {
        const flipped = Buffer.from(bytes);
        flipped[at]! ^= 1 << (at % 7);
        writeFileSync(path, flipped);
        const report = await verifyLedger(directory);
        expect([file, at, report.exitCode]).toEqual([file, at, 40]);
        expect(report.findings.some((finding) => finding.file === file || finding.seq !== undefined || file === 'keys/verifier')).toBe(
          true,
        );
        tried += 1;
      }
      writeFileSync(path, bytes);
    }
    expect(tried).toBeGreaterThan(120);
    expect((await verifyLedger(directory)).exitCode).toBe(0);
  });

  it('finds a cut at the end of any file', async () => {
    const directory = copy();
    for (const file of evidence(directory)) {
      const bytes = readFileSync(join(directory, file));
      for (const cut of [1, 2, Math.ceil(bytes.length / 2), bytes.length]) {
        truncateSync(join(directory, file), bytes.length - cut);
        const report = await verifyLedger(directory);
        expect([file, cut, report.exitCode]).not.toEqual([file, cut, 0]);
      }
      writeFileSync(join(directory, file), bytes);
    }
  });

  it('finds any file that was removed, and any that was put there', async () => {
    for (const file of evidence(original)) {
      const report = await tampered((directory) => rmSync(join(directory, file)));
      expect([file, report.exitCode]).not.toEqual([file, 0]);
      expect([file, report.findings.some((finding) => finding.file !== undefined && file.startsWith(finding.file))]).toEqual([file, true]);
    }
    for (const file of [
      'tile/0/001',
      'tile/0/077',
      'tile/2/000',
      'tile/entries/x001/000',
      'tile/0/1',
      'tile/note.txt',
      'disclosures/0000000000032768.jsonl',
      'disclosures/x',
    ]) {
      const report = await tampered((directory) => {
        cpSync(join(directory, 'tile/0/000'), join(directory, file), { recursive: true });
      });
      expect([file, report.exitCode]).not.toEqual([file, 0]);
    }
  });

  it('finds two files of one kind that were exchanged', async () => {
    const all = evidence(original).filter((file) => /^(tile|checkpoint)/.test(file));
    for (const [index, one] of all.entries()) {
      const other = all[(index + 1) % all.length]!;
      const report = await tampered((directory) => {
        renameSync(join(directory, one), join(directory, 'aside'));
        renameSync(join(directory, other), join(directory, one));
        renameSync(join(directory, 'aside'), join(directory, other));
      });
      expect([one, other, report.exitCode]).toEqual([one, other, 40]);
    }
  });

  it('finds an entry that was changed in all places where it stands, and says which', async () => {
    const report = await tampered((directory) => {
      for (const file of evidence(directory).filter((name) => /^(tile\/entries|wal)/.test(name))) {
        const bytes = readFileSync(join(directory, file));
        const at = bytes.indexOf('"subject":{');
        const text = bytes.toString('latin1').replaceAll('"id":"u-dan"', '"id":"u-eve"');
        if (at >= 0) writeFileSync(join(directory, file), Buffer.from(text, 'latin1'));
      }
    });
    expect(report.exitCode).toBe(40);
    expect(codes(report)).toEqual(expect.arrayContaining(['tile-differs', 'root-differs', 'wal-malformed']));
    // The third entry is Dan's decision.
    expect(report.findings.find(({ code, file }) => code === 'tile-differs' && file === 'tile/0/000')).toMatchObject({ seq: 3 });
  });

  it('finds an entry of the write-ahead file that was written anew with right checksums', async () => {
    const file = 'wal/0000000000000000';
    const report = await tampered((directory) => {
      const { leaves } = decodeFrames(readFileSync(join(directory, file)), file);
      const entries = leaves.map((leaf) => entryOf(leaf).toString());
      const forged = entries.with(4, entries[4]!.replace('"u-ada"', '"u-eve"'));
      writeFileSync(join(directory, file), new FrameEncoder().encode(forged.map(entryLine).join('')));
    });
    expect(report).toMatchObject({ exitCode: 40, findings: [{ code: 'wal-differs', file, seq: 4 }] });
  });

  it('finds a log that was put back to an earlier state against a checkpoint that was kept elsewhere, and against its own', async () => {
    const note = readFileSync(join(original, 'checkpoint'), 'utf8');
    const rolledBack = copy(early.directory);
    expect((await verifyLedger(rolledBack)).exitCode).toBe(0);
    const against = await verifyLedger(rolledBack, { verifier, retainedCheckpoints: [note] });
    expect(against).toMatchObject({ exitCode: 30 });
    expect(codes(against)).toEqual(['log-truncated']);
    // All was put back but the list of checkpoints.
    cpSync(join(original, 'checkpoints'), join(rolledBack, 'checkpoints'));
    expect(codes(await verifyLedger(rolledBack))).toContain('log-truncated');
    // All was put back but the tree.
    const forgotten = copy(early.directory);
    cpSync(join(original, 'tile'), join(forgotten, 'tile'), { recursive: true });
    const report = await verifyLedger(forgotten);
    expect([report.exitCode, codes(report)]).toEqual([30, ['tile-beyond-log']]);
  });

  it('finds another history that was signed with the same key', async () => {
    const fork = copy(early.directory);
    const ledger = await openLedger(fork, { clock: ticking(START + 60_000) });
    for (let n = 0; n < 41; n++) new Player(ledger).run({ text: `other ${n}` });
    await ledger.close();
    expect((await verifyLedger(fork, { verifier })).exitCode).toBe(0);
    const note = readFileSync(join(original, 'checkpoint'), 'utf8');
    const report = await verifyLedger(fork, { verifier, retainedCheckpoints: [early.note, note] });
    expect([report.exitCode, codes(report)]).toEqual([30, ['log-forked']]);
  });

  it('does not believe a key that is not the one the log is known by', async () => {
    const other = scratch();
    const ledger = await openLedger(other);
    new Player(ledger).scene();
    await ledger.close();
    expect((await verifyLedger(other)).exitCode).toBe(0);
    const report = await verifyLedger(other, { verifier });
    expect(report.exitCode).toBe(40);
    expect(codes(report)).toEqual(expect.arrayContaining(['key-differs', 'checkpoint-signature', 'retained-signature']));
    expect(codes(await verifyLedger(original, { verifier: 'nonsense' }))).toContain('key-malformed');
  });

  it('does not count a checkpoint of another log with the same key', async () => {
    const signer = await fileSigner(original, ORIGIN);
    const stranger = await signCheckpoint({ origin: 'elsewhere', size: 3, root: new Uint8Array(32) }, signer);
    const report = await verifyLedger(original, { retainedCheckpoints: [stranger, 'nonsense'] });
    expect(codes(report)).toEqual(['other-origin', 'retained-malformed']);
  });

  it('gives the kept checkpoints in a form that can be kept elsewhere', async () => {
    const retained = await readRetained(original);
    expect(retained).toMatchObject({ torn: 0 });
    expect(retained?.notes).toHaveLength(4);
    expect(retained?.notes[1]).toBe(early.note);
  });
});

describe('verification of disclosures', () => {
  const path = 'disclosures/0000000000000000.jsonl';
  const lines = (directory: string): string[] => readFileSync(join(directory, path), 'utf8').split('\n').slice(0, -1);
  const rewrite = (directory: string, changed: readonly string[]): void =>
    writeFileSync(join(directory, path), changed.map((line) => `${line}\n`).join(''));

  it('misses values that are gone, and that no entry says were erased', async () => {
    const report = await tampered((directory) => rewrite(directory, lines(directory).slice(0, -3)));
    expect(report).toMatchObject({
      exitCode: 20,
      redacted: { entries: 3, unexplained: 3 },
      findings: [{ code: 'values-missing', file: path }],
    });
    const one = await tampered((directory) => {
      const all = lines(directory);
      const [seq, items] = JSON.parse(all[5]!) as [number, { name: string; salt: string; value: string }[]];
      rewrite(directory, all.with(5, formatDisclosures(seq, items.slice(1)).trimEnd()));
    });
    expect(one).toMatchObject({ exitCode: 20, redacted: { entries: 1, unexplained: 1 } });
  });

  it.each([
    ['a changed value', 'disclosure-changed', (all: string[]) => all.with(5, all[5]!.replace('select 0', 'select 9'))],
    ['a changed salt', 'disclosure-changed', (all: string[]) => all.with(4, all[4]!.replace(/"salt":"...."?/, '"salt":"AAAA'))],
    ['a changed name', 'disclosure-changed', (all: string[]) => all.with(4, all[4]!.replace('"name":"text"', '"name":"note"'))],
    [
      'a value of another entry',
      'disclosure-changed',
      (all: string[]) => all.with(7, all[8]!.replace(/^\[\d+/, all[7]!.slice(0, all[7]!.indexOf(',')))),
    ],
    ['two lines exchanged', 'disclosure-unexpected', (all: string[]) => all.with(5, all[6]!).with(6, all[5]!)],
    ['a line twice', 'disclosure-unexpected', (all: string[]) => [...all.slice(0, 6), all[5]!, ...all.slice(6)]],
    ['a line of an entry that is not there', 'disclosure-unexpected', (all: string[]) => [...all, all[5]!.replace(/^\[\d+/, '[317')]],
    ['a line that is not canonical', 'disclosure-malformed', (all: string[]) => all.with(5, all[5]!.replace(',', ', '))],
    ['a line that is not one', 'disclosure-malformed', (all: string[]) => all.with(5, 'x')],
  ])('finds %s', async (_note, code, change) => {
    const report = await tampered((directory) => rewrite(directory, change(lines(directory))));
    expect(report.exitCode).toBe(40);
    expect(report.findings.find((finding) => finding.code === code)).toMatchObject({ file: path });
  });

  it('notices a whole file that is gone', async () => {
    expect(await tampered((directory) => rmSync(join(directory, path)))).toMatchObject({
      exitCode: 20,
      findings: [{ code: 'disclosures-missing', file: path }],
    });
  });
});

describe('verification of a log whose process died', () => {
  it('passes what a crash leaves, and says what is not signed yet', async () => {
    const directory = scratch();
    const crashed = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.scene();
    await ledger.checkpoint();
    player.run();
    player.intent();
    cpSync(directory, crashed, { recursive: true });
    appendFileSync(join(crashed, 'wal/0000000000000000'), Buffer.from([0, 0, 2]));
    appendFileSync(
      join(crashed, 'disclosures/0000000000000000.jsonl'),
      formatDisclosures(ledger.size, [{ name: 'text', salt: 'x', value: 'y' }]),
    );
    const live = await verifyLedger(directory);
    expect([live.exitCode, codes(live), live.unsigned]).toEqual([0, ['entries-unsigned'], 4]);
    const report = await verifyLedger(crashed);
    expect([report.exitCode, codes(report).sort()]).toEqual([0, ['disclosure-torn', 'entries-unsigned', 'wal-torn']]);
    await ledger.close();
  });

  it('passes the values of several entries that a crash kept from being written', async () => {
    const directory = scratch();
    const crashed = scratch();
    const ledger = await openLedger(directory);
    new Player(ledger).scene();
    await ledger.checkpoint();
    cpSync(directory, crashed, { recursive: true });
    const values = [{ name: 'text', salt: 'x', value: 'y' }];
    const path = join(crashed, 'disclosures/0000000000000000.jsonl');
    appendFileSync(path, formatDisclosures(ledger.size, values) + formatDisclosures(ledger.size + 2, values));
    const report = await verifyLedger(crashed);
    expect([report.exitCode, codes(report)]).toEqual([0, ['disclosure-torn']]);
    await ledger.close();
    // A log that was closed in order has no such lines.
    const closed = copy(directory);
    appendFileSync(join(closed, 'disclosures/0000000000000000.jsonl'), formatDisclosures(ledger.size, values));
    expect((await verifyLedger(closed)).exitCode).toBe(40);
  });

  it('does not take tiles that a writer adds while it looks for ones that are beyond the log', async () => {
    const directory = copy();
    const findings = new Findings();
    const checks = new TileChecks(directory, findings, { first: 0, signed: 0, sizes: [] });
    const total = async (): Promise<number> => {
      cpSync(join(directory, 'tile/entries/000'), join(directory, 'tile/entries/001'));
      return 317;
    };
    await checks.end(total);
    expect(findings.list).toEqual([]);
    await checks.end(total);
    expect(findings.list.map(({ code, file }) => [code, file])).toEqual([['tile-beyond-log', 'tile/entries/001']]);
  });

  it('goes on with the bundles when a writer signs entries and removes their write-ahead file meanwhile', async () => {
    const directory = copy();
    rmSync(join(directory, 'wal/0000000000000000'));
    const entries: Buffer[] = [];
    for await (const entry of new EntrySource(directory, new Findings(), { first: 0, noted: 0, signed: 0, retained: 256 }).entries())
      entries.push(entry);
    expect(entries).toHaveLength(256);
  });

  it('is not misled beside a writer at work', async () => {
    const directory = scratch();
    const program = fileURLToPath(new URL('../testing/crash-writer.mjs', import.meta.url));
    const writer = spawn(process.execPath, [program, new URL('../../dist/index.js', import.meta.url).href, directory]);
    await once(writer.stdout, 'data');
    writer.stdout.resume();
    const exited = once(writer, 'exit');
    const sizes: number[] = [];
    try {
      for (const until = Date.now() + 4_000; Date.now() < until && (sizes.at(-1) ?? 0) < 20_000; ) {
        const report = await verifyLedger(directory);
        expect(report.findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
        sizes.push(report.entries);
      }
    } finally {
      writer.kill('SIGKILL');
      await exited;
    }
    expect(sizes.at(-1)).toBeGreaterThan(sizes[0] ?? 0);
  });
});

describe('verification of what the entries say', () => {
  const digest = 'd'.repeat(64);
  const play = async (script: (player: Player, clock: { now: number }) => void): Promise<VerifyReport> => {
    const directory = scratch();
    const clock = { now: START };
    const ledger = await openLedger(directory, { clock: () => (clock.now += 10) });
    script(new Player(ledger), clock);
    await ledger.close();
    return verifyLedger(directory);
  };
  const approved = (player: Player, more: { digest?: string; request?: string } = {}): number =>
    player.intent({ as: agent }, { approval: { request: 'k3f9', digest, ...more } });

  it.each<[string, string, number, (player: Player, clock: { now: number }) => void]>([
    ['a statement without an outcome', 'outcome-missing', 20, (player) => void player.intent()],
    [
      'a statement without an outcome in a session that was closed',
      'outcome-missing',
      20,
      (player) => {
        player.intent();
        player.ledger.append({ type: 'session.closed', session: 's1', reason: 'r', durationMs: 1 }, []);
      },
    ],
    ['an outcome of nothing', 'outcome-unmatched', 40, (player) => void player.outcome(0)],
    ['an outcome of another session', 'outcome-unmatched', 40, (player) => void player.outcome(player.intent(), { session: 's2' })],
    [
      'two outcomes of one statement',
      'outcome-unmatched',
      40,
      (player) => {
        const seq = player.intent();
        player.outcome(seq);
        player.outcome(seq);
      },
    ],
    [
      'an outcome of another transaction',
      'outcome-unmatched',
      40,
      (player) => void player.outcome(player.intent({ transaction: 3 }), { transaction: 2 }),
    ],
    ...[[2], [4, 3], [4, undefined], [3]].map((transactions): [string, string, number, (player: Player) => void] => [
      `statements in transactions ${transactions.join(', ')} of a unit that began in 3`,
      'outcome-unmatched',
      40,
      (player) => {
        const statements = transactions.map((transaction) => ({
          command: 'SELECT',
          rowsReturned: 0,
          rowsAffected: null,
          ...(transaction === undefined ? {} : { transaction }),
        }));
        player.outcome(player.intent({ transaction: 3 }), { transaction: 3, statements });
      },
    ]),
    ['a silence', 'silence', 20, (player, clock) => ((clock.now += 200_000), void player.run())],
    ['a clock that was set back', 'clock-back', 20, (player, clock) => ((clock.now -= 200_000), void player.run())],
    ['an approval out of nowhere', 'approval-missing', 40, (player) => void player.outcome(approved(player))],
    [
      'an approval that nobody gave',
      'approval-people',
      40,
      (player) => (player.request({ as: agent }), void player.outcome(approved(player))),
    ],
    [
      'one approver where two were asked',
      'approval-people',
      40,
      (player) => {
        player.request({ as: agent }, { people: 2 });
        player.decide(dan);
        player.decide({ ...dan, subject: { ...dan.subject, name: 'Daniel' } });
        player.outcome(approved(player));
      },
    ],
    [
      'an approval by the requester',
      'approval-self',
      40,
      (player) => (player.request({ as: agent }, { groups: ['ml'] }), player.decide(ada), void player.outcome(approved(player))),
    ],
    [
      'an approval by an agent',
      'approval-agent',
      40,
      (player) => {
        player.request({ as: ada });
        player.decide({ ...dan, actors: [{ ...dan.subject, kind: 'agent', id: 'a-other' }] });
        player.outcome(approved(player));
      },
    ],
    [
      'an approval by somebody who was not asked',
      'approval-group',
      40,
      (player) => {
        player.request({ as: agent }, { groups: ['security'] });
        player.decide(dan);
        player.outcome(approved(player));
      },
    ],
    [
      'an approval that was rejected',
      'approval-rejected',
      40,
      (player) => (player.request({ as: agent }), player.decide(dan, { decision: 'reject' }), void player.outcome(approved(player))),
    ],
    [
      'an approval of something else',
      'approval-digest',
      40,
      (player) => (player.request({ as: agent }), player.decide(dan, { digest: 'e'.repeat(64) }), void player.outcome(approved(player))),
    ],
    [
      'another statement than the one that was approved',
      'approval-digest',
      40,
      (player) => (player.request({ as: agent }), player.decide(dan), void player.outcome(approved(player, { digest: 'e'.repeat(64) }))),
    ],
    [
      'an approval that had expired',
      'approval-late',
      40,
      (player) => (player.request({ as: agent }, { expiresAt: START + 25 }), player.decide(dan), void player.outcome(approved(player))),
    ],
    [
      'an approval that somebody else used',
      'approval-digest',
      40,
      (player) => {
        player.request({ as: ada });
        player.decide(dan);
        player.outcome(approved(player));
      },
    ],
    [
      'an approval that was used twice',
      'approval-reused',
      40,
      (player) => {
        player.request({ as: agent });
        player.decide(dan);
        player.outcome(approved(player));
        player.outcome(approved(player));
      },
    ],
    [
      'an approval that runs twice at once',
      'approval-reused',
      40,
      (player) => {
        player.request({ as: agent });
        player.decide(dan);
        const first = approved(player);
        const second = approved(player);
        player.outcome(first);
        player.outcome(second);
      },
    ],
  ])('finds %s', async (_note, code, exitCode, script) => {
    const report = await play(script);
    expect([codes(report), report.exitCode]).toEqual([expect.arrayContaining([code]), exitCode]);
  });

  it('passes a portal that was suspended and went on under the same approval', async () => {
    const report = await play((player) => {
      player.request({ as: agent });
      player.decide(dan);
      player.outcome(approved(player), { suspended: true });
      player.outcome(approved(player));
    });
    expect(report.findings).toEqual([]);
  });

  it('says when there is nothing to verify', async () => {
    await expect(verifyLedger(join(original, 'nothing'))).rejects.toMatchObject({ code: 'not-found' });
    const empty = await verifyLedger(scratch());
    expect([empty.exitCode, codes(empty)]).toEqual([40, ['key-missing', 'wal-missing']]);
  });
});
