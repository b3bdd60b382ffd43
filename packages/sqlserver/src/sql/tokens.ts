/**
 * Tokens of T-SQL. `start` and `end` are UTF-16 offsets in the text, end exclusive.
 *
 * * `word`: an unquoted identifier or keyword, `text` in lower case; also `$action`, `$identity` and their kin.
 * * `quoted`: `[…]`, or `"…"` under QUOTED_IDENTIFIER ON; `text` is the name without quotes, as written.
 * * `string`, `national`: `'…'` and `N'…'`; `text` is the value.
 * * `integer`, `decimal`, `float`, `money`, `binary`: numeric constants; `text` as written, without line continuations.
 * * `variable`: `@x`, `@@x`; `text` in lower case with its marks.
 * * `symbol`: one character of punctuation. Operators of several are several tokens: blanks may stand between them.
 * * `end`: behind the last character.
 */
export type TokenKind =
  | 'word'
  | 'quoted'
  | 'string'
  | 'national'
  | 'integer'
  | 'decimal'
  | 'float'
  | 'money'
  | 'binary'
  | 'variable'
  | 'symbol'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}
