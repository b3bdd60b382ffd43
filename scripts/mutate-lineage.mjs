// npm run mutate [-- --sample N --seed S --jobs J --list]
// Breaks the lineage rules of core one at a time and runs the cases of packages/e2e/src/cases against each: a rule that can be broken without any
// case noticing is one that nothing tests. Prints the mutants that survive and exits 1 when one of them is not in mutate/explained.json, which says of
// each mutant in it why no case can notice it, or when one in it is found or gone.
import './node-version.mjs';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { bundleAnalysis } from './mutate/bundle.mjs';
import { mutantsOf } from './mutate/mutants.mjs';
import { switched } from './mutate/switched.mjs';

const root = path.join(import.meta.dirname, '..');
const { values: options } = parseArgs({
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    list: { type: 'boolean', default: false },
  },
});

const { prepare } = await import('./workspace.mjs');
prepare();
const bundle = await bundleAnalysis(root);
const all = mutantsOf(bundle).map((mutant, number) => ({ ...mutant, number }));
const chosen = options.sample === undefined ? all : sampleOf(all, Number(options.sample), Number(options.seed));
if (options.list) for (const mutant of chosen) console.log(mutant.name);
else process.exitCode = await report(chosen, Number(options.jobs));

async function report(mutants, jobs) {
  const started = performance.now();
  const explained = new Set(Object.keys(JSON.parse(readFileSync(path.join(import.meta.dirname, 'mutate', 'explained.json'), 'utf8'))));
  const text = switched(bundle.text, all);
  const shares = Array.from({ length: jobs }, (_, job) => mutants.filter((_mutant, at) => at % jobs === job));
  const answers = await Promise.all(shares.map((share) => inWorkers(text, share)));
  const failing = answers.flatMap((answer) => answer.failing)[0];
  if (failing !== undefined) {
    console.error(`mutate: the case "${failing}" fails without any mutation; make the cases pass first`);
    return 1;
  }
  const survivors = answers.flatMap((answer) => answer.survivors.map((number) => all[number].name));
  const unexplained = survivors.filter((name) => !explained.has(name)).sort();
  for (const name of unexplained) console.log(`survives: ${name}`);
  const survived = new Set(survivors);
  const stale = options.sample === undefined ? [...explained].filter((name) => !survived.has(name)) : [];
  for (const name of stale) console.log(`explained, but found or gone: ${name}`);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `mutate: ${mutants.length} of ${all.length} mutants in ${seconds} s: ${mutants.length - survivors.length} found, ` +
      `${survivors.length - unexplained.length} explained, ${unexplained.length} survive`,
  );
  return unexplained.length + stale.length === 0 ? 0 : 1;
}

/** Runs a share of the mutants. Answers the numbers of those that survive, and the cases that fail without any. */
async function inWorkers(text, share) {
  const survivors = [];
  let waiting = share.map(({ number }) => number);
  for (;;) {
    const { failing, done, survived } = await inWorker(text, waiting);
    survivors.push(...survived);
    if (failing !== undefined) return { failing, survivors };
    // A mutant that takes all the memory has been found.
    waiting = waiting.slice(done + 1);
  }
}

/** One worker, as far as it comes: `failing` when it came to the end, else it ran out of memory at the mutant behind the `done` first. */
function inWorker(text, mutants) {
  return new Promise((resolve, reject) => {
    const survived = [];
    let done = 0;
    let isReady = false;
    // Every mutant leaves modules behind: without a limit they are collected late.
    const resourceLimits = { maxOldGenerationSizeMb: 1024 };
    const worker = new Worker(path.join(import.meta.dirname, 'mutate', 'worker.mjs'), {
      workerData: { root, text, mutants },
      resourceLimits,
    });
    worker.on('message', ({ ready, failing, mutant, survives }) => {
      isReady ||= ready === true;
      if (ready) return;
      if (failing !== undefined) return resolve({ failing, done, survived });
      done += 1;
      if (survives) survived.push(mutant);
    });
    worker.once('error', (error) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY' && isReady) resolve({ done, survived });
      else reject(error);
    });
  });
}

/** `count` of them, the same for the same seed. */
function sampleOf(list, count, seed) {
  let state = seed >>> 0;
  const random = () => {
    // A linear congruential generator is random enough to choose by, and the same everywhere.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const keyed = list.map((mutant) => ({ mutant, key: random() }));
  keyed.sort((a, b) => a.key - b.key);
  return keyed.slice(0, count).map(({ mutant }) => mutant);
}
