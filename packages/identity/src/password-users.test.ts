import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { openPasswordUsers, type PasswordUser, passwordUserProblems } from './password-users.js';
import { makeScramVerifier, mockScramVerifier, parseScramVerifier } from './scram-verifier.js';

const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const alice: PasswordUser = { user: 'alice', verifier: makeScramVerifier('pencil'), kind: 'person', groups: ['app'] };
const SECRET = Buffer.alloc(32, 1);

describe('verifiers', () => {
  it('are made and read as PostgreSQL keeps them', () => {
    const verifier = parseScramVerifier(alice.verifier);
    if (verifier === undefined) throw new Error('not read');
    const salted = pbkdf2Sync('pencil', verifier.salt, verifier.iterations, 32, 'sha256');
    expect(Buffer.from(verifier.serverKey)).toEqual(hmac(salted, 'Server Key'));
    expect(Buffer.from(verifier.storedKey)).toEqual(createHash('sha256').update(hmac(salted, 'Client Key')).digest());
    expect(makeScramVerifier('pencil')).not.toBe(alice.verifier);
  });

  const key = `${'A'.repeat(43)}=`;
  it.each([
    ['nothing', ''],
    ['an MD5 password', 'md53175bce1d3201d16594cebf9d7eb3f9d'],
    ['a password in clear', 'pencil'],
    ['few iterations', `SCRAM-SHA-256$4095:W22ZaJ0SNY7soEsUEjb6gQ==$${key}:${key}`],
    ['iterations without end', `SCRAM-SHA-256$9999999:W22ZaJ0SNY7soEsUEjb6gQ==$${key}:${key}`],
    ['a short salt', `SCRAM-SHA-256$4096:AAAA$${key}:${key}`],
    ['a short key', `SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$AAAA:${key}`],
    ['more behind it', `SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$${key}:${key}:x`],
  ])('are not %s', (_name, text) => {
    expect(parseScramVerifier(text)).toBeUndefined();
  });
});

describe('users who log in by password', () => {
  it('prove themselves to be who the file says', () => {
    const users = openPasswordUsers([alice, { ...alice, user: 'bot', kind: 'agent', issuer: 'https://issuer.example', id: '7' }], SECRET);
    expect(users.principal('alice')).toMatchObject({
      subject: { kind: 'person', issuer: 'urn:sqlwarden:users', id: 'alice', groups: ['app'], groupsComplete: true },
      actors: [],
      proof: { subject: 'password', groups: 'password', actors: 'password' },
    });
    expect(users.principal('bot')?.subject).toMatchObject({ kind: 'agent', issuer: 'https://issuer.example', id: '7' });
    expect(users.principal('Alice')).toBeUndefined();
    expect(users.principal('constructor')).toBeUndefined();
  });

  it('expire when the file says', () => {
    const [expires] = [{ ...alice, expires: '2027-01-31T00:00:00Z' }];
    expect(openPasswordUsers([expires]).principal('alice')?.expiresAt).toBe(Date.UTC(2027, 0, 31));
  });

  it('look like those that there are not: the same each time, of the same length and iterations, and different for each name', () => {
    const strong = (user: string): PasswordUser => ({ ...alice, user, verifier: makeScramVerifier('x', 8192) });
    const users = openPasswordUsers([strong('a'), strong('b'), alice], SECRET);
    const mallory = users.verifier('mallory');
    expect(mallory).toEqual(users.verifier('mallory'));
    expect(mallory).toMatchObject({ iterations: 8192, isMock: true });
    expect(mallory.salt).toHaveLength(16);
    expect(users.verifier('trudy').salt).not.toEqual(mallory.salt);
    expect(users.verifier('a').isMock).toBe(false);
    // The next process, or one that has read the file again with another user in it, says the same.
    expect(openPasswordUsers([strong('a'), strong('c')], SECRET).verifier('mallory').salt).toEqual(mallory.salt);
    expect(openPasswordUsers([strong('a')], Buffer.alloc(32, 2)).verifier('mallory').salt).not.toEqual(mallory.salt);
  });

  it('that there are not have keys that no password gives away', () => {
    const mock = mockScramVerifier('mallory', SECRET, { iterations: 4096, saltBytes: 16 });
    expect(mock.storedKey).toHaveLength(32);
    expect(mock.serverKey).not.toEqual(mock.storedKey);
  });

  it('are checked before they are opened, and no message quotes a verifier', () => {
    const problems = passwordUserProblems([
      alice,
      { ...alice, verifier: 'SCRAM-SHA-256$secret' },
      { ...alice, user: 'c', expires: 'soon' },
    ]);
    expect(problems.map(({ index }) => index)).toEqual([1, 1, 2]);
    expect(JSON.stringify(problems)).not.toContain('secret');
    expect(() => openPasswordUsers([{ ...alice, verifier: 'x' }])).toThrow('no verifier');
  });
});
