// npm run crash [-- --times n] [--clients n] [--seed n] [--workers 1|2] [--rotate] [--ledger <json>]
// Kills a gateway with SIGKILL at random moments under load and judges what its ledger says afterwards. Exits 1 when anything is wrong.
import { parseArgs } from 'node:util';
import { buildLedgerChecker, findGoLogPackages, type LedgerChecker, requireOrSkip } from '@sqlwarden/testkit';
import type { CorpusServer } from '../harness/database.js';
import { type CrashOptions, type CrashRound, CrashSite } from './crash-site.js';

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '20' },
    clients: { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string' },
    rotate: { type: 'boolean', default: false },
    ledger: { type: 'string', default: '{}' },
  },
});

/** A ledger is read as a whole after each kill: a new one is begun after so many. */
const KILLS_OF_ONE_LEDGER = 10;

async function main(): Promise<number> {
  const times = Number(values.times);
  const checker = requireOrSkip(findGoLogPackages()) ? await buildLedgerChecker() : undefined;
  const server = await CrashSite.startServer();
  const rounds: { readonly workers: number; readonly round: CrashRound }[] = [];
  const problems: string[] = [];
  try {
    for (let ledger = 0; rounds.length < times; ledger += 1) {
      const workers = values.workers === undefined ? 1 + (ledger % 2) : Number(values.workers);
      // As many with one worker as with two.
      const kills = Math.min(KILLS_OF_ONE_LEDGER, Math.ceil(times / 2), times - rounds.length);
      const options = {
        rotate: values.rotate,
        workers,
        clients: Number(values.clients),
        seed: Number(values.seed) + ledger,
        ledger: parseSettings(),
      };
      const { rounds: killed, problems: found } = await killAgain(server, options, kills, checker);
      rounds.push(...killed.map((round) => ({ workers, round })));
      problems.push(...found);
      if (found.length > 0) break;
    }
  } finally {
    await server.stop();
    checker?.remove();
  }
  report(rounds);
  for (const problem of problems.slice(0, 50)) console.error(problem);
  console.log(`${rounds.length} kills, ${problems.length} problems`);
  return problems.length === 0 && rounds.length === times ? 0 : 1;
}

function parseSettings(): CrashOptions['ledger'] {
  return JSON.parse(values.ledger) as CrashOptions['ledger'];
}

async function killAgain(
  server: CorpusServer,
  options: CrashOptions,
  kills: number,
  checker: LedgerChecker | undefined,
): Promise<{ readonly rounds: readonly CrashRound[]; readonly problems: readonly string[] }> {
  const site = await CrashSite.start(server, options);
  const rounds: CrashRound[] = [];
  const problems: string[] = [];
  try {
    for (let kill = 0; kill < kills && problems.length === 0; kill += 1) {
      const round = await site.round();
      rounds.push(round);
      problems.push(...round.problems);
      const { statements, acknowledged, inFlight, killedAtStart, entries, unknown } = round;
      console.log(
        `${options.workers} workers, ledger ${options.seed}, kill ${kill + 1}: ${statements} statements, ${acknowledged} acknowledged, ` +
          `${inFlight} in flight, killed ${killedAtStart} times at its start; ${entries} entries, ${unknown} of unknown end`,
      );
    }
  } finally {
    problems.push(...(await site.stop(checker)));
    if (options.rotate) console.log(`keys were replaced ${site.rotations} times`);
  }
  if (problems.length > 0) console.error(`seed ${options.seed}: the ledger is kept in ${site.directory}`);
  return { rounds, problems };
}

function report(rounds: readonly { readonly workers: number; readonly round: CrashRound }[]): void {
  for (const workers of new Set(rounds.map((entry) => entry.workers))) {
    const of = rounds.filter((entry) => entry.workers === workers).map(({ round }) => round);
    const sum = (value: (round: CrashRound) => number): number => of.reduce((total, round) => total + value(round), 0);
    const most = Math.max(...of.map(({ inFlight }) => inFlight));
    console.log(
      `${workers} workers: ${of.length} kills under load and ${sum((round) => round.killedAtStart)} while starting; ` +
        `${sum((round) => round.statements)} statements, ${sum((round) => round.acknowledged)} acknowledged, ` +
        `${sum((round) => round.inFlight)} in flight when killed (${(sum((round) => round.inFlight) / of.length).toFixed(1)} on average, at most ${most})`,
    );
  }
}

// So that what runs beside is ended, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main();
