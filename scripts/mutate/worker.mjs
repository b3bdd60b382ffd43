import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { bundleAnalysis } from './bundle.mjs';
import { MutantRunner } from './run.mjs';

const { root, mutants } = workerData;
const { loadCases, parseCases } = await import(pathToFileURL(path.join(root, 'packages/e2e/dist/cases/index.js')).href);
const { text } = await bundleAnalysis(root);
const runner = new MutantRunner(await parseCases(loadCases()));
const failing = runner.failing(text);
const survivors = failing.length > 0 ? [] : mutants.filter(({ edit }) => runner.survives(edited(text, edit))).map(({ name }) => name);
parentPort.postMessage({ failing, survivors });

function edited(whole, { from, to, replacement }) {
  return whole.slice(0, from) + replacement + whole.slice(to);
}
