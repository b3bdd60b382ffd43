import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issueDevToken, openDevIssuer } from '@sqlwarden/identity';
import { type PostgresServer, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';

const POLICY = `
version: 1
classify:
  - { label: pii.email, columns: crm.public.people.email }
mask:
  - { label: pii.email, with: email, except: { groups: [privacy] } }
rules:
  - { id: staff, match: { subject: { groups: [support, privacy] }, class: [read, write] }, then: allow }
require:
  - { id: ticket-for-changes, match: { class: write }, ticket: "CHG-[0-9]+", message: "send the ticket of the change as x-ticket" }
`;

const SCHEMA = `
create table people (id int primary key, name text not null, email text not null);
insert into people values (1, 'Maya Chen', 'maya.chen@example.com'), (2, 'Noor Haddad', 'noor@example.org');
`;

/** A PostgreSQL with made-up data, and the configuration of the gateway that is in the application's process. */
export interface Site {
  readonly configFile: string;
  readonly ledger: string;
  token(id: string, groups: readonly string[]): string;
  remove(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-web-request-'));
  const issuer = openDevIssuer({ directory: join(directory, 'issuer'), environment: 'development' });
  const server = await startPostgres({ major: 18 });
  await fill(server);
  writeFileSync(join(directory, 'policy.yaml'), POLICY);
  writeFileSync(join(directory, 'password'), server.password, { mode: 0o600 });
  writeFileSync(join(directory, 'mask-key'), randomBytes(32).toString('hex'), { mode: 0o600 });
  const configFile = join(directory, 'sqlwarden.yaml');
  writeFileSync(
    configFile,
    `
version: 1
environment: development
upstreams:
  - name: crm
    database: postgres
    server: { host: ${server.host}, port: ${server.port}, database: crm, tls: disable }
    credentials: { user: gateway, passwordFile: ./password }
identity:
  issuers:
    - { name: dev, preset: dev, issuer: ${issuer.issuer}, audience: sqlwarden, keys: { directory: ./issuer } }
policy: ./policy.yaml
ledger: { directory: ./ledger }
masking: { keyFile: ./mask-key }
`,
  );
  return {
    configFile,
    ledger: join(directory, 'ledger'),
    token: (id, groups) => issueDevToken(issuer, { subject: { kind: 'person', id, groups }, audience: 'sqlwarden', lifetimeSeconds: 600 }),
    async remove() {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function fill(server: PostgresServer): Promise<void> {
  const admin = new pg.Client(server.url());
  await admin.connect();
  await admin.query(`create role gateway login password ${pg.escapeLiteral(server.password)}`);
  await admin.query('create database crm owner gateway');
  await admin.end();
  const owner = new pg.Client(server.url({ user: 'gateway', password: server.password, database: 'crm' }));
  await owner.connect();
  await owner.query(SCHEMA);
  await owner.end();
}
