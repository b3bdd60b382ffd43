import { sample } from '../corpus/sample.js';
import type { Suite } from './run-suite.js';

/** What of the whole is run. */
export class TruthOptions {
  readonly #only: string | undefined;
  readonly #size: number;
  readonly #seed: number;

  constructor(options: { readonly only: string | undefined; readonly sample: number; readonly seed: number }) {
    this.#only = options.only;
    this.#size = options.sample;
    this.#seed = options.seed;
  }

  wants(name: string): boolean {
    return this.#only === undefined || name.startsWith(this.#only);
  }

  sample(suite: Suite): Suite {
    return { ...suite, statements: sample(suite.statements, this.#size, this.#seed) };
  }

  /** Statements of a file need each other: whole files, one for about a hundred statements that are wanted. */
  sampleFiles<T>(files: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
    return sample([...files], Math.ceil(this.#size / 100), this.#seed);
  }
}
