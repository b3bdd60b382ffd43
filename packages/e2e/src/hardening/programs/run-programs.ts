import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { search, type StatementAccount } from '@sqlwarden/ledger';
import { type CorpusServer, startCorpusServer } from '../../harness/database.js';
import * as frontend from '../../harness/frontend-messages.js';
import { type RunningGateway, startGateway } from '../../harness/gateway.js';
import type { RawClient } from '../../harness/raw-client.js';
import { WORLD_A } from '../../harness/worlds.js';
import { type Program, randomProgram } from './program.js';
import { LOGGING, readServerLog, RUN_TIME_FAILURE, type Runs } from './server-log.js';

export interface ProgramsReport {
  readonly programs: number;
  /** Texts that the server ran. */
  readonly ran: number;
  readonly failed: number;
  readonly committedRows: number;
  /** What the server did and the ledger does not say, or the other way round. */
  readonly differences: readonly string[];
}

const POLICY = `
version: 1
default: allow
rules:
  - { id: no-drop, match: { action: [drop] }, then: deny }
`;
const AT_ONCE = 4;
const STUCK_MS = 20_000;
const PATIENCE_MS = 1_500;

/** A server that logs everything, and a gateway in front of it. */
export class ProgramSite {
  readonly #server: CorpusServer;
  readonly #gateway: RunningGateway;

  private constructor(server: CorpusServer, gateway: RunningGateway) {
    this.#server = server;
    this.#gateway = gateway;
  }

