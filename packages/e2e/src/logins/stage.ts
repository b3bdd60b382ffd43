import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CertificateRequest,
  createAuthority,
  freePort,
  type PostgresMajor,
  type PostgresServer,
  startPostgres,
} from '@sqlwarden/testkit';
import pg from 'pg';
import { type GatewayRequest, type RunningGateway, startGateway } from '../harness/gateway.js';

/** One way into the server: its role, and how `pg_hba.conf` has the role prove itself. */
interface Role {
  readonly name: string;
  readonly hba: string;
  /** What makes the password of the role. */
  readonly encryption?: 'md5' | 'scram-sha-256';
}

const ROLES: readonly Role[] = [
  { name: 'by_scram', hba: 'host all by_scram 127.0.0.1/32 scram-sha-256' },
  { name: 'by_md5', hba: 'host all by_md5 127.0.0.1/32 md5', encryption: 'md5' },
  { name: 'by_password', hba: 'host all by_password 127.0.0.1/32 password' },
  { name: 'by_certificate', hba: 'hostssl all by_certificate 127.0.0.1/32 cert' },
  { name: 'by_trust', hba: 'host all by_trust 127.0.0.1/32 trust' },
];
/** Of every role. */
export const PASSWORD = 'a password of the stage';

/** `other`: of an authority that is not the clients'. */
export interface CertificateOptions extends Pick<CertificateRequest, 'isAuthority' | 'keyUsage'> {
  readonly other?: boolean;
  readonly ended?: boolean;
}

/** A server that lets each role in by another method, and the certificates of both legs. */
export interface Stage {
  readonly server: PostgresServer;
  /** Holds the files below; clients may read them. */
  readonly directory: string;
  /** PEM files: authorities, and certificates with their keys. */
  readonly files: Readonly<Record<'clientCa' | 'otherCa' | 'serverCa' | 'gateway' | 'gatewayKey' | 'password', string>>;
  /** A certificate and key of the authority of clients: the paths of two files. */
  certificate(commonName: string, names?: readonly string[], options?: CertificateOptions): [string, string];
  /** A file of what the authority of clients has revoked: these certificates, as paths. */
  revoke(certificates: readonly string[]): string;
  admin(sql: string): Promise<pg.QueryResult>;
  stop(): Promise<void>;
}

export async function setStage(major: PostgresMajor): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-logins-'));
  chmodSync(directory, 0o755);
  const write = (name: string, text: string, mode = 0o644): string => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode });
    return path;
  };
  const clients = createAuthority('clients');
  const others = createAuthority('others');
  const gateway = clients.issue({ commonName: 'localhost', names: ['localhost', '127.0.0.1'] });
  const clientCa = write('client-ca.pem', clients.certificate);
  const server = await startPostgres({ major, tls: true, parameters: { ssl_ca_file: clientCa }, hba: ROLES.map(({ hba }) => hba) });
  const admin = new pg.Client({ connectionString: server.url() });
  await admin.connect();
  for (const { name, encryption = 'scram-sha-256' } of ROLES)
    await admin.query(`set password_encryption = '${encryption}'; create role ${name} login password '${PASSWORD}'`);
  await admin.query('create table things (id int primary key, name text); insert into things values (1, $$one$$)');
  await admin.query(`grant select on things to ${ROLES.map(({ name }) => name).join(', ')}`);
  let count = 0;
  return {
    server,
    directory,
    files: {
      clientCa,
      otherCa: write('other-ca.pem', others.certificate),
      serverCa: write('server-ca.pem', server.authority ?? ''),
      gateway: write('gateway.pem', gateway.certificate),
      gatewayKey: write('gateway.key', gateway.key, 0o600),
      password: write('password', PASSWORD, 0o600),
    },
    certificate(commonName, names = [], { other = false, ended = false, ...more } = {}) {
      const authority = other ? others : clients;
      const issued = authority.issue({ commonName, names, ...more, ...(ended ? { notAfter: new Date(Date.now() - 60_000) } : {}) });
      const name = `client-${(count += 1)}`;
      return [write(`${name}.pem`, issued.certificate), write(`${name}.key`, issued.key, 0o600)];
    },
    revoke: (certificates) => write('crl.pem', clients.revoke(certificates.map((path) => readFileSync(path, 'utf8')))),
    admin: (sql) => admin.query(sql),
    async stop() {
      await admin.end();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A part of the configuration, as YAML has it. */
export type Settings = Readonly<Record<string, unknown>>;

export interface UpstreamRequest {
  readonly role?: string;
  readonly server?: Settings;
  readonly credentials?: Settings;
  /** `clientTls`, `clients` and what else an upstream has. */
  readonly more?: Settings;
}

/** A gateway in front of the stage that lets everybody read. Every upstream serves the database `postgres` and listens on a port of its own. */
export async function startStageGateway(
  stage: Stage,
  requests: Readonly<Record<string, UpstreamRequest>>,
  config: Settings = {},
): Promise<{ readonly gateway: RunningGateway; readonly ports: Readonly<Record<string, number>>; readonly token: string }> {
  const { request, ports } = await stageRequest(stage, requests, config);
  const gateway = await startGateway(request);
  return { gateway, ports, token: gateway.token(['app']) };
}

/** What such a gateway is started with. */
export async function stageRequest(
  stage: Stage,
  requests: Readonly<Record<string, UpstreamRequest>>,
  config: Settings = {},
): Promise<{ readonly request: GatewayRequest; readonly ports: Readonly<Record<string, number>> }> {
  const ports: Record<string, number> = {};
  const upstreams = [];
  for (const [name, { role = 'by_scram', server, credentials, more }] of Object.entries(requests)) {
    ports[name] = await freePort();
    upstreams.push({
      name,
      database: 'postgres',
      listen: `127.0.0.1:${ports[name]}`,
      server: { host: '127.0.0.1', port: stage.server.port, database: 'postgres', ca: stage.files.serverCa, ...server },
      credentials: { user: role, passwordFile: stage.files.password, ...credentials },
      ...more,
    });
  }
  const request = {
    server: { server: stage.server, password: PASSWORD },
    upstreams: {},
    policies: ['version: 1\ndefault: deny\nrules:\n  - { id: all, match: { class: [read, session, transaction] }, then: allow }\n'],
    config: { upstreams, ...config },
  };
  return { request, ports };
}
