/**
 * * `word`: a name without quotes that may be a keyword; `text` in lower case.
 * * `name`: a name that is never a keyword: in quotes, or written next to a dot; `text` as named.
 * * `string`: `text` is its value. Also `N'…'`.
 * * `hexadecimal`, `bits`, `integer`, `decimal`, `float`: `text` as written.
 * * `variable`: `@x` in all its forms, and the host of an account (`'u'@'h'`); `text` is the name, which may be empty.
 * * `operator`: `text` is the symbol. `@@` is one, and is followed by a word or name.
 * * `end`: of the text.
 * * `broken`: what the server does not read either; `unreadable`: what cannot be read with certainty. `text` says why.
 */
export type TokenKind =
  | 'word'
  | 'name'
  | 'string'
  | 'hexadecimal'
  | 'bits'
  | 'integer'
  | 'decimal'
  | 'float'
  | 'variable'
  | 'operator'
  | 'end'
  | 'broken'
  | 'unreadable';

/** One token; `start` and `end` (exclusive) are UTF-16 offsets in the text. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}
