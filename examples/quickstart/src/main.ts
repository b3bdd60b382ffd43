import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { freePort } from '@sqlwarden/testkit';
import { audit } from './act-audit.js';
import { refusals } from './act-refusals.js';
import { schemaChange } from './act-schema-change.js';
import { training } from './act-training.js';
import { claim } from './claim.js';
import { type GatewayProcess, sqlwarden, startGateway } from './command.js';
import { howToConnect } from './how-to-connect.js';
import { mysqlSystem } from './mysql-system.js';
import { postgresSystem } from './postgres-system.js';
import { prepareRunDirectory, type RunDirectory } from './run-directory.js';
import type { Scene } from './scene.js';
import { stage } from './stage.js';
import type { Database, System, SystemName } from './system.js';

const USAGE = `usage: npm start [-- --database postgres|mysql] [--once] [--keep]

  --database   postgres (default), or mysql: a MariaDB that is installed on this machine
  --once       play the scene and exit; the exit status says whether everything went as told
  --keep       leave the directory with configuration, policy, tokens and ledger`;

const SYSTEMS: Readonly<Record<SystemName, System>> = { postgres: postgresSystem, mysql: mysqlSystem };

/** What is up and has to come down again, the last first. */
const cleanups: (() => Promise<unknown> | void)[] = [];

async function play(): Promise<{ readonly scene: Scene; readonly gateway: GatewayProcess }> {
  const startedAt = performance.now();
  stage.title('sqlwarden: a night in production');
  const system = SYSTEMS[options.database];
  const database = await timed(
    'database',
    () => system.startDatabase(),
    (up) => describeDatabase(system, up),
  );
  cleanups.push(() => database.stop());
  const port = await listenPort(system.usualPort);
  const run = prepareRunDirectory(system.name, { listen: port, database: database.port }, database.password);
  cleanups.push(() => removeRunDirectory(run));
  const gateway = await timed(
    'gateway',
    () => startGateway(run.path),
    (up) => describeGateway(up, port),
  );
  cleanups.push(() => gateway.stop());
  await timed(
    'policy',
    () => policyTests(run),
    (tests) => `policy/crm.yaml, its own tests: ${tests}`,
  );
  const scene: Scene = { system, database, run, port };
  const change = await schemaChange(scene);
  const trained = await training(scene);
  await refusals(scene);
  await audit(scene, change, trained);
  stage.line();
  stage.line(`  ${stage.style('green', 'Everything went as told.')} ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return { scene, gateway };
}

function describeDatabase({ title }: System, { version, people, orders }: Database): string {
  return `${title} ${version} with made-up data: ${people.toLocaleString('en')} people, ${orders.toLocaleString('en')} orders`;
}

/** What it said when it was ready: a quickstart in which a part of the policy does nothing would tell less than it seems to. */
function describeGateway({ said }: GatewayProcess, port: number): string {
  claim(
    !said.some((line) => line.includes('INACTIVE') || line.includes('unreachable')),
    `every part of the policy is active (${said.join('; ')})`,
  );
  claim(
    said.some((line) => line.includes(`127.0.0.1:${port}`)),
    'the gateway listens',
  );
  return `listening on 127.0.0.1:${port}`;
}

/** Does something, and tells what came of it and how long it took. */
async function timed<T>(what: string, work: () => Promise<T>, describe: (result: T) => string): Promise<T> {
  const startedAt = performance.now();
  const result = await work();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  stage.line(`  ${what.padEnd(10)} ${describe(result).padEnd(72)} ${stage.style('dim', `${seconds} s`)}`);
  return result;
}

async function policyTests(run: RunDirectory): Promise<string> {
  const { status, stdout } = await sqlwarden(run.path, ['test']);
  const outcome = stdout.trimEnd().split('\n').at(-1) ?? '';
  claim(status === 0 && outcome.endsWith(' 0 failed'), `the tests of the policy pass (${stdout.trim()})`);
  return outcome;
}

/** The port of the README where nobody has it, else any. */
async function listenPort(usual: number): Promise<number> {
  const isFree = await new Promise<boolean>((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(usual, '127.0.0.1', () => server.close(() => resolve(true)));
  });
  return isFree ? usual : freePort();
}

function removeRunDirectory({ path }: RunDirectory): void {
  if (options.keep) stage.line(`  kept: ${path}`);
  else rmSync(path, { recursive: true, force: true });
}

async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) {
    try {
      await cleanup();
    } catch (error) {
      process.stderr.write(`quickstart: ${(error as Error).message}\n`);
    }
  }
}

/** Resolves with the signal that asks this process to end. */
function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
  });
}

/** Plays the scene and, unless it is to be played once, stays up. Answers the exit status. */
async function main(): Promise<number> {
  const stopped = signalled();
  const interrupted = stopped.then(() => undefined);
  try {
    const played = await Promise.race([play(), interrupted]);
    if (played === undefined) return 130;
    if (options.once) return 0;
    howToConnect(played.scene);
    const ended = await Promise.race([stopped, played.gateway.ended]);
    if (typeof ended === 'string') return 0;
    process.stderr.write(`quickstart: the gateway ended by itself, with exit status ${ended}\n`);
    return 1;
  } catch (error) {
    const { name, message, stack } = error as Error;
    process.stderr.write(`\nquickstart: ${name === 'SceneError' ? message : (stack ?? message)}\n`);
    return 1;
  } finally {
    await cleanUp();
  }
}

interface Options {
  readonly database: SystemName;
  readonly once: boolean;
  readonly keep: boolean;
}

function parseOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        database: { type: 'string', default: 'postgres' },
        once: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const { database, once, keep } = values;
    if (values.help) {
      process.stdout.write(`${USAGE}\n`);
      process.exit(0);
    }
    if (database === 'postgres' || database === 'mysql') return { database, once, keep };
    if (database === 'sqlserver') {
      const why = 'no SQL Server can be installed as simply as the others; docs/running.md says how to put the gateway before yours';
      process.stderr.write(`quickstart: there is no scene on SQL Server: ${why}\n`);
      process.exit(2);
    }
  } catch {
    // Answered below.
  }
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}

const options = parseOptions();
process.exitCode = await main();
