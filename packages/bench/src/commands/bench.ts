// npm run bench -- analysis [--only <corpus>]
// npm run bench -- ledger [reads | size | ratio | writes] [--help]
// npm run bench -- postgres [--help]
// npm run bench -- mysql | sqlserver [--help]
// npm run bench -- schema [--relations n,n] [--statements n] [--rounds n] [--major n]
import { parseArgs } from 'node:util';
import type { ResolvedCatalogue } from '@sqlwarden/core';
import { MissingInputError, readCorpora } from '../corpus/corpus-files.js';
import { type Edition, newestEditions } from '../corpus/editions.js';
import { type AnalysisCost, measureAnalysis } from '../cost/analysis-cost.js';
import { BARE_PARSERS } from '../cost/bare-parser.js';
import { type CachedCost, measureCached } from '../cost/decision-cache.js';
import { percentile } from '../cost/percentile.js';
import { benchLedger } from '../ledger/bench-ledger.js';
import { benchWire } from '../load/bench-wire.js';
import { mysqlBench } from '../mysql/bench-mysql.js';
import { UnitParser } from '../parsing/unit-parser.js';
import { benchPostgres } from '../postgres/bench-postgres.js';
import { benchSchema } from '../postgres/bench-schema.js';
import { sqlserverBench } from '../sqlserver/bench-sqlserver.js';
import { SchemaFolder } from '../schemas/schema-folder.js';
import { applicationSuites } from '../truth/app-suites.js';
import { catalogueOfTables } from '../truth/defined-catalogue.js';
import { OWN_TABLES } from '../truth/own-statements.js';
import { textTable } from './text-table.js';

async function main([what, ...args]: readonly string[]): Promise<number> {
  if (what === 'analysis') return analysis(args);
  if (what === 'ledger') return benchLedger(args);
  if (what === 'postgres') return benchPostgres(args);
  if (what === 'mysql') return benchWire(mysqlBench, args);
  if (what === 'sqlserver') return benchWire(sqlserverBench, args);
  if (what === 'schema') return benchSchema(args);
  console.error('bench: say what to measure: npm run bench -- analysis, ledger, postgres, mysql, sqlserver, or schema');
  return 2;
}

async function analysis(args: readonly string[]): Promise<number> {
  const { values: options } = parseArgs({ args: [...args], options: { only: { type: 'string' } } });
  const rows: (string | number)[][] = [];
  for (const edition of newestEditions(options.only)) rows.push(await measureCorpus(edition));
  const header = [
    'corpus',
    'statements',
    'bare p50 µs',
    'p99',
    'parse p50',
    'p99',
    'analyse p50',
    'p99',
    'cold / bare p50',
    'p99',
    'cached µs',
    'decoded',
    'p99',
  ];
  console.log(textTable(header, rows));
  return 0;
}

async function measureCorpus(edition: Edition): Promise<(string | number)[]> {
  const [corpus] = readCorpora([edition.corpus]);
  if (corpus === undefined) throw new MissingInputError(`${edition.corpus} is not there`);
  const parser = new UnitParser(corpus.dialect);
  const bare = await BARE_PARSERS[corpus.dialect](edition.context);
  const catalogue = await catalogueOf(edition, parser);
  const cost = await measureAnalysis(corpus, edition, { parser, bare, catalogue });
  const cached = await measureCached(corpus.entries.slice(0, 2_000).map(({ sql }) => sql));
  await parser.close();
  return costRow(edition.corpus, cost, cached);
}

/** Every table of the application schemas that are there. */
async function catalogueOf(edition: Edition, parser: UnitParser): Promise<ResolvedCatalogue> {
  const [app] = readCorpora([edition.corpus.startsWith('pg') ? 'pg-app' : edition.corpus.startsWith('mysql') ? 'mysql-app' : 'tsql-app']);
  if (app === undefined) throw new MissingInputError('the application corpus is not there');
  const suites = await applicationSuites(app, new SchemaFolder());
  const tables = [...OWN_TABLES, ...suites.flatMap((suite) => suite.tables)];
  return catalogueOfTables(tables, { dialect: app.dialect, parser, context: edition.context, database: 'test' });
}

function costRow(name: string, { bare, parse, analyse }: AnalysisCost, cached: CachedCost | undefined): (string | number)[] {
  const micros = (ms: number): string => (ms * 1_000).toFixed(0);
  const cold = parse.map((ms, at) => ms + (analyse[at] ?? 0));
  const ratio = (share: number): string => (percentile(cold, share) / percentile(bare, share)).toFixed(1);
  const shares = [bare, parse, analyse].flatMap((values) => [micros(percentile(values, 0.5)), micros(percentile(values, 0.99))]);
  const cachedCells =
    cached === undefined ? ['–', '–', '–'] : [cached.lookup, cached.decodedP50, cached.decodedP99].map((value) => value.toFixed(2));
  return [name, bare.length, ...shares, ratio(0.5), ratio(0.99), ...cachedCells];
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof MissingInputError)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
}
