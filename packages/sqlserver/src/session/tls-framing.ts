import type { TlsFraming } from '@sqlwarden/core';
import { DEFAULT_PACKET_SIZE, PACKET_TYPE } from '../protocol/packet.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodeMessage } from '../protocol/packet-writer.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { HandshakeRecords } from './handshake-records.js';

const NOTHING = new Uint8Array(0);

/**
 * TLS under TDS 7.x ([MS-TDS] section 2.2.6.5, "PRELOGIN"): the handshake is carried in messages of type 0x12, one for each flight, since clients wait
 * for one message in answer to each of theirs; what follows Finished is on the wire as it is.
 */
export class PreloginFraming implements TlsFraming {
  readonly #out = new HandshakeRecords();
  readonly #in = new HandshakeRecords();
  readonly #packets = new PacketSplitter();
  /** Of the flight that has not ended. */
  #flight: Uint8Array[] = [];
  #failed = false;

  outgoing(bytes: Uint8Array): Uint8Array {
    if (this.#out.isOver) return bytes;
    const framed: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.length && !this.#out.isOver) {
      const end = this.#out.take(bytes, at);
      if (end < 0) {
        // Whoever wrote them may use the bytes again.
        this.#flight.push(bytes.slice(at));
        return joined(framed);
      }
      this.#flight.push(bytes.subarray(at, end));
      framed.push(encodeMessage({ type: PACKET_TYPE.PRELOGIN, packetSize: DEFAULT_PACKET_SIZE }, joined(this.#flight)));
      this.#flight = [];
      at = end;
    }
    if (at < bytes.length) framed.push(bytes.subarray(at));
    return joined(framed);
  }

  incoming(bytes: Uint8Array): Uint8Array | undefined {
    if (this.#in.isOver) return bytes;
    if (this.#failed) return undefined;
    try {
      this.#packets.push(bytes);
      return this.#unwrapped();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#failed = true;
      return undefined;
    }
  }

  #unwrapped(): Uint8Array {
    const packets = this.#packets;
    const bodies: Uint8Array[] = [];
    while (!this.#in.isOver && packets.next()) {
      if (packets.type !== PACKET_TYPE.PRELOGIN)
        throw new ProtocolError('unexpected-message', 'a message that is no part of the TLS handshake came before its end');
      const body = packets.buffer.subarray(packets.bodyStart, packets.end);
      for (let at = 0; at >= 0 && at < body.length && !this.#in.isOver; ) at = this.#in.take(body, at);
      if (this.#in.isBroken) throw new ProtocolError('invalid-value', 'a message holds no TLS handshake');
      bodies.push(body);
    }
    // INVARIANT: only behind Finished are bytes read that no packet holds.
    if (this.#in.isOver && packets.buffered > 0) bodies.push(packets.takeRest());
    return joined(bodies);
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only === undefined) return NOTHING;
  if (pieces.length === 1) return only;
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
