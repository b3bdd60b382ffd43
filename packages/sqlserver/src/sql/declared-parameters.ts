import type { ParseContext } from '@sqlwarden/core';
import { TokenCursor } from './cursor.js';
import { parseConstant } from './execute-constant.js';
import { mayBeTableType } from './declare.js';
import { isCaseSensitive, lexicalState } from './lexical-state.js';
import { parseTypeName, parseVariableName } from './names.js';
import { GRAMMAR } from './parse.js';
import { ParseError } from './parse-error.js';

/** One parameter of the declaration that sp_executesql and its kin take: `@a int, @b nvarchar(10) OUTPUT, @t dbo.keys READONLY`. */
export interface DeclaredParameter {
  /** Without `@`, in lower case where the names of the server are. */
  readonly name: string;
  /** The text of its type. */
  readonly type: string;
  readonly isOutput: boolean;
  /** It may be a table: its type is no type of the system. */
  readonly mayBeTable: boolean;
}

const MAX_DECLARATION = 1 << 20;

/** The parameters of a declaration ("sp_executesql"), none of an empty one; `undefined` when it is not understood. Never throws. */
export function declaredParameters(text: string, context: ParseContext): readonly DeclaredParameter[] | undefined {
  if (text.length > MAX_DECLARATION) return undefined;
  if (text.trim() === '') return [];
  const state = lexicalState(context);
  if (state === undefined && text.includes('"')) return undefined;
  const known = state ?? { quotedIdentifier: true, serverVersion: context.serverVersion, caseSensitive: isCaseSensitive(context) };
  try {
    const cursor = new TokenCursor(text, known, GRAMMAR);
    const parameters = cursor.list(declaredParameter);
    return cursor.atEnd ? parameters : undefined;
  } catch (error) {
    if (error instanceof ParseError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function declaredParameter(cursor: TokenCursor): DeclaredParameter {
  const name = parseVariableName(cursor);
  cursor.acceptWord('as');
  const { start } = cursor;
  const type = parseTypeName(cursor);
  const typeText = cursor.text.slice(start, cursor.spanFrom(start).end);
  if (cursor.acceptSymbol('=')) parseConstant(cursor);
  const isReadOnly = cursor.acceptWord('readonly');
  const isOutput = cursor.acceptWord('output') || cursor.acceptWord('out');
  return { name, type: typeText, isOutput, mayBeTable: isReadOnly || mayBeTableType(type) };
}
