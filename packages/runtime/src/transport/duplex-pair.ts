import { Duplex, type DuplexOptions } from 'node:stream';

const HIGH_WATER_MARK = 64 * 1024;

/**
 * One end of an in-memory connection. What is written on one end is read on the other, by reference, later than the write (never inside
 * it: a driver must not see a reply before its own call returned), and a write is only acknowledged once the other end took it.
 */
class DuplexEnd extends Duplex {
  peer: DuplexEnd | undefined;
  #taken: (() => void) | undefined;

  constructor(options: DuplexOptions) {
    super({ ...options, highWaterMark: HIGH_WATER_MARK });
  }

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    setImmediate(() => this.#deliver([chunk], done));
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    setImmediate(() =>
      this.#deliver(
        chunks.map((entry) => entry.chunk),
        done,
      ),
    );
  }

  #deliver(chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
    const peer = this.peer;
    if (peer === undefined || peer.destroyed || peer.readableEnded) {
      done();
      return;
    }
    let room = true;
    for (const chunk of chunks) if (chunk.length > 0) room = peer.push(chunk);
    if (room) done();
    else peer.#taken = done;
  }

  override _final(done: (error?: Error | null) => void): void {
    setImmediate(() => {
      const peer = this.peer;
      if (peer !== undefined && !peer.destroyed) peer.push(null);
      done();
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
    const peer = this.peer;
    this.peer = undefined;
    if (peer !== undefined && !peer.destroyed) setImmediate(() => peer.#otherEndGone());
    done(error);
  }

  #otherEndGone(): void {
    if (this.destroyed) return;
    if (!this.readableEnded) this.push(null);
    this.end();
  }
}

export interface DuplexPair {
  /** The driver's end: closes when the other end does, as a socket without half-open does. */
  readonly near: Duplex;
  /** The gateway's end. */
  readonly far: Duplex;
}

/** Two ends of an in-memory connection, with back-pressure in both directions. */
export function duplexPair(): DuplexPair {
  const near = new DuplexEnd({ allowHalfOpen: false });
  const far = new DuplexEnd({ allowHalfOpen: true });
  near.peer = far;
  far.peer = near;
  return { near, far };
}
