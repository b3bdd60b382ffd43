// One step of `npm run bench -- ledger size`, in a process of its own: <step> <directory> <entries>. Prints its report as JSON.
import { runStep, type StepName, STEPS } from './size-steps.js';

const [, , step, directory = '', entries = '0'] = process.argv;
const isStep = (name: string | undefined): name is StepName => STEPS.some((known) => known === name);
if (!isStep(step)) throw new Error(`no step ${step ?? ''}`);
console.log(JSON.stringify(await runStep(step, directory, Number(entries))));
