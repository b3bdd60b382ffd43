import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { parse, stringify } from 'yaml';
import { IDENTITIES, corpusPolicy, loadAttacks } from './harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { LeakOracle } from './harness/leak-oracle.js';
import { mayChange, runCase } from './harness/run-case.js';
import { GUESSES, SECRETS, WORLD_A } from './harness/worlds.js';

interface PolicyFile {
  readonly mask: readonly { readonly label: string }[];
}

/** The corpus of attacks would not be green without the masks: each of them, taken out alone, lets it find what the mask hid. */
(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('attacks when a mask is taken out of the policy', () => {
  const policy = parse(corpusPolicy('masks')) as PolicyFile;
  const attacks = loadAttacks().filter(
    (attack) => ['rows', 'relations'].includes(attack.file) && !mayChange(attack) && attack.protocols.includes('simple'),
  );
  const oracle = new LeakOracle(SECRETS);
  let server: CorpusServer;

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
  });
  afterAll(() => server?.stop());

  /** The first attack that gets something, with the policy as `change` makes it. */
  async function firstLeak(change: (file: PolicyFile) => unknown): Promise<string | undefined> {
    const gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [stringify(change(policy))] });
    try {
      for (const attack of attacks) {
        const open = (): ReturnType<typeof gateway.connect> => gateway.connect('crm', gateway.token(IDENTITIES.app));
        const { received, messages } = await runCase(
          attack,
          { protocol: 'simple', format: 'text' },
          { open, fill: { ...GUESSES, database: 'crm' } },
        );
        if (oracle.findIn(received, messages).length > 0) return attack.note;
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
