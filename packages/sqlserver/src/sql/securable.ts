import type { NameParts } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseObjectName } from './object-name.js';

/** What rights are on: an object of a class. */
export interface Securable {
  /** Lower case; `object` for tables, views and routines. */
  readonly objectClass: string;
  readonly name: NameParts;
}

/** No class has more: `XML SCHEMA COLLECTION`, `REMOTE SERVICE BINDING`. */
const MAX_CLASS_WORDS = 3;

/** `[class::]name`. */
export function parseSecurable(cursor: TokenCursor): Securable {
  let ahead = 0;
  while (ahead < MAX_CLASS_WORDS && cursor.peek(ahead).kind === 'word' && !cursor.isSymbol('::', ahead)) ahead += 1;
  const words: string[] = [];
  if (ahead > 0 && cursor.isSymbol('::', ahead)) {
    while (!cursor.acceptSymbol('::')) words.push(cursor.next().text);
  }
  return { objectClass: words.length === 0 ? 'object' : words.join(' '), name: parseObjectName(cursor) };
}
