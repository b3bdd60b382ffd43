import { createServer, type Server } from 'node:http';

/** What a probe may know. Nothing here names a database, a person or a statement. */
export interface HealthState {
  /** Takes new clients. */
  readonly ready: boolean;
  readonly connections: number;
  /** Units whose decision was known, and for which it had to be made, since the start. */
  readonly decisions: { readonly found: number; readonly made: number };
}

export interface HealthOptions {
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  readonly state: () => HealthState;
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
    const { status, body } = answer(request.method, request.url, state);
    const isText = typeof body === 'string';
    const text = isText ? body : `${JSON.stringify(body)}\n`;
    response.writeHead(status, {
      'content-type': isText ? 'text/plain; version=0.0.4; charset=utf-8' : 'application/json',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
      connection: 'close',
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = TIMEOUT_MS;
  const listening = await listen(server, host, port);
  server.on('error', onTrouble);
  return { port: listening, close: () => close(server) };
}

function answer(
  method: string | undefined,
  url: string | undefined,
  state: () => HealthState,
): { readonly status: number; readonly body: object | string } {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: { code: 'method-not-allowed', message: 'use GET here' } };
  if (url === '/livez') return { status: 200, body: { live: true } };
  if (url === '/metrics') return { status: 200, body: metrics(state()) };
  if (url !== '/readyz') return { status: 404, body: { code: 'not-found', message: 'ask /livez, /readyz or /metrics' } };
  const { ready, connections } = state();
  return { status: ready ? 200 : 503, body: { ready, connections } };
}

/** "Exposition formats" of Prometheus, version 0.0.4. The hit ratio of decisions is that of `found` to both. */
function metrics({ connections, decisions }: HealthState): string {
  return [
    '# HELP sqlwarden_connections Clients that are connected.',
    '# TYPE sqlwarden_connections gauge',
    `sqlwarden_connections ${connections}`,
    '# HELP sqlwarden_decisions_total Units of statements, by whether their decision was known or had to be made.',
    '# TYPE sqlwarden_decisions_total counter',
    `sqlwarden_decisions_total{decision="found"} ${decisions.found}`,
    `sqlwarden_decisions_total{decision="made"} ${decisions.made}`,
    '',
  ].join('\n');
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
