import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { issueDevToken, makeScramVerifier, openDevIssuer } from '@sqlwarden/identity';
import { readEntries } from '@sqlwarden/ledger';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import pg from 'pg';
import * as frontend from '../harness/frontend-messages.js';
import { errorFieldsOf, splitMessages } from '../harness/backend-messages.js';
import { type GatewayProcess, startGatewayProcess } from '../harness/gateway-process.js';
import { setStage, type Stage, stageRequest } from './stage.js';

const ALICE = 'alices-own-password-4c1d';
const WRONG = 'a-wrong-password-9b2e';
const URI = 'spiffe://stage.example/etl';

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('refused logins', () => {
  let stage: Stage;
  let gateway: GatewayProcess;
  let ports: Readonly<Record<string, number>>;
  /** Everything that nobody may find in the log or the ledger. */
  const secrets: string[] = [ALICE, WRONG];
  let users: string;
  let certificates: Readonly<Record<'etl' | 'nobody' | 'authority' | 'stranger', readonly [string, string]>>;

  /** An issuer whose keys come late. */
  const slow = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let keyServer: Server;

  beforeAll(async () => {
    keyServer = createServer((_request, response) => {
      setTimeout(
        () => response.end(JSON.stringify({ keys: [{ ...slow.publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] })),
        700,
      );
    });
    await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve));
    const keys = { url: `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/` };
    stage = await setStage(18);
    users = join(stage.directory, 'users.yaml');
    const people = ['alice', 'bob', 'carol'].map((user) => ({ user, verifier: makeScramVerifier(ALICE), kind: 'person', groups: ['app'] }));
    secrets.push(...people.flatMap(({ verifier }) => verifier.split(/[$:]/).slice(2)));
    writeFileSync(users, JSON.stringify({ version: 1, users: people }), { mode: 0o600 });
    const read = (files: [string, string]): [string, string] => [readFileSync(files[0], 'utf8'), readFileSync(files[1], 'utf8')];
    certificates = {
      etl: read(stage.certificate('etl', [URI])),
      nobody: read(stage.certificate('nobody')),
      authority: read(stage.certificate('etl', [URI], { isAuthority: true })),
      stranger: read(stage.certificate('etl', [URI], { other: true })),
    };
    const { gateway: certificate, gatewayKey: key, clientCa: ca } = stage.files;
    const tls = { certificate, key };
    const { request, ports: chosen } = await stageRequest(
      stage,
      {
        token: { more: { clientTls: tls } },
        oauth: { more: { clientTls: tls, clients: 'oauth' } },
        password: { more: { clientTls: tls, clients: 'password' } },
        certificate: { more: { clientTls: { ...tls, ca }, clients: 'certificate' } },
        workload: { more: { clients: 'workload' } },
      },
      {
        identity: {
          issuers: [
            { name: 'dev', preset: 'dev', issuer: 'urn:sqlwarden:dev', audience: 'sqlwarden', keys: { directory: './issuer' } },
            { name: 'slow', preset: 'generic', issuer: 'urn:slow', audience: 'sqlwarden', keys, algorithms: ['ES256'] },
          ],
          users,
          certificates: [{ uri: URI, kind: 'service', groups: ['app'] }],
          workload: { tokenFile: './workload-token' },
        },
        limits: { loginTimeoutMs: 2_000 },
      },
    );
    ports = chosen;
    gateway = await startGatewayProcess(request);
    for (const port of Object.values(ports)) while (!(await isOpen(port))) await delay(50);
  });
  afterAll(async () => {
    await gateway?.stop();
    await stage?.stop();
    keyServer?.close();
  });

  /** A token, changed by `change`; it is a secret in any case. */
  function token({ past = 0, audience = 'sqlwarden', change = (text: string) => text } = {}): string {
    const clock = (): number => Date.now() - past;
    const issuer = openDevIssuer({ directory: join(gateway.site.directory, 'issuer'), environment: 'test', clock });
    const made = change(issueDevToken(issuer, { subject: { kind: 'person', id: 'ada', groups: ['app'] }, audience, lifetimeSeconds: 60 }));
    secrets.push(made, ...made.split('.').slice(1));
    return made;
  }
  const forged = (text: string): string => `${text.slice(0, -8)}AAAAAAAA`;
  const unsigned = (text: string): string =>
    `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${text.split('.')[1] ?? ''}.c2lnbmF0dXJlLXRoYXQtaXMtbm9uZQ`;

  interface Try {
    readonly user?: string;
    readonly password?: string;
    readonly files?: readonly [string, string];
    readonly database?: string;
    readonly more?: object;
  }

  /** By node-postgres: `in`, or the SQLSTATE and the message. */
  async function login(
    upstream: string,
    { user = 'ada', password = '', files, database = 'postgres', more = {} }: Try = {},
  ): Promise<string> {
    const [cert, key] = files ?? [];
    const ssl = upstream === 'workload' ? false : { ca: readFileSync(stage.files.clientCa, 'utf8'), ...(files && { cert, key }) };
    const client = new pg.Client({
      host: 'localhost',
      port: ports[upstream] ?? 0,
      user,
      database,
      password,
      ssl,
      ...more,
    } as pg.ClientConfig);
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('select name from things');
      return 'in';
    } catch (error) {
      return `${(error as { code?: string }).code ?? ''} ${(error as Error).message.replace('sqlwarden: ', '')}`;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** By OAUTHBEARER, in bytes: `in`, or the SQLSTATE and the message; in front of them what is told where tokens are. */
  async function bearer(authorization: string): Promise<string> {
    const data = Buffer.from(`n,,\x01auth=${authorization}\x01\x01`);
    const initial = frontend.typed('p', Buffer.from('OAUTHBEARER\0'), frontend.int32(data.length), data);
    return raw('oauth', frontend.startupMessage({ user: 'ada', database: 'postgres' }), [initial, frontend.typed('p', Buffer.from([1]))]);
  }

  /** Sends `first`, and one of `answers` for each challenge. */
  function raw(upstream: string, first: Uint8Array, answers: Uint8Array[] = []): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect({ port: ports[upstream] ?? 0, host: '127.0.0.1' });
      let [rest, told]: [Buffer, string] = [Buffer.alloc(0), ''];
      socket.once('connect', () => socket.write(first));
      socket.on('error', () => undefined);
      socket.once('close', () => resolve(`${told}closed`));
      socket.on('data', (chunk: Buffer) => {
        const split = splitMessages(Buffer.concat([rest, chunk]));
        rest = split.rest;
        for (const message of split.messages) {
          const { code, message: text } = message.type === 'E' ? errorFieldsOf(message) : {};
          if (message.type === 'E') resolve(`${told}${code} ${String(text).replace('sqlwarden: ', '')}`);
          const method = message.type === 'R' ? message.body.readUInt32BE(0) : -1;
          if (method === 11) told = `${message.body.subarray(4).toString()} `;
          if (method === 0) resolve('in');
          else if (method > 0) socket.write(answers.shift() ?? '');
          if (message.type === 'E' || method === 0) socket.destroy();
        }
      });
    });
  }

  async function refusals(upstream: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { event } of readEntries(gateway.site.ledgerDirectory))
      if (event.type === 'login.refused' && event.upstream === upstream) found.push(`${event.code}: ${event.message}`);
    return found;
  }

  const NO_TOKENS = '{"status":"invalid_token"} ';

  it.each<[string, string, () => Promise<string>, string, string]>([
    ['no token', 'token', () => login('token'), '28000 give a token as the password', 'identity-missing: give a token as the password'],
    ['a password', 'token', () => login('token', { password: WRONG }), '28P01 ', 'identity-invalid: '],
    [
      'a forged token',
      'token',
      () => login('token', { password: token({ change: forged }) }),
      '28P01 the signature',
      'identity-invalid: the signature of the token is wrong',
    ],
    [
      'an unsigned token',
      'token',
      () => login('token', { password: token({ change: unsigned }) }),
      '28P01 the token is not signed',
      'identity-invalid: the token is not signed',
    ],
    [
      'a token that has ended',
      'token',
      () => login('token', { password: token({ past: 120_000 }) }),
      '28000 the token has expired',
      'identity-expired: the token has expired',
    ],
    [
      'a token for others',
      'token',
      () => login('token', { password: token({ audience: 'another' }) }),
      '28P01 the token is not for this',
      'identity-invalid: the token is not for this',
    ],
    [
      'a token for a database that is not here',
      'token',
      () => login('token', { password: token(), database: 'hr' }),
      '3D000 ',
      'database-unknown: ',
    ],
    [
      'a start-up parameter that changes who asks',
      'token',
      () => login('token', { password: token(), more: { options: '-c session_authorization=root' } }),
      '0A000 ',
      'message-unsupported: ',
    ],
    [
      'a protocol of twenty years ago',
      'token',
      () => raw('token', frontend.startupMessage({ user: 'ada' }, 0x0002_0000)),
      '0A000 ',
      'message-unsupported: protocol version 2.0',
    ],
    [
      'a statement in place of a password',
      'token',
      () => raw('token', frontend.startupMessage({ user: 'ada', database: 'postgres' }), [frontend.query('select 1')]),
      '0A000 ',
      'message-unsupported: Query in place of a password',
    ],
    [
      'nothing, for too long',
      'token',
      () => raw('token', frontend.startupMessage({ user: 'ada', database: 'postgres' })),
      '28000 no login within 2000 ms',
      'identity-missing: no login within 2000 ms',
    ],
    ['no bearer token', 'oauth', () => bearer(''), `${NO_TOKENS}28000 give a bearer token`, 'identity-missing: give a bearer token'],
    [
      'another scheme',
      'oauth',
      () => bearer(`Basic ${WRONG}`),
      `${NO_TOKENS}28P01 the authorization is no bearer token`,
      'identity-invalid: the authorization is no bearer token',
    ],
    [
      'a forged bearer token',
      'oauth',
      () => bearer(`Bearer ${token({ change: forged })}`),
      `${NO_TOKENS}28P01 the signature`,
      'identity-invalid: the signature of the token is wrong',
    ],
    [
      'a bearer token that has ended',
      'oauth',
      () => bearer(`Bearer ${token({ past: 120_000 })}`),
      `${NO_TOKENS}28000 the token has expired`,
      'identity-expired: the token has expired',
    ],
    [
      'a bearer token in pieces',
      'oauth',
      () => bearer(`Bearer ${token()}\x01\x01`),
      '0A000 ',
      'message-unsupported: the OAUTHBEARER message is malformed',
    ],
    [
      'a wrong password',
      'password',
      () => login('password', { user: 'alice', password: WRONG }),
      '28P01 the password is wrong',
      'identity-invalid: the password is wrong',
    ],
    [
      'nobody there',
      'password',
      () => login('password', { user: 'mallory', password: ALICE }),
      '28P01 the password is wrong',
      'identity-invalid: the password is wrong',
    ],
    [
      'a token as the password of a user',
      'password',
      () => login('password', { user: 'alice', password: token() }),
      '28P01 the password is wrong',
      'identity-invalid: the password is wrong',
    ],
    [
      'no certificate',
      'certificate',
      () => login('certificate'),
      '28000 show a client certificate',
      'identity-missing: show a client certificate',
    ],
    [
      'a certificate of nobody',
      'certificate',
      () => login('certificate', { files: certificates.nobody }),
      '28P01 the client certificate stands for nobody',
      'identity-invalid: the client certificate stands for nobody',
    ],
    [
      'a certificate of strangers',
      'certificate',
      () => login('certificate', { files: certificates.stranger }),
      '28P01 the client certificate is not trusted',
      'identity-invalid: the client certificate is not trusted',
    ],
    [
      'the certificate of an authority',
      'certificate',
      () => login('certificate', { files: certificates.authority }),
      '28P01 the client certificate is no X.509-SVID',
      'identity-invalid: the client certificate is no X.509-SVID',
    ],
    [
      'a workload without a token',
      'workload',
      () => login('workload', { password: WRONG }),
      '28000 the gateway has no token',
      'identity-missing: the gateway has no token',
    ],
  ])('%s: the client is told, and the ledger says why, once', async (_name, upstream, attempt, wanted, recorded) => {
    const before = (await refusals(upstream)).length;
    const told = await attempt();
    expect(told.slice(0, wanted.length)).toBe(wanted);
    let now: string[] = [];
    for (let look = 0; look < 40; look += 1) {
      now = (await refusals(upstream)).slice(before);
      if (now.length > 0) break;
      await delay(50);
    }
    expect(now.map((entry) => entry.slice(0, recorded.length))).toEqual([recorded]);
  });

  it('are those of strangers: with the right proof, each way lets in', async () => {
    expect(await login('token', { password: token() })).toBe('in');
    expect(await bearer(`Bearer ${token()}`)).toBe('in');
    expect(await login('password', { user: 'alice', password: ALICE })).toBe('in');
    expect(await login('certificate', { files: certificates.etl })).toBe('in');
    writeFileSync(join(gateway.site.directory, 'workload-token'), token(), { mode: 0o600 });
    expect(await login('workload', { password: WRONG })).toBe('in');
  });

  it('are so too when the client has gone before the answer: nobody was let in, and no session is left open', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'ES256', typ: 'JWT' })}.${part({ iss: 'urn:slow', sub: 'ada', aud: 'sqlwarden', iat: now, exp: now + 60 })}`;
    const signature = sign('sha256', Buffer.from(signed), { key: slow.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    secrets.push(signature);
    const socket = connect({ port: ports['token'] ?? 0, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.write(frontend.startupMessage({ user: 'ada', database: 'postgres', application_name: 'hasty' }));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write(frontend.passwordMessage(`${signed}.${signature}`));
    await delay(200);
    socket.destroy();
    await delay(1_000);
    expect((await refusals('token')).at(-1)).toBe('identity-missing: the client has gone before the answer');
    const [opened, closed]: string[][] = [[], []];
    for await (const { event } of readEntries(gateway.site.ledgerDirectory)) {
      if (event.type === 'session.opened') opened?.push(event.session);
      if (event.type === 'session.closed') closed?.push(event.session);
    }
    expect(closed?.toSorted()).toEqual(opened?.toSorted());
    // The same token is good, once its keys are here.
    expect(await login('token', { password: `${signed}.${signature}` })).toBe('in');
  });

  it('of one name from one address are slowed down, the right password too, and nobody else', async () => {
    const wrong = (): Promise<string> => login('password', { user: 'bob', password: WRONG });
    for (let attempt = 0; attempt < 6; attempt += 1) expect(await wrong()).toBe('28P01 the password is wrong');
    expect(await wrong()).toBe('28000 too many logins have failed; connect again in 1 s');
    expect(await login('password', { user: 'bob', password: ALICE })).toContain('28000 too many logins have failed');
    expect(await login('password', { user: 'alice', password: ALICE })).toBe('in');
    expect(await login('token', { password: token() })).toBe('in');
    await delay(1_000);
    expect(await login('password', { user: 'bob', password: ALICE })).toBe('in');
    // What was failed before is forgotten then: one slip is not punished.
    expect(await wrong()).toBe('28P01 the password is wrong');
    expect(await login('password', { user: 'bob', password: ALICE })).toBe('in');
    expect(await refusals('password')).toContain('login-throttled: too many logins have failed; connect again in 1 s');
    const findings: string[] = [];
    for await (const { event } of readEntries(gateway.site.ledgerDirectory))
      if (event.type === 'security.finding') findings.push(`${event.kind}: ${event.detail}`);
    expect(findings).toEqual(['guessing: logins of one user from 127.0.0.1 are refused for a while: 6 have failed']);
  });

  it('that are begun all at once are not more guesses', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => login('password', { user: 'carol', password: i === 59 ? ALICE : WRONG })),
    );
    expect(answers.filter((answer) => answer === '28P01 the password is wrong').length).toBeLessThanOrEqual(6);
    expect(answers.filter((answer) => answer.startsWith('28000 too many logins')).length).toBeGreaterThanOrEqual(53);
  });

  it('leave no token, password, verifier or key in the log or in the ledger, and neither do those that are let in', () => {
    const files = readdirSync(gateway.site.ledgerDirectory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const said = [gateway.output, ...files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'))].join('\n');
    for (const [, key] of Object.values(certificates)) secrets.push(...key.split('\n').slice(1, 3));
    // The search finds what is there.
    for (const there of ['the token of the workload cannot be read', 'mallory', 'the password is wrong']) expect(said).toContain(there);
    expect(secrets.length).toBeGreaterThan(30);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(8);
      for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, ''), Buffer.from(secret).toString('hex')])
        expect(said.includes(form)).toBe(false);
    }
  });
});

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
