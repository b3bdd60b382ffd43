import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bearerFailure, isBearerEnd, readBearer } from './oauth-bearer.js';

const read = (text: string): ReturnType<typeof readBearer> => readBearer(Buffer.from(text, 'latin1'));

describe('the first message of OAUTHBEARER', () => {
  it.each<[string, string, string]>([
    [
      'of RFC 7628 section 4.1',
      'n,,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01',
      'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==',
    ],
    ['as libpq sends it', 'n,,\x01auth=Bearer ey.ab_c-d.e~+/\x01\x01', 'ey.ab_c-d.e~+/'],
    ['with the scheme in other letters and more spaces', 'n,,\x01auth=bEARER   abc\x01\x01', 'abc'],
    ['from a client that could bind channels', 'y,,\x01auth=Bearer abc\x01\x01', 'abc'],
    ['with keys that are not known', 'n,,\x01x=\x01auth=Bearer abc\x01mthd=POST\x01\x01', 'abc'],
  ])('has a token: %s', (_name, text, token) => {
    expect(read(text)).toEqual({ kind: 'token', token });
  });

  it('asks where tokens are without one (RFC 7628 section 4.3)', () => {
    expect(read('n,,\x01auth=\x01\x01')).toEqual({ kind: 'discovery' });
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer ', 'Bearer a b', 'Bearer a=b', 'Bearer\tabc', 'Bearerabc', 'Bearer a\r\nb', 'abc'])(
    'has no token in %j',
    (authorization) => {
      expect(read(`n,,\x01auth=${authorization}\x01\x01`)).toEqual({ kind: 'not-bearer' });
    },
  );

  it.each<[string, string]>([
    ['nothing', ''],
    ['a separator alone', '\x01'],
    ['no header', 'auth=Bearer abc\x01\x01'],
    ['channel binding', 'p=tls-server-end-point,,\x01auth=Bearer abc\x01\x01'],
    ['an authorization identity', 'n,a=alice,\x01auth=Bearer abc\x01\x01'],
    ['no end', 'n,,\x01auth=Bearer abc\x01'],
    ['something behind the end', 'n,,\x01auth=Bearer abc\x01\x01x'],
    ['two ends', 'n,,\x01auth=Bearer abc\x01\x01\x01'],
    ['no auth', 'n,,\x01host=x\x01\x01'],
    ['no pairs', 'n,,\x01\x01'],
    ['two auths', 'n,,\x01auth=Bearer abc\x01auth=Bearer abd\x01\x01'],
    ['a key without a value', 'n,,\x01host\x01auth=Bearer abc\x01\x01'],
    ['a key that is none', 'n,,\x011=x\x01auth=Bearer abc\x01\x01'],
    ['a NUL', 'n,,\x01auth=Bearer abc\0\x01\x01'],
    ['bytes beyond ASCII', 'n,,\x01auth=Bearer abc\xff\x01\x01'],
  ])('is malformed with %s, which is not quoted', (_name, text) => {
    const message = read(text);
    expect(message.kind).toBe('malformed');
    expect(JSON.stringify(message)).not.toContain('abc');
  });

  it('is read back whatever the token is', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9._~+/-]+=*$/), (token) => {
        expect(read(`n,,\x01auth=Bearer ${token}\x01\x01`)).toEqual({ kind: 'token', token });
      }),
    );
  });

  it('is read in linear time', () => {
    const started = performance.now();
    for (const text of [
      `n,,${'\x01a'.repeat(200_000)}`,
      `n,,\x01${'a=\x01'.repeat(200_000)}`,
      `n,,\x01auth=Bearer ${'='.repeat(400_000)}x\x01\x01`,
    ])
      read(text);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

it('a failure says what PostgreSQL says, and leaves out what is not known', () => {
  const of = (text: Uint8Array): unknown => JSON.parse(Buffer.from(text).toString());
  const openidConfiguration = 'https://issuer.example/.well-known/openid-configuration';
  expect(of(bearerFailure({ openidConfiguration, scope: 'openid sql' }))).toEqual({
    status: 'invalid_token',
    'openid-configuration': openidConfiguration,
    scope: 'openid sql',
  });
  expect(of(bearerFailure({}))).toEqual({ status: 'invalid_token' });
});

it('a client ends a failure by one separator and nothing else', () => {
  expect([[1], [], [1, 1], [0], [2]].map((bytes) => isBearerEnd(Uint8Array.from(bytes)))).toEqual([true, false, false, false, false]);
});
