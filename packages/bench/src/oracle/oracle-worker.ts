import { parentPort, workerData } from 'node:worker_threads';
import { ORACLES, type OracleName } from './oracles.js';

/** The entry of an oracle's worker: answers `{id, text, dialect}` with `{id, answer}`. Its owner ends it when it hangs. */

const port = parentPort;
if (port === null) throw new Error('oracle-worker must run as a worker thread');

const read = await ORACLES[workerData as OracleName]();

port.on(
  'message',
  ({ id, text, dialect }: { readonly id: number; readonly text: string; readonly dialect: 'postgres' | 'mysql' | 'sqlserver' }) => {
    port.postMessage({ id, answer: read(text, dialect) });
  },
);
