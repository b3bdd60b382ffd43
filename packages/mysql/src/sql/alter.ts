import { parseUser } from './account.js';
import { parseAlterTable } from './alter-table.js';
import { skipCodeOptions } from './create.js';
import { PLAIN_OBJECTS, parseDatabase, parsePlainObject, parseSequence, parseServer, schema } from './create-object.js';
import { parseView } from './create-view.js';
import { parseAlterEvent, parseAlterRoutine } from './routine-create.js';
import { type ParseStatement, skipToEnd } from './statement-parts.js';

/** ALTER, by what is altered. MySQL Reference Manual, "Data Definition Statements", "ALTER USER Statement", "ALTER INSTANCE Statement". */

const ALTERATIONS: Readonly<Record<string, ParseStatement>> = {
  table: parseAlterTable,
  view: (cursor, start) => parseView(cursor, start, true),
  database: (cursor, start) => parseDatabase(cursor, start, 'alter'),
  schema: (cursor, start) => parseDatabase(cursor, start, 'alter'),
  sequence: (cursor, start) => parseSequence(cursor, start, 'alter'),
  server: (cursor, start) => parseServer(cursor, start, 'alter'),
  function: (cursor, start) => parseAlterRoutine(cursor, start, 'function'),
  procedure: (cursor, start) => parseAlterRoutine(cursor, start, 'procedure'),
  event: parseAlterEvent,
  user: (cursor, start) => parseUser(cursor, start, 'alter'),
  instance: (cursor, start) => {
    skipToEnd(cursor);
    return { kind: 'maintenance', span: cursor.spanFrom(start), action: 'maintain', what: 'alter instance', names: [] };
  },
  library: (cursor, start) => {
    skipToEnd(cursor);
    return schema(cursor, start, 'alter', 'function', [], { code: { kind: 'unknown-routine', detail: 'a library' } });
  },
};

/** Reads an ALTER behind that word. */
export const parseAlter: ParseStatement = (cursor, start) => {
  const plain = PLAIN_OBJECTS.find((words) => cursor.acceptWords(...words));
  if (plain !== undefined) return parsePlainObject(cursor, start, 'alter', plain.join(' '));
  skipCodeOptions(cursor);
  // ONLINE and IGNORE belong to tables.
  cursor.acceptOneOf('online', 'offline');
  cursor.accept('ignore');
  const token = cursor.peek();
  const alter = token.kind === 'word' && Object.hasOwn(ALTERATIONS, token.text) ? ALTERATIONS[token.text] : undefined;
  if (alter === undefined) return cursor.fail('what is altered');
  cursor.next();
  return alter(cursor, start);
};
