import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DevIssuer, type DevParty, issueDevToken, openDevIssuer } from '@sqlwarden/identity';
import { mysqlDialect } from '@sqlwarden/mysql';
import { postgresDialect } from '@sqlwarden/postgres';
import { Sidecar } from '@sqlwarden/sidecar';
import { sqlserverDialect } from '@sqlwarden/sqlserver';
import { freePort } from '@sqlwarden/testkit';
import { stringify } from 'yaml';
import { GATEWAY_ROLE } from './database.js';
import { RawClient } from './raw-client.js';

const AUDIENCE = 'sqlwarden';
/** How old what a gateway knows of a schema may be. */
export const CATALOGUE_AGE_MS = 100;

export interface GatewayRequest {
  /** The server, and the password of the role that the gateway logs in as. */
  readonly server: { readonly server: { readonly host: string; readonly port: number }; readonly password: string };
  /** The upstreams by name, with the database of each. */
  readonly upstreams: Readonly<Record<string, string>>;
  /** Policy files: text of each. */
  readonly policies: readonly string[];
  /** Merged into each upstream of the configuration. */
  readonly upstream?: Readonly<Record<string, unknown>>;
  /** Merged into the upstream of that name; into its `credentials`, too. */
  readonly each?: Readonly<Record<string, Readonly<Record<string, unknown>> & { readonly credentials?: object }>>;
  /** Merged into the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A directory with a gateway's configuration, and tokens that it accepts. */
export interface Site {
  readonly directory: string;
  readonly configFile: string;
  readonly ledgerDirectory: string;
  readonly adminSocket: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly issuer: DevIssuer;
  /** A token for a person in these groups. */
  token(groups: readonly string[], options?: TokenOptions): string;
  remove(): void;
}

export interface TokenOptions {
  readonly id?: string;
  readonly kind?: DevParty['kind'];
  readonly actors?: readonly DevParty[];
  /** Default an hour. */
  readonly lifetimeSeconds?: number;
}

/** Writes the configuration of a gateway in front of a server, its policy, its secrets and its development issuer. */
export async function writeSite(request: GatewayRequest): Promise<Site> {
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-e2e-'));
  const issuer = openDevIssuer({ directory: join(directory, 'issuer'), environment: 'test' });
  const ports: Record<string, number> = {};
  for (const name of Object.keys(request.upstreams)) ports[name] = await freePort();
  mkdirSync(join(directory, 'policy'));
  for (const [index, text] of request.policies.entries()) writeFileSync(join(directory, 'policy', `${index}.yaml`), text);
  writeFileSync(join(directory, 'password'), request.server.password, { mode: 0o600 });
  writeFileSync(join(directory, 'mask-key'), 'a key for tests only, of more than 32 bytes, the same every time', { mode: 0o600 });
  const configFile = join(directory, 'sqlwarden.yaml');
  writeFileSync(configFile, stringify(configurationOf(request, ports, issuer)));
  return {
    directory,
    configFile,
    ledgerDirectory: join(directory, 'ledger'),
    adminSocket: join(directory, 'admin.sock'),
    ports,
    issuer,
    token: (groups, { id = 'ada', kind = 'person', actors, lifetimeSeconds = 3600 } = {}) =>
      issueDevToken(issuer, { subject: { kind, id, groups }, ...(actors ? { actors } : {}), audience: AUDIENCE, lifetimeSeconds }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function configurationOf(
  { server, upstreams, upstream, each, config }: GatewayRequest,
  ports: Record<string, number>,
  issuer: DevIssuer,
): object {
  return {
    version: 1,
    environment: 'test',
    upstreams: Object.entries(upstreams).map(([name, database]) => ({
      name,
      database: 'postgres',
      listen: `127.0.0.1:${ports[name] ?? 0}`,
      server: { host: server.server.host, port: server.server.port, database, tls: 'disable' },
      ...upstream,
      ...each?.[name],
      credentials: {
        user: GATEWAY_ROLE,
        passwordFile: './password',
        ...(upstream?.['credentials'] as object | undefined),
        ...each?.[name]?.credentials,
      },
    })),
    identity: { issuers: [{ name: 'dev', preset: 'dev', issuer: issuer.issuer, audience: AUDIENCE, keys: { directory: './issuer' } }] },
    policy: './policy/*.yaml',
    ledger: { directory: './ledger' },
    masking: { keyFile: './mask-key' },
    admin: { socket: './admin.sock' },
    catalogue: { maxAgeMs: CATALOGUE_AGE_MS },
    ...config,
  };
}

/** A gateway that runs in this process, with its listeners. */
export interface RunningGateway extends Site {
  readonly sidecar: Sidecar;
  /** What the gateway told its operator. */
  readonly troubles: readonly Error[];
  connect(upstream: string, token: string, parameters?: Readonly<Record<string, string>>): Promise<RawClient>;
  stop(): Promise<void>;
}

export async function startGateway(request: GatewayRequest): Promise<RunningGateway> {
  const site = await writeSite(request);
  const troubles: Error[] = [];
  const sidecar = await Sidecar.start({
    configFile: site.configFile,
    dialects: [postgresDialect, mysqlDialect, sqlserverDialect],
    onTrouble: (error) => void troubles.push(error),
  });
  return {
    ...site,
    sidecar,
    troubles,
    connect: (upstream, token, parameters) => {
      const login = { port: site.ports[upstream] ?? 0, user: 'ada', database: upstream, password: token };
      return RawClient.connect({ ...login, ...(parameters ? { parameters } : {}) });
    },
    async stop() {
      await sidecar.stop(0);
      site.remove();
    },
  };
}
