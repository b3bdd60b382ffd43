import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireOrSkip } from '@sqlwarden/testkit';
import { GUESSES, WORLD_A } from '../harness/worlds.js';
import { loadMysqlLegitimate, mayChange, type MysqlLegitimate, runsOf, type Way } from './mysql-case.js';
import { type Fingerprint, MYSQL_KINDS, type MysqlCorpusServer, startMysqlCorpusServer } from './mysql-database.js';
import { type MysqlGateway, mysqlPolicies, startMysqlGateway } from './mysql-gateway.js';
import { mysqlLeaks } from './mysql-oracle.js';
import { groupsOf, type MysqlRun, runMysqlCase } from './mysql-run.js';
import { tellMysql, unmaskedMysql } from './mysql-reply.js';

/** A database behind the gateway and its twin that is asked directly. */
const DATABASES = ['crm', 'twin'] as const;
type Database = (typeof DATABASES)[number];

describe.each(MYSQL_KINDS)('legitimate statements through the gateway on $name', (kind) => {
  (requireOrSkip(kind.finding) ? describe : describe.skip)('each', () => {
    const cases = loadMysqlLegitimate().filter(({ on }) => on === undefined || on === kind.flavour);
    const fingerprints = new Map<Database, Fingerprint>();
    let server: MysqlCorpusServer;
    let gateway: MysqlGateway;

    beforeAll(async () => {
      server = await startMysqlCorpusServer(kind);
      for (const database of DATABASES) await restore(database);
      gateway = await startMysqlGateway({ server, upstreams: { crm: 'crm' }, policies: mysqlPolicies() });
    }, 60_000);
    afterAll(async () => {
      await gateway?.stop();
      await server?.stop();
    });

    async function restore(database: Database): Promise<void> {
      await server.create(database, WORLD_A);
      fingerprints.set(database, await server.fingerprint(database));
    }

    async function run(one: MysqlLegitimate, way: Way, database: Database): Promise<MysqlRun> {
      const deprecateEof = way === 'prepared';
      const result = await runMysqlCase(one, way, {
        open: (as) => (database === 'crm' ? gateway.connect('crm', groupsOf(as), { deprecateEof }) : server.direct(database, deprecateEof)),
        fill: { ...GUESSES, database, directory: server.directory },
      });
      if (mayChange(one)) await putRight(database);
      return result;
    }

    /** Undoes what a case has changed. */
    async function putRight(database: Database): Promise<void> {
      const [before, now] = [fingerprints.get(database), await server.fingerprint(database)];
      if (before?.schema === now.schema && before.data === now.data) return;
      await restore(database);
      if (database === 'crm' && before?.schema !== now.schema) await gateway.refresh(database);
    }

    it('is a corpus worth running', () => {
      expect(cases.length).toBeGreaterThanOrEqual(100);
    });

    it.each(runsOf(cases))('%s', async (_, one, way) => {
      const direct = await run(one, way, 'twin');
      const failing = direct.replies.flatMap((reply, step) => (reply.some(({ kind: what }) => what === 'error') ? [step] : []));
      // A statement that is wrong everywhere would be equal everywhere.
      expect({ failing, replies: direct.replies }).toMatchObject({ failing: one.fails });
      const governed = await run(one, way, 'crm');
      expect(governed.replies.map((reply, step) => tellMysql(reply, one, step, 'crm'))).toEqual(
        direct.replies.map((reply, step) => tellMysql(reply, one, step, 'twin')),
      );
      for (const [step, reply] of direct.replies.entries())
        expect(unmaskedMysql(governed.replies[step] ?? [], reply, one, step)).toEqual([]);
      if (one.as === 'app') expect(mysqlLeaks(one, governed)).toEqual([]);
    });
  });
});
