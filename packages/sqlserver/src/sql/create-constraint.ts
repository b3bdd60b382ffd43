import type { Expression, ForeignKey, NameParts, ReferentialAction } from '@sqlwarden/core';
import type { TableElementsBuilder } from './create-element.js';
import type { TokenCursor } from './cursor.js';
import { parseColumnName, parseIdentifier } from './names.js';
import { parseObjectName } from './object-name.js';
import { skipParentheses, skipWithOptions } from './skip.js';
import { skipStorage } from './skip-storage.js';

/** Constraints and inline indexes ("ALTER TABLE table_constraint", "CREATE TABLE": table_index). */

/** Whether a constraint or an index on the table begins here; a column may be called `period` or `connection`. */
export function isConstraint(cursor: TokenCursor): boolean {
  if (cursor.isWord('constraint', 'primary', 'unique', 'foreign', 'check', 'index', 'default')) return true;
  return cursor.isPhrase('period', 'for') || (cursor.isWord('connection') && cursor.isSymbol('(', 1));
}

export function parseTableConstraint(cursor: TokenCursor, elements: TableElementsBuilder): void {
  if (cursor.acceptWord('constraint')) parseIdentifier(cursor);
  const word = cursor.expectOneOf('primary', 'unique', 'foreign', 'check', 'index', 'default', 'period', 'connection');
  switch (word) {
    case 'primary':
      cursor.expectWord('key');
      parseKeyConstraint(cursor);
      break;
    case 'unique':
      parseKeyConstraint(cursor);
      break;
    case 'foreign':
      cursor.expectWord('key');
      elements.foreignKeys.push(parseForeignKey(cursor));
      break;
    case 'check':
      elements.expressions.push(parseCheck(cursor));
      break;
    case 'index':
      elements.expressions.push(...parseIndexDefinition(cursor));
      break;
    case 'default':
      elements.defaults.push(parseDefaultFor(cursor));
      break;
    case 'period':
      cursor.expectWord('for');
      parseIdentifier(cursor);
      parseIndexColumns(cursor);
      break;
    default:
      elements.foreignKeys.push(...parseConnection(cursor));
  }
}

/** `DEFAULT expression FOR column [WITH VALUES]`, behind its first word. */
function parseDefaultFor(cursor: TokenCursor): TableElementsBuilder['defaults'][number] {
  const value = cursor.grammar.value(cursor);
  cursor.expectWord('for');
  const column = parseColumnName(cursor);
  cursor.acceptPhrase('with', 'values');
  return { column, value };
}

/** Behind PRIMARY KEY or UNIQUE: `[CLUSTERED | NONCLUSTERED [HASH]] [(columns)] [WITH …] [ON …] [[NOT] ENFORCED]`. */
export function parseKeyConstraint(cursor: TokenCursor): void {
  skipIndexKind(cursor);
  if (cursor.isSymbol('(')) parseIndexColumns(cursor);
  skipIndexOptions(cursor);
  skipStorage(cursor);
  if (!cursor.acceptPhrase('not', 'enforced')) cursor.acceptWord('enforced');
}

function skipIndexKind(cursor: TokenCursor): void {
  while (cursor.isWord('clustered', 'nonclustered', 'hash', 'columnstore')) cursor.next();
}

/** `WITH (…)`, `WITH FILLFACTOR = 80`, `WITH SORTED_DATA, PAD_INDEX`. */
export function skipIndexOptions(cursor: TokenCursor): void {
  skipWithOptions(cursor);
  if (!cursor.isWord('with') || cursor.isWordAt(1, 'values', 'check', 'nocheck')) return;
  cursor.next();
  cursor.list((option) => {
    if (option.peek().kind !== 'word') throw option.fail('expected an option of the index');
    option.next();
    if (option.acceptSymbol('=')) option.next();
  });
}

