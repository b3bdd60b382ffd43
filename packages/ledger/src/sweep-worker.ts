import { workerData } from 'node:worker_threads';
import { type Sweep, sweep } from './sweep.js';

/** The entry of the thread that removes what retention says: it reads every entry that is left, which the event loop has no time for. */

await sweep(workerData as Sweep);
