import type { AlterAction, ColumnDefinition, ColumnPosition, NameParts, Statement } from '@sqlwarden/core';
import { other, type Alteration, type ReadAction } from './alter-table-action.js';
import { addPartition, dropPartition, PARTITION_ACTIONS } from './alter-table-partition.js';
import { isTableConstraint, readColumnDefinition, readTableConstraint } from './create-column.js';
import { readPartition } from './create-partition.js';
import { attachments, createFrom, skipWait } from './create-table.js';
import { isTableOption, readTableOptions } from './create-table-options.js';
import { acceptCharacterSet, readNameOrString } from './create-type.js';
import type { TokenCursor } from './cursor.js';
import { maintainTables } from './maintenance.js';
import { isName, readAnyName, readColumnName, readName, readRelationName } from './names.js';
import { acceptIfExists, acceptIfNotExists, atStatementEnd, inSequence, skipOne } from './statement-parts.js';

/** ALTER TABLE, action by action. MySQL Reference Manual, "ALTER TABLE Statement" and the sections below it; MariaDB, "ALTER TABLE". */

/** Reads an ALTER TABLE behind the word TABLE. */
export function parseAlterTable(cursor: TokenCursor, start: number): Statement {
  const ifExists = acceptIfExists(cursor);
  const name = readRelationName(cursor);
  skipWait(cursor);
  const alteration: Alteration = { name, actions: [], deletesRows: false, reports: false };
  if (!atStatementEnd(cursor)) readActions(cursor, alteration);
  const span = cursor.spanFrom(start);
  const altered: Statement = { kind: 'alter-relation', span, objectKind: 'table', name, actions: alteration.actions, ifExists };
  const statements: Statement[] = [altered];
  if (alteration.deletesRows) statements.unshift({ kind: 'truncate', span, relations: [{ name, only: false }], cascade: false });
  if (alteration.made !== undefined) statements.unshift(createFrom(cursor, start, alteration.made, name));
  if (alteration.reports) statements.push(maintainTables(cursor, start, 'partition', [name]));
  return inSequence(cursor, start, statements);
}

function readActions(cursor: TokenCursor, alteration: Alteration): void {
  do {
    readAction(cursor, alteration);
    // Partitioning stands behind the last action, without a comma.
    if (cursor.areWords('partition', 'by') || cursor.isWord('remove')) readAction(cursor, alteration);
  } while (cursor.acceptSymbol(','));
}

function readAction(cursor: TokenCursor, alteration: Alteration): void {
  const token = cursor.peek();
  const read = token.kind === 'word' && Object.hasOwn(ACTIONS, token.text) ? ACTIONS[token.text] : undefined;
  if (read !== undefined && !isTableOption(cursor)) {
    cursor.next();
    read(cursor, alteration);
    return;
  }
  const { count, union } = readTableOptions(cursor);
  if (count === 0) cursor.fail('an action of ALTER TABLE');
  alteration.actions.push(...attachments(union));
  other(alteration, 'options');
}

const ACTIONS: Readonly<Record<string, ReadAction>> = {
  add: readAdd,
  alter: readAlter,
  change: (cursor, alteration) => {
    cursor.accept('column');
    acceptIfExists(cursor);
    const from = readColumnName(cursor);
    readChange(cursor, alteration, from);
  },
  modify: (cursor, alteration) => {
    cursor.accept('column');
    acceptIfExists(cursor);
    readChange(cursor, alteration, undefined);
  },
  convert: readConvert,
  drop: readDrop,
  rename: readRename,
  order: (cursor, alteration) => {
    cursor.expect('by');
    const expressions = cursor.list(() => {
      const expression = cursor.grammar.expression(cursor);
      cursor.acceptOneOf('asc', 'desc');
      return expression;
    });
    other(alteration, 'order', { expressions });
  },
  ...PARTITION_ACTIONS,
  disable: readKeys,
  enable: readKeys,
  force: (_, alteration) => other(alteration, 'force'),
  algorithm: readOption,
  lock: readOption,
  with: readValidation,
  without: readValidation,
  secondary_load: (_, alteration) => other(alteration, 'secondary engine'),
  secondary_unload: (_, alteration) => other(alteration, 'secondary engine'),
};

function readOption(cursor: TokenCursor, alteration: Alteration): void {
  cursor.acceptSymbol('=');
  readAnyName(cursor);
  other(alteration, 'options');
}

