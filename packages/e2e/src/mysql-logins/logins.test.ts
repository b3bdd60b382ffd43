import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LedgerEvent } from '@sqlwarden/core';
import { makeScramVerifier } from '@sqlwarden/identity';
import { readEntries } from '@sqlwarden/ledger';
import { createAuthority, findMariadbClient, type MysqlServer, requireOrSkip, runProgram, until } from '@sqlwarden/testkit';
import { type Connection, type ConnectionOptions, createConnection, type QueryError, type RowDataPacket } from 'mysql2/promise';
import { type RunningGateway, startGateway } from '../harness/gateway.js';
import { MYSQL_KINDS } from '../mysql/mysql-database.js';

const ACCOUNT = 'of the account that sessions share';
const CAROL = 'carols own secret, that is nowhere';
const ALICE = 'the password of alice';
/** Checking a password takes long enough for others to come meanwhile. */
const SLOW_ITERATIONS = 400_000;
const person = (user: string, iterations: number): object => ({ user, verifier: makeScramVerifier(ALICE, iterations), kind: 'person' });
const ALLOW_EVERYTHING = 'version: 1\ndefault: deny\nrules:\n  - { id: everything, then: allow }\n';
/** MySQL writes roles with their hosts. */
const ROLE = "replace(replace(coalesce(current_role(), 'none'), '`', ''), '@%', '')";
const WHO = `select concat(substring_index(user(), '@', 1), ' ', lower(${ROLE})) as who`;

const SCHEMA = `create database shop; use shop;
create table things (id int primary key, name varchar(20)); insert into things values (1, 'one');
create table secrets (id int primary key); insert into secrets values (1);
create user gateway identified by '${ACCOUNT}'; grant select, insert on shop.things to gateway; -- What an account has no right on it does not see.
grant references, execute on shop.* to gateway;
create procedure leave_role() sql security invoker set role editor;
grant select on mysql.* to gateway;
create role analyst, editor; grant select on shop.secrets to editor;
grant analyst to gateway; grant editor to gateway;
create user carol identified by '${CAROL}'; grant analyst to carol; grant select on shop.things to carol;
create user ''@'%' identified by 'of whoever comes'; grant select on shop.things to ''@'%';
create user trusted; grant select on shop.things to trusted;
create user blue_user identified by 'resu_eulb'; grant select on shop.things to blue_user`;

