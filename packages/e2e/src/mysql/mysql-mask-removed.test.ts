import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireOrSkip } from '@sqlwarden/testkit';
import { parse, stringify } from 'yaml';
import { GUESSES, WORLD_A } from '../harness/worlds.js';
import { loadMysqlAttacks, mayChange, mysqlCorpus } from './mysql-case.js';
import { MYSQL_KINDS, type MysqlCorpusServer, startMysqlCorpusServer } from './mysql-database.js';
import { startMysqlGateway } from './mysql-gateway.js';
import { mysqlLeaks } from './mysql-oracle.js';
import { groupsOf, runMysqlCase } from './mysql-run.js';

interface PolicyFile {
  readonly mask: readonly { readonly label: string }[];
}

/** The corpus of attacks would not be green without the masks: each of them, taken out alone, lets it find what the mask hid. */
describe.each(MYSQL_KINDS)('attacks on $name when a mask is taken out of the policy', (kind) => {
  (requireOrSkip(kind.finding) ? describe : describe.skip)('each', () => {
    const policy = parse(mysqlCorpus('policy', 'masks.yaml')) as PolicyFile;
    const attacks = loadMysqlAttacks().filter(
      (attack) =>
        ['expressions', 'relations'].includes(attack.file) &&
        (attack.on ?? kind.flavour) === kind.flavour &&
        !mayChange(attack) &&
        attack.known === undefined &&
        attack.ways.includes('text'),
    );
    let server: MysqlCorpusServer;

    beforeAll(async () => {
      server = await startMysqlCorpusServer(kind);
      await server.create('crm', WORLD_A);
    }, 60_000);
    afterAll(() => server?.stop());

    /** The first attack that gets something, with the policy as `change` makes it. */
    async function firstLeak(change: (file: PolicyFile) => unknown): Promise<string | undefined> {
      const gateway = await startMysqlGateway({ server, upstreams: { crm: 'crm' }, policies: [stringify(change(policy))] });
      try {
        for (const attack of attacks) {
          const result = await runMysqlCase(attack, 'text', {
            open: (as) => gateway.connect('crm', groupsOf(as)),
            fill: { ...GUESSES, database: 'crm', directory: server.directory },
            trusted: ['owner'],
          });
          if (mysqlLeaks(attack, result).length > 0) return attack.note;
        }
        return undefined;
      } finally {
        await gateway.stop();
      }
    }

    it('finds nothing with all masks', async () => {
      expect(await firstLeak((file) => file)).toBeUndefined();
    });

    it.each(policy.mask.map(({ label }) => [label]))('leaks without the mask of %s', async (label) => {
      expect(await firstLeak((file) => ({ ...file, mask: file.mask.filter((mask) => mask.label !== label) }))).toBeDefined();
    });
  });
});
