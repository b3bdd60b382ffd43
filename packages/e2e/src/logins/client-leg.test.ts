import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { makeScramVerifier } from '@sqlwarden/identity';
import { readEntries } from '@sqlwarden/ledger';
import { findPostgres, findPsql, findPython, requireOrSkip, runProgram } from '@sqlwarden/testkit';
import pg from 'pg';
import * as frontend from '../harness/frontend-messages.js';
import type { RunningGateway } from '../harness/gateway.js';
import { type CertificateOptions, PASSWORD, setStage, type Stage, startStageGateway } from './stage.js';

const ALICE = 'alices own password';
const LOGIN_TIMEOUT_MS = 4_000;
const ROOT_URI = 'spiffe://stage.example';
const [postgres, psql, psycopg] = [findPostgres(18), findPsql(), findPython('psycopg')];

(requireOrSkip(postgres) ? describe : describe.skip)('how clients log in', () => {
  let stage: Stage;
  let gateway: RunningGateway;
  let ports: Readonly<Record<string, number>>;
  let token: string;
  /** Certificates and keys of clients, as paths. */
  let [workload, bob, stranger, nobody, twoNames, ended, revoked]: readonly [string, string][] = [];

  beforeAll(async () => {
    stage = await setStage(18);
    [workload, bob, stranger, nobody, twoNames, ended, revoked] = [
      stage.certificate('etl', [`${ROOT_URI}/ns/prod/sa/etl`]),
      stage.certificate('bob'),
      stage.certificate('bob', [], { other: true }),
      stage.certificate('nobody'),
      stage.certificate('etl', [`${ROOT_URI}/ns/prod/sa/etl`, `${ROOT_URI}/ns/prod/sa/admin`]),
      stage.certificate('bob', [], { ended: true }),
      stage.certificate('bob'),
    ];
    const users = join(stage.directory, 'users.yaml');
    const entry = { user: 'alice', verifier: makeScramVerifier(ALICE), kind: 'person', groups: ['app'] };
    const gone = { user: 'gone', verifier: makeScramVerifier(ALICE), kind: 'person', expires: '2020-01-01T00:00:00Z' };
    const kept = await stage.admin("select rolpassword from pg_authid where rolname = 'by_scram'");
    const carol = {
      user: 'carol',
      verifier: (kept.rows[0] as { rolpassword: string }).rolpassword,
      kind: 'service',
      groups: ['app'],
    };
    writeFileSync(users, JSON.stringify({ version: 1, users: [entry, gone, carol] }), { mode: 0o600 });
    const { gateway: certificate, gatewayKey: key, clientCa: ca } = stage.files;
    const tls = { certificate, key };
    const started = await startStageGateway(
      stage,
      {
        token: { more: { clientTls: tls } },
        password: { more: { clientTls: tls, clients: 'password' } },
        both: { more: { clientTls: tls, clients: ['password', 'token'] } },
        certificate: { more: { clientTls: { ...tls, ca, crl: stage.revoke([revoked[0]]) }, clients: 'certificate' } },
        federated: { more: { clientTls: { ...tls, ca: stage.files.otherCa }, clients: 'certificate' } },
        any: { more: { clientTls: { ...tls, ca }, clients: ['certificate', 'password', 'token'] } },
        mutual: { more: { clientTls: { ...tls, ca, requireCertificate: true, minVersion: 'TLSv1.3' }, clients: 'token' } },
      },
      {
        identity: {
          issuers: [{ name: 'dev', preset: 'dev', issuer: 'urn:sqlwarden:dev', audience: 'sqlwarden', keys: { directory: './issuer' } }],
          users,
          certificates: [
            { uri: `${ROOT_URI}/ns/*/sa/*`, kind: 'service', groups: ['app'] },
            { commonName: 'bob', kind: 'person', groups: ['app'] },
            { commonName: 'guest', kind: 'service', groups: ['app'], upstreams: ['certificate'] },
          ],
        },
        limits: { loginTimeoutMs: LOGIN_TIMEOUT_MS },
      },
    );
    ({ gateway, ports, token } = started);
  });
  afterAll(async () => {
    await gateway?.stop();
    await stage?.stop();
  });

  interface Try {
    readonly user?: string;
    readonly password?: string | undefined;
    readonly certificate?: readonly [string, string] | undefined;
    /** More of a connection string of libpq. */
    readonly more?: string;
    /** Use the libpq of this server's release in place of the installed one. */
    readonly newest?: boolean;
  }

  /** By psql; answers what it wrote. */
  async function libpq(upstream: string, { user = 'ada', password, certificate, more = '', newest = false }: Try = {}): Promise<string> {
    const files = certificate === undefined ? '' : `sslcert=${certificate[0]} sslkey=${certificate[1]}`;
    const place = `host=localhost hostaddr=127.0.0.1 port=${ports[upstream] ?? 0} user=${user} dbname=postgres`;
    const conninfo = `${place} sslmode=verify-full sslrootcert=${stage.files.clientCa} ${files} ${more}`;
    const env = {
      PGPASSWORD: password ?? '',
      PGSSLCERT: '/nonexistent',
      ...(newest && postgres.found ? { LD_LIBRARY_PATH: join(postgres.path, 'lib') } : {}),
    };
    const { stdout, stderr } = await runProgram(
      psql.found ? psql.path : '',
      ['-X', '-A', '-t', '-w', '-d', conninfo, '-c', 'select name from things'],
      { env },
    );
    return (stdout + stderr).trim();
  }

  async function driver(upstream: string, { user = 'ada', password, certificate }: Try, more: object = {}): Promise<string> {
    const { readFileSync } = await import('node:fs');
    const [cert, key] = certificate === undefined ? [] : certificate.map((file) => readFileSync(file, 'utf8'));
    const client = new pg.Client({
      host: 'localhost',
      port: ports[upstream] ?? 0,
      user,
      database: 'postgres',
      password: password ?? '',
      ssl: { ca: readFileSync(stage.files.clientCa, 'utf8'), ...(cert === undefined ? {} : { cert, key }) },
      ...more,
    } as pg.ClientConfig);
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<{ name: string }>('select name from things')).rows[0]?.name ?? '';
    } catch (error) {
      return `${(error as { code?: string }).code ?? ''} ${(error as Error).message}`;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async function lastPrincipal(): Promise<unknown> {
    let last: unknown;
    for await (const { event } of readEntries(gateway.ledgerDirectory)) if (event.type === 'session.opened') last = event.principal;
    return last;
  }

  (requireOrSkip(psql) ? describe : describe.skip)('by libpq', () => {
    it('with a token as the password', async () => {
      expect(await libpq('token', { password: token })).toBe('one');
      expect(await libpq('both', { password: token })).toBe('one');
      expect(await libpq('any', { password: token })).toBe('one');
    });

    it.each(['prefer', 'require', 'disable'])('with a password by SCRAM-SHA-256, channel_binding=%s', async (binding) => {
      expect(await libpq('password', { user: 'alice', password: ALICE, more: `channel_binding=${binding}` })).toBe('one');
      expect(await lastPrincipal()).toMatchObject({
        subject: { kind: 'person', issuer: 'urn:sqlwarden:users', id: 'alice', groups: ['app'] },
        proof: { subject: 'password', groups: 'password' },
      });
    });

    it('with a verifier that PostgreSQL made', async () => {
      expect(await libpq('password', { user: 'carol', password: PASSWORD })).toBe('one');
    });

    it('not with another password, nor as somebody who is not there, and the two look alike', async () => {
      const wrong = await libpq('password', { user: 'alice', password: 'another' });
      expect(wrong).toContain('the password is wrong');
      expect(await libpq('password', { user: 'mallory', password: ALICE })).toBe(wrong);
      expect(await libpq('both', { user: 'alice', password: token })).toContain('the password is wrong');
      expect(await libpq('password', { user: 'ada', password: token })).toContain('the password is wrong');
      expect(await libpq('token', { user: 'alice', password: ALICE })).toContain('sqlwarden:');
      expect(await libpq('password', { user: 'gone', password: ALICE })).toContain('sqlwarden:');
    });

    it('records who tried in vain', async () => {
      await libpq('password', { user: 'mallory', password: 'x', more: "application_name='in vain'" });
      let found: unknown;
      // What has happened is written soon after, not before.
      for (let attempt = 0; found === undefined && attempt < 40; attempt += 1) {
        for await (const { event } of readEntries(gateway.ledgerDirectory))
          if (event.type === 'login.refused' && event.asserted['user'] === 'mallory' && event.asserted['application_name'] === 'in vain')
            found = event;
        if (found === undefined) await delay(50);
      }
      expect(found).toMatchObject({ code: 'identity-invalid', message: 'the password is wrong' });
      expect(JSON.stringify(found)).not.toContain('SCRAM');
    });

    it('with a certificate', async () => {
      expect(await libpq('certificate', { certificate: workload })).toBe('one');
      expect(await lastPrincipal()).toMatchObject({
        subject: { kind: 'service', issuer: 'urn:sqlwarden:certificates', id: `${ROOT_URI}/ns/prod/sa/etl` },
        workload: { spiffeId: `${ROOT_URI}/ns/prod/sa/etl` },
        proof: { subject: 'mtls', workload: 'mtls' },
      });
      expect(await libpq('any', { certificate: bob })).toBe('one');
      expect(await lastPrincipal()).toMatchObject({ subject: { kind: 'person', id: 'bob' }, proof: { subject: 'mtls' } });
    });

    it('not with a certificate that was revoked, where that can be known', async () => {
      expect(await libpq('certificate', { certificate: revoked })).toContain('the client certificate is not trusted');
      expect(await libpq('any', { certificate: revoked })).toBe('one');
    });

    it('not with a certificate that is not trusted, has ended, stands for nobody, or names two', async () => {
      for (const certificate of [stranger, ended]) {
        expect(await libpq('certificate', { certificate })).toContain('the client certificate is not trusted');
        // Nor is it passed over where something else would do.
        expect(await libpq('any', { certificate, password: token })).toContain('the client certificate is not trusted');
      }
      expect(await libpq('certificate', { certificate: nobody })).toContain('stands for nobody');
      expect(await libpq('certificate', { certificate: twoNames })).toContain('is no X.509-SVID: it has more than one URI');
      expect(await libpq('certificate')).toContain('show a client certificate');
      expect(await libpq('any', { certificate: nobody, password: token })).toBe('one');
    });

    it('not with a certificate that names a workload and is no X.509-SVID of one, whatever else it would stand for', async () => {
      const refused = async (names: readonly string[], options: CertificateOptions = {}): Promise<string> =>
        libpq('any', { certificate: stage.certificate('bob', names, options), password: token });
      const etl = [`${ROOT_URI}/ns/prod/sa/etl`];
      expect(await refused(etl)).toBe('one');
      expect(await refused(etl, { keyUsage: 0xa8 })).toBe('one');
      expect(await refused(etl, { isAuthority: true })).toContain('is no X.509-SVID: it is the certificate of an authority');
      expect(await refused(etl, { isAuthority: true, keyUsage: 0x86 })).toContain(
        'is no X.509-SVID: it is the certificate of an authority',
      );
      expect(await refused(etl, { keyUsage: 'none' })).toContain('is no X.509-SVID: its key is not for digital signatures');
      expect(await refused(etl, { keyUsage: 0x84 })).toContain('is no X.509-SVID: its key is for signing certificates');
      expect(await refused([ROOT_URI])).toContain('is no X.509-SVID: its URI is the SPIFFE ID of a trust domain, without a path');
      expect(await refused([`${ROOT_URI}/ns/prod/../sa/etl`])).toContain('is no X.509-SVID: its URI is no SPIFFE ID');
      expect(await refused(['https://stage.example/etl', ...etl])).toContain('is no X.509-SVID: it has more than one URI');
    });

    it('with a certificate only where its entry lets it in: the authority of another upstream names nobody here', async () => {
      const guest = (other: boolean): [string, string] => stage.certificate('guest', [], { other });
      expect(await libpq('certificate', { certificate: guest(false) })).toBe('one');
      expect(await libpq('certificate', { certificate: guest(true) })).toContain('is not trusted');
      expect(await libpq('federated', { certificate: guest(true) })).toContain('stands for nobody');
      expect(await libpq('federated', { certificate: stranger })).toBe('one');
    });

    it('with a token behind a certificate that is required', async () => {
      expect(await libpq('mutual', { certificate: bob, password: token })).toBe('one');
      expect(await lastPrincipal()).toMatchObject({ proof: { subject: 'token' } });
      expect(await libpq('mutual', { password: token })).toContain('show a client certificate');
      expect(await libpq('mutual', { certificate: bob, password: token, more: 'ssl_max_protocol_version=TLSv1.2' })).toContain('SSL error');
    });

    it('by direct TLS, and by protocol 3.2 with its long cancel key', async () => {
      const direct = { password: token, newest: true, more: 'sslnegotiation=direct max_protocol_version=3.2' };
      expect(await libpq('token', direct)).toBe('one');
      expect(await libpq('certificate', { ...direct, certificate: bob })).toBe('one');
      expect(await libpq('password', { ...direct, user: 'alice', password: ALICE, more: `${direct.more} channel_binding=require` })).toBe(
        'one',
      );
    });

    it('cancels over protocol 3.2', async () => {
      const place = `host=localhost hostaddr=127.0.0.1 port=${ports['token'] ?? 0} user=ada dbname=postgres sslmode=require max_protocol_version=3.2`;
      const env = { PGPASSWORD: token, LD_LIBRARY_PATH: join(postgres.found ? postgres.path : '', 'lib') };
      // psql takes SIGINT for a cancel request.
      const command = `${psql.found ? psql.path : 'psql'} -X -w -d "${place}" -c "select pg_sleep(30)" & child=$!; sleep 1; kill -INT $child; wait $child`;
      const { stderr } = await runProgram('/bin/bash', ['-m', '-c', command], { env, timeoutMs: 20_000 });
      expect(stderr).toContain('canceling statement due to user request');
    });
  });

  it('not by trying cancel keys: who tries many is not heard, and that is recorded', async () => {
    const knock = (): Promise<void> =>
      new Promise((resolve) => {
        const socket = connectTcp({ port: ports['both'] ?? 0, host: '127.0.0.1' });
        socket.once('connect', () => socket.write(frontend.cancelRequest(1, Buffer.alloc(32))));
        socket.on('error', () => undefined);
        socket.once('close', () => resolve());
        socket.resume();
      });
    for (let round = 0; round < 6; round += 1) await Promise.all(Array.from({ length: 10 }, knock));
    const told: string[] = [];
    for (let attempt = 0; told.length === 0 && attempt < 40; attempt += 1) {
      for await (const { event } of readEntries(gateway.ledgerDirectory)) if (event.type === 'security.finding') told.push(event.detail);
      if (told.length === 0) await delay(50);
    }
    expect(told).toEqual(['cancel requests of 127.0.0.1 are not heard: 50 of them fitted no session']);
  });

  describe('by node-postgres', () => {
    it('with a token, a password with and without channel binding, and a certificate', async () => {
      expect(await driver('token', { password: token })).toBe('one');
      expect(await driver('password', { user: 'alice', password: ALICE })).toBe('one');
      expect(await driver('password', { user: 'alice', password: ALICE }, { enableChannelBinding: true })).toBe('one');
      expect(await driver('certificate', { certificate: bob })).toBe('one');
      expect(await driver('password', { user: 'alice', password: 'x' })).toBe('28P01 sqlwarden: the password is wrong');
      expect(await driver('certificate', {})).toBe('28000 sqlwarden: show a client certificate');
    });
  });

  (requireOrSkip(psycopg) ? it : it.skip)('by psycopg, with what it sends at start-up', async () => {
    const script = [
      'import psycopg, sys',
      'options = "-c search_path=public -c statement_timeout=5000 -c work_mem=8MB"',
      'with psycopg.connect(sys.argv[1], options=options, application_name="stage") as connection:',
      '    print(connection.execute("select name from things").fetchone()[0], connection.execute("show work_mem").fetchone()[0])',
    ].join('\n');
    const place = `host=localhost hostaddr=127.0.0.1 port=${ports['password'] ?? 0} user=alice dbname=postgres sslmode=require`;
    const { stdout, stderr } = await runProgram(psycopg.found ? psycopg.path : '', ['-c', script, place], { env: { PGPASSWORD: ALICE } });
    expect(stdout + stderr).toBe('one 8MB\n');
  });

  describe('TLS from the first byte', () => {
    /** What came back behind the handshake, or how the handshake failed. */
    function directly(upstream: string, ALPNProtocols: string[] | undefined): Promise<string> {
      return new Promise((resolve) => {
        const socket = connectTls({
          port: ports[upstream] ?? 0,
          host: '127.0.0.1',
          rejectUnauthorized: false,
          ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }),
        });
        socket.once('secureConnect', () => socket.write(frontend.startupMessage({ user: 'ada', database: 'postgres' })));
        socket.once('data', (bytes: Buffer) => {
          socket.destroy();
          resolve(`answered ${String.fromCharCode(bytes[0] ?? 0)}`);
        });
        socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
        socket.once('close', () => resolve('closed'));
      });
    }

    it('is taken from who says by ALPN that it speaks PostgreSQL, and from nobody else', async () => {
      expect(await directly('token', ['postgresql'])).toBe('answered R');
      expect(await directly('token', ['h2', 'postgresql'])).toBe('answered R');
      expect(['closed', 'ECONNRESET']).toContain(await directly('token', undefined));
      expect(await directly('token', ['http/1.1'])).toMatch(/ALERT_NO_APPLICATION_PROTOCOL|ECONNRESET|closed/);
    });

    it('is not waited for without end: nothing, half a record of TLS, or half a start-up packet', async () => {
      const started = Date.now();
      const leaves = [[], [0x16, 3, 1, 2, 0, 1, 0], [0, 0, 1, 0, 0, 3]].map(async (bytes) => {
        const socket = connectTcp({ port: ports['token'] ?? 0, host: '127.0.0.1' });
        if (bytes.length > 0) socket.write(Uint8Array.from(bytes));
        socket.on('error', () => undefined);
        socket.resume();
        await new Promise<void>((resolve) => socket.once('close', () => resolve()));
      });
      await Promise.all(leaves);
      expect(Date.now() - started).toBeLessThan(2 * LOGIN_TIMEOUT_MS + 3_000);
    }, 20_000);

    it('has no second request for TLS inside', async () => {
      const bytes = await new Promise<Buffer>((resolve) => {
        const received: Buffer[] = [];
        const socket = connectTls({
          port: ports['token'] ?? 0,
          host: '127.0.0.1',
          rejectUnauthorized: false,
          ALPNProtocols: ['postgresql'],
        });
        socket.once('secureConnect', () => socket.write(frontend.sslRequest()));
        socket.on('data', (chunk: Buffer) => received.push(chunk));
        socket.on('error', () => undefined);
        socket.once('close', () => resolve(Buffer.concat(received)));
      });
      expect(bytes.subarray(0, 1).toString()).toBe('E');
    });
  });
});
