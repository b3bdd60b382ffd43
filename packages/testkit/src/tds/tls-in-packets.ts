import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { MessageReader, PACKET, packet } from './packets.js';

const END_OF_MESSAGE = 0x01;
const BODY_BYTES = 4_088;

/**
 * What TLS runs over below TDS 8.0: its handshake lies in packets of type PRELOGIN, what comes after it does not ([MS-TDS] section 2.2.6.5).
 * The first bytes of the client that are no such packet end the handshake; TLS 1.2 has nothing to send before them.
 */
export class TlsInPackets extends Duplex {
  readonly #socket: Socket;
  readonly #packets = new MessageReader();
  #wrapped = true;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
  }

  /** What has come from the client. */
  receive(bytes: Buffer): void {
    if (this.#wrapped && (this.#packets.rest.length > 0 || bytes[0] === PACKET.prelogin)) {
      this.#packets.push(bytes);
      for (let message = this.#packets.next(); message !== undefined; message = this.#packets.next()) this.push(message.payload);
      const { rest } = this.#packets;
      if (rest.length === 0 || rest[0] === PACKET.prelogin) return;
      this.#wrapped = false;
      this.push(rest);
      return;
    }
    this.#wrapped = false;
    this.push(bytes);
  }

  override _read(): void {
    // What comes is pushed as it comes.
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (!this.#wrapped) {
      this.#socket.write(bytes, callback);
      return;
    }
    for (let at = 0; at < bytes.length; at += BODY_BYTES) {
      const isLast = at + BODY_BYTES >= bytes.length;
      this.#socket.write(packet(PACKET.prelogin, isLast ? END_OF_MESSAGE : 0, bytes.subarray(at, at + BODY_BYTES)));
    }
    callback();
  }
}
