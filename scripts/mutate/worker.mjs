import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { MutantRunner } from './run.mjs';

const { root, text, mutants } = workerData;
const { loadCases, parseCases } = await import(pathToFileURL(path.join(root, 'packages/e2e/dist/cases/index.js')).href);
const runner = new MutantRunner(text, await parseCases(loadCases()));
const failing = runner.failing();
const survivors = failing.length > 0 ? [] : mutants.filter((mutant) => runner.survives(mutant));
parentPort.postMessage({ failing, survivors });
