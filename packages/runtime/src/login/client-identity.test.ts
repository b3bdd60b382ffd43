import { describe, expect, it } from '@jest/globals';
import type { ClientCredential, LoginRequest, Principal } from '@sqlwarden/core';
import { makeScramVerifier, openPasswordUsers, type Verification } from '@sqlwarden/identity';
import type { ClientProof } from '../config/gateway-config.js';
import type { ShownCertificate } from '../transport/client-tls.js';
import { ClientIdentity, type ClientTransport } from './client-identity.js';

const principal: Principal = {
  subject: { kind: 'person', issuer: 'https://issuer.example', id: 'ada', groups: [], groupsComplete: true },
  actors: [],
  proof: { subject: 'token' },
  expiresAt: Number.MAX_SAFE_INTEGER,
};
const users = openPasswordUsers([{ user: 'alice', verifier: makeScramVerifier('x'), kind: 'person' }], new Uint8Array(32));
const troubles: string[] = [];
const identity = new ClientIdentity({
  verifier: {
    verify: (token): Promise<Verification> =>
      Promise.resolve(
        token === 'good' ? ({ ok: true, principal } as Verification) : { ok: false, code: token as 'expired', message: 'no' },
      ),
  },
  users: () => users,
  certificates: [{ commonName: 'bob', kind: 'person' }],
  onTrouble: (error) => void troubles.push(error.message),
});

const named = (name: string): ShownCertificate => ({ kind: 'trusted', certificate: { commonNames: [name], uris: [], notAfter: 7 } });
const NONE: ShownCertificate = { kind: 'none' };
const BAD: ShownCertificate = { kind: 'untrusted', reason: 'CERT_HAS_EXPIRED' };
const by = (shown: ShownCertificate): ClientTransport => ({ shown, endPoint: undefined });

function asked(proofs: readonly ClientProof[], shown: ShownCertificate, user = 'ada', requireCertificate = false): string {
  const method = identity.method({ user, database: 'crm', encrypted: true }, { proofs, requireCertificate }, by(shown));
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
    ['a certificate that can be trusted', ['certificate', 'token'], BAD, 'ada', 'identity-invalid'],
    ['a certificate that can be trusted, though none was needed', ['token'], BAD, 'ada', 'identity-invalid'],
  ])('is %s', (_name, proofs, shown, user, wanted) => {
    expect(asked(proofs, shown, user)).toBe(wanted);
  });

  it('is a certificate too, where one is required', () => {
    expect(asked(['token'], NONE, 'ada', true)).toBe('identity-missing');
    expect(asked(['token'], named('anybody'), 'ada', true)).toBe('token');
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
    const answer = await identity.identify(login, { proofs, requireCertificate: false }, by(shown));
    return answer.ok ? answer.principal.subject.id : answer.refusal.code;
  }

  it.each<[ClientCredential, readonly ClientProof[], ShownCertificate, string, string]>([
    [{ kind: 'token', token: 'good' }, ['token'], NONE, 'x', 'ada'],
    [{ kind: 'token', token: 'expired' }, ['token'], NONE, 'x', 'identity-expired'],
    [{ kind: 'token', token: 'signature' }, ['token'], NONE, 'x', 'identity-invalid'],
    [{ kind: 'scram' }, ['password'], NONE, 'alice', 'alice'],
    [{ kind: 'scram' }, ['password'], NONE, 'mallory', 'identity-invalid'],
    [{ kind: 'certificate' }, ['certificate'], named('bob'), 'x', 'bob'],
    [{ kind: 'certificate' }, ['certificate'], named('eve'), 'x', 'identity-invalid'],
    [{ kind: 'certificate' }, ['certificate'], BAD, 'x', 'identity-invalid'],
    [{ kind: 'none' }, ['token'], NONE, 'x', 'identity-missing'],
    [{ kind: 'refused', refusal: { code: 'identity-invalid', message: 'x' } }, ['password'], NONE, 'alice', 'identity-invalid'],
    // What the configuration does not list is taken from nobody.
    [{ kind: 'token', token: 'good' }, ['password', 'certificate'], NONE, 'x', 'identity-invalid'],
    [{ kind: 'scram' }, ['token', 'certificate'], NONE, 'alice', 'identity-invalid'],
    [{ kind: 'certificate' }, ['token', 'password'], named('bob'), 'x', 'identity-invalid'],
  ])('%j by %j', async (credential, proofs, shown, user, wanted) => {
    expect(await identified(credential, proofs, shown, user)).toBe(wanted);
  });
});
