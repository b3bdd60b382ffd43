import { describe, expect, it } from '@jest/globals';
import { Duplex } from 'node:stream';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import type { TlsFraming } from '@sqlwarden/core';
import { createAuthority } from '@sqlwarden/testkit';
import { PreloginFraming } from './tls-framing.js';

const authority = createAuthority();
const { certificate, key } = authority.issue({ commonName: 'localhost', names: ['localhost'] });

/** One end of a wire on which bytes come in pieces of `cutBytes`, as a host has them. */
class FramedEnd extends Duplex {
  peer: FramedEnd | undefined;
  readonly sent: Buffer[] = [];
  readonly #framing: TlsFraming;
  readonly #cutBytes: number;

  constructor(framing: TlsFraming, cutBytes: number) {
    super();
    this.#framing = framing;
    this.#cutBytes = cutBytes;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const bytes = Buffer.from(this.#framing.outgoing(chunk));
    this.sent.push(bytes);
    setImmediate(() => {
      for (let at = 0; at < bytes.length; at += this.#cutBytes) this.peer?.arrived(bytes.subarray(at, at + this.#cutBytes));
      done();
    });
  }

  arrived(bytes: Uint8Array): void {
    const inner = this.#framing.incoming(bytes);
    if (inner === undefined) this.destroy(new Error('no TLS'));
    else if (inner.length > 0) this.push(Buffer.from(inner));
  }
}

interface Wire {
  readonly sent: { readonly client: Buffer; readonly server: Buffer };
}

/** Shakes hands, and has each end say something to the other. */
async function talk(cutBytes: number, certificates = certificate): Promise<Wire> {
  const near = new FramedEnd(new PreloginFraming(), cutBytes);
  const far = new FramedEnd(new PreloginFraming(), cutBytes);
  near.peer = far;
  far.peer = near;
  const secureContext = createSecureContext({ cert: certificates, key, maxVersion: 'TLSv1.2' });
  const server = new TLSSocket(far, { isServer: true, secureContext });
  const client = connect({ socket: near, servername: 'localhost', ca: authority.certificate, maxVersion: 'TLSv1.2' });
  const failed = new Promise<never>((_, reject) => [client, server, near, far].forEach((end) => end.on('error', reject)));
  server.on('data', (bytes) => server.write(Buffer.concat([Buffer.from('heard '), bytes])));
  const answered = new Promise<string>((resolve) => client.on('data', (bytes) => resolve(String(bytes))));
  client.once('secureConnect', () => client.write('something'));
  expect(await Promise.race([answered, failed])).toBe('heard something');
  const sent = { client: Buffer.concat(near.sent), server: Buffer.concat(far.sent) };
  client.destroy();
  server.destroy();
  return { sent };
}

/** How many messages there are at the beginning, and the first byte behind them. */
function messages(bytes: Buffer): { readonly count: number; readonly next: number | undefined } {
  let at = 0;
  let count = 0;
  while (bytes[at] === 0x12) {
    if (((bytes[at + 1] as number) & 1) === 1) count += 1;
    at += bytes.readUInt16BE(at + 2);
  }
  return { count, next: bytes[at] };
}

describe('TLS inside of PRELOGIN messages', () => {
  it.each([1, 3, 100, 1 << 20])('is one message for each flight, and as it is behind Finished, in pieces of %i bytes', async (cutBytes) => {
    const { sent } = await talk(cutBytes);
    expect(messages(sent.client)).toEqual({ count: 2, next: 0x17 });
    expect(messages(sent.server)).toEqual({ count: 2, next: 0x17 });
  });

  it('keeps a flight together that TLS gives out in several pieces and that needs several packets', async () => {
    const chain = [certificate, ...Array.from({ length: 60 }, () => authority.certificate)].join('\n');
    const { sent } = await talk(1 << 20, chain);
    expect(sent.server.length).toBeGreaterThan(20_000);
    expect(messages(sent.server)).toEqual({ count: 2, next: 0x17 });
  });

  it.each([
    ['another message', Uint8Array.of(0x10, 1, 0, 10, 0, 0, 1, 0, 1, 2)],
    ['TLS that no packet holds', Uint8Array.of(0x16, 3, 1, 0, 251, 1, 0, 0, ...new Uint8Array(248))],
    ['a packet that holds no TLS', Uint8Array.of(0x12, 1, 0, 14, 0, 0, 1, 0, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a)],
    ['data in the place of a handshake', Uint8Array.of(0x12, 1, 0, 14, 0, 0, 1, 0, 0x17, 3, 3, 0, 1, 0)],
    ['a record that is longer than any', Uint8Array.of(0x12, 1, 0, 14, 0, 0, 1, 0, 0x16, 3, 3, 0xff, 0xff, 0)],
  ])('is ended by %s', (_what, bytes) => {
    const framing = new PreloginFraming();
    expect(framing.incoming(bytes)).toBeUndefined();
    expect(framing.incoming(Uint8Array.of(0x12))).toBeUndefined();
  });
});
