import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { errorFieldsOf } from './harness/backend-messages.js';
import { IDENTITIES, type AttackCase, corpusPolicy, loadAttacks } from './harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import { type RunningGateway, startGateway } from './harness/gateway.js';
import { LeakOracle } from './harness/leak-oracle.js';
import { observe } from './harness/observation.js';
import { type CaseRun, type Variant, mayChange, runCase, variantsOf } from './harness/run-case.js';
import { GUESSES, SECRETS, WORLD_A, WORLD_B } from './harness/worlds.js';

/** Database and upstream of each view on the corpus: masks that show a part of values, and two worlds under masks that show nothing. */
const PLACES = { crm: 'crm', worlda: 'world_a', worldb: 'world_b' } as const;
type Place = keyof typeof PLACES;

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('attacks through the gateway', () => {
  const attacks = loadAttacks();
  const oracle = new LeakOracle(SECRETS);
  const worlds = { crm: WORLD_A, worlda: WORLD_A, worldb: WORLD_B };
  const fingerprints = new Map<Place, string>();
  let server: CorpusServer;
  let gateway: RunningGateway;

  beforeAll(async () => {
    server = await startCorpusServer();
    for (const place of Object.keys(PLACES) as Place[]) await restore(place);
    gateway = await startGateway({ server, upstreams: PLACES, policies: [corpusPolicy('masks'), corpusPolicy('constant')] });
  });
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  async function restore(place: Place): Promise<void> {
    await server.create(PLACES[place], worlds[place]);
    fingerprints.set(place, await server.fingerprint(PLACES[place]));
  }

  async function run(attack: AttackCase, variant: Variant, place: Place): Promise<CaseRun> {
    const database = PLACES[place];
    const result = await runCase(attack, variant, {
      open: (as) => gateway.connect(place, gateway.token(IDENTITIES[as])),
      fill: { ...GUESSES, database, password: server.password, port: String(server.server.port) },
      trusted: ['owner'],
    });
    if (mayChange(attack) && (await server.fingerprint(database)) !== fingerprints.get(place)) await restore(place);
    return result;
  }

  const rows = attacks.flatMap((attack) => variantsOf(attack).map((variant, index) => ({ attack, variant, first: index === 0 })));
  const name = ({ attack, variant }: (typeof rows)[number]): string =>
    `${attack.file}: ${attack.note} (${variant.protocol}, ${variant.format})`;

  it('is a corpus worth running', () => {
    expect(attacks.length).toBeGreaterThanOrEqual(60);
  });

  const defended = rows.filter(({ attack }) => attack.known === undefined);
  it.each(defended.map((row) => [name(row), row] as const))('%s', async (_, { attack, variant, first }) => {
    const inA = await run(attack, variant, 'crm');
    expect(oracle.findIn(inA.received, inA.messages)).toEqual([]);
    if (attack.want === 'refused') expect(refusals(inA)).not.toEqual([]);
    // Formats do not change what a statement tells.
    if (attack.varies || !first) return;
    const [one, other] = [await run(attack, variant, 'worlda'), await run(attack, variant, 'worldb')];
    expect(observe(one)).toEqual(observe(other));
  });

  // When one of these begins to fail, it is defended against: take its `known` away.
  const known = rows.filter(({ attack, first }) => attack.known !== undefined && first);
  it.each(known.map((row) => [name(row), row] as const))('is known to get something: %s', async (_, { attack, variant }) => {
    const inA = await run(attack, variant, 'crm');
    const leaks = oracle.findIn(inA.received, inA.messages);
    const [one, other] = [await run(attack, variant, 'worlda'), await run(attack, variant, 'worldb')];
    expect(leaks.length > 0 || JSON.stringify(observe(one)) !== JSON.stringify(observe(other))).toBe(true);
  });
});

function refusals(run: CaseRun): string[] {
  const errors = run.messages.filter(({ type }) => type === 'E').map((message) => errorFieldsOf(message).message);
  return errors.filter((message) => message.startsWith('sqlwarden: '));
}
