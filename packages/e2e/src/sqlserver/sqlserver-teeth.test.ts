import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireOrSkip } from '@sqlwarden/testkit';
import { WORLD_A, WORLD_B } from '../harness/worlds.js';
import { loadSqlserverAttacks } from './sqlserver-case.js';
import { sqlserverLeaks } from './sqlserver-oracle.js';
import { observeSqlserver } from './sqlserver-run.js';
import type { SqlserverStage } from './sqlserver-stage.js';
import { STAGES } from './sqlserver-stages.js';

/**
 * An attack that gives nothing away by itself proves nothing. Run without a gateway, every one must show pieces of secrets, or tell the two
 * worlds apart.
 */
describe.each(STAGES)('attacks without a gateway on $name', (kind) => {
  (requireOrSkip(kind.finding) ? describe : describe.skip)('each', () => {
    const attacks = loadSqlserverAttacks().filter((attack) => kind.takes(attack));
    let stage: SqlserverStage;

    beforeAll(async () => {
      stage = await kind.start({ worlds: { directa: WORLD_A, directb: WORLD_B }, governed: [], policies: [] });
    }, 60_000);
    afterAll(() => stage?.stop());

    it.each(attacks.map((attack) => [`${attack.file}: ${attack.note}`, attack] as const))('%s', async (_, attack) => {
      const [way = 'batch'] = attack.ways.filter((one) => kind.ways.includes(one));
      const inA = await stage.run(attack, way, 'directa');
      const leaks = sqlserverLeaks(attack, inA);
      if (leaks.length > 0 || attack.direct !== undefined) return;
      const [one, other] = [observeSqlserver(inA, 'directa'), observeSqlserver(await stage.run(attack, way, 'directb'), 'directb')];
      if (JSON.stringify(one) === JSON.stringify(other)) throw new Error(`nothing is given away: ${one.join('\n').slice(0, 2000)}`);
      expect(one).not.toEqual(other);
    });
  });
});
