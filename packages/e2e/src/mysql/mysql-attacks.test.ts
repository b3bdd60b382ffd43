import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireOrSkip } from '@sqlwarden/testkit';
import { GUESSES, WORLD_A, WORLD_B } from '../harness/worlds.js';
import { loadMysqlAttacks, mayChange, type MysqlAttack, runsOf, type Way } from './mysql-case.js';
import { type Fingerprint, MYSQL_KINDS, type MysqlCorpusServer, startMysqlCorpusServer } from './mysql-database.js';
import { type MysqlGateway, mysqlPolicies, startMysqlGateway } from './mysql-gateway.js';
import { mysqlLeaks } from './mysql-oracle.js';
import { groupsOf, type MysqlRun, observeMysql, refusalsOf, runMysqlCase } from './mysql-run.js';

/** Database and upstream of each view on the corpus: masks that show a part of values, and two worlds under masks that show nothing. */
const PLACES = { crm: 'crm', worlda: 'world_a', worldb: 'world_b' } as const;
type Place = keyof typeof PLACES;

describe.each(MYSQL_KINDS)('attacks through the gateway on $name', (kind) => {
  (requireOrSkip(kind.finding) ? describe : describe.skip)('each', () => {
    const attacks = loadMysqlAttacks().filter(({ on }) => on === undefined || on === kind.flavour);
    const worlds = { crm: WORLD_A, worlda: WORLD_A, worldb: WORLD_B };
    const fingerprints = new Map<Place, Fingerprint>();
    let server: MysqlCorpusServer;
    let gateway: MysqlGateway;

    beforeAll(async () => {
      server = await startMysqlCorpusServer(kind);
      for (const place of Object.keys(PLACES) as Place[]) await restore(place);
      gateway = await startMysqlGateway({ server, upstreams: PLACES, policies: mysqlPolicies() });
    }, 60_000);
    afterAll(async () => {
      await gateway?.stop();
      await server?.stop();
    });

    async function restore(place: Place): Promise<void> {
      await server.create(PLACES[place], worlds[place]);
      fingerprints.set(place, await server.fingerprint(PLACES[place]));
    }

    async function run(attack: MysqlAttack, way: Way, place: Place): Promise<MysqlRun> {
      const result = await runMysqlCase(attack, way, {
        open: (as) => gateway.connect(place, groupsOf(as), { deprecateEof: way === 'prepared' }),
        fill: { ...GUESSES, database: PLACES[place], directory: server.directory },
        trusted: ['owner'],
      });
      if (mayChange(attack)) await putRight(place);
      return result;
    }

    /** Undoes what a case has changed. */
    async function putRight(place: Place): Promise<void> {
      const [before, now] = [fingerprints.get(place), await server.fingerprint(PLACES[place])];
      if (before?.schema === now.schema && before.data === now.data) return;
      await restore(place);
      if (before?.schema !== now.schema) await gateway.refresh(place);
    }

    it('is a corpus worth running', () => {
      expect(attacks.length).toBeGreaterThanOrEqual(120);
    });

    const runs = runsOf(attacks);
    it.each(runs.filter(([, attack]) => attack.known === undefined))('%s', async (_, attack, way) => {
      const inA = await run(attack, way, 'crm');
      expect(mysqlLeaks(attack, inA)).toEqual([]);
      if (attack.want === 'refused') expect(refusalsOf(inA)).not.toEqual([]);
      // The way does not change what a statement tells.
      if (attack.varies || way !== attack.ways[0]) return;
      const [one, other] = [await run(attack, way, 'worlda'), await run(attack, way, 'worldb')];
      expect(observeMysql(one, 'world_a')).toEqual(observeMysql(other, 'world_b'));
    });

    // When one of these begins to fail, it is defended against: take its `known` away.
    it.each(runs.filter(([, attack, way]) => attack.known !== undefined && way === attack.ways[0]))(
      'is known to get something: %s',
      async (_, attack, way) => {
        const inA = await run(attack, way, 'crm');
        const [one, other] = [await run(attack, way, 'worlda'), await run(attack, way, 'worldb')];
        const differs = JSON.stringify(observeMysql(one, 'world_a')) !== JSON.stringify(observeMysql(other, 'world_b'));
        expect(differs || mysqlLeaks(attack, inA).length > 0).toBe(true);
      },
    );
  });
});
