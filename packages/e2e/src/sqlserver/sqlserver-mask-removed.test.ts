import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireOrSkip } from '@sqlwarden/testkit';
import { parse, stringify } from 'yaml';
import { WORLD_A } from '../harness/worlds.js';
import { loadSqlserverAttacks, mayChange, sqlserverCorpus } from './sqlserver-case.js';
import { sqlserverLeaks } from './sqlserver-oracle.js';
import type { SqlserverStage } from './sqlserver-stage.js';
import { STAGES } from './sqlserver-stages.js';

interface PolicyFile {
  readonly mask: readonly { readonly label: string }[];
}

/** The corpus of attacks would not be green without the masks: each of them, taken out alone, lets it find what the mask hid. */
describe.each(STAGES)('attacks on $name when a mask is taken out of the policy', (kind) => {
  (requireOrSkip(kind.finding) ? describe : describe.skip)('each', () => {
    const policy = parse(sqlserverCorpus('policy', 'masks.yaml')) as PolicyFile;
    const attacks = loadSqlserverAttacks().filter(
      (attack) =>
        ['expressions', 'relations'].includes(attack.file) &&
        kind.takes(attack) &&
        !mayChange(attack) &&
        attack.known === undefined &&
        attack.ways.includes('batch'),
    );

    let stage: SqlserverStage;

    beforeAll(async () => {
      stage = await kind.start({ worlds: { crm: WORLD_A }, governed: ['crm'], policies: [sqlserverCorpus('policy', 'masks.yaml')] });
    }, 60_000);
    afterAll(() => stage?.stop());

    /** The first attack that gets something, with the policy as `change` makes it. */
    async function firstLeak(change: (file: PolicyFile) => unknown): Promise<string | undefined> {
      await stage.govern([stringify(change(policy))]);
      for (const attack of attacks) if (sqlserverLeaks(attack, await stage.run(attack, 'batch', 'crm')).length > 0) return attack.note;
      return undefined;
    }

    it('finds nothing with all masks', async () => {
      expect(await firstLeak((file) => file)).toBeUndefined();
    });

    it.each(policy.mask.map(({ label }) => [label]))('leaks without the mask of %s', async (label) => {
      expect(await firstLeak((file) => ({ ...file, mask: file.mask.filter((mask) => mask.label !== label) }))).toBeDefined();
    });
  });
});
