import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { certainlyInNoGroup, everyPartyInAnyGroup, partyKey } from '@sqlwarden/core';
import * as forge from '../test/forge.js';
import type { TokenRefusalCode } from './errors.js';
import type { IssuerOptions } from './issuer-options.js';
import { createVerifier } from './verifier.js';

// Every known way to have a token accepted that should not be (RFC 8725, RFC 9700, OpenID Connect Core), by name, each with the code that it
// is refused with. Variants of each are in verifier.test.ts, key-source.test.ts, discovery.test.ts and golden-tokens.test.ts.

const { AUDIENCE, ISSUER, NOW, NOW_MS, base64url, es256, generic, goodClaims, hmacRaw, recordingFetch, rs256, signRaw } = forge;
const ec = forge.ecKey('ec-1');
const rsa = forge.rsaKey('rsa-1');
const evil = forge.ecKey('ec-1');
const claims = JSON.stringify(goodClaims());
const header = '{"alg":"ES256","typ":"JWT","kid":"ec-1"}';
const good = es256(ec, goodClaims());
const EVIL_URL = 'https://evil.example.com/jwks.json';
const TENANT = '11111111-2222-3333-4444-555555555555';

interface Pitfall {
  readonly name: string;
  readonly token: string;
  readonly code: TokenRefusalCode;
  /** Where it is not the code alone that tells this reason from others. */
  readonly message?: RegExp;
  readonly issuer?: Partial<IssuerOptions>;
}

