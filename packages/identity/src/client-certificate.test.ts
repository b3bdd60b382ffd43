import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CertificateSubject, type ClientCertificate, principalOfCertificate } from './client-certificate.js';

const certificate = (given: Partial<ClientCertificate>): ClientCertificate => ({ commonNames: [], uris: [], notAfter: 7, ...given });
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
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('never crosses a slash', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, two) => {
        expect(who({ uris: [`spiffe://acme.example/ns/${one}/${two}/sa/x`] })).toBeUndefined();
      }),
    );
  });
});
