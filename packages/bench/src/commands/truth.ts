// npm run truth [-- --only <suite>] [-- --sample <statements of each suite>] [-- --seed <number>] [-- --opaque] [-- --dialect <name>]
import { parseArgs } from 'node:util';
import type { DialectName } from '@sqlwarden/core';
import { MissingInputError } from '../corpus/corpus-files.js';
import { percent } from '../corpus/measure-edition.js';
import { SchemaFolder } from '../schemas/schema-folder.js';
import { TruthOptions } from '../truth/truth-options.js';
import { TruthTotals } from '../truth/truth-totals.js';
import { textTable } from './text-table.js';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    dialect: { type: 'string' },
    sample: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    opaque: { type: 'boolean', default: false },
  },
});

/** The share of queries and data modifications that must be understood. */
const MINIMUM_UNDERSTOOD: Readonly<Record<string, number>> = { PostgreSQL: 0.95, MariaDB: 0.9, 'T-SQL': 0.9 };

type Truth = (folder: SchemaFolder, options: TruthOptions, totalsOf: (group: string) => TruthTotals) => Promise<void>;

/** Each adapter is loaded only when it is measured. */
const TRUTHS: Record<DialectName, () => Promise<Truth>> = {
  postgres: async () => (await import('../truth/postgres-truth.js')).postgresTruth,
  mysql: async () => (await import('../truth/mariadb-truth.js')).mariadbTruth,
  sqlserver: async () => (await import('../truth/sqlserver-truth.js')).sqlserverTruth,
};

async function main(): Promise<number> {
  const groups = new Map<string, TruthTotals>();
  const totalsOf = (name: string): TruthTotals => {
    const totals = groups.get(name) ?? new TruthTotals();
    groups.set(name, totals);
    return totals;
  };
  const folder = new SchemaFolder();
  const chosen = new TruthOptions({ only: options.only, sample: Number(options.sample), seed: Number(options.seed) });
  for (const [dialect, load] of Object.entries(TRUTHS)) {
    if (options.dialect === undefined || options.dialect === dialect) await (await load())(folder, chosen, totalsOf);
  }
  if (options.opaque) for (const [name, totals] of groups) printOpaque(name, totals);
  const failures = [...groups].flatMap(([name, totals]) => failuresOf(name, totals));
  printTable(groups);
  for (const [name, totals] of groups) printReasonKinds(name, totals);
  for (const path of new Set(folder.missing)) console.log(`skipped: ${path} is not in SQLWARDEN_SCHEMAS`);
  for (const failure of failures) console.error(failure);
  return failures.length === 0 ? 0 : 1;
}

function printTable(groups: ReadonlyMap<string, TruthTotals>): void {
  const header = [
    'suite',
    'judged',
    'understood',
    '',
    'unparsed',
    'rejected',
    'origins confirmed',
    'missing',
    'headers',
    'canaries',
    'cells',
    'changes',
    'unclaimed',
    'claims',
    'idle',
  ];
  const rows = [...groups].map(([name, totals]) => [
    name,
    totals.judged,
    totals.understood,
    percent(totals.understood, totals.judged),
    totals.unparsed.length,
    totals.rejected,
    totals.confirmed,
    totals.missing.length,
    totals.headers.length,
    totals.canary.statements,
    totals.canary.cells,
    totals.canary.changes,
    totals.canary.unclaimed.length,
    totals.canary.claims,
    percent(totals.canary.idleClaims, totals.canary.claims),
  ]);
  console.log(textTable(header, rows));
}

/** How many statements are opaque for a reason of each kind; one statement may have several. */
function printReasonKinds(name: string, totals: TruthTotals): void {
  const kinds = new Map<string, Set<string>>();
  for (const [reason, ids] of totals.reasons) {
    const kind = reason.slice(0, reason.indexOf(':'));
    kinds.set(kind, new Set([...(kinds.get(kind) ?? []), ...ids]));
  }
  const counts = [...kinds].sort(([, a], [, b]) => b.size - a.size).map(([kind, ids]) => `${kind} ${ids.size}`);
  if (counts.length > 0) console.log(`${name}: opaque: ${counts.join(', ')}`);
}

function printOpaque(name: string, totals: TruthTotals): void {
  for (const { id, detail } of totals.unparsed) console.log(`${name}\tunparsed\t${id}\t${detail}`);
  for (const { id, difference } of totals.headers) console.log(`${name}\theader\t${id}\t${difference}`);
  const reasons = [...totals.reasons].sort(([, a], [, b]) => b.length - a.length);
  for (const [reason, ids] of reasons) console.log(`${name}\topaque\t${ids.length}\t${reason}\t${ids.slice(0, 3).join(' ')}`);
}

function failuresOf(name: string, totals: TruthTotals): readonly string[] {
  const minimum = MINIMUM_UNDERSTOOD[name.split(' ')[0] ?? ''] ?? 1;
  return [
    ...totals.missing.map(
      ({ id, position, column }) => `${name}: ${id}: output ${position} comes from ${column}, which the facts do not name`,
    ),
    ...totals.canary.unclaimed.map((canary) => `${name}: ${canary}: the output changes with this column, which the facts do not name`),
    ...(totals.understoodRatio < minimum
      ? [`${name}: ${percent(totals.understood, totals.judged)} understood, ${percent(minimum, 1)} wanted`]
      : []),
  ];
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof MissingInputError)) throw error;
  console.error(`truth: ${error.message}`);
  process.exitCode = 2;
}
