import type { ConstructItem, Expression } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseOnEmptyOrError } from './expression-function.js';
import { parseTypeName } from './expression-type.js';
import { readColumnName } from './names.js';

/** `JSON_TABLE(document, path COLUMNS (…))`. MySQL Reference Manual, "JSON Table Functions"; MariaDB, "JSON_TABLE". */
export function parseJsonTable(cursor: TokenCursor): ConstructItem {
  cursor.next();
  const operands: Expression[] = [];
  const columns: string[] = [];
  cursor.parenthesised(() => {
    operands.push(cursor.grammar.expression(cursor));
    cursor.expectSymbol(',');
    operands.push(cursor.grammar.operand(cursor));
    parseColumns(cursor, operands, columns);
  });
  return { kind: 'construct', name: 'json_table', operands, columns };
}

function parseColumns(cursor: TokenCursor, operands: Expression[], columns: string[]): void {
  cursor.expect('columns');
  cursor.parenthesised(() => cursor.list(() => parseColumn(cursor, operands, columns)));
}

function parseColumn(cursor: TokenCursor, operands: Expression[], columns: string[]): void {
  if (cursor.isWord('nested') && (cursor.isWord('path', 1) || cursor.peek(1).kind === 'string')) {
    cursor.next();
    cursor.accept('path');
    operands.push(cursor.grammar.operand(cursor));
    parseColumns(cursor, operands, columns);
    return;
  }
  columns.push(readColumnName(cursor));
  if (cursor.acceptWords('for', 'ordinality')) return;
  parseTypeName(cursor);
  cursor.accept('exists');
  cursor.expect('path');
  operands.push(cursor.grammar.operand(cursor));
  parseOnEmptyOrError(cursor, operands);
}
