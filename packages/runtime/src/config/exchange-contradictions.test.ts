import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { ConfigError } from './config-error.js';
import type { ExchangeConfig } from './gateway-config.js';
import { loadConfig } from './load-config.js';

const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-exchange-config-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'sqlwarden.yaml');

const AGENT = { name: 'bot', match: { issuer: 'okta', id: 'bot' } };
const EXCHANGE = {
  listen: '127.0.0.1:15480',
  issuer: 'https://gateway.test:15480',
  audience: 'sqlwarden',
  keys: { directory: './keys' },
  agents: [AGENT],
};

function load(changes: object): ExchangeConfig | undefined {
  const okta = { name: 'okta', preset: 'okta', issuer: 'https://acme.okta.com/oauth2/default', audience: 'sqlwarden' };
  const peer = { name: 'peer', preset: 'exchange', issuer: 'https://peer.test', audience: 'sqlwarden', actorIssuers: [okta.issuer] };
  const document = {
    version: 1,
    environment: 'production',
    upstreams: [{ name: 'crm', database: 'postgres', server: { host: 'db' }, credentials: { user: 'g' } }],
    identity: { issuers: [okta, peer] },
    policy: './policy/*.yaml',
    ledger: { directory: './ledger' },
    exchange: { ...EXCHANGE, ...changes },
  };
  writeFileSync(file, stringify(document));
  return loadConfig(file).exchange;
}

function problemOf(changes: object): string {
  try {
    load(changes);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

describe('the configuration of a token exchange', () => {
  it('has defaults, and paths from its own directory', () => {
    expect(load({ tls: { certificate: 'c.pem', key: 'k.pem' } })).toEqual({
      ...EXCHANGE,
      listen: { kind: 'tcp', host: '127.0.0.1', port: 15_480, isPrivate: true },
      tls: { certificate: join(directory, 'c.pem'), key: join(directory, 'k.pem') },
      keys: { directory: join(directory, 'keys'), rotateAfterSeconds: 30 * 86_400 },
      lifetimeSeconds: 900,
      maxActors: 4,
    });
  });

  it.each<[string, object, RegExp]>([
    [
      'an agent that is known by tokens of an exchange',
      { agents: [{ ...AGENT, match: { issuer: 'peer', id: 'bot' } }] },
      /is a token exchange/,
    ],
    ['any workload', { agents: [{ name: 'bot', match: { issuer: 'okta', workload: { namespace: '*' } } }] }, /lets everybody/],
    ['an address that is none', { listen: 'here' }, /exchange\.listen.*is no address/],
    ['an address that others reach, in clear', { listen: '0.0.0.0:15480' }, /exchange\.listen.*in clear; write tls/],
    ['TLS over a unix socket', { listen: './x.sock', tls: { certificate: 'c', key: 'k' } }, /exchange\.tls.*leave it out/],
    ['an issuer that others can read on the way', { issuer: 'http://gateway.test' }, /exchange\.issuer.*write an https url/],
    ['an issuer with a query', { issuer: 'https://gateway.test/?a=b' }, /exchange\.issuer/],
    [
      'an agent of an issuer that there is not',
      { agents: [{ ...AGENT, match: { issuer: 'entra', id: 'x' } }] },
      /"entra" is no issuer; write one of: okta, peer/,
    ],
    [
      'an agent that everybody would be',
      { agents: [{ ...AGENT, match: { issuer: 'okta' } }] },
      /lets everybody with a token of okta be this agent/,
    ],
    ['no agents', { agents: [] }, /exchange\.agents/],
    ['tokens for a day', { lifetimeSeconds: 86_400 }, /exchange\.lifetimeSeconds/],
    ['a key that is not known', { agents: [{ ...AGENT, scope: 'x' }] }, /scope/],
    ['a person as the agent', { agents: [{ ...AGENT, kind: 'person' }] }, /kind/],
  ])('is wrong with %s', (_, changes, want) => {
    expect(problemOf(changes)).toMatch(want);
  });
});
