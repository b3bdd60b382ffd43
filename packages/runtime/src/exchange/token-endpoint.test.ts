import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createVerifier,
  type DevIssuer,
  exchangeIssuer,
  type IssuerOptions,
  issueDevToken,
  openDevIssuer,
  openSigningKeys,
  type Verifier,
} from '@sqlwarden/identity';
import { Ledger, readEntries } from '@sqlwarden/ledger';
import type { ExchangeConfig } from '../config/gateway-config.js';
import { Recorder } from '../engine/recorder.js';
import { TokenEndpoint, type TokenRequest } from './token-endpoint.js';

let directory: string;
let ledger: Ledger;
let issuer: DevIssuer;
let verifier: Verifier;
let endpoint: TokenEndpoint;
let config: ExchangeConfig;
let now = Date.now();
let revoked = false;
const troubles: Error[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sqlwarden-endpoint-'));
  now = Date.now();
  revoked = false;
  troubles.length = 0;
  issuer = openDevIssuer({ directory: join(directory, 'dev'), environment: 'test' });
  config = {
    listen: { kind: 'tcp', host: '127.0.0.1', port: 0, isPrivate: true },
    tls: undefined,
    issuer: 'https://gateway.test/exchange/',
    audience: 'sqlwarden',
    keys: { directory: join(directory, 'keys'), rotateAfterSeconds: 86_400 },
    lifetimeSeconds: 900,
    maxActors: 4,
    agents: [{ name: 'bot', match: { issuer: 'dev', id: 'bot' } }],
  };
  const issuers: readonly IssuerOptions[] = [
    { name: 'dev', preset: 'dev', issuer: issuer.issuer, audience: 'sqlwarden', keys: { kind: 'file', path: issuer.jwksPath } },
  ];
  openSigningKeys(config, () => now);
  verifier = createVerifier([...issuers, exchangeIssuer(config, issuers)], { environment: 'test' });
  ledger = await Ledger.open({ directory: join(directory, 'ledger'), origin: 'gateway.test/endpoint', software: 'test' });
  endpoint = new TokenEndpoint({
    config,
    verifier,
    revocations: { refusal: () => (revoked ? { code: 'identity-revoked', message: 'this identity has been revoked (r1)' } : undefined) },
    recorder: new Recorder(ledger, (error) => troubles.push(error)),
    now: () => now,
    onTrouble: (error) => troubles.push(error),
  });
});
afterEach(async () => {
  await ledger.close();
  rmSync(directory, { recursive: true, force: true });
});

const token = (kind: 'person' | 'service', id: string): string =>
  issueDevToken(issuer, { subject: { kind, id, groups: ['app'] }, audience: 'sqlwarden', lifetimeSeconds: 600 });
function form(): string {
  const type = 'urn:ietf:params:oauth:token-type:jwt';
  return new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token('person', 'ada'),
    subject_token_type: type,
    actor_token: token('service', 'bot'),
    actor_token_type: type,
  }).toString();
}
const post = (body: string | null, changes: Partial<TokenRequest> = {}): TokenRequest => ({
  method: 'POST',
  url: '/exchange/token',
  contentType: 'Application/X-WWW-Form-Urlencoded; charset=utf-8',
  body,
  client: '127.0.0.1:1',
  ...changes,
});
async function recorded(type: string): Promise<readonly object[]> {
  const found = [];
  for await (const { event } of readEntries(join(directory, 'ledger'))) if (event.type === type) found.push(event);
  return found;
}

describe('the token endpoint', () => {
  it('answers below the path of its issuer, with a token that is on record', async () => {
    const { status, body } = await endpoint.answer(post(form()));
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' });
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'issued_token_type', 'token_type']);
    const verified = await verifier.verify((body as { access_token: string }).access_token);
    const [issued] = await recorded('token.issued');
    expect(verified.ok && issued).toMatchObject({ agent: 'bot', client: '127.0.0.1:1', principal: verified.ok ? verified.principal : {} });
    expect((await endpoint.answer(post(form(), { url: '/token' }))).status).toBe(404);
    expect((await endpoint.answer({ method: 'GET', url: '/exchange/.well-known/openid-configuration', client: '' })).body).toMatchObject({
      issuer: 'https://gateway.test/exchange/',
      token_endpoint: 'https://gateway.test/exchange/token',
      jwks_uri: 'https://gateway.test/exchange/jwks.json',
    });
  });

  it('says which groups are left when fewer are asked for', async () => {
    expect((await endpoint.answer(post(`${form()}&scope=app`))).body).toMatchObject({ scope: 'app' });
  });

  it('gives no token that the ledger cannot take', async () => {
    await ledger.close();
    const { status, body } = await endpoint.answer(post(form()));
    expect([status, body]).toMatchObject([503, { error: 'temporarily_unavailable' }]);
    expect(JSON.stringify(body)).not.toMatch(/eyJ/);
    expect(troubles).toHaveLength(1);
  });

  it('gives none to who is revoked', async () => {
    revoked = true;
    expect((await endpoint.answer(post(form()))).body).toMatchObject({ error: 'invalid_request', code: 'revoked' });
    expect(await recorded('token.refused')).toMatchObject([
      { code: 'revoked', subject: { subject: { id: 'ada' } }, actor: { subject: { id: 'bot' } } },
    ]);
  });

  it('writes down each refusal, and counts a flood of them', async () => {
    for (let count = 0; count < 300; count++) await endpoint.answer(post(null, { client: `127.0.0.1:${count}` }));
    expect(await recorded('token.refused')).toHaveLength(120);
    now += 60_000;
    await endpoint.answer(post('', { client: 'later' }));
    const [more, last] = (await recorded('token.refused')).slice(120) as { message: string; client: string }[];
    expect(more?.message).toMatch(/^180 more/);
    expect(last?.client).toBe('later');
  });

  it('writes down the refusal of somebody who is known, in the middle of a flood of others', async () => {
    for (let count = 0; count < 130; count++) await endpoint.answer(post(null));
    revoked = true;
    await endpoint.answer(post(form()));
    expect((await recorded('token.refused')).at(-1)).toMatchObject({ code: 'revoked', subject: { subject: { id: 'ada' } } });
  });

  it('changes nothing by GET, and publishes no private key', async () => {
    expect((await endpoint.answer({ method: 'GET', url: '/exchange/token', client: '' })).status).toBe(405);
    expect((await endpoint.answer({ method: 'POST', url: '/exchange/jwks.json', client: '', body: '' })).status).toBe(405);
    const { body } = await endpoint.answer({ method: 'GET', url: '/exchange/jwks.json', client: '' });
    expect(Object.keys((body as { keys: object[] }).keys[0] ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });
});
