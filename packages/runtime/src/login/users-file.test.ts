import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { makeScramVerifier } from '@sqlwarden/identity';
import { ConfigError } from '../config/config-error.js';
import { loadUsers, UsersFile } from './users-file.js';

const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-users-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'users.yaml');
const users = (...names: readonly string[]): string =>
  `version: 1\nusers:\n${names.map((user) => `  - { user: ${user}, verifier: "${makeScramVerifier('x')}", kind: person }\n`).join('')}`;

function problemsOf(text: string): string[] {
  writeFileSync(file, text);
  try {
    loadUsers(file, undefined);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(`${file}:`, '').split('\n');
    throw error;
  }
  return [];
}

describe('the file of users', () => {
  it('is read again when it was changed, and stays as it was when it cannot be read', () => {
    let now = 0;
    const troubles: string[] = [];
    writeFileSync(file, users('alice'));
    const opened = new UsersFile(
      file,
      undefined,
      () => now,
      (error) => void troubles.push(error.message),
    );
    expect(opened.current().has('alice')).toBe(true);
    writeFileSync(file, users('bob', 'carol'));
    expect(opened.current().has('bob')).toBe(false);
    now = 1_000;
    expect([opened.current().has('bob'), opened.current().has('alice')]).toEqual([true, false]);
    writeFileSync(file, 'users: [}');
    now = 2_000;
    expect(opened.current().has('bob')).toBe(true);
    now = 3_000;
    opened.current();
    rmSync(file);
    now = 4_000;
    expect(opened.current().has('carol')).toBe(true);
    expect(troubles).toHaveLength(2);
  });

  it.each([
    ['a password in clear', 'version: 1\nusers: [{ user: a, verifier: my-secret, kind: person }]', 'users[0].verifier', 'SCRAM-SHA-256$'],
    ['a verifier that is none', 'version: 1\nusers: [{ user: a, verifier: "SCRAM-SHA-256$my-secret", kind: person }]', 'users[0]', '4096'],
    ['no kind', `version: 1\nusers: [{ user: a, verifier: "${makeScramVerifier('x')}" }]`, 'users[0]', 'lacks the key "kind"'],
    ['a user twice', users('a', 'a'), 'users[1]', 'is there already'],
    [
      'an unknown key',
      'version: 1\nusers: [{ user: a, password: my-secret, kind: person }]',
      'users[0].password',
      'not a key that is known',
    ],
    ['no users', 'version: 1', '', 'lacks the key "users"'],
  ])('says where it has %s, and quotes no secret', (_name, text, where, words) => {
    const problems = problemsOf(text).join('\n');
    expect(problems).toContain(where);
    expect(problems).toContain(words);
    expect(problems).not.toContain('my-secret');
  });
});
