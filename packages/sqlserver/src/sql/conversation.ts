import type { Action, Expression, NameParts, Query, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseConstant } from './execute-constant.js';
import { parseIdentifier, parseRelationName } from './names.js';
import { parseObjectName } from './object-name.js';
import { parseTop } from './select.js';
import { parseSelectItem } from './select-items.js';
import { skipTail } from './skip.js';

/** Service Broker: messages to and from other databases ("Service Broker"). What they hold is not seen. */

function broker(cursor: TokenCursor, start: number, action: Action, what: string, relations: readonly NameParts[] = []): Statement {
  return {
    kind: 'opaque',
    span: cursor.spanFrom(start),
    action,
    reason: { kind: 'foreign-data', detail: what },
    ...(relations.length > 0 && { relations }),
  };
}

/** `BEGIN {DIALOG [CONVERSATION] @h … | CONVERSATION TIMER (@h) TIMEOUT = n}`. */
export function parseBeginConversation(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.next();
  skipTail(cursor);
  return broker(cursor, start, 'notify', 'begin conversation');
}

/** `END CONVERSATION @h [WITH …]`. */
export function parseEndConversation(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.expectWord('conversation');
  parseConstant(cursor);
  if (cursor.isWord('with')) skipTail(cursor);
  return broker(cursor, start, 'notify', 'end conversation');
}

/** `GET CONVERSATION GROUP @g FROM queue`. */
export function parseGetConversation(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.expectWord('conversation', 'group');
  cursor.next();
  cursor.expectWord('from');
  const queue = parseRelationName(cursor);
  return broker(cursor, start, 'select', 'get conversation group', [queue]);
}

/** `MOVE CONVERSATION @h TO @g`. */
export function parseMoveConversation(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.expectWord('conversation');
  parseConstant(cursor);
  cursor.expectWord('to');
  parseConstant(cursor);
  return broker(cursor, start, 'notify', 'move conversation');
}

/** `SEND ON CONVERSATION {@h | (@h, …)} [MESSAGE TYPE name] [(body)]`. What is sent derives from the body. */
export function parseSend(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.expectWord('on', 'conversation');
  const values: Expression[] = cursor.isSymbol('(')
    ? cursor.parenthesised((inside) => inside.list((each) => each.grammar.expression(each)))
    : [cursor.grammar.expression(cursor)];
  if (cursor.acceptPhrase('message', 'type')) {
    if (cursor.isVariable()) cursor.next();
    else parseIdentifier(cursor);
  }
  if (cursor.isSymbol('(')) values.push(cursor.parenthesised((inside) => inside.grammar.expression(inside)));
  const span = cursor.spanFrom(start);
  // No text of an error or a notice: nobody withholds it.
  const sent: Statement = { kind: 'message', span, what: 'send', values: [], codes: values };
  return { kind: 'sequence', span, statements: [sent, broker(cursor, start, 'notify', 'send')] };
}

/**
 * `RECEIVE [TOP (n)] columns FROM queue [INTO @t] [WHERE condition]`: a query of the queue, whose rows go to the client, into variables or into
 * a table variable, and which takes them out.
 */
export function parseReceive(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const limit = parseTop(cursor);
  const items = cursor.list(parseSelectItem);
  cursor.expectWord('from');
  const queue = parseObjectName(cursor);
  const into = cursor.acceptWord('into') ? parseRelationName(cursor) : undefined;
  const where = cursor.acceptWord('where') ? cursor.grammar.expression(cursor) : undefined;
  const query: Query = {
    kind: 'query',
    body: {
      kind: 'select',
      items,
      from: [{ kind: 'relation', name: queue, only: false }],
      groupBy: [],
      windows: [],
      ...(where !== undefined && { where }),
    },
    orderBy: [],
    locks: [],
    ...(limit !== undefined && { limit }),
  };
  const span = cursor.spanFrom(start);
  const assigns = items.some((item) => item.expression.kind === 'assignment');
  const read: Statement =
    into === undefined
      ? { kind: 'select', span, query, ...(assigns && { into: { kind: 'assignments' } }) }
      : { kind: 'insert', span, target: { name: into, only: false }, source: { kind: 'query', query } };
  return { kind: 'sequence', span, statements: [read, broker(cursor, start, 'delete', 'receive', [queue])] };
}
