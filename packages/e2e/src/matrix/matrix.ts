import { type BackendMessage, errorFieldsOf } from '../harness/backend-messages.js';
import { CanaryOracle } from './canary-oracle.js';
import type { WorldName } from './markers.js';
import { stepsOf } from './modes.js';
import type { Run } from './plan.js';
import { Lane } from './run-form.js';
import type { MaskName, MatrixSite } from './site.js';
import { type Subject, valuesOf } from './subjects.js';
import { firstDifference, tell } from './two-worlds.js';

/** Something protected that a client was told. */
export interface MatrixLeak {
  readonly run: Run;
  readonly oracle: 'canary' | 'two worlds';
  readonly what: string;
}

/** What became of a run: the gateway refused, the server itself did, or rows or other answers came. */
export type Answer = 'refused' | 'failed' | 'answered';

export interface Judged {
  readonly run: Run;
  readonly answer: Answer;
  readonly leaks: readonly MatrixLeak[];
  /** Worlds were answered differently once, and alike on new connections. */
  readonly unsteady: boolean;
  readonly messages: readonly BackendMessage[];
}

/** Under masks that give a value another one, pieces of four characters come by chance. */
const KEYED_PIECE = 8;

/** Runs forms through a gateway and around it, and says what they were told. */
export class Matrix {
  readonly #site: MatrixSite;
  readonly #lanes = new Map<string, Lane>();
  readonly #oracles = new Map<string, CanaryOracle>();
  readonly #teeth = new Map<string, boolean>();

  constructor(site: MatrixSite) {
    this.#site = site;
  }

  /** A difference between worlds counts only when it is still there on new connections and without the dead rows of the runs before, which were not the same. */
  async judge(run: Run): Promise<Judged> {
    const judged = await this.#judge(run);
    if (!judged.leaks.some(({ oracle }) => oracle === 'two worlds')) return judged;
    for (const world of ['a', run.other] as const) {
      await this.#lanes.get(laneOf(run.mask, world))?.close();
      await this.#site.settle(world);
    }
    const again = await this.#judge(run);
    const first = judged.leaks.filter(({ oracle }) => oracle === 'canary');
    return { ...again, leaks: [...first, ...again.leaks], unsteady: again.leaks.length === 0 };
  }

  async #judge(run: Run): Promise<Judged> {
    const { form, mask, other } = run;
    const alone = mask === 'keyed' || form.varies !== undefined;
    // INVARIANT: what one run changes outside a transaction the other one's database never sees.
    const [inA, inOther] = await Promise.all([this.#governed(run, 'a'), alone ? undefined : this.#governed(run, other)]);
    const leaks = [
      this.#canary(run, 'a', inA),
      ...(inOther === undefined ? [] : [this.#canary(run, other, inOther), difference(run, inA, inOther)]),
    ];
    return { run, answer: answerOf(inA), leaks: leaks.filter((leak) => leak !== undefined), unsteady: false, messages: inA };
  }

  /** Whether a run's form gives something of its subject away around the gateway. Tried in one mode, the first that is asked for. */
  async bites(run: Run): Promise<boolean> {
    const { form, subject } = run;
    const key = `${form.file} ${form.note} ${subject.name}`;
    const known = this.#teeth.get(key);
    if (known !== undefined) return known;
    const told = await this.direct(run, 'a');
    const oracle = this.#oracle(subject, 'a', 4);
    let bites = oracle.findIn(told).length > 0;
    for (const other of ['b', 'c'] as const) bites ||= firstDifference(tell(told), tell(await this.direct(run, other))) !== undefined;
    this.#teeth.set(key, bites);
    return bites;
  }

  async direct(run: Run, world: WorldName): Promise<BackendMessage[]> {
    return this.#run(run, world, `direct ${world}`, () => this.#site.direct(world));
  }

  async close(): Promise<void> {
    for (const lane of this.#lanes.values()) await lane.close();
  }

  #governed(run: Run, world: WorldName): Promise<BackendMessage[]> {
    return this.#run(run, world, laneOf(run.mask, world), (trusted) => this.#site.connect(world, run.mask, trusted));
  }

  async #run(
    { form, subject, mode }: Run,
    world: WorldName,
    lane: string,
    open: ConstructorParameters<typeof Lane>[0],
  ): Promise<BackendMessage[]> {
    let found = this.#lanes.get(lane);
    if (found === undefined) this.#lanes.set(lane, (found = new Lane(open)));
    const { steps, transaction } = stepsOf(form, mode);
    try {
      return await found.run(subject, steps, transaction);
    } finally {
      if (form.undo !== undefined) await this.#undo(form.undo, subject, world, found);
    }
  }

  async #undo(statements: readonly string[], subject: Subject, world: WorldName, lane: Lane): Promise<void> {
    await lane.close();
    for (const statement of statements) await this.#site.admin(world, statement.replaceAll('$name', subject.name));
  }

  #canary(run: Run, world: WorldName, messages: readonly BackendMessage[]): MatrixLeak | undefined {
    const [found] = this.#oracle(run.subject, world, pieceLength(run.mask)).findIn(messages);
    if (found === undefined) return undefined;
    return { run, oracle: 'canary', what: `${found.form} ${JSON.stringify(found.piece)} in world ${world}` };
  }

  #oracle(subject: Subject, world: WorldName, length: number): CanaryOracle {
    const key = `${subject.name} ${world} ${length}`;
    let oracle = this.#oracles.get(key);
    if (oracle === undefined) this.#oracles.set(key, (oracle = new CanaryOracle(valuesOf(subject, world), length)));
    return oracle;
  }
}

function laneOf(mask: MaskName, world: WorldName): string {
  return `${mask} ${world}`;
}

function pieceLength(mask: MaskName): number {
  return mask === 'keyed' ? KEYED_PIECE : 4;
}

function difference(run: Run, one: readonly BackendMessage[], other: readonly BackendMessage[]): MatrixLeak | undefined {
  const what = firstDifference(tell(one), tell(other));
  return what === undefined ? undefined : { run, oracle: 'two worlds', what };
}

function answerOf(messages: readonly BackendMessage[]): Answer {
  const errors = messages.filter(({ type }) => type === 'E').map((message) => errorFieldsOf(message).message);
  if (errors.some((message) => message.startsWith('sqlwarden: '))) return 'refused';
  return errors.length > 0 ? 'failed' : 'answered';
}
