import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort, type PostgresMajor, type PostgresServer, runProgram, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import { PASS_THROUGH } from '../postgres/gateway-policies.js';
import { startProgram } from '../postgres/ended-by-input.js';

/** Where a suite connects: a server, or a gateway in front of another one like it. */
export interface PeerPlace {
  readonly name: 'direct' | 'through';
  readonly port: number;
  readonly user: 'postgres';
  readonly password: string;
  readonly database: string;
  stop(): Promise<void>;
}

/** The command as a user runs it. */
const PROGRAM = join(dirname(createRequire(import.meta.url).resolve('@sqlwarden/cli/package.json')), 'bin', 'sqlwarden.js');

const PARAMETERS = { max_connections: '200', max_prepared_transactions: '4', shared_buffers: '128MB' };

/**
 * A new server with an empty database, reached directly or through a gateway that allows everything. Statements in `preparation` run as the
 * superuser in database `postgres` before anybody connects.
 */
export async function openPlace(
  name: PeerPlace['name'],
  { major, database, preparation }: { readonly major: PostgresMajor; readonly database: string; readonly preparation: readonly string[] },
): Promise<PeerPlace> {
  const server = await startPostgres({ major, parameters: PARAMETERS });
  try {
    await prepare(server, preparation);
    const own = { name, user: 'postgres', database } as const;
    if (name === 'direct') return { ...own, port: server.port, password: server.password, stop: () => server.stop() };
    const gateway = await openGateway(server, database);
    const stop = async (): Promise<void> => {
      await gateway.stop();
      await server.stop();
    };
    return { ...own, port: gateway.port, password: gateway.token, stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function prepare(server: PostgresServer, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

async function openGateway(server: PostgresServer, database: string): Promise<{ port: number; token: string; stop(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-peers-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    const port = await freePort();
    const configFile = writeConfiguration(directory, port, server, database);
    const args = ['token', '--config', configFile, '--subject', 'peer', '--kind', 'service', '--groups', 'app', '--lifetime', '1d'];
    const { status, stdout, stderr } = await runProgram(process.execPath, [PROGRAM, ...args]);
    if (status !== 0) throw new Error(`no token was issued: ${stderr}`);
    const command: [string, ...string[]] = [process.execPath, PROGRAM, 'up', '--config', configFile, '--until-stdin-ends'];
    const program = await startProgram({ command, cwd: directory, port });
    return { port, token: stdout.trim(), stop: () => program.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

function writeConfiguration(directory: string, port: number, server: PostgresServer, database: string): string {
  const file = (path: string, contents: string): void => writeFileSync(join(directory, path), contents, { mode: 0o600 });
  mkdirSync(join(directory, 'policy'));
  file('policy/all.yaml', PASS_THROUGH);
  file('password', server.password);
  file('mask.key', randomBytes(32).toString('hex'));
  const upstream = {
    name: 'peer',
    database: 'postgres',
    listen: `127.0.0.1:${port}`,
    server: { host: server.host, port: server.port, database, tls: 'disable' },
    credentials: { user: server.user, passwordFile: './password' },
  };
  const issuer = { name: 'dev', preset: 'dev', issuer: 'urn:sqlwarden:dev', audience: 'sqlwarden', keys: { directory: './issuer' } };
  const configuration = {
    version: 1,
    environment: 'bench',
    upstreams: [upstream],
    identity: { issuers: [issuer] },
    policy: './policy/*.yaml',
    ledger: { directory: './ledger' },
    masking: { keyFile: './mask.key' },
    // Every change of the schema goes through the gateway here.
    catalogue: { maxAgeMs: 60_000 },
  };
  file('sqlwarden.yaml', JSON.stringify(configuration));
  return join(directory, 'sqlwarden.yaml');
}
