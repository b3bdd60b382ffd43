import type { Statement } from '@sqlwarden/core';
import { acceptDefiner } from './account-name.js';
import { parseCreateRole, parseUser } from './account.js';
import { PLAIN_OBJECTS, parseCreateIndex, parseDatabase, parsePlainObject, parseSequence, parseServer } from './create-object.js';
import { parseCreateTable } from './create-table.js';
import { parseView } from './create-view.js';
import type { TokenCursor } from './cursor.js';
import { readAnyName } from './names.js';
import { parseCreateEvent, parseCreateRoutine, parseCreateTrigger } from './routine-create.js';
import { dropFirst, inSequence, type ParseStatement } from './statement-parts.js';

/** CREATE, by what is created. MySQL Reference Manual, "Data Definition Statements"; MariaDB, "CREATE". */

/** What stands between CREATE and what is created. */
interface Words {
  readonly replace: boolean;
  readonly temporary: boolean;
  readonly aggregate: boolean;
  readonly unique: boolean;
}

type ParseCreate = (cursor: TokenCursor, start: number, words: Words) => Statement;

const CREATIONS: Readonly<Record<string, ParseCreate>> = {
  table: parseCreateTable,
  view: (cursor, start, { replace }) => parseView(cursor, start, replace),
  index: (cursor, start, { unique }) => parseCreateIndex(cursor, start, unique),
  database: (cursor, start, { replace }) => parseDatabase(cursor, start, 'create', replace),
  schema: (cursor, start, { replace }) => parseDatabase(cursor, start, 'create', replace),
  sequence: (cursor, start, { replace }) => parseSequence(cursor, start, 'create', replace),
  server: (cursor, start) => parseServer(cursor, start, 'create'),
  function: (cursor, start, words) => parseCreateRoutine(cursor, start, 'function', words),
  procedure: (cursor, start, words) => parseCreateRoutine(cursor, start, 'procedure', words),
  trigger: (cursor, start, { replace }) => parseCreateTrigger(cursor, start, replace),
  event: (cursor, start, { replace }) => parseCreateEvent(cursor, start, replace),
  user: (cursor, start, { replace }) => withDropFirst(cursor, start, replace, parseUser(cursor, start, 'create')),
  role: (cursor, start, { replace }) => withDropFirst(cursor, start, replace, parseCreateRole(cursor, start)),
};

/** Reads a CREATE behind that word. */
export const parseCreate: ParseStatement = (cursor, start) => {
  const replace = cursor.acceptWords('or', 'replace');
  skipCodeOptions(cursor);
  const temporary = cursor.accept('temporary');
  const aggregate = cursor.accept('aggregate');
  const unique = readIndexKind(cursor);
  const plain = PLAIN_OBJECTS.find((words) => cursor.acceptWords(...words));
  if (plain !== undefined) return parsePlainObject(cursor, start, 'create', plain.join(' '));
  const token = cursor.peek();
  const create = token.kind === 'word' && Object.hasOwn(CREATIONS, token.text) ? CREATIONS[token.text] : undefined;
  if (create === undefined) return cursor.fail('what is created');
  cursor.next();
  return create(cursor, start, { replace, temporary, aggregate, unique });
};

/** `ALGORITHM = x`, `DEFINER = account`, `SQL SECURITY x`: in front of views and stored programs. */
export function skipCodeOptions(cursor: TokenCursor): void {
  for (;;) {
    if (cursor.accept('algorithm')) {
      cursor.expectSymbol('=');
      readAnyName(cursor);
    } else if (cursor.acceptWords('sql', 'security')) {
      if (cursor.acceptOneOf('definer', 'invoker') === undefined) cursor.fail('DEFINER');
    } else if (!acceptDefiner(cursor)) return;
  }
}

/** UNIQUE, FULLTEXT, SPATIAL and the like in front of INDEX; whether it is UNIQUE. */
function readIndexKind(cursor: TokenCursor): boolean {
  cursor.acceptOneOf('online', 'offline');
  const kind = ['unique', 'fulltext', 'spatial', 'vector'].find((word) => cursor.isWord(word) && cursor.isWord('index', 1));
  if (kind !== undefined) cursor.next();
  return kind === 'unique';
}

/** MariaDB: CREATE OR REPLACE USER and ROLE. */
function withDropFirst(cursor: TokenCursor, start: number, replace: boolean, created: Statement): Statement {
  if (!replace || created.kind !== 'schema') return created;
  const drops = created.names.map((name) => ({ ...dropFirst(cursor, start, name, created.objectKind), privileges: true }));
  return inSequence(cursor, start, [...drops, created]);
}
