import { appendFileSync, chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@sqlwarden/testkit';
import type { StatementFacts } from '@sqlwarden/core';
import { Ledger } from './ledger.js';
import { keyringOf } from './signer.js';
import { readEntries, readEntry, tail } from './read.js';
import { NO_FACTS, openLedger, Player, removeScratch, scratch, START, ticking } from './testing/scenario.js';
import { verifyLedger } from './verify/verify-ledger.js';

afterEach(removeScratch);

const read = async (directory: string): Promise<string[]> => {
  const types: string[] = [];
  for await (const { event, seq } of readEntries(directory)) {
    expect(event.seq).toBe(seq);
    types.push(event.type);
  }
  return types;
};

describe('the ledger', () => {
  it('writes the whole entry, in canonical form', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    ledger.append({ type: 'session.closed', session: 's1', reason: 'ä "quoted"', durationMs: 5 }, []);
    await ledger.close();
    const entries = readFileSync(join(directory, 'tile/entries/000.p/3'));
    const lengths = [entries.readUInt16BE(0)];
    const first = entries.subarray(2, 2 + lengths[0]!).toString();
    expect(first).toBe(
      `{"heartbeatMs":60000,"origin":"gateway.example/production","previous":{"root":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","size":0},"recovered":false,"seq":0,"software":"sqlwarden test","time":${START + 10},"type":"log.opened","v":1}`,
    );
    const rest = entries.subarray(2 + lengths[0]!);
    expect(rest.subarray(2, 2 + rest.readUInt16BE(0)).toString()).toBe(
      `{"durationMs":5,"reason":"ä \\"quoted\\"","seq":1,"session":"s1","time":${START + 20},"type":"session.closed","v":1}`,
    );
  });

  it('has everything that append returned for, before it was signed or closed', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const seq = new Player(ledger).run({ text: 'select now()', parameters: ['p1', 'base64:odd'] });
    const entry = await readEntry(directory, seq);
    expect(entry.disclosures.map(({ name, value }) => [name, value])).toEqual([
      ['text', 'select now()'],
      ['parameter', 'p1'],
      ['parameter', 'base64:YmFzZTY0Om9kZA=='],
    ]);
    expect(entry.redacted).toEqual([]);
    expect(readFileSync(join(directory, 'checkpoint'), 'utf8')).toMatch(/^gateway.example\/production\n1\n/);
    await ledger.close();
  });

  it('keeps no value that is behind a commitment anywhere but in the disclosures, which only the owner may read', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    new Player(ledger).run({ text: 'select secret_marker', parameters: ['secret_marker'] });
    await ledger.close();
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const holding = files.map((file) => join(file.parentPath, file.name)).filter((path) => readFileSync(path).includes('secret_marker'));
    expect(holding).toEqual([join(directory, 'disclosures/0000000000000000.jsonl')]);
    expect(statSync(holding[0]!).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'keys/signing.pem')).mode & 0o777).toBe(0o600);
  });

  it('goes on with the same log after a restart, and says how it was ended', async () => {
    const directory = scratch();
    const first = await openLedger(directory);
    new Player(first).run();
    await first.close();
    const second = await openLedger(directory);
    expect(second.size).toBe(6);
    await second.close();
    expect(await read(directory)).toEqual([
      'log.opened',
      'statement.intent',
      'statement.outcome',
      'transaction.ended',
      'log.closed',
      'log.opened',
      'log.closed',
    ]);
    expect(await readEntry(directory, 5)).toMatchObject({ event: { recovered: false, previous: { size: 5 } } });
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it('crosses bundles and tiles, and still verifies after each restart', async () => {
    const directory = scratch();
    for (let round = 0; round < 3; round++) {
      const ledger = await openLedger(directory);
      const player = new Player(ledger);
      for (let n = 0; n < 1000; n++) {
        player.run();
        if (n % 300 === 0) await ledger.checkpoint();
      }
      await ledger.close();
      const report = await verifyLedger(directory);
      expect([round, report.findings, report.entries, report.redacted.entries]).toEqual([round, [], (round + 1) * 3002, 0]);
    }
    expect(readdirSync(join(directory, 'wal'))).toEqual(['0000000000000000']);
    expect(readdirSync(join(directory, 'tile/1'))).toEqual(['000.p']);
    expect((await read(directory)).length).toBe(9006);
    const last: number[] = [];
    for await (const { seq } of tail(directory, { count: 3 })) last.push(seq);
    expect(last).toEqual([9003, 9004, 9005]);
  });

  it('follows a log that grows', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const { event } of tail(directory, { count: 1, follow: stop.signal, pollMs: 5 })) {
        seen.push(event.type);
        if (seen.length === 1) new Player(ledger).intent();
        if (seen.length === 2) stop.abort();
      }
    })();
    await following;
    expect(seen).toEqual(['log.opened', 'statement.intent']);
    await ledger.close();
  });

  it('cuts off a record and a disclosure of which only the beginning was written, and nothing else', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    new Player(ledger).run();
    await ledger.close();
    appendFileSync(join(directory, 'disclosures/0000000000000000.jsonl'), '[5,[{"name":"te');
    appendFileSync(join(directory, 'wal/0000000000000000'), Buffer.from([0, 0, 0, 90, 1, 2, 3]));
    const again = await openLedger(directory);
    expect(again.size).toBe(6);
    new Player(again).run({ text: 'select 2' });
    await again.close();
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it('takes back a disclosure whose entry was never written', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    new Player(ledger).run();
    await ledger.close();
    const path = join(directory, 'disclosures/0000000000000000.jsonl');
    const before = readFileSync(path, 'utf8');
    appendFileSync(path, before.replace('[1,', '[5,'));
    await (await openLedger(directory)).close();
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('says that it was recovered when it was not closed, and that what is in the files was not lost', async () => {
    const directory = scratch();
    const crashed = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.run();
    await ledger.checkpoint();
    player.intent();
    // What a crash leaves: the directory as it is now, without the lock's holder.
    const { cpSync } = await import('node:fs');
    cpSync(directory, crashed, { recursive: true });
    rmSync(join(crashed, 'lock'));
    await ledger.close();
    const again = await openLedger(crashed);
    await again.close();
    expect(await read(crashed)).toEqual([
      'log.opened',
      'statement.intent',
      'statement.outcome',
      'transaction.ended',
      'statement.intent',
      'log.opened',
      'log.closed',
    ]);
    expect(await readEntry(crashed, 5)).toMatchObject({ event: { recovered: true } });
    const report = await verifyLedger(crashed);
    expect(report).toMatchObject({ exitCode: 0, findings: [{ code: 'outcome-lost', seq: 4 }] });
  });

  it('is opened by one process at a time', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    await expect(openLedger(directory)).rejects.toMatchObject({ code: 'locked' });
    await ledger.close();
    await (await openLedger(directory)).close();
  });

  it.each([
    ['a process that is gone', { pid: 2 ** 22 + 5, startTime: '1' }],
    ['another process that has its number now', { pid: process.pid, startTime: '1' }],
  ])('takes over the lock of %s', async (_note, holder) => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const mine = JSON.parse(readFileSync(join(directory, 'lock'), 'utf8')) as object;
    await ledger.close();
    writeFileSync(join(directory, 'lock'), JSON.stringify({ ...mine, ...holder }));
    await (await openLedger(directory)).close();
    expect(readdirSync(directory).filter((name) => name.startsWith('lock'))).toEqual([]);
  });

  it('respects the lock of another container while it is fresh', async () => {
    const directory = scratch();
    writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: 1, startTime: '1', space: 'elsewhere' }));
    await expect(openLedger(directory)).rejects.toMatchObject({ code: 'locked' });
    const { utimesSync } = await import('node:fs');
    utimesSync(join(directory, 'lock'), new Date(Date.now() - 31_000), new Date(Date.now() - 31_000));
    await (await openLedger(directory)).close();
  });

  it('does not take the directory of another origin, nor a key that others can read', async () => {
    const directory = scratch();
    await (await openLedger(directory)).close();
    await expect(openLedger(directory, { origin: 'gateway.example/other' })).rejects.toMatchObject({ code: 'wrong-origin' });
    chmodSync(join(directory, 'keys/signing.pem'), 0o644);
    await expect(openLedger(directory)).rejects.toMatchObject({ code: 'bad-key' });
  });

  it.each([
    ['a flipped bit', 'corrupt', (path: string) => flip(path, 40)],
    ['a flipped length', 'corrupt', (path: string) => flip(path, 3)],
    ['a removed entry at the end', 'truncated', (path: string) => truncateSync(path, statSync(path).size - 1)],
    ['a removed file', 'corrupt', (path: string) => rmSync(path)],
    ['an emptied file', 'truncated', (path: string) => truncateSync(path, 0)],
  ])('refuses to go on after %s in the write-ahead file, and leaves everything as it is', async (_note, code, tamper) => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    new Player(ledger).run();
    await ledger.close();
    const path = join(directory, 'wal/0000000000000000');
    tamper(path);
    const before = existsSync(path) ? readFileSync(path) : undefined;
    await expect(openLedger(directory)).rejects.toMatchObject({ code });
    expect(existsSync(path) ? readFileSync(path) : undefined).toEqual(before);
    await expect(openLedger(directory)).rejects.toMatchObject({ code });
  });

  it('refuses when the checkpoint is not of these entries', async () => {
    const directory = scratch();
    const other = scratch();
    for (const each of [directory, other]) {
      const ledger = await openLedger(each);
      new Player(ledger).run();
      await ledger.close();
    }
    // The same key, so that the signature holds.
    const { cpSync } = await import('node:fs');
    cpSync(join(other, 'keys'), join(directory, 'keys'), { recursive: true });
    cpSync(join(other, 'checkpoint'), join(directory, 'checkpoint'));
    cpSync(join(other, 'checkpoints'), join(directory, 'checkpoints'));
    await expect(openLedger(directory)).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('stops when somebody replaces its files while it is open', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    new Player(ledger).run();
    truncateSync(join(directory, 'wal/0000000000000000'), 10);
    await expect(ledger.checkpoint()).rejects.toMatchObject({ code: 'replaced' });
    expect(() => new Player(ledger).intent()).toThrow(expect.objectContaining({ code: 'replaced' }));
    await expect(ledger.close()).rejects.toMatchObject({ code: 'replaced' });
  });

  it('withholds lists that do not fit in an entry, and puts them back when they are read', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const columns: StatementFacts['columns'] = Array.from({ length: 3000 }, (_, n) => ({
      column: `public.wide.column_${n}`,
      use: 'output',
    }));
    const seq = new Player(ledger).run({ facts: { columns, reads: ['public.wide'] }, record: { labels: ['pii.email'] } });
    await ledger.close();
    const bundle = readFileSync(join(directory, 'tile/entries/000.p/5'));
    expect(bundle.length).toBeLessThan(20_000);
    const entry = await readEntry(directory, seq);
    expect(entry.event).toMatchObject({
      withheld: [{ field: 'facts' }],
      facts: [{ ...JSON.parse(JSON.stringify(NO_FACTS)), columns, reads: ['public.wide'] }],
      labels: ['pii.email'],
    });
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it('withholds the commitments of thousands of parameters, each of which still opens', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const parameters = Array.from({ length: 5000 }, (_, n) => `value ${n}`);
    const seq = new Player(ledger).run({ parameters });
    await ledger.close();
    const entry = await readEntry(directory, seq);
    expect(entry.event).toMatchObject({ withheld: [{ field: 'parameters' }] });
    expect(entry.disclosures.filter(({ name }) => name === 'parameter').map(({ value }) => value)).toEqual(parameters);
    expect(entry.redacted).toEqual([]);
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it('refuses what cannot be an entry, and appends nothing', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const reason = (text: string) => () => ledger.append({ type: 'session.closed', session: 's', reason: text, durationMs: 0 }, []);
    expect(reason('x'.repeat(70_000))).toThrow(expect.objectContaining({ code: 'entry-too-large' }));
    expect(reason('\ud800')).toThrow(expect.objectContaining({ code: 'not-serialisable' }));
    expect(() => ledger.append({ type: 'log.closed' }, [])).toThrow(expect.objectContaining({ code: 'not-serialisable' }));
    expect(ledger.size).toBe(1);
    await ledger.close();
    expect(reason('late')).toThrow(expect.objectContaining({ code: 'closed' }));
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it('beats while nothing happens, and signs by itself', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory, { clock: Date.now, heartbeatMs: 40, checkpointMs: 20, sessions: () => 7 });
    await until(() => ledger.size > 4);
    await until(() => !readFileSync(join(directory, 'checkpoint'), 'utf8').startsWith('gateway.example/production\n1\n'));
    expect(readFileSync(join(directory, 'checkpoint'), 'utf8')).not.toMatch(/^gateway.example\/production\n1\n/);
    await ledger.close();
    const beats = (await read(directory)).filter((type) => type === 'heartbeat').length;
    expect(beats).toBeGreaterThanOrEqual(3);
    expect(await readEntry(directory, 1)).toMatchObject({ event: { type: 'heartbeat', sessions: 7 } });
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it('shares one sync among those who wait together', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    const order: string[] = [];
    const waits = [player.intent(), player.intent(), player.intent()].map((seq) =>
      ledger.durable(seq).then(() => order.push(`durable ${seq}`)),
    );
    await Promise.all(waits);
    expect(order).toEqual(['durable 1', 'durable 2', 'durable 3']);
    await ledger.durable(2);
    await expect(ledger.durable(99)).rejects.toMatchObject({ code: 'not-found' });
    await ledger.close();
  });

  it('refuses a signer of another name', async () => {
    const signer = { key: { name: 'someone.else', keyId: 1, publicKey: new Uint8Array(32) }, sign: () => new Uint8Array(64) };
    await expect(
      Ledger.open({ directory: scratch(), origin: 'gateway.example/x', software: 'test', keys: keyringOf(signer) }),
    ).rejects.toMatchObject({
      code: 'bad-key',
    });
  });

  it('signs nothing that is not on stable storage', async () => {
    const directory = scratch();
    await (await openLedger(directory)).close();
    const { fileSigner } = await import('./file-keys.js');
    const own = await fileSigner(directory, 'gateway.example/production');
    const states: string[] = [];
    const opened: Ledger[] = [];
    const sign = async (message: Uint8Array): Promise<Uint8Array> => {
      const size = Number(new TextDecoder().decode(message).split('\n')[1]);
      // What is synced already is known at once; anything else takes a turn of the event loop.
      const soon = new Promise<string>((resolve) => setImmediate(() => resolve('not synced')));
      for (const writer of opened) states.push(await Promise.race([writer.durable(size - 1).then(() => 'synced'), soon]));
      return own.sign(message);
    };
    const ledger = await openLedger(directory, { keys: keyringOf({ key: own.key, sign }) });
    opened.push(ledger);
    for (let n = 0; n < 3; n++) {
      new Player(ledger).run();
      await ledger.checkpoint();
    }
    await ledger.close();
    expect(states).toEqual(['synced', 'synced', 'synced', 'synced']);
  });

  it('does not publish a signature that its own key does not verify', async () => {
    const directory = scratch();
    await (await openLedger(directory)).close();
    const { fileSigner } = await import('./file-keys.js');
    const { key } = await fileSigner(directory, 'gateway.example/production');
    const errors: string[] = [];
    const ledger = await openLedger(directory, {
      keys: keyringOf({ key, sign: () => new Uint8Array(64) }),
      onError: ({ code }) => errors.push(code),
    });
    await expect(ledger.close()).rejects.toMatchObject({ code: 'bad-key' });
    expect(errors).toEqual(['bad-key']);
    await (await openLedger(directory)).close();
    expect((await verifyLedger(directory)).findings.map(({ code }) => code)).toEqual([]);
  });

  it('accepts nothing more when checkpoints have failed for too long', async () => {
    const directory = scratch();
    const errors: string[] = [];
    const real = await openLedger(directory);
    await real.close();
    const { fileSigner } = await import('./file-keys.js');
    const own = await fileSigner(directory, 'gateway.example/production');
    const signer = { key: own.key, sign: () => Promise.reject(new Error('the key service is away')) };
    const ledger = await openLedger(directory, { keys: keyringOf(signer), onError: ({ code }) => errors.push(code) });
    const append = (): number => ledger.append({ type: 'session.closed', session: 's', reason: 'r', durationMs: 0 }, []);
    let failed: unknown;
    for (let n = 0; n < 70_000 && failed === undefined; n++) {
      try {
        append();
      } catch (error) {
        failed = error;
      }
      if (n % 5000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(failed).toMatchObject({ code: 'write-failed' });
    expect(ledger.size).toBe(65_536 + 2);
    await expect(ledger.close()).rejects.toMatchObject({ code: 'write-failed' });
    expect(errors).toContain('write-failed');
    const after = await openLedger(directory, { clock: ticking(START + 700_000) });
    await after.close();
    expect((await verifyLedger(directory)).exitCode).toBe(0);
  });
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
}
