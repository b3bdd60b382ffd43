import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ConfigError } from './config-error.js';
import type { GatewayConfig } from './gateway-config.js';
import { loadConfig } from './load-config.js';

const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-proofs-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'sqlwarden.yaml');

const OKTA = '{ name: okta, preset: okta, issuer: "https://acme.okta.com/oauth2/default", audience: sqlwarden }';
const ENTRA = '{ name: batch, preset: generic, issuer: "urn:batch", audience: sqlwarden, keys: { file: k } }';

interface Parts {
  readonly more: string;
  readonly listen?: string;
  readonly issuers?: readonly string[];
  readonly identity?: string;
}

function load({ more, listen = '127.0.0.1:15432', issuers = [OKTA], identity = '' }: Parts): GatewayConfig {
  writeFileSync(
    file,
    `version: 1
environment: production
upstreams:
  - { name: crm, database: postgres, listen: "${listen}", ${more}, server: { host: db }, credentials: { user: g } }
identity:
  ${issuers.length === 0 ? 'users: u' : `issuers: [${issuers.join(', ')}]`}
  ${identity}
policy: ./policy/*.yaml
ledger: { directory: ./ledger }
`,
  );
  return loadConfig(file);
}

function problemOf(parts: Parts): string {
  try {
    load(parts);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(/.*\.yaml:\d+:\d+: /g, '');
    throw error;
  }
  return '';
}

const WORKLOAD = 'workload: { tokenFile: ./token }';

describe('bearer tokens', () => {
  const discoveryOf = (parts: Parts): unknown => load(parts).upstreams[0]?.oauth;

  it('tell clients where the only issuer is, or the one that is named', () => {
    const openidConfiguration = 'https://acme.okta.com/oauth2/default/.well-known/openid-configuration';
    expect(discoveryOf({ more: 'clients: oauth' })).toEqual({ openidConfiguration });
    expect(discoveryOf({ more: 'clients: oauth, oauth: { issuer: okta, scope: "openid sql" }', issuers: [ENTRA, OKTA] })).toEqual({
      openidConfiguration,
      scope: 'openid sql',
    });
  });

  it('tell them nothing of an issuer that is no URL', () => {
    expect(discoveryOf({ more: 'clients: oauth', issuers: [ENTRA] })).toEqual({});
  });

  it.each<[string, Parts, string]>([
    ['beside tokens as passwords', { more: 'clients: [token, oauth]' }, 'write one of token and oauth, or two upstreams'],
    ['described where none are taken', { more: 'clients: token, oauth: { scope: a }' }, 'is only for clients: oauth; leave it out'],
    ['of an issuer that there is not', { more: 'clients: oauth, oauth: { issuer: x }' }, '"x" is no issuer of identity.issuers'],
    ['of one of two issuers', { more: 'clients: oauth, oauth: { scope: a }', issuers: [OKTA, ENTRA] }, 'write issuer: <name>'],
    ['without issuers', { more: 'clients: oauth', issuers: [] }, 'lets clients in by token, and there are no issuers'],
    ['with a scope that breaks out', { more: `clients: oauth, oauth: { scope: 'a"b' }` }, 'write scopes separated by single spaces'],
  ])('cannot be asked for %s', (_name, parts, words) => {
    expect(problemOf(parts)).toContain(words);
  });
});

describe('the workload', () => {
  it('has its token in a file beside the configuration', () => {
    const { identity, upstreams } = load({ more: 'clients: workload', listen: './pod.sock', identity: WORKLOAD });
    expect([identity.workload, upstreams[0]?.clients]).toEqual([{ tokenFile: join(directory, 'token') }, ['workload']]);
  });

  it.each<[string, Parts, string]>([
    [
      'on a listener that others reach',
      { more: 'clients: workload, clientTls: { certificate: c, key: k }', listen: '0.0.0.0:1', identity: WORKLOAD },
      'whoever connects would be the workload',
    ],
    ['beside another way', { more: 'clients: [workload, token]', identity: WORKLOAD }, 'has other ways beside workload'],
    ['without a token', { more: 'clients: workload' }, 'nothing says which; write identity.workload'],
    [
      'without an issuer for it',
      { more: 'clients: workload', issuers: [], identity: WORKLOAD },
      'nothing says which; write identity.workload',
    ],
    ['without its file', { more: 'clients: workload', identity: 'workload: {}' }, 'lacks the key "tokenFile"'],
  ])('cannot be %s', (_name, parts, words) => {
    expect(problemOf(parts)).toContain(words);
  });
});

it('certificates are let in to upstreams that there are', () => {
  const parts = (name: string): Parts => ({
    more: 'clients: certificate, clientTls: { certificate: c, key: k, ca: a }',
    identity: `certificates: [{ uri: "spiffe://a/x", kind: service, upstreams: [${name}] }]`,
  });
  expect(load(parts('crm')).identity.certificates).toMatchObject([{ upstreams: ['crm'] }]);
  expect(problemOf(parts('hr'))).toBe('identity.certificates[0].upstreams[0] "hr" is no upstream; write the name of one');
});
