import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GatewayConfig } from './gateway-config.js';
import { loadConfig } from './load-config.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sqlwarden-sinks-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function sinksOf(text: string): GatewayConfig['ledger']['sinks'] {
  const file = join(directory, 'sqlwarden.yaml');
  writeFileSync(
    file,
    `version: 1
environment: production
upstreams:
  - { name: crm, database: postgres, server: { host: db.internal }, credentials: { user: gateway, passwordFile: ./pw } }
identity: { issuers: [{ name: okta, preset: okta, issuer: https://acme.okta.com/oauth2/default, audience: sqlwarden }] }
policy: ./policy.yaml
ledger: { directory: ./ledger, sinks: [${text}] }
`,
  );
  return loadConfig(file).ledger.sinks;
}

const COMMON = { format: 'native', only: 'all', maxLag: 1_000_000, whenBehind: 'warn' };

describe('sinks in the configuration', () => {
  it('have defaults, and absolute paths', () => {
    const [out, file, otlp] = sinksOf(
      '{ type: stdout, only: alerts }, { type: file, directory: ./out }, { type: otlp, name: siem, headerFiles: { authorization: ./token }, tls: { ca: ./ca.pem } }',
    );
    expect(out).toEqual({ ...COMMON, type: 'stdout', name: 'stdout', only: 'alerts' });
    expect(file).toEqual({
      ...COMMON,
      type: 'file',
      name: 'file',
      directory: join(directory, 'out'),
      maxBytes: 67_108_864,
      maxAgeMs: 300_000,
    });
    expect(otlp).toEqual({
      ...COMMON,
      type: 'otlp',
      name: 'siem',
      headers: {},
      headerFiles: { authorization: join(directory, 'token') },
      tls: { ca: join(directory, 'ca.pem') },
      compression: 'gzip',
      timeoutMs: 10_000,
      serviceName: 'sqlwarden',
    });
  });

  it.each([
    ['{ type: file }', 'ledger.sinks[0] has no directory'],
    ['{ type: stdout, url: "http://x" }', 'ledger.sinks[0].url belongs to a sink of type otlp'],
    ['{ type: stdout }, { type: stdout }', 'ledger.sinks[1] is called "stdout" as an earlier one'],
    [
      '{ type: file, directory: ./a }, { type: file, name: b, directory: ./c/../a/ }',
      'ledger.sinks[1].directory is that of an earlier sink',
    ],
    ['{ type: otlp, tls: { key: ./k } }', 'ledger.sinks[0].tls needs certificate and key together'],
    ['{ type: otlp, url: "grpc://x" }', 'a URL such as http://localhost:4318/v1/logs'],
    ['{ type: syslog }', 'ledger.sinks[0].type'],
  ])('are refused when they are wrong: %s', (text, message) => {
    expect(() => sinksOf(text)).toThrow(message);
  });
});
