import { createServer, type Server, type ServerResponse } from 'node:http';
import { type MetricReading, prometheusText } from '@sqlwarden/runtime';
import type { TurnedAway } from './connection-limits.js';

/** What a probe may know. Nothing here names a database, a person or a statement. */
export interface HealthState {
  /** Takes new clients, and can serve them. */
  readonly ready: boolean;
  /** Why not. */
  readonly reasons: readonly string[];
  readonly connections: number;
  /** Units whose decision was known, and for which it had to be made, since the start. */
  readonly decisions: { readonly found: number; readonly made: number };
  readonly listeners: readonly { readonly listener: string; readonly sessions: number; readonly logins: number }[];
  readonly turnedAway: TurnedAway;
  /** Processes that serve clients: how many there should be, how many there are, and how often one was started again. */
  readonly workers: { readonly configured: number; readonly serving: number; readonly restarts: number };
  /** All that is counted, over all workers, where the configuration wants it here. */
  readonly metrics?: readonly MetricReading[] | undefined;
}

export interface HealthOptions {
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  /** Must not reject. */
  readonly state: () => Promise<HealthState>;
  readonly onTrouble: (error: Error) => void;
}

export interface Health {
  readonly port: number;
  close(): Promise<void>;
}

const TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 32;

/**
 * Answers the probes of an orchestrator over plain HTTP: `GET /livez` with 200 as long as the event loop turns, `GET /readyz` with 200 while
 * new clients are taken and 503 otherwise (while draining); `GET /metrics` with counters in the text format of Prometheus. Rejects when the address cannot be listened on.
 */
export async function openHealth({ host, port, state, onTrouble }: HealthOptions): Promise<Health> {
  const server = createServer({ headersTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS, maxHeaderSize: 8 * 1024 }, (request, response) => {
    answer(request.method, request.url, state)
      .then((given) => send(response, given, request.method === 'HEAD'))
      .catch((error: unknown) => {
        onTrouble(error as Error);
        response.destroy();
      });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = TIMEOUT_MS;
  const listening = await listen(server, host, port);
  server.on('error', onTrouble);
  return { port: listening, close: () => close(server) };
}

interface HealthAnswer {
  readonly status: number;
  readonly body: object | string;
}

function send(response: ServerResponse, { status, body }: HealthAnswer, headOnly: boolean): void {
  const isText = typeof body === 'string';
  const text = isText ? body : `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': isText ? 'text/plain; version=0.0.4; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(headOnly ? undefined : text);
}

async function answer(method: string | undefined, url: string | undefined, state: () => Promise<HealthState>): Promise<HealthAnswer> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: { code: 'method-not-allowed', message: 'use GET here' } };
  if (url === '/livez') return { status: 200, body: { live: true } };
  if (url === '/metrics') {
    const now = await state();
    return { status: 200, body: `${metrics(now)}${prometheusText(now.metrics ?? [])}` };
  }
  if (url !== '/readyz') return { status: 404, body: { code: 'not-found', message: 'ask /livez, /readyz or /metrics' } };
  const { ready, reasons, connections } = await state();
  return { status: ready ? 200 : 503, body: { ready, connections, ...(ready ? {} : { reasons }) } };
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** "Exposition formats" of Prometheus, version 0.0.4. The hit ratio of decisions is that of `found` to both. */
function metrics({ ready, connections, decisions, listeners, turnedAway, workers }: HealthState): string {
  const away = Object.entries(turnedAway).map(([why, count]): Sample => [{ why }, count]);
  const found = Object.entries(decisions).map(([decision, count]): Sample => [{ decision }, count]);
  const sessions = listeners.map(({ listener, sessions: count }): Sample => [{ listener }, count]);
  const logins = listeners.map(({ listener, logins: count }): Sample => [{ listener }, count]);
  return [
    family('sqlwarden_ready', 'gauge', '1 while new clients are taken and can be served.', [[{}, ready ? 1 : 0]]),
    family('sqlwarden_connections', 'gauge', 'Clients that are connected.', [[{}, connections]]),
    family('sqlwarden_listener_sessions', 'gauge', 'Clients of a listener that count against its limit.', sessions),
    family('sqlwarden_listener_logins', 'gauge', 'Those of them that have not logged in yet.', logins),
    family('sqlwarden_turned_away_total', 'counter', 'Clients over a limit, by which; dropped: those that were not told.', away),
    family('sqlwarden_decisions_total', 'counter', 'Units of statements, by whether their decision was known or had to be made.', found),
    family('sqlwarden_workers', 'gauge', 'Processes that should serve clients, and that do.', [
      [{ state: 'configured' }, workers.configured],
      [{ state: 'serving' }, workers.serving],
    ]),
    family('sqlwarden_worker_restarts_total', 'counter', 'Workers that ended by themselves and were started again.', [
      [{}, workers.restarts],
    ]),
    '',
  ].join('\n');
}

function family(name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text}"`);
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
  });
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join('\n');
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
