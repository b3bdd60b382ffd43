import { analyse } from '@sqlwarden/mysql';
import { findMariadb, type MariadbServer, startMariadb } from '@sqlwarden/testkit';
import { type Corpus, type CorpusEntry, readCorpora } from '../corpus/corpus-files.js';
import { UnitParser } from '../parsing/unit-parser.js';
import type { SchemaFolder } from '../schemas/schema-folder.js';
import { applicationSuites } from './app-suites.js';
import { canariesOf } from './canary-suite.js';
import { byFile, runInOrder } from './file-order.js';
import { MariadbSession } from './mariadb-session.js';
import { mysqltestScript } from './mysqltest-script.js';
import { MARIADB_SUITE } from './own-mariadb.js';
import { prepareSuite, runSuite, type Suite } from './run-suite.js';
import type { TruthOptions } from './truth-options.js';
import type { TruthTotals } from './truth-totals.js';

/** Settings of the server: nothing may run for long, and what a test leaves behind may not stop the next one. */
const PARAMETERS = {
  max_statement_time: '5',
  lock_wait_timeout: '2',
  innodb_lock_wait_timeout: '2',
  local_infile: 'OFF',
  event_scheduler: 'OFF',
};

interface Run {
  readonly server: MariadbServer;
  readonly parser: UnitParser;
  readonly options: TruthOptions;
  readonly totalsOf: (group: string) => TruthTotals;
}

/** Differential truth on a real MariaDB. Skipped by name where there is none. */
export async function mariadbTruth(folder: SchemaFolder, options: TruthOptions, totalsOf: (group: string) => TruthTotals): Promise<void> {
  const found = findMariadb();
  if (!found.found) {
    console.log(`skipped: ${found.name}: ${found.reason}`);
    return;
  }
  const server = await startMariadb({ parameters: PARAMETERS });
  const parser = new UnitParser('mysql');
  const run: Run = { server, parser, options, totalsOf };
  try {
    const [app, suite] = readCorpora(['mysql-app', 'mysql-mariadb']);
    const suites = app === undefined ? [] : await applicationSuites(app, folder);
    for (const each of [MARIADB_SUITE, ...suites]) await runOneSuite(each, run);
    if (suite !== undefined) await runMysqlTest(suite, folder, run);
  } finally {
    await parser.close();
    await server.stop();
  }
}

async function openDatabase({ server, parser }: Run, database: string): Promise<MariadbSession> {
  const login = { host: server.host, port: server.port, user: server.user, password: server.password };
  const admin = MariadbSession.open({ ...login, database: 'mysql' }, parser);
  await admin.run(`DROP DATABASE IF EXISTS \`${database}\``);
  await admin.run(`CREATE DATABASE \`${database}\``);
  await admin.close();
  return MariadbSession.open({ ...login, database }, parser);
}

async function runOneSuite(suite: Suite, run: Run): Promise<void> {
  const { parser, options, totalsOf } = run;
  if (!options.wants(suite.name)) return;
  const session = await openDatabase(run, suite.name.replaceAll(/\W/g, '_'));
  const totals = totalsOf(`MariaDB ${suite.group}`);
  await prepareSuite(suite, session, 'mysql');
  await runSuite(options.sample(suite), { server: session, parser, analyse, totals }, (statement, truth) =>
    canariesOf(statement, truth, { server: session, dialect: 'mysql', totals }),
  );
  await session.close();
}

/** Files on one server, at most: tests change global settings, accounts and plugins, and leave locks behind. */
const FILES_PER_SERVER = 40;

/** Each file in a database of its own that is named `test`, as its statements expect. */
async function runMysqlTest(corpus: Corpus, folder: SchemaFolder, run: Run): Promise<void> {
  if (!run.options.wants('mysql-mariadb')) return;
  let server: MariadbServer | undefined;
  let filesLeft = 0;
  for (const [file, entries] of run.options.sampleFiles(byFile(corpus.entries))) {
    if (filesLeft === 0) {
      await server?.stop();
      server = await startMariadb({ parameters: PARAMETERS });
      filesLeft = FILES_PER_SERVER;
    }
    const isWell = await runFile(file, entries, folder, { ...run, server: server ?? run.server });
    filesLeft = isWell ? filesLeft - 1 : 0;
  }
  await server?.stop();
}

/** Answers whether the session came to its end: else the server is in no state for others. */
async function runFile(file: string, entries: readonly CorpusEntry[], folder: SchemaFolder, run: Run): Promise<boolean> {
  const session = await openDatabase(run, 'test');
  const steps = mysqltestScript(folder.read(`mysql-test/${file}`) ?? '', entries);
  try {
    await runInOrder(steps, session, { parser: run.parser, analyse, totals: run.totalsOf('MariaDB mysql-mariadb') });
  } catch (error) {
    console.error(`${file} was not finished: ${error instanceof Error ? error.message : 'unknown'}`);
  }
  const isWell = !session.lost;
  await session.close();
  return isWell;
}
