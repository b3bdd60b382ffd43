import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createVerifier, devJwksPath, issueDevToken, openDevIssuer, type Verifier } from '@sqlwarden/identity';
import { TokenFile } from './token-file.js';

const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-token-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'token');
const issuer = openDevIssuer({ directory: join(directory, 'issuer'), environment: 'test' });
const verifier: Verifier = createVerifier(
  [
    {
      name: 'dev',
      preset: 'dev',
      issuer: 'urn:sqlwarden:dev',
      audience: 'sqlwarden',
      keys: { kind: 'file', path: devJwksPath(join(directory, 'issuer')) },
    },
  ],
  { environment: 'test' },
);
const tokenOf = (id: string): string =>
  issueDevToken(issuer, {
    audience: 'sqlwarden',
    lifetimeSeconds: 60,
    subject: { kind: 'service', id, groups: [], groupsComplete: true } as never,
  });

const troubles: string[] = [];
const opened = new TokenFile(file, verifier, (error) => void troubles.push(error.message));
beforeEach(() => void troubles.splice(0));
const who = async (): Promise<string> => {
  const verified = await opened.verify();
  return verified === undefined ? 'nobody' : verified.ok ? verified.principal.subject.id : verified.code;
};

describe('the token in a file', () => {
  it('is the one that is there now, with or without a line end', async () => {
    writeFileSync(file, tokenOf('etl'));
    expect(await who()).toBe('etl');
    writeFileSync(file, `${tokenOf('train')}\n`);
    expect(await who()).toBe('train');
    // As a Kubernetes volume is renewed: a link is moved over the one before.
    rmSync(file);
    writeFileSync(`${file}.2`, tokenOf('serve'));
    symlinkSync(`${file}.2`, `${file}.new`);
    renameSync(`${file}.new`, file);
    expect(await who()).toBe('serve');
    expect(troubles).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['nothing', '', 'nobody'],
    ['something else', 'hello', 'malformed'],
    ['more than one token', `${tokenOf('a')}\n${tokenOf('b')}`, 'encrypted'],
    ['more than any token', 'a'.repeat(100_000), 'too-large'],
    ['a token that was changed', `${tokenOf('a').slice(0, -4)}AAAA`, 'signature'],
  ])('is nobody with %s in it, which is told once and never quoted', async (_name, text, wanted) => {
    rmSync(file, { force: true });
    writeFileSync(file, text);
    expect([await who(), await who()]).toEqual([wanted, wanted]);
    expect(troubles).toHaveLength(1);
    if (text !== '') expect(troubles[0]).not.toContain(text.slice(0, 20));
    writeFileSync(file, tokenOf('back'));
    expect(await who()).toBe('back');
  });

  it('is nobody without the file, and the operator is told which', async () => {
    rmSync(file, { force: true });
    expect(await who()).toBe('nobody');
    expect(troubles).toEqual([`the token of the workload cannot be read: ${file} (ENOENT)`]);
  });
});
