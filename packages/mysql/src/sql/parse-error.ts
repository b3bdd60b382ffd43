/**
 * Thrown inside of the parser and turned into a `ParseFailure` by `parseUnit`. `syntax`: the server would refuse the text, too; `limit`: it is
 * not read here. The message never quotes a literal.
 */
export class ParseError extends Error {
  override readonly name = 'ParseError';

  readonly kind: 'syntax' | 'limit';
  readonly position: number;

  constructor(kind: 'syntax' | 'limit', message: string, position: number) {
    super(message);
    this.kind = kind;
    this.position = position;
  }
}
