import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openIdKey, startOpenIdProvider, type OpenIdKey, type OpenIdProvider } from '@sqlwarden/testkit';
import type { IssuerOptions } from './issuer-options.js';
import { createVerifier, type Verifier } from './verifier.js';

// Against a real OpenID provider (oidc-provider), which runs in a process of its own.

let provider: OpenIdProvider;
let verifier: Verifier;
let now = 0;
const first: OpenIdKey = openIdKey();
const second: OpenIdKey = openIdKey('RS256');
const third: OpenIdKey = openIdKey();

beforeAll(async () => {
  const accounts = { alice: { name: 'Alice', groups: ['dba', 'app'], kind: 'person' }, batch: { groups: ['etl'], kind: 'service' } };
  provider = await startOpenIdProvider({ accounts, keys: [first], tokenSeconds: 3600 });
  verifier = createVerifier([issuer()], { environment: 'test', clock: () => Date.now() + now });
});
afterAll(() => provider.stop());

function issuer(changes: Partial<IssuerOptions> = {}): IssuerOptions {
  const agents = [{ clientId: 'agent', groups: ['readers'] }];
  const claims = { kind: 'kind' };
  return { name: 'idp', preset: 'generic', issuer: provider.issuer, audience: provider.audience, agents, claims, ...changes };
}

async function codeOf(token: string): Promise<string> {
  const result = await verifier.verify(token);
  return result.ok ? 'accepted' : result.code;
}

describe('tokens of a real OpenID provider, found by discovery', () => {
  it('are accepted from the authorization code flow with PKCE', async () => {
    const { accessToken, idToken } = await provider.login('alice');
    expect(await verifier.verify(accessToken)).toMatchObject({
      ok: true,
      principal: {
        subject: { kind: 'person', issuer: provider.issuer, id: 'alice', name: 'Alice', groups: ['dba', 'app'], groupsComplete: true },
        actors: [],
        proof: { subject: 'token', groups: 'token', actors: 'token' },
      },
      token: { keyId: first.kid, algorithm: 'ES256' },
    });
    expect(await codeOf(idToken ?? '')).toBe('audience');
    expect(provider.requests('/.well-known/openid-configuration')).toBeGreaterThan(0);
    expect(provider.requests('/jwks')).toBe(1);
  });

  it('are accepted from the device flow', async () => {
    const { accessToken } = await provider.deviceLogin('alice');
    expect(await verifier.verify(accessToken)).toMatchObject({ ok: true, principal: { subject: { id: 'alice', kind: 'person' } } });
  });

  it('are accepted from client credentials', async () => {
    const { accessToken } = await provider.clientLogin('batch');
    expect(await verifier.verify(accessToken)).toMatchObject({ ok: true, principal: { subject: { id: 'batch', groups: ['etl'] } } });
    const mapped = createVerifier([issuer({ claims: {} })], { environment: 'test' });
    const agent = await mapped.verify((await provider.clientLogin('agent')).accessToken);
    expect(agent).toMatchObject({ ok: true, principal: { subject: { id: 'agent', kind: 'agent', groups: ['readers'] } } });
  });

  it('are refused for another audience, and by another issuer', async () => {
    const { accessToken } = await provider.login('alice');
    const elsewhere = createVerifier([issuer({ audience: 'other' })], { environment: 'test' });
    expect(await elsewhere.verify(accessToken)).toMatchObject({ code: 'audience' });
    const other = createVerifier([issuer({ issuer: `${provider.issuer}/` })], { environment: 'test' });
    expect(await other.verify(accessToken)).toMatchObject({ code: 'issuer' });
  });

  it('go on through a rotation of the keys, and stop when their key is withdrawn', async () => {
    const old = (await provider.login('alice')).accessToken;
    expect(await codeOf(old)).toBe('accepted');

    await provider.restart([second, first]);
    const before = provider.requests('/jwks');
    const fresh = (await provider.login('alice')).accessToken;
    // Everybody at once, with the old key and the new: one fetch.
    const codes = await Promise.all(Array.from({ length: 20 }, (_, at) => codeOf(at % 2 === 0 ? fresh : old)));
    expect(new Set(codes)).toEqual(new Set(['accepted']));
    expect(provider.requests('/jwks') - before).toBe(1);

    await provider.restart([third, second]);
    const newest = (await provider.login('alice')).accessToken;
    now += 10_000;
    expect(await codeOf(newest)).toBe('accepted');
    expect(await codeOf(fresh)).toBe('accepted');
    expect(await codeOf(old)).toBe('key-unknown');

    await provider.restart([third]);
    now += 600_001;
    expect(await codeOf(newest)).toBe('accepted');
    expect(await codeOf(fresh)).toBe('key-unknown');
  });
});
