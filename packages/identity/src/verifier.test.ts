import { sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import jsonwebtoken from 'jsonwebtoken';
import * as forge from '../test/forge.js';
import type { TokenRefusalCode } from './errors.js';
import type { IssuerOptions } from './issuer-options.js';
import { createVerifier, type Verification } from './verifier.js';

const { AUDIENCE, ISSUER, NOW, NOW_MS, base64url, es256, generic, goodClaims, rs256 } = forge;
const ec = forge.ecKey('ec-1');
const rsa = forge.rsaKey('rsa-1');
const stranger = forge.ecKey('ec-1');
const JWT_HEADER = '{"alg":"ES256","typ":"JWT","kid":"ec-1"}';

function verify(token: string, changes: Partial<IssuerOptions> = {}, keys = [ec, rsa]): Promise<Verification> {
  return createVerifier([generic(keys, changes)], { environment: 'test', clock: () => NOW_MS }).verify(token);
}

async function codeOf(token: string, changes: Partial<IssuerOptions> = {}, keys = [ec, rsa]): Promise<string> {
  const result = await verify(token, changes, keys);
  return result.ok ? 'accepted' : result.code;
}

describe('a good token', () => {
  it('is accepted with ES256 and RS256 and gives the principal', async () => {
    for (const token of [es256(ec, goodClaims()), rs256(rsa, goodClaims())]) {
      const result = await verify(token);
      if (!result.ok) throw new Error(result.message);
      expect(result.principal).toEqual({
        subject: { kind: 'service', issuer: ISSUER, id: 'u-1', groups: ['app'], groupsComplete: true },
        actors: [],
        proof: { subject: 'token', groups: 'token', actors: 'token' },
        expiresAt: (NOW + 600) * 1000,
        tokenId: 'j-1',
        issuedAt: (NOW - 10) * 1000,
      });
    }
  });

  it('made by the usual library is accepted, and says what was verified', async () => {
    const token = jsonwebtoken.sign(goodClaims(), ec.key, { algorithm: 'ES256', keyid: 'ec-1' });
    const result = await verify(token);
    expect(result).toMatchObject({
      ok: true,
      token: { issuerName: 'id', issuer: ISSUER, keyId: 'ec-1', algorithm: 'ES256', expiresAt: (NOW + 600) * 1000 },
    });
  });

  it('may use RSASSA-PSS or ECDSA on P-384 where the issuer is allowed to', async () => {
    const wide = forge.ecKey('ec-384', 'P-384');
    const pss = jsonwebtoken.sign(goodClaims(), rsa.key, { algorithm: 'PS256', keyid: 'rsa-1' });
    const es384 = jsonwebtoken.sign(goodClaims(), wide.key, { algorithm: 'ES384', keyid: 'ec-384' });
    expect(await codeOf(pss, { algorithms: ['PS256'] })).toBe('accepted');
    expect(await codeOf(pss)).toBe('algorithm');
    expect(await codeOf(es384, { algorithms: ['ES384'] }, [wide])).toBe('accepted');
  });

  it('may have several audiences, no type, and the type of an access token', async () => {
    expect(await codeOf(es256(ec, goodClaims({ aud: ['other', AUDIENCE] })))).toBe('accepted');
    expect(await codeOf(es256(ec, goodClaims(), { typ: undefined }))).toBe('accepted');
    expect(await codeOf(es256(ec, goodClaims(), { typ: 'application/at+jwt' }))).toBe('accepted');
    expect(await codeOf(es256(ec, goodClaims(), { typ: 'at+JWT' }), { requireAccessTokenType: true })).toBe('accepted');
  });

  it('may lack a key id when exactly one key fits', async () => {
    expect(await codeOf(es256(ec, goodClaims(), { kid: undefined }))).toBe('accepted');
    expect(await codeOf(es256(ec, goodClaims(), { kid: undefined }), {}, [ec, forge.ecKey('ec-2')])).toBe('key-unknown');
  });
});

describe('the algorithm', () => {
  const none = `${base64url('{"alg":"none","typ":"JWT"}')}.${base64url(JSON.stringify(goodClaims()))}.`;

  it.each<[string, string, TokenRefusalCode]>([
    ['none, without a signature', none, 'signature'],
    ['none, with a signature', `${none}AAAA`, 'algorithm'],
    ['None in another case', `${base64url('{"alg":"nOnE"}')}.${base64url(JSON.stringify(goodClaims()))}.AAAA`, 'algorithm'],
    [
      'HS256 signed with the RSA public key in PEM',
      forge.hmacRaw('{"alg":"HS256","kid":"rsa-1"}', JSON.stringify(goodClaims()), forge.publicPem(rsa)),
      'algorithm',
    ],
    [
      'HS256 signed with the modulus of the RSA key',
      forge.hmacRaw('{"alg":"HS256","kid":"rsa-1"}', JSON.stringify(goodClaims()), Buffer.from(String(rsa.jwk['n']), 'base64url')),
      'algorithm',
    ],
    ['HS256 signed with nothing', forge.hmacRaw('{"alg":"HS256","kid":"ec-1"}', JSON.stringify(goodClaims()), ''), 'algorithm'],
    ['ES256 with the key id of an RSA key', es256(ec, goodClaims(), { kid: 'rsa-1' }), 'algorithm'],
    ['RS256 with the key id of an EC key', rs256(rsa, goodClaims(), { kid: 'ec-1' }), 'algorithm'],
    ['es256 in lower case', es256(ec, goodClaims(), { alg: 'es256' }), 'algorithm'],
    ['no algorithm', es256(ec, goodClaims(), { alg: undefined }), 'malformed'],
    ['a list of algorithms', es256(ec, goodClaims(), { alg: ['ES256'] }), 'malformed'],
  ])('refuses %s', async (_, token, code) => {
    expect(await codeOf(token)).toBe(code);
  });

  it('is only one of the issuer, whatever the key can do', async () => {
    expect(await codeOf(rs256(rsa, goodClaims()), { algorithms: ['ES256'] })).toBe('algorithm');
  });

  it('is the one that the key set binds the key to', async () => {
    const bound = { ...rsa, jwk: { ...rsa.jwk, alg: 'RS512' } };
    expect(await codeOf(rs256(rsa, goodClaims()), { algorithms: ['RS256', 'RS512'] }, [bound])).toBe('algorithm');
  });

  it('cannot be symmetric, also when the configuration asks for it', () => {
    const algorithms = ['HS256'] as unknown as readonly ['RS256'];
    expect(() => createVerifier([generic([rsa], { algorithms })], { environment: 'test' })).toThrow(/algorithms must be some of RS256/);
  });
});

describe('the signature', () => {
  const good = es256(ec, goodClaims());
  const [header, payload, signature] = good.split('.') as [string, string, string];

  it('refuses every single changed byte of header, payload and signature', async () => {
    for (const at of [header.length - 4, header.length + 10, header.length + payload.length - 3, good.length - 10]) {
      const changed = `${good.slice(0, at)}${good[at] === 'A' ? 'B' : 'A'}${good.slice(at + 1)}`;
      expect(await codeOf(changed)).not.toBe('accepted');
    }
  });

  it('refuses the signature of another key with the same key id', async () => {
    expect(await codeOf(es256(stranger, goodClaims()))).toBe('signature');
  });

  it('refuses a signature of zeros, an empty one, one that is longer, and one in DER', async () => {
    const raw = Buffer.from(signature, 'base64url');
    expect(await codeOf(`${header}.${payload}.${base64url(Buffer.alloc(64))}`)).toBe('signature');
    expect(await codeOf(`${header}.${payload}.`)).toBe('signature');
    expect(await codeOf(`${header}.${payload}.${base64url(Buffer.concat([raw, raw]))}`)).toBe('signature');
    expect(await codeOf(`${header}.${payload}.${base64url(Buffer.concat([raw, Buffer.alloc(1)]))}`)).toBe('signature');
    const der = sign('sha256', Buffer.from(`${header}.${payload}`), { key: ec.key, dsaEncoding: 'der' });
    expect(await codeOf(`${header}.${payload}.${base64url(der)}`)).toBe('signature');
  });

  it('refuses other claims under a good signature', async () => {
    expect(await codeOf(`${header}.${base64url(JSON.stringify(goodClaims({ sub: 'root' })))}.${signature}`)).toBe('signature');
  });
});

describe('the key id', () => {
  it.each([
    ['a path', '../../../../dev/null'],
    ['sql', "x' or '1'='1"],
    ['a url', 'https://evil.example.com/jwks.json'],
    ['a member of every object', 'constructor'],
    ['the prototype', '__proto__'],
    ['the empty text', ''],
    ['another case', 'EC-1'],
    ['a space behind it', 'ec-1 '],
  ])('is only looked up: %s is unknown', async (_, kid) => {
    expect(await codeOf(es256(ec, goodClaims(), { kid }))).toBe('key-unknown');
  });

  it('refuses one that is oversized or not a text', async () => {
    expect(await codeOf(es256(ec, goodClaims(), { kid: 'x'.repeat(257) }))).toBe('malformed');
    expect(await codeOf(es256(ec, goodClaims(), { kid: 1 }))).toBe('malformed');
    expect(await codeOf(es256(ec, goodClaims(), { kid: ['ec-1'] }))).toBe('malformed');
    expect(await codeOf(es256(ec, goodClaims(), { kid: null }))).toBe('malformed');
  });

  it('refuses two keys with the same key id, whichever of them signed', async () => {
    expect(await codeOf(es256(ec, goodClaims()), {}, [ec, stranger])).toBe('key-unknown');
    expect(await codeOf(es256(stranger, goodClaims()), {}, [ec, stranger])).toBe('key-unknown');
    const sameIdRsa = { ...rsa, jwk: { ...rsa.jwk, kid: 'ec-1' } };
    expect(await codeOf(es256(ec, goodClaims()), {}, [ec, sameIdRsa])).toBe('key-unknown');
  });
});

describe('the header', () => {
  it('cannot bring its own key, nor say where to fetch one', async () => {
    const own = { jwk: stranger.jwk, jku: 'https://evil.example.com/jwks', x5u: 'https://evil.example.com/cert', x5c: ['AAAA'] };
    let fetched = 0;
    const fetch: typeof globalThis.fetch = async () => {
      fetched += 1;
      return Response.json({ keys: [stranger.jwk] });
    };
    const verifier = createVerifier([generic([ec])], { environment: 'test', clock: () => NOW_MS, fetch });
    for (const kid of ['ec-1', 'ec-9', undefined]) {
      expect((await verifier.verify(es256(stranger, goodClaims(), { ...own, kid }))).ok).toBe(false);
    }
    expect((await verifier.verify(es256(ec, goodClaims(), own))).ok).toBe(true);
    expect(fetched).toBe(0);
  });

  it.each<[string, forge.Json, TokenRefusalCode]>([
    ['an unknown critical extension', { crit: ['exp-of-mine'], 'exp-of-mine': 1 }, 'critical-header'],
    ['an empty list of critical extensions', { crit: [] }, 'critical-header'],
    ['an unencoded payload', { b64: false, crit: ['b64'] }, 'critical-header'],
    ['an unencoded payload that is not called critical', { b64: false }, 'critical-header'],
    ['a content encryption', { enc: 'A256GCM' }, 'encrypted'],
    ['a compression', { zip: 'DEF' }, 'encrypted'],
    ['a nested token', { cty: 'JWT' }, 'encrypted'],
    ['a proof of possession', { typ: 'dpop+jwt' }, 'token-type'],
    ['a logout token', { typ: 'logout+jwt' }, 'token-type'],
    ['a type that is not a text', { typ: 1 }, 'malformed'],
  ])('refuses %s', async (_, header, code) => {
    expect(await codeOf(es256(ec, goodClaims(), header))).toBe(code);
  });

  it('must say at+jwt where the issuer must', async () => {
    expect(await codeOf(es256(ec, goodClaims()), { requireAccessTokenType: true })).toBe('token-type');
  });
});

describe('the form', () => {
  const good = es256(ec, goodClaims());
  const claims = JSON.stringify(goodClaims());
  const raw = (payload: string | Uint8Array, header = JWT_HEADER) => forge.signRaw(header, payload, ec.key);

  it.each<[string, string, TokenRefusalCode]>([
    ['nothing', '', 'malformed'],
    ['a password', 'hunter2', 'malformed'],
    ['two parts', good.split('.').slice(0, 2).join('.'), 'malformed'],
    ['four parts', `${good}.AAAA`, 'malformed'],
    ['a JWE', 'e30.AAAA.AAAA.AAAA.AAAA', 'encrypted'],
    ['many parts', '.'.repeat(200), 'malformed'],
    ['the JSON serialization', JSON.stringify({ payload: base64url(claims), signatures: [] }), 'malformed'],
    ['a line break behind it', `${good}\n`, 'malformed'],
    ['padding', good.replace('.', '=.'), 'malformed'],
    ['the other base64 alphabet', `${good.split('.').slice(0, 2).join('.')}.++//`, 'malformed'],
    ['more than 16 KiB', es256(ec, goodClaims({ filler: 'x'.repeat(17_000) })), 'too-large'],
    ['a payload that is not JSON', raw('iss=me'), 'malformed'],
    ['a payload that is a list', raw(`[${claims}]`), 'malformed'],
    ['a payload with a byte order mark', raw(`\uFEFF${claims}`), 'malformed'],
    ['a payload that is not UTF-8', raw(Buffer.concat([Buffer.from('{"iss":"'), Buffer.from([0xff]), Buffer.from('"}')])), 'malformed'],
    ['a claim twice', raw(claims.replace('"sub":"u-1"', '"sub":"u-1","sub":"root"')), 'malformed'],
    ['a claim twice, once escaped', raw(claims.replace('"sub":"u-1"', '"sub":"u-1","\\u0073ub":"root"')), 'malformed'],
    ['a member twice further in', raw(claims.replace('"sub":"u-1"', '"sub":"u-1","x":[{"a":1,"a":2}]')), 'malformed'],
    ['a header parameter twice', raw(claims, '{"alg":"ES256","kid":"ec-1","alg":"none"}'), 'malformed'],
    ['half a surrogate pair', raw(claims.replace('u-1', '\\ud800')), 'malformed'],
    ['deep nesting', raw(claims.replace('"sub"', `"x":${'['.repeat(40)}${']'.repeat(40)},"sub"`)), 'malformed'],
  ])('refuses %s', async (_, token, code) => {
    expect(await codeOf(token)).toBe(code);
  });

  it('accepts exactly one spelling of a signature', async () => {
    const last = good.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // The last character of 64 bytes carries two bits that mean nothing.
    const twin = alphabet[alphabet.indexOf(last) ^ 1] ?? '';
    const signature = good.split('.')[2] ?? '';
    expect(Buffer.from(signature.slice(0, -1) + twin, 'base64url')).toEqual(Buffer.from(signature, 'base64url'));
    expect(await codeOf(good.slice(0, -1) + twin)).toBe('malformed');
  });

  it('never throws, and never repeats anything of the token', async () => {
    const verifier = createVerifier([generic([ec])], { environment: 'test', clock: () => NOW_MS });
    const tokens = [undefined, null, 42, {}, 'secret-password', es256(ec, goodClaims({ iss: 'secret-issuer', sub: 'secret-subject' }))];
    for (const token of tokens) {
      const result = await verifier.verify(token as string);
      expect(result.ok).toBe(false);
      expect(JSON.stringify(result)).not.toMatch(/secret/);
    }
  });
});

describe('the issuer and the audience', () => {
  it.each([
    ['a trailing slash', `${ISSUER}/`],
    ['another case', ISSUER.toUpperCase()],
    ['a prefix of it', ISSUER.slice(0, -1)],
    ['a space before it', ` ${ISSUER}`],
    ['http', ISSUER.replace('https', 'http')],
    ['somebody else', 'https://evil.example.com'],
    ['a member of every object', 'constructor'],
  ])('is exact: refuses %s', async (_, iss) => {
    expect(await codeOf(es256(ec, goodClaims({ iss })))).toBe('issuer');
  });

  it('refuses a token without an issuer, or with a list of them', async () => {
    expect(await codeOf(es256(ec, goodClaims({ iss: undefined })))).toBe('claims');
    expect(await codeOf(es256(ec, goodClaims({ iss: [ISSUER] })))).toBe('claims');
  });

  it.each<[string, unknown, TokenRefusalCode]>([
    ['another audience', 'other', 'audience'],
    ['a prefix', 'sqlwarde', 'audience'],
    ['another case', 'SQLWARDEN', 'audience'],
    ['none', undefined, 'audience'],
    ['an empty list', [], 'audience'],
    ['other audiences', ['a', 'b'], 'audience'],
    ['a list within a list', [[AUDIENCE]], 'claims'],
    ['an object', { sqlwarden: true }, 'claims'],
  ])('refuses %s', async (_, aud, code) => {
    expect(await codeOf(es256(ec, goodClaims({ aud })))).toBe(code);
  });

  it('keeps keys of one issuer away from tokens of another, and the same sub of two issuers apart', async () => {
    const other = forge.ecKey('ec-1');
    const verifier = createVerifier([generic([ec]), generic([other], { name: 'other', issuer: 'https://other.example.com' })], {
      environment: 'test',
      clock: () => NOW_MS,
    });
    const ours = await verifier.verify(es256(ec, goodClaims()));
    const theirs = await verifier.verify(es256(other, goodClaims({ iss: 'https://other.example.com' })));
    if (!ours.ok || !theirs.ok) throw new Error('both are good');
    expect(ours.principal.subject.id).toBe(theirs.principal.subject.id);
    expect(ours.principal.subject.issuer).not.toBe(theirs.principal.subject.issuer);
    expect(await verifier.verify(es256(other, goodClaims()))).toMatchObject({ code: 'signature' });
  });
});

describe('the times', () => {
  it.each<[string, forge.Json, string]>([
    ['no expiry', { exp: undefined }, 'claims'],
    ['an expiry as text', { exp: String(NOW + 600) }, 'claims'],
    ['an expiry of null', { exp: null }, 'claims'],
    ['expired a second ago', { exp: NOW - 1 }, 'expired'],
    ['expires this very second', { exp: NOW }, 'expired'],
    ['expires in half a second', { exp: NOW + 0.5 }, 'accepted'],
    ['an expiry in milliseconds', { exp: (NOW + 600) * 1000 }, 'lifetime'],
    ['not before in 31 s', { nbf: NOW + 31 }, 'not-yet-valid'],
    ['not before in 30 s', { nbf: NOW + 30 }, 'accepted'],
    ['not before as text', { nbf: '0' }, 'claims'],
    ['issued in 31 s', { iat: NOW + 31 }, 'not-yet-valid'],
    ['issued in 30 s', { iat: NOW + 30 }, 'accepted'],
    ['issued at a negative time', { iat: -1 }, 'claims'],
    ['a life of 24 h', { iat: NOW, exp: NOW + 86_400 }, 'accepted'],
    ['a life of 24 h and a second', { iat: NOW, exp: NOW + 86_401 }, 'lifetime'],
    ['an unknown start and more than 24 h to go', { iat: undefined, exp: NOW + 86_401 }, 'lifetime'],
    ['an unknown start and 24 h to go', { iat: undefined, exp: NOW + 86_400 }, 'accepted'],
  ])('%s: as the table says', async (_, changes, want) => {
    expect(await codeOf(es256(ec, goodClaims(changes)))).toBe(want);
  });

  it('refuses numbers that overflow', async () => {
    const token = forge.signRaw(JWT_HEADER, JSON.stringify(goodClaims()).replace(`"exp":${NOW + 600}`, '"exp":1e999'), ec.key);
    expect(await codeOf(token)).toBe('claims');
  });

  it('allows what the issuer allows, and a skew of 60 s at most', async () => {
    expect(await codeOf(es256(ec, goodClaims({ exp: NOW + 301, iat: NOW })), { maxLifetimeSeconds: 300 })).toBe('lifetime');
    expect(await codeOf(es256(ec, goodClaims({ nbf: NOW + 60 })), { clockSkewSeconds: 60 })).toBe('accepted');
    expect(() => createVerifier([generic([ec], { clockSkewSeconds: 61 })], { environment: 'test' })).toThrow(/from 0 to 60/);
  });
});

describe('another kind of token', () => {
  it.each<[string, forge.Json, TokenRefusalCode]>([
    ['an id token with a nonce', { nonce: 'n' }, 'token-type'],
    ['an id token with the hash of an access token', { at_hash: 'h' }, 'token-type'],
    ['a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, 'token-type'],
    ['a token bound to a certificate', { cnf: { 'x5t#S256': 'x' } }, 'binding'],
    ['a token bound to a key', { cnf: { jkt: 'x' } }, 'binding'],
  ])('refuses %s', async (_, changes, code) => {
    expect(await codeOf(es256(ec, goodClaims(changes)))).toBe(code);
  });
});

describe('the set-up', () => {
  const create = (changes: Partial<IssuerOptions>, keys = [ec]) => createVerifier([generic(keys, changes)], { environment: 'test' });

  it.each<[string, Partial<IssuerOptions>, RegExp]>([
    ['no audience', { audience: [] }, /which audience/],
    ['an empty audience', { audience: '' }, /which audience/],
    ['an empty issuer', { issuer: '' }, /exactly as in its tokens/],
    ['an issuer of any tenant', { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }, /name each tenant/],
    ['no algorithm', { algorithms: [] }, /algorithms must be/],
    ['a life without end', { maxLifetimeSeconds: Number.POSITIVE_INFINITY }, /maxLifetimeSeconds/],
    ['keys over http', { keys: { kind: 'url', url: 'http://id.example.com/keys' } }, /over https/],
    [
      'keys over http from a name that begins like this machine',
      { keys: { kind: 'url', url: 'http://127.0.0.1.example.com/' } },
      /over https/,
    ],
    ['keys from a file url', { keys: { kind: 'url', url: 'file:///etc/passwd' } }, /over https/],
    ['keys with a password', { keys: { kind: 'url', url: 'https://me:pw@id.example.com/keys' } }, /take the user/],
    ['keys from nowhere', { keys: { kind: 'file', path: '/nonexistent/jwks.json' } }, /cannot be read/],
    ['an agent twice', { agents: [{ clientId: 'a' }, { clientId: 'a' }] }, /client id of its own/],
    ['a token exchange that is not believed', { preset: 'exchange', trustSqlwardenClaims: false }, /leave out trustSqlwardenClaims/],
    ['a development issuer that is not believed', { preset: 'dev', trustSqlwardenClaims: false }, /leave out trustSqlwardenClaims/],
    ['the name of what a server says', { issuer: 'urn:sqlwarden:upstream:crm' }, /this issuer is taken/],
    ['an unknown preset', { preset: 'saml' as 'okta' }, /preset must be one of/],
  ])('refuses %s', (_, changes, message) => {
    expect(() => create(changes)).toThrow(message);
  });

  it('refuses keys that are weak, symmetric, for encryption, or absent', () => {
    const symmetric = { ...ec, jwk: { kty: 'oct', k: 'c2VjcmV0', kid: 's' } };
    const encryption = { ...rsa, jwk: { ...rsa.jwk, use: 'enc' } };
    for (const key of [forge.rsaKey('weak', 1024), symmetric, encryption]) expect(() => create({}, [key])).toThrow(/no key can check/);
    expect(() => create({}, [])).toThrow(/no key can check/);
  });

  it('refuses two entries for one issuer, and one name for two', () => {
    const two = (second: Partial<IssuerOptions>) => () => createVerifier([generic([ec]), generic([ec], second)], { environment: 'test' });
    expect(two({ name: 'again' })).toThrow(/list all audiences in one/);
    expect(two({ issuer: 'https://other.example.com' })).toThrow(/the name is taken/);
  });

  it('says that what names a person today may name another one tomorrow', () => {
    const told = (id: string | readonly string[]) =>
      create({ claims: { id } })
        .describe()[0]
        ?.warnings.filter((text) => text.includes('somebody else')).length;
    expect([told('email'), told(['user', 'preferred_username']), told('oid'), told('sub')]).toEqual([1, 1, 0, 0]);
  });

  it('says which issuers have the same people, who would be two', () => {
    const okta = (name: string, issuer: string): IssuerOptions => ({
      name,
      preset: 'okta',
      issuer,
      audience: 'sqlwarden',
      groupPrefix: name,
    });
    const told = (...issuers: readonly IssuerOptions[]) =>
      createVerifier(issuers, { environment: 'test' })
        .describe()
        .map(({ warnings }) => warnings.filter((warning) => warning.includes('approve')).length);
    const first = okta('a', 'https://acme.okta.com/oauth2/default');
    expect(told(first, okta('b', 'https://acme.okta.com/oauth2/aus1'))).toEqual([1, 1]);
    expect(told(first, okta('b', 'https://other.okta.com/oauth2/default'))).toEqual([0, 0]);
  });

  it('takes no private part of a key from a key set', async () => {
    const withSecret = { ...ec, jwk: { ...ec.key.export({ format: 'jwk' }), kid: 'ec-1' } };
    expect(await codeOf(es256(ec, goodClaims()), {}, [withSecret])).toBe('accepted');
    expect(JSON.stringify(create({}, [withSecret]).describe())).not.toContain(String(ec.key.export({ format: 'jwk' }).d));
  });

  it('is described for who runs the gateway', () => {
    expect(create({ trustSqlwardenClaims: true }).describe()).toEqual([
      {
        name: 'id',
        preset: 'generic',
        issuer: ISSUER,
        audiences: [AUDIENCE],
        algorithms: ['RS256', 'ES256'],
        keys: '1 inline',
        maxLifetimeSeconds: 86_400,
        trustSqlwardenClaims: true,
        warnings: ['its sqlwarden claims are believed: no client or user may be able to choose them'],
      },
    ]);
  });
});
