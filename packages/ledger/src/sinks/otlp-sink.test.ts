import { afterEach, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type OtlpReceiver, startOtlpReceiver, until } from '@sqlwarden/testkit';
import { SAMPLE_ENTRIES } from '../testing/sample-entries.js';
import { openLedger, ORIGIN, Player, removeScratch, scratch } from '../testing/scenario.js';
import { OtlpSink } from './otlp-sink.js';
import { SinkFollower } from './sink-follower.js';
import type { OtlpSinkOptions } from './sink-options.js';

const receivers: OtlpReceiver[] = [];
afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
  removeScratch();
});

async function receive(): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver();
  receivers.push(receiver);
  return receiver;
}

function options(url: string, more: Partial<OtlpSinkOptions> = {}): OtlpSinkOptions {
  return {
    type: 'otlp',
    name: 'siem',
    format: 'native',
    only: 'all',
    maxLag: 1,
    whenBehind: 'warn',
    url: `${url}/v1/logs`,
    headers: {},
    headerFiles: {},
    tls: {},
    compression: 'gzip',
    timeoutMs: 10_000,
    serviceName: 'warden',
    ...more,
  };
}

async function send(sink: OtlpSink): Promise<number> {
  await sink.begin(0, ORIGIN);
  return sink.take(SAMPLE_ENTRIES, SAMPLE_ENTRIES.length);
}

