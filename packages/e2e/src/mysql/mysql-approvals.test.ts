import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { verifyLedger, why } from '@sqlwarden/ledger';
import { createAdminClient, type RequestSummary } from '@sqlwarden/runtime';
import { requireOrSkip, until } from '@sqlwarden/testkit';
import { WORLD_A } from '../harness/worlds.js';
import { MYSQL_KINDS, type MysqlCorpusServer, startMysqlCorpusServer } from './mysql-database.js';
import { type MysqlGateway, startMysqlGateway } from './mysql-gateway.js';

const POLICY = `
version: 1
default: deny
rules:
  - { id: all, match: { subject: { groups: [app] }, class: [read, write, session, transaction] }, then: allow }
  - { id: agent-schema-change, match: { class: schema, actor: { kind: agent } }, then: { approve: { groups: [dba], within: 10m } } }
`;
const AGENT = { actors: [{ kind: 'agent', id: 'feature-bot', groups: ['app'] }] } as const;

/** The change of a schema by an agent at night, and the audit that follows: who approved it, what it did, and the proof. */
describe.each(MYSQL_KINDS)('the schema change of an agent on $name', (kind) => {
  (requireOrSkip(kind.finding) ? describe : describe.skip)('through the gateway', () => {
    let server: MysqlCorpusServer;
    let gateway: MysqlGateway;

    beforeAll(async () => {
      server = await startMysqlCorpusServer(kind);
      await server.create('crm', WORLD_A);
      gateway = await startMysqlGateway({ server, upstreams: { crm: 'crm' }, policies: [POLICY] });
    }, 60_000);
    afterAll(async () => {
      await gateway?.stop();
      await server?.stop();
    });

    const columns = async (): Promise<unknown[]> =>
      (
        await server.admin(
          "select column_name as name from information_schema.columns where table_schema = 'crm' and table_name = 'settings'",
        )
      ).map((row) => row['name']);
    const held = async (): Promise<RequestSummary> => {
      const admin = createAdminClient({ socket: gateway.adminSocket });
      await until(async () => (await admin.pending()).length > 0);
      const [request] = await admin.pending();
      if (request === undefined) throw new Error('nothing is held');
      return request;
    };
    const decide = async (decision: 'approve' | 'reject', by: string, groups: readonly string[]): Promise<void> => {
      const { id, digest } = await held();
      await createAdminClient({ socket: gateway.adminSocket }).decide(id, { decision, digest }, gateway.token(groups, { id: by }));
    };

    it('waits for somebody else, runs once when approved, and the ledger says all of it', async () => {
      const client = await gateway.connect('crm', ['app'], AGENT);
      const refused = client.query('alter table settings add column score int');
      // A failure here must not be one that nobody waits for.
      refused.catch(() => undefined);
      await held();
      expect(await columns()).not.toContain('score');
      await expect(decide('approve', 'ada', ['dba'])).rejects.toMatchObject({ code: 'approver-is-requester' });
      await expect(decide('approve', 'eve', ['sales'])).rejects.toMatchObject({ code: 'approver-not-in-group' });
      await decide('reject', 'dana', ['dba']);
      expect(await refused).toMatchObject([{ kind: 'error', message: expect.stringContaining('approval-rejected') }]);

      const running = client.query('alter table settings add column score int');
      running.catch(() => undefined);
      await decide('approve', 'dana', ['dba']);
      expect(await running).toMatchObject([{ kind: 'ok' }]);
      expect(await columns()).toContain('score');
      await client.query("insert into settings (name, value, score) values ('x', 'y', 1)");
      await client.close();
      await gateway.sidecar.stop(0);

      const change = await why(gateway.ledgerDirectory, { about: 'change', name: 'crm.settings' });
      expect(change.changes).toMatchObject([
        {
          approval: {
            end: 'used',
            requester: { subject: { id: 'ada' }, actors: [{ kind: 'agent', id: 'feature-bot' }] },
            decisions: [{ decision: 'approve', approver: { subject: { id: 'dana' } } }],
          },
        },
      ]);
      expect((await why(gateway.ledgerDirectory, { about: 'column', name: 'crm.settings.score' })).totals.changes).toBeGreaterThan(0);
      expect((await verifyLedger(gateway.ledgerDirectory)).exitCode).toBe(0);
    });
  });
});
