import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '@sqlwarden/testkit';
import { startProgram } from '../postgres/ended-by-input.js';
import { LightClient, message } from './light-client.js';
import type { GatewayMemory } from './process-memory.js';
import { createSoakDatabase } from './soak-database.js';
import { type SoakGateway, startSoakGateway } from './soak-gateway.js';

export interface ConnectionsRequest {
  readonly idle: number;
  readonly active: number;
  readonly workers: number;
  /** How long the active ones work. */
  readonly seconds: number;
  readonly progress: (line: string) => void;
}

export interface ConnectionsReport {
  readonly before: GatewayMemory;
  readonly withIdle: GatewayMemory;
  /** The most while the active ones worked. */
  readonly peak: GatewayMemory;
  readonly statements: number;
  readonly connectSeconds: number;
  /** Bytes of resident memory for each idle connection. */
  readonly idleBytes: number;
}

const AT_ONCE = 32;
const SETTLE_MS = 5_000;
const READ = Buffer.concat([
  message('P', '\0select name, email from people where id = 7\0\0\0'),
  message('B', '\0\0\0\0\0\0\0\0'),
  message('D', 'P\0'),
  message('E', '\0\0\0\0\0'),
  message('S', ''),
]);

/**
 * Keeps idle connections and works on active ones, all through one gateway, and reads what memory that takes. The server is canned: it gives the
 * results of a real one, which one machine could not give so many connections.
 */
export async function measureConnections(request: ConnectionsRequest): Promise<ConnectionsReport> {
  const { server, login } = await createSoakDatabase();
  try {
    const port = await freePort();
    const url = server.url({ user: login.user, password: login.password, database: login.database });
    const command = [process.execPath, join(import.meta.dirname, 'canned-process.js'), String(port), url] as const;
    const canned = await startProgram({ command: [...command], port });
    try {
      const gateway = await startSoakGateway({ ...login, port }, request.workers);
      try {
        return await measure(gateway, request);
      } finally {
        await gateway.stop();
      }
    } finally {
      await canned.stop();
    }
  } finally {
    await server.stop();
  }
}

async function measure(gateway: SoakGateway, request: ConnectionsRequest): Promise<ConnectionsReport> {
  const { idle, active, seconds, progress } = request;
  const first = await LightClient.connect(gateway.port, gateway.token);
  await first.round(READ);
  await delay(SETTLE_MS);
  const before = gateway.memory();
  const startedAt = performance.now();
  const sleepers = await connectMany(gateway, idle, progress);
  const connectSeconds = (performance.now() - startedAt) / 1_000;
  await delay(SETTLE_MS);
  const withIdle = gateway.memory();
  progress(`${idle} idle: ${mebibytes(withIdle)}`);
  const workers = await connectMany(gateway, active, progress);
  let peak = gateway.memory();
  const watch = setInterval(() => {
    const now = gateway.memory();
    if (now.resident > peak.resident) peak = now;
  }, 1_000);
  const until = performance.now() + seconds * 1_000;
  const counts = await Promise.all(workers.map((client) => work(client, until)));
  clearInterval(watch);
  for (const client of [first, ...sleepers, ...workers]) client.destroy();
  const statements = counts.reduce((sum, count) => sum + count, 0);
  return {
    before,
    withIdle,
    peak,
    statements,
    connectSeconds,
    idleBytes: Math.round((withIdle.resident - before.resident) / Math.max(idle, 1)),
  };
}

async function connectMany(gateway: SoakGateway, count: number, progress: (line: string) => void): Promise<LightClient[]> {
  const clients: LightClient[] = [];
  while (clients.length < count) {
    const some = Math.min(AT_ONCE, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: some }, () => LightClient.connect(gateway.port, gateway.token)))));
    if (clients.length % 2_048 === 0) progress(`${clients.length} connected: ${mebibytes(gateway.memory())}`);
  }
  return clients;
}

async function work(client: LightClient, until: number): Promise<number> {
  let count = 0;
  while (performance.now() < until) {
    await client.round(READ);
    count += 1;
  }
  return count;
}

export function mebibytes({ resident, heapUsed, arrayBuffers }: GatewayMemory): string {
  const shown = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;
  return `${shown(resident)} resident, ${shown(heapUsed)} of heap, ${shown(arrayBuffers)} of buffers`;
}
