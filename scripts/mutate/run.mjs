import { createRequire } from 'node:module';
import { Script } from 'node:vm';

/** The longest that all cases may take under one mutant; one that takes longer has been found. */
const TIMEOUT_MS = 20_000;

/** Runs the cases against the switched text of a bundle: first those that come past the mutant, and among them those that have found most. */
export class MutantRunner {
  #parsed;
  /** The bundle as a function of `require` and of the question which mutant is on. Every call makes all its modules anew. */
  #load;
  /** The mutants that each case comes past. */
  #passes = [];
  #found;

  constructor(text, parsed) {
    this.#parsed = parsed;
    this.#found = parsed.map(() => 0);
    this.#load = new Script(text).runInThisContext();
  }

  /** What each failing case says when no mutant is on. */
  failing() {
    const firsts = new Map();
    let passed = new Set();
    const { CaseAnalysis, judge } = this.#load(createRequire(import.meta.url), (mutant) => {
      passed.add(mutant);
      return false;
    });
    const analysis = new CaseAnalysis();
    return this.#parsed.flatMap((one, at) => {
      passed = new Set();
      this.#passes[at] = passed;
      const fails = !isAsWanted(judge, analysis, one);
      // The catalogue was made for the first case of its schema: what that came past stands behind all of them.
      if (!firsts.has(one.definitions)) firsts.set(one.definitions, passed);
      else this.#passes[at] = new Set([...passed, ...firsts.get(one.definitions)]);
      return fails ? [describe(one)] : [];
    });
  }

  /** Whether no case notices. */
  survives(mutant) {
    const order = this.#order(mutant);
    const finder = this.#firstToFail(mutant, order);
    if (typeof finder === 'number') this.#found[finder] += 1;
    return finder === undefined;
  }

  /** What is remembered may hide from a case that it depends on a mutant: the others come after those that came past it. */
  #order(mutant) {
    const all = [...this.#parsed.keys()];
    const near = all.filter((at) => this.#passes[at].has(mutant)).sort((a, b) => this.#found[b] - this.#found[a]);
    return [...near, ...all.filter((at) => !this.#passes[at].has(mutant))];
  }

  /** The position of the first case that fails, or what kept the cases from running. */
  #firstToFail(mutant, order) {
    globalThis.mutantRun = () => {
      const { CaseAnalysis, judge } = this.#load(createRequire(import.meta.url), (at) => at === mutant);
      const analysis = new CaseAnalysis();
      return order.find((at) => !isAsWanted(judge, analysis, this.#parsed[at]));
    };
    try {
      return RUN.runInThisContext({ timeout: TIMEOUT_MS });
    } catch (error) {
      return String(error);
    }
  }
}

/** A script of its own, because the time of nothing else can be limited. */
const RUN = new Script('mutantRun()');

function isAsWanted(judge, analysis, one) {
  try {
    return judge(one.of, analysis.find(one), one.defaultSchema).kind === 'as wanted';
  } catch (error) {
    if (error?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    return false;
  }
}

function describe({ of: { file, note, dialect } }) {
  return `${file}: ${note} (${dialect})`;
}
