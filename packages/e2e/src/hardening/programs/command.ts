// npm run programs -- [--count n] [--seed n]
import { parseArgs } from 'node:util';
import { ProgramSite } from './run-programs.js';

const { values: options } = parseArgs({
  options: { count: { type: 'string', default: '500' }, seed: { type: 'string', default: '1' } },
});

const BATCH = 100;

async function main(): Promise<number> {
  const [count, seed] = [Number(options.count), Number(options.seed)];
  let differing = 0;
  for (let done = 0; done < count; done += BATCH) {
    const site = await ProgramSite.start();
    try {
      const seeds = Array.from({ length: Math.min(BATCH, count - done) }, (_, index) => seed + done + index);
      const { programs, ran, failed, committedRows, differences } = await site.run(seeds);
      differing += differences.length;
      console.log(`${done + programs} programs: ${ran} statements ran, ${failed} failed while they ran, ${committedRows} rows committed`);
      for (const difference of differences) console.error(difference);
    } finally {
      await site.stop();
    }
  }
  console.log(`${differing} differences between the server and the ledger`);
  return differing === 0 ? 0 : 1;
}

process.exitCode = await main();
