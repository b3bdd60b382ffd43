import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEntries, verifyLedger } from '@sqlwarden/ledger';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { errorFieldsOf } from './harness/backend-messages.js';
import { corpusPolicy } from './harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import { type GatewayProcess, startGatewayProcess } from './harness/gateway-process.js';
import { RawClient } from './harness/raw-client.js';
import { WORLD_A } from './harness/worlds.js';

const MARK = /'(mark \d+)'/g;

/** Files of the gateway may not grow beyond `bytes` from now on (setrlimit(2), RLIMIT_FSIZE): its writes fail as on a full disk. */
function limitFiles(gateway: GatewayProcess, bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(gateway.pid), `--fsize=${bytes}:unlimited`]);
}

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('a ledger that cannot be written', () => {
  let server: CorpusServer;
  let gateway: GatewayProcess;
  let marks = 0;

  beforeAll(async () => {
    server = await startCorpusServer({ parameters: { log_statement: 'all' } });
    await server.create('crm', WORLD_A);
    gateway = await startGatewayProcess({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  const login = (): Promise<RawClient> =>
    RawClient.connect({ port: gateway.site.ports['crm'] ?? 0, user: 'ada', database: 'crm', password: gateway.site.token(['app']) });
  const executed = (): string[] => [...server.server.log().matchAll(MARK)].map(([, mark]) => mark ?? '');
  const read = (): string => `select key, 'mark ${++marks}' from settings`;

  /** What a client got for a statement: the SQLSTATE of its error, `ok`, or nothing when it was only disconnected. */
  async function outcome(client: RawClient, sql: string): Promise<string> {
    const messages = await client.query(sql);
    const error = messages.find(({ type }) => type === 'E');
    return error === undefined ? (messages.at(-1)?.type === 'Z' ? 'ok' : '') : errorFieldsOf(error).code;
  }

  it('lets nothing through that it did not record, tells clients so, and goes on when it can be written again', async () => {
    const [first, second, third] = [await login(), await login(), await login()];
    const known = read();
    expect(await outcome(second, known)).toBe('ok');
    const wal = join(gateway.site.ledgerDirectory, 'wal');
    limitFiles(gateway, Math.max(...readdirSync(wal).map((file) => statSync(join(wal, file)).size)));
    const before = executed().length;
    // Known statements are admitted at once, and found to be unrecorded when everything else was done for them.
    expect(await outcome(first, known)).toBe('58030');
    expect(await outcome(second, known)).toBe('58030');
    expect(await outcome(second, read())).toBe('58030');
    expect(second.closed).toBe(false);
    expect(await outcome(third, `insert into settings (key, value) values ('mark ${++marks}', 'x')`)).toBe('58030');
    expect(await outcome(second, read())).toBe('58030');
    expect(executed()).toHaveLength(before);

    limitFiles(gateway, 'unlimited');
    expect(await outcome(second, read())).toBe('ok');
    expect(await outcome(third, `insert into settings (key, value) values ('mark ${++marks}', 'x')`)).toBe('ok');
    expect(executed()).toHaveLength(before + 2);
    for (const client of [first, second, third]) await client.close();
  });

  it('has every statement that ran, and verifies', async () => {
    const reads = executed().length - 1;
    await gateway.kill();
    await gateway.restart();
    const statuses: string[] = [];
    for await (const { event } of readEntries(gateway.site.ledgerDirectory))
      if (event.type === 'statement.completed') statuses.push(event.status);
    expect(statuses.filter((status) => status === 'ok')).toHaveLength(reads);
    // Of those that were begun and could not be written in time nothing more is claimed.
    for (const status of statuses) expect(['ok', 'cancelled', 'unknown']).toContain(status);
    expect((await verifyLedger(gateway.site.ledgerDirectory)).findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
  });
});
