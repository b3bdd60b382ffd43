import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireOrSkip } from '@sqlwarden/testkit';
import { WORLD_A, WORLD_B } from '../harness/worlds.js';
import { loadSqlserverAttacks, runsOf } from './sqlserver-case.js';
import { sqlserverPolicies } from './sqlserver-gateway.js';
import { sqlserverLeaks } from './sqlserver-oracle.js';
import { observeSqlserver, refusalsOf } from './sqlserver-run.js';
import type { SqlserverStage } from './sqlserver-stage.js';
import { STAGES } from './sqlserver-stages.js';

describe.each(STAGES)('attacks through the gateway on $name', (kind) => {
  (requireOrSkip(kind.finding) ? describe : describe.skip)('each', () => {
    const attacks = loadSqlserverAttacks().filter((attack) => kind.takes(attack));
    let stage: SqlserverStage;

    beforeAll(async () => {
      // Masks that show a part of values, and two worlds under masks that show nothing.
      const worlds = { crm: WORLD_A, worlda: WORLD_A, worldb: WORLD_B };
      stage = await kind.start({ worlds, governed: Object.keys(worlds), policies: sqlserverPolicies() });
    }, 60_000);
    afterAll(() => stage?.stop());

    it('is a corpus worth running', () => {
      expect(loadSqlserverAttacks().length).toBeGreaterThanOrEqual(110);
    });

    const runs = runsOf(attacks, kind.ways);
    it.each(runs.filter(([, attack]) => attack.known === undefined))('%s', async (_, attack, way) => {
      const inA = await stage.run(attack, way, 'crm');
      expect(sqlserverLeaks(attack, inA)).toEqual([]);
      if (attack.want === 'refused') expect(refusalsOf(inA)).not.toEqual([]);
      // The way does not change what a statement tells.
      if (attack.varies || way !== attack.ways[0]) return;
      const [one, other] = [await stage.run(attack, way, 'worlda'), await stage.run(attack, way, 'worldb')];
      expect(observeSqlserver(one, 'worlda')).toEqual(observeSqlserver(other, 'worldb'));
    });

    // When one of these begins to fail, it is defended against: take its `known` away.
    const known = runs.filter(([, attack, way]) => attack.known !== undefined && way === attack.ways[0]);
    for (const [name, attack, way] of known)
      it(`is known to get something: ${name}`, async () => {
        const inA = await stage.run(attack, way, 'crm');
        const [one, other] = [await stage.run(attack, way, 'worlda'), await stage.run(attack, way, 'worldb')];
        const differs = JSON.stringify(observeSqlserver(one, 'worlda')) !== JSON.stringify(observeSqlserver(other, 'worldb'));
        expect(differs || sqlserverLeaks(attack, inA).length > 0).toBe(true);
      });
  });
});
