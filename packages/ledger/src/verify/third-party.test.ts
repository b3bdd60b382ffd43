import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HASH_BYTES, type LedgerEvent } from '@sqlwarden/core';
import { buildLedgerChecker, findGoLogPackages, type LedgerChecker, requireOrSkip } from '@sqlwarden/testkit';
import { readRetained, signCheckpoint } from '../checkpoint-files.js';
import { sha256 } from '../node-crypto.js';
import { exportProof, verifyProof } from '../proof.js';
import { readEntries } from '../read.js';
import { fileSigner } from '../file-keys.js';
import { ada, openLedger, ORIGIN, Player, removeScratch, scratch, START, ticking } from '../testing/scenario.js';
import { TILE_WIDTH, tilePath } from '../layout.js';
import { decodeBundle, encodeBundle } from '../tile-files.js';
import { leafInputOf } from '../write-ahead.js';
import { verifyLedger } from './verify-ledger.js';

const FULL_BUNDLE = 'tile/entries/000';

/** Another people's implementation of signed notes and transparency logs judges the same files: golang.org/x/mod/sumdb. */
(requireOrSkip(findGoLogPackages()) ? describe : describe.skip)('a checker that shares no code with us', () => {
  let checker: LedgerChecker;
  let original: string;
  /** The same log earlier, as a backup has it, and its checkpoints now. */
  let backup: string;
  let retained: string;
  let verifier: string;

  beforeAll(async () => {
    checker = await buildLedgerChecker();
    original = scratch();
    backup = scratch();
    await write(original, START, 110);
    cpSync(original, backup, { recursive: true });
    await write(original, START + 60_000, 240);
    retained = join(original, 'checkpoints');
    verifier = readFileSync(join(original, 'keys/verifier'), 'utf8').trim();
  }, 300_000);
  afterAll(() => {
    checker?.remove();
    removeScratch();
  });

  /** Reads and writes, with a checkpoint now and then. */
  async function write(directory: string, start: number, units: number): Promise<void> {
    const ledger = await openLedger(directory, { clock: ticking(start) });
    const player = new Player(ledger);
    player.login('reader', ada);
    const decision = player.decided();
    for (let n = 0; n < units; n++) {
      player.run({ text: `update t set a = ${n}`, parameters: [`value ${n}`] });
      player.complete(player.begin(decision, { session: 'reader', parameters: [`read ${n}`] }));
      if (n % 50 === 0) await ledger.checkpoint();
    }
    await ledger.close();
  }

  /** What both say of a ledger, against the key and the checkpoints that were kept elsewhere. */
  async function judge(directory: string): Promise<{ readonly theirs: number | null; readonly ours: number; readonly said: string }> {
    const notes = (await readRetained(original))?.notes.filter((note) => note !== undefined) ?? [];
    const report = await verifyLedger(directory, { verifier, retainedCheckpoints: notes });
    const { status, stdout, stderr } = await checker.check(directory, verifier, retained);
    return { theirs: status, ours: report.exitCode, said: `${stdout}${stderr}` };
  }

  it('finds the log in order, entry by entry and checkpoint by checkpoint, as we do', async () => {
    const { said, ...verdicts } = await judge(original);
    expect([verdicts, said]).toEqual([{ theirs: 0, ours: 0 }, said]);
    const report = await verifyLedger(original);
    const notes = (await readRetained(original))?.notes.length ?? 0;
    expect(JSON.parse(said)).toMatchObject({
      entries: report.entries,
      missing: 0,
      keys: 1,
      checkpoints: 2 * notes + 1,
      root: report.checkpoint?.root,
    });
    expect(report.entries).toBeGreaterThan(1_024);
  });

  it('takes the proofs of single entries that we make', async () => {
    const file = join(scratch(), 'entry.tlog-proof');
    for (const seq of [0, 255, 256, 300, 1_100]) {
      const proof = await exportProof(original, seq);
      writeFileSync(file, proof);
      const { status, stdout } = await checker.checkProof(file, verifier);
      expect([seq, status]).toEqual([seq, 0]);
      expect((JSON.parse(stdout) as LedgerEvent).seq).toBe(seq);
      expect(verifyProof(proof, verifier).event).toEqual(JSON.parse(stdout));
      const other = proof.replace(`index ${seq}\n`, `index ${seq + 1}\n`);
      writeFileSync(file, other);
      expect((await checker.checkProof(file, verifier)).status).toBe(1);
      expect(() => verifyProof(other, verifier)).toThrow();
    }
  });

  it.each<[string, string, (directory: string) => void | Promise<void>]>([
    [
      'an entry that was edited',
      'entry 0 does not have the hash',
      (directory) => editBundle(directory, (entries) => [edited(entries[0]), ...entries.slice(1)]),
    ],
    [
      'two entries that changed places',
      'entry 0 says that it is entry 1',
      (directory) => editBundle(directory, ([first, second, ...rest]) => [second ?? Buffer.alloc(0), first ?? Buffer.alloc(0), ...rest]),
    ],
    [
      'a bundle that was deleted',
      'entry 0 is missing, and no entry says that it was removed',
      (directory) => rmSync(join(directory, FULL_BUNDLE)),
    ],
    [
      'a leaf that was replaced',
      'entry 1 does not have the hash',
      (directory) => {
        const path = join(directory, 'tile/0/000');
        const tile = readFileSync(path);
        tile.fill(7, HASH_BYTES, 2 * HASH_BYTES);
        writeFileSync(path, tile);
      },
    ],
    [
      'a leaf that was replaced above',
      'tile 1/0 does not hold the hashes',
      (directory) => {
        const path = join(directory, 'tile/1/000.p/5');
        const tile = readFileSync(path);
        tile.fill(7, 0, HASH_BYTES);
        writeFileSync(path, tile);
      },
    ],
    [
      'an entry that was edited together with its leaf',
      'the entries do not make the root',
      (directory) => {
        editBundle(directory, ([first, ...rest]) => [edited(first), ...rest]);
        const path = join(directory, 'tile/0/000');
        const [first = Buffer.alloc(0)] = decodeBundle(readFileSync(join(directory, FULL_BUNDLE))) ?? [];
        writeFileSync(path, Buffer.concat([sha256.sha256(leafInputOf(first)), readFileSync(path).subarray(HASH_BYTES)]));
      },
    ],
    [
      'a root that nobody signed',
      'signature',
      (directory) => {
        for (const name of ['checkpoint', 'checkpoints']) {
          const path = join(directory, name);
          writeFileSync(
            path,
            readFileSync(path, 'utf8')
              .replaceAll('=\\n\\n', 'A=\\n\\n')
              .replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${'A'.repeat(43)}=\n`),
          );
        }
      },
    ],
    [
      'the log put back to a backup',
      'the end was cut off',
      (directory) => {
        rmSync(directory, { recursive: true });
        cpSync(backup, directory, { recursive: true });
      },
    ],
    [
      'another history after the backup, signed with the same key',
      'is not a beginning of the log',
      async (directory) => {
        rmSync(directory, { recursive: true });
        cpSync(backup, directory, { recursive: true });
        await write(directory, START + 70_000, 260);
      },
    ],
    [
      'a tree that never was, signed with the same key',
      'no such file',
      async (directory) => {
        const size = 2_000;
        const note = await signCheckpoint({ origin: ORIGIN, size, root: new Uint8Array(HASH_BYTES) }, await fileSigner(directory, ORIGIN));
        appendNote(directory, note);
      },
    ],
    [
      'a log that another key has signed',
      'no verifiable signatures',
      async (directory) => {
        rmSync(directory, { recursive: true });
        await write(directory, START, 350);
      },
    ],
  ])('says no to %s, as we do', async (_note, reason, tamper) => {
    const directory = scratch();
    cpSync(original, directory, { recursive: true });
    await tamper(directory);
    const { theirs, ours, said } = await judge(directory);
    expect(theirs).toBe(1);
    expect(said).toContain(reason);
    expect(ours).toBeGreaterThanOrEqual(30);
  });

  it('follows the keys of a log from the first one, and takes no checkpoint of one that was replaced', async () => {
    const directory = scratch();
    const stolen = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    for (let n = 0; n < 300; n++) player.run();
    await ledger.checkpoint();
    cpSync(join(directory, 'keys'), join(stolen, 'keys'), { recursive: true });
    await ledger.rotateKey();
    for (let n = 0; n < 10; n++) player.run();
    await ledger.rotateKey();
    for (let n = 0; n < 10; n++) player.run();
    await ledger.close();
    const first = readFileSync(join(directory, 'keys/verifier'), 'utf8').trim();
    const report = await verifyLedger(directory, { verifier: first });
    const checked = await checker.check(directory, first);
    expect([checked.stderr, report.exitCode]).toEqual(['', 0]);
    expect(JSON.parse(checked.stdout)).toMatchObject({ keys: 3, entries: report.entries, root: report.checkpoint?.root });
    const note = await signCheckpoint(
      { origin: ORIGIN, size: report.entries, root: Buffer.from(report.checkpoint?.root ?? '', 'base64') },
      await fileSigner(stolen, ORIGIN),
    );
    appendNote(directory, note);
    expect((await checker.check(directory, first)).stderr).toMatch(/signature/);
    expect((await verifyLedger(directory, { verifier: first })).exitCode).toBeGreaterThanOrEqual(30);
  });

  it('finds what retention and erasure left in order, and misses what no entry says was removed', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.login('reader', ada);
    const grow = (entries: number): void => {
      for (const end = ledger.size + entries; ledger.size < end; ) {
        for (let n = 0; n < 256; n++) ledger.append({ type: 'transaction.ended', session: 's', transaction: n, end: 'committed' }, []);
        ledger.flush();
      }
    };
    grow(40_000);
    player.run({ text: 'select 7' });
    await ledger.checkpoint();
    grow(60_000);
    await ledger.checkpoint();
    await ledger.erase({ entries: [[ledger.size - 2, ledger.size - 2]], names: [], reason: 'asked for' });
    const { entriesBefore } = await ledger.retain({ entriesBefore: Number.MAX_SAFE_INTEGER });
    await ledger.close();
    expect(entriesBefore).toBeGreaterThan(0);
    const key = readFileSync(join(directory, 'keys/verifier'), 'utf8').trim();
    const report = await verifyLedger(directory, { verifier: key });
    const checked = await checker.check(directory, key);
    expect([checked.stderr, report.findings.filter(({ severity }) => severity !== 'note')]).toEqual(['', []]);
    const { missing } = JSON.parse(checked.stdout) as { readonly missing: number };
    expect(missing).toBeGreaterThan(entriesBefore - 1_024);
    rmSync(join(directory, tilePath('entries', entriesBefore / TILE_WIDTH, TILE_WIDTH)));
    expect((await checker.check(directory, key)).stderr).toContain(`entry ${entriesBefore} is missing, and no entry says`);
    expect((await verifyLedger(directory, { verifier: key })).exitCode).toBeGreaterThanOrEqual(30);
  }, 60_000);

  it('reads in bundles what we read', async () => {
    let checked = 0;
    const entries = decodeBundle(readFileSync(join(original, FULL_BUNDLE)));
    for await (const { event } of readEntries(original, { to: 256 })) {
      expect(JSON.parse(entries?.[checked]?.toString('utf8') ?? '')).toMatchObject({ seq: event.seq, type: event.type });
      checked += 1;
    }
    expect(checked).toBe(256);
  });
});

function editBundle(directory: string, edit: (entries: readonly Buffer[]) => readonly Buffer[]): void {
  const path = join(directory, FULL_BUNDLE);
  writeFileSync(path, encodeBundle([...edit(decodeBundle(readFileSync(path)) ?? [])]));
}

/** Still an event, with another time. */
function edited(entry: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.from(entry.toString('utf8').replace(/"time":\d/, '"time":9'));
}

/** A checkpoint more, as the log itself would keep it. */
function appendNote(directory: string, note: string): void {
  const path = join(directory, 'checkpoints');
  const lines = readFileSync(path, 'utf8');
  writeFileSync(path, `${lines}${JSON.stringify({ n: lines.split('\n').length - 1, note })}\n`);
  writeFileSync(join(directory, 'checkpoint'), note);
}
