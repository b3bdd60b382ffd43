import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { HashPort, ScramVerifier } from '@sqlwarden/core';
import fc from 'fast-check';
import { type ScramBinding, ScramClient, SCRAM_SHA_256, SCRAM_SHA_256_PLUS } from './scram.js';
import { ScramServer } from './scram-server.js';

const hash: HashPort = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
};
const random = (fill: number) => (length: number) => new Uint8Array(length).fill(fill);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const END_POINT = new Uint8Array(32).fill(7);

function verifierOf(password: string, isMock = false): ScramVerifier {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const salted = hash.pbkdf2Sha256(utf8(password), salt, 4096, 32);
  const storedKey = hash.sha256(hash.hmacSha256(salted, utf8('Client Key')));
  return { salt, iterations: 4096, storedKey, serverKey: hash.hmacSha256(salted, utf8('Server Key')), isMock };
}

interface Exchange {
  readonly password?: string;
  readonly binding?: ScramBinding;
  readonly endPoint?: Uint8Array | undefined;
  readonly isMock?: boolean;
  /** What becomes of the client's messages under way. */
  readonly first?: (message: string) => string;
  readonly final?: (message: string) => string;
  readonly mechanism?: string;
}

/** Runs a whole exchange; answers `let in`, or how it ended. */
function run({ password = 'pencil', binding = { kind: 'none' }, endPoint, isMock = false, first, final, mechanism }: Exchange): string {
  const server = new ScramServer(hash, verifierOf('pencil', isMock), random(1), endPoint);
  const client = new ScramClient(hash, password, random(2), binding);
  const one = server.first(mechanism ?? client.mechanism, utf8((first ?? String)(text(client.first()))));
  if (!one.ok) return `${one.kind}: ${one.reason}`;
  const two = client.final(one.data);
  if (!two.ok) return `client: ${two.reason}`;
  const three = server.final(utf8((final ?? String)(text(two.data))));
  if (!three.ok) return `${three.kind}: ${three.reason}`;
  return client.verify(three.data).ok ? 'let in' : 'the client does not believe the server';
}

describe('the server side of SCRAM-SHA-256', () => {
  it.each<[string, Exchange]>([
    ['without channel binding', {}],
    ['where the client could bind and nothing is offered', { binding: { kind: 'not-offered' } }],
    ['where it is offered and the client cannot', { endPoint: END_POINT }],
    ['bound to the certificate', { endPoint: END_POINT, binding: { kind: 'end-point', data: END_POINT } }],
  ])('lets in who knows the password, %s', (_name, exchange) => {
    expect(run(exchange)).toBe('let in');
    expect(run({ ...exchange, password: 'pencils' })).toBe('wrong: the password is wrong');
    expect(run({ ...exchange, isMock: true })).toBe('wrong: the password is wrong');
  });

  it('offers channel binding only where it can be', () => {
    expect(new ScramServer(hash, verifierOf('x'), random(1), undefined).mechanisms).toEqual([SCRAM_SHA_256]);
    expect(new ScramServer(hash, verifierOf('x'), random(1), END_POINT).mechanisms).toEqual([SCRAM_SHA_256_PLUS, SCRAM_SHA_256]);
  });

  it('sees that the offer was taken away under way', () => {
    expect(run({ endPoint: END_POINT, binding: { kind: 'not-offered' } })).toMatch(/^downgraded/);
  });

  it('sees that the client speaks to another certificate', () => {
    const other = new Uint8Array(32).fill(8);
    expect(run({ endPoint: END_POINT, binding: { kind: 'end-point', data: other } })).toBe(
      'wrong: the login is bound to another TLS connection',
    );
  });

  const bound = { endPoint: END_POINT, binding: { kind: 'end-point', data: END_POINT } } as const;
  it.each<[string, Exchange]>([
    ['a mechanism that was not offered', { mechanism: SCRAM_SHA_256_PLUS }],
    ['a mechanism that nobody knows', { mechanism: 'PLAIN' }],
    ['a bound header under the unbound mechanism', { ...bound, mechanism: SCRAM_SHA_256 }],
    ['an unbound header under the bound mechanism', { endPoint: END_POINT, mechanism: SCRAM_SHA_256_PLUS }],
    ['another channel binding', { ...bound, first: (message) => message.replace('tls-server-end-point', 'tls-unique') }],
    ['an authorisation identity', { first: (message) => message.replace('n,,', 'n,a=root,') }],
    ['an extension that must be understood', { first: (message) => message.replace('n,,', 'n,,m=x,') }],
    ['no nonce', { first: (message) => message.replace(/r=.*/, 'r=') }],
    ['a nonce with a comma', { first: (message) => `${message},,` }],
    ['an empty first message', { first: () => '' }],
    ['a first message of 5000 bytes', { first: (message) => message + 'x'.repeat(5000) }],
    ['another nonce at the end', { final: (message) => message.replace('r=', 'r=x') }],
    ['another channel binding at the end', { final: (message) => message.replace('c=biws', 'c=eSws') }],
    ['a channel binding that is not base64', { final: (message) => message.replace('c=biws', 'c=bi') }],
    ['no proof', { final: (message) => message.replace(/,p=.*/, '') }],
    ['a short proof', { final: (message) => message.replace(/,p=.*/, ',p=AAAA') }],
    ['a proof in another base64', { final: (message) => message.replace(/=$/, '') }],
    ['an empty final message', { final: () => '' }],
    ['two proofs', { final: (message) => `${message},p=AAAA` }],
  ])('refuses %s as malformed', (_name, exchange) => {
    expect(run(exchange)).toMatch(/^malformed/);
  });

  it('refuses a final message before the first one', () => {
    expect(new ScramServer(hash, verifierOf('pencil'), random(1), undefined).final(utf8('c=biws,r=,p=AAAA'))).toMatchObject({ ok: false });
  });

  it('passes over extensions that need not be understood', () => {
    // The client does not know of them either, so it signs another first message: the password looks wrong, the message does not.
    expect(run({ first: (message) => `${message},x=1` })).toBe('wrong: the password is wrong');
  });

  it('lets nobody in by any bytes, and never throws', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('n,,', 'y,,', 'p=tls-server-end-point,,', 'n=', 'r=', 'c=biws', ',', 'p=', 'a=', 'm='),
    );
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.array(piece, { maxLength: 8 }).map((pieces) => utf8(pieces.join(''))),
    );
    fc.assert(
      fc.property(message, message, fc.constantFrom(SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ''), (first, final, mechanism) => {
        const server = new ScramServer(hash, verifierOf('pencil'), random(1), END_POINT);
        server.first(mechanism, first);
        expect(server.final(final).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the client side with channel binding', () => {
  it('says in its header what it does', () => {
    const header = (binding: ScramBinding): string => text(new ScramClient(hash, 'x', random(1), binding).first()).split('n=')[0] ?? '';
    expect(header({ kind: 'none' })).toBe('n,,');
    expect(header({ kind: 'not-offered' })).toBe('y,,');
    expect(header({ kind: 'end-point', data: END_POINT })).toBe('p=tls-server-end-point,,');
  });

  it('believes no bytes of a server that does not know the password, and never throws', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.string().map((value) => utf8(`r=${value},s=AAAA,i=4096`)),
    );
    fc.assert(
      fc.property(bytes, bytes, (first, final) => {
        const client = new ScramClient(hash, 'x', random(1));
        client.final(first);
        expect(client.verify(final).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
