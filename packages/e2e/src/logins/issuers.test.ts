import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEntries } from '@sqlwarden/ledger';
import { findPostgres, openIdKey, type OpenIdProvider, requireOrSkip, startOpenIdProvider } from '@sqlwarden/testkit';
import pg from 'pg';
import type { RunningGateway } from '../harness/gateway.js';
import { setStage, type Stage, startStageGateway } from './stage.js';

const FORGED = 'https://forged.example.com/oauth2/default';
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const evil = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const part = (text: string): string => Buffer.from(text).toString('base64url');
const HEADER = { alg: 'ES256', typ: 'JWT', kid: 'ec-1' };

function claims(changes: object = {}): object {
  const now = Math.floor(Date.now() / 1000);
  return { iss: FORGED, aud: 'sqlwarden', sub: 'ada', iat: now, exp: now + 300, groups: ['app'], ...changes };
}

/** A token of whatever header and payload, in text. */
function forge(header: object | string, payload: object | string, key = ec.privateKey): string {
  const text = (value: object | string) => (typeof value === 'string' ? value : JSON.stringify(value));
  const input = `${part(text(header))}.${part(text(payload))}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** HS256 with the public RSA key, as whoever knows it can make it. */
function confused(): string {
  const input = `${part('{"alg":"HS256","kid":"rsa-1"}')}.${part(JSON.stringify(claims()))}`;
  const secret = createPublicKey(rsa.privateKey).export({ format: 'pem', type: 'spki' });
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const EVIL = { jku: 'https://evil.example.com/jwks.json', jwk: evil.publicKey.export({ format: 'jwk' }) };
const now = (): number => Math.floor(Date.now() / 1000);

/** The pitfalls that a client can bring to the wire, and what it is told. */
const PITFALLS: readonly (readonly [name: string, token: () => string, told: string])[] = [
  ['alg-none', () => `${part('{"alg":"none"}')}.${part(JSON.stringify(claims()))}.`, 'the token is not signed'],
  ['alg-confusion', confused, 'the token is not signed as forge must: RS256, ES256'],
  [
    'kid-path',
    () => forge({ ...HEADER, kid: '../../dev/null' }, claims(), evil.privateKey),
    'signed with a key that forge does not publish',
  ],
  [
    'kid-oversized',
    () => forge({ ...HEADER, kid: 'k'.repeat(300) }, claims()),
    "the token's key id is not a text of at most 256 characters",
  ],
  ['own-key', () => forge({ ...HEADER, ...EVIL }, claims(), evil.privateKey), 'the signature of the token is wrong'],
  ['crit', () => forge({ ...HEADER, crit: ['x'], x: 1 }, claims()), 'the token needs a header extension that is not supported'],
  ['encrypted', () => 'e30.AAAA.AAAA.AAAA.AAAA', 'the token is encrypted'],
  ['nested', () => forge({ ...HEADER, cty: 'JWT' }, claims()), 'the token holds another token'],
  ['twice', () => forge(HEADER, JSON.stringify(claims()).replace('"sub"', '"sub":"root","sub"')), "the token's payload cannot be read"],
  ['issuer-slash', () => forge(HEADER, claims({ iss: `${FORGED}/` })), 'the issuer of the token is not configured'],
  ['audience', () => forge(HEADER, claims({ aud: ['other'] })), 'the token is not for this gateway'],
  ['no-exp', () => forge(HEADER, claims({ exp: undefined })), 'the token has no claim exp'],
  ['expired', () => forge(HEADER, claims({ exp: now() - 1 })), 'the token has expired'],
  ['future', () => forge(HEADER, claims({ nbf: now() + 90 })), 'the token is not valid yet'],
  ['too-long', () => forge(HEADER, claims({ exp: now() + 86_500 })), 'the token lives longer than the 86400 s'],
  ['id-token', () => forge(HEADER, claims({ nonce: 'n' })), 'the token is an id token'],
  ['bound', () => forge(HEADER, claims({ cnf: { jkt: 'x' } })), 'the token is bound to a key of its holder'],
  ['huge', () => forge(HEADER, claims({ filler: 'x'.repeat(17_000) })), 'the token is longer than 16384 bytes'],
];

interface Opened {
  readonly principal: { readonly subject: { readonly issuer: string; readonly id: string } };
}

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('issuers, from the configuration to the session', () => {
  let provider: OpenIdProvider;
  let stage: Stage;
  let gateway: RunningGateway;
  let port = 0;
  let sessions = 0;
  const first = openIdKey();

  beforeAll(async () => {
    provider = await startOpenIdProvider({ accounts: { ada: { groups: ['app'] }, batch: { groups: ['app'] } }, keys: [first] });
    stage = await setStage(18);
    const jwks = join(stage.directory, 'forged.json');
    const keys = [
      { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec-1' },
      { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa-1' },
    ];
    writeFileSync(jwks, JSON.stringify({ keys }));
    const issuers = [
      { name: 'op', preset: 'generic', issuer: provider.issuer, audience: 'sqlwarden', keys: { maxAgeMs: 1_000 } },
      { name: 'forge', preset: 'generic', issuer: FORGED, audience: 'sqlwarden', keys: { file: jwks } },
    ];
    const started = await startStageGateway(stage, { crm: {} }, { identity: { issuers } });
    gateway = started.gateway;
    port = started.ports['crm'] ?? 0;
  });
  afterAll(async () => {
    await gateway?.stop();
    await stage?.stop();
    await provider?.stop();
  });

  async function open(password: string, user = 'ada'): Promise<pg.Client> {
    const client = new pg.Client({ host: '127.0.0.1', port, user, database: 'postgres', password });
    client.on('error', () => undefined);
    await client.connect();
    sessions += 1;
    return client;
  }

  /** `in`, or what the client is told. */
  async function login(password: string, user?: string): Promise<string> {
    try {
      const client = await open(password, user);
      await client.query('select name from things');
      await client.end();
      return 'in';
    } catch (error) {
      return error instanceof Error ? error.message : 'no error';
    }
  }

  async function events(type: string): Promise<readonly unknown[]> {
    const found: unknown[] = [];
    for await (const { event } of readEntries(gateway.ledgerDirectory)) if (event.type === type) found.push(event);
    return found;
  }

  /** Who the sessions so far are of, in their order. Entries are written a moment later. */
  async function opened(): Promise<readonly Opened[]> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const found = (await events('session.opened')) as readonly Opened[];
      if (found.length >= sessions) return found;
      await delay(50);
    }
    throw new Error('a session is not in the ledger');
  }

  it('are discovered, and their tokens of the code flow, the device flow and client credentials open sessions', async () => {
    for (const [flow, id] of [
      [() => provider.login('ada'), 'ada'],
      [() => provider.deviceLogin('ada'), 'ada'],
      [() => provider.clientLogin('batch'), 'batch'],
    ] as const) {
      expect(await login((await flow()).accessToken)).toBe('in');
      expect((await opened()).at(-1)).toMatchObject({
        principal: { subject: { issuer: provider.issuer, id, groups: ['app'] }, proof: { subject: 'token', groups: 'token' } },
      });
    }
    expect(provider.requests('/.well-known/openid-configuration')).toBeGreaterThan(0);
  });

  it('may rotate their keys in flight: sessions go on, new tokens are taken, those of a withdrawn key are not', async () => {
    const old = (await provider.login('ada')).accessToken;
    const session = await open(old);
    const second = openIdKey();
    await provider.restart([second, first]);
    const fresh = (await provider.login('ada')).accessToken;
    expect([await login(fresh), await login(old)]).toEqual(['in', 'in']);
    await provider.restart([second]);
    await delay(1_100);
    expect(await login(old)).toContain('signed with a key that op does not publish');
    expect(await login(fresh)).toBe('in');
    expect((await session.query('select name from things')).rows).toEqual([{ name: 'one' }]);
    await session.end();
  });

  it('are two: the same sub of two issuers is two people', async () => {
    expect(await login((await provider.login('ada')).accessToken)).toBe('in');
    expect(await login(forge(HEADER, claims()))).toBe('in');
    expect((await opened()).slice(-2).map(({ principal }) => [principal.subject.issuer, principal.subject.id])).toEqual([
      [provider.issuer, 'ada'],
      [FORGED, 'ada'],
    ]);
  });

  it('have nothing accepted in their name that they did not say, each with its reason, and no token is written anywhere', async () => {
    const tokens: string[] = [];
    for (const [name, make, told] of PITFALLS) {
      const token = make();
      tokens.push(token);
      // A name for each: guesses for one are slowed down.
      expect([name, await login(token, name)]).toEqual([name, expect.stringContaining(told)]);
    }
    await gateway.sidecar.stop(0);
    const refused = (await events('login.refused')) as { readonly message: string }[];
    for (const [, , told] of PITFALLS) expect(refused.map(({ message }) => message)).toContainEqual(expect.stringContaining(told));
    const written = readdirSync(gateway.ledgerDirectory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    const text = [...written, ...gateway.troubles.map(String)].join('\n');
    expect(text).toContain('login.refused');
    for (const token of tokens) {
      for (const piece of token.split('.').filter((one) => one.length > 20)) expect(text).not.toContain(piece);
    }
  });
});
