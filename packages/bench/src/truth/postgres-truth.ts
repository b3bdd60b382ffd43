import { postgresDialect } from '@sqlwarden/postgres';
import { type PostgresServer, startPostgres } from '@sqlwarden/testkit';
import { type Corpus, readCorpora } from '../corpus/corpus-files.js';
import { UnitParser } from '../parsing/unit-parser.js';
import type { SchemaFolder } from '../schemas/schema-folder.js';
import { applicationSuites } from './app-suites.js';
import { canariesOf } from './canary-suite.js';
import { byFile, runInOrder } from './file-order.js';
import { scriptOf, splitStatements } from './file-script.js';
import { POSTGRES_SUITE } from './own-postgres.js';
import { PostgresSession } from './postgres-session.js';
import { prepareSuite, runSuite, type Suite } from './run-suite.js';
import type { Analyse } from './statement-truth.js';
import type { TruthTotals } from './truth-totals.js';
import type { TruthOptions } from './truth-options.js';

/** Where the regression files stand in a clone of libpg_query. */
const REGRESSION_FILES = 'libpg_query/test/sql/postgres_regress';
const PLPGSQL_FILES = 'libpg_query/test/sql/plpgsql_regress';

const analyse: Analyse = (unit, context) => postgresDialect.analyse(unit, context);

/** Differential truth on a real PostgreSQL 18. */
export async function postgresTruth(folder: SchemaFolder, options: TruthOptions, totalsOf: (group: string) => TruthTotals): Promise<void> {
  const server = await startPostgres({ parameters: { statement_timeout: '5s', lock_timeout: '1s', max_locks_per_transaction: '256' } });
  const parser = new UnitParser('postgres');
  const admin = await PostgresSession.open(server.url(), parser);
  const run: Run = { server, parser, admin, options, totalsOf };
  try {
    const [app, regress] = readCorpora(['pg-app', 'pg-regress']);
    const suites = app === undefined ? [] : await applicationSuites(app, folder);
    for (const suite of [POSTGRES_SUITE, ...suites]) await runOneSuite(suite, run);
    if (regress !== undefined) await runRegression(regress, folder, run);
  } finally {
    await admin.close();
    await parser.close();
    await server.stop();
  }
}

interface Run {
  readonly server: PostgresServer;
  readonly parser: UnitParser;
  readonly admin: PostgresSession;
  readonly options: TruthOptions;
  readonly totalsOf: (group: string) => TruthTotals;
}

async function runOneSuite(suite: Suite, { server, parser, admin, options, totalsOf }: Run): Promise<void> {
  if (!options.wants(suite.name)) return;
  const database = suite.name.replaceAll(/\W/g, '_');
  await admin.run(`CREATE DATABASE ${database}`);
  const session = await PostgresSession.open(server.url({ database }), parser);
  const totals = totalsOf(`PostgreSQL ${suite.group}`);
  await prepareSuite(suite, session, 'postgres');
  await runSuite(options.sample(suite), { server: session, parser, analyse, totals }, (statement, truth) =>
    canariesOf(statement, truth, { server: session, dialect: 'postgres', totals }),
  );
  await session.close();
}

/** Each file in a database of its own, which begins as the file that sets up the suite leaves it. */
async function runRegression(corpus: Corpus, folder: SchemaFolder, { server, parser, admin, options, totalsOf }: Run): Promise<void> {
  if (!options.wants('pg-regress')) return;
  await admin.run('CREATE DATABASE prepared');
  const setup = await PostgresSession.open(server.url({ database: 'prepared' }), parser);
  for (const sql of splitStatements(folder.read(`${REGRESSION_FILES}/test_setup.sql`) ?? '')) await setup.run(sql);
  await setup.close();
  for (const [file, entries] of options.sampleFiles(byFile(corpus.entries))) {
    await admin.run('CREATE DATABASE scratch TEMPLATE prepared');
    const session = await PostgresSession.open(server.url({ database: 'scratch' }), parser);
    const steps = scriptOf(folder.readIfThere(`${PLPGSQL_FILES}/${file}`) ?? folder.read(`${REGRESSION_FILES}/${file}`) ?? '', entries);
    try {
      await runInOrder(steps, session, { parser, analyse, totals: totalsOf('PostgreSQL pg-regress') });
    } catch (error) {
      console.error(`${file} was not finished: ${error instanceof Error ? error.message : 'unknown'}`);
    }
    await session.close();
    await admin.run('DROP DATABASE scratch WITH (FORCE)');
  }
}
