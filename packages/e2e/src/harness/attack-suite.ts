import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { errorFieldsOf } from './backend-messages.js';
import { IDENTITIES, type AttackCase, corpusPolicy, loadAttacks } from './corpus-case.js';
import { type CorpusServer, startCorpusServer } from './database.js';
import { CATALOGUE_AGE_MS, type RunningGateway, startGateway } from './gateway.js';
import { LeakOracle } from './leak-oracle.js';
import { observe } from './observation.js';
import { type CaseRun, type Variant, mayChange, runCase, variantsOf } from './run-case.js';
import { GUESSES, SECRETS, WORLD_A, WORLD_B } from './worlds.js';

/** Database and upstream of each view on the corpus: masks that show a part of values, and two worlds under masks that show nothing. */
const PLACES = { crm: 'crm', worlda: 'world_a', worldb: 'world_b' } as const;
type Place = keyof typeof PLACES;

/**
 * Corpus files that change the database in nearly every case, which is made anew after each: they take the longest, and run in test files of their own,
 * beside the rest.
 */
const GROUPS = { code: ['bodies', 'procedural'], changes: ['schema-changes', 'writes'] } as const;
const CHANGING: readonly string[] = Object.values(GROUPS).flat();

/** Runs the attacks of a group of corpus files; `rest`: of every file that is in no other group. */
export function attackSuite(group: keyof typeof GROUPS | 'rest'): void {
  const all = loadAttacks();
  const isOf: (file: string) => boolean = group === 'rest' ? (file) => !CHANGING.includes(file) : (file) => names(group).includes(file);
  attacksThroughTheGateway(
    `attacks through the gateway: ${group}`,
    all.filter(({ file }) => isOf(file)),
  );
  it('is of a corpus worth running', () => {
    expect(all.length).toBeGreaterThanOrEqual(60);
    // A file that was renamed must not leave its group empty.
    expect(CHANGING.filter((name) => !all.some(({ file }) => file === name))).toEqual([]);
  });
}

function names(group: keyof typeof GROUPS): readonly string[] {
  return GROUPS[group];
}

function attacksThroughTheGateway(title: string, attacks: readonly AttackCase[]): void {
  (requireOrSkip(findPostgres(18)) ? describe : describe.skip)(title, () => {
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
      // What the gateway saw before that is then too old for a decision.
      await new Promise((resolve) => void setTimeout(resolve, 2 * CATALOGUE_AGE_MS));
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
    if (known.length === 0) return;
    it.each(known.map((row) => [name(row), row] as const))('is known to get something: %s', async (_, { attack, variant }) => {
      const inA = await run(attack, variant, 'crm');
      const leaks = oracle.findIn(inA.received, inA.messages);
      const [one, other] = [await run(attack, variant, 'worlda'), await run(attack, variant, 'worldb')];
      expect(leaks.length > 0 || JSON.stringify(observe(one)) !== JSON.stringify(observe(other))).toBe(true);
    });
  });
}

function refusals(run: CaseRun): string[] {
  const errors = run.messages.filter(({ type }) => type === 'E').map((message) => errorFieldsOf(message).message);
  return errors.filter((message) => message.startsWith('sqlwarden: '));
}
