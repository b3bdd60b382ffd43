import type { ComparisonTest, Expression, OperatorName } from '@sqlwarden/core';
import { maybeExpression, type Normaliser } from './normaliser.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** The A_Expr node: everything that is written with an operator, or is one under another name. */

const COMPARISONS: Readonly<Record<string, ComparisonTest>> = {
  '=': 'equal',
  '<>': 'not-equal',
  '<': 'less',
  '<=': 'less-or-equal',
  '>': 'greater',
  '>=': 'greater-or-equal',
};

export interface NamedOperator {
  readonly operator: OperatorName;
  /** What it compares, when it is one of the comparison operators. */
  readonly test: ComparisonTest | undefined;
}

/** A list field that names an operator, perhaps with its schema. */
export function operatorName(shape: Shape, field: string): NamedOperator {
  const parts = shape.names(field);
  const symbol = parts.at(-1);
  const schema = parts.at(-2);
  if (symbol === undefined || parts.length > 2) throw new UnknownNodeError(`${shape.name}.${field} of ${parts.length} parts`);
  // An operator of another schema may do anything, whatever it is called.
  const test = schema === undefined || schema === 'pg_catalog' ? COMPARISONS[symbol] : undefined;
  return { operator: { symbol, ...(schema !== undefined && { schema }) }, test };
}

type Build = (normaliser: Normaliser, shape: Shape) => Expression;

const KINDS: Readonly<Record<string, Build>> = {
  AEXPR_OP: plain,
  AEXPR_OP_ANY: (normaliser, shape) => quantified(normaliser, shape, 'any'),
  AEXPR_OP_ALL: (normaliser, shape) => quantified(normaliser, shape, 'all'),
  AEXPR_DISTINCT: (normaliser, shape) => comparison(normaliser, shape, 'distinct'),
  AEXPR_NOT_DISTINCT: (normaliser, shape) => comparison(normaliser, shape, 'not-distinct'),
  AEXPR_NULLIF: (normaliser, shape) => {
    shape.skip('name');
    for (const part of shape.list('name')) part.skipAll();
    return { kind: 'construct', name: 'nullif', operands: sides(normaliser, shape) };
  },
  AEXPR_IN: inList,
  AEXPR_LIKE: (normaliser, shape) => worded(normaliser, shape, 'like'),
  AEXPR_ILIKE: (normaliser, shape) => worded(normaliser, shape, 'ilike'),
  AEXPR_SIMILAR: (normaliser, shape) => worded(normaliser, shape, 'similar to'),
  AEXPR_BETWEEN: (normaliser, shape) => between(normaliser, shape, 'between'),
  AEXPR_NOT_BETWEEN: (normaliser, shape) => between(normaliser, shape, 'not between'),
  AEXPR_BETWEEN_SYM: (normaliser, shape) => between(normaliser, shape, 'between symmetric'),
  AEXPR_NOT_BETWEEN_SYM: (normaliser, shape) => between(normaliser, shape, 'not between symmetric'),
};

export const OPERATOR_EXPRESSIONS: Readonly<Record<string, Build>> = {
  A_Expr: (normaliser, shape) => {
    const build = KINDS[shape.text('kind')];
    if (build === undefined) throw new UnknownNodeError(`A_Expr ${shape.text('kind')}`);
    return build(normaliser, shape);
  },
};

function sides(normaliser: Normaliser, shape: Shape): Expression[] {
  return [...maybeExpression(normaliser, shape, 'lexpr'), ...maybeExpression(normaliser, shape, 'rexpr')];
}

function plain(normaliser: Normaliser, shape: Shape): Expression {
  const { operator, test } = operatorName(shape, 'name');
  const operands = sides(normaliser, shape);
  const [left, right] = operands;
  if (test !== undefined && left !== undefined && right !== undefined) return { kind: 'comparison', test, operator, left, right };
  return { kind: 'operator', operator, operands };
}

function comparison(normaliser: Normaliser, shape: Shape, test: ComparisonTest): Expression {
  const [left, right] = sides(normaliser, shape);
  if (left === undefined || right === undefined) throw new UnknownNodeError('a comparison without two sides');
  return { kind: 'comparison', test, operator: operatorName(shape, 'name').operator, left, right };
}

function quantified(normaliser: Normaliser, shape: Shape, quantifier: 'any' | 'all'): Expression {
  const { operator, test } = operatorName(shape, 'name');
  const [left, right] = sides(normaliser, shape);
  if (left === undefined || right === undefined) throw new UnknownNodeError('a quantified comparison without two sides');
  return { kind: 'quantified', test: test ?? 'other', operator, quantifier, left, right: { kind: 'array', expression: right } };
}

function listSide(normaliser: Normaliser, shape: Shape): Expression[] {
  const right = shape.child('rexpr');
  if (right?.name !== 'List') throw new UnknownNodeError('A_Expr without a list');
  return right.list('items').map((item) => normaliser.expression(item));
}

function inList(normaliser: Normaliser, shape: Shape): Expression {
  const { operator } = operatorName(shape, 'name');
  const [operand] = maybeExpression(normaliser, shape, 'lexpr');
  if (operand === undefined) throw new UnknownNodeError('IN without an operand');
  return { kind: 'in-list', operator: { symbol: '=' }, operand, list: listSide(normaliser, shape), negated: operator.symbol === '<>' };
}

/** LIKE and its kin: the tree holds the operator that is used (`~~`); a leading `!` negates. ESCAPE is a call on the right side. */
function worded(normaliser: Normaliser, shape: Shape, word: string): Expression {
  const { operator } = operatorName(shape, 'name');
  const symbol = operator.symbol.startsWith('!') ? `not ${word}` : word;
  return { kind: 'operator', operator: { symbol }, operands: sides(normaliser, shape) };
}

function between(normaliser: Normaliser, shape: Shape, symbol: string): Expression {
  for (const part of shape.list('name')) part.skipAll();
  const left = maybeExpression(normaliser, shape, 'lexpr');
  return { kind: 'operator', operator: { symbol }, operands: [...left, ...listSide(normaliser, shape)] };
}
