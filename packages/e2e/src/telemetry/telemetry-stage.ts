// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OtlpItem, type OtlpReceiver, startOtlpReceiver } from '@sqlwarden/testkit';
import pg from 'pg';
import { stringify } from 'yaml';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from '../harness/database.js';
import { type GatewayRequest, type RunningGateway, startGateway } from '../harness/gateway.js';

export const SECRET = 'ada@example.com';

const POLICY = stringify({
  version: 1,
  classify: [{ label: 'pii.email', columns: ['work.public.people.email'] }],
  mask: [{ label: 'pii.email', with: 'email', predicates: 'equality' }],
  rules: [
    { id: 'no-delete', match: { action: 'delete' }, then: 'deny' },
    { id: 'schema-needs-dba', match: { class: 'schema' }, then: { approve: { groups: ['dba'], within: '1m' } } },
    { id: 'everything-else', then: 'allow' },
  ],
});

const SCHEMA = `
CREATE TABLE people (id int PRIMARY KEY, name text, email text);
INSERT INTO people VALUES (1, 'Ada', '${SECRET}'), (2, 'Bob', 'bob@example.com');
CREATE TABLE notes (id int, body text);
GRANT ALL ON ALL TABLES IN SCHEMA public TO ${GATEWAY_ROLE};
ALTER TABLE notes OWNER TO ${GATEWAY_ROLE}`;

/** What a gateway in front of a server with a schema is asked for. */
export async function telemetryServer(): Promise<CorpusServer> {
  const server = await startCorpusServer();
  await server.admin('postgres', `create database work owner ${GATEWAY_ROLE}`);
  await server.admin('work', SCHEMA);
  return server;
}

export function telemetryRequest(server: CorpusServer, telemetry: object, config: object = {}): GatewayRequest {
  return { server, upstreams: { work: 'work' }, policies: [POLICY], config: { telemetry, ...config } };
}

/** A gateway that sends its spans to a receiver. */
export interface TracedGateway {
  readonly server: CorpusServer;
  readonly gateway: RunningGateway;
  readonly receiver: OtlpReceiver;
  connect(): Promise<pg.Client>;
  stop(): Promise<void>;
}

/** `telemetry`: of the configuration, with the receiver's URL and a file of headers. */
export async function startTraced(telemetry: (url: string, headersFile: string) => object): Promise<TracedGateway> {
  const server = await telemetryServer();
  const receiver = await startOtlpReceiver();
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-telemetry-'));
  const headersFile = join(directory, 'headers');
  writeFileSync(headersFile, 'authorization: Bearer collector-only\n\n');
  const gateway = await startGateway(telemetryRequest(server, telemetry(receiver.url, headersFile)));
  rmSync(directory, { recursive: true });
  const clients: pg.Client[] = [];
  return {
    server,
    gateway,
    receiver,
    async connect() {
      const client = clientOf(gateway);
      await client.connect();
      clients.push(client);
      return client;
    },
    async stop() {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
      await gateway.stop();
      await receiver.close();
      await server.stop();
    },
  };
}

export function clientOf({ ports, token }: Pick<RunningGateway, 'ports' | 'token'>): pg.Client {
  const client = new pg.Client({ host: '127.0.0.1', port: ports['work'] ?? 0, user: 'ada', database: 'work', password: token(['app']) });
  client.on('error', () => undefined);
  return client;
}

/** Waits for what `find` finds, for as long as a slow machine may take. */
export async function eventually<T>(find: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('it did not come');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

let traces = 0;

/** A trace that nobody has had: its id, the id of a span of it, and what a client says of them. */
export function newTrace(flags = '01'): { readonly traceId: string; readonly spanId: string; readonly traceparent: string } {
  traces += 1;
  const traceId = `5bd66ef5095369c7b0d1f8f4${traces.toString(16).padStart(8, '0')}`;
  const spanId = `c532cb40${traces.toString(16).padStart(8, '0')}`;
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
}

export const KIND = { server: '2', client: '3' } as const;
export const ERROR_STATUS = '2';

/** The spans of a trace that came to the receiver, once there are so many. */
export function spansOf(receiver: OtlpReceiver, traceId: string, count: number): Promise<readonly OtlpItem[]> {
  return eventually(() => {
    const spans = receiver.items('traces').filter(({ fields }) => fields['traceId'] === traceId);
    return spans.length >= count ? spans : undefined;
  });
}

export function ofKind(spans: readonly OtlpItem[], kind: keyof typeof KIND): OtlpItem {
  const found = spans.find(({ fields }) => fields['kind'] === KIND[kind]);
  if (found === undefined) throw new Error(`no span is of the kind ${kind}`);
  return found;
}
