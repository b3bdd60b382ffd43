import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEntries, verifyLedger } from '@sqlwarden/ledger';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { cellsOf, errorFieldsOf } from '../harness/backend-messages.js';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from '../harness/database.js';
import * as frontend from '../harness/frontend-messages.js';
import { type RunningGateway, startGateway } from '../harness/gateway.js';
import type { RawClient } from '../harness/raw-client.js';
import { WORLD_A } from '../harness/worlds.js';

const CANARY = 'canary-7f3a91';
/** Each protects the column by a label that the other one does not know: what is decided by half of each shows the value. */
const policyOf = (label: string, text: string): string => `
version: 1
default: deny
classify: [{ label: ${label}, columns: [crm.public.kept.secret] }]
mask: [{ label: ${label}, with: { redact: { text: ${text} } }, predicates: allow }]
rules: [{ id: all, match: { subject: { groups: [app] }, class: [read, write] }, then: allow }]
`;
const POLICIES = { one: policyOf('pii.one', 'one'), two: policyOf('pii.two', 'two') } as const;
const RELOADS = 20;
const LONG = Array.from({ length: 4_000 }, (_, at) => at + 1).join(', ');

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('policies that are loaded while statements run', () => {
  let server: CorpusServer;
  let gateway: RunningGateway;
  const clients: RawClient[] = [];

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
    await server.admin(
      'crm',
      `create table kept (id int, secret text); insert into kept select n, '${CANARY}' from generate_series(1, 20) n`,
    );
    await server.admin('crm', `grant select on kept to ${GATEWAY_ROLE}`);
    gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [POLICIES.one] });
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    const { ledgerDirectory } = gateway;
    await gateway.sidecar.stop(0);
    expect((await verifyLedger(ledgerDirectory)).exitCode).toBe(0);
    gateway.remove();
    await server.stop();
  });

  const connect = async (): Promise<RawClient> => {
    const client = await gateway.connect('crm', gateway.token(['app']));
    clients.push(client);
    return client;
  };
  async function load(which: keyof typeof POLICIES): Promise<void> {
    writeFileSync(join(gateway.directory, 'policy', '0.yaml'), POLICIES[which]);
    await gateway.sidecar.reload();
  }
  const said = (messages: Awaited<ReturnType<RawClient['query']>>): string[] =>
    messages.flatMap((message) => {
      if (message.type === 'D') return cellsOf(message).map(String);
      return message.type === 'E'
        ? [/code: ([a-z-]+)/.exec(errorFieldsOf(message).all['D'] ?? '')?.[1] ?? errorFieldsOf(message).message]
        : [];
    });

  it('are never mixed: every value is masked by one of them, and by the new one from the reload on', async () => {
    let isOver = false;
    let count = 0;
    const seen = new Set<string>();
    const busy = await Promise.all(
      [1, 2, 3, 4].map(async (at) => {
        const client = await connect();
        return async (): Promise<void> => {
          for (let n = 0; !isOver; n++) {
            // Half of the texts are new and take long to parse, so that policies change while they are decided.
            const sql = `select secret from kept where id = ${at}${n % 2 === 0 ? ` and -${n} not in (${LONG})` : ''}`;
            for (const value of said(n % 3 === 0 ? await client.extended(sql) : await client.query(sql))) seen.add(value);
            count += 1;
          }
        };
      }),
    );
    const done = Promise.all(busy.map((run) => run()));
    const next = await connect();
    for (let n = 0; n < RELOADS; n++) {
      const which = n % 2 === 0 ? 'two' : 'one';
      await load(which);
      expect(said(await next.query('select secret from kept where id = 7'))).toEqual([which]);
    }
    isOver = true;
    await done;
    expect(count).toBeGreaterThan(RELOADS);
    // A statement between whose Parse and Execute they change has to be prepared again.
    for (const value of seen) expect(['one', 'two', 'plan-outdated']).toContain(value);
    expect([...seen]).toEqual(expect.arrayContaining(['one', 'two']));
    for (const client of clients) expect(client.received.includes(CANARY)).toBe(false);
    // What half of each has decided is masked by the server's word on where a column comes from, and told of.
    const findings = [];
    for await (const { event } of readEntries(gateway.ledgerDirectory)) if (event.type === 'security.finding') findings.push(event.kind);
    expect(findings).toEqual([]);
  }, 30_000);

  it('hold for what was prepared, bound or declared before', async () => {
    await load('one');
    const [portal, cursor] = [await connect(), await connect()];
    for (const client of [portal, cursor]) await client.query('begin');
    const run = frontend.bind({ portal: 'p', statement: 'kept' });
    portal.send(frontend.parse('select secret from kept', 'kept'), run, frontend.execute('p', 2), frontend.sync());
    expect(said(await portal.untilReady())).toEqual(['one', 'one']);
    await cursor.query('declare c cursor for select secret from kept');
    expect(said(await cursor.query('fetch 2 from c'))).toEqual(['one', 'one']);
    await load('two');
    expect(said(await cursor.query('fetch 2 from c'))).toEqual(['two', 'two']);
    portal.send(frontend.execute('p', 2), frontend.sync());
    // Its masks stay with a portal, and others belong to it now.
    expect(said(await portal.untilReady())).toEqual(['plan-outdated']);
    for (const client of [portal, cursor]) expect(client.received.includes(CANARY)).toBe(false);
  });
});
