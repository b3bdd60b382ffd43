import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, type PostgresServer, type ProgramResult, runProgram, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';

export const COMMAND = fileURLToPath(new URL('../bin/sqlwarden.js', import.meta.url));

const SCHEMA = `
create table people (id integer primary key, email text not null, city text not null);
insert into people select n, 'somebody' || n || '@example.com', 'Dunmore' from generate_series(1, 50) as n;
`;

const POLICY = `version: 1
default: deny
classify:
  - { label: pii.email, columns: [crm.public.people.email] }
  - { label: pii.phone, columns: [crm.public.people.phone] }
mask:
  - { label: pii.email, with: email }
  - { label: pii.phone, with: last4 }
rules:
  - { id: app-works, match: { subject: { groups: [app] }, class: [read, write] }, then: allow }
  - { id: schema-is-held, match: { subject: { groups: [dev] }, class: schema }, then: { approve: { groups: [dba] } } }
  - { id: no-unfiltered-write, match: { action: [update, delete], filter: [absent, always-true] }, then: deny, message: say which rows }
limits:
  - { id: metered, match: { subject: { groups: [metered] } }, statements: { max: 5, per: 1h } }
tests:
  - { as: { groups: [app] }, sql: select email from people, want: { masked: { email: email } } }
  - { note: a forgotten where, as: { groups: [app] }, sql: delete from people, want: { refused: no-unfiltered-write } }
`;

/** A database, a configuration for it in a directory of its own, and the command run in there. */
export interface Site {
  readonly directory: string;
  readonly server: PostgresServer;
  readonly port: number;
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<ProgramResult>;
  token(...args: string[]): Promise<string>;
  /** A client of the gateway. */
  connect(token: string): Promise<pg.Client>;
  write(file: string, text: string): void;
  stop(): Promise<void>;
}

/** `more`: lines at the end of the configuration. */
export async function startSite(more = ''): Promise<Site> {
  const server = await startPostgres();
  const setUp = new pg.Client(server.url());
  await setUp.connect();
  await setUp.query(SCHEMA);
  await setUp.end();
  const directory = mkdtempSync(path.join(tmpdir(), 'sqlwarden-cli-'));
  const port = await freePort();
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    writeFileSync(path.join(directory, file), text);
  };
  write('sqlwarden.yaml', configuration(port, server.port) + more);
  write('policy/crm.yaml', POLICY);
  write('secrets/db', server.password);
  writeFileSync(path.join(directory, 'secrets/mask.key'), randomBytes(32));
  const run: Site['run'] = (args, env = {}) => runProgram(process.execPath, [COMMAND, ...args], { cwd: directory, env });
  return {
    directory,
    server,
    port,
    run,
    write,
    async token(...args) {
      return (await run(['token', ...args])).stdout.trim();
    },
    async connect(token) {
      const client = new pg.Client({ host: '127.0.0.1', port, database: 'postgres', user: 'anybody', password: token });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    },
    async stop() {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function configuration(listen: number, database: number): string {
  return `version: 1
environment: development
upstreams:
  - name: crm
    database: postgres
    listen: 127.0.0.1:${listen}
    server: { host: 127.0.0.1, port: ${database}, database: postgres, tls: disable, connectTimeoutMs: 2000 }
    credentials: { user: postgres, passwordFile: ./secrets/db }
identity:
  issuers:
    - { name: dev, preset: dev, issuer: "urn:sqlwarden:dev", audience: sqlwarden, keys: { directory: ./secrets/dev } }
policy: [./policy/*.yaml]
ledger: { directory: ./ledger }
masking: { keyFile: ./secrets/mask.key }
admin: { socket: ./run/admin.sock }
`;
}

/** `sqlwarden up` as a process of its own. */
export interface Up {
  readonly process: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  /** Resolves with its exit status. */
  readonly ended: Promise<number | null>;
}

/** Starts the gateway and waits until it is ready or has ended. */
export async function startUp(site: Site, ...args: string[]): Promise<Up> {
  const child = spawn(process.execPath, [COMMAND, 'up', '--until-stdin-ends', ...args], { cwd: site.directory, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
      if (/^ready/m.test(output.stdout)) resolve();
    });
  });
  await Promise.race([ready, ended]);
  return { process: child, output, ended };
}
