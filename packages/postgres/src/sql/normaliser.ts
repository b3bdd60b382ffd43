import type { Expression, FromItem, Query, SelectItem, Span, Statement } from '@sqlwarden/core';
import type { Shape } from './tree.js';

/**
 * The parts of the normaliser that call each other in a circle (an expression holds queries, a query holds expressions, WITH holds
 * statements). Each part is a file of functions that get this; `normalise.ts` puts them together.
 */
export interface Normaliser {
  /** Of the statement that is being read; every part of it gets the same. */
  readonly span: Span;
  /** Of the statement; absent inside of bodies. */
  readonly text?: string;
  expression(shape: Shape): Expression;
  fromItem(shape: Shape): FromItem;
  query(shape: Shape): Query;
  /** A ResTarget of a select list. */
  selectItem(shape: Shape): SelectItem;
  statement(shape: Shape): Statement;
  /** The statements of the body of a function of language SQL; `undefined` when it cannot be parsed. */
  body(text: string): readonly Statement[] | undefined;
  /** The statements of the PL/pgSQL body of a CREATE FUNCTION statement; `undefined` when it is not understood. */
  procedure(createFunction: string, returnsSet: boolean): readonly Statement[] | undefined;
}

/** Every node of a list field that holds expressions. */
export function expressions(normaliser: Normaliser, shape: Shape, field: string): Expression[] {
  return shape.list(field).map((item) => normaliser.expression(item));
}

/** A field that may hold an expression, as a list of none or one. */
export function maybeExpression(normaliser: Normaliser, shape: Shape, field: string): Expression[] {
  const child = shape.child(field);
  return child === undefined ? [] : [normaliser.expression(child)];
}
