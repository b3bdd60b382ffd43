import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { IDENTITIES, type LegitimateCase, corpusPolicy, loadLegitimate } from './harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import { CATALOGUE_AGE_MS, type RunningGateway, startGateway } from './harness/gateway.js';
import { tellStep, unmaskedCells } from './harness/legitimate-reply.js';
import { LeakOracle } from './harness/leak-oracle.js';
import { type CaseRun, type Variant, mayChange, runCase, variantsOf } from './harness/run-case.js';
import { GUESSES, SECRETS, WORLD_A } from './harness/worlds.js';

/** A database behind the gateway and its twin that is asked directly. */
const DATABASES = ['crm', 'direct'] as const;
type Database = (typeof DATABASES)[number];

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('legitimate statements through the gateway', () => {
  const cases = loadLegitimate();
  const oracle = new LeakOracle(SECRETS);
  let server: CorpusServer;
  let gateway: RunningGateway;
  const fingerprints = new Map<Database, string>();
  let mayHaveChanged = false;

  beforeAll(async () => {
    server = await startCorpusServer();
    await Promise.all(DATABASES.map(restore));
    gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
  });
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  async function restore(database: Database): Promise<void> {
    await server.create(database, WORLD_A);
    // What the gateway saw before that is then too old for a decision.
    await new Promise((resolve) => void setTimeout(resolve, 2 * CATALOGUE_AGE_MS));
    fingerprints.set(database, await server.fingerprint(database));
  }

  /** Undoes what a case has changed. */
  async function putRight(database: Database): Promise<void> {
    if ((await server.fingerprint(database)) !== fingerprints.get(database)) await restore(database);
  }

  function run(one: LegitimateCase, variant: Variant, database: Database): Promise<CaseRun> {
    return runCase(one, variant, {
      open: (as) => (database === 'crm' ? gateway.connect('crm', gateway.token(IDENTITIES[as])) : server.direct(database)),
      fill: { ...GUESSES, database, password: server.password, port: String(server.server.port) },
    });
  }

  const rows = cases.flatMap((one) => variantsOf(one).map((variant) => ({ one, variant })));
  const name = ({ one, variant }: (typeof rows)[number]): string => `${one.file}: ${one.note} (${variant.protocol}, ${variant.format})`;

  it('is a corpus worth running', () => {
    expect(cases.length).toBeGreaterThanOrEqual(40);
  });

  it.each(rows.map((row) => [name(row), row] as const))('%s', async (_, { one, variant }) => {
    // Where a case failed, too.
    if (mayHaveChanged) await Promise.all(DATABASES.map(putRight));
    mayHaveChanged = mayChange(one);
    const direct = await run(one, variant, 'direct');
    const governed = await run(one, variant, 'crm');
    const failing = direct.replies.flatMap((reply, step) => (reply.some(({ type }) => type === 'E') ? [step] : []));
    // A statement that is wrong everywhere would be equal everywhere.
    expect(failing).toEqual(one.fails);
    expect(governed.replies.length).toBe(direct.replies.length);
    for (const [step, reply] of direct.replies.entries()) {
      const plain = tellStep(reply, one, step);
      expect(tellStep(governed.replies[step] ?? [], one, step)).toEqual(plain);
      expect(unmaskedCells(governed.replies[step] ?? [], reply, one, step)).toEqual([]);
    }
    if (one.as === 'app') expect(oracle.findIn(governed.received, governed.messages)).toEqual([]);
  });
});
