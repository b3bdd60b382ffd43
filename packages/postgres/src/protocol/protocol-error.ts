/** Why bytes are not a protocol message. Closed: match on it, not on the message. */
export type ProtocolErrorCode =
  | 'length' // a length or count is out of its range
  | 'too-large' // the message is longer than the cap
  | 'truncated' // a field reaches beyond the message
  | 'trailing-bytes' // the message goes on after its last field
  | 'unknown-message' // the type is not one of the protocol's, or not of this direction
  | 'unexpected-message' // the type is known but not allowed now
  | 'invalid-text' // a string is not valid UTF-8
  | 'invalid-value' // a field has a value that the protocol does not define
  | 'dead'; // the parser failed before and stays failed

/** Hostile or broken bytes. The messages never quote the bytes. A parser that has thrown one is dead. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
