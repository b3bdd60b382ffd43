import type { TokenCursor } from './cursor.js';
import { parseName } from './names.js';
import { skipParentheses } from './skip.js';

/** Where tables and indexes are kept: `ON filegroup`, `ON scheme (column)`, `ON "default"`, `ON [PRIMARY]`. */
export function skipStorage(cursor: TokenCursor): void {
  while (cursor.isWord('on', 'textimage_on', 'filestream_on')) {
    cursor.next();
    if (cursor.isString() || cursor.isWord('null', 'default', 'primary')) cursor.next();
    else parseName(cursor);
    if (cursor.isSymbol('(')) skipParentheses(cursor);
  }
}
