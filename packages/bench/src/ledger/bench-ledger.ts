import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { textTable } from '../commands/text-table.js';
import { measureReads } from './read-cost.js';

const USAGE = 'bench: npm run bench -- ledger [--reads <n>] [--per-turn <n>,<n>,…] [--directory <on the disk to be measured>]';

/** `npm run bench -- ledger`: what a read costs in the ledger alone. Returns the exit status. */
export async function benchLedger(args: readonly string[]): Promise<number> {
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
