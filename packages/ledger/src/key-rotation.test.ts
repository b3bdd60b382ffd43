import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parseCheckpoint, parseNote } from '@sqlwarden/core';
import { openCheckpoint, readRetained } from './checkpoint-files.js';
import { CommandKeys } from './command-keys.js';
import { FileKeys, fileSigner } from './file-keys.js';
import { readRotations } from './key-epochs.js';
import { exportProof, verifyProof } from './proof.js';
import { readEntries } from './read.js';
import type { Keyring } from './signer.js';
import { ada, openLedger, ORIGIN, Player, removeScratch, scratch, START, ticking } from './testing/scenario.js';
import { verifyLedger } from './verify/verify-ledger.js';

afterAll(removeScratch);

const codesOf = async (directory: string): Promise<string[]> => (await verifyLedger(directory)).findings.map(({ code }) => code);
const genesisOf = (directory: string): string => readFileSync(join(directory, 'keys/verifier'), 'utf8').trim();
const pemOf = (directory: string, name = 'signing'): string => readFileSync(join(directory, `keys/${name}.pem`), 'utf8');
const copyOf = (directory: string): string => {
  const copy = scratch();
  cpSync(directory, copy, { recursive: true });
  rmSync(join(copy, 'lock'), { force: true });
  return copy;
};
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};
const later = (): { clock: () => number } => ({ clock: ticking(START + 600_000) });

