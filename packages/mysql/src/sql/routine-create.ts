import type { CreateRoutine, Expression, NameParts, Statement, TriggerEvent } from '@sqlwarden/core';
import { parseLoadableFunction, schema } from './create-object.js';
import { readType } from './create-type.js';
import type { TokenCursor } from './cursor.js';
import { readAnyName, readColumnName, readRelationName, readRoutineName } from './names.js';
import { parseBodyStatement } from './routine-block.js';
import type { Locals } from './routine-locals.js';
import { acceptIfExists, acceptIfNotExists, dropFirst, inSequence, readString } from './statement-parts.js';

/** Stored programs. MySQL Reference Manual, "CREATE PROCEDURE and CREATE FUNCTION Statements", "CREATE TRIGGER Statement", "CREATE EVENT Statement". */

export interface RoutineWords {
  readonly replace: boolean;
  readonly aggregate: boolean;
}

/** Reads CREATE FUNCTION and CREATE PROCEDURE behind that word. */
export function parseCreateRoutine(cursor: TokenCursor, start: number, kind: 'function' | 'procedure', words: RoutineWords): Statement {
  acceptIfNotExists(cursor);
  const name = readRoutineName(cursor);
  if (kind === 'function' && cursor.isWord('returns')) {
    const library = parseLoadableFunction(cursor, start, name);
    return words.replace ? inSequence(cursor, start, [dropFirst(cursor, start, name, kind), library]) : library;
  }
  const parameters = readParameters(cursor);
  if (kind === 'function') {
    cursor.expect('returns');
    readType(cursor);
    if (cursor.accept('collate')) readAnyName(cursor);
  }
  const security = readCharacteristics(cursor);
  const body = [parseBodyStatement(cursor, { names: new Set(parameters.map(({ name: parameter }) => parameter)), outer: undefined })];
  return {
    kind: 'create-routine',
    span: cursor.spanFrom(start),
    objectKind: words.aggregate ? 'aggregate' : kind,
    name,
    language: 'sql',
    body,
    parameters: parameters.map(({ name: parameter }) => parameter),
    outputs: parameters.filter(({ isOutput }) => isOutput).map(({ name: parameter }) => parameter),
    ...(kind === 'function' && { returns: 'value' }),
    expressions: parameters.flatMap(({ value }) => (value === undefined ? [] : [value])),
    securityDefiner: security !== 'invoker',
    replace: words.replace,
  };
}

interface RoutineParameter {
  readonly name: string;
  readonly isOutput: boolean;
  /** MariaDB: its default. */
  readonly value: Expression | undefined;
}

function readParameters(cursor: TokenCursor): RoutineParameter[] {
  return cursor.parenthesised(() => (cursor.isSymbol(')') ? [] : cursor.list(() => readParameter(cursor))));
}

function readParameter(cursor: TokenCursor): RoutineParameter {
  const direction = cursor.acceptOneOf('in', 'out', 'inout');
  const name = readColumnName(cursor);
  readType(cursor);
  if (cursor.accept('collate')) readAnyName(cursor);
  const hasDefault = cursor.isMariaDb && (cursor.accept('default') || cursor.acceptSymbol(':='));
  const value = hasDefault ? cursor.grammar.expression(cursor) : undefined;
  return { name, isOutput: direction === 'out' || direction === 'inout', value };
}

/** Gives SQL SECURITY when it is written; it is DEFINER when it is not. */
function readCharacteristics(cursor: TokenCursor): 'definer' | 'invoker' | undefined {
  let security: 'definer' | 'invoker' | undefined;
  for (;;) {
    if (cursor.accept('comment')) readString(cursor);
    else if (cursor.accept('language')) readAnyName(cursor);
    else if (cursor.isWord('not') && cursor.isWord('deterministic', 1)) cursor.acceptWords('not', 'deterministic');
    else if (cursor.accept('deterministic') || cursor.acceptWords('contains', 'sql') || cursor.acceptWords('no', 'sql')) continue;
    else if (cursor.acceptWords('reads', 'sql', 'data') || cursor.acceptWords('modifies', 'sql', 'data')) continue;
    else if (cursor.acceptWords('sql', 'security')) security = readSecurity(cursor);
    else return security;
  }
}

function readSecurity(cursor: TokenCursor): 'definer' | 'invoker' {
  return cursor.acceptOneOf('definer', 'invoker') ?? cursor.fail('DEFINER');
}

/** ALTER FUNCTION and PROCEDURE change characteristics only. */
export function parseAlterRoutine(cursor: TokenCursor, start: number, kind: 'function' | 'procedure'): Statement {
  acceptIfExists(cursor);
  const name = readRoutineName(cursor);
  const security = readCharacteristics(cursor);
  return schema(cursor, start, 'alter', kind, [name], security === undefined ? {} : { privileges: true });
}

