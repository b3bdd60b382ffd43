import type { NameParts } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseName, parseRelationIdentifier } from './names.js';

/** The name of what is stored: a table variable has none. */
export function parseObjectName(cursor: TokenCursor): NameParts {
  return parseName(cursor, parseRelationIdentifier);
}

/** The name that a statement gives to what it makes. */
export function parseNewName(cursor: TokenCursor): NameParts {
  const name = parseObjectName(cursor);
  cursor.bind(name.at(-1) ?? '');
  return name;
}
