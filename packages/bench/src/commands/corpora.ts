// npm run corpora [-- --refused] [-- --only <corpus>]
import { parseArgs } from 'node:util';
import type { DialectName } from '@sqlwarden/core';
import { type Corpus, MissingInputError, readCorpora } from '../corpus/corpus-files.js';
import { editions } from '../corpus/editions.js';
import { type EditionResult, measureEdition, percent, shortfalls } from '../corpus/measure-edition.js';
import { UnitParser } from '../parsing/unit-parser.js';
import { textTable } from './text-table.js';

const { values: options } = parseArgs({ options: { refused: { type: 'boolean', default: false }, only: { type: 'string' } } });

async function main(): Promise<number> {
  const chosen = editions().filter(({ corpus }) => options.only === undefined || corpus.startsWith(options.only));
  const corpora = new Map<string, Corpus>(
    readCorpora([...new Set(chosen.map(({ corpus }) => corpus))]).map((corpus) => [corpus.name, corpus]),
  );
  const parsers = new Map<DialectName, UnitParser>();
  const results: EditionResult[] = [];
  for (const edition of chosen) {
    const corpus = corpora.get(edition.corpus);
    if (corpus === undefined) continue;
    const parser = parsers.get(corpus.dialect) ?? new UnitParser(corpus.dialect);
    parsers.set(corpus.dialect, parser);
    results.push(await measureEdition(corpus, edition, parser));
  }
  for (const parser of parsers.values()) await parser.close();
  if (options.refused) printRefused(results);
  printTable(results);
  const found = results.flatMap(shortfalls);
  for (const line of found) console.error(line);
  return found.length === 0 ? 0 : 1;
}

function printTable(results: readonly EditionResult[]): void {
  const header = ['corpus', 'accepted', 'parsed', '', 'refused', 'crashed', 'slow', 'false accepts', 'of'];
  const rows = results.map((result) => [
    result.edition.label,
    result.accepted,
    result.parsed,
    percent(result.parsed, result.accepted),
    result.refused.length,
    result.crashed.length,
    result.slow.length,
    result.falseAccepts.length,
    result.otherCount,
  ]);
  console.log(textTable(header, rows));
}

function printRefused(results: readonly EditionResult[]): void {
  for (const { edition, refused, crashed, slow, falseAccepts } of results) {
    for (const { id, reason } of refused) console.log(`${edition.label}\trefused\t${id}\t${reason}`);
    for (const { id, reason } of crashed) console.log(`${edition.label}\tcrashed\t${id}\t${reason}`);
    for (const { id, ms } of slow) console.log(`${edition.label}\tslow\t${id}\t${Math.round(ms)} ms`);
    for (const id of falseAccepts) console.log(`${edition.label}\tfalse accept\t${id}`);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof MissingInputError)) throw error;
  console.error(`corpora: ${error.message}`);
  process.exitCode = 2;
}
