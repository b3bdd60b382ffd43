import { describe, expect, it } from '@jest/globals';
import type { ClientCredential, LoginRequest, Principal } from '@sqlwarden/core';
import { type CertificateSubject, makeScramVerifier, openPasswordUsers, type Verification } from '@sqlwarden/identity';
import type { ClientProof } from '../config/gateway-config.js';
import type { ShownCertificate } from '../transport/client-tls.js';
import { ClientIdentity, type ClientRules, type ClientTransport } from './client-identity.js';

const principal: Principal = {
  subject: { kind: 'person', issuer: 'https://issuer.example', id: 'ada', groups: [], groupsComplete: true },
  actors: [],
  proof: { subject: 'token' },
  expiresAt: Number.MAX_SAFE_INTEGER,
};
const users = openPasswordUsers(
  [
    { user: 'alice', verifier: makeScramVerifier('x'), kind: 'person' },
    // RFC 4013 section 3: the Roman numeral that a keyboard gives as one letter.
    { user: 'ivy', verifier: makeScramVerifier('IX'), kind: 'person' },
  ],
  new Uint8Array(32),
);
const certificates: readonly CertificateSubject[] = [{ commonName: 'bob', kind: 'person' }];
const troubles: string[] = [];
let workloadToken: Verification | undefined;
const identity = new ClientIdentity({
  verifier: {
    verify: (token): Promise<Verification> =>
      Promise.resolve(
        token === 'good' ? ({ ok: true, principal } as Verification) : { ok: false, code: token as 'expired', message: 'no' },
      ),
  },
  users: () => users,
  workload: { verify: () => Promise.resolve(workloadToken) },
  onTrouble: (error) => void troubles.push(error.message),
});

const named = (name: string): ShownCertificate => ({
  kind: 'trusted',
  certificate: { commonNames: [name], uris: [], isAuthority: false, notAfter: 7 },
});
const SVID_OF_CA: ShownCertificate = {
  kind: 'trusted',
  certificate: { commonNames: ['bob'], uris: ['spiffe://acme.example/x'], isAuthority: true, notAfter: 7 },
};
const NONE: ShownCertificate = { kind: 'none' };
const BAD: ShownCertificate = { kind: 'untrusted', reason: 'CERT_HAS_EXPIRED' };
const by = (shown: ShownCertificate, isPrivate = true): ClientTransport => ({ shown, endPoint: undefined, isPrivate });

function asked(proofs: readonly ClientProof[], shown: ShownCertificate, user = 'ada', requireCertificate = false): string {
  const method = identity.method({ user, database: 'crm', encrypted: true }, { proofs, requireCertificate, certificates }, by(shown));
  if (method.kind === 'scram') return method.verifier.isMock ? 'scram (mock)' : 'scram';
  return method.kind === 'refuse' ? method.refusal.code : method.kind;
}

