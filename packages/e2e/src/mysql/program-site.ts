import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, type Finding, findMysqlProgram, type ProgramResult, runProgram } from '@sqlwarden/testkit';
import { LeakOracle } from '../harness/leak-oracle.js';
import { SECRETS, WORLD_A } from '../harness/worlds.js';
import { GATEWAY_ACCOUNT, type MysqlCorpusServer, type MysqlKind, startMysqlCorpusServer } from './mysql-database.js';
import { type MysqlGateway, mysqlPolicies, startMysqlGateway } from './mysql-gateway.js';

/** Where a program finds a database, and as who: the environment of what it runs in. */
export interface Place {
  readonly MYSQL_TCP_PORT: string;
  readonly MYSQL_PWD: string;
  readonly MYSQL_USER: string;
  readonly MYSQL_DATABASE: string;
  /** The authority of the server's certificate; empty: without TLS. */
  readonly MYSQL_CA: string;
  /** For programs of MySQL's own, which otherwise show a token inside of TLS only. */
  readonly LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN: '1';
}

/** A server with the database of the corpora twice, and a gateway in front of one of them, for clients of every kind. */
export interface ProgramSite {
  readonly server: MysqlCorpusServer;
  readonly gateway: MysqlGateway;
  /** Around the gateway: `ctl`, which is the same as `crm`. */
  readonly direct: Place;
  /** Through the gateway, as somebody who reads masked. */
  masked(inTls: boolean): Place;
  /** Through the gateway, as somebody who reads everything. */
  unmasked(inTls: boolean): Place;
  leaksIn(text: string): readonly unknown[];
  stop(): Promise<void>;
}

/** The gateway serves TLS beside plain text, and its own leg to the server is in TLS wherever the server serves it. */
export async function startProgramSite(kind: MysqlKind): Promise<ProgramSite> {
  const oracle = new LeakOracle(SECRETS);
  const server = await startMysqlCorpusServer(kind, { tls: kind.servesTls });
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-programs-'));
  const write = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  for (const database of ['crm', 'ctl']) await server.create(database, WORLD_A);
  const authority = createAuthority();
  const shown = authority.issue({ commonName: 'localhost', names: ['localhost', '127.0.0.1'] });
  const ca = write('authority.pem', authority.certificate);
  const { host, port, authority: ofServer } = server.server;
  const encrypted = ofServer === undefined ? { tls: 'disable' } : { tls: 'verify-full', ca: write('server.pem', ofServer) };
  const gateway = await startMysqlGateway({
    server,
    upstreams: { crm: 'crm' },
    policies: mysqlPolicies(),
    upstream: {
      server: { host, port, database: 'crm', ...encrypted },
      clientTls: { certificate: write('gateway.pem', shown.certificate), key: write('gateway.key', shown.key) },
    },
  });
  const place = (at: number, password: string, database: string, inTls: boolean): Place => ({
    MYSQL_TCP_PORT: String(at),
    MYSQL_PWD: password,
    MYSQL_USER: GATEWAY_ACCOUNT,
    MYSQL_DATABASE: database,
    MYSQL_CA: inTls ? ca : '',
    LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN: '1',
  });
  const through = (groups: readonly string[], inTls: boolean): Place =>
    place(gateway.ports['crm'] ?? 0, gateway.token(groups), 'crm', inTls);
  return {
    server,
    gateway,
    direct: place(port, server.password, 'ctl', false),
    masked: (inTls) => through(['app'], inTls),
    unmasked: (inTls) => through(['app', 'privacy'], inTls),
    leaksIn: (text) => oracle.findIn(Buffer.from(text), []),
    async stop() {
      await gateway.stop();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A command line client, and how it is told to encrypt, or not to. */
export interface CommandLine {
  readonly finding: Finding;
  readonly run: (place: Place, args?: readonly string[], input?: string) => Promise<ProgramResult>;
}

type Program = '' | 'dump' | 'slap';

/** MariaDB's client programs, which are on PATH; they talk with both servers. */
export function mariadbProgram(program: Program): CommandLine {
  const name = program === '' ? 'mariadb' : `mariadb-${program}`;
  const { status, stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' });
  const finding: Finding =
    status === 0
      ? { found: true, name, path: name, version: stdout.trim() }
      : { found: false, name, reason: 'not on PATH (apt-get install mariadb-client)' };
  return commandLine(finding, [name], (ca) => (ca === '' ? ['--skip-ssl'] : [`--ssl-ca=${ca}`, '--ssl-verify-server-cert']));
}

/** MySQL's own client programs. */
export function mysqlProgram(program: Program): CommandLine {
  const { finding, command } = findMysqlProgram(`mysql${program}`);
  // Since 9.4 its command line knows commands of its own (`status`, `\\G`) when it is told to.
  const own = program === '' ? ['--commands'] : [];
  return commandLine(finding, command, (ca) => [
    ...own,
    ...(ca === '' ? ['--ssl-mode=DISABLED'] : [`--ssl-ca=${ca}`, '--ssl-mode=VERIFY_IDENTITY']),
  ]);
}

function commandLine(finding: Finding, command: readonly string[], ofTls: (ca: string) => readonly string[]): CommandLine {
  const [path = '', ...flags] = command;
  return {
    finding,
    run: (place, args = [], input = '') =>
      runProgram(
        path,
        [
          ...flags,
          '--no-defaults',
          '--host=127.0.0.1',
          `--port=${place.MYSQL_TCP_PORT}`,
          `--user=${GATEWAY_ACCOUNT}`,
          ...ofTls(place.MYSQL_CA),
          ...args,
        ],
        { env: { ...place }, input },
      ),
  };
}
