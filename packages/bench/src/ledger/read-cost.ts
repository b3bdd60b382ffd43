import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadOutcome } from '@sqlwarden/core';
import { Ledger } from '@sqlwarden/ledger';

const WARM_UP = 40_000;
const COMMITMENT = { commitment: 'A'.repeat(43) + '=' } as const;
const OUTCOME: ReadOutcome = {
  status: 'ok',
  statements: [{ command: 'SELECT', rowsReturned: 1, rowsAffected: 1 }],
  bytesReturned: 37,
  maskedCells: 0,
  errorCode: undefined,
  suspended: false,
};

/** Microseconds and bytes for each read: its beginning, its end, its share of the writes, the tree and the checkpoints. */
export interface ReadCost {
  /** Of all threads of the process. */
  readonly userUs: number;
  readonly systemUs: number;
  readonly wallUs: number;
  /** How often reads were held back, because too much waited to be signed. */
  readonly held: number;
  readonly bytes: number;
}

/**
 * What a read costs in the ledger alone: point reads with one parameter, `perTurn` of them begun and completed in each turn of the
 * event loop, as that many clients would do. The ledger is made in `directory` and removed.
 */
export async function measureReads(directory: string, perTurn: number, reads: number): Promise<ReadCost> {
  const place = mkdtempSync(join(directory, 'sqlwarden-ledger-cost-'));
  const ledger = await Ledger.open({ directory: place, origin: 'gateway.example/measured', software: 'sqlwarden bench' });
  try {
    const load = new ReadLoad(ledger, perTurn);
    await load.run(WARM_UP);
    await ledger.checkpoint();
    const [bytes, held] = [bytesIn(place), load.held];
    const [cpu, began] = [process.cpuUsage(), performance.now()];
    await load.run(reads);
    await ledger.checkpoint();
    const { user, system } = process.cpuUsage(cpu);
    const wallUs = ((performance.now() - began) * 1000) / reads;
    return { userUs: user / reads, systemUs: system / reads, wallUs, held: load.held - held, bytes: (bytesIn(place) - bytes) / reads };
  } finally {
    await ledger.close();
    rmSync(place, { recursive: true, force: true });
  }
}

/** Clients that read one after another. */
class ReadLoad {
  readonly #ledger: Ledger;
  readonly #sessions: readonly string[];
  readonly #decision: number;
  /** Of the reads that are open; 0: none yet. */
  readonly #tickets: number[];
  #reads = 0;
  held = 0;

  constructor(ledger: Ledger, clients: number) {
    this.#ledger = ledger;
    this.#sessions = Array.from({ length: clients }, (_, client) => login(ledger, `session-${client}`));
    this.#tickets = this.#sessions.map(() => 0);
    this.#decision = decide(ledger);
  }

  async run(reads: number): Promise<void> {
    for (const end = this.#reads + reads; this.#reads < end; ) {
      for (const ticket of this.#tickets) if (ticket !== 0) this.#ledger.complete(ticket, OUTCOME, 412);
      for (const [client, session] of this.#sessions.entries()) this.#tickets[client] = this.#begin(session);
      this.#ledger.flush();
      const ready = this.#ledger.ready();
      if (ready !== undefined) this.held += 1;
      await ready;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #begin(session: string): number {
    this.#reads += 1;
    const value = Buffer.from(String(100_000 + (this.#reads % 100_000)));
    const parameters = [{ typeId: 23, format: 'text', value }] as const;
    return this.#ledger.begin({ session, decision: this.#decision, phase: 'execute', parameters, transaction: this.#reads });
  }
}

function login(ledger: Ledger, session: string): string {
  const subject = { kind: 'person', issuer: 'https://id.example', id: 'u', groups: [], groupsComplete: true } as const;
  const principal = { subject, actors: [], proof: {}, expiresAt: 0 };
  const where = { upstream: 'u', dialect: 'postgres', database: 'd', enforcement: 'gateway', client: '127.0.0.1:1', asserted: {} } as const;
  ledger.append({ type: 'session.opened', session, principal, ...where }, []);
  return session;
}

function decide(ledger: Ledger): number {
  return ledger.append(
    {
      type: 'statement.decided',
      upstream: 'u',
      database: 'd',
      environment: 'e',
      enforcement: 'gateway',
      text: COMMITMENT,
      fingerprint: 'f'.repeat(64),
      facts: [],
      labels: [],
      rules: ['default'],
      policy: 'p'.repeat(64),
      catalogue: 1,
      elevated: false,
      masks: [],
      verdict: 'allow',
    },
    [],
  );
}

function bytesIn(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true) return found?.size ?? 0;
  return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0);
}
