import { setTimeout as delay } from 'node:timers/promises';
import { mebibytes } from './connections.js';
import { type LoadCounts, runMixedLoad } from './mixed-load.js';
import { createSoakDatabase } from './soak-database.js';
import { type SoakGateway, startSoakGateway } from './soak-gateway.js';
import { lastThird, type Sample, type Trend } from './trend.js';

export interface SoakRequest {
  readonly minutes: number;
  readonly statements: number;
  readonly clients: number;
  readonly workers: number;
  readonly progress: (line: string) => void;
}

export interface SoakReport {
  readonly statements: number;
  readonly seconds: number;
  readonly wantedErrors: number;
  readonly unwantedErrors: readonly string[];
  readonly resident: Trend | undefined;
  readonly heap: Trend | undefined;
}

const SAMPLE_MS = 1_000;
const PROGRESS_SAMPLES = 60;

/** Works on a gateway for so long, or so many statements, and reads its memory every second. */
export async function soak(request: SoakRequest): Promise<SoakReport> {
  const { server, login } = await createSoakDatabase();
  try {
    const gateway = await startSoakGateway(login, request.workers);
    try {
      return await soakGateway(gateway, request);
    } finally {
      await gateway.stop();
    }
  } finally {
    await server.stop();
  }
}

async function soakGateway(gateway: SoakGateway, request: SoakRequest): Promise<SoakReport> {
  const counts: LoadCounts = { statements: 0, wanted: 0, unwanted: [] };
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1_000;
  const isOver = (): boolean => seconds() >= request.minutes * 60 || counts.statements >= request.statements;
  const { port, token } = gateway;
  let loaded = false;
  const load = Promise.all(
    Array.from({ length: request.clients }, (_, number) => runMixedLoad({ port, token, isOver, counts, number })),
  ).finally(() => {
    loaded = true;
  });
  const resident: Sample[] = [];
  const heap: Sample[] = [];
  while (!loaded) {
    await delay(SAMPLE_MS);
    const memory = gateway.memory();
    resident.push({ seconds: seconds(), bytes: memory.resident });
    heap.push({ seconds: seconds(), bytes: memory.heapUsed + memory.arrayBuffers });
    if (resident.length % PROGRESS_SAMPLES === 0)
      request.progress(`${counts.statements} statements in ${seconds().toFixed(0)} s, ${mebibytes(memory)}`);
  }
  await load;
  return {
    statements: counts.statements,
    seconds: seconds(),
    wantedErrors: counts.wanted,
    unwantedErrors: counts.unwanted,
    resident: lastThird(resident),
    heap: lastThird(heap),
  };
}