const pitfalls: readonly Pitfall[] = [
  { name: 'alg none, unsigned', token: `${base64url('{"alg":"none"}')}.${base64url(claims)}.`, code: 'signature', message: /not signed/ },
  {
    name: 'alg none, with something for a signature',
    token: `${base64url('{"alg":"none"}')}.${base64url(claims)}.AAAA`,
    code: 'algorithm',
  },
  {
    name: 'HS256 with the RSA public key for a secret',
    token: hmacRaw('{"alg":"HS256","kid":"rsa-1"}', claims, forge.publicPem(rsa)),
    code: 'algorithm',
  },
  { name: 'an algorithm that is not of the issuer', token: rs256(rsa, goodClaims()), code: 'algorithm', issuer: { algorithms: ['ES256'] } },
  { name: 'the key of another algorithm', token: es256(ec, goodClaims(), { kid: 'rsa-1' }), code: 'algorithm' },
  { name: 'kid as a path', token: es256(evil, goodClaims(), { kid: '../../../../dev/null' }), code: 'key-unknown' },
  { name: 'kid as SQL', token: es256(evil, goodClaims(), { kid: "x' UNION SELECT 'key" }), code: 'key-unknown' },
  { name: 'kid as an address', token: es256(evil, goodClaims(), { kid: EVIL_URL }), code: 'key-unknown' },
  { name: 'kid oversized', token: es256(evil, goodClaims(), { kid: 'k'.repeat(257) }), code: 'malformed', message: /key id/ },
  { name: 'jku', token: es256(evil, goodClaims(), { jku: EVIL_URL }), code: 'signature' },
  { name: 'x5u', token: es256(evil, goodClaims(), { x5u: EVIL_URL, kid: 'evil' }), code: 'key-unknown' },
  { name: 'jwk', token: es256(evil, goodClaims(), { jwk: evil.jwk }), code: 'signature' },
  { name: 'crit', token: es256(ec, goodClaims(), { crit: ['x'], x: 1 }), code: 'critical-header' },
  { name: 'a JWE', token: 'e30.AAAA.AAAA.AAAA.AAAA', code: 'encrypted' },
  { name: 'a nested token', token: es256(ec, goodClaims(), { cty: 'JWT' }), code: 'encrypted' },
  { name: 'an unencoded payload (b64)', token: es256(ec, goodClaims(), { b64: false }), code: 'critical-header' },
  { name: 'a header parameter twice', token: signRaw('{"alg":"ES256","alg":"none","kid":"ec-1"}', claims, ec.key), code: 'malformed' },
  { name: 'a claim twice', token: signRaw(header, claims.replace('"sub":"u-1"', '"sub":"u-1","sub":"root"'), ec.key), code: 'malformed' },
  { name: 'iss with a slash more', token: es256(ec, goodClaims({ iss: `${ISSUER}/` })), code: 'issuer' },
  { name: 'iss in another case', token: es256(ec, goodClaims({ iss: ISSUER.toUpperCase() })), code: 'issuer' },
  { name: 'iss of nobody', token: es256(ec, goodClaims({ iss: 'https://evil.example.com' })), code: 'issuer' },
  { name: 'no iss', token: es256(ec, goodClaims({ iss: undefined })), code: 'claims', message: /claim iss/ },
  { name: 'another audience', token: es256(ec, goodClaims({ aud: 'other' })), code: 'audience' },
  { name: 'several audiences, none of them ours', token: es256(ec, goodClaims({ aud: ['a', `${AUDIENCE}2`] })), code: 'audience' },
  { name: 'no exp', token: es256(ec, goodClaims({ exp: undefined })), code: 'claims', message: /claim exp/ },
  { name: 'expired', token: es256(ec, goodClaims({ exp: NOW - 1 })), code: 'expired' },
  { name: 'nbf in the future', token: es256(ec, goodClaims({ nbf: NOW + 61 })), code: 'not-yet-valid', message: /not valid yet/ },
  { name: 'iat in the future', token: es256(ec, goodClaims({ iat: NOW + 61 })), code: 'not-yet-valid', message: /in the future/ },
  {
    name: 'more skew than 60 s, at the widest setting',
    token: es256(ec, goodClaims({ nbf: NOW + 61 })),
    code: 'not-yet-valid',
    issuer: { clockSkewSeconds: 60 },
  },
  { name: 'a life that is too long', token: es256(ec, goodClaims({ exp: NOW + 86_401 })), code: 'lifetime' },
  { name: 'an id token, by its nonce', token: es256(ec, goodClaims({ nonce: 'n' })), code: 'token-type' },
  { name: 'an id token, as Keycloak marks it', token: es256(ec, goodClaims({ typ: 'ID' })), code: 'token-type' },
  { name: 'a refresh token, as Keycloak marks it', token: es256(ec, goodClaims({ typ: 'Refresh' })), code: 'token-type' },
  { name: 'an id token, as Cognito marks it', token: es256(ec, goodClaims({ token_use: 'id' })), code: 'token-type' },
  { name: 'an id token, where at+jwt is demanded', token: good, code: 'token-type', issuer: { requireAccessTokenType: true } },
  { name: 'an id token of Okta', token: rs256(rsa, goodClaims()), code: 'token-type', issuer: { preset: 'okta' } },
  { name: 'a proof of possession', token: es256(ec, goodClaims(), { typ: 'dpop+jwt' }), code: 'token-type' },
  { name: "somebody's token that is bound to a key", token: es256(ec, goodClaims({ cnf: { jkt: 'x' } })), code: 'binding' },
  {
    name: 'a token of another tenant of the same multi-tenant issuer',
    token: rs256(
      rsa,
      goodClaims({ iss: `https://login.microsoftonline.com/${TENANT}/v2.0`, tid: TENANT.replace('1', '9'), oid: 'o', azp: 'a' }),
    ),
    code: 'claims',
    message: /tenant/,
    issuer: { preset: 'entra', issuer: `https://login.microsoftonline.com/${TENANT}/v2.0` },
  },
  {
    name: 'a token that everybody may have, of somebody else',
    token: rs256(rsa, goodClaims({ repository_id: '1', repository_owner_id: '2', job_workflow_ref: 'x' })),
    code: 'not-let-in',
    issuer: { preset: 'github', requiredClaims: { repository_owner_id: '65' } },
  },
  { name: 'larger than 16 KiB', token: es256(ec, goodClaims({ filler: 'x'.repeat(17_000) })), code: 'too-large' },
  {
    name: 'an actor of an issuer that may not be named',
    token: es256(ec, goodClaims({ act: { iss: EVIL_URL, sub: 'x' } })),
    code: 'claims',
  },
  { name: 'the signature of somebody else', token: es256(evil, goodClaims()), code: 'signature' },
];

