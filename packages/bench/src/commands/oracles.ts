// npm run oracles [-- --sample <statements of each corpus>] [-- --seed <number>] [-- --only <corpus>] [-- --list]
import { parseArgs } from 'node:util';
import { type Corpus, MissingInputError, readCorpora } from '../corpus/corpus-files.js';
import { newestEditions } from '../corpus/editions.js';
import { percent } from '../corpus/measure-edition.js';
import { sample } from '../corpus/sample.js';
import { DIFFERENCES } from '../oracle/compare.js';
import { type OracleResult, measureOracle } from '../oracle/measure-oracle.js';
import { ORACLE_NAMES } from '../oracle/oracles.js';
import { UnitParser } from '../parsing/unit-parser.js';
import { textTable } from './text-table.js';

const { values: options } = parseArgs({
  options: {
    sample: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const results: OracleResult[] = [];
  for (const edition of newestEditions(options.only)) {
    const [whole] = readCorpora([edition.corpus]);
    if (whole === undefined) continue;
    const corpus: Corpus = { ...whole, entries: sample(whole.entries, Number(options.sample), Number(options.seed)) };
    const parser = new UnitParser(corpus.dialect);
    for (const oracle of ORACLE_NAMES) results.push(await measureOracle(oracle, corpus, edition, parser));
    await parser.close();
  }
  if (options.list) printUnexplained(results);
  printTable(results);
  printExplained(results);
  const left = results.reduce((sum, { unexplained }) => sum + unexplained.length, 0);
  if (left > 0) console.error(`oracles: ${left} disagreements without an explanation; --list shows them`);
  return left === 0 ? 0 : 1;
}

function printTable(results: readonly OracleResult[]): void {
  const header = ['corpus', 'oracle', 'refused', 'unread', 'died', 'compared', 'agreed', '', ...DIFFERENCES, 'unexplained'];
  const rows = results.map((result) => [
    result.edition.corpus,
    result.oracle,
    result.refused,
    result.unread,
    result.failed,
    result.compared,
    result.agreed,
    percent(result.agreed, result.compared),
    ...DIFFERENCES.map((difference) => result.differences.get(difference) ?? 0),
    result.unexplained.length,
  ]);
  console.log(textTable(header, rows));
}

function printExplained(results: readonly OracleResult[]): void {
  const counts = new Map<string, number>();
  for (const { oracle, explained } of results) {
    for (const [{ reason }, times] of explained) counts.set(`${oracle}: ${reason}`, (counts.get(`${oracle}: ${reason}`) ?? 0) + times);
  }
  for (const [reason, times] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`${String(times).padStart(6)}  ${reason}`);
}

function printUnexplained(results: readonly OracleResult[]): void {
  for (const { oracle, edition, unexplained } of results) {
    for (const { entry, disagreement } of unexplained) {
      const { difference, ours, theirs } = disagreement;
      console.log(`${edition.corpus}\t${oracle}\t${difference}\t${entry.id}\tours: ${ours.join(', ')}\ttheirs: ${theirs.join(', ')}`);
    }
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof MissingInputError)) throw error;
  console.error(`oracles: ${error.message}`);
  process.exitCode = 2;
}