function readValidation(cursor: TokenCursor, alteration: Alteration): void {
  cursor.expect('validation');
  other(alteration, 'options');
}

function readKeys(cursor: TokenCursor, alteration: Alteration): void {
  cursor.expect('keys');
  other(alteration, 'keys');
}

// ---------------------------------------------------------------- ADD

function readAdd(cursor: TokenCursor, alteration: Alteration): void {
  if (cursor.acceptWords('system', 'versioning')) return other(alteration, 'system versioning');
  if (cursor.accept('partition')) return addPartition(cursor, alteration);
  if (!cursor.isWord('column') && isTableConstraint(cursor)) return addConstraint(cursor, alteration);
  cursor.accept('column');
  const ifNotExists = acceptIfNotExists(cursor);
  if (!cursor.isSymbol('(')) {
    const column = readColumnDefinition(cursor);
    alteration.actions.push({ kind: 'add-column', column, ifNotExists, ...readPosition(cursor) });
    return;
  }
  cursor.parenthesised(() =>
    cursor.list(() => {
      if (isTableConstraint(cursor)) addConstraint(cursor, alteration);
      else alteration.actions.push({ kind: 'add-column', column: readColumnDefinition(cursor), ifNotExists });
    }),
  );
}

const KEYS: ReadonlySet<string> = new Set(['primary key', 'unique key', 'index']);

function addConstraint(cursor: TokenCursor, alteration: Alteration): void {
  const { what, expressions, foreignKeys } = readTableConstraint(cursor);
  if (!KEYS.has(what)) return other(alteration, what, { expressions, foreignKeys });
  // Whole columns are compared with one another where they are to be unique; in an index they are only stored again.
  const columns = expressions.flatMap((expression) => (expression.kind === 'column' ? [expression.name] : []));
  const computed = expressions.filter(({ kind }) => kind !== 'column');
  other(alteration, what, { expressions: computed, unique: what === 'index' ? [] : columns });
}

function readPosition(cursor: TokenCursor): { readonly position?: ColumnPosition } {
  if (cursor.accept('after')) return { position: { after: readColumnName(cursor) } };
  return cursor.accept('first') ? { position: 'first' } : {};
}

// ---------------------------------------------------------------- CHANGE, MODIFY, ALTER, CONVERT

/** CHANGE (`from` is the column's name so far) and MODIFY define the column anew. */
function readChange(cursor: TokenCursor, alteration: Alteration, from: string | undefined): void {
  const column = readColumnDefinition(cursor);
  const position = readPosition(cursor);
  if (from !== undefined && from !== column.name) {
    alteration.actions.push({ kind: 'rename-column', name: from, to: column.name });
  }
  alteration.actions.push(...redefinition(column, position));
}

function redefinition(column: ColumnDefinition, position: { readonly position?: ColumnPosition }): AlterAction[] {
  const computed = column.default;
  const conditions = (column.expressions ?? []).filter((expression) => expression !== computed);
  const actions: AlterAction[] = [
    {
      kind: 'alter-column',
      name: column.name,
      type: column.type.name.join('.'),
      expressions: computed === undefined ? [] : [computed],
      ...position,
    },
  ];
  const { foreignKeys = [] } = column;
  if (conditions.length > 0 || foreignKeys.length > 0)
    actions.push({ kind: 'other', what: 'constraints', expressions: conditions, relations: [], foreignKeys });
  return actions;
}

function readAlter(cursor: TokenCursor, alteration: Alteration): void {
  if (cursor.acceptOneOf('index', 'key') !== undefined) {
    acceptIfExists(cursor);
    readName(cursor);
    cursor.accept('not');
    if (cursor.acceptOneOf('visible', 'invisible', 'ignored') === undefined) cursor.fail('VISIBLE');
    return other(alteration, 'index');
  }
  if (cursor.acceptOneOf('check', 'constraint') !== undefined) {
    readName(cursor);
    cursor.accept('not');
    cursor.expect('enforced');
    return other(alteration, 'check');
  }
  cursor.accept('column');
  acceptIfExists(cursor);
  const name = readColumnName(cursor);
  if (cursor.acceptWords('drop', 'default')) {
    alteration.actions.push({ kind: 'alter-column', name, expressions: [] });
    return;
  }
  cursor.expect('set');
  if (cursor.acceptOneOf('visible', 'invisible') !== undefined) return other(alteration, 'visibility');
  cursor.expect('default');
  alteration.actions.push({ kind: 'alter-column', name, expressions: [cursor.grammar.expression(cursor)] });
}

