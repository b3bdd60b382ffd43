import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type LedgerEntry, readEntries, verifyLedger } from '@sqlwarden/ledger';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { corpusPolicy } from './harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import * as frontend from './harness/frontend-messages.js';
import { type GatewayProcess, startGatewayProcess } from './harness/gateway-process.js';
import { RawClient } from './harness/raw-client.js';
import { WORLD_A } from './harness/worlds.js';

const WORKERS = 6;
const ROUNDS = 3;

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('kill -9 of the gateway under load', () => {
  let server: CorpusServer;
  let gateway: GatewayProcess;
  const entries: LedgerEntry[] = [];
  let written: string[] = [];
  let acknowledged: string[] = [];

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
    gateway = await startGatewayProcess({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
    for (let round = 0; round < ROUNDS; round += 1) {
      const clients = await Promise.all(Array.from({ length: WORKERS }, login));
      const load = clients.map((client, worker) => work(client, `r${round}w${worker}n`, worker % 3));
      await delay(700 + round * 133);
      await gateway.kill();
      acknowledged = [...acknowledged, ...(await Promise.all(load)).flat()];
      await gateway.restart();
    }
    // The server finishes what it had received before the gateway went.
    await delay(500);
    const rows = await server.admin<{ key: string }>('crm', "select key from settings where key like 'r%n%'");
    written = rows.map(({ key }) => key);
    for await (const entry of readEntries(gateway.site.ledgerDirectory)) entries.push(entry);
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  const login = (): Promise<RawClient> =>
    RawClient.connect({ port: gateway.site.ports['crm'] ?? 0, user: 'ada', database: 'crm', password: gateway.site.token(['app']) });

  /** Writes numbers one after another, as Query messages, one by one in the extended protocol, or in pipelines, until the gateway is gone. */
  async function work(client: RawClient, prefix: string, kind: number): Promise<string[]> {
    const done: string[] = [];
    for (let number = 0; !client.closed; number += 1) {
      const keys = kind === 2 ? [0, 1, 2, 3].map((part) => `${prefix}${number}p${part}`) : [`${prefix}${number}`];
      if (kind === 0) client.send(frontend.query(`insert into settings (key, value) values ('${keys[0] ?? ''}', 'x')`));
      else client.send(...keys.flatMap(insertion), frontend.sync());
      const reply = await client.untilReady();
      if (reply.at(-1)?.type === 'Z' && !reply.some(({ type }) => type === 'E')) done.push(...keys);
    }
    return done;
  }

  it('the load was real, and the clients were told of what was written', () => {
    expect(acknowledged.length).toBeGreaterThan(WORKERS * ROUNDS * 3);
    expect(acknowledged.filter((key) => !written.includes(key))).toEqual([]);
  });

  it('whatever the server has executed has an intent in the ledger', () => {
    const known = new Set(entries.filter(({ event }) => event.type === 'statement.intent').flatMap(keysOf));
    expect(written.filter((key) => !known.has(key))).toEqual([]);
  });

  it('the same log went on after each start', () => {
    const opened = entries.flatMap(({ event }) => (event.type === 'log.opened' ? [event] : []));
    expect(opened.map(({ recovered }) => recovered)).toEqual([false, ...Array.from({ length: ROUNDS }, () => true)]);
    expect(new Set(opened.map(({ origin }) => origin)).size).toBe(1);
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index));
    for (const { seq, previous } of opened.slice(1)) expect(previous.size).toBe(seq);
  });

  it('the ledger verifies while the gateway runs and after it has stopped', async () => {
    const running = await verifyLedger(gateway.site.ledgerDirectory);
    expect(running.findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
    expect(running.exitCode).toBe(0);
  });
});

function insertion(key: string): Buffer[] {
  return [frontend.parse('insert into settings (key, value) values ($1, $2)'), frontend.bind({ values: [key, 'y'] }), frontend.execute()];
}

/** The numbers that an intent's text and parameters name. */
function keysOf({ disclosures }: LedgerEntry): string[] {
  return disclosures.flatMap(({ value }) => {
    const text = value.startsWith('base64:') ? Buffer.from(value.slice(7), 'base64').toString('utf8') : value;
    return text.match(/r\d+w\d+n\d+(?:p\d+)?/g) ?? [];
  });
}
