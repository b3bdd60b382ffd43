import type { Expression, Statement } from '@sqlwarden/core';
import { dynamic, expression, expressionsIn, loop, type PlpgsqlReader, queryOf, required, sqlText, targetsOf } from './plpgsql-reader.js';
import { type Shape, UnknownNodeError } from './tree.js';

/** Cursors of PL/pgSQL. A cursor is a variable; it is known by that variable's name. */

export function plpgsqlCursorStatement(reader: PlpgsqlReader, shape: Shape): readonly Statement[] | undefined {
  switch (shape.name) {
    case 'PLpgSQL_stmt_open':
      return open(reader, shape);
    case 'PLpgSQL_stmt_fetch':
      return fetch(reader, shape);
    case 'PLpgSQL_stmt_close':
      return [{ kind: 'close', span: reader.span, cursor: cursorName(reader, shape) }];
    case 'PLpgSQL_stmt_forc': {
      const cursor = cursorName(reader, shape);
      const into = targetsOf(reader, shape, 'var');
      for (const target of into) reader.loopVariables.push(target.name);
      const opened = openBound(reader, shape);
      return [...opened, loop(reader, shape, [{ kind: 'fetch', span: reader.span, cursor, move: false, count: 1, into }])];
    }
    default:
      return undefined;
  }
}

function datumOf(reader: PlpgsqlReader, shape: Shape): PlpgsqlReader['datums'][number] {
  const datum = reader.datums[shape.number('curvar')];
  if (datum === undefined) throw new UnknownNodeError(`${shape.name}.curvar`);
  return datum;
}

function cursorName(reader: PlpgsqlReader, shape: Shape): string {
  const [target] = datumOf(reader, shape).target;
  if (target === undefined) throw new UnknownNodeError(`${shape.name}.curvar`);
  return target.name;
}

/** The cursor was declared with its query; what it is opened with goes into the variables of its parameters. */
function openBound(reader: PlpgsqlReader, shape: Shape): readonly Statement[] {
  const { cursor } = datumOf(reader, shape);
  const given = shape.child('argquery');
  // A variable of type refcursor that is opened under the name it holds.
  if (cursor === undefined) return [];
  const values = given === undefined ? [] : listOf(reader, sqlText(given));
  const assigned = cursor.parameters.map((target, at): Statement => {
    const value = values[at];
    if (value === undefined) throw new UnknownNodeError(`${shape.name}.argquery`);
    return { kind: 'assign', span: reader.span, target, value };
  });
  const query = queryOf(reader, cursor.query);
  return [...assigned, { kind: 'declare', span: reader.span, name: cursorName(reader, shape), query, hold: false }];
}

/** `5, 6 AS k`: in the order of the parameters. */
function listOf(reader: PlpgsqlReader, text: string): readonly Expression[] {
  const { body } = queryOf(reader, `SELECT ${text}`);
  return body.kind === 'select' ? body.items.map((item) => item.expression) : [];
}

function open(reader: PlpgsqlReader, shape: Shape): readonly Statement[] {
  shape.skip('cursor_options');
  const query = shape.child('query');
  const name = cursorName(reader, shape);
  if (query !== undefined) return [{ kind: 'declare', span: reader.span, name, query: queryOf(reader, sqlText(query)), hold: false }];
  if (!shape.has('dynquery')) return openBound(reader, shape);
  return [dynamic(reader, required(shape, 'dynquery'), expressionsIn(reader, shape, 'params'))];
}

function fetch(reader: PlpgsqlReader, shape: Shape): readonly Statement[] {
  shape.skip('direction', 'how_many', 'returns_multiple_rows');
  const cursor = cursorName(reader, shape);
  const move = shape.flag('is_move');
  const into = targetsOf(reader, shape, 'target');
  const count = shape.child('expr');
  // How far it goes is computed: a use of what it is computed from.
  const steps: readonly Statement[] =
    count === undefined ? [] : [{ kind: 'control', span: reader.span, what: 'wait', value: expression(reader, count) }];
  return [...steps, { kind: 'fetch', span: reader.span, cursor, move, count: null, ...(move ? {} : { into }) }];
}