/** CONVERT TO CHARACTER SET; MariaDB: CONVERT PARTITION p TO TABLE t, CONVERT TABLE t TO PARTITION …. */
function readConvert(cursor: TokenCursor, alteration: Alteration): void {
  if (cursor.accept('partition')) {
    readName(cursor);
    cursor.expect('to', 'table');
    alteration.made = readRelationName(cursor);
    return other(alteration, 'partition');
  }
  if (cursor.accept('table')) {
    const relation = readRelationName(cursor);
    cursor.expect('to');
    const expressions = readPartition(cursor);
    if (cursor.acceptOneOf('with', 'without') !== undefined) cursor.expect('validation');
    alteration.actions.push({ kind: 'exchange', relation });
    return other(alteration, 'partition', { expressions });
  }
  cursor.expect('to');
  if (!acceptCharacterSet(cursor)) cursor.fail('CHARACTER SET');
  if (cursor.accept('collate')) {
    cursor.acceptSymbol('=');
    readNameOrString(cursor);
  }
  other(alteration, 'character set');
}

// ---------------------------------------------------------------- DROP, RENAME

function readDrop(cursor: TokenCursor, alteration: Alteration): void {
  if (cursor.acceptWords('primary', 'key')) return other(alteration, 'primary key');
  if (cursor.acceptWords('system', 'versioning')) return other(alteration, 'system versioning');
  if (cursor.areWords('period', 'for') || cursor.areWords('period', 'if', 'exists', 'for')) {
    cursor.next();
    acceptIfExists(cursor);
    cursor.expect('for');
    readAnyName(cursor);
    return other(alteration, 'period');
  }
  if (cursor.accept('partition')) return dropPartition(cursor, alteration);
  if (cursor.acceptWords('foreign', 'key')) return dropNamed(cursor, alteration, 'foreign key');
  const kind = cursor.acceptOneOf('index', 'key', 'check', 'constraint');
  if (kind !== undefined) return dropNamed(cursor, alteration, kind);
  cursor.accept('column');
  acceptIfExists(cursor);
  alteration.actions.push({ kind: 'drop-column', name: readColumnName(cursor) });
  cursor.acceptOneOf('restrict', 'cascade');
}

function dropNamed(cursor: TokenCursor, alteration: Alteration, what: string): void {
  acceptIfExists(cursor);
  // `DROP INDEX PRIMARY` is written by tools, with quotes or without.
  if (cursor.isWord('primary')) skipOne(cursor);
  else readName(cursor);
  other(alteration, what);
}

function readRename(cursor: TokenCursor, alteration: Alteration): void {
  if (cursor.isWord('column') && isName(cursor, 1)) {
    cursor.next();
    acceptIfExists(cursor);
    const name = readColumnName(cursor);
    cursor.expect('to');
    alteration.actions.push({ kind: 'rename-column', name, to: readColumnName(cursor) });
    return;
  }
  if (cursor.acceptOneOf('index', 'key') !== undefined) {
    acceptIfExists(cursor);
    readName(cursor);
    cursor.expect('to');
    readName(cursor);
    return other(alteration, 'index');
  }
  if (cursor.acceptOneOf('to', 'as') === undefined) cursor.acceptSymbol('=');
  const to = readRelationName(cursor);
  alteration.actions.push(...rename(alteration.name, to));
}

/** A new name without a schema is one of the current schema, even where the old name has another. */
function rename(from: NameParts, to: NameParts): AlterAction[] {
  const schema = to.length > 1 ? to[0] : undefined;
  const moves = to.length > 1 || from.length > 1;
  return [...(moves ? [{ kind: 'set-schema', schema } as const] : []), { kind: 'rename', to: to.at(-1) ?? '' }];
}

/** RENAME TABLE a TO b, c TO d. Read behind the word TABLE. */
export function parseRenameTable(cursor: TokenCursor, start: number): Statement {
  const ifExists = acceptIfExists(cursor);
  const statements = cursor.list((): Statement => {
    const from = cursor.peek().start;
    const name = readRelationName(cursor);
    skipWait(cursor);
    cursor.expect('to');
    const actions = rename(name, readRelationName(cursor));
    return { kind: 'alter-relation', span: cursor.spanFrom(from), objectKind: 'table', name, actions, ifExists };
  });
  return inSequence(cursor, start, statements);
}
