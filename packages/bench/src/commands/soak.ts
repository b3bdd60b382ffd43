// npm run soak -- minutes 30 | statements 20000000 [--clients n] [--workers n]
// npm run soak -- connections [--idle n] [--active n] [--seconds n] [--workers n] [--limit <MiB>]
import { parseArgs } from 'node:util';
import { measureConnections, mebibytes } from '../soak/connections.js';
import { soak } from '../soak/soak.js';
import type { Trend } from '../soak/trend.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    clients: { type: 'string', default: '16' },
    workers: { type: 'string', default: '1' },
    idle: { type: 'string', default: '10000' },
    active: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '30' },
    limit: { type: 'string', default: '2048' },
  },
});

const MEBIBYTE = 1024 * 1024;
const progress = (line: string): void => console.log(line);

async function main(): Promise<number> {
  const [what, amount = '30'] = positionals;
  const count = Number(amount);
  if (what === 'connections') return connections();
  if ((what !== 'minutes' && what !== 'statements') || !(count > 0)) {
    console.error('soak: npm run soak -- minutes 30 | statements 20000000 | connections');
    return 2;
  }
  const report = await soak({
    minutes: what === 'minutes' ? count : Number.POSITIVE_INFINITY,
    statements: what === 'statements' ? count : Number.POSITIVE_INFINITY,
    clients: Number(options.clients),
    workers: Number(options.workers),
    progress,
  });
  console.log(`${report.statements} statements in ${report.seconds.toFixed(0)} s; ${report.wantedErrors} errors that were asked for`);
  for (const message of report.unwantedErrors) console.error(`an error that nobody asked for: ${message}`);
  const isRising = [tell('resident memory', report.resident), tell('heap and buffers', report.heap)].includes(true);
  return isRising || report.unwantedErrors.length > 0 ? 1 : 0;
}

/** True when it rises, or when it cannot be told. */
function tell(what: string, trend: Trend | undefined): boolean {
  if (trend === undefined) {
    console.error(`${what}: too short a time for a trend`);
    return true;
  }
  const shown = (bytes: number): string => `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
  console.log(
    `${what} in the last third: ${shown(trend.mean)}, ${shown(trend.growth)} more at its end (${shown(trend.bytesPerHour)} an hour)`,
  );
  if (trend.isRising) console.error(`${what} rises`);
  return trend.isRising;
}

async function connections(): Promise<number> {
  const [idle, active, seconds, workers] = [options.idle, options.active, options.seconds, options.workers].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const report = await measureConnections({ idle, active, seconds, workers, progress });
  console.log(`before: ${mebibytes(report.before)}`);
  console.log(
    `${idle} idle (connected in ${report.connectSeconds.toFixed(0)} s): ${mebibytes(report.withIdle)}; ${report.idleBytes} bytes each`,
  );
  console.log(`and ${active} active (${report.statements} statements in ${seconds} s): at most ${mebibytes(report.peak)}`);
  if (report.peak.resident <= Number(options.limit) * MEBIBYTE) return 0;
  console.error(`more than ${options.limit} MiB`);
  return 1;
}

process.exitCode = await main();
