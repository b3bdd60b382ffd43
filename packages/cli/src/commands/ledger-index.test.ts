import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NewLedgerEvent, Principal } from '@sqlwarden/core';
import { Ledger } from '@sqlwarden/ledger';
import { run } from '../run.js';
import { terminal } from '../terminal.js';

const SEGMENT = 32_768;
const ada: Principal = {
  subject: { kind: 'person', issuer: 'https://id.example', id: 'u-ada', name: 'Ada', groups: [], groupsComplete: true },
  actors: [],
  run: { trainingRun: 'run-7' },
  proof: { subject: 'token', run: 'token' },
  expiresAt: 0,
};
const FILLER = { type: 'login.refused', upstream: 'crm', client: '', code: 'no-token', message: '', asserted: {} } as const;

let root: string;

/** A worker's log: one full segment, with a refused statement at its beginning and one behind it. */
async function write(worker: string): Promise<void> {
  const ledger = await Ledger.open({ directory: join(root, worker), origin: `gateway.example/${worker}`, software: 'test' });
  const refuse = (): number => {
    const text = ledger.commit('text', 'drop table people');
    const event: NewLedgerEvent = {
      type: 'statement.refused',
      session: 's1',
      upstream: 'crm',
      database: 'crmdb',
      environment: 'production',
      principal: ada,
      enforcement: 'gateway',
      phase: 'query',
      text: text.commitment,
      fingerprint: 'f'.repeat(64),
      parameters: [],
      labels: [],
      rules: [],
      policy: 'p'.repeat(64),
      catalogue: 1,
      transaction: 1,
      elevated: false,
      masks: [],
      code: 'policy-denied',
      message: 'no',
    };
    return ledger.append(event, [text.disclosure]);
  };
  refuse();
  while (ledger.append(FILLER, []) < SEGMENT) continue;
  refuse();
  await ledger.close();
}

async function sqlwarden(...args: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const texts = [out.toArray(), err.toArray()];
  const status = await run([...args, '--directory', root], terminal(out, {}), terminal(err, {}));
  out.end();
  err.end();
  const [stdout = '', stderr = ''] = (await Promise.all(texts)).map((chunks) => Buffer.concat(chunks as Buffer[]).toString());
  return { status, stdout, stderr };
}

const seqs = ({ stdout }: { readonly stdout: string }): string[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { log: string; seq: number })
    .map(({ log, seq }) => `${log}:${seq}`);

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'sqlwarden-index-'));
  await write('worker-1');
  await write('worker-2');
}, 60_000);
afterAll(() => rmSync(root, { recursive: true }));

describe('index files from the command line', () => {
  it('are made once, for every worker, and then used', async () => {
    const everything = (await sqlwarden('ledger', 'search', '--identity', 'ada')).stdout;
    expect(everything).toMatch(/\n4 found\n$/);
    expect(await sqlwarden('ledger', 'index')).toEqual({
      status: 0,
      stdout: 'worker-1: 1 made, 0 there already\nworker-2: 1 made, 0 there already\n',
      stderr: '',
    });
    expect((await sqlwarden('ledger', 'index')).stdout).toBe('worker-1: 0 made, 1 there already\nworker-2: 0 made, 1 there already\n');
    const found = (await sqlwarden('ledger', 'search', '--identity', 'ada')).stdout;
    expect(found).toContain(everything.slice(0, everything.indexOf('4 found')));
    expect(found).toMatch(/4 found of \d+ entries; that there is nothing else is said by 2 index files, which /);
    expect((await sqlwarden('ledger', 'search', '--identity', 'ada', '--no-index')).stdout).toBe(everything);
    expect((await sqlwarden('ledger', 'index', '--check')).status).toBe(0);
  }, 60_000);

  it('give the oldest or the newest of all workers together', async () => {
    const all = seqs(await sqlwarden('ledger', 'search', '--json'));
    expect(all).toHaveLength(4);
    expect(seqs(await sqlwarden('ledger', 'search', '--json', '--limit', '1'))).toEqual(all.slice(0, 1));
    expect(seqs(await sqlwarden('ledger', 'search', '--json', '--newest', '3'))).toEqual(all.slice(-3));
    expect(await sqlwarden('ledger', 'search', '--newest', '3', '--limit', '1')).toMatchObject({ status: 2 });
  }, 60_000);

  it('answer what a run read, over all workers', async () => {
    const report = await sqlwarden('why', 'run', 'run-7');
    expect(report).toMatchObject({ status: 0, stderr: '' });
    expect(report.stdout).toMatch(/^What the run run-7 read\n\n4 statements, .*; 4 refused, 0 failed\n/);
    expect(report.stdout).toContain('person Ada (u-ada)');
    expect(JSON.parse((await sqlwarden('why', 'identity', 'u-ada', '--json')).stdout)).toMatchObject({ totals: { units: 4 } });
    expect((await sqlwarden('why', 'run', 'run-8')).status).toBe(1);
  }, 60_000);

  it('that do not fit are named on the side and not used; one that was changed fails the check', async () => {
    const path = join(root, 'worker-2/index/0000000000000000');
    const file = readFileSync(path, 'utf8');
    writeFileSync(path, file.replace('u-ada', 'u-eve'));
    const found = await sqlwarden('ledger', 'search', '--identity', 'ada');
    expect(found.stdout).toMatch(/4 found of .* by 1 index file, /);
    expect(found.stderr).toBe('worker-2: 1 index file (of entry 0) does not fit the log; not used: run "sqlwarden ledger index"\n');
    expect((await sqlwarden('ledger', 'index', '--check')).stdout).toContain(
      'worker-2: 1 full segment, 0 without an index\nof entry 0: damaged',
    );
    expect((await sqlwarden('ledger', 'index', '--rebuild')).stdout).toContain('worker-2: 1 made, 0 there already');
    expect(readFileSync(path, 'utf8')).toBe(file);
  }, 60_000);
});
