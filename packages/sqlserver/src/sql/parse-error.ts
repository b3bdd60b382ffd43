/** `syntax`: the server would refuse the text too. `limit`: ours. */
type ParseErrorCode = 'syntax' | 'limit';

/** Ends the parsing of a text. The message never quotes a literal; `position` is a UTF-16 offset in the text. */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  readonly code: ParseErrorCode;
  readonly position: number;

  constructor(code: ParseErrorCode, message: string, position: number) {
    super(message);
    this.code = code;
    this.position = position;
  }
}
