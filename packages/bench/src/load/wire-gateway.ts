import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@sqlwarden/testkit';
import { startProgram } from '../postgres/ended-by-input.js';
import { issueToken, PROGRAM } from '../postgres/gateway.js';
import { PASS_THROUGH, UPSTREAM, WITH_MASKS, WITH_POLICY } from '../postgres/gateway-policies.js';
import type { OpenPath } from '../postgres/paths.js';
import type { WireBench, WireDatabase } from './bench-wire.js';

const POLICIES = { sqlwarden: PASS_THROUGH, policy: WITH_POLICY, masks: WITH_MASKS, durable: WITH_POLICY } as const;

/** The same policy as for PostgreSQL, on the same columns of another schema. */
function policyOf(name: keyof typeof POLICIES, { prefix }: WireDatabase): string {
  return POLICIES[name]
    .replaceAll('bench.public.pgbench_*', `${UPSTREAM}.${prefix}accounts`)
    .replaceAll('bench.public.', `${UPSTREAM}.${prefix}`);
}

/** Runs `sqlwarden up` in a process of its own, with a configuration in a temporary directory and a token of its development issuer. */
export async function startWireGateway(
  name: keyof typeof POLICIES,
  kind: WireBench['name'],
  database: WireDatabase,
  workers: number,
): Promise<OpenPath> {
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-bench-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  const file = (path: string, contents: string): void => writeFileSync(join(directory, path), contents, { mode: 0o600 });
  const { host, port: upstreamPort } = database.server;
  try {
    const port = await freePort();
    mkdirSync(join(directory, 'policy'));
    file('policy/bench.yaml', policyOf(name, database));
    file('password', database.login.password);
    file('mask.key', randomBytes(32).toString('hex'));
    const upstream = {
      name: UPSTREAM,
      database: kind,
      listen: `127.0.0.1:${port}`,
      server: { host, port: upstreamPort, database: database.database, tls: 'disable' },
      credentials: { user: database.login.user, passwordFile: './password' },
    };
    const issuer = { name: 'dev', preset: 'dev', issuer: 'urn:sqlwarden:dev', audience: 'sqlwarden', keys: { directory: './issuer' } };
    const configuration = {
      version: 1,
      environment: 'bench',
      upstreams: [upstream],
      identity: { issuers: [issuer] },
      policy: './policy/*.yaml',
      ledger: { directory: './ledger', ...(name === 'durable' ? { reads: 'durable' } : {}) },
      masking: { keyFile: './mask.key' },
      limits: { maxSessions: 5000 },
      ...(workers === 1 ? {} : { workers }),
    };
    const configFile = join(directory, 'sqlwarden.yaml');
    file('sqlwarden.yaml', JSON.stringify(configuration));
    const login = { user: 'bench', password: await issueToken(configFile) };
    const command = [process.execPath, PROGRAM, 'up', '--config', configFile, '--until-stdin-ends'] as const;
    const program = await startProgram({ command, cwd: directory, port });
    return { name, port, pid: program.pid, login, clearLogin: login, stop: () => program.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}
