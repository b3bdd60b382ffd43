import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort, runProgram } from '@sqlwarden/testkit';
import { startProgram } from '../postgres/ended-by-input.js';
import { type GatewayMemory, memoryOf } from './process-memory.js';

export interface SoakGateway {
  readonly port: number;
  readonly pid: number;
  readonly token: string;
  memory(): GatewayMemory;
  stop(): Promise<void>;
}

export interface SoakServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const PROGRAM = join(dirname(createRequire(import.meta.url).resolve('@sqlwarden/cli/package.json')), 'bin', 'sqlwarden.js');
const POLICY = `
version: 1
default: deny
classify:
  - { label: pii.email, columns: [soak.public.people.email] }
mask:
  - { label: pii.email, with: email, except: { groups: [privacy] } }
rules:
  - { id: app, match: { subject: { groups: [app] }, class: [read, write, transaction, session] }, then: allow }
  - { id: no-unfiltered-write, match: { action: [update, delete], filter: [absent, always-true] }, then: deny }
`;

/** Runs `sqlwarden up` in front of a server, in processes of its own that report their memory. */
export async function startSoakGateway(server: SoakServer, workers: number, settings: object = {}): Promise<SoakGateway> {
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-soak-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    const port = await freePort();
    const configFile = writeConfiguration({ directory, port, server, workers, settings });
    const token = await issueToken(configFile);
    const reports = join(directory, 'memory');
    const report = join(import.meta.dirname, 'report-memory.js');
    const program = await startProgram({
      command: [process.execPath, '--import', report, PROGRAM, 'up', '--config', configFile, '--until-stdin-ends'],
      cwd: directory,
      env: { SQLWARDEN_SOAK_MEMORY: reports },
      port,
    });
    const { pid } = program;
    return { port, pid, token, memory: () => memoryOf(pid, reports), stop: () => program.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

interface Site {
  readonly directory: string;
  readonly port: number;
  readonly server: SoakServer;
  readonly workers: number;
  readonly settings: object;
}

function writeConfiguration({ directory, port, server, workers, settings }: Site): string {
  const file = (path: string, contents: string): void => writeFileSync(join(directory, path), contents, { mode: 0o600 });
  mkdirSync(join(directory, 'policy'));
  file('policy/soak.yaml', POLICY);
  file('password', server.password);
  file('mask.key', randomBytes(32).toString('hex'));
  const { host, port: serverPort, database, user } = server;
  const configuration = {
    version: 1,
    environment: 'soak',
    upstreams: [
      {
        name: 'soak',
        database: 'postgres',
        listen: `127.0.0.1:${port}`,
        server: { host, port: serverPort, database, tls: 'disable' },
        credentials: { user, passwordFile: './password' },
      },
    ],
    identity: {
      issuers: [{ name: 'dev', preset: 'dev', issuer: 'urn:sqlwarden:dev', audience: 'sqlwarden', keys: { directory: './issuer' } }],
    },
    policy: './policy/*.yaml',
    ledger: { directory: './ledger' },
    masking: { keyFile: './mask.key' },
    limits: { maxSessions: 20_000, loginTimeoutMs: 60_000 },
    ...(workers === 1 ? {} : { workers }),
    ...settings,
  };
  file('sqlwarden.yaml', JSON.stringify(configuration));
  return join(directory, 'sqlwarden.yaml');
}

async function issueToken(configFile: string): Promise<string> {
  const args = ['token', '--config', configFile, '--subject', 'soak', '--kind', 'service', '--groups', 'app', '--lifetime', '1d'];
  const { status, stdout, stderr } = await runProgram(process.execPath, [PROGRAM, ...args]);
  if (status !== 0) throw new Error(`no token was issued: ${stderr}`);
  return stdout.trim();
}
