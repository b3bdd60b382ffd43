import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describePrincipal } from '@sqlwarden/core';
import { NOW_MS, rsaKey } from '../test/forge.js';
import { DEFAULT_DEV_ISSUER, issueDevToken, openDevIssuer, type DevTokenRequest } from './dev-issuer.js';
import type { IssuerOptions } from './issuer-options.js';
import { createVerifier } from './verifier.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'sqlwarden-dev-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const clock = () => NOW_MS;
const request: DevTokenRequest = {
  subject: { kind: 'person', id: 'alice', name: 'Alice', groups: ['app', 'dba'] },
  actors: [
    {
      kind: 'agent',
      id: 'schema-bot',
      groups: ['app'],
      version: '1.4',
      model: { provider: 'acme', name: 'forge-2.1', digest: 'sha256:0' },
    },
  ],
  workload: { namespace: 'ml', serviceAccount: 'bot', imageDigest: 'sha256:1' },
  run: { trainingRun: 'churn-7', conversation: 'c-1' },
  audience: 'sqlwarden',
  lifetimeSeconds: 3600,
};

function open(environment = 'development') {
  return openDevIssuer({ directory: path.join(directory, 'keys'), environment, clock });
}

function options(jwksPath: string, changes: Partial<IssuerOptions> = {}): IssuerOptions {
  return {
    name: 'dev',
    preset: 'dev',
    issuer: DEFAULT_DEV_ISSUER,
    audience: 'sqlwarden',
    keys: { kind: 'file', path: jwksPath },
    ...changes,
  };
}

describe('a development token', () => {
  it('is read back as it was asked for', async () => {
    const issuer = open();
    const verifier = createVerifier([options(issuer.jwksPath)], { environment: 'development', clock });
    const result = await verifier.verify(issueDevToken(issuer, request));
    if (!result.ok) throw new Error(result.message);
    expect(result.principal).toEqual({
      subject: { kind: 'person', issuer: DEFAULT_DEV_ISSUER, id: 'alice', name: 'Alice', groups: ['app', 'dba'], groupsComplete: true },
      actors: [
        {
          kind: 'agent',
          issuer: DEFAULT_DEV_ISSUER,
          id: 'schema-bot',
          groups: ['app'],
          groupsComplete: true,
          version: '1.4',
          model: { provider: 'acme', name: 'forge-2.1', digest: 'sha256:0' },
        },
      ],
      workload: { namespace: 'ml', serviceAccount: 'bot', imageDigest: 'sha256:1' },
      run: { trainingRun: 'churn-7', conversation: 'c-1' },
      proof: { subject: 'token', groups: 'token', actors: 'token', model: 'token', workload: 'token', run: 'token' },
      expiresAt: NOW_MS + 3_600_000,
      tokenId: expect.any(String),
      issuedAt: NOW_MS,
    });
    expect(describePrincipal(result.principal)).toBe('Alice (person) → schema-bot (agent 1.4, model forge-2.1)');
  });

  it('keeps the order of the actors, the one who acts now first', async () => {
    const issuer = open();
    const actors = ['now', 'before', 'first'].map((id) => ({ kind: 'service' as const, id }));
    const verifier = createVerifier([options(issuer.jwksPath)], { environment: 'development', clock });
    const result = await verifier.verify(issueDevToken(issuer, { ...request, actors }));
    expect(result.ok && result.principal.actors.map(({ id, kind }) => [id, kind])).toEqual([
      ['now', 'service'],
      ['before', 'service'],
      ['first', 'service'],
    ]);
  });

  it('is not issued for longer than a day, for nobody, for no audience, or larger than would be accepted', () => {
    const issuer = open();
    for (const lifetimeSeconds of [0, -1, 1.5, 86_401, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => issueDevToken(issuer, { ...request, lifetimeSeconds })).toThrow(/whole seconds/);
    }
    expect(() => issueDevToken(issuer, { ...request, subject: { kind: 'person', id: '' } })).toThrow(/needs an id/);
    expect(() => issueDevToken(issuer, { ...request, audience: '' })).toThrow(/which audience/);
    const groups = Array.from({ length: 2000 }, (_, at) => `group-${at}`);
    expect(() => issueDevToken(issuer, { ...request, subject: { kind: 'person', id: 'alice', groups } })).toThrow(/leave out groups/);
  });
});

