import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runProgram } from '@sqlwarden/testkit';
import { textTable } from '../commands/text-table.js';
import { machine } from '../postgres/machine.js';
import { STEPS, type StepReport } from './size-steps.js';

const PATIENCE_MS = 6 * 3_600_000;
const MEBIBYTE = 1024 * 1024;
/** Reading every entry takes longer than all other steps together. */
const MOST_SEARCHED = 1_000_000;

/** `npm run bench -- ledger size`: each step in a process of its own, so that its memory is its own. */
export async function measureSize(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      entries: { type: 'string', default: '1000000' },
      directory: { type: 'string', default: tmpdir() },
      json: { type: 'string' },
    },
  });
  const entries = Number(values.entries);
  const before = machine();
  const place = mkdtempSync(join(values.directory, 'sqlwarden-ledger-size-'));
  try {
    const reports: StepReport[] = [];
    for (const step of STEPS) {
      if (step === 'search all' && entries > MOST_SEARCHED) continue;
      const program = join(import.meta.dirname, 'size-process.js');
      const { status, stdout, stderr } = await runProgram(process.execPath, [program, step, place, String(entries)], {
        timeoutMs: PATIENCE_MS,
      });
      if (status !== 0) throw new Error(`${step} failed: ${stderr}`);
      const report = JSON.parse(stdout) as StepReport;
      reports.push(report);
      console.error(`${step}: ${report.seconds.toFixed(1)} s, ${report.what}`);
    }
    const written = reports[0]?.count ?? entries;
    const bytes = bytesByKind(place);
    console.log(
      textTable(
        ['step', 'seconds', 'entries/s', 'MiB at 1/4', '2/4', '3/4', 'end', 'most'],
        reports.map((report) => shown(report, written)),
      ),
    );
    console.log(
      textTable(
        ['files', 'bytes per entry'],
        Object.entries(bytes).map(([kind, sum]) => [kind, (sum / written).toFixed(1)]),
      ),
    );
    if (values.json !== undefined)
      writeFileSync(
        values.json,
        `${JSON.stringify({ machine: before, loadAfter: machine().load, entries: written, reports, bytes }, undefined, 2)}\n`,
      );
    return 0;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function shown({ step, seconds, resident, most }: StepReport, entries: number): (string | number)[] {
  return [step, seconds.toFixed(1), (entries / seconds).toFixed(0), ...[...resident, most].map((bytes) => (bytes / MEBIBYTE).toFixed(0))];
}

/** The sizes of files, by what is in them. */
function bytesByKind(directory: string): Record<string, number> {
  const sums: Record<string, number> = {
    'entries (bundles)': 0,
    'hashes (tiles)': 0,
    disclosures: 0,
    'write-ahead': 0,
    index: 0,
    checkpoints: 0,
  };
  for (const file of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const found = statSync(join(directory, file));
    if (!found.isFile()) continue;
    const kind = kindOf(file);
    sums[kind] = (sums[kind] ?? 0) + found.size;
  }
  return { ...sums, all: Object.values(sums).reduce((all, sum) => all + sum, 0) };
}

function kindOf(file: string): string {
  if (file.startsWith(join('tile', 'entries'))) return 'entries (bundles)';
  if (file.startsWith('tile')) return 'hashes (tiles)';
  if (file.startsWith('disclosures')) return 'disclosures';
  if (file.startsWith('wal')) return 'write-ahead';
  return file.startsWith('index') ? 'index' : 'checkpoints';
}
