/** Why bytes are not a packet, message or token of the protocol. Closed: match on it, not on the message. */
export type ProtocolErrorCode =
  | 'length' // a length or count is out of its range
  | 'too-large' // the packet, message or token is longer than the cap
  | 'truncated' // a field reaches beyond the packet, message or token
  | 'trailing-bytes' // the message or token goes on after its last field
  | 'unknown-message' // the type of a packet or token is not one that the protocol has in this direction
  | 'unexpected-message' // the message or token is known but not allowed now
  | 'unsupported' // known, and refused by name because it was not asked for (for instance an encrypted column)
  | 'invalid-text' // a string is not valid UTF-16
  | 'invalid-value' // a field has a value that the protocol does not define
  | 'dead'; // the reader failed before and stays failed

/** Hostile or broken bytes. The messages never quote the bytes. A reader that has thrown one is dead. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
