import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { verifyLedger } from '@sqlwarden/ledger';
import { type LedgerChecker, runProgram } from '@sqlwarden/testkit';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from '../harness/database.js';
import { type Site, writeSite } from '../harness/gateway.js';
import { RawClient } from '../harness/raw-client.js';
import { WORLD_A } from '../harness/worlds.js';
import { Dice } from '../hardening/programs/dice.js';
import { CrashGateway, PROGRAM } from './crash-gateway.js';
import { compare, type Written } from './judge.js';
import { type Operation, play } from './load.js';
import { logsIn, readLogs } from './read-log.js';
import { problemsOfFiles } from './sink-files.js';

const POLICY = `
version: 1
default: allow
rules:
  - { id: no-truncate, match: { action: [truncate] }, then: deny }
`;
/** Where a file sink of the configuration is looked for. */
const SINK_DIRECTORY = 'export';
const PATIENCE_MS = 60_000;

export interface CrashOptions {
  readonly workers: number;
  readonly clients: number;
  readonly seed: number;
  /** Merged into `ledger` of the configuration. */
  readonly ledger: Readonly<Record<string, unknown>>;
  /** Keys are replaced while the load runs. */
  readonly rotate: boolean;
}

/** What one kill met, and what came of it. */
export interface CrashRound {
  readonly statements: number;
  readonly acknowledged: number;
  /** Statements that were sent and not answered when the processes were killed. */
  readonly inFlight: number;
  /** Times that it was killed again while it came up. */
  readonly killedAtStart: number;
  readonly entries: number;
  /** Units of which the ledger says that it does not know what came of them. */
  readonly unknown: number;
  readonly problems: readonly string[];
}

/** A server, and a gateway in front of it that is killed again and again on the same ledger. */
export class CrashSite {
  readonly #options: CrashOptions;
  readonly #server: CorpusServer;
  readonly #site: Site;
  readonly #gateway: CrashGateway;
  readonly #dice: Dice;
  readonly #operations: Operation[] = [];
  #round = 0;
  #rotations = 0;

  private constructor(options: CrashOptions, server: CorpusServer, site: Site) {
    this.#options = options;
    this.#server = server;
    this.#site = site;
    this.#gateway = new CrashGateway(site);
    this.#dice = new Dice(options.seed);
  }

  /** The server is shared by sites, one after another. */
  static async startServer(): Promise<CorpusServer> {
    return startCorpusServer({ parameters: { track_commit_timestamp: 'on', fsync: 'off' } });
  }

  static async start(server: CorpusServer, options: CrashOptions): Promise<CrashSite> {
    await server.create('crm', WORLD_A);
    const { workers, ledger } = options;
    const config = {
      admin: { socket: './admin.sock', operators: ['security'] },
      ledger: { directory: './ledger', ...ledger },
      ...(workers === 1 ? {} : { workers }),
    };
    const site = await writeSite({ server, upstreams: { crm: 'crm' }, policies: [POLICY], config });
    const crash = new CrashSite(options, server, site);
    crash.#gateway.spawn();
    await crash.#gateway.untilUp();
    return crash;
  }

