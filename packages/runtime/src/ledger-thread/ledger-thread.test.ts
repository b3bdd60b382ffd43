import { afterEach, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger, type SinkOptions } from '@sqlwarden/ledger';
import { LedgerThread } from './ledger-thread.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const LIMIT_MS = 20_000;
async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  while (!condition()) {
    if (Date.now() > end) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Answers every request with `status`; 0: never. */
interface Receiver {
  readonly url: string;
  status: number;
  requests: number;
}

async function receive(status: number): Promise<Receiver> {
  const server = createServer((request, response) => {
    receiver.requests += 1;
    request.resume();
    if (receiver.status === 0) return;
    response.writeHead(receiver.status);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, status, requests: 0 };
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return receiver;
}

function siem(url: string, more: Partial<SinkOptions> = {}): SinkOptions {
  const base = {
    type: 'otlp',
    name: 'siem',
    format: 'native',
    only: 'all',
    maxLag: 2,
    whenBehind: 'refuse-writes',
    url: `${url}/v1/logs`,
  } as const;
  const rest = { headers: {}, headerFiles: {}, tls: {}, compression: 'none', timeoutMs: 500, serviceName: 'sqlwarden' } as const;
  return { ...base, ...rest, ...more } as SinkOptions;
}

async function follow(sinks: readonly SinkOptions[]) {
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-thread-'));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  const follower: { of?: LedgerThread } = {};
  const ledger = await Ledger.open({
    directory,
    origin: 'test',
    software: 'test',
    checkpointMs: 20,
    onSigned: (size) => follower.of?.signed(size),
  });
  const recorded: string[] = [];
  const troubles: string[] = [];
  const thread = new LedgerThread({
    directory,
    sinks,
    record: (event) => {
      recorded.push(event.type);
      ledger.append(event, []);
    },
    onTrouble: ({ message }) => void troubles.push(message),
  });
  follower.of = thread;
  return { ledger, thread, recorded, troubles };
}

const closed = { type: 'session.closed', session: 's', reason: 'r', durationMs: 1 } as const;

test('what is signed comes to the sink while the ledger is open, and the last of it when it is closed', async () => {
  const files = mkdtempSync(join(tmpdir(), 'sqlwarden-files-'));
  cleanups.push(() => rmSync(files, { recursive: true }));
  const base = { name: 'files', format: 'native', only: 'all', maxLag: 1, whenBehind: 'refuse-writes' } as const;
  const sink = { ...base, type: 'file', directory: files, maxBytes: 1, maxAgeMs: 1, command: undefined } as const;
  const { ledger, thread, troubles } = await follow([sink]);
  for (let n = 0; n < 50; n++) ledger.append(closed, []);
  await until(() => thread.statuses[0]?.next === 51);
  ledger.append(closed, []);
  await ledger.close();
  await thread.close(10_000);
  const names = readdirSync(files).filter((name) => name.endsWith('.jsonl'));
  const lines = names.sort().flatMap((name) => readFileSync(join(files, name), 'utf8').trimEnd().split('\n'));
  expect(lines.map((line) => (JSON.parse(line) as { event: { seq: number } }).event.seq)).toEqual(
    Array.from({ length: 53 }, (_, seq) => seq),
  );
  expect(thread.statuses).toMatchObject([{ name: 'files', next: 53, signed: 53 }]);
  expect(thread.writesRefused()).toBeUndefined();
  expect(troubles).toEqual([]);
});

test('a sink that is down is written into the ledger and holds writes back; when it is back, so are they', async () => {
  const receiver = await receive(403);
  const { ledger, thread, recorded, troubles } = await follow([siem(receiver.url)]);
  await until(() => recorded.includes('sink.stopped'));
  ledger.append(closed, []);
  ledger.append(closed, []);
  await until(() => thread.writesRefused() !== undefined);
  expect(thread.writesRefused()?.message).toMatch(/^sink "siem" is \d+ entries behind: bring what receives it back$/);
  expect(troubles[0]).toMatch(/^sink "siem" has stopped before entry 0: the receiver answers with HTTP status 403/);
  receiver.status = 200;
  await until(() => recorded.includes('sink.resumed'));
  await until(() => thread.writesRefused() === undefined);
  await ledger.close();
  await thread.close(10_000);
  expect(thread.statuses).toMatchObject([{ next: ledger.size, trouble: undefined }]);
});

test('what a sink did not get by the end is said, and the end comes all the same', async () => {
  const receiver = await receive(0);
  const { ledger, thread, troubles } = await follow([siem(receiver.url, { whenBehind: 'warn' })]);
  await until(() => receiver.requests > 0);
  await ledger.close();
  await thread.close(100);
  expect(troubles.at(-1)).toBe('sink "siem" lacks the entries from 0 on: it gets them when the ledger is opened again');
});

test('a thread that dies is said and started again, and its sinks hold writes back all the same', async () => {
  const { ledger, thread, troubles } = await follow([{ ...siem('http://127.0.0.1:9'), type: 'nothing' } as never]);
  await until(() => troubles.length >= 2);
  expect(troubles[1]).toContain('the thread of the sinks has died');
  expect(thread.writesRefused()).toBeUndefined();
  await until(() => {
    ledger.append(closed, []);
    return thread.writesRefused() !== undefined;
  });
  await ledger.close();
  await thread.close(100);
  expect(troubles.at(-1)).toBe('sink "siem" may lack entries: it gets them when the ledger is opened again');
});

test('there is no thread, and nothing to wait for, without sinks and without a full segment', async () => {
  const { ledger, thread } = await follow([]);
  ledger.append(closed, []);
  await ledger.close();
  await thread.close(0);
  expect(thread.statuses).toEqual([]);
});
