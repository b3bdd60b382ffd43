import type { ColumnReference, Expression, Into, Loop, Query, Span, Statement } from '@sqlwarden/core';
import { type Shape, UnknownNodeError } from './tree.js';

/** The parts of PL/pgSQL's trees that every statement has: texts of SQL, targets, lists of statements. */

/** A variable or record of the function (`PLpgSQL_datum`); records' fields name their record. */
export interface Datum {
  readonly target: readonly Into[];
  /** Of a cursor: its query, and the variables that its arguments set. */
  readonly cursor?: { readonly query: string; readonly parameters: readonly Into[] };
}

/** What reading a body needs besides the tree. */
export interface PlpgsqlReader {
  readonly span: Span;
  /** The function returns rows: RETURN only ends it. */
  readonly returnsSet: boolean;
  /** The definition names SQLERRM somewhere. */
  readonly namesErrorText: boolean;
  readonly datums: readonly Datum[];
  /** Names of the variables that loops declare for themselves, as they are met. */
  readonly loopVariables: string[];
  /** One statement of the body. */
  statement(shape: Shape): readonly Statement[];
  /** The statements of a text of SQL; throws {@link UnknownNodeError} when it cannot be read. */
  sql(text: string): readonly Statement[];
}

export function local(name: string): ColumnReference {
  return { kind: 'column', qualifier: [], name };
}

/** The variables that a row of targets names: `INTO a, r.b`. */
export function rowTargets(reader: PlpgsqlReader, row: Shape): readonly Into[] {
  // Its fields are the only nodes that have no name.
  const fields = row.peek('fields') as readonly { readonly name: string; readonly varno?: number }[] | undefined;
  row.skip('fields');
  return (fields ?? []).map((field) => reader.datums[field.varno ?? 0]?.target[0] ?? local(field.name));
}

/** `PLpgSQL_expr`: its text. */
export function sqlText(shape: Shape): string {
  if (shape.name !== 'PLpgSQL_expr') throw new UnknownNodeError(`${shape.name} where an expression was expected`);
  shape.skip('parseMode');
  return shape.text('query');
}

/** An expression of PL/pgSQL: what SELECT would return for it, which may have a FROM. */
export function expression(reader: PlpgsqlReader, shape: Shape): Expression {
  return expressionOf(reader, sqlText(shape));
}

export function expressionOf(reader: PlpgsqlReader, text: string): Expression {
  const query = queryOf(reader, `SELECT ${text}`);
  const { body } = query;
  const plain =
    body.kind === 'select' && body.from.length === 0 && body.where === undefined && body.items.length === 1 && query.with === undefined;
  const [item] = body.kind === 'select' ? body.items : [];
  return plain && item !== undefined ? item.expression : { kind: 'scalar-query', query };
}

export function queryOf(reader: PlpgsqlReader, text: string): Query {
  const found = reader.sql(text);
  const [only] = found;
  if (found.length !== 1 || only?.kind !== 'select') throw new UnknownNodeError('a query of a body');
  return only.query;
}

export function targetsOf(reader: PlpgsqlReader, shape: Shape, field: string): readonly Into[] {
  const target = shape.child(field);
  if (target === undefined) return [];
  if (target.name === 'PLpgSQL_row') {
    target.skip('refname', 'lineno');
    return rowTargets(reader, target);
  }
  const name = target.text('refname');
  target.skipAll();
  return [local(name)];
}

export function targetNumber(reader: PlpgsqlReader, shape: Shape, field: string): Into {
  const target = reader.datums[shape.number(field)]?.target[0];
  if (target === undefined) throw new UnknownNodeError(`${shape.name}.${field}`);
  return target;
}

export function statements(reader: PlpgsqlReader, shape: Shape, field: string): Statement[] {
  return shape.list(field).flatMap((item) => reader.statement(item));
}

export function expressionsIn(reader: PlpgsqlReader, shape: Shape, field: string): Expression[] {
  return shape.list(field).map((item) => expression(reader, item));
}

export function required(shape: Shape, field: string): Shape {
  const child = shape.child(field);
  if (child === undefined) throw new UnknownNodeError(`${shape.name} without ${field}`);
  return child;
}

export function loop(reader: PlpgsqlReader, shape: Shape, first: readonly Statement[], condition?: Expression): Loop {
  shape.skip('label');
  const body = [...first, ...statements(reader, shape, 'body')];
  return { kind: 'loop', span: reader.span, ...(condition && { condition }), statements: body };
}

/** Nothing is known of what these variables are given. */
export function unknownInto(reader: PlpgsqlReader, targets: readonly Into[]): readonly Statement[] {
  const value: Expression = {
    kind: 'opaque',
    reason: { kind: 'dynamic-sql', detail: 'rows of a text that is run' },
    operands: [],
  };
  return targets.map((target): Statement => ({ kind: 'assign', span: reader.span, target, value }));
}

export function dynamic(reader: PlpgsqlReader, text: Shape, parameters: readonly Expression[]): Statement {
  const operands = [expression(reader, text), ...parameters];
  return { kind: 'dynamic', span: reader.span, statements: undefined, operands, parameters: [] };
}
