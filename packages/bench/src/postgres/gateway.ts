import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeScramVerifier } from '@sqlwarden/identity';
import { freePort, runProgram } from '@sqlwarden/testkit';
import { DATABASE, OWNER } from './database.js';
import { startProgram } from './ended-by-input.js';
import { PASS_THROUGH, UPSTREAM, WITH_MASKS, WITH_POLICY } from './gateway-policies.js';
import type { OpenPath, PathRequest } from './paths.js';

/** The paths that lead through sqlwarden. */
export const GATEWAY_PATHS = ['sqlwarden', 'policy', 'password', 'masks', 'durable', 'unrecorded'] as const;
export type GatewayPath = (typeof GATEWAY_PATHS)[number];

const POLICIES = {
  sqlwarden: PASS_THROUGH,
  policy: WITH_POLICY,
  password: WITH_POLICY,
  masks: WITH_MASKS,
  durable: WITH_POLICY,
  unrecorded: WITH_POLICY,
} as const satisfies Record<GatewayPath, string>;

const USER = 'bench';
const PASSWORD = randomBytes(12).toString('hex');

/** In place of the ledger that is opened. */
const UNRECORDED = { file: join(import.meta.dirname, '..', 'ledger', 'null-ledger.js'), env: {} };
/** The command as a user runs it. */
export const PROGRAM = join(dirname(createRequire(import.meta.url).resolve('@sqlwarden/cli/package.json')), 'bin', 'sqlwarden.js');

/** Runs `sqlwarden up` in a process of its own, with a configuration in a temporary directory, and a token of its development issuer or a password. */
export async function startGateway(name: GatewayPath, request: PathRequest): Promise<OpenPath> {
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-bench-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    const port = await freePort();
    const configFile = writeConfiguration(directory, name, port, request);
    const password = name === 'password' ? PASSWORD : await issueToken(configFile);
    const { profileDirectory } = request;
    const preload = name === 'unrecorded' ? UNRECORDED : request.preload;
    const flags = [
      ...(profileDirectory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`]),
      ...(preload === undefined ? [] : ['--import', preload.file]),
    ];
    const program = await startProgram({
      command: [process.execPath, ...flags, PROGRAM, 'up', '--config', configFile, '--until-stdin-ends'],
      cwd: directory,
      port,
      ...(preload === undefined ? {} : { env: preload.env }),
    });
    const login = { user: USER, password };
    return { name, port, pid: program.pid, login, clearLogin: login, stop: () => program.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

function writeConfiguration(directory: string, name: GatewayPath, port: number, { database, workers }: PathRequest): string {
  const file = (path: string, contents: string): void => writeFileSync(join(directory, path), contents, { mode: 0o600 });
  mkdirSync(join(directory, 'policy'));
  file('policy/bench.yaml', POLICIES[name]);
  file('password', database.password);
  file('mask.key', randomBytes(32).toString('hex'));
  const { server } = database;
  const configuration = {
    version: 1,
    environment: 'bench',
    upstreams: [
      {
        name: UPSTREAM,
        database: 'postgres',
        listen: `127.0.0.1:${port}`,
        server: { host: server.host, port: server.port, database: DATABASE, tls: 'disable' },
        credentials: { user: OWNER, passwordFile: './password' },
        ...(name === 'password' ? { clients: ['password'] } : {}),
      },
    ],
    identity: {
      issuers: [{ name: 'dev', preset: 'dev', issuer: 'urn:sqlwarden:dev', audience: 'sqlwarden', keys: { directory: './issuer' } }],
      ...(name === 'password' ? { users: './users.yaml' } : {}),
    },
    policy: './policy/*.yaml',
    ledger: { directory: './ledger', ...(name === 'durable' ? { reads: 'durable' } : {}) },
    masking: { keyFile: './mask.key' },
    limits: { maxSessions: 5000 },
    ...(workers === 1 ? {} : { workers }),
  };
  const user = { user: USER, verifier: makeScramVerifier(PASSWORD), kind: 'service', groups: ['app'] };
  file('users.yaml', JSON.stringify({ version: 1, users: [user] }));
  file('sqlwarden.yaml', JSON.stringify(configuration));
  return join(directory, 'sqlwarden.yaml');
}

export async function issueToken(configFile: string): Promise<string> {
  const args = ['token', '--config', configFile, '--subject', 'bench', '--kind', 'service', '--groups', 'app', '--lifetime', '1d'];
  const { status, stdout, stderr } = await runProgram(process.execPath, [PROGRAM, ...args]);
  if (status !== 0) throw new Error(`no token was issued: ${stderr}`);
  return stdout.trim();
}
