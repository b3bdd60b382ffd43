import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CertificateSubject, type ClientCertificate, principalOfCertificate, svidProblem } from './client-certificate.js';

const certificate = (given: Partial<ClientCertificate>): ClientCertificate => ({
  commonNames: [],
  uris: [],
  isAuthority: false,
  keyUsage: ['digitalSignature'],
  notAfter: 7,
  ...given,
});
const workloads: CertificateSubject = { uri: 'spiffe://acme.example/ns/*/sa/*', kind: 'service', groups: ['app'] };
const bob: CertificateSubject = { commonName: 'bob', kind: 'person', issuer: 'https://issuer.example', id: '00u1' };

function who(given: Partial<ClientCertificate>, subjects: readonly CertificateSubject[] = [workloads, bob]): string | undefined {
  return principalOfCertificate(certificate(given), subjects)?.subject.id;
}

describe('who a client certificate stands for', () => {
  it('is the workload of its URI, until the certificate ends', () => {
    const uri = 'spiffe://acme.example/ns/prod/sa/etl';
    expect(principalOfCertificate(certificate({ uris: [uri], commonNames: ['x', 'y'] }), [workloads])).toEqual({
      subject: { kind: 'service', issuer: 'urn:sqlwarden:certificates', id: uri, groups: ['app'], groupsComplete: true },
      actors: [],
      workload: { spiffeId: uri },
      proof: { subject: 'mtls', groups: 'mtls', actors: 'mtls', workload: 'mtls' },
      expiresAt: 7,
    });
  });

  it('is whom the entry says, for a common name', () => {
    expect(principalOfCertificate(certificate({ commonNames: ['bob'] }), [workloads, bob])?.subject).toMatchObject({
      issuer: 'https://issuer.example',
      id: '00u1',
    });
  });

  it('has a workload that is proven too, by whatever name it is known', () => {
    const uris = ['spiffe://other.example/x'];
    expect(principalOfCertificate(certificate({ uris, commonNames: ['bob'] }), [workloads, bob])).toMatchObject({
      subject: { id: '00u1' },
      workload: { spiffeId: uris[0] },
      proof: { subject: 'mtls', workload: 'mtls' },
    });
    expect(principalOfCertificate(certificate({ commonNames: ['bob'] }), [bob])).not.toHaveProperty('workload');
  });

  it.each<[string, Partial<ClientCertificate>]>([
    ['no name', {}],
    ['another name', { commonNames: ['alice'] }],
    ['another case', { commonNames: ['Bob'] }],
    ['two common names', { commonNames: ['bob', 'alice'] }],
    ['two URIs', { uris: ['spiffe://acme.example/ns/a/sa/b', 'spiffe://acme.example/ns/a/sa/c'] }],
    ['another trust domain', { uris: ['spiffe://evil.example/ns/a/sa/b'] }],
    ['a trust domain that only begins like it', { uris: ['spiffe://acme.example.evil/ns/a/sa/b'] }],
    ['a longer path', { uris: ['spiffe://acme.example/ns/a/sa/b/c'] }],
    ['a path that goes round', { uris: ['spiffe://acme.example/ns/a/x/../sa/b'] }],
    ['an empty segment', { uris: ['spiffe://acme.example/ns//sa/b'] }],
    ['the URI as its common name', { commonNames: ['spiffe://acme.example/ns/a/sa/b'] }],
    ['the common name as a URI', { uris: ['bob'] }],
    ['a NUL behind the name', { commonNames: ['bob\0.evil.example'] }],
    ['a line end behind the name', { commonNames: ['bob\n'] }],
  ])('is nobody: %s', (_name, given) => {
    expect(who(given)).toBeUndefined();
  });

  it('is nobody as an X.509-SVID that is none, not even by its common name', () => {
    const uris = ['spiffe://acme.example/ns/a/sa/b'];
    expect(who({ uris, commonNames: ['bob'] })).toBe(uris[0]);
    expect(who({ uris, commonNames: ['bob'], isAuthority: true })).toBeUndefined();
    expect(who({ uris: [...uris, 'https://acme.example/b'], commonNames: ['bob'] }, [bob])).toBeUndefined();
  });

  it.each([
    ['svc-*', 'svc-etl', true],
    ['svc-*', 'svc-', true],
    ['*-prod', 'etl-prod', true],
    ['a*b*c', 'axxbyyc', true],
    ['a*b*c', 'ac', false],
    ['ab*ba', 'aba', false],
    ['*', 'a/b', false],
    ['.*', 'x', false],
  ])('%s fits %s: %s', (pattern, name, fits) => {
    expect(who({ commonNames: [name] }, [{ commonName: pattern, kind: 'service' }]) !== undefined).toBe(fits);
  });

  it.each(['bob\0', 'bob\n', 'bob\u0085'])('is nobody with a character that nobody sees, whatever fits it: %j', (name) => {
    expect(who({ commonNames: [name] }, [{ commonName: 'bob*', kind: 'person' }])).toBeUndefined();
  });

  it('is found in linear time', () => {
    const started = performance.now();
    who({ commonNames: ['a'.repeat(50_000)] }, [{ commonName: `${'a*'.repeat(2_000)}b`, kind: 'service' }]);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('never crosses a slash', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, two) => {
        expect(who({ uris: [`spiffe://acme.example/ns/${one}/${two}/sa/x`] })).toBeUndefined();
      }),
    );
  });
});