describe('a change of keys', () => {
  it('is signed last by the old key, which is then gone, and all that follows by the new one', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.scene();
    await ledger.checkpoint();
    const old = pemOf(directory);
    const genesis = genesisOf(directory);
    const { key } = await fileSigner(directory, ORIGIN);
    await ledger.rotateKey(ada);
    const at = ledger.size - 1;
    expect(existsSync(join(directory, 'keys/next.pem'))).toBe(false);
    expect(pemOf(directory)).not.toBe(old);
    player.run();
    await ledger.close();
    const notes = (await readRetained(directory))?.notes ?? [];
    const byOld = notes.filter((note) => {
      try {
        return openCheckpoint(note ?? '', [key]).size > 0;
      } catch {
        return false;
      }
    });
    expect(byOld.map((note) => parseCheckpoint(parseNote(note ?? '').text).size).at(-1)).toBe(at + 1);
    expect(byOld.length).toBeLessThan(notes.length);
    const report = await verifyLedger(directory, { verifier: genesis });
    expect(report).toMatchObject({ exitCode: 0, findings: [], counts: { 'key.rotated': 1 } });
    expect(report.keys).toHaveLength(2);
    expect(genesisOf(directory)).toBe(genesis);
    const events = [];
    for await (const { event } of readEntries(directory, { from: at, to: at + 1 })) events.push(event);
    expect(events).toMatchObject([{ type: 'key.rotated', previous: genesis, next: report.keys[1], by: ada }]);
  });

  it('goes on over restarts and further changes, and proofs of every time hold', async () => {
    const directory = scratch();
    for (let n = 0; n < 3; n++) {
      const ledger = await openLedger(directory, { clock: ticking(START + n * 60_000) });
      new Player(ledger).run({ session: `s${n}`, text: `select ${n}` });
      await ledger.rotateKey();
      new Player(ledger).run({ session: `t${n}`, text: `select ${n}` });
      await ledger.rotateKey();
      await ledger.close();
    }
    const report = await verifyLedger(directory);
    expect([report.exitCode, report.findings, report.keys.length]).toEqual([0, [], 7]);
    const rotations = await readRotations(directory);
    for (const seq of [0, 1, rotations[0]?.seq ?? 0, report.entries - 1]) {
      const proof = await exportProof(directory, seq);
      expect(verifyProof(proof, genesisOf(directory), rotations).index).toBe(seq);
      expect(verifyProof(proof, report.keys[6] ?? '').index).toBe(seq);
      expect(() => verifyProof(proof, genesisOf(directory))).toThrow(expect.objectContaining({ code: 'unknown-signer' }));
    }
  });

  it('is over exactly its entry while statements go on', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory, { checkpointMs: 5 });
    const player = new Player(ledger);
    let rotating = true;
    const rotations = (async () => {
      for (let n = 0; n < 3; n++) await ledger.rotateKey();
      rotating = false;
    })();
    while (rotating) {
      player.run();
      ledger.flush();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await rotations;
    await ledger.close();
    const report = await verifyLedger(directory);
    expect([report.exitCode, report.findings, report.keys.length]).toEqual([0, [], 4]);
  });

  it('is over exactly its entry when it cannot be signed at once and entries come after it', async () => {
    const directory = scratch();
    const files = new FileKeys(directory, ORIGIN);
    let isAway = false;
    const keys: Keyring = {
      async signerOf(key) {
        const signer = await files.signerOf(key);
        const isRotation = (message: Uint8Array): boolean => Buffer.from(message).includes('key-rotation');
        const sign = (message: Uint8Array): Uint8Array | Promise<Uint8Array> =>
          isAway && !isRotation(message) ? Promise.reject(new Error('away')) : signer.sign(message);
        return { key: signer.key, sign };
      },
      successorOf: (key) => files.successorOf(key),
      retire: (previous, next) => files.retire(previous, next),
    };
    const ledger = await openLedger(directory, { keys });
    new Player(ledger).run();
    isAway = true;
    await expect(ledger.rotateKey()).rejects.toMatchObject({ code: 'write-failed' });
    for (let n = 0; n < 300; n++) new Player(ledger).run({ session: `s${n}` });
    await expect(ledger.checkpoint()).rejects.toMatchObject({ code: 'write-failed' });
    await expect(ledger.rotateKey()).rejects.toMatchObject({ code: 'write-failed' });
    isAway = false;
    await ledger.checkpoint();
    expect(await readRotations(directory)).toHaveLength(1);
    await ledger.rotateKey();
    await ledger.close();
    const report = await verifyLedger(directory);
    expect([report.findings, report.keys.length]).toEqual([[], 3]);
  });

  it('is not made twice when two are asked for while a checkpoint is being signed', async () => {
    const directory = scratch();
    const files = new FileKeys(directory, ORIGIN);
    const held: (() => void)[] = [];
    let holds = false;
    let prepared = 0;
    const keys: Keyring = {
      async signerOf(key) {
        const signer = await files.signerOf(key);
        const sign = async (message: Uint8Array): Promise<Uint8Array> => {
          const isCheckpoint = Buffer.from(message).toString().startsWith(`${ORIGIN}\n`);
          if (isCheckpoint && holds) await new Promise<void>((resolve) => held.push(resolve));
          if (!isCheckpoint) prepared += 1;
          return signer.sign(message);
        };
        return { key: signer.key, sign };
      },
      successorOf: (key) => files.successorOf(key),
      retire: (previous, next) => files.retire(previous, next),
    };
    const ledger = await openLedger(directory, { keys });
    new Player(ledger).run();
    holds = true;
    const signing = ledger.checkpoint();
    await until(() => held.length > 0);
    const first = ledger.rotateKey();
    await until(() => prepared > 0);
    // The first one has its successor, and waits for the checkpoint.
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    let isOver = false;
    const second = ledger.rotateKey().finally(() => (isOver = true));
    second.catch(() => undefined);
    await until(() => isOver || prepared > 1);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    holds = false;
    for (const release of held) release();
    await signing;
    await first;
    await expect(second).rejects.toMatchObject({ code: 'bad-key', message: expect.stringContaining('being replaced') });
    await ledger.rotateKey();
    new Player(ledger).run();
    await ledger.close();
    const report = await verifyLedger(directory);
    expect([report.exitCode, report.findings, report.keys.length]).toEqual([0, [], 3]);
  });

  it('can be made when a key is old enough', async () => {
    const directory = scratch();
    const rotateAfterMs = 30 * 86_400_000;
    await (await openLedger(directory, { rotateAfterMs })).close();
    expect(await readRotations(directory)).toHaveLength(0);
    const made = Date.now();
    const ledger = await openLedger(directory, { rotateAfterMs, clock: () => made + rotateAfterMs + 60_000, heartbeatMs: 8 });
    for (let n = 0; n < 2000 && (await readRotations(directory)).length === 0; n++) await new Promise((resolve) => setTimeout(resolve, 5));
    await ledger.close();
    expect(await readRotations(directory)).toHaveLength(1);
    expect((await verifyLedger(directory)).findings.filter(({ severity }) => severity !== 'gap')).toEqual([]);
  });
});