describe('the key', () => {
  it('is made once, for its owner only, and only its public half is published', () => {
    const first = open();
    const second = open();
    expect(second.keyId).toBe(first.keyId);
    const keyFile = path.join(directory, 'keys', 'dev-issuer.key.pem');
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(directory, 'keys')).mode & 0o777).toBe(0o700);
    const { keys } = JSON.parse(readFileSync(first.jwksPath, 'utf8')) as { keys: object[] };
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  it('has its mode whatever the umask is', () => {
    mkdirSync(path.join(directory, 'keys'));
    const umask = process.umask(0o377);
    try {
      const { jwksPath } = open();
      expect(statSync(path.join(directory, 'keys', 'dev-issuer.key.pem')).mode & 0o777).toBe(0o600);
      expect(statSync(jwksPath).mode & 0o777).toBe(0o644);
    } finally {
      process.umask(umask);
    }
  });

  it('is refused when others may read it, when it is a link, and when it is none', () => {
    open();
    const keyFile = path.join(directory, 'keys', 'dev-issuer.key.pem');
    for (const mode of [0o640, 0o604, 0o660]) {
      chmodSync(keyFile, mode);
      expect(() => open()).toThrow(/mode 0600/);
    }
    chmodSync(keyFile, 0o600);
    writeFileSync(keyFile, 'not a key');
    expect(() => open()).toThrow(/delete it to have a new one/);
    writeFileSync(keyFile, rsaKey('r').key.export({ format: 'pem', type: 'pkcs8' }));
    expect(() => open()).toThrow(/not a P-256 key/);
    rmSync(keyFile);
    symlinkSync('/etc/hostname', keyFile);
    expect(() => open()).toThrow(/a file of your own/);
  });

  it('that is replaced stops the tokens of the old one', async () => {
    const old = open();
    let now = NOW_MS;
    const verifier = createVerifier([options(old.jwksPath)], { environment: 'development', clock: () => now });
    const token = issueDevToken(old, request);
    expect((await verifier.verify(token)).ok).toBe(true);
    rmSync(path.join(directory, 'keys', 'dev-issuer.key.pem'));
    const fresh = open();
    // A new key is found at once, an old one is believed for the ten seconds that the file is.
    expect((await verifier.verify(issueDevToken(fresh, request))).ok).toBe(true);
    now += 10_001;
    expect(await verifier.verify(token)).toMatchObject({ ok: false, code: 'key-unknown' });
  });
});

describe('in production', () => {
  it.each(['production', 'PROD', 'prod-eu', 'eu_production', 'live', 'prd2'])(
    'there is none in %s, unless it is asked for',
    (environment) => {
      const { jwksPath } = open();
      expect(() => open(environment)).toThrow(/whoever reads its key file can be anybody/);
      expect(() => createVerifier([options(jwksPath)], { environment })).toThrow(/allowInProduction/);
      const [description] = createVerifier([options(jwksPath, { allowInProduction: true })], { environment }).describe();
      expect(description?.warnings).toContain('a development issuer: whoever reads its key file can be anybody');
    },
  );

  it.each(['development', 'staging', 'reproduction', 'delivery', 'preprod'])('%s is not production', (environment) => {
    expect(() => createVerifier([options(open().jwksPath)], { environment })).not.toThrow();
  });
});

it('the development preset needs the kind of the subject', async () => {
  const issuer = open();
  const verifier = createVerifier([options(issuer.jwksPath)], { environment: 'development', clock });
  const kindless = issueDevToken(issuer, { ...request, subject: { id: 'x' } as DevTokenRequest['subject'] });
  expect(await verifier.verify(kindless)).toMatchObject({ ok: false, code: 'claims' });
});
