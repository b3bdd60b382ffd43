/**
 * Thrown inside of the parser and turned into a `ParseFailure` by `parseUnit`. `syntax`: the server would refuse the text, too; `limit`: it is
 * not read here; `unsupported`: nor would the texts behind it be. The message never quotes a literal.
 */
export class ParseError extends Error {
  override readonly name = 'ParseError';

  readonly kind: 'syntax' | 'limit' | 'unsupported';
  readonly position: number;

  constructor(kind: ParseError['kind'], message: string, position: number) {
    super(message);
    this.kind = kind;
    this.position = position;
  }
}
