import { createRequire } from 'node:module';
import { Script } from 'node:vm';

/** The longest that all cases may take under one mutant; one that takes longer has been found. */
const TIMEOUT_MS = 20_000;

/** Runs the cases against the text of a bundle, those first that found the last mutants. */
export class MutantRunner {
  #parsed;

  constructor(parsed) {
    this.#parsed = [...parsed];
  }

  /** Whether no case notices. */
  survives(text) {
    const found = this.#run(text, true);
    if (found.length === 0) return true;
    const [at] = found;
    if (typeof at === 'number' && at > 0) this.#parsed.unshift(...this.#parsed.splice(at, 1));
    return false;
  }

  /** What each failing case says. */
  failing(text) {
    return this.#run(text, false).map((at) => (typeof at === 'number' ? describe(this.#parsed[at]) : at));
  }

  /** Positions of cases that fail, or what kept them from running. */
  #run(text, firstOnly) {
    globalThis.mutantInput = { parsed: this.#parsed, firstOnly, require: createRequire(import.meta.url), failing: [] };
    try {
      new Script(`(${DRIVER})(${text}(mutantInput.require), mutantInput)`).runInThisContext({ timeout: TIMEOUT_MS });
      return globalThis.mutantInput.failing;
    } catch (error) {
      return [String(error)];
    }
  }
}

/** Runs inside of the script, so that its time is limited too. */
const DRIVER = `function ({ CaseAnalysis, judge }, input) {
  const analysis = new CaseAnalysis();
  for (let at = 0; at < input.parsed.length; at++) {
    const one = input.parsed[at];
    let passes = false;
    try { passes = judge(one.of, analysis.find(one), one.defaultSchema).kind === 'as wanted'; } catch {}
    if (passes) continue;
    input.failing.push(at);
    if (input.firstOnly) return;
  }
}`;

function describe({ of: { file, note, dialect } }) {
  return `${file}: ${note} (${dialect})`;
}
