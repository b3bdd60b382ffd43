import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { MutantRunner } from './run.mjs';

const { root, text, mutants } = workerData;
const { loadCases, parseCases } = await import(pathToFileURL(path.join(root, 'packages/e2e/dist/cases/index.js')).href);
const runner = new MutantRunner(text, await parseCases(loadCases()));
const failing = runner.failing();
parentPort.postMessage({ ready: true });
for (const mutant of failing.length > 0 ? [] : mutants) parentPort.postMessage({ mutant, survives: runner.survives(mutant) });
parentPort.postMessage({ failing });
