import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireOrSkip } from '@sqlwarden/testkit';
import type { World } from '../harness/canaries.js';
import { GUESSES, WORLD_A, WORLD_B } from '../harness/worlds.js';
import { loadMysqlAttacks, mayChange, type MysqlAttack } from './mysql-case.js';
import { MYSQL_KINDS, type MysqlCorpusServer, startMysqlCorpusServer } from './mysql-database.js';
import { mysqlLeaks } from './mysql-oracle.js';
import { type MysqlRun, observeMysql, runMysqlCase } from './mysql-run.js';

/**
 * An attack that gives nothing away by itself proves nothing. Run without a gateway, every one must show pieces of secrets, or tell the two
 * worlds apart.
 */
describe.each(MYSQL_KINDS)('attacks without a gateway on $name', (kind) => {
  (requireOrSkip(kind.finding) ? describe : describe.skip)('each', () => {
    const attacks = loadMysqlAttacks().filter(({ on }) => on === undefined || on === kind.flavour);
    let server: MysqlCorpusServer;
    const pristine = new Map<string, string>();

    beforeAll(async () => {
      server = await startMysqlCorpusServer(kind);
      await restore('direct_a', WORLD_A);
      await restore('direct_b', WORLD_B);
    }, 60_000);
    afterAll(() => server?.stop());

    async function run(attack: MysqlAttack, database: string, world: World): Promise<MysqlRun> {
      const fill = { ...GUESSES, database, directory: server.directory };
      const [way = 'text'] = attack.ways;
      const result = await runMysqlCase(attack, way, { open: () => server.direct(database, way === 'prepared'), fill });
      if (mayChange(attack) && (await fingerprint(database)) !== pristine.get(database)) await restore(database, world);
      return result;
    }

    async function restore(database: string, world: World): Promise<void> {
      await server.create(database, world);
      pristine.set(database, await fingerprint(database));
    }

    async function fingerprint(database: string): Promise<string> {
      return JSON.stringify(await server.fingerprint(database));
    }

    it.each(attacks.map((attack) => [`${attack.file}: ${attack.note}`, attack] as const))('%s', async (_, attack) => {
      const inA = await run(attack, 'direct_a', WORLD_A);
      const leaks = mysqlLeaks(attack, inA);
      if (leaks.length > 0 || attack.direct !== undefined) return;
      const [one, other] = [observeMysql(inA, 'direct_a'), observeMysql(await run(attack, 'direct_b', WORLD_B), 'direct_b')];
      if (JSON.stringify(one) === JSON.stringify(other)) throw new Error(`nothing is given away: ${one.join('\n').slice(0, 2000)}`);
      expect(one).not.toEqual(other);
    });
  });
});
