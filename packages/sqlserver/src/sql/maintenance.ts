import type { AlterAction, Maintenance, NameParts, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseConstant } from './execute-constant.js';
import { parseIdentifier, parseName } from './names.js';
import { parseObjectName } from './object-name.js';
import { skipParentheses, skipTail } from './skip.js';

/** Statements of administration: TRUNCATE, statistics, triggers on and off, KILL, CHECKPOINT, RECONFIGURE, SHUTDOWN. */

function maintenance(cursor: TokenCursor, start: number, what: string, action: Maintenance['action'] = 'maintain'): Maintenance {
  return { kind: 'maintenance', span: cursor.spanFrom(start), action, what, names: [] };
}

/** `TRUNCATE TABLE name [WITH (PARTITIONS (…))]`. */
export function parseTruncate(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.expectWord('table');
  const name = parseObjectName(cursor);
  if (cursor.acceptPhrase('with')) skipParentheses(cursor);
  return { kind: 'truncate', span: cursor.spanFrom(start), relations: [{ name, only: false }], cascade: false };
}

/** `UPDATE STATISTICS relation [name | (names)] [WITH options]`. */
export function parseUpdateStatistics(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.expectWord('statistics');
  const name = parseObjectName(cursor);
  if (cursor.isSymbol('(')) skipParentheses(cursor);
  else if (cursor.isIdentifier()) parseIdentifier(cursor);
  if (cursor.isWord('with')) skipTail(cursor);
  return { ...maintenance(cursor, start, 'update statistics', 'analyze'), names: [name] };
}

export function parseEnableTrigger(cursor: TokenCursor): Statement {
  return parseTriggerSwitch(cursor, 'enable trigger');
}

export function parseDisableTrigger(cursor: TokenCursor): Statement {
  return parseTriggerSwitch(cursor, 'disable trigger');
}

/** `{ENABLE | DISABLE} TRIGGER {names | ALL} ON {relation | DATABASE | ALL SERVER}`. */
function parseTriggerSwitch(cursor: TokenCursor, what: string): Statement {
  const { start } = cursor.next();
  cursor.expectWord('trigger');
  const names: NameParts[] = cursor.acceptWord('all') ? [] : cursor.list((name) => parseName(name));
  cursor.expectWord('on');
  if (cursor.acceptWord('database') || cursor.acceptPhrase('all', 'server')) {
    const span = cursor.spanFrom(start);
    return { kind: 'schema', span, operation: 'alter', objectKind: 'trigger', names, expressions: [], privileges: true };
  }
  const relation = parseObjectName(cursor);
  const action: AlterAction = { kind: 'other', what, expressions: [], relations: [], privileges: true };
  return {
    kind: 'alter-relation',
    span: cursor.spanFrom(start),
    objectKind: 'table',
    name: relation,
    actions: [action],
    ifExists: false,
  };
}

/** `KILL {session | 'unit of work' | QUERY NOTIFICATION SUBSCRIPTION … | STATS JOB n} [WITH STATUSONLY]`. */
export function parseKill(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  if (!cursor.acceptPhrase('query', 'notification', 'subscription')) cursor.acceptPhrase('stats', 'job');
  // A variable would come back in the message that there is no such session; the server takes none.
  if (cursor.isVariable()) throw cursor.fail('expected the number of a session');
  if (!cursor.acceptWord('all')) parseConstant(cursor);
  if (cursor.acceptWord('with')) parseIdentifier(cursor);
  return maintenance(cursor, start, 'kill');
}

export function parseCheckpoint(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  if (cursor.peek().kind === 'integer' || cursor.isVariable()) cursor.next();
  return maintenance(cursor, start, 'checkpoint');
}

export function parseReconfigure(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.acceptPhrase('with', 'override');
  return maintenance(cursor, start, 'reconfigure');
}

export function parseShutdown(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.acceptPhrase('with', 'nowait');
  return maintenance(cursor, start, 'shutdown');
}

/** `RENAME {OBJECT | DATABASE} [::] name TO name`, `RENAME OBJECT t COLUMN a TO b` (Azure Synapse). */
export function parseRename(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const what = cursor.expectOneOf('object', 'database');
  cursor.acceptSymbol('::');
  const name = parseObjectName(cursor);
  const column = cursor.acceptWord('column') ? parseIdentifier(cursor) : undefined;
  cursor.expectWord('to');
  const to = parseIdentifier(cursor);
  const span = cursor.spanFrom(start);
  if (what === 'database')
    return { kind: 'schema', span, operation: 'rename', objectKind: 'database', names: [name], newName: to, expressions: [] };
  const action: AlterAction = column === undefined ? { kind: 'rename', to } : { kind: 'rename-column', name: column, to };
  return { kind: 'alter-relation', span, objectKind: 'table', name, actions: [action], ifExists: false };
}
