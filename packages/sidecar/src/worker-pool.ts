import { mergeReadings, type MetricReading, workerName } from '@sqlwarden/runtime';
import type { HealthState } from './health.js';
import type { FromWorker, PolicyAnnouncement, WorkerState } from './worker-messages.js';
import { WorkerProcess } from './worker-process.js';

export interface WorkerPoolOptions {
  readonly size: number;
  readonly entry: URL;
  readonly configFile: string;
  readonly onTrouble: (error: Error) => void;
  readonly onMessage: (worker: WorkerProcess, message: FromWorker) => void;
  /** A worker takes clients now. */
  readonly onServing: () => void;
  /** A worker has ended, and its clients with it. */
  readonly onGone: (worker: WorkerProcess) => void;
}

interface Slot {
  readonly number: number;
  readonly name: string;
  worker: WorkerProcess | undefined;
  serving: boolean;
  /** Ends since it last lived for long. */
  failures: number;
  startedAt: number;
  timer: NodeJS.Timeout | undefined;
  decisions: WorkerState['decisions'];
  metrics: readonly MetricReading[];
}

const FIRST_BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 30_000;
/** A worker that lived that long had no trouble starting. */
const STABLE_MS = 60_000;
/** What a worker may need beyond its drain to close its ledger. */
const CLOSING_MS = 15_000;

/** The worker processes of a gateway: starts them, starts again those that end, and ends them. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #slots: readonly Slot[];
  /** What workers that are gone had counted, as far as it was known. */
  #retired: WorkerState['decisions'] = { found: 0, made: 0 };
  #retiredMetrics: readonly MetricReading[] = [];
  #restarts = 0;
  #turn = 0;
  #stopping = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.size }, (_, at) => ({
      number: at + 1,
      name: workerName(at + 1),
      worker: undefined,
      serving: false,
      failures: 0,
      startedAt: 0,
      timer: undefined,
      decisions: { found: 0, made: 0 },
      metrics: [],
    }));
  }

  get serving(): readonly WorkerProcess[] {
    return this.#slots.flatMap(({ worker, serving }) => (worker !== undefined && serving ? [worker] : []));
  }

  /** The worker with the fewest clients; among equals they take turns. */
  idlest(): WorkerProcess | undefined {
    const { serving } = this;
    let best: WorkerProcess | undefined;
    this.#turn += 1;
    for (let at = 0; at < serving.length; at++) {
      const worker = serving[(this.#turn + at) % serving.length];
      if (worker !== undefined && (best === undefined || worker.clients.size < best.clients.size)) best = worker;
    }
    return best;
  }

  /** Starts all of them; what the first one says of the policy stands for all. Rejects when one cannot start. */
  async start(): Promise<PolicyAnnouncement> {
    const [first, ...others] = this.#slots;
    if (first === undefined) throw new Error('a gateway needs a worker');
    // What is made on first use (a development issuer's key) is made by one, and a wrong configuration is told once.
    const policy = await this.#launch(first);
    await Promise.all(others.map((slot) => this.#launch(slot)));
    return policy;
  }

  /** Readiness and counts of all workers added up. Never rejects. */
  async state(): Promise<Pick<HealthState, 'ready' | 'reasons' | 'decisions' | 'workers' | 'metrics'>> {
    const asked = await Promise.all(
      this.#slots.map(async (slot) => {
        const answer = slot.serving ? await slot.worker?.ask({ about: 'state' }) : undefined;
        if (answer?.about === 'state') {
          slot.decisions = answer.state.decisions;
          slot.metrics = answer.state.metrics ?? [];
        }
        return { slot, state: answer?.about === 'state' ? answer.state : undefined };
      }),
    );
    const serving = asked.filter(({ slot }) => slot.serving);
    const reasons = serving.flatMap(({ slot, state }) =>
      state === undefined ? [`${slot.name}: does not answer`] : state.reasons.map((reason) => `${slot.name}: ${reason}`),
    );
    if (serving.length === 0) reasons.push('no worker is there');
    const counts = [this.#retired, ...this.#slots.map(({ decisions }) => decisions)];
    return {
      ready: reasons.length === 0,
      reasons,
      decisions: {
        found: counts.reduce((sum, { found }) => sum + found, 0),
        made: counts.reduce((sum, { made }) => sum + made, 0),
      },
      workers: { configured: this.#slots.length, serving: serving.length, restarts: this.#restarts },
      metrics: mergeReadings([this.#retiredMetrics, ...this.#slots.map(({ metrics }) => metrics)]),
    };
  }

  /** Ends all of them, each in order; kills those that do not. Rejects when one could not end in order. */
  async stop(drainMs: number): Promise<void> {
    this.#stopping = true;
    const ends = this.#slots.map(async ({ name, worker, timer }) => {
      clearTimeout(timer);
      if (worker === undefined) return undefined;
      worker.send({ kind: 'stop', drainMs });
      const overdue = setTimeout(() => worker.kill(), drainMs + CLOSING_MS);
      const { problem } = await worker.ended;
      clearTimeout(overdue);
      return problem === undefined ? undefined : `${name} ${problem}`;
    });
    const problems = (await Promise.all(ends)).filter((problem) => problem !== undefined);
    if (problems.length > 0) throw new Error(`not every worker ended in order: ${problems.join('; ')}`);
  }

  /** While stopping: wait for no transaction any more. */
  hurry(): void {
    for (const { worker } of this.#slots) worker?.send({ kind: 'stop', drainMs: 0 });
  }

  async #launch(slot: Slot): Promise<PolicyAnnouncement> {
    const { entry, configFile, onMessage, onServing } = this.#options;
    const worker = new WorkerProcess({ worker: slot.number, entry, configFile, onMessage });
    slot.worker = worker;
    slot.startedAt = performance.now();
    try {
      const policy = await worker.started;
      slot.serving = true;
      void worker.ended.then(({ problem }) => this.#ended(slot, worker, problem ?? 'ended'));
      onServing();
      return policy;
    } catch (error) {
      slot.worker = undefined;
      await worker.ended;
      throw error;
    }
  }

  #ended(slot: Slot, worker: WorkerProcess, how: string): void {
    slot.serving = false;
    slot.worker = undefined;
    this.#retired = { found: this.#retired.found + slot.decisions.found, made: this.#retired.made + slot.decisions.made };
    slot.decisions = { found: 0, made: 0 };
    this.#retiredMetrics = mergeReadings([this.#retiredMetrics, onlyCounted(slot.metrics)]);
    slot.metrics = [];
    this.#options.onGone(worker);
    if (this.#stopping) return;
    if (performance.now() - slot.startedAt > STABLE_MS) slot.failures = 0;
    this.#again(slot, `${slot.name} ${how}; its ${worker.clients.size} clients are disconnected`);
  }

  #again(slot: Slot, what: string): void {
    const delayMs = Math.min(FIRST_BACK_OFF_MS * 2 ** slot.failures, LONGEST_BACK_OFF_MS);
    slot.failures += 1;
    this.#options.onTrouble(new Error(`${what}; it is started again in ${delayMs} ms`));
    slot.timer = setTimeout(() => {
      this.#restarts += 1;
      this.#launch(slot).catch((error: unknown) => {
        if (!this.#stopping) this.#again(slot, `${slot.name} could not be started: ${(error as Error).message}`);
      });
    }, delayMs);
  }
}

/** What stays true of a worker that is gone: what it has counted, and not how it stands. */
function onlyCounted(metrics: readonly MetricReading[]): MetricReading[] {
  return metrics.filter(({ kind }) => kind !== 'gauge');
}