// ---------------------------------------------------------------- triggers

/** Reads CREATE TRIGGER behind that word. */
export function parseCreateTrigger(cursor: TokenCursor, start: number, replace: boolean): Statement {
  acceptIfNotExists(cursor);
  const name = readRelationName(cursor);
  if (cursor.acceptOneOf('before', 'after') === undefined) cursor.fail('BEFORE');
  const events = readTriggerEvents(cursor);
  cursor.expect('on');
  const relation = readRelationName(cursor);
  cursor.expect('for', 'each', 'row');
  if (cursor.acceptOneOf('follows', 'precedes') !== undefined) readRelationName(cursor);
  cursor.inTrigger = true;
  const body = [parseBodyStatement(cursor, { names: new Set(), outer: undefined })];
  cursor.inTrigger = false;
  return {
    kind: 'create-trigger',
    span: cursor.spanFrom(start),
    name: name.at(-1) ?? '',
    relation: qualifiedLike(name, relation),
    events,
    body,
    arguments: [],
    replace,
  };
}

/** A trigger is in the schema of its table: where only the trigger's is written, it is the table's, too. */
function qualifiedLike(trigger: NameParts, relation: NameParts): NameParts {
  return relation.length === 1 && trigger.length > 1 ? [...trigger.slice(0, -1), ...relation] : relation;
}

/** `INSERT`; newer versions of MariaDB take several: `INSERT OR UPDATE OF a, b`. */
function readTriggerEvents(cursor: TokenCursor): TriggerEvent[] {
  const events: TriggerEvent[] = [];
  do {
    const change = cursor.acceptOneOf('insert', 'update', 'delete') ?? cursor.fail('INSERT');
    if (change === 'update' && cursor.accept('of')) cursor.list(() => readColumnName(cursor));
    events.push(change);
  } while (cursor.isMariaDb && cursor.accept('or'));
  return events;
}

// ---------------------------------------------------------------- events

/** Reads CREATE EVENT behind that word. */
export function parseCreateEvent(cursor: TokenCursor, start: number, replace: boolean): Statement {
  acceptIfNotExists(cursor);
  const name = readRoutineName(cursor);
  const details = readEvent(cursor);
  const { body } = details;
  if (body === undefined) cursor.fail('DO');
  return event(cursor, start, name, details.expressions, body, replace);
}

/** ALTER EVENT: with a body it is defined anew. */
export function parseAlterEvent(cursor: TokenCursor, start: number): Statement {
  const name = readRoutineName(cursor);
  const { expressions, body, newName } = readEvent(cursor);
  const renamed = newName === undefined ? {} : { newName: newName.at(-1) ?? '' };
  const altered = schema(cursor, start, 'alter', 'event', [name], { expressions, ...renamed });
  if (body === undefined) return altered;
  return inSequence(cursor, start, [event(cursor, start, name, expressions, body, true), ...(newName === undefined ? [] : [altered])]);
}

function event(
  cursor: TokenCursor,
  start: number,
  name: NameParts,
  expressions: readonly Expression[],
  body: Statement,
  replace: boolean,
): CreateRoutine {
  return {
    kind: 'create-routine',
    span: cursor.spanFrom(start),
    objectKind: 'event',
    name,
    language: 'sql',
    body: [body],
    parameters: [],
    expressions,
    securityDefiner: true,
    replace,
  };
}

interface EventDetails {
  readonly expressions: Expression[];
  body: Statement | undefined;
  newName: NameParts | undefined;
}

function readEvent(cursor: TokenCursor): EventDetails {
  const details: EventDetails = { expressions: [], body: undefined, newName: undefined };
  if (cursor.acceptWords('on', 'schedule')) details.expressions.push(...readSchedule(cursor));
  if (cursor.acceptWords('on', 'completion')) {
    cursor.accept('not');
    cursor.expect('preserve');
  }
  if (cursor.acceptWords('rename', 'to')) details.newName = readRoutineName(cursor);
  if (!cursor.accept('enable') && cursor.accept('disable') && cursor.accept('on')) readAnyName(cursor);
  if (cursor.accept('comment')) readString(cursor);
  const locals: Locals = { names: new Set(), outer: undefined };
  if (cursor.accept('do')) details.body = parseBodyStatement(cursor, locals);
  return details;
}

/** `AT time`, `EVERY value unit [STARTS time] [ENDS time]`. */
function readSchedule(cursor: TokenCursor): Expression[] {
  if (cursor.accept('at')) return [cursor.grammar.expression(cursor)];
  cursor.expect('every');
  const expressions = [cursor.grammar.expression(cursor)];
  readAnyName(cursor);
  if (cursor.accept('starts')) expressions.push(cursor.grammar.expression(cursor));
  if (cursor.accept('ends')) expressions.push(cursor.grammar.expression(cursor));
  return expressions;
}
