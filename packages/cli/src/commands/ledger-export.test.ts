import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger } from '@sqlwarden/ledger';
import { runProgram } from '@sqlwarden/testkit';
import { COMMAND } from '../../test/site.js';

const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-export-'));
let now = Date.UTC(2026, 10, 23);

beforeAll(async () => {
  const ledger = await Ledger.open({ directory, origin: 'acme.example/log', software: 'test', clock: () => (now += 60_000) });
  ledger.append({ type: 'session.closed', session: 's', reason: 'it was time', durationMs: 1 }, []);
  await ledger.close();
});
afterAll(() => rmSync(directory, { recursive: true }));

const run = (...args: readonly string[]) => runProgram(process.execPath, [COMMAND, 'ledger', ...args, '--directory', directory], {});
const parsed = (text: string): Record<string, never>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, never>);

it('export writes the entries in the format and the time that are asked for', async () => {
  const native = parsed((await run('export')).stdout);
  expect(native).toMatchObject([
    { origin: 'acme.example/log', event: { seq: 0, type: 'log.opened' } },
    { event: { seq: 1, reason: 'it was time' } },
    { event: { seq: 2, type: 'log.closed' } },
  ]);
  const ocsf = parsed((await run('export', '--format', 'ocsf')).stdout);
  expect(ocsf).toMatchObject([{ class_uid: 6002 }, { class_uid: 3002, metadata: { uid: 'acme.example/log#1' } }, { class_uid: 6002 }]);
  const time = Number((native[1]?.['event'] as { time: number } | undefined)?.time);
  const only = ['--from', new Date(time).toISOString(), '--to', new Date(time + 1).toISOString()];
  expect(parsed((await run('export', ...only)).stdout)).toEqual([native[1]]);
  expect(await run('export', '--format', 'xml')).toMatchObject({ status: 2, stderr: expect.stringContaining('native, ocsf') });
});

it('sinks says how far they are', async () => {
  expect(await run('sinks')).toMatchObject({ status: 0, stdout: 'no sink has got anything yet\n' });
  mkdirSync(join(directory, 'sinks'));
  writeFileSync(join(directory, 'sinks', 'siem.json'), '{"next":1,"open":[]}\n');
  expect((await run('sinks')).stdout).toMatch(/^siem +has the entries before 1 +2 behind\n$/);
  expect(parsed((await run('sinks', '--json')).stdout)).toEqual([{ sink: 'siem', next: 1, behind: 2 }]);
});
