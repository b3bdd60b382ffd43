import { Duplex } from 'node:stream';
import type { TlsFraming } from '@sqlwarden/core';

/** The bytes of a stream as TLS is to see them, where the protocol carries its handshake in packets of its own: TLS is laid over this. Owns `plain`. */
export class FramedStream extends Duplex {
  readonly #plain: Duplex;
  readonly #framing: TlsFraming;

  constructor(plain: Duplex, framing: TlsFraming) {
    super({ allowHalfOpen: plain.allowHalfOpen });
    this.#plain = plain;
    this.#framing = framing;
    plain.on('data', (bytes: Buffer) => this.#take(bytes));
    plain.on('end', () => this.push(null));
    plain.on('error', (error) => this.destroy(error));
    // What it has given in order is read to its end.
    plain.on('close', () => {
      if (!plain.readableEnded) this.destroy();
    });
  }

  override _read(): void {
    this.#plain.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#plain.write(this.#framing.outgoing(bytes), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#plain.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#plain.destroy();
    done(error);
  }

  #take(bytes: Buffer): void {
    const inner = this.#framing.incoming(bytes);
    if (inner === undefined) this.destroy(new Error('bytes that are no part of a TLS handshake'));
    else if (inner.length > 0 && !this.push(inner)) this.#plain.pause();
  }
}
