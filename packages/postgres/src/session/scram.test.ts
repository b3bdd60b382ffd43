import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type HashPort, saslPrep } from '@sqlwarden/core';
import { ScramClient } from './scram.js';

const hash: HashPort = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
};
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const nonce = Buffer.alloc(18, 5).toString('base64');
const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');

/** The server's side of RFC 5802 section 3, written from the formulas. */
function server(password: string, first: string, clientFirst: Uint8Array, clientFinal: Uint8Array) {
  const salted = pbkdf2Sync(password, salt, 4096, 32, 'sha256');
  const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const [withoutProof = '', proof = ''] = Buffer.from(clientFinal).toString().split(',p=');
  const message = `${Buffer.from(clientFirst).toString().slice(3)},${first},${withoutProof}`;
  const clientKey = Buffer.from(proof, 'base64').map((byte, i) => byte ^ (hmac(hash.sha256(hmac(salted, 'Client Key')), message)[i] ?? 0));
  return {
    proven: Buffer.compare(hash.sha256(clientKey), hash.sha256(hmac(salted, 'Client Key'))) === 0,
    final: `v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`,
  };
}

function exchange(password: string): { readonly client: ScramClient; readonly first: Uint8Array } {
  const client = new ScramClient(hash, password, (length) => new Uint8Array(length).fill(5));
  return { client, first: client.first() };
}

const serverFirst = (changes: { nonce?: string; iterations?: string; salt?: string } = {}): string =>
  `r=${changes.nonce ?? `${nonce}server`},s=${changes.salt ?? salt.toString('base64')},i=${changes.iterations ?? '4096'}`;

describe('SCRAM-SHA-256', () => {
  it.each(['pencil', 'käse with spaces', ''])('proves the password %j and believes the server that knows it', (password) => {
    const { client, first } = exchange(password);
    expect(Buffer.from(first).toString()).toBe(`n,,n=,r=${nonce}`);
    const final = client.final(utf8(serverFirst()));
    if (!final.ok) throw new Error(final.reason);
    expect(Buffer.from(final.data).toString()).toMatch(/^c=biws,r=/);
    const other = server(password, serverFirst(), first, final.data);
    expect(other.proven).toBe(true);
    expect(client.verify(utf8(other.final)).ok).toBe(true);
  });

  it('does not believe a server that does not know the password', () => {
    const { client, first } = exchange('pencil');
    const final = client.final(utf8(serverFirst()));
    if (!final.ok) throw new Error(final.reason);
    const impostor = server('other', serverFirst(), first, final.data);
    expect(impostor.proven).toBe(false);
    expect(client.verify(utf8(impostor.final))).toMatchObject({ ok: false });
    expect(client.verify(utf8('e=other-error'))).toMatchObject({ ok: false });
    expect(client.verify(utf8('v='))).toMatchObject({ ok: false });
  });

  it.each([
    ['a nonce that is not a continuation of ours', serverFirst({ nonce: `x${nonce}` })],
    ['our own nonce alone', serverFirst({ nonce })],
    ['fewer than 4096 iterations', serverFirst({ iterations: '4095' })],
    ['iterations that would block the process', serverFirst({ iterations: '1000001' })],
    ['iterations that are no number', serverFirst({ iterations: '-1' })],
    ['no salt', serverFirst({ salt: '' })],
    ['a mandatory extension', `m=x,${serverFirst()}`],
    ['garbage', '\u0000'],
  ])('refuses %s', (_name, first) => {
    expect(exchange('pencil').client.final(utf8(first))).toMatchObject({ ok: false });
  });

  it('refuses bytes that are not text', () => {
    expect(exchange('pencil').client.final(Uint8Array.of(0xff, 0xfe))).toMatchObject({ ok: false });
  });
});

describe('SASLprep (examples of RFC 4013 section 3)', () => {
  it.each([
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['a\u00a0b', 'a b'],
    // Prohibited: used as it is, as PostgreSQL does.
    ['\u0007ü', '\u0007ü'],
  ])('%j becomes %j', (given, wanted) => {
    expect(saslPrep(given)).toBe(wanted);
  });
});
