import { isDeepStrictEqual } from 'node:util';
import { corpusPolicy, IDENTITIES, type LegitimateCase, loadLegitimate } from '../harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from '../harness/database.js';
import { type RunningGateway, startGateway } from '../harness/gateway.js';
import { LeakOracle } from '../harness/leak-oracle.js';
import { tellStep, unmaskedCells } from '../harness/legitimate-reply.js';
import { type CaseRun, mayChange, runCase, type Variant, variantsOf } from '../harness/run-case.js';
import { GUESSES, SECRETS, WORLD_A } from '../harness/worlds.js';
import { generator } from './markers.js';

/** What became of the legitimate statements. */
export interface ControlTotals {
  readonly controls: number;
  readonly runs: number;
  /** Controls that were refused, or answered otherwise than by the server itself but for masks. */
  readonly broken: readonly string[];
}

export interface ControlOptions {
  /** Only that many of them, drawn by `seed`, each in one protocol and format. Default: all, in all. */
  readonly sample?: number;
  readonly seed?: string;
  readonly only?: string | undefined;
}

type Database = 'crm' | 'direct';

/** Sends the controls to the server and, through a gateway that allows everything but what protecting columns forbids, to its twin. */
export async function runControls({ sample, seed = '1', only = '' }: ControlOptions = {}): Promise<ControlTotals> {
  const cases = drawn(loadLegitimate('matrix/controls'), sample, seed).filter(({ file, note }) => `${file}: ${note}`.includes(only));
  const controls = await Controls.start();
  const broken: string[] = [];
  let runs = 0;
  try {
    for (const one of cases) {
      const variants = variantsOf(one);
      for (const variant of sample === undefined ? variants : variants.slice(0, 1)) {
        runs += 1;
        const what = await controls.difference(one, variant);
        if (what !== undefined) broken.push(`${one.file}: ${one.note} (${variant.protocol}, ${variant.format}): ${what}`);
      }
    }
  } finally {
    await controls.stop();
  }
  return { controls: cases.length, runs, broken };
}

function drawn(cases: readonly LegitimateCase[], sample: number | undefined, seed: string): LegitimateCase[] {
  if (sample === undefined) return [...cases];
  const random = generator(`controls ${seed}`);
  const keyed = cases.map((one) => ({ one, key: random(1_000_000) })).sort((a, b) => a.key - b.key);
  return keyed.slice(0, sample).map(({ one }) => one);
}

class Controls {
  readonly #server: CorpusServer;
  readonly #gateway: RunningGateway;
  readonly #oracle = new LeakOracle(SECRETS);
  #pristine = true;

  private constructor(server: CorpusServer, gateway: RunningGateway) {
    this.#server = server;
    this.#gateway = gateway;
  }

  static async start(): Promise<Controls> {
    const server = await startCorpusServer();
    for (const database of ['crm', 'direct']) await server.create(database, WORLD_A);
    return new Controls(server, await startGateway({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] }));
  }

  async stop(): Promise<void> {
    await this.#gateway.stop();
    await this.#server.stop();
  }

  /** The first thing that is not as it should be. */
  async difference(one: LegitimateCase, variant: Variant): Promise<string | undefined> {
    if (!this.#pristine) for (const database of ['crm', 'direct']) await this.#server.create(database, WORLD_A);
    this.#pristine = !mayChange(one);
    const direct = await this.#run(one, variant, 'direct');
    const governed = await this.#run(one, variant, 'crm');
    const failing = direct.replies.flatMap((reply, step) => (reply.some(({ type }) => type === 'E') ? [step] : []));
    // A statement that is wrong everywhere would be equal everywhere.
    if (!isDeepStrictEqual(failing, one.fails)) return `steps ${failing.join(', ')} fail without the gateway: ${errorsOf(direct)}`;
    for (const [step, reply] of direct.replies.entries()) {
      const [plain, told] = [tellStep(reply, one, step), tellStep(governed.replies[step] ?? [], one, step)];
      const at = plain.findIndex((line, index) => line !== told[index]);
      if (at >= 0 || told.length !== plain.length)
        return `step ${step}: ${told[Math.max(at, 0)] ?? 'nothing'} in place of ${plain[Math.max(at, 0)] ?? 'nothing'}`;
      const [shown] = unmaskedCells(governed.replies[step] ?? [], reply, one, step);
      if (shown !== undefined) return `step ${step}: column ${shown} is not masked`;
    }
    const [leak] = one.as === 'app' ? this.#oracle.findIn(governed.received, governed.messages) : [];
    return leak === undefined ? undefined : `shows ${leak.form} ${leak.piece}`;
  }

  #run(one: LegitimateCase, variant: Variant, database: Database): Promise<CaseRun> {
    const corpus = this.#server;
    return runCase(one, variant, {
      open: (as) => (database === 'crm' ? this.#gateway.connect('crm', this.#gateway.token(IDENTITIES[as])) : corpus.direct(database)),
      fill: { ...GUESSES, database, password: corpus.password, port: String(corpus.server.port) },
    });
  }
}

function errorsOf(run: CaseRun): string {
  return run.messages
    .filter(({ type }) => type === 'E')
    .map(({ body }) => body.toString('utf8').replaceAll('\0', ' '))
    .join('; ');
}
