import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../config/load-config.js';
import { accessWarnings } from './access-warnings.js';

const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-warnings-'));
afterAll(() => rmSync(directory, { recursive: true }));
for (const name of ['password', 'users.yaml', 'tls.key']) writeFileSync(join(directory, name), 'x', { mode: 0o600 });

interface Parts {
  readonly server?: string;
  readonly credentials?: string;
  readonly more?: string;
  readonly identity?: string;
  readonly issuer?: string;
}

function warnings({
  server = 'host: db',
  credentials = 'user: g, passwordFile: ./password',
  more = '',
  identity = '',
  issuer = 'https://acme.okta.com/oauth2/default',
}: Parts = {}): string {
  const file = join(directory, 'sqlwarden.yaml');
  writeFileSync(
    file,
    `version: 1
environment: production
upstreams:
  - { name: crm, database: postgres, listen: "127.0.0.1:15432", ${more} server: { ${server} }, credentials: { ${credentials} } }
identity:
  issuers: [{ name: okta, preset: okta, issuer: "${issuer}", audience: sqlwarden }]
  ${identity}
policy: ./policy/*.yaml
ledger: { directory: ./ledger }
`,
  );
  return accessWarnings(loadConfig(file)).join('\n');
}

describe('what is weak in how clients and the gateway log in', () => {
  it('is nothing in an ordinary configuration', () => {
    expect(warnings()).toBe('');
    expect(warnings({ server: 'host: 127.0.0.1, tls: disable' })).toBe('');
    expect(warnings({ server: 'host: db, tls: require', credentials: 'user: g, channelBinding: require' })).toBe('');
  });

  it.each<[string, Parts, string]>([
    [
      'a workload that others can be',
      { more: 'clients: workload,', identity: 'workload: { tokenFile: ./password }' },
      'every container of the pod',
    ],
    [
      'a workload that has no token yet',
      { more: 'clients: workload,', identity: 'workload: { tokenFile: ./none }' },
      'none is not there; clients are refused until it is',
    ],
    ['bearer tokens that nobody can get', { more: 'clients: oauth,', issuer: 'urn:x' }, 'libpq cannot get a token by itself'],
    [
      'authorities of several trust domains',
      {
        more: 'clients: certificate, clientTls: { certificate: c, key: k, ca: a, crl: r },',
        identity:
          'certificates: [{ uri: "spiffe://a/x", kind: service, issuer: i, id: x }, { uri: "spiffe://b/x", kind: service, issuer: i, id: y }]',
      },
      'upstream crm: every authority of clientTls.ca is believed for a, b; give each its own upstream',
    ],
    ['rows in clear', { server: 'host: db, tls: disable' }, 'cross the network to the server in clear'],
    ['a server that is not checked', { server: 'host: db, tls: require' }, 'take the place of the server'],
    ['a password for whoever asks', { server: 'host: db, tls: require' }, 'may ask for the password'],
    ['names that can be told', { more: 'clients: [password, token],', identity: 'users: ./users.yaml' }, 'tells which names are users'],
    ['verifiers that move', { more: 'clients: password,', identity: 'users: ./users.yaml' }, 'without masking.keyFile'],
    ['two parties in one', { more: 'clients: password,', identity: 'users: ./users.yaml' }, 'could approve what they ask for themselves'],
    [
      'certificates without revocation',
      {
        more: 'clients: certificate, clientTls: { certificate: a, key: ./tls.key, ca: c },',
        identity: 'certificates: [{ commonName: bob, kind: person, issuer: x, id: y }]',
      },
      'that were revoked go on to be taken',
    ],
  ])('is %s', (_name, parts, words) => {
    expect(warnings(parts)).toContain(words);
  });

  it('is a password only for whoever may ask for it', () => {
    const accept = warnings({ server: 'host: db, tls: require', credentials: 'user: g, passwordFile: ./password, accept: scram-sha-256' });
    expect(accept).not.toContain('may ask for the password');
  });

  it('is a secret that others can read', () => {
    chmodSync(join(directory, 'password'), 0o644);
    expect(warnings()).toContain('the password can be read by others; chmod 600');
    chmodSync(join(directory, 'password'), 0o600);
    expect(warnings()).toBe('');
  });
});