test('every entry comes as a log record with its event name, its id, who did it and the trace of the application', async () => {
  const receiver = await receive();
  const token = join(scratch(), 'token');
  writeFileSync(token, 'Bearer first\n');
  const troubles: Error[] = [];
  const sink = new OtlpSink(options(receiver.url, { headers: { 'x-tenant': 'acme' }, headerFiles: { authorization: token } }), (error) =>
    troubles.push(error),
  );
  expect(await send(sink)).toBe(SAMPLE_ENTRIES.length);
  writeFileSync(token, 'Bearer second');
  await send(sink);
  await sink.close();
  expect(receiver.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
  expect(receiver.requests[0]).toMatchObject({ path: '/v1/logs', headers: { 'x-tenant': 'acme' } });
  const items = receiver.items('logs').slice(0, SAMPLE_ENTRIES.length);
  expect(items.map(({ fields }) => fields['eventName'])).toEqual(SAMPLE_ENTRIES.map(({ event }) => `sqlwarden.${event.type}`));
  expect(items.map(({ attributes }) => attributes['log.record.uid'])).toEqual(SAMPLE_ENTRIES.map(({ seq }) => `${ORIGIN}#${seq}`));
  const outcome = items[3];
  expect(outcome?.resource).toMatchObject({ 'service.name': 'warden', 'sqlwarden.ledger.origin': ORIGIN });
  expect(outcome?.attributes).toMatchObject({
    'db.system.name': 'postgresql',
    'db.operation.batch.size': 2,
    'db.response.status_code': '23505',
    'error.type': '23505',
    'user.id': 'ada',
    'gen_ai.agent.id': 'bot',
    'session.id': 's1',
    'client.address': '10.0.0.7:5001',
    'sqlwarden.rows_affected': 3,
  });
  expect(outcome?.fields).toMatchObject({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' });
  expect(items[5]?.fields).toMatchObject({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', severityText: 'WARN' });
  expect(items[8]?.fields).toMatchObject({ severityText: 'INFO' });
  expect(troubles).toEqual([]);
});

test('a receiver that is down, overloaded or silent gets everything in the end, the same entry under the same id', async () => {
  const receiver = await receive();
  const answers = [{ status: 500 }, { status: 429, headers: { 'retry-after': '0' } }, { status: 503 }, 'hang', { status: 400 }] as const;
  let asked = 0;
  receiver.answerWith(() => answers[asked++] ?? { status: 200 });
  const directory = scratch();
  const ledger = await openLedger(directory);
  const player = new Player(ledger);
  player.login();
  for (let n = 0; n < 200; n++) player.run();
  await ledger.close();
  const troubles = new Set<string>();
  const follower = new SinkFollower({
    directory,
    options: { name: 'siem', only: 'all' },
    sink: new OtlpSink(options(receiver.url, { timeoutMs: 500 }), () => undefined),
    onStatus: ({ trouble }) => trouble !== undefined && troubles.add(trouble),
    retryMs: 1,
  });
  follower.start();
  await until(() => follower.status.next === ledger.size);
  await follower.close(1_000);
  const ids = receiver.items('logs').map(({ attributes }) => attributes['log.record.uid']);
  expect(new Set(ids)).toEqual(new Set(Array.from({ length: ledger.size }, (_, seq) => `${ORIGIN}#${seq}`)));
  expect(asked).toBeGreaterThan(answers.length);
  expect(troubles.size).toBeGreaterThan(0);
});

test('what a receiver takes and throws away is said', async () => {
  const receiver = await receive();
  // ExportLogsServiceResponse { partial_success { rejected_log_records: 3, error_message: "no" } }
  receiver.answerWith(() => ({ status: 200, body: Buffer.from([0x0a, 0x06, 0x08, 0x03, 0x12, 0x02, 0x6e, 0x6f]) }));
  const troubles: string[] = [];
  const sink = new OtlpSink(options(receiver.url), ({ message }) => troubles.push(message));
  await send(sink);
  await sink.close();
  expect(troubles).toEqual(['the receiver of sink "siem" took 3 records for wrong and dropped them: look at its log']);
});

test('what is said of two receivers at once is said of the right one', async () => {
  const [one, other] = [await receive(), await receive()];
  one.answerWith(() => ({ status: 200, body: Buffer.from([0x0a, 0x06, 0x08, 0x03, 0x12, 0x02, 0x6e, 0x6f]) }));
  other.answerWith(() => ({ status: 200, body: Buffer.from('<html>please log in</html>') }));
  const troubles: string[] = [];
  const say = ({ message }: Error): void => void troubles.push(message);
  const sinks = [new OtlpSink(options(one.url, { name: 'one' }), say), new OtlpSink(options(other.url, { name: 'other' }), say)];
  for (const sink of sinks) await sink.begin(0, ORIGIN);
  await Promise.all(sinks.map((sink) => sink.take(SAMPLE_ENTRIES, SAMPLE_ENTRIES.length)));
  await Promise.all(sinks.map((sink) => sink.take(SAMPLE_ENTRIES.slice(0, 1), SAMPLE_ENTRIES.length)));
  await Promise.all(sinks.map((sink) => sink.close()));
  const dropped = 'the receiver of sink "one" took 3 records for wrong and dropped them: look at its log';
  const unclear = 'what answers for sink "other" does not speak OTLP in protobuf: make sure that it keeps what it gets';
  expect(troubles.sort()).toEqual([dropped, dropped, unclear]);
});

test('an answer that never ends is an error, and what comes after it is sent', async () => {
  let isEndless = true;
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200);
    if (!isEndless) return void response.end();
    const drip = setInterval(() => response.write(' '), 10);
    response.on('close', () => clearInterval(drip));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sink = new OtlpSink(options(url, { timeoutMs: 250 }), () => undefined);
    await expect(send(sink)).rejects.toThrow('cannot be reached or does not answer in time');
    isEndless = false;
    await until(() =>
      send(sink).then(
        () => true,
        () => false,
      ),
    );
    await sink.close();
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('a refusal tells nothing of what the receiver said or of what was sent', async () => {
  const receiver = await receive();
  receiver.answerWith(() => ({ status: 401, body: Buffer.from('no such token: Bearer Secret') }));
  const sink = new OtlpSink(options(receiver.url, { headers: { authorization: 'Bearer Secret' } }), () => undefined);
  await expect(send(sink)).rejects.toThrow('the receiver answers with HTTP status 401: look at it and at the url and headers of the sink');
  await sink.close();
});

test('what the environment says of OTLP counts only where the configuration says nothing', async () => {
  const receiver = await receive();
  process.env['OTEL_EXPORTER_OTLP_HEADERS'] = 'x-from=environment';
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = receiver.url;
  try {
    const told = new OtlpSink(options(receiver.url), () => undefined);
    await send(told);
    const untold = new OtlpSink({ ...options(receiver.url), url: undefined }, () => undefined);
    await send(untold);
    await Promise.all([told.close(), untold.close()]);
  } finally {
    delete process.env['OTEL_EXPORTER_OTLP_HEADERS'];
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  }
  expect(receiver.requests.map(({ path, headers }) => [path, headers['x-from']])).toEqual([
    ['/v1/logs', undefined],
    ['/v1/logs', 'environment'],
  ]);
});
