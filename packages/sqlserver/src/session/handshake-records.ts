/** ContentType (RFC 5246 section 6.2.1). */
const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
/** HandshakeType (RFC 5246 section 7.4) of messages that nothing follows until the other end has answered. */
const CLIENT_HELLO = 1;
const SERVER_HELLO_DONE = 14;

const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
/** TLSCiphertext.length (RFC 5246 section 6.2.3). */
const MAX_RECORD = 16_384 + 2048;

/**
 * Follows one direction of one TLS 1.2 handshake (RFC 5246 sections 6.2 and 7.3) by its records, without a look at what they protect. What one end says
 * before it waits for the other is a flight: it ends with ClientHello, ServerHelloDone, an alert, or the record behind ChangeCipherSpec, which is
 * Finished and the last of the handshake.
 */
export class HandshakeRecords {
  /** Finished has gone by: whatever follows is no part of the handshake. */
  isOver = false;
  /** The bytes cannot be those of a handshake of TLS 1.2. */
  isBroken = false;
  readonly #header = new Uint8Array(RECORD_HEADER);
  #headerBytes = 0;
  /** Of the record at hand. */
  #left = 0;
  #isProtected = false;
  readonly #message = new Uint8Array(MESSAGE_HEADER);
  #messageBytes = 0;
  #messageLeft = 0;

  /** Takes `bytes` from `from` on. Gives where the flight ends in them (exclusive), and is to be called again from there; -1 when it does not. */
  take(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && !this.isOver && !this.isBroken) {
      if (this.#headerBytes < RECORD_HEADER) {
        this.#header[this.#headerBytes++] = bytes[at++] as number;
        if (this.#headerBytes === RECORD_HEADER) this.#begin();
        continue;
      }
      const end = Math.min(bytes.length, at + this.#left);
      const endsFlight = this.#body(bytes, at, end);
      this.#left -= end - at;
      at = end;
      if (this.#left === 0) this.#headerBytes = 0;
      if (endsFlight) return at;
    }
    return -1;
  }

  #begin(): void {
    const [type = 0, major = 0, , high = 0, low = 0] = this.#header;
    this.#left = (high << 8) | low;
    const isKnown = type === CHANGE_CIPHER_SPEC || type === ALERT || type === HANDSHAKE;
    if (!isKnown || major !== 3 || this.#left === 0 || this.#left > MAX_RECORD) this.isBroken = true;
  }

  /** Whether the flight ends with these bytes of the record. */
  #body(bytes: Uint8Array, start: number, end: number): boolean {
    const isWhole = end - start === this.#left;
    switch (this.#header[0]) {
      case CHANGE_CIPHER_SPEC:
        if (isWhole) this.#isProtected = true;
        return false;
      case ALERT:
        return isWhole;
      default:
        if (!this.#isProtected) return this.#messages(bytes, start, end);
        if (isWhole) this.isOver = true;
        return isWhole;
    }
  }

  /** Messages may share a record, or span several. Nothing stands behind the last one of a flight. */
  #messages(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    let isLast = false;
    while (at < end) {
      if (this.#messageBytes < MESSAGE_HEADER) {
        this.#message[this.#messageBytes++] = bytes[at++] as number;
        const [, high = 0, middle = 0, low = 0] = this.#message;
        if (this.#messageBytes === MESSAGE_HEADER) this.#messageLeft = (high << 16) | (middle << 8) | low;
      } else {
        const take = Math.min(end - at, this.#messageLeft);
        this.#messageLeft -= take;
        at += take;
      }
      if (this.#messageBytes < MESSAGE_HEADER || this.#messageLeft > 0) continue;
      this.#messageBytes = 0;
      isLast = this.#message[0] === CLIENT_HELLO || this.#message[0] === SERVER_HELLO_DONE;
    }
    return isLast;
  }
}
