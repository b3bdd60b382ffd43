// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issueDevToken, openDevIssuer } from '@sqlwarden/identity';
import type { MysqlServer, MysqlServerKind } from '@sqlwarden/testkit';
import { createConnection } from 'mysql2/promise';
import { stringify } from 'yaml';

const POLICY = {
  version: 1,
  classify: [{ label: 'pii.ssn', columns: 'shop.shop.people.ssn' }],
  mask: [{ label: 'pii.ssn', with: 'last4', except: { groups: 'privacy' } }],
  rules: [
    { id: 'all', match: { class: ['read', 'write', 'session', 'transaction', 'administrative'] }, then: 'allow' },
    { id: 'no-unfiltered-write', match: { action: ['delete', 'update'], filter: ['absent', 'always-true'] }, then: 'deny' },
  ],
  require: [{ id: 'purpose-of-notes', match: { relations: { read: 'shop.shop.notes' } }, purpose: ['support'], message: 'say what for' }],
};

const SCHEMA = `create database shop; use shop;
create table people (id int primary key, name varchar(20), ssn varchar(20));
insert into people values (1, 'Ada', '900-11-2222'), (2, 'Bob', '900-33-4444'), (3, 'Cy', null);
create table notes (id int primary key); insert into notes values (1);
create user gateway identified by 'of the gateway only'; grant all on shop.* to gateway`;

/** A server with a shop, and a configuration file for wrappers of drivers, which no gateway serves yet. */
export interface WrapperSite {
  readonly configFile: string;
  readonly ledgerDirectory: string;
  readonly server: MysqlServer;
  token(id: string, groups?: readonly string[], lifetimeSeconds?: number): string;
  stop(): Promise<void>;
}

export async function startWrapperSite(kind: MysqlServerKind): Promise<WrapperSite> {
  const server = await kind.start();
  const { host, port, user, password } = server;
  const root = await createConnection({ host, port, user, password, multipleStatements: true });
  await root.query(SCHEMA);
  await root.end();
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-wrapper-'));
  const issuer = openDevIssuer({ directory: join(directory, 'issuer'), issuer: 'urn:dev', environment: 'test' });
  mkdirSync(join(directory, 'policy'));
  writeFileSync(join(directory, 'policy/shop.yaml'), stringify(POLICY));
  writeFileSync(join(directory, 'password'), 'of the gateway only', { mode: 0o600 });
  writeFileSync(join(directory, 'mask-key'), randomBytes(32), { mode: 0o600 });
  const configFile = join(directory, 'sqlwarden.yaml');
  const configuration = {
    version: 1,
    environment: 'test',
    upstreams: [
      {
        name: 'shop',
        database: 'mysql',
        server: { host, port, database: 'shop', tls: 'disable' },
        credentials: { user: 'gateway', passwordFile: './password' },
      },
      // Of another system, for whoever else reads the file: this process has no wrapper for it.
      { name: 'crm', database: 'postgres', server: { host, port: 1, tls: 'disable' }, credentials: { user: 'gateway' } },
    ],
    identity: { issuers: [{ name: 'dev', preset: 'dev', issuer: 'urn:dev', audience: 'sqlwarden', keys: { directory: './issuer' } }] },
    policy: './policy/*.yaml',
    ledger: { directory: './ledger' },
    masking: { keyFile: './mask-key' },
  };
  writeFileSync(configFile, stringify(configuration));
  return {
    configFile,
    ledgerDirectory: join(directory, 'ledger'),
    server,
    token: (id, groups = ['app'], lifetimeSeconds = 3600) =>
      issueDevToken(issuer, { subject: { kind: 'person', id, groups }, audience: 'sqlwarden', lifetimeSeconds }),
    async stop() {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
