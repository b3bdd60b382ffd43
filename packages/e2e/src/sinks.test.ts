import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEntries } from '@sqlwarden/ledger';
import { findPostgres, freePort, type OtlpReceiver, requireOrSkip, startOtlpReceiver, until } from '@sqlwarden/testkit';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { startGatewayProcess } from './harness/gateway-process.js';
import { RawClient } from './harness/raw-client.js';
import { WORLD_A } from './harness/worlds.js';

const POLICY = `
version: 1
default: deny
rules:
  - { id: app, match: { subject: { groups: [app] }, class: [read, write, transaction, session] }, then: allow }
`;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

interface Line {
  readonly origin: string;
  readonly event: { readonly seq: number; readonly type: string };
}

/** What finished files of a directory hold, by origin. */
function filesIn(directory: string): ReadonlyMap<string, readonly Line[]> {
  const lines = new Map<string, Line[]>();
  for (const name of existsSync(directory) ? readdirSync(directory).sort() : []) {
    if (!name.endsWith('.jsonl')) continue;
    for (const text of readFileSync(join(directory, name), 'utf8').trimEnd().split('\n')) {
      const line = JSON.parse(text) as Line;
      lines.set(line.origin, [...(lines.get(line.origin) ?? []), line]);
    }
  }
  return lines;
}

async function typesOf(ledger: string): Promise<string[]> {
  const types: string[] = [];
  for await (const { event } of readEntries(ledger)) types.push(event.type);
  return types;
}

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('ledger.sinks', () => {
  let server: CorpusServer;
  const receivers: OtlpReceiver[] = [];
  const upstreams = { crm: 'crm' };
  const policies = [POLICY];

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
  });
  afterAll(async () => {
    await Promise.all(receivers.map((receiver) => receiver.close()));
    await server?.stop();
  });

  async function receive(port?: number): Promise<OtlpReceiver> {
    const receiver = await startOtlpReceiver(port);
    receivers.push(receiver);
    return receiver;
  }

  it('get every entry up to the last, with the trace of the application and without a literal, a value or a token', async () => {
    const receiver = await receive();
    const sinks = [
      { type: 'otlp', url: `${receiver.url}/v1/logs` },
      { type: 'file', name: 'ocsf', format: 'ocsf', directory: './ocsf' },
      { type: 'file', name: 'alerts', only: 'alerts', directory: './alerts' },
    ];
    const gateway = await startGateway({ server, upstreams, policies, config: { ledger: { directory: './ledger', sinks } } });
    try {
      const token = gateway.token(['app']);
      const client = await gateway.connect('crm', token);
      await client.query(`select 'Canary-1' /*traceparent='00-${TRACE}-00f067aa0ba902b7-01'*/`);
      await client.query(`update settings set key = key where key = 'Canary-2'`);
      await client.query(`create table canary_3 (a int default 4711)`);
      // The end gives a sink some seconds, in which a thread may not even have begun on a busy machine.
      await until(() => receiver.items('logs').length > 0);
      await client.close();
      await gateway.sidecar.stop(1_000);
      const types = await typesOf(gateway.ledgerDirectory);
      expect(types.at(-1)).toBe('log.closed');
      const records = receiver.items('logs');
      expect(records.map(({ fields }) => fields['eventName'])).toEqual(types.map((type) => `sqlwarden.${type}`));
      expect(records.filter(({ fields }) => fields['traceId'] === TRACE).map(({ fields }) => fields['eventName'])).toEqual([
        'sqlwarden.statement.completed',
      ]);
      const [alert, ...more] = [...filesIn(join(gateway.directory, 'alerts')).values()].flat();
      expect([alert?.event.type, more]).toEqual(['statement.refused', []]);
      const ocsf = readdirSync(join(gateway.directory, 'ocsf')).filter((name) => name.endsWith('.jsonl'));
      const text = ocsf.map((name) => readFileSync(join(gateway.directory, 'ocsf', name), 'utf8')).join('');
      expect(text.trimEnd().split('\n')).toHaveLength(types.filter((type) => type !== 'statement.decided').length);
      const everything = text + JSON.stringify(records) + JSON.stringify(alert);
      for (const secret of ['Canary', '4711', token]) expect(everything).not.toContain(secret);
      expect(everything).toContain('canary_3');
      expect(gateway.troubles).toEqual([]);
    } finally {
      gateway.remove();
    }
  });

  it('that are down say so, hold writes back where they are told to, and get everything when they are back', async () => {
    const port = await freePort();
    const sinks = [
      { type: 'otlp', name: 'siem', url: `http://127.0.0.1:${port}/v1/logs`, timeoutMs: 500, maxLag: 3, whenBehind: 'refuse-writes' },
    ];
    const gateway = await startGateway({ server, upstreams, policies, config: { ledger: { directory: './ledger', sinks } } });
    try {
      const client = await gateway.connect('crm', gateway.token(['app']));
      const write = async (): Promise<boolean> =>
        (await client.query(`update settings set key = key where key = 'none'`)).every(({ type }) => type !== 'E');
      await until(() => gateway.troubles.some(({ message }) => message.startsWith('sink "siem" has stopped before entry 0')));
      // Each heartbeat, session and statement adds to what it lacks.
      await until(async () => !(await write()));
      expect((await client.query('select 1')).map(({ type }) => type)).toContain('D');
      const receiver = await receive(port);
      await until(write);
      await client.close();
      await gateway.sidecar.stop(1_000);
      const types = await typesOf(gateway.ledgerDirectory);
      expect(types).toContain('sink.stopped');
      expect(types).toContain('sink.resumed');
      const ids = new Set(receiver.items('logs').map(({ attributes }) => attributes['sqlwarden.ledger.seq']));
      expect(ids).toEqual(new Set(types.keys()));
    } finally {
      gateway.remove();
    }
  });

  it('of several workers get the logs of all of them, also when the gateway is killed between', async () => {
    const sinks = [{ type: 'file', directory: './files', maxAgeMs: 50 }];
    const config = { workers: 2, ledger: { directory: './ledger', sinks } };
    const gateway = await startGatewayProcess({ server, upstreams, policies, config });
    try {
      const run = async (): Promise<void> => {
        const login = { port: gateway.site.ports['crm'] ?? 0, user: 'ada', database: 'crm', password: gateway.site.token(['app']) };
        const clients = await Promise.all(Array.from({ length: 6 }, () => RawClient.connect(login)));
        await Promise.all(clients.map((client) => client.query('select key from settings')));
        await Promise.all(clients.map((client) => client.close()));
      };
      await run();
      await gateway.kill();
      await gateway.restart();
      await run();
      // The threads of the second start are at work.
      const openings = (lines: readonly Line[]): number => lines.filter(({ event }) => event.type === 'log.opened').length;
      await until(() => {
        const logs = [...filesIn(join(gateway.site.directory, 'files')).values()];
        return logs.length === 2 && logs.every((lines) => openings(lines) === 2);
      });
      expect(await gateway.end()).toBe(0);
      const files = filesIn(join(gateway.site.directory, 'files'));
      expect([...files.keys()].sort()).toEqual(['sqlwarden/test/worker-1', 'sqlwarden/test/worker-2']);
      for (const worker of ['worker-1', 'worker-2']) {
        const types = await typesOf(join(gateway.site.ledgerDirectory, worker));
        expect(files.get(`sqlwarden/test/${worker}`)?.map(({ event }) => event)).toEqual(
          types.map((type, seq) => expect.objectContaining({ seq, type })),
        );
      }
    } finally {
      await gateway.stop();
    }
  }, 120_000);
});
