import { createContext, runInNewContext, Script } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { Coverage, didRun } from './coverage.js';
import type { Direction, Input } from './input.js';
import { minimise } from './minimise.js';
import { mutated } from './mutate.js';
import { Random } from './random.js';
import type { Target, TrialResult } from './target.js';

export interface ExploreOptions {
  readonly target: Target;
  readonly direction: Direction;
  readonly seed: number;
  /** Ends when so many mutated frames were given to sessions. */
  readonly frames: number;
  /** Ends when so much time has passed. */
  readonly seconds: number;
  /** An input that takes longer hangs. */
  readonly hangMs: number;
  /** Called now and then. */
  readonly progress?: (report: ExploreReport) => void;
}

export interface ExploreReport {
  readonly inputs: number;
  /** All frames of the direction that sessions were given before their end. */
  readonly frames: number;
  /** Those of them that were changed, made up, moved or left out. */
  readonly mutatedFrames: number;
  readonly seconds: number;
  /** Inputs that ran something for the first time. */
  readonly corpus: number;
  /** Bytes of the adapter's source that ran. */
  readonly covered: number;
  readonly slowestMs: number;
  /** The heap after a collection, in bytes, more than at the beginning. */
  readonly heapGrowth: number;
}

export interface Failure {
  readonly what: string;
  readonly input: Input;
}

export interface Exploration {
  readonly report: ExploreReport;
  /** The first input that was wrong, made small. */
  readonly failure: Failure | undefined;
}

const SMALLEST_BATCH = 64;
const LARGEST_BATCH = 2_048;
const MOST_HEAP_GROWTH = 96 << 20;
const MS_PER_INPUT = 20;
const TRACE_LIMIT = Error.stackTraceLimit;
const PROGRESS_MS = 5_000;

/**
 * Plays inputs through sessions until enough were played or one was wrong: mutations of what ran something new of the adapter. One seed gives
 * the same inputs as long as the code is the same.
 */
export function explore(options: ExploreOptions): Exploration {
  return new Explorer(options).run();
}

class Explorer {
  readonly #options: ExploreOptions;
  readonly #random: Random;
  readonly #corpus: Input[] = [];
  readonly #coverage = new Coverage((url) => this.#options.target.watched.test(url));
  readonly #startedAt = performance.now();
  readonly #heapAtStart = collectedHeap();
  /** Grows while nothing new is found: to ask what ran costs as much as many inputs. */
  #batchSize = SMALLEST_BATCH;
  #inputs = 0;
  #frames = 0;
  #mutated = 0;
  #slowestMs = 0;
  #failure: Failure | undefined;
  #playing: Input | undefined;

  constructor(options: ExploreOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  run(): Exploration {
    // Hostile bytes are answered by exceptions inside of the session: their traces cost more than all the rest.
    Error.stackTraceLimit = 0;
    const { frames, seconds, progress } = this.#options;
    this.#corpus.push(...this.#options.target.seeds());
    this.#batch(this.#corpus.slice(), false);
    let reportedAt = performance.now();
    while (this.#failure === undefined && this.#mutated < frames && performance.now() - this.#startedAt < seconds * 1_000) {
      this.#batch(this.#offspring());
      if (performance.now() - reportedAt < PROGRESS_MS) continue;
      reportedAt = performance.now();
      progress?.(this.#report(0));
    }
    this.#coverage.stop();
    Error.stackTraceLimit = TRACE_LIMIT;
    return this.#conclude();
  }

  #conclude(): Exploration {
    const heapGrowth = collectedHeap() - this.#heapAtStart;
    const report = this.#report(heapGrowth);
    if (this.#failure === undefined && heapGrowth > MOST_HEAP_GROWTH) {
      const what = `the heap has grown by ${heapGrowth} bytes`;
      return { report, failure: { what, input: this.#corpus[0] as Input } };
    }
    return { report, failure: this.#failure };
  }

  #offspring(): Input[] {
    const { direction, target } = this.#options;
    return Array.from({ length: this.#batchSize }, () => {
      // The young ones more often: what was found last was least built upon.
      const size = this.#corpus.length;
      const parent = this.#corpus[this.#random.chance(2) ? this.#random.below(size) : size - 1 - this.#random.below(Math.min(size, 32))];
      return mutated(target, parent as Input, this.#corpus, direction, this.#random);
    });
  }

  /** Plays them all; where they ran something new, finds out which did. */
  #batch(inputs: readonly Input[], keeps = true): void {
    this.#guarded(() => {
      for (const input of inputs) if (this.#failure === undefined) this.#play(input);
    }, inputs.length);
    if (this.#failure !== undefined) return;
    const fresh = this.#coverage.newIn(this.#coverage.take());
    this.#batchSize = fresh.size > 0 ? Math.max(this.#batchSize >> 1, SMALLEST_BATCH) : Math.min(this.#batchSize * 2, LARGEST_BATCH);
    if (keeps && fresh.size > 0) this.#keep(inputs, fresh);
  }

  /** Puts those into the corpus that between them run all of `fresh`: halves are played again until one input is left. */
  #keep(inputs: readonly Input[], fresh: Set<number>): void {
    for (const input of inputs) this.#trial(input);
    const ran = this.#coverage.take();
    const reached = [...fresh].filter((place) => didRun(ran, place));
    const [only] = inputs;
    if (reached.length === 0 || only === undefined) return;
    if (inputs.length === 1) {
      for (const place of reached) fresh.delete(place);
      this.#corpus.push(only);
      return;
    }
    const half = inputs.length >> 1;
    this.#keep(inputs.slice(0, half), fresh);
    this.#keep(inputs.slice(half), fresh);
  }

  #trial(input: Input): TrialResult {
    const { target, direction } = this.#options;
    return target.play(input, direction);
  }

  #play(input: Input): void {
    this.#playing = input;
    const startedAt = performance.now();
    const { wrong, frames, mutated: changed } = this.#trial(input);
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedAt);
    this.#inputs += 1;
    this.#frames += frames;
    this.#mutated += changed;
    if (wrong !== undefined) this.#failure = this.#smallest(input, wrong);
  }

  #smallest(input: Input, what: string): Failure {
    // The same thing must be wrong, whatever numbers and texts it names.
    const kind = (text: string | undefined): string | undefined => text?.split('\n')[0]?.replaceAll(/\d+|".*"/g, '#');
    const small = minimise(input, (candidate) => kind(this.#trial(candidate).wrong) === kind(what));
    return { what: this.#trial(small).wrong ?? what, input: small };
  }

  /** Runs with a deadline that ends even a loop that never yields. A batch may be slow because the machine is busy: one input may not. */
  #guarded(work: () => void, count: number): void {
    if (inTime(work, this.#options.hangMs + count * MS_PER_INPUT)) return;
    const input = this.#playing as Input;
    const alone = (): void => void this.#trial(input);
    if (!inTime(alone, this.#options.hangMs)) this.#failure = { what: `an input does not end within ${this.#options.hangMs} ms`, input };
  }

  #report(heapGrowth: number): ExploreReport {
    return {
      inputs: this.#inputs,
      frames: this.#frames,
      mutatedFrames: this.#mutated,
      seconds: (performance.now() - this.#startedAt) / 1_000,
      corpus: this.#corpus.length,
      covered: this.#coverage.covered,
      slowestMs: this.#slowestMs,
      heapGrowth,
    };
  }
}

const GUARD = new Script('work()');

/** False when the time was up before the work was done. */
function inTime(work: () => void, timeout: number): boolean {
  try {
    GUARD.runInContext(createContext({ work }), { timeout });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function collectedHeap(): number {
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
