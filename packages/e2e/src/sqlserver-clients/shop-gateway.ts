// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CertificateAndKey, createAuthority } from '@sqlwarden/testkit';
import { stringify } from 'yaml';
import type { GatewayRequest } from '../harness/gateway.js';
import type { ShopServer } from './shop-server.js';

const POLICY = {
  version: 1,
  classify: [
    { label: 'pii.ssn', columns: 'shop.dbo.people.ssn' },
    { label: 'pay.salary', columns: 'shop.dbo.people.salary' },
  ],
  mask: [
    { label: 'pii.ssn', with: 'last4', except: { groups: 'privacy' } },
    { label: 'pay.salary', with: { bucket: { size: 1000 } }, except: { groups: 'privacy' } },
  ],
  rules: [
    { id: 'all', match: { class: ['read', 'write', 'session', 'transaction', 'procedural', 'administrative'] }, then: 'allow' },
    { id: 'no-unfiltered-write', match: { action: ['delete', 'update'], filter: ['absent', 'always-true'] }, then: 'deny' },
  ],
  require: [{ id: 'purpose-of-notes', match: { relations: { read: 'shop.dbo.notes' } }, purpose: ['support'], message: 'say what for' }],
};

/** The configuration of a gateway in front of a shop, in which most read `ssn` and `salary` masked. */
export function shopGateway(server: ShopServer, more: Partial<Pick<GatewayRequest, 'upstream' | 'config'>> = {}): GatewayRequest {
  const { host, port, password, user } = server;
  return {
    server: { server: { host, port }, password },
    upstreams: { shop: 'shop' },
    policies: [stringify(POLICY)],
    upstream: { database: 'sqlserver', credentials: { user }, ...more.upstream },
    config: { catalogue: { maxAgeMs: 600_000 }, ...more.config },
  };
}

/** As the gateway shows them to who may not read them, as text: name, ssn, salary. */
export const MASKED = { ssn: ['*******2222', '*******4444', null], salary: [1000, 0, null] } as const;

/** A certificate for clients of the gateway, in files of a directory; the PEM of who vouches for it. */
export function listenerCertificate(directory: string): { readonly authority: string; readonly clientTls: object } {
  const authority = createAuthority();
  const shown: CertificateAndKey = authority.issue({ commonName: 'localhost', names: ['localhost', '127.0.0.1'] });
  const [certificate, key] = [join(directory, 'listener.pem'), join(directory, 'listener.key')];
  writeFileSync(certificate, shown.certificate);
  writeFileSync(key, shown.key, { mode: 0o600 });
  return { authority: authority.certificate, clientTls: { certificate, key } };
}
