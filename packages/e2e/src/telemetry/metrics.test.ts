import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createAdminClient } from '@sqlwarden/runtime';
import { openHealth } from '@sqlwarden/sidecar';
import { findPostgres, freePort, type OtlpItem, plainAttributes, requireOrSkip, startOtlpReceiver } from '@sqlwarden/testkit';
import type { CorpusServer } from '../harness/database.js';
import { startGateway } from '../harness/gateway.js';
import { startGatewayProcess } from '../harness/gateway-process.js';
import { clientOf, eventually, SECRET, startTraced, telemetryRequest, telemetryServer, type TracedGateway } from './telemetry-stage.js';

// What is waited for comes late on a machine that has much else to do.
jest.setTimeout(120_000);

const postgres = findPostgres(18);

/** Samples of the text format by their names and labels. */
function samplesOf(text: string): Map<string, number> {
  const samples = text.split('\n').flatMap((line): [string, number][] => {
    const match = /^([^#\s].*) (\S+)$/.exec(line);
    return match === null ? [] : [[match[1] as string, Number(match[2])]];
  });
  return new Map(samples);
}

/** The sum of the samples that begin so. */
function sum(samples: ReadonlyMap<string, number>, beginning: string): number {
  return [...samples].reduce((total, [name, value]) => total + (name.startsWith(beginning) ? value : 0), 0);
}

async function scrape(port: number): Promise<Map<string, number>> {
  return samplesOf(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
}

(requireOrSkip(postgres) ? describe : describe.skip)('metrics of a gateway', () => {
  let stage: TracedGateway;
  let health: Awaited<ReturnType<typeof openHealth>>;

  beforeAll(async () => {
    stage = await startTraced((url, headersFile) => ({
      metrics: { otlp: `${url}/v1/metrics`, headersFile, intervalMs: 1000, tables: true },
      prometheus: true,
    }));
    health = await openHealth({ host: '127.0.0.1', port: 0, state: () => stage.gateway.sidecar.health(), onTrouble: () => undefined });
  });
  afterAll(async () => {
    await health?.close();
    await stage?.stop();
  });

  it('count decisions, refusals, masks, holds, logins and time, for Prometheus and by OTLP alike', async () => {
    const client = await stage.connect();
    for (let at = 0; at < 5; at++) await client.query({ name: 'point', text: 'select email from people where id = $1', values: [1] });
    await expect(client.query(`delete from people where name = '${SECRET}'`)).rejects.toThrow();
    await expect(client.query("insert into notes values (1 / 0, '')")).rejects.toThrow();
    await expect(clientOf({ ...stage.gateway, token: () => 'no token' }).connect()).rejects.toThrow();
    const held = client.query('alter table notes add column more text');
    const admin = createAdminClient({ socket: stage.gateway.adminSocket });
    const request = await eventually(async () => (await admin.pending())[0]);
    expect((await scrape(health.port)).get('sqlwarden_holds_pending')).toBe(1);
    await admin.decide(request.id, { decision: 'approve', digest: request.digest }, stage.gateway.token(['dba'], { id: 'dana' }));
    await held;

    const samples = await scrape(health.port);
    const exact = {
      'sqlwarden_statements_total{upstream="work",class="read",verdict="allow"}': 5,
      'sqlwarden_statements_total{upstream="work",class="write",verdict="deny"}': 1,
      'sqlwarden_statements_total{upstream="work",class="write",verdict="allow"}': 1,
      'sqlwarden_statements_total{upstream="work",class="schema",verdict="approved"}': 1,
      'sqlwarden_refusals_total{upstream="work",code="policy-denied"}': 1,
      'sqlwarden_masked_cells_total{upstream="work"}': 5,
      'sqlwarden_masked_columns_total{upstream="work"}': 5,
      'sqlwarden_rows_returned_total{upstream="work"}': 5,
      sqlwarden_holds_pending: 0,
      'sqlwarden_hold_duration_seconds_count{upstream="work",end="approved"}': 1,
      'sqlwarden_logins_total{upstream="work",outcome="accepted"}': 1,
      'sqlwarden_logins_total{upstream="work",outcome="identity-invalid"}': 1,
      'sqlwarden_gateway_duration_seconds_count{upstream="work"}': 7,
      sqlwarden_sessions: 1,
    };
    expect(Object.fromEntries(Object.keys(exact).map((name) => [name, samples.get(name)]))).toEqual(exact);
    expect(sum(samples, 'db_client_operation_duration_seconds_count')).toBe(7);
    const failed = [...samples].filter(
      ([name]) => name.startsWith('db_client_operation_duration_seconds_count') && name.includes('error_type'),
    );
    expect(failed).toEqual([[expect.stringContaining('error_type="22000"'), 1]]);
    expect(sum(samples, 'sqlwarden_ledger_entries_total')).toBeGreaterThan(8);
    expect(sum(samples, 'sqlwarden_catalogue_refreshes_total{upstream="work",kind="reading"}')).toBeGreaterThan(0);
    expect(samples.get('sqlwarden_parser_waiting{dialect="postgres"}')).toBe(0);
    expect([...samples.keys()].some((name) => name.includes('ada') || name.includes(SECRET))).toBe(false);

    const point = await eventually(() => sent(stage.receiver.items('metrics'), 'sqlwarden.masked.cells').find(({ value }) => value === 5));
    expect(point.labels).toEqual({ upstream: 'work' });
    const operations = stage.receiver.items('metrics').findLast(({ fields }) => fields['name'] === 'db.client.operation.duration');
    expect(operations?.fields['unit']).toBe('s');
    expect(JSON.stringify(operations?.fields)).toContain('public.people');
    expect(stage.receiver.requests.at(-1)?.headers.authorization).toBe('Bearer collector-only');
  });
});

/** Points of a metric of numbers that were sent. */
function sent(items: readonly OtlpItem[], name: string): { readonly labels: object; readonly value: unknown }[] {
  return items
    .filter(({ fields }) => fields['name'] === name)
    .flatMap(({ fields }) => ((fields['sum'] ?? fields['gauge']) as { points?: { attributes: unknown; asDouble: number }[] }).points ?? [])
    .map(({ attributes, asDouble }) => ({ labels: plainAttributes(attributes), value: asDouble }));
}

(requireOrSkip(postgres) ? describe : describe.skip)('telemetry that goes wrong', () => {
  let server: CorpusServer;
  beforeAll(async () => {
    server = await telemetryServer();
  });
  afterAll(() => server?.stop());

  it('keeps no statement back: what cannot be delivered is counted and said once, and closing does not wait for it', async () => {
    const receiver = await startOtlpReceiver();
    const gateway = await startGateway(telemetryRequest(server, { traces: { otlp: `${receiver.url}/v1/traces` }, prometheus: true }));
    const client = clientOf(gateway);
    await client.connect();
    const read = async (): Promise<number> => {
      const metrics = (await gateway.sidecar.health()).metrics ?? [];
      const dropped = metrics.find(({ name }) => name === 'sqlwarden.telemetry.dropped');
      return dropped?.points.reduce((total, point) => total + ('value' in point ? point.value : 0), 0) ?? 0;
    };
    receiver.answerWith(() => ({ status: 400 }));
    await client.query('select 1');
    expect(await eventually(async () => (await read()) || undefined)).toBe(2);
    receiver.answerWith(() => 'hang');
    for (let at = 0; at < 3; at++) {
      const seen = receiver.requests.length;
      await client.query('select 1');
      if (at === 0) await eventually(() => (receiver.requests.length > seen ? true : undefined));
    }
    expect(gateway.troubles.filter(({ message }) => message.startsWith('telemetry: spans are lost'))).toHaveLength(1);
    await client.end();
    await gateway.stop();
    await receiver.close();
  });

  it('is a clear error of the configuration where something is missing', async () => {
    const start = (telemetry: object): Promise<string> =>
      startGateway(telemetryRequest(server, telemetry)).then(
        () => 'it started',
        (error: Error) => error.message,
      );
    expect(await start({ traces: { sample: 1 } })).toContain('say where spans are sent');
    expect(await start({ traces: { otlp: 'http://me:secret@localhost/v1/traces' } })).toContain('a URL without user and password');
    expect(await start({ traces: { otlp: 'http://localhost/v1/traces', headersFile: './not-there' } })).toContain(
      'not-there cannot be read',
    );
    const bad = await start({ metrics: { otlp: 'http://localhost/v1/metrics', headersFile: './password' } });
    expect(bad).toContain('is no header; write name: value');
    expect(bad).not.toContain(server.password);
  });

  it('adds up over workers', async () => {
    const port = await freePort();
    const gateway = await startGatewayProcess(
      telemetryRequest(server, { prometheus: true }, { workers: 2, health: { listen: `127.0.0.1:${port}` } }),
    );
    const clients = Array.from({ length: 4 }, () => clientOf(gateway.site));
    await Promise.all(clients.map((client) => client.connect()));
    await Promise.all(clients.map((client) => client.query('select email from people')));
    const samples = await scrape(port);
    expect(samples.get('sqlwarden_statements_total{upstream="work",class="read",verdict="allow"}')).toBe(4);
    expect(samples.get('sqlwarden_masked_cells_total{upstream="work"}')).toBe(8);
    expect(samples.get('sqlwarden_sessions')).toBe(4);
    expect(samples.get('sqlwarden_workers{state="serving"}')).toBe(2);
    await Promise.all(clients.map((client) => client.end()));
    await gateway.stop();
  });
});
