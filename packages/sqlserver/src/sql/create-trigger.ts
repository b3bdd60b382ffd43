import type { CreateTrigger, Statement } from '@sqlwarden/core';
import { expectBatchEnd, parseBody } from './create-body.js';
import { parseModuleOptions } from './create-routine.js';
import type { TokenCursor } from './cursor.js';
import { parseIdentifier, parseName } from './names.js';
import { parseObjectName } from './object-name.js';

/** CREATE and ALTER TRIGGER ("CREATE TRIGGER"): on tables and views, on a database, on the server. Bodies run to the end of the batch. */

type TriggerEvents = NonNullable<CreateTrigger['events']>;

/** Behind `TRIGGER`. */
export function parseTrigger(cursor: TokenCursor, start: number, replace: boolean): Statement {
  const name = parseName(cursor);
  cursor.expectWord('on');
  const scope = eventScope(cursor);
  const relation = scope === undefined ? parseObjectName(cursor) : undefined;
  parseModuleOptions(cursor);
  const events = parseEvents(cursor, relation !== undefined);
  cursor.expectWord('as');
  const body = triggerBody(cursor);
  const span = cursor.spanFrom(start);
  if (relation === undefined) {
    const objectKind = scope ?? 'database trigger';
    const created: Statement = {
      kind: 'schema',
      span,
      operation: replace ? 'alter' : 'create',
      objectKind,
      names: [name],
      expressions: [],
      code: { kind: 'unknown-routine', detail: `a ${objectKind} runs in the statements of others` },
      privileges: true,
    };
    return { kind: 'block', span, statements: [created, ...(body ?? [])], handlers: [] };
  }
  return {
    kind: 'create-trigger',
    span,
    name: name.at(-1) ?? '',
    relation,
    events,
    ...(body !== undefined && { body }),
    rows: { old: 'deleted', new: 'inserted' },
    arguments: [],
    replace,
  };
}

/** `ALL SERVER` or `DATABASE`, where the trigger is not on a relation. */
function eventScope(cursor: TokenCursor): string | undefined {
  if (cursor.acceptPhrase('all', 'server')) return 'server trigger';
  return cursor.acceptWord('database') ? 'database trigger' : undefined;
}

/** `{FOR | AFTER | INSTEAD OF} events [WITH APPEND] [NOT FOR REPLICATION]`. */
function parseEvents(cursor: TokenCursor, onRelation: boolean): TriggerEvents {
  if (cursor.expectOneOf('for', 'after', 'instead') === 'instead') cursor.expectWord('of');
  const events = cursor.list((event) => parseEvent(event, onRelation));
  cursor.acceptPhrase('with', 'append');
  cursor.acceptPhrase('not', 'for', 'replication');
  return events.flatMap((event) => event ?? []);
}

/** Events of a database or server are not told apart. */
function parseEvent(cursor: TokenCursor, onRelation: boolean): TriggerEvents[number] | undefined {
  for (const event of ['insert', 'update', 'delete'] as const) if (cursor.acceptWord(event)) return event;
  if (onRelation) throw cursor.fail('expected INSERT, UPDATE or DELETE');
  parseIdentifier(cursor);
  return undefined;
}

/** `undefined` for code of the CLR. */
function triggerBody(cursor: TokenCursor): Statement[] | undefined {
  if (!cursor.acceptPhrase('external', 'name')) return parseBody(cursor);
  parseName(cursor);
  expectBatchEnd(cursor);
  return undefined;
}
