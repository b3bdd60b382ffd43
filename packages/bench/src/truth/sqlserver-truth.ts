import type { ParsedUnit, ResolvedCatalogue, SqlState, Statement, StatementFacts } from '@sqlwarden/core';
import { analyse } from '@sqlwarden/sqlserver';
import { type Corpus, type CorpusEntry, readCorpora } from '../corpus/corpus-files.js';
import { SQL_SERVER_CONTEXT } from '../corpus/editions.js';
import { UnitParser } from '../parsing/unit-parser.js';
import type { SchemaFolder } from '../schemas/schema-folder.js';
import { applicationSuites } from './app-suites.js';
import { batchesOf } from './batch-script.js';
import { CATALOGUE_FROM_DEFINITIONS, catalogueOfTables } from './defined-catalogue.js';
import { namesDefined } from './defined-names.js';
import { SQL_SERVER_SUITE } from './own-sqlserver.js';
import type { Suite } from './run-suite.js';
import type { TruthOptions } from './truth-options.js';
import type { TruthTotals } from './truth-totals.js';

/**
 * T-SQL, for which there is no server here: only whether statements are understood, against catalogues that are made from definitions. Nobody
 * says which statements a server would accept, so that those that name what no definition makes count as rejected.
 */

const DATABASE = 'test';
const STATE: SqlState = { id: 1, database: DATABASE, role: 'dbo', searchPath: ['dbo', 'sys'], lexical: SQL_SERVER_CONTEXT.lexical };
const ACTIONS: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete', 'merge']);

export async function sqlserverTruth(folder: SchemaFolder, options: TruthOptions, totalsOf: (group: string) => TruthTotals): Promise<void> {
  const parser = new UnitParser('sqlserver');
  try {
    const [app, suite] = readCorpora(['tsql-app', 'tsql-babelfish']);
    const suites = app === undefined ? [] : await applicationSuites(app, folder);
    for (const each of [SQL_SERVER_SUITE, ...suites]) {
      if (options.wants(each.name)) await runOneSuite(options.sample(each), parser, totalsOf(`T-SQL ${each.group}`));
    }
    if (suite !== undefined && options.wants('tsql-babelfish'))
      await runBabelfish(suite, folder, options, parser, totalsOf('T-SQL tsql-babelfish'));
  } finally {
    await parser.close();
  }
}

async function runOneSuite(suite: Suite, parser: UnitParser, totals: TruthTotals): Promise<void> {
  const catalogue = await catalogueOfTables(suite.tables, {
    dialect: 'sqlserver',
    parser,
    context: SQL_SERVER_CONTEXT,
    database: DATABASE,
  });
  for (const { id, sql } of suite.statements) {
    const parsed = await parser.parseText(sql, SQL_SERVER_CONTEXT);
    if (parsed.ok) addUnit(id, parsed.unit, catalogue, totals);
    else totals.add(id, { kind: 'unparsed', detail: `${parsed.failure.kind}: ${parsed.failure.message}` });
  }
}

function addUnit(id: string, unit: ParsedUnit, catalogue: ResolvedCatalogue, totals: TruthTotals, known?: ReadonlySet<string>): void {
  const context = { catalogue, state: STATE, stateChangedInTransaction: false, schemaChangedInTransaction: false };
  for (const facts of analyse(unit, context).statements) {
    if (!ACTIONS.has(facts.action)) totals.add(id, { kind: 'other' });
    else if (known !== undefined && namesWhatIsNotThere(facts, known)) totals.add(id, { kind: 'rejected' });
    else totals.addUnderstood(id, facts);
  }
}

/** Functions of PostgreSQL, of pgvector and of Babelfish itself, which its suite calls and SQL Server has not (error 195). */
const NOT_SQL_SERVERS =
  /^(?:sys\.)?(?:pg_\w+|set_config|current_setting|make_interval|array_agg|chr|(?:cosine|l1|l2)_(?:distance|norm|normalize)|inner_product|subvector|vector_dims|babelfish_\w+|inject_fault\w*)$/;

function namesWhatIsNotThere(facts: StatementFacts, known: ReadonlySet<string>): boolean {
  if (facts.opaque.some(({ kind, detail }) => kind === 'unknown-routine' && NOT_SQL_SERVERS.test(detail))) return true;
  return facts.opaque.some(({ kind, detail }) => kind === 'unknown-relation' && !known.has(detail.split('.').at(-1)?.toLowerCase() ?? ''));
}

/** Files of one test in order: what it prepares, verifies and cleans up are files of their own. */
async function runBabelfish(
  corpus: Corpus,
  folder: SchemaFolder,
  options: TruthOptions,
  parser: UnitParser,
  totals: TruthTotals,
): Promise<void> {
  const tests = new Map<string, CorpusEntry[]>();
  for (const entry of corpus.entries) {
    if (entry.truth['bbf'] === 0) continue;
    const test = testOf(entry);
    tests.set(test, [...(tests.get(test) ?? []), entry]);
  }
  for (const [, entries] of options.sampleFiles(tests)) await runTest(entries, folder, parser, totals);
}

const STAGES = ['prepare', 'verify', 'cleanup'];

function pathOf({ source }: CorpusEntry): string {
  return source.slice(source.indexOf(':') + 1);
}

function testOf(entry: CorpusEntry): string {
  return pathOf(entry).replace(/(?:-vu|-dep-vu|-dep)?-(?:prepare|verify|cleanup)\.\w+$/, '');
}

function stageOf(path: string): number {
  return STAGES.findIndex((stage) => path.includes(`-${stage}.`));
}

async function runTest(entries: readonly CorpusEntry[], folder: SchemaFolder, parser: UnitParser, totals: TruthTotals): Promise<void> {
  const paths = [...new Set(entries.map(pathOf))].flatMap(allStages).sort((a, b) => stageOf(a) - stageOf(b));
  const definitions: Statement[] = [];
  let catalogue: ResolvedCatalogue | undefined;
  for (const path of new Set(paths)) {
    const measured = entries.filter((entry) => pathOf(entry) === path);
    const text = folder.readIfThere(`babelfish_extensions/${path}`);
    for (const { sql, id } of batchesOf(text ?? '', measured)) {
      const parsed = await parser.parseText(sql, SQL_SERVER_CONTEXT);
      if (!parsed.ok) {
        if (id !== undefined) totals.add(id, { kind: 'unparsed', detail: `${parsed.failure.kind}: ${parsed.failure.message}` });
        continue;
      }
      const statements = parsed.unit.statements as readonly Statement[];
      if (id !== undefined) {
        catalogue ??= CATALOGUE_FROM_DEFINITIONS.sqlserver(definitions, { database: DATABASE });
        addUnit(id, parsed.unit, catalogue, totals, namesDefined([...definitions, ...statements]));
      }
      const made = statements.filter(({ kind }) => /^(?:create|schema|alter|declare-table)/.test(kind));
      definitions.push(...made);
      if (made.length > 0) catalogue = undefined;
    }
  }
}

/** What a test verifies was made by the file that prepares it, of which nothing may be in the corpus. */
function allStages(path: string): readonly string[] {
  const stage = stageOf(path);
  return stage <= 0 ? [path] : [path.replace(`-${STAGES[stage]}.`, '-prepare.'), path];
}
