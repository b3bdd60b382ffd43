import type { AlterAction, NameParts, Statement } from '@sqlwarden/core';
import { parseAlterColumn, VISIBILITY } from './alter-column.js';
import { isConstraint, skipIndexOptions } from './create-constraint.js';
import { emptyElements } from './create-element.js';
import { parseOptionRelations } from './create-table.js';
import { parseTableElement } from './create-table-elements.js';
import type { TokenCursor } from './cursor.js';
import { parseConstant } from './execute-constant.js';
import { parseColumnName, parseIdentifier } from './names.js';
import { parseObjectName } from './object-name.js';
import { skipParentheses, skipTail, skipWithOptions } from './skip.js';

/** ALTER TABLE ("ALTER TABLE (Transact-SQL)"). */

/** Behind `TABLE`: a name, then one clause. */
export function parseAlterTable(cursor: TokenCursor, start: number): Statement {
  const name = parseObjectName(cursor);
  const actions = parseActions(cursor);
  const span = cursor.spanFrom(start);
  const altered: Statement = { kind: 'alter-relation', span, objectKind: 'table', name, actions, ifExists: false };
  if (!actions.some((action) => action.kind === 'other' && action.what === VISIBILITY)) return altered;
  const reshaped: Statement = {
    kind: 'schema',
    span,
    operation: 'alter',
    objectKind: VISIBILITY,
    names: [],
    relation: name,
    expressions: [],
  };
  return { kind: 'sequence', span, statements: [altered, reshaped] };
}

function other(what: string, relations: readonly NameParts[] = [], privileges = false): AlterAction {
  return { kind: 'other', what, expressions: [], relations, ...(privileges && { privileges }) };
}

type Parse = (cursor: TokenCursor) => readonly AlterAction[];

/** Each behind its first word. */
const CLAUSES: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['add', parseAdd],
  ['alter', parseAlterElement],
  ['drop', parseDrops],
  ['check', parseCheckConstraint],
  ['nocheck', parseCheckConstraint],
  ['enable', parseEnable],
  ['disable', parseEnable],
  ['switch', parseSwitch],
  ['set', (cursor) => [other('set', parseOptionRelations(cursor))]],
  ['rebuild', parseRebuild],
  ['split', parseRange],
  ['merge', parseRange],
]);

function parseActions(cursor: TokenCursor): readonly AlterAction[] {
  if (cursor.isWord('with') && cursor.isWordAt(1, 'check', 'nocheck')) {
    cursor.next();
    cursor.next();
  }
  const parse = cursor.peek().kind === 'word' ? CLAUSES.get(cursor.peek().text) : undefined;
  if (parse === undefined) throw cursor.fail('expected a clause of ALTER TABLE');
  cursor.next();
  return parse(cursor);
}

/** `ADD {column | constraint}, …`. */
function parseAdd(cursor: TokenCursor): AlterAction[] {
  cursor.acceptWord('column');
  const elements = emptyElements();
  do parseTableElement(cursor, elements);
  while (cursor.acceptSymbol(',') || isConstraint(cursor));
  const { expressions, foreignKeys } = elements;
  const columns = elements.columns.map((column): AlterAction => ({ kind: 'add-column', column, ifNotExists: false }));
  const defaults = elements.defaults.map(
    ({ column, value }): AlterAction => ({ kind: 'alter-column', name: column, expressions: [value] }),
  );
  // Beside a column set, which only the catalogue knows of, sparse columns are hidden.
  const sparse = elements.sparse.length > 0 ? [other(VISIBILITY)] : [];
  const actions = [...columns, ...defaults, ...sparse];
  if (actions.length > 0 && expressions.length === 0 && foreignKeys.length === 0) return actions;
  return [
    ...actions,
    { kind: 'other', what: 'add constraint', expressions, relations: [], ...(foreignKeys.length > 0 && { foreignKeys }) },
  ];
}

function parseAlterElement(cursor: TokenCursor): readonly AlterAction[] {
  if (!cursor.acceptWord('index')) return parseAlterColumn(cursor);
  parseIdentifier(cursor);
  cursor.expectWord('rebuild');
  skipTail(cursor);
  return [other('alter index')];
}

/** `DROP {[CONSTRAINT] names | COLUMN names | INDEX names | PERIOD FOR SYSTEM_TIME}, …`: a word counts for the names that follow. */
function parseDrops(cursor: TokenCursor): AlterAction[] {
  const actions: AlterAction[] = [];
  let kind = 'constraint';
  do {
    if (cursor.acceptPhrase('period', 'for')) {
      parseIdentifier(cursor);
      actions.push(other('drop period'));
      continue;
    }
    if (cursor.isWord('constraint', 'column', 'index')) kind = cursor.next().text;
    cursor.acceptPhrase('if', 'exists');
    const name = parseColumnName(cursor);
    actions.push(kind === 'column' ? { kind: 'drop-column', name } : other(`drop ${kind}`));
    skipWithOptions(cursor);
  } while (cursor.acceptSymbol(','));
  return actions;
}

/** `CONSTRAINT {ALL | names}`. */
function parseCheckConstraint(cursor: TokenCursor): AlterAction[] {
  cursor.expectWord('constraint');
  if (!cursor.acceptWord('all')) cursor.list(parseIdentifier);
  return [other('check constraint')];
}

/** `TRIGGER {ALL | names}`, `CHANGE_TRACKING [WITH (…)]`, `FILETABLE_NAMESPACE`. A trigger may be what watches. */
function parseEnable(cursor: TokenCursor): AlterAction[] {
  const what = cursor.expectOneOf('trigger', 'change_tracking', 'filetable_namespace');
  if (what === 'trigger' && !cursor.acceptWord('all')) cursor.list(parseIdentifier);
  skipWithOptions(cursor);
  return [other(what, [], what === 'trigger')];
}

/** `[PARTITION n] TO relation [PARTITION n] [WITH (…)]`. */
function parseSwitch(cursor: TokenCursor): AlterAction[] {
  const expressions = cursor.acceptWord('partition') ? [cursor.grammar.expression(cursor)] : [];
  cursor.expectWord('to');
  const relation = parseObjectName(cursor);
  if (cursor.acceptWord('partition')) expressions.push(cursor.grammar.expression(cursor));
  skipWithOptions(cursor);
  const partitions: AlterAction[] = expressions.length === 0 ? [] : [{ kind: 'other', what: 'partition', expressions, relations: [] }];
  return [{ kind: 'exchange', relation }, ...partitions];
}

/** `[PARTITION = {ALL | n}] [WITH (…)]`. */
function parseRebuild(cursor: TokenCursor): AlterAction[] {
  if (cursor.acceptWord('partition')) {
    cursor.expectSymbol('=');
    if (!cursor.acceptWord('all')) parseConstant(cursor);
  }
  skipIndexOptions(cursor);
  return [other('rebuild')];
}

/** `RANGE (boundary)` (Azure Synapse). */
function parseRange(cursor: TokenCursor): AlterAction[] {
  cursor.expectWord('range');
  skipParentheses(cursor);
  return [other('partition range')];
}