describe('what a client is asked for', () => {
  it.each<[string, readonly ClientProof[], ShownCertificate, string, string]>([
    ['a token', ['token'], NONE, 'alice', 'token'],
    ['a token, whatever it shows', ['token'], named('bob'), 'alice', 'token'],
    ['its password', ['password'], NONE, 'alice', 'scram'],
    ['a password that it has not', ['password'], NONE, 'mallory', 'scram (mock)'],
    ['its password, as a user', ['password', 'token'], NONE, 'alice', 'scram'],
    ['a token, as anybody else', ['password', 'token'], NONE, 'ada', 'token'],
    ['nothing, with a certificate', ['certificate'], named('bob'), 'ada', 'certificate'],
    ['nothing, with a certificate that comes first', ['certificate', 'password', 'token'], named('bob'), 'alice', 'certificate'],
    ['something else, with one that stands for nobody', ['certificate', 'token'], named('eve'), 'ada', 'token'],
    ['a certificate', ['certificate'], NONE, 'ada', 'identity-missing'],
    ['another certificate', ['certificate'], named('eve'), 'ada', 'identity-invalid'],
    ['a bearer token', ['oauth'], NONE, 'alice', 'oauth'],
    ['its password, where others have bearer tokens', ['password', 'oauth'], NONE, 'alice', 'scram'],
    ['a bearer token, as anybody else', ['password', 'oauth'], NONE, 'ada', 'oauth'],
    ['nothing, as the workload', ['workload'], NONE, 'ada', 'workload'],
    ['another certificate than that of an authority', ['certificate', 'token'], SVID_OF_CA, 'ada', 'identity-invalid'],
    ['a certificate that can be trusted', ['certificate', 'token'], BAD, 'ada', 'identity-invalid'],
    ['a certificate that can be trusted, though none was needed', ['token'], BAD, 'ada', 'identity-invalid'],
  ])('is %s', (_name, proofs, shown, user, wanted) => {
    expect(asked(proofs, shown, user)).toBe(wanted);
  });

  it('is a certificate too, where one is required', () => {
    expect(asked(['token'], NONE, 'ada', true)).toBe('identity-missing');
    expect(asked(['token'], named('anybody'), 'ada', true)).toBe('token');
  });

  it('is to come from this machine, where that makes it the workload', async () => {
    const rules: ClientRules = { proofs: ['workload'], requireCertificate: false, certificates };
    const far = by(NONE, false);
    expect(identity.method({ user: 'ada', database: 'crm', encrypted: true }, rules, far)).toMatchObject({ kind: 'refuse' });
    workloadToken = { ok: true, principal } as Verification;
    const login: LoginRequest = { user: 'x', database: 'crm', parameters: {}, credential: { kind: 'workload' }, encrypted: true };
    expect(await identity.identify(login, rules, far)).toMatchObject({ ok: false, refusal: { code: 'identity-invalid' } });
    expect(await identity.identify(login, rules, by(NONE))).toMatchObject({ ok: true, principal });
  });

  it('is told where tokens come from only for bearer tokens', () => {
    const methodOf = (proofs: readonly ClientProof[]): unknown =>
      identity.method(
        { user: 'ada', database: 'crm', encrypted: true },
        { proofs, requireCertificate: false, certificates, discovery: { scope: 's' } },
        by(NONE),
      );
    expect(methodOf(['oauth'])).toEqual({ kind: 'oauth', discovery: { scope: 's' } });
    expect(methodOf(['token'])).toEqual({ kind: 'token' });
  });

  it('is told to the operator when it is not trusted', () => {
    expect(troubles.at(-1)).toContain('CERT_HAS_EXPIRED');
  });
});

describe('who has proven who it is', () => {
  async function identified(
    credential: ClientCredential,
    proofs: readonly ClientProof[],
    shown: ShownCertificate = NONE,
    user = 'ada',
  ): Promise<string> {
    const login: LoginRequest = { user, database: 'crm', parameters: {}, credential, encrypted: true };
    const answer = await identity.identify(login, { proofs, requireCertificate: false, certificates }, by(shown));
    return answer.ok ? answer.principal.subject.id : answer.refusal.code;
  }

  it.each<[ClientCredential, readonly ClientProof[], ShownCertificate, string, string]>([
    [{ kind: 'token', token: 'good' }, ['token'], NONE, 'x', 'ada'],
    [{ kind: 'token', token: 'expired' }, ['token'], NONE, 'x', 'identity-expired'],
    [{ kind: 'token', token: 'signature' }, ['token'], NONE, 'x', 'identity-invalid'],
    [{ kind: 'scram' }, ['password'], NONE, 'alice', 'alice'],
    [{ kind: 'scram' }, ['password'], NONE, 'mallory', 'identity-invalid'],
    [{ kind: 'password', password: 'x' }, ['password'], NONE, 'alice', 'alice'],
    [{ kind: 'password', password: 'y' }, ['password'], NONE, 'alice', 'identity-invalid'],
    [{ kind: 'password', password: '' }, ['password'], NONE, 'alice', 'identity-invalid'],
    [{ kind: 'password', password: 'x' }, ['password'], NONE, 'mallory', 'identity-invalid'],
    [{ kind: 'password', password: '\u2168' }, ['password'], NONE, 'ivy', 'ivy'],
    [{ kind: 'password', password: 'x' }, ['token', 'certificate'], NONE, 'alice', 'identity-invalid'],
    [{ kind: 'certificate' }, ['certificate'], named('bob'), 'x', 'bob'],
    [{ kind: 'certificate' }, ['certificate'], named('eve'), 'x', 'identity-invalid'],
    [{ kind: 'certificate' }, ['certificate'], BAD, 'x', 'identity-invalid'],
    [{ kind: 'none' }, ['token'], NONE, 'x', 'identity-missing'],
    [{ kind: 'refused', refusal: { code: 'identity-invalid', message: 'x' } }, ['password'], NONE, 'alice', 'identity-invalid'],
    [{ kind: 'token', token: 'good' }, ['oauth'], NONE, 'x', 'ada'],
    // What the configuration does not list is taken from nobody.
    [{ kind: 'workload' }, ['token', 'password', 'certificate'], NONE, 'x', 'identity-invalid'],
    [{ kind: 'token', token: 'good' }, ['workload'], NONE, 'x', 'identity-invalid'],
    [{ kind: 'token', token: 'good' }, ['password', 'certificate'], NONE, 'x', 'identity-invalid'],
    [{ kind: 'scram' }, ['token', 'certificate'], NONE, 'alice', 'identity-invalid'],
    [{ kind: 'certificate' }, ['token', 'password'], named('bob'), 'x', 'identity-invalid'],
  ])('%j by %j', async (credential, proofs, shown, user, wanted) => {
    expect(await identified(credential, proofs, shown, user)).toBe(wanted);
  });
});