  /** Loads the gateway, kills it at a random moment, starts it again, and judges the ledger. */
  async round(): Promise<CrashRound> {
    this.#round += 1;
    const clients = await Promise.all(Array.from({ length: this.#options.clients }, () => this.#login()));
    let warm = (): void => undefined;
    const isWarm = new Promise<void>((resolve) => (warm = resolve));
    const loads = clients.map((client, index) =>
      play(client, `k${this.#round}c${index}`, new Dice(this.#options.seed * 1_000_003 + this.#round * 101 + index), warm),
    );
    // Now and then before anything was ever acknowledged.
    if (!this.#dice.chance(5)) await Promise.race([isWarm, ...loads]);
    const rotated = this.#options.rotate ? this.#rotateKeys() : undefined;
    await delay(20 + this.#dice.below(800));
    await this.#gateway.kill();
    await rotated;
    const asked = (await Promise.all(loads)).flat();
    this.#operations.push(...asked);
    await this.#serverIsDone();
    const killedAtStart = await this.#startAgain();
    const total = (of: readonly Operation[]): number => of.reduce((sum, { statements }) => sum + statements, 0);
    const acknowledged = asked.filter((operation) => operation.acknowledged);
    return {
      statements: total(asked),
      acknowledged: total(acknowledged),
      inFlight: total(asked.filter((operation) => !operation.acknowledged && !operation.failed)),
      killedAtStart,
      ...(await this.#judge()),
    };
  }

  /** Ends the gateway in order. Problems: what verification says of the ledger that it leaves, the other people's checker's too. */
  async stop(checker: LedgerChecker | undefined): Promise<readonly string[]> {
    const problems: string[] = [];
    const status = await this.#gateway.stop();
    if (status !== 0) problems.push(`the gateway ended with status ${status ?? 'none'}`);
    for (const log of logsIn(this.#site.ledgerDirectory)) {
      problems.push(...(await verdict(log)));
      if (checker === undefined) continue;
      const verifier = readFileSync(join(log, 'keys/verifier'), 'utf8').trim();
      const checked = await checker.check(log, verifier);
      if (checked.status !== 0) problems.push(`${log}: ${checked.stderr}`);
    }
    const files = join(this.#site.directory, SINK_DIRECTORY);
    if (existsSync(files)) problems.push(...problemsOfFiles(files));
    if (problems.length === 0) this.#site.remove();
    return problems;
  }

  /** Asks the gateway; it may be gone before it answers. */
  async #rotateKeys(): Promise<void> {
    const operator = join(this.#site.directory, 'operator');
    writeFileSync(operator, this.#site.token(['security']), { mode: 0o600 });
    const args = ['ledger', 'rotate-key', '--config', this.#site.configFile, '--token-file', operator];
    const { status, stderr } = await runProgram(process.execPath, [PROGRAM, ...args]);
    // Nobody else says no.
    if (status !== 0 && /permitted|operator|usage/i.test(stderr)) throw new Error(`the key cannot be replaced: ${stderr}`);
    if (status === 0) this.#rotations += 1;
  }

  /** Times that keys were replaced while it was loaded, as far as somebody was told. */
  get rotations(): number {
    return this.#rotations;
  }

  get directory(): string {
    return this.#site.directory;
  }

  /** Sometimes it is killed again while it puts the ledger in order. */
  async #startAgain(): Promise<number> {
    let kills = 0;
    while (this.#dice.chance(4)) {
      this.#gateway.spawn();
      await delay(this.#dice.below(600));
      await this.#gateway.kill();
      kills += 1;
    }
    this.#gateway.spawn();
    await this.#gateway.untilUp();
    return kills;
  }

  async #judge(): Promise<Pick<CrashRound, 'entries' | 'unknown' | 'problems'>> {
    const directory = this.#site.ledgerDirectory;
    const problems: string[] = [];
    for (const log of logsIn(directory)) problems.push(...(await verdict(log)));
    const ledger = await readLogs(directory);
    problems.push(...compare(this.#operations, await this.#written(), ledger));
    const states = [...ledger.keys.values()].flatMap((record) => record.states);
    return { entries: ledger.entries, unknown: states.filter((state) => state !== 'ok').length, problems };
  }

  async #written(): Promise<Written[]> {
    const rows = await this.#server.admin<Written>(
      'crm',
      `select key, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as "committedAt" from settings where key ~ '^k[0-9]+c'
       union all select relname, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 from pg_class where relname ~ '^k[0-9]+c'`,
    );
    return rows.map(({ key, committedAt }) => ({ key, committedAt: committedAt ?? undefined }));
  }

  /** The server finishes what it had received before the gateway went. */
  async #serverIsDone(): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const rows = await this.#server.admin('postgres', `select pid from pg_stat_activity where usename = '${GATEWAY_ROLE}'`);
      if (rows.length === 0) return;
      if (Date.now() > deadline) throw new Error('the server still works for a gateway that is gone');
      await delay(10);
    }
  }

  #login(): Promise<RawClient> {
    const port = this.#site.ports['crm'] ?? 0;
    return RawClient.connect({ port, user: 'ada', database: 'crm', password: this.#site.token(['app']) });
  }
}

async function verdict(log: string): Promise<string[]> {
  const { exitCode, findings } = await verifyLedger(log);
  if (exitCode === 0) return [];
  return findings
    .filter(({ severity }) => severity !== 'note')
    .map(({ code, message, seq }) => `${log}: ${code} at ${seq ?? '-'}: ${message}`);
}
