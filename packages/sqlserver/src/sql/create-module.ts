import type { Statement } from '@sqlwarden/core';
import { parseDefault, parseRule } from './create-binding.js';
import { parseFunction, parseProcedure } from './create-routine.js';
import { parseCreateSchema } from './create-schema.js';
import { parseTrigger } from './create-trigger.js';
import { parseView } from './create-view.js';
import type { TokenCursor } from './cursor.js';

/**
 * What must be the first statement of its batch: "CREATE DEFAULT, CREATE FUNCTION, CREATE PROCEDURE, CREATE RULE, CREATE SCHEMA, CREATE TRIGGER,
 * and CREATE VIEW statements can't be combined with other statements in a batch" ("Batches"), and ALTER of the modules among them.
 */

type Parse = (cursor: TokenCursor, start: number, replace: boolean) => Statement;

const CREATED: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['default', parseDefault],
  ['rule', parseRule],
  ['schema', parseCreateSchema],
]);

const MODULES: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['function', parseFunction],
  ['proc', parseProcedure],
  ['procedure', parseProcedure],
  ['trigger', parseTrigger],
  ['view', parseView],
]);

/** Where the kind of the object is named: behind CREATE, ALTER or CREATE OR ALTER. */
function kindOffset(cursor: TokenCursor): number | undefined {
  if (cursor.isPhrase('create', 'or', 'alter')) return 3;
  return cursor.isWord('create', 'alter') ? 1 : undefined;
}

export function isModule(cursor: TokenCursor): boolean {
  return parserOf(cursor) !== undefined;
}

function parserOf(cursor: TokenCursor): Parse | undefined {
  const offset = kindOffset(cursor);
  if (offset === undefined) return undefined;
  const { kind, text } = cursor.peek(offset);
  if (kind !== 'word') return undefined;
  return MODULES.get(text) ?? (offset === 1 && cursor.isWord('create') ? CREATED.get(text) : undefined);
}

/** Reads the statement that {@link isModule} has seen. */
export function parseModule(cursor: TokenCursor): Statement {
  const parse = parserOf(cursor);
  if (parse === undefined) throw cursor.fail('expected CREATE or ALTER of a module');
  const start = cursor.start;
  const replace = !cursor.isWord('create') || cursor.isWordAt(1, 'or');
  const offset = kindOffset(cursor) ?? 0;
  for (let words = 0; words <= offset; words += 1) cursor.next();
  return parse(cursor, start, replace);
}