describe('an X.509-SVID', () => {
  const problem = (given: Partial<ClientCertificate>): string | undefined =>
    svidProblem(certificate({ uris: ['spiffe://acme.example/etl'], ...given }));

  it.each<[string, Partial<ClientCertificate>]>([
    ['with a key for signatures', {}],
    ['with a key that may also agree and encipher', { keyUsage: ['digitalSignature', 'keyEncipherment', 'keyAgreement'] }],
    ['with every letter that there may be', { uris: ['spiffe://a-b_c.9/A/a.b-c_9/...'] }],
    ['of the longest name', { uris: [`spiffe://${'a'.repeat(255)}/${'b'.repeat(2_048 - 265)}`] }],
    ['is none where no SPIFFE ID is named', { uris: ['https://acme.example/', 'urn:x'], isAuthority: true, keyUsage: undefined }],
  ])('is one: %s', (_name, given) => {
    expect(problem(given)).toBeUndefined();
  });

  it.each<[Partial<ClientCertificate>, string]>([
    [{ uris: ['spiffe://acme.example/etl', 'spiffe://acme.example/etl'] }, 'it has more than one URI'],
    [{ uris: ['spiffe://acme.example/etl', 'https://acme.example'] }, 'it has more than one URI'],
    [{ uris: ['https://acme.example', 'spiffe://acme.example/etl'] }, 'it has more than one URI'],
    [{ isAuthority: true }, 'it is the certificate of an authority'],
    [{ keyUsage: undefined }, 'its key is not for digital signatures'],
    [{ keyUsage: [] }, 'its key is not for digital signatures'],
    [{ keyUsage: ['keyEncipherment'] }, 'its key is not for digital signatures'],
    [{ keyUsage: ['digitalSignature', 'keyCertSign'] }, 'its key is for signing certificates'],
    [{ keyUsage: ['digitalSignature', 'cRLSign'] }, 'its key is for signing certificates'],
    [{ uris: ['spiffe://acme.example'] }, 'its URI is the SPIFFE ID of a trust domain, without a path'],
    ...[
      'spiffe://acme.example/',
      'spiffe://acme.example/a/',
      'spiffe://acme.example//a',
      'spiffe://acme.example/a/../b',
      'spiffe://acme.example/./a',
      'spiffe://acme.example/%61',
      'spiffe://acme.example/a?b',
      'spiffe://acme.example/a#b',
      'spiffe://acme.example:443/a',
      'spiffe://user@acme.example/a',
      'spiffe://Acme.example/a',
      'SPIFFE://acme.example/a',
      'spiffe:///a',
      'spiffe:acme.example/a',
      'spiffe://[::1]/a',
      'spiffe://acme.example/ä',
      'spiffe://acme.example/a\n',
    ].map((uri): [Partial<ClientCertificate>, string] => [{ uris: [uri] }, 'its URI is no SPIFFE ID']),
    [{ uris: [`spiffe://${'a'.repeat(256)}/b`] }, 'its URI is longer than a SPIFFE ID may be'],
    [{ uris: [`spiffe://a/${'b'.repeat(2_048)}`] }, 'its URI is longer than a SPIFFE ID may be'],
  ])('is none: %j', (given, why) => {
    expect(problem(given)).toBe(why);
  });
});
