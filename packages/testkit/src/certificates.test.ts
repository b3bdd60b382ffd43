import { describe, expect, it } from '@jest/globals';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { createAuthority } from './certificates.js';

const authority = createAuthority();

describe('a certificate authority of a test', () => {
  it('issues certificates with the names that were asked for, signed by its key', () => {
    const names = ['db.internal', '10.1.2.3', 'fd00::1', 'spiffe://cluster/ns/a'];
    const issued = new X509Certificate(authority.issue({ commonName: 'db', names }).certificate);
    const root = new X509Certificate(authority.certificate);
    expect(issued.subject).toBe('CN=db');
    expect(issued.subjectAltName).toBe('DNS:db.internal, IP Address:10.1.2.3, IP Address:FD00:0:0:0:0:0:0:1, URI:spiffe://cluster/ns/a');
    expect(issued.checkIssued(root)).toBe(true);
    expect(issued.verify(root.publicKey)).toBe(true);
    expect(issued.verify(new X509Certificate(createAuthority().certificate).publicKey)).toBe(false);
    expect([root.ca, issued.ca]).toEqual([true, false]);
  });

  it('gives each certificate the key that belongs to it', () => {
    const { certificate, key } = authority.issue({ commonName: 'a' });
    expect(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(authority.key))).toBe(false);
  });

  it('dates certificates as asked, beyond 2049 too', () => {
    const [notBefore, notAfter] = [new Date('2020-02-03T04:05:06Z'), new Date('2051-01-01T00:00:00Z')];
    const { validFrom, validTo } = new X509Certificate(authority.issue({ commonName: 'a', notBefore, notAfter }).certificate);
    expect([new Date(validFrom), new Date(validTo)]).toEqual([notBefore, notAfter]);
  });

  it('is accepted by TLS in both directions', async () => {
    const { certificate: cert, key } = authority.issue({ commonName: 'localhost' });
    const server = createServer({ cert, key, ca: authority.certificate, requestCert: true }, (socket) => {
      socket.end(String(socket.getPeerCertificate().subject.CN));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = authority.issue({ commonName: 'a client' });
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, servername: 'localhost', ca: authority.certificate, cert: client.certificate, key: client.key });
    const [said] = (await once(socket, 'data')) as [Buffer];
    expect(said.toString()).toBe('a client');
    socket.destroy();
    server.close();
  });
});
