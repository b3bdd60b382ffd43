/** Why bytes are not a packet or message of the protocol. Closed: match on it, not on the message. */
export type ProtocolErrorCode =
  | 'length' // a length or count is out of its range
  | 'too-large' // the packet is longer than the cap
  | 'sequence' // the sequence id is not the next one
  | 'truncated' // a field reaches beyond the packet
  | 'trailing-bytes' // the packet goes on after its last field
  | 'unknown-message' // the first byte is not one that the protocol has in this direction
  | 'unexpected-message' // the message is known but not allowed now
  | 'invalid-text' // a string is not valid UTF-8
  | 'invalid-value' // a field has a value that the protocol does not define
  | 'dead'; // the splitter failed before and stays failed

/** Hostile or broken bytes. The messages never quote the bytes. A splitter that has thrown one is dead. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