describe('a pitfall', () => {
  it.each(pitfalls)('$name is refused as $code, without asking anybody', async ({ token, code, message = /./, issuer = {} }) => {
    const { fetch, asked } = recordingFetch({ keys: [evil.jwk] });
    const verifier = createVerifier([generic([ec, rsa], issuer)], { environment: 'test', clock: () => NOW_MS, fetch });
    const result = await verifier.verify(token);
    expect(result).toMatchObject({ ok: false, code });
    if (!result.ok) expect(result.message).toMatch(message);
    expect(asked).toEqual([]);
    expect(JSON.stringify(result)).not.toContain(token.slice(0, 40));
  });

  it('is refused where the honest twin is accepted', async () => {
    const verifier = createVerifier([generic([ec, rsa])], { environment: 'test', clock: () => NOW_MS });
    const widened = goodClaims({ aud: ['other', AUDIENCE], nbf: NOW + 30, typ: 'Bearer', token_use: 'access' });
    for (const token of [good, rs256(rsa, goodClaims()), es256(ec, widened, { typ: 'at+jwt' })]) {
      expect((await verifier.verify(token)).ok).toBe(true);
    }
  });
});

describe('a token of which anything was changed', () => {
  const verifier = createVerifier([generic([ec, rsa])], { environment: 'test', clock: () => NOW_MS });
  const tokens = [good, rs256(rsa, goodClaims())];

  it('is refused, whatever was cut out, put in or put in place of something', async () => {
    const place = fc.tuple(fc.nat(), fc.nat({ max: 12 }));
    const put = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: fc.constantFrom(...'ABCxyz019-_.=+/ '), maxLength: 12 }));
    const changed = fc.asyncProperty(fc.constantFrom(...tokens), place, put, async (token, [at, length], text) => {
      const start = at % (token.length + 1);
      const edited = token.slice(0, start) + text + token.slice(start + length);
      fc.pre(edited !== token);
      expect((await verifier.verify(edited)).ok).toBe(false);
    });
    await fc.assert(changed, { numRuns: 2_000 });
  });

  it('is refused when its parts are those of several tokens', async () => {
    const [one, two] = [es256(ec, goodClaims()), es256(ec, goodClaims({ sub: 'root' }))].map((token) => token.split('.'));
    for (const parts of [
      [one?.[0], two?.[1], one?.[2]],
      [one?.[0], one?.[1], two?.[2]],
    ]) {
      expect(await verifier.verify(parts.join('.'))).toMatchObject({ code: 'signature' });
    }
  });
});