  static async start(): Promise<ProgramSite> {
    const server = await startCorpusServer({ parameters: LOGGING });
    await server.create('crm', WORLD_A);
    await server.admin('crm', 'set role gateway; create table effects (tag text)');
    const gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [POLICY] });
    return new ProgramSite(server, gateway);
  }

  /** What the server has logged so far. */
  log(): string {
    return this.#server.server.log();
  }

  async stop(): Promise<void> {
    await this.#gateway.stop();
    await this.#server.stop();
  }

  /** Runs the programs of these seeds and compares what the server did with what the ledger says of them. */
  async run(seeds: readonly number[]): Promise<ProgramsReport> {
    const programs = seeds.map(randomProgram);
    const differences: string[] = [];
    for (let at = 0; at < programs.length; at += AT_ONCE)
      await Promise.all(programs.slice(at, at + AT_ONCE).map((program) => this.#play(program, differences)));
    await delay(PATIENCE_MS);
    const key = keyOf(new Set(seeds));
    const server = readServerLog(this.log(), key);
    const accounts: StatementAccount[] = [];
    for await (const account of search(this.#gateway.ledgerDirectory, {})) accounts.push(account);
    differences.push(...compareRuns(server, ledgerRuns(accounts, key)));
    const rows = await this.#server.admin<{ tag: string }>('crm', 'select tag from effects');
    const written = rows.map(({ tag }) => tag).filter((tag) => key(tag) !== undefined);
    differences.push(...compareRows(written, accounts, programs));
    const total = (of: (runs: Runs) => number): number => [...server.values()].reduce((sum, runs) => sum + of(runs), 0);
    return {
      programs: programs.length,
      ran: total(({ ran }) => ran),
      failed: total(({ failed }) => failed),
      committedRows: written.length,
      differences,
    };
  }

  async #play(program: Program, differences: string[]): Promise<void> {
    const client = await this.#gateway.connect('crm', this.#gateway.token(['app']));
    let readies = 0;
    try {
      for (const step of program.steps) {
        if (step.kind === 'send') {
          client.send(step.bytes);
          readies += step.readies;
        } else if (step.kind === 'cancel') await this.#cancel(client);
        else {
          await client.untilReady(readies, STUCK_MS);
          readies = 0;
        }
        if (client.closed) return;
      }
    } catch (error) {
      differences.push(`program ${program.seed}: ${(error as Error).message}`);
    } finally {
      await client.close();
    }
  }

  async #cancel(client: RawClient): Promise<void> {
    const key = client.messages.find(({ type }) => type === 'K');
    if (key === undefined) return;
    const socket = connect({ port: this.#gateway.ports['crm'] ?? 0, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.end(frontend.cancelRequest(key.body.readUInt32BE(0), key.body.subarray(4)));
    socket.resume();
    await closed;
  }
}

/** The tag of a text, when it is of one of these programs; a text of several statements has that of its first. */
function keyOf(seeds: ReadonlySet<number>): (text: string) => string | undefined {
  return (text) => {
    const tag = /s(\d+)t\d+/.exec(text);
    return tag !== null && seeds.has(Number(tag[1])) ? tag[0] : undefined;
  };
}

/** What the ledger says that ran: not what was admitted and then skipped. */
function ledgerRuns(accounts: readonly StatementAccount[], key: (text: string) => string | undefined): Map<string, Runs> {
  const runs = new Map<string, Runs>();
  for (const { text, outcome } of accounts) {
    const tag = key(text ?? '');
    if (tag === undefined || outcome.kind === 'refused') continue;
    const wasSkipped = outcome.kind === 'done' && outcome.status === 'cancelled' && outcome.errorCode === undefined;
    if (wasSkipped) continue;
    const known = runs.get(tag) ?? { ran: 0, failed: 0 };
    if (isDoubtful(outcome)) known.doubtful = (known.doubtful ?? 0) + 1;
    else known.ran += 1;
    if (outcome.kind === 'done' && outcome.errorCode === RUN_TIME_FAILURE) known.failed += 1;
    runs.set(tag, known);
  }
  return runs;
}

/**
 * A portal that is missing, or a transaction that has failed: the server says so before it would log that it runs anything, or after, depending on
 * where the statement stood.
 */
function isDoubtful(outcome: StatementAccount['outcome']): boolean {
  return outcome.kind === 'done' && (outcome.errorCode === '34000' || outcome.errorCode === '25P02');
}

export function compareRuns(server: ReadonlyMap<string, Runs>, ledger: ReadonlyMap<string, Runs>): string[] {
  const none: Runs = { ran: 0, failed: 0 };
  return [...new Set([...server.keys(), ...ledger.keys()])].flatMap((tag) => {
    const did = server.get(tag) ?? none;
    const said = ledger.get(tag) ?? none;
    const isTold = did.ran >= said.ran && did.ran <= said.ran + (said.doubtful ?? 0);
    if (isTold && did.failed === said.failed) return [];
    return [`${tag}: the server ran it ${did.ran} times (${did.failed} failed), the ledger says ${said.ran} (${said.failed} failed)`];
  });
}

/** Rows of one INSERT or COPY each: those that are there are those that the ledger says were committed. */
function compareRows(written: readonly string[], accounts: readonly StatementAccount[], programs: readonly Program[]): string[] {
  const takingBack = new Set(programs.filter(({ takesBack }) => takesBack).map(({ seed }) => seed));
  // Where the ledger says that it does not know, either is right.
  const unknown = new Set(
    accounts.filter(({ transaction }) => transaction.end === 'unknown').flatMap((account) => insertedBy(account).map(([tag]) => tag)),
  );
  const counted = (tag: string): boolean => !takingBack.has(Number(/s(\d+)t/.exec(tag)?.[1])) && !unknown.has(tag);
  const said = new Map<string, number>();
  for (const account of accounts) {
    if (account.outcome.kind !== 'done' || account.transaction.end !== 'committed') continue;
    for (const [tag, rows] of insertedBy(account)) said.set(tag, (said.get(tag) ?? 0) + rows);
  }
  const did = new Map<string, number>();
  for (const tag of written) did.set(tag, (did.get(tag) ?? 0) + 1);
  return [...new Set([...did.keys(), ...said.keys()])].filter(counted).flatMap((tag) => {
    const [there, told] = [did.get(tag) ?? 0, said.get(tag) ?? 0];
    return there === told ? [] : [`${tag}: ${there} rows are there, the ledger says that ${told} were committed`];
  });
}

/** Tag by tag what a unit inserted that was committed, or may have been, by the server's own figures; of several statements those that completed. */
function insertedBy({ text = '', outcome, transaction }: StatementAccount): [string, number][] {
  if (outcome.kind !== 'done') return [];
  return text.split(';').flatMap((part, index): [string, number][] => {
    const tag = /(?:insert into effects|copy effects).*\/\* (s\d+t\d+) \*\//.exec(part)?.[1];
    const result = outcome.statements[index];
    if (tag === undefined || result === undefined || (result.end ?? transaction.end) === 'rolled-back') return [];
    return result.command === 'INSERT' || result.command === 'COPY' ? [[tag, result.rowsAffected ?? 0]] : [];
  });
}
