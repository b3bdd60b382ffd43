import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import type { World } from './harness/canaries.js';
import { type AttackCase, loadAttacks } from './harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import { LeakOracle } from './harness/leak-oracle.js';
import { observe } from './harness/observation.js';
import { type CaseRun, mayChange, runCase, variantsOf } from './harness/run-case.js';
import { GUESSES, SECRETS, WORLD_A, WORLD_B } from './harness/worlds.js';

/**
 * An attack that gives nothing away by itself proves nothing. Run without a gateway, every one must show pieces of secrets, or tell the two
 * worlds apart.
 */
(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('attacks without a gateway', () => {
  const attacks = loadAttacks();
  const oracle = new LeakOracle(SECRETS);
  let server: CorpusServer;
  const fingerprints = new Map<string, string>();
  const mayHaveChanged = new Set<string>();

  beforeAll(async () => {
    server = await startCorpusServer();
  });
  afterAll(() => server.stop());

  async function run(attack: AttackCase, database: string, world: World): Promise<CaseRun> {
    const isPristine =
      fingerprints.has(database) && (!mayHaveChanged.has(database) || (await server.fingerprint(database)) === fingerprints.get(database));
    if (!isPristine) {
      await server.create(database, world);
      fingerprints.set(database, await server.fingerprint(database));
    }
    if (mayChange(attack)) mayHaveChanged.add(database);
    else mayHaveChanged.delete(database);
    const [variant] = variantsOf(attack);
    const fill = { ...GUESSES, database, password: server.password, port: String(server.server.port) };
    return runCase(attack, variant ?? { protocol: 'simple', format: 'text' }, { open: () => server.direct(database), fill });
  }

  it.each(attacks.map((attack) => [`${attack.file}: ${attack.note}`, attack] as const))('%s', async (_, attack) => {
    const inA = await run(attack, 'direct_a', WORLD_A);
    const leaks = oracle.findIn(inA.received, inA.messages);
    let told = leaks.length > 0;
    if (!told) {
      const inB = await run(attack, 'direct_b', WORLD_B);
      told = JSON.stringify(observe(inA)) !== JSON.stringify(observe(inB));
    }
    if (!told && attack.direct === undefined) throw new Error(`nothing is given away: ${observe(inA).join('\n').slice(0, 2000)}`);
    expect(told || attack.direct !== undefined).toBe(true);
  });
});
