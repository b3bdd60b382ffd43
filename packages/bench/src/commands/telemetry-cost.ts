import { measureCounting } from '../cost/telemetry-cost.js';

/** Says what metrics cost for one execution of a prepared read. Exit status 1 when it is a microsecond or more: then something is wrong with them. */
const cost = await measureCounting();
if (cost === undefined) throw new Error('the runtime was not built; run: npm run build');
process.stdout.write(`metrics: ${cost.toFixed(2)} µs of processor time for one execution of a prepared read\n`);
process.exitCode = cost < 1 ? 0 : 1;