/** A keyring that stops for good, as a process does that is killed, at one of its steps. */
class Dying implements Keyring {
  readonly #inner: FileKeys;
  readonly #at: string;
  readonly died: Promise<void>;
  #die = (): void => undefined;
  constructor(directory: string, at: string) {
    this.#inner = new FileKeys(directory, ORIGIN);
    this.#at = at;
    this.died = new Promise((resolve) => (this.#die = resolve));
  }
  async signerOf(key: Parameters<Keyring['signerOf']>[0]): ReturnType<Keyring['signerOf']> {
    const signer = await this.#inner.signerOf(key);
    let signs = 0;
    return {
      key: signer.key,
      sign: async (message) => {
        const isRotation = new TextDecoder().decode(message).startsWith('sqlwarden/key-rotation');
        if (isRotation) signs = 1;
        else if (signs > 0) await this.#reach('entry written');
        return signer.sign(message);
      },
    };
  }
  async successorOf(key: Parameters<Keyring['successorOf']>[0]): ReturnType<Keyring['successorOf']> {
    const successor = await this.#inner.successorOf(key);
    await this.#reach('draft made');
    return successor;
  }
  async retire(...[previous, next]: Parameters<Keyring['retire']>): Promise<void> {
    await this.#reach('listed');
    await this.#inner.retire(previous, next);
    await this.#reach('swapped');
  }
  async #reach(step: string): Promise<void> {
    if (step !== this.#at) return;
    this.#die();
    await new Promise(() => undefined);
  }
}

describe('a process that dies while it changes keys', () => {
  it.each(['draft made', 'entry written', 'listed', 'swapped'])('leaves a log that goes on: %s', async (step) => {
    const directory = scratch();
    await (await openLedger(directory)).close();
    const keys = new Dying(directory, step);
    const ledger = await openLedger(directory, { keys, clock: ticking(START + 60_000) });
    const player = new Player(ledger);
    player.run();
    void ledger.rotateKey().catch(() => undefined);
    await keys.died;
    // What is taken while the old key has not signed its last checkpoint.
    player.run();
    ledger.flush();
    const crashed = copyOf(directory);
    const before = await codesOf(crashed);
    expect(before.filter((code) => !['entries-unsigned', 'rotation-pending'].includes(code))).toEqual([]);
    const again = await openLedger(crashed, later());
    new Player(again).run({ session: 'again' });
    await again.close();
    expect(await codesOf(crashed)).toEqual([]);
    expect(await readRotations(crashed)).toHaveLength(step === 'draft made' ? 0 : 1);
    const third = await openLedger(crashed, { clock: ticking(START + 900_000) });
    await third.rotateKey();
    await third.close();
    expect(await codesOf(crashed)).toEqual([]);
    expect(existsSync(join(crashed, 'keys/next.pem'))).toBe(false);
  });

  it('leaves a log that goes on, at the points between the files of the swap', async () => {
    const directory = scratch();
    const keys = new Dying(directory, 'listed');
    const ledger = await openLedger(directory, { keys });
    void ledger.rotateKey().catch(() => undefined);
    await keys.died;
    const overwritten = copyOf(directory);
    writeFileSync(join(overwritten, 'keys/signing.pem'), Buffer.alloc(119));
    const unlisted = copyOf(directory);
    rmSync(join(unlisted, 'keys/rotations'));
    for (const crashed of [overwritten, unlisted]) {
      expect((await codesOf(crashed)).filter((code) => code !== 'rotation-pending')).toEqual([]);
      const again = await openLedger(crashed, later());
      await again.close();
      expect([await codesOf(crashed), (await readRotations(crashed)).length]).toEqual([[], 1]);
      expect(existsSync(join(crashed, 'keys/next.pem'))).toBe(false);
    }
    // Without either key nothing can be signed, and nothing is written.
    const lost = copyOf(directory);
    rmSync(join(lost, 'keys/next.pem'));
    await expect(openLedger(lost, later())).rejects.toMatchObject({ code: 'bad-key' });
    const swapped = copyOf(overwritten);
    renameSync(join(swapped, 'keys/rotations'), join(swapped, 'aside'));
    await expect(openLedger(swapped, later())).rejects.toMatchObject({ code: 'bad-key' });
  });
});

/** A key in a file behind a command of three lines, as a key management service would be. */
function commandOf(directory: string, name: string): readonly string[] {
  const key = join(directory, `${name}.pem`);
  spawnSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', key]);
  const script = join(directory, `${name}.sh`);
  cpSync(new URL('../../../examples/signing-command/sign-with-openssl.sh', import.meta.url), script);
  chmodSync(script, 0o755);
  return [script, key];
}

describe('a key behind a command', () => {
  it('signs a log, after a key in a file and before another command', async () => {
    const outside = scratch();
    const [first, second] = [commandOf(outside, 'first'), commandOf(outside, 'second')];
    const directory = scratch();
    const before = await openLedger(directory);
    new Player(before).run();
    await before.close();
    const keys = new CommandKeys(directory, ORIGIN, { command: first });
    const ledger = await openLedger(directory, { keys, clock: ticking(START + 60_000) });
    await ledger.rotateKey();
    expect(existsSync(join(directory, 'keys/signing.pem'))).toBe(false);
    await expect(ledger.rotateKey()).rejects.toMatchObject({ code: 'bad-key' });
    await ledger.close();
    const other = new CommandKeys(directory, ORIGIN, { command: second });
    await expect(openLedger(directory, { keys: other, ...later() })).rejects.toMatchObject({ code: 'bad-key' });
    const both = new CommandKeys(directory, ORIGIN, { command: second, previousCommand: first });
    const last = await openLedger(directory, { keys: both, ...later() });
    await last.rotateKey();
    await last.close();
    const alone = await openLedger(directory, { keys: other, clock: ticking(START + 900_000) });
    await alone.close();
    const report = await verifyLedger(directory);
    expect([report.findings, report.keys.length]).toEqual([[], 3]);
  });

  it('begins a log, and fails loudly while it is away: the log goes on and is signed when it is back', async () => {
    const outside = scratch();
    const command = commandOf(outside, 'first');
    const [script = '', pem = ''] = command;
    const publicKey = spawnSync(script, [pem, 'public-key'], { encoding: 'utf8' }).stdout.trim();
    const directory = scratch();
    const errors: string[] = [];
    const keys = new CommandKeys(directory, ORIGIN, { command, publicKey });
    renameSync(pem, `${pem}.away`);
    const ledger = await openLedger(directory, { keys, onError: ({ code, message }) => errors.push(`${code}: ${message}`) });
    new Player(ledger).run();
    await expect(ledger.checkpoint()).rejects.toMatchObject({ code: 'bad-key' });
    expect(errors[0]).toBe('bad-key: the command of ledger.keys ended with status 1 when asked to sign: run it by hand to see why');
    new Player(ledger).run({ session: 'meanwhile' });
    renameSync(`${pem}.away`, pem);
    await ledger.close();
    expect(await codesOf(directory)).toEqual([]);
  });

  it.each([
    ['cannot be run', ['/nonexistent']],
    ['ended with status 3', ['/bin/sh', '-c', 'exit 3']],
    ['did not print 32 bytes in base64', ['/bin/echo', 'nonsense']],
    ['did not answer within 300 ms', ['/bin/sh', '-c', 'sleep 60']],
  ])('says what is wrong with a command: %s', async (message, command) => {
    const directory = scratch();
    const keys = new CommandKeys(directory, ORIGIN, { command, timeoutMs: 300 });
    await expect(openLedger(directory, { keys })).rejects.toMatchObject({ code: 'bad-key', message: expect.stringContaining(message) });
    expect(existsSync(join(directory, 'keys/verifier'))).toBe(false);
  });
});