describe('issuers that could be taken for each other', () => {
  const create =
    (...issuers: readonly Partial<IssuerOptions>[]) =>
    () =>
      createVerifier(
        issuers.map((changes) => generic([ec], changes)),
        { environment: 'test', clock: () => NOW_MS },
      );

  it('are two: the same sub of two issuers is two people', async () => {
    const other = 'https://other.example.com';
    const verifier = create({}, { name: 'other', issuer: other })();
    const [ours, theirs] = await Promise.all([verifier.verify(good), verifier.verify(es256(ec, goodClaims({ iss: other })))]);
    if (!ours.ok || !theirs.ok) throw new Error('both are good');
    expect(partyKey(ours.principal.subject)).not.toBe(partyKey(theirs.principal.subject));
  });

  it('are told when their groups are called the same, and a prefix tells them apart', () => {
    const warnings = (prefix: Partial<IssuerOptions>) => {
      const verifier = create({}, { name: 'other', issuer: 'https://other.example.com', ...prefix })();
      return verifier.describe().flatMap((issuer) => issuer.warnings);
    };
    expect(warnings({})).toHaveLength(2);
    expect(warnings({ groupPrefix: 'other/' })).toEqual([]);
  });

  it.each<[string, readonly Partial<IssuerOptions>[], RegExp]>([
    ['one twice', [{}, { name: 'again' }], /same issuer/],
    [
      'one tenant in two versions',
      [
        { preset: 'entra', issuer: `https://login.microsoftonline.com/${TENANT}/v2.0` },
        { preset: 'entra', name: 'v1', issuer: `https://sts.windows.net/${TENANT}/` },
      ],
      /tenant is configured already/,
    ],
    ['every tenant', [{ issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }], /name each tenant/],
    ['the common tenant', [{ preset: 'entra', issuer: 'https://login.microsoftonline.com/common/v2.0' }], /name one tenant/],
    ['who logs in by certificate', [{ issuer: 'urn:sqlwarden:certificates' }], /is taken/],
    ['who logs in by password', [{ issuer: 'urn:sqlwarden:users' }], /is taken/],
    ['everybody on GitHub', [{ preset: 'github' }], /everybody may have its tokens/],
    ['a skew of 61 s', [{ clockSkewSeconds: 61 }], /from 0 to 60/],
  ])('are refused at start: %s', (_, issuers, message) => {
    expect(create(...issuers)).toThrow(message);
  });

  it.each<[string, forge.Json]>([
    ['hasgroups', { hasgroups: true }],
    ['a claim that is somewhere else', { _claim_names: { groups: 's' }, _claim_sources: { s: { endpoint: EVIL_URL } } }],
  ])('never turn too many groups into none, nor fetch them from where the token says: %s', async (_, overage) => {
    const issuer = `https://login.microsoftonline.com/${TENANT}/v2.0`;
    const { fetch, asked } = recordingFetch({});
    const verifier = createVerifier([generic([rsa], { preset: 'entra', issuer })], { environment: 'test', clock: () => NOW_MS, fetch });
    const token = rs256(rsa, goodClaims({ iss: issuer, tid: TENANT, oid: 'o', azp: 'a', scp: 's', groups: undefined, ...overage }));
    const result = await verifier.verify(token);
    if (!result.ok) throw new Error(result.message);
    expect(result.principal.subject).toMatchObject({ groups: [], groupsComplete: false });
    expect(certainlyInNoGroup(result.principal, ['contractors'])).toBe(false);
    expect(everyPartyInAnyGroup(result.principal, ['dba'])).toBe(false);
    expect(asked).toEqual([]);
  });
});

describe('a flood of tokens', () => {
  let server: Server;
  let url = '';
  let requests: (string | undefined)[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push(request.url);
      response.end(JSON.stringify({ keys: [ec.jwk] }));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((done) => server.close(done).closeAllConnections()));
  beforeEach(() => {
    requests = [];
  });

  it('with made-up key ids costs the issuer one fetch in ten seconds, and honest logins go on', async () => {
    let now = NOW_MS;
    const verifier = createVerifier([generic([], { keys: { kind: 'url', url } })], { environment: 'test', clock: () => now });
    await verifier.verify(good);
    for (let round = 0; round < 5; round += 1) {
      const flood = Array.from({ length: 200 }, (_, at) => verifier.verify(es256(evil, goodClaims(), { kid: `${round}-${at}` })));
      const codes = (await Promise.all(flood)).map((result) => (result.ok ? 'accepted' : result.code));
      expect(new Set(codes)).toEqual(new Set(['key-unknown']));
      expect((await verifier.verify(good)).ok).toBe(true);
      now += 10_000;
    }
    expect(requests).toHaveLength(6);
  });

  it('of an issuer that is not configured costs nobody anything', async () => {
    const verifier = createVerifier([generic([], { keys: { kind: 'url', url } })], { environment: 'test', clock: () => NOW_MS });
    for (let at = 0; at < 50; at += 1) {
      expect(await verifier.verify(es256(evil, goodClaims({ iss: `${url}/${at}` })))).toMatchObject({ code: 'issuer' });
    }
    expect(requests).toEqual([]);
  });
});
