import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { textTable } from '../commands/text-table.js';
import { measureCurve } from './group-commit.js';
import { measureRatio } from './ratio.js';
import { measureReads } from './read-cost.js';
import { measureSize } from './size.js';

const USAGE = `usage: npm run bench -- ledger [reads] [--reads <n>] [--per-turn <n>,<n>,…] [--directory <on the disk to be measured>]
                                    what a read costs in the ledger alone
       npm run bench -- ledger size [--entries <n>] [--directory <d>] [--json <file>]
                                    rate, disk and memory of appending, verifying and searching (default 1000000 entries)
       npm run bench -- ledger ratio [--clients <n>] [--seconds <n>] [--rounds <n>] [--json <file>]
                                    prepared point reads with the ledger on, beside a ledger that writes nothing
       npm run bench -- ledger writes [--clients <a,b>] [--seconds <n>] [--json <file>]
                                    the group commit: durable writes by number of clients`;

/** `npm run bench -- ledger`. Returns the exit status. */
export async function benchLedger([what, ...args]: readonly string[]): Promise<number> {
  switch (what) {
    case 'size':
      return measureSize(args);
    case 'ratio':
      return measureRatio(args);
    case 'writes':
      return measureCurve(args);
    case 'reads':
      return readCosts(args);
    default:
      if (what === undefined || what.startsWith('--reads') || what.startsWith('--per-turn') || what.startsWith('--directory'))
        return readCosts(what === undefined ? [] : [what, ...args]);
      console.error(USAGE);
      return 2;
  }
}

async function readCosts(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      reads: { type: 'string', default: '200000' },
      'per-turn': { type: 'string', default: '1,8,64' },
      directory: { type: 'string', default: tmpdir() },
    },
  });
  const reads = Number(values.reads);
  const perTurns = values['per-turn'].split(',').map(Number);
  if (![reads, ...perTurns].every((count) => Number.isSafeInteger(count) && count > 0)) {
    console.error(USAGE);
    return 2;
  }
  const rows: (string | number)[][] = [];
  for (const perTurn of perTurns) {
    const { userUs, systemUs, wallUs, bytes, held } = await measureReads(values.directory, perTurn, reads);
    rows.push([perTurn, ...[userUs + systemUs, userUs, systemUs, wallUs].map((us) => us.toFixed(2)), bytes.toFixed(0), held]);
  }
  console.log(textTable(['reads per turn', 'CPU µs', 'user', 'system', 'wall µs', 'bytes', 'held back'], rows));
  return 0;
}
