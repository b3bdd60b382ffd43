import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireOrSkip } from '@sqlwarden/testkit';
import { WORLD_A } from '../harness/worlds.js';
import { loadSqlserverLegitimate, runsOf } from './sqlserver-case.js';
import { sqlserverPolicies } from './sqlserver-gateway.js';
import { sqlserverLeaks } from './sqlserver-oracle.js';
import { tellSqlserver, unmaskedSqlserver, withheldAlike } from './sqlserver-reply.js';
import type { SqlserverStage } from './sqlserver-stage.js';
import { STAGES } from './sqlserver-stages.js';

describe.each(STAGES)('legitimate statements through the gateway on $name', (kind) => {
  (requireOrSkip(kind.finding) ? describe : describe.skip)('each', () => {
    const cases = loadSqlserverLegitimate().filter((one) => kind.takes(one));
    let stage: SqlserverStage;

    beforeAll(async () => {
      // A database behind the gateway and its twin that is asked directly.
      stage = await kind.start({ worlds: { crm: WORLD_A, twin: WORLD_A }, governed: ['crm'], policies: sqlserverPolicies() });
    }, 60_000);
    afterAll(() => stage?.stop());

    it('is a corpus worth running', () => {
      expect(loadSqlserverLegitimate().length).toBeGreaterThanOrEqual(80);
    });

    it.each(runsOf(cases, kind.ways))('%s', async (_, one, way) => {
      const direct = await stage.run(one, way, 'twin');
      const failing = direct.replies.flatMap((reply, step) => (reply.some(({ kind: what }) => what === 'error') ? [step] : []));
      // A statement that is wrong everywhere would be equal everywhere. Some servers cannot do in every way what they can in one.
      if (way === one.ways[0]) expect({ failing, replies: direct.replies }).toMatchObject({ failing: one.fails });
      const governed = await stage.run(one, way, 'crm');
      const told = governed.replies.map((reply, step) => tellSqlserver(reply, one, step, 'crm'));
      const toldDirectly = direct.replies.map((reply, step) => tellSqlserver(reply, one, step, 'twin'));
      expect(told).toEqual(toldDirectly.map((lines, step) => withheldAlike(lines, told[step] ?? [])));
      for (const [step, reply] of direct.replies.entries())
        expect(unmaskedSqlserver(governed.replies[step] ?? [], reply, one, step)).toEqual([]);
      if (one.as === 'app') expect(sqlserverLeaks(one, governed)).toEqual([]);
    });
  });
});
