import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { retentionRuleOf } from '../ledger-upkeep.js';
import type { GatewayConfig } from './gateway-config.js';
import { loadConfig } from './load-config.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sqlwarden-upkeep-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const ledgerOf = (more: string): GatewayConfig['ledger'] => {
  const file = join(directory, 'sqlwarden.yaml');
  writeFileSync(
    file,
    `version: 1
environment: production
upstreams:
  - { name: crm, database: postgres, server: { host: db.internal }, credentials: { user: gateway, passwordFile: ./pw } }
identity: { issuers: [{ name: okta, preset: okta, issuer: https://acme.okta.com/oauth2/default, audience: sqlwarden }] }
policy: ./policy.yaml
ledger: { directory: ./ledger${more} }
`,
  );
  return loadConfig(file).ledger;
};

describe('keys and retention in the configuration', () => {
  it('have a program of the directory, and times', () => {
    const ledger = ledgerOf(
      ', keys: { command: [./sign.sh, key], previousCommand: [vault-sign], timeoutMs: 500 }, retention: { entries: 400d, values: 12h }',
    );
    expect(ledger.keys).toEqual({
      rotateAfterMs: undefined,
      command: { command: [join(directory, 'sign.sh'), 'key'], previousCommand: ['vault-sign'], timeoutMs: 500 },
    });
    expect(ledgerOf(', keys: { rotateAfter: 30d }').keys).toEqual({ rotateAfterMs: 30 * 86_400_000, command: undefined });
    const now = 1e12;
    expect(retentionRuleOf(ledger, now)).toEqual({ sinks: [], entriesBefore: now - 400 * 86_400_000, valuesBefore: now - 12 * 3_600_000 });
    expect(retentionRuleOf(ledgerOf(''), now)).toBeUndefined();
    expect(retentionRuleOf(ledgerOf(', retention: { values: 1d }'), now)).toEqual({ sinks: [], valuesBefore: now - 86_400_000 });
  });

  it.each([
    ['keys: { rotateAfter: 30 }', 'a time such as 12h or 400d'],
    ['keys: { rotateAfter: 0d }', 'a time such as 12h or 400d'],
    ['keys: { command: ./sign.sh }', 'a list of a program and its arguments'],
    ['keys: { publicKey: AAAA }', '32 bytes in base64'],
    ['keys: { previousCommand: [a] }', 'command too, where there is previousCommand'],
    ['keys: { rotateAfter: 30d, command: [a] }', 'it is for keys in files'],
    ['keys: {}', 'ledger.keys'],
    ['retention: { values: forever }', 'a time such as 12h or 400d'],
    ['retention: { all: 1d }', 'all'],
  ])('are refused when they are wrong: %s', (text, message) => {
    expect(() => ledgerOf(`, ${text}`)).toThrow(message);
  });
});