const mariadb = findMariadbClient();
describe.each(MYSQL_KINDS)('logins on $name', ({ finding, start, plugin }) => {
  if (!requireOrSkip(finding)) {
    it.skip('needs the server', () => undefined);
    return;
  }
  let server: MysqlServer;
  let gateway: RunningGateway;
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-my-'));
  const authority = createAuthority();
  const at = (name: string): string => join(directory, name);
  const write = (name: string, text: string, mode = 0o600): string => {
    writeFileSync(at(name), text, { mode });
    return at(name);
  };
  const socketPath = at('s.sock');

  beforeAll(async () => {
    server = await start({ tls: true });
    const { host, port, user, password } = server;
    const root = await createConnection({ host, port, user, password, multipleStatements: true });
    await root.query(SCHEMA);
    await root.end();
    const shown = authority.issue({ commonName: 'localhost', names: ['localhost', '127.0.0.1'] });
    const [certificate, key] = [write('gateway.pem', shown.certificate), write('gateway.key', shown.key)];
    const bob = authority.issue({ commonName: 'bob' });
    write('bob.pem', bob.certificate);
    write('bob.key', bob.key);
    const ca = write('clients.pem', authority.certificate);
    const users = write('users.yaml', JSON.stringify({ version: 1, users: [person('alice', 4096), person('bo', SLOW_ITERATIONS)] }));
    write('mint.sh', `#!/bin/sh\nprintf '%s' "$SQLWARDEN_USER" | rev\n`);
    chmodSync(at('mint.sh'), 0o755);
    const encrypted = { host, port, database: 'shop', tls: 'verify-full', ca: write('server.pem', server.authority ?? '') };
    const clientTls = { certificate, key };
    gateway = await startGateway({
      server: { server, password: ACCOUNT },
      upstreams: {
        token: 'shop',
        encrypted: 'shop',
        users: 'shop',
        certificate: 'shop',
        workload: 'shop',
        local: 'shop',
        role: 'shop',
        own: 'shop',
        minted: 'shop',
      },
      policies: [ALLOW_EVERYTHING],
      upstream: { database: 'mysql', credentials: { user: 'gateway' } },
      each: {
        token: { clientTls },
        encrypted: { clientTls, server: encrypted, credentials: { accept: plugin } },
        users: { clientTls, clients: ['password', 'token'] },
        certificate: { clientTls: { ...clientTls, ca }, clients: 'certificate' },
        workload: { clients: 'workload' },
        local: { listen: socketPath },
        role: {
          credentials: {
            mode: 'role',
            roles: [
              { match: { groups: ['editors'] }, role: 'editor' },
              { match: { groups: ['analysts'] }, role: 'analyst' },
              { match: { groups: ['strangers'] }, role: 'of_nobody' },
            ],
          },
        },
        own: { credentials: { mode: 'client-password', kind: 'person' } },
        minted: {
          credentials: {
            mode: 'minted',
            minted: { command: [at('mint.sh')] },
            roles: [{ match: { groups: ['blue'] }, role: 'blue_user' }],
          },
        },
      },
      config: {
        catalogue: { maxAgeMs: 10_000 },
        identity: {
          issuers: [{ name: 'dev', preset: 'dev', issuer: 'urn:sqlwarden:dev', audience: 'sqlwarden', keys: { directory: './issuer' } }],
          users,
          certificates: [{ commonName: 'bob', kind: 'person' }],
          workload: { tokenFile: at('workload-token') },
        },
      },
    });
    write('workload-token', gateway.token(['app'], { id: 'the-pod', kind: 'service' }));
  });
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const connect = (upstream: string, how: Partial<ConnectionOptions> = {}): Promise<Connection> =>
    createConnection({
      host: '127.0.0.1',
      port: gateway.ports[upstream] ?? 0,
      user: 'ada',
      password: gateway.token(['app']),
      database: 'shop',
      enableCleartextPlugin: true,
      ...how,
    });
  const valueOf = async (connection: Connection, sql: string): Promise<unknown> => {
    try {
      const [rows] = await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
      return (rows as unknown as unknown[][])[0]?.[0];
    } catch (error) {
      const { errno, message } = error as QueryError & { errno: number };
      return /code: ([a-z-]+)/.exec(message)?.[1] ?? errno;
    }
  };
  const once = async (upstream: string, how: Partial<ConnectionOptions> = {}, sql = 'select name from things'): Promise<unknown> => {
    const connection = await connect(upstream, how);
    const value = await valueOf(connection, sql);
    await connection.end();
    return value;
  };
  const refusalOf = (upstream: string, how: Partial<ConnectionOptions>): Promise<string> =>
    connect(upstream, how).then(
      () => 'let in',
      (error: QueryError) => error.message,
    );
  const inTls = { ssl: { ca: authority.certificate }, enableCleartextPlugin: false } as const;
  const events = async <T extends LedgerEvent['type']>(type: T): Promise<Extract<LedgerEvent, { type: T }>[]> => {
    const found = [];
    for await (const { event } of readEntries(gateway.ledgerDirectory)) if (event.type === type) found.push(event);
    return found as Extract<LedgerEvent, { type: T }>[];
  };

  describe('of clients', () => {
    it('are by a token, inside of TLS without any setting, over loopback and over a unix socket', async () => {
      expect(await once('token', inTls)).toBe('one');
      expect(await once('token')).toBe('one');
      expect(await once('local', { socketPath, enableCleartextPlugin: false })).toBe('one');
      expect(await once('encrypted', inTls)).toBe('one');
    });

    it('may name no database, and any other of the server', async () => {
      const connection = await connect('token', inTls);
      expect(await valueOf(connection, 'select database()')).toBe('shop');
      await connection.end();
      const silent = await connect('token', { ...inTls, database: '' });
      expect(await valueOf(silent, 'select name from shop.things')).toBe('one');
      await silent.end();
      expect(await once('token', { ...inTls, database: 'information_schema' }, 'select database()')).toBe('information_schema');
      expect(await refusalOf('token', { ...inTls, database: 'nowhere' })).not.toBe('let in');
    });

    it('are refused with words that say what to do', async () => {
      expect(await refusalOf('token', { ...inTls, password: 'no token' })).toContain('identity-invalid');
      expect(await refusalOf('token', { ...inTls, password: '' })).toContain('give a token as the password');
      expect(await refusalOf('token', { ...inTls, user: '' })).toContain('set user');
    });

    it('are by the password of a user of the file, or a token of anybody else', async () => {
      expect(await once('users', { ...inTls, user: 'alice', password: ALICE })).toBe('one');
      expect(await once('users', inTls)).toBe('one');
      expect(await refusalOf('users', { ...inTls, user: 'alice', password: 'wrong' })).toContain('the password is wrong');
      const opened = await events('session.opened');
      expect(opened.map(({ principal }) => principal.subject.id)).toContain('alice');
    });

    it('are not many guesses when they are begun at once', async () => {
      const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => refusalOf('users', { user: 'bo', password: `wrong ${i}` })));
      expect(answers.filter((answer) => answer.includes('the password is wrong')).length).toBeLessThanOrEqual(12);
      expect(answers.filter((answer) => answer.includes('login-throttled')).length).toBeGreaterThan(15);
    });

    it('are by a certificate', async () => {
      const ssl = { ca: authority.certificate, cert: readFileSync(at('bob.pem')), key: readFileSync(at('bob.key')) };
      expect(await once('certificate', { ssl, password: 'is not asked for' })).toBe('one');
      expect(await once('certificate', { ssl, password: '' })).toBe('one');
      expect(await refusalOf('certificate', inTls)).toContain('show a client certificate');
    });

    it('are as the workload beside the gateway, with any password', async () => {
      expect(await once('workload', { password: 'x' })).toBe('one');
      await until(async () => (await events('session.opened')).some(({ principal }) => principal.subject.id === 'the-pod'));
    });

    (requireOrSkip(mariadb) ? it : it.skip)('are by the mariadb command line, which is told nothing new', async () => {
      const path = mariadb.found ? mariadb.path : '';
      const login = ['--no-defaults', '--user=ada', `--password=${gateway.token(['app'])}`, '--batch', '--skip-column-names'];
      const tcp = ['--protocol=tcp', '--host=127.0.0.1', `--port=${gateway.ports['token'] ?? 0}`];
      for (const how of [
        [...tcp, '--ssl', `--ssl-ca=${at('clients.pem')}`],
        [...tcp, '--skip-ssl'],
        [`--socket=${socketPath}`, '--skip-ssl'],
      ]) {
        const { stdout, stderr } = await runProgram(path, [...login, ...how, 'shop', '-e', 'select name from things']);
        expect(stdout + stderr).toBe('one\n');
      }
    });
  });

  describe('that have ended', () => {
    it('end what was opened by them, and go on with a new token', async () => {
      const connection = await connect('token', { ...inTls, password: gateway.token(['app'], { lifetimeSeconds: 4 }) });
      expect(await valueOf(connection, 'select 1')).toBe(1);
      await until(async () => (await valueOf(connection, 'select 1')) === 'identity-expired');
      expect(await valueOf(connection, `set @sqlwarden.token = '${gateway.token(['app'])}'`)).toBe(undefined);
      expect(await valueOf(connection, 'select 1')).toBe(1);
      expect(await valueOf(connection, `set @sqlwarden.token = '${gateway.token(['app'], { id: 'eve' })}'`)).not.toBe(undefined);
      await connection.end();
    });
  });

  describe('with a role for each identity', () => {
    const as = (...groups: readonly string[]): Promise<Connection> =>
      connect('role', { password: gateway.token(groups), multipleStatements: true });

    it('run statements as the role from the first on, with its rights and no others', async () => {
      const [ada, eve] = [await as('analysts'), await as('editors')];
      expect(await valueOf(ada, WHO)).toBe('gateway analyst');
      expect(await valueOf(eve, WHO)).toBe('gateway editor');
      expect(await valueOf(ada, 'select id from secrets')).toBe(1142);
      expect(await valueOf(eve, 'select id from secrets')).toBe(1);
      await Promise.all([ada.end(), eve.end()]);
    });

    it.each([
      'set role none',
      'set role editor',
      'set role all',
      'SET /**/ ROLE `editor`',
      "set @s = 'set role editor'; prepare p from @s; execute p",
      "execute immediate 'set role editor'",
      'begin not atomic set role editor; end',
      'set statement max_statement_time = 1 for set role editor',
      '/*!50000 set role editor */',
      '/*M! set role editor */',
      'set default role editor',
      'grant editor to analyst',
    ])('are not left by %s', async (sql) => {
      const ada = await as('analysts');
      await valueOf(ada, sql);
      expect([await valueOf(ada, 'select id from secrets'), await valueOf(ada, WHO)]).toEqual([1142, 'gateway analyst']);
      ada.destroy();
    });

    it.each([
      'call leave_role(); select id from secrets',
      'call leave_role(); select 1; select id from secrets',
      'begin; call leave_role(); select id from secrets',
    ])('are not left within %s', async (sql) => {
      const ada = await as('analysts');
      const rows = await ada.query<RowDataPacket[]>(sql).then(
        ([found]) => JSON.stringify(found),
        () => 'refused',
      );
      expect(rows).not.toContain('"id":1');
      const after = await valueOf(ada, 'select id from secrets').catch(() => 'over');
      expect(after).not.toBe(1);
      ada.destroy();
    });

    it('keep it when the session is reset', async () => {
      const eve = await as('editors');
      await eve.reset();
      expect(await valueOf(eve, WHO)).toBe('gateway editor');
      await eve.end();
    });

    it('are refused to who has none, and where the account may not take it', async () => {
      expect(await refusalOf('role', { password: gateway.token(['nothing']) })).toContain('no line');
      expect(await refusalOf('role', { password: gateway.token(['strangers']) })).toContain('check that it is granted');
    });
  });

  describe('with accounts of their own on the server', () => {
    it('let a client in with its own password, as whom the server knows', async () => {
      expect(await once('own', { user: 'carol', password: CAROL }, WHO)).toBe('carol none');
      const [opened] = (await events('session.opened')).filter(({ serverUser }) => serverUser === 'carol');
      expect(opened?.principal).toMatchObject({
        subject: { kind: 'person', id: 'carol', issuer: 'urn:sqlwarden:upstream:own', groups: ['analyst'] },
        proof: { subject: 'password' },
      });
    });

    it.each([
      ['a wrong password', 'carol', 'wrong'],
      ['somebody who is not there', 'nobody', 'x'],
      ['no password', 'trusted', ''],
      ['a password where there is none', 'trusted', 'x'],
      ['a name that is nobody, by the password of the anonymous account', 'the_owner', 'of whoever comes'],
      ['a name that the server would cut', `carol${' '.repeat(130)}`, CAROL],
    ])('refuse %s, and write down no session', async (_what, user, password) => {
      const opened = (await events('session.opened')).filter(({ serverUser }) => serverUser === user).length;
      expect(await refusalOf('own', { user, password })).not.toBe('let in');
      await delay(200);
      expect((await events('session.opened')).filter(({ serverUser }) => serverUser === user)).toHaveLength(opened);
    });

    it('make a password for each identity', async () => {
      expect(await once('minted', { password: gateway.token(['blue']) }, WHO)).toBe('blue_user none');
      expect(await refusalOf('minted', { password: gateway.token(['red']) })).toContain('no line');
    });

    it('keep no secret and tell none', async () => {
      const told = gateway.troubles.map((trouble) => `${trouble.message} ${String(trouble.cause)}`).join('\n');
      const files = readdirSync(gateway.ledgerDirectory, { recursive: true, encoding: 'utf8' }).map((name) =>
        join(gateway.ledgerDirectory, name),
      );
      const texts = [told, ...files.filter((path) => statSync(path).isFile()).map((path) => readFileSync(path, 'latin1'))];
      for (const secret of [CAROL, ALICE, ACCOUNT, 'resu_eulb', 'eyJ']) for (const text of texts) expect(text.includes(secret)).toBe(false);
    });
  });
});