/** `(column [ASC | DESC], …)`. */
function parseIndexColumns(cursor: TokenCursor): string[] {
  return cursor.parenthesised((inside) =>
    inside.list((column) => {
      const name = parseColumnName(column);
      if (!column.acceptWord('asc')) column.acceptWord('desc');
      return name;
    }),
  );
}

/** Behind FOREIGN KEY: `[(columns)] REFERENCES …`; `columns`: those of the column that it stands behind. */
export function parseForeignKey(cursor: TokenCursor, columns: readonly string[] = []): ForeignKey {
  const own = cursor.isSymbol('(') ? parseIndexColumns(cursor) : columns;
  cursor.expectWord('references');
  return parseReferences(cursor, own);
}

/** Behind REFERENCES: `table [(columns)] [ON DELETE | UPDATE action] [NOT FOR REPLICATION]`. */
export function parseReferences(cursor: TokenCursor, columns: readonly string[]): ForeignKey {
  const relation = parseObjectName(cursor);
  const referenced = cursor.isSymbol('(') ? parseIndexColumns(cursor) : [];
  const rules: { delete: ReferentialAction; update: ReferentialAction } = { delete: 'restrict', update: 'restrict' };
  while (cursor.isWord('on') && cursor.isWordAt(1, 'delete', 'update')) {
    cursor.next();
    const event = cursor.acceptWord('delete') ? 'delete' : 'update';
    if (event === 'update') cursor.next();
    rules[event] = parseReferentialAction(cursor);
  }
  cursor.acceptPhrase('not', 'for', 'replication');
  cursor.acceptPhrase('not', 'enforced');
  return { columns, relation, referenced, onDelete: rules.delete, onUpdate: rules.update };
}

function parseReferentialAction(cursor: TokenCursor): ReferentialAction {
  if (cursor.acceptPhrase('no', 'action')) return 'restrict';
  if (cursor.acceptWord('cascade')) return 'cascade';
  cursor.expectWord('set');
  return cursor.expectOneOf('null', 'default') === 'null' ? 'set-null' : 'set-default';
}

/** Behind CHECK: `[NOT FOR REPLICATION] (condition)`. */
export function parseCheck(cursor: TokenCursor): Expression {
  cursor.acceptPhrase('not', 'for', 'replication');
  const condition = cursor.parenthesised((inside) => inside.grammar.expression(inside));
  cursor.acceptPhrase('not', 'enforced');
  return condition;
}

/** Behind INDEX: `name [UNIQUE] [CLUSTERED | NONCLUSTERED | …] [(columns)] [INCLUDE (…)] [WHERE …] [WITH …] [ON …]`; gives the filter. */
export function parseIndexDefinition(cursor: TokenCursor): Expression[] {
  parseIdentifier(cursor);
  cursor.acceptWord('unique');
  skipIndexKind(cursor);
  if (cursor.isSymbol('(')) parseIndexColumns(cursor);
  if (cursor.acceptWord('include')) parseIndexColumns(cursor);
  const filter = cursor.acceptWord('where') ? [cursor.grammar.expression(cursor)] : [];
  if (cursor.isWord('order') && cursor.isSymbol('(', 1)) {
    cursor.next();
    skipParentheses(cursor);
  }
  skipIndexOptions(cursor);
  skipStorage(cursor);
  return filter;
}

/** Behind CONNECTION: `(a TO b, …) [ON DELETE action]` of an edge table, whose rows refer to the nodes. */
function parseConnection(cursor: TokenCursor): ForeignKey[] {
  const relations: NameParts[] = [];
  cursor.expectSymbol('(');
  do {
    relations.push(parseObjectName(cursor));
    cursor.expectWord('to');
    relations.push(parseObjectName(cursor));
  } while (cursor.acceptSymbol(','));
  cursor.expectSymbol(')');
  const onDelete = cursor.acceptPhrase('on', 'delete') ? parseReferentialAction(cursor) : 'restrict';
  return relations.map((relation) => ({ columns: [], relation, referenced: [], onDelete, onUpdate: 'restrict' }));
}