describe('what counts as a guess', () => {
  const identify = (credential: ClientCredential, proofs: readonly ClientProof[]): Promise<unknown> =>
    identity.identify(
      { user: 'alice', database: 'crm', parameters: {}, credential, encrypted: true },
      { proofs, requireCertificate: false, certificates },
      by(NONE),
    );
  const token = (code: string): Promise<unknown> => identify({ kind: 'token', token: code }, ['token']);

  it.each(['signature', 'malformed', 'algorithm', 'issuer', 'too-large', 'not-confirmed'])(
    'is a token that nobody issued (%s)',
    async (code) => {
      expect(await token(code)).toMatchObject({ ok: false, isGuess: true });
    },
  );

  it.each(['expired', 'not-yet-valid', 'audience', 'lifetime', 'keys-unavailable', 'key-unknown', 'internal'])(
    'is no token that is good elsewhere or another time, or that cannot be checked (%s)',
    async (code) => {
      expect(await token(code)).toMatchObject({ ok: false, isGuess: false });
    },
  );

  it('is a wrong password, and neither no token, a certificate, nor the workload', async () => {
    const refusal = { code: 'identity-invalid', message: 'x' } as const;
    expect(await identify({ kind: 'refused', refusal, isGuess: true }, ['password'])).toMatchObject({ isGuess: true });
    expect(await identify({ kind: 'password', password: 'wrong' }, ['password'])).toMatchObject({ isGuess: true });
    expect(await identify({ kind: 'refused', refusal }, ['certificate'])).toMatchObject({ isGuess: false });
    expect(await identify({ kind: 'none' }, ['token'])).toMatchObject({ isGuess: false });
    workloadToken = { ok: false, code: 'signature', message: 'x' };
    expect(await identify({ kind: 'workload' }, ['workload'])).toMatchObject({ ok: false, isGuess: false });
  });
});

describe('the workload', () => {
  const login: LoginRequest = { user: 'x', database: 'crm', parameters: {}, credential: { kind: 'workload' }, encrypted: false };
  const rules: ClientRules = { proofs: ['workload'], requireCertificate: false, certificates };

  it('is whose token is there now, and asked again for it later', async () => {
    workloadToken = { ok: true, principal } as Verification;
    const identified = await identity.identify(login, rules, by(NONE));
    if (!identified.ok || identified.source === undefined) throw new Error('not identified');
    workloadToken = { ok: true, principal: { ...principal, expiresAt: 9 } } as Verification;
    expect(await identified.source()).toMatchObject({ principal: { expiresAt: 9 } });
  });

  it('is nobody without a token, or with one that is not accepted', async () => {
    workloadToken = undefined;
    expect(await identity.identify(login, rules, by(NONE))).toMatchObject({ ok: false, refusal: { code: 'identity-missing' } });
    workloadToken = { ok: false, code: 'expired', message: 'the token has expired' };
    expect(await identity.identify(login, rules, by(NONE))).toMatchObject({ ok: false, refusal: { code: 'identity-expired' } });
  });
});
