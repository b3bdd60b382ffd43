import type { Argument, Call, Expression, FieldStar, Star } from '@sqlwarden/core';
import { expressions, maybeExpression, type Normaliser } from './normaliser.js';
import { JSON_AND_XML } from './normalise-json.js';
import { dottedName, typeName } from './normalise-names.js';
import { OPERATOR_EXPRESSIONS, operatorName } from './normalise-operator.js';
import { orderItems, window } from './normalise-window.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** Expressions of the tree, by the name of their node. A node that is not here is opaque: its value may derive from anything. */
const EXPRESSIONS: Readonly<Record<string, (normaliser: Normaliser, shape: Shape) => Expression>> = {
  A_Const: constant,
  ParamRef: (_, shape) => ({ kind: 'parameter', number: shape.number('number') }),
  ColumnRef: columnReference,
  FuncCall: call,
  TypeCast: (normaliser, shape) => ({ kind: 'cast', operand: required(normaliser, shape, 'arg'), type: typeName(shape, 'typeName') }),
  CollateClause: collate,
  BoolExpr: logical,
  NullTest: (normaliser, shape) => {
    shape.skip('argisrow');
    return { kind: 'null-test', operand: required(normaliser, shape, 'arg'), negated: shape.text('nulltesttype') === 'IS_NOT_NULL' };
  },
  BooleanTest: booleanTest,
  SubLink: subquery,
  CaseExpr: caseExpression,
  CoalesceExpr: (normaliser, shape) => ({ kind: 'construct', name: 'coalesce', operands: expressions(normaliser, shape, 'args') }),
  MinMaxExpr: (normaliser, shape) => ({
    kind: 'construct',
    name: shape.text('op') === 'IS_LEAST' ? 'least' : 'greatest',
    operands: expressions(normaliser, shape, 'args'),
  }),
  GroupingFunc: (normaliser, shape) => ({ kind: 'construct', name: 'grouping', operands: expressions(normaliser, shape, 'args') }),
  MergeSupportFunc: (_, shape) => {
    shape.skipAll();
    return { kind: 'session-value', name: 'merge_action' };
  },
  SQLValueFunction: (_, shape) => {
    shape.skip('typmod', 'type');
    return {
      kind: 'session-value',
      name: shape
        .text('op')
        .replace(/^SVFOP_/, '')
        .replace(/_N$/, '')
        .toLowerCase(),
    };
  },
  RowExpr: (normaliser, shape) => {
    shape.skip('row_format');
    return { kind: 'row', fields: expressions(normaliser, shape, 'args') };
  },
  A_ArrayExpr: (normaliser, shape) => ({ kind: 'array', elements: expressions(normaliser, shape, 'elements') }),
  A_Indirection: indirection,
  SetToDefault: () => ({ kind: 'default' }),
  CurrentOfExpr: (_, shape) => ({ kind: 'cursor-position', cursor: shape.text('cursor_name') }),
  ...OPERATOR_EXPRESSIONS,
  ...JSON_AND_XML,
};

/** The names of the expression nodes that are understood. */
export const KNOWN_EXPRESSIONS: readonly string[] = Object.keys(EXPRESSIONS);

export function expression(normaliser: Normaliser, shape: Shape): Expression {
  const build = EXPRESSIONS[shape.name];
  if (build !== undefined) return build(normaliser, shape);
  shape.skipAll();
  return { kind: 'opaque', reason: { kind: 'unknown-node', detail: `expression ${shape.name}` }, operands: [] };
}

/** A field that must hold an expression. */
function required(normaliser: Normaliser, shape: Shape, field: string): Expression {
  const child = shape.child(field);
  if (child === undefined) throw new UnknownNodeError(`${shape.name} without ${field}`);
  return normaliser.expression(child);
}

function constant(_: Normaliser, shape: Shape): Expression {
  if (shape.flag('isnull')) return { kind: 'literal', type: 'null', value: null };
  const integer = shape.inline('ival', 'Integer');
  if (integer !== undefined) return { kind: 'literal', type: 'integer', value: String(integer.number('ival')) };
  const number = shape.inline('fval', 'Float');
  if (number !== undefined) return { kind: 'literal', type: 'number', value: number.text('fval') };
  const boolean = shape.inline('boolval', 'Boolean');
  if (boolean !== undefined) return { kind: 'literal', type: 'boolean', value: boolean.flag('boolval') };
  const string = shape.inline('sval', 'String');
  if (string !== undefined) return { kind: 'literal', type: 'string', value: string.text('sval') };
  const bits = shape.inline('bsval', 'BitString');
  if (bits !== undefined) return { kind: 'literal', type: 'other', value: bits.text('bsval') };
  throw new UnknownNodeError('A_Const without a value');
}

function columnReference(_: Normaliser, shape: Shape): Expression {
  const fields = shape.list('fields');
  const last = fields.pop();
  if (last === undefined) throw new UnknownNodeError('ColumnRef without a name');
  const qualifier = fields.map((field) => field.string());
  return last.name === 'A_Star' ? { kind: 'star', qualifier } : { kind: 'column', qualifier, name: last.string() };
}

function collate(normaliser: Normaliser, shape: Shape): Expression {
  // The tree also has this node without an operand, in column definitions; those are read where they stand.
  dottedName(shape, 'collname');
  return { kind: 'construct', name: 'collate', operands: [required(normaliser, shape, 'arg')] };
}

function logical(normaliser: Normaliser, shape: Shape): Expression {
  const operands = expressions(normaliser, shape, 'args');
  const operator = shape.text('boolop');
  const [first] = operands;
  if (operator === 'NOT_EXPR' && first !== undefined && operands.length === 1) return { kind: 'not', operand: first };
  if (operator === 'AND_EXPR') return { kind: 'logical', operator: 'and', operands };
  if (operator === 'OR_EXPR') return { kind: 'logical', operator: 'or', operands };
  throw new UnknownNodeError(`BoolExpr ${operator}`);
}

const BOOLEAN_TESTS: Readonly<Record<string, { readonly test: 'true' | 'false' | 'unknown'; readonly negated: boolean }>> = {
  IS_TRUE: { test: 'true', negated: false },
  IS_NOT_TRUE: { test: 'true', negated: true },
  IS_FALSE: { test: 'false', negated: false },
  IS_NOT_FALSE: { test: 'false', negated: true },
  IS_UNKNOWN: { test: 'unknown', negated: false },
  IS_NOT_UNKNOWN: { test: 'unknown', negated: true },
};

function booleanTest(normaliser: Normaliser, shape: Shape): Expression {
  const test = BOOLEAN_TESTS[shape.text('booltesttype')];
  if (test === undefined) throw new UnknownNodeError(`BooleanTest ${shape.text('booltesttype')}`);
  return { kind: 'boolean-test', operand: required(normaliser, shape, 'arg'), ...test };
}

function subquery(normaliser: Normaliser, shape: Shape): Expression {
  const select = shape.child('subselect');
  if (select === undefined) throw new UnknownNodeError('SubLink without a query');
  const query = normaliser.query(select);
  const type = shape.text('subLinkType');
  switch (type) {
    case 'EXISTS_SUBLINK':
      return { kind: 'exists', query };
    case 'EXPR_SUBLINK':
      return { kind: 'scalar-query', query };
    case 'ARRAY_SUBLINK':
      return { kind: 'array-query', query };
    case 'ANY_SUBLINK':
    case 'ALL_SUBLINK':
      break;
    default:
      throw new UnknownNodeError(`SubLink ${type}`);
  }
  const operand = required(normaliser, shape, 'testexpr');
  if (!shape.has('operName')) return { kind: 'in-query', operator: { symbol: '=' }, operand, query, negated: false };
  const { operator, test } = operatorName(shape, 'operName');
  const quantifier = type === 'ANY_SUBLINK' ? 'any' : 'all';
  return { kind: 'quantified', test: test ?? 'other', operator, quantifier, left: operand, right: { kind: 'query', query } };
}

function caseExpression(normaliser: Normaliser, shape: Shape): Expression {
  const [operand] = maybeExpression(normaliser, shape, 'arg');
  const whens = shape.list('args').map((when) => ({
    condition: required(normaliser, when, 'expr'),
    result: required(normaliser, when, 'result'),
  }));
  const [otherwise] = maybeExpression(normaliser, shape, 'defresult');
  return { kind: 'case', ...(operand && { operand }), whens, ...(otherwise && { otherwise }) };
}

function call(normaliser: Normaliser, shape: Shape): Call {
  const over = shape.inline('over', 'WindowDef');
  const orderBy = orderItems(normaliser, shape, 'agg_order');
  const [filter] = maybeExpression(normaliser, shape, 'agg_filter');
  shape.skip('agg_within_group', 'func_variadic');
  return {
    kind: 'call',
    name: dottedName(shape, 'funcname'),
    arguments: shape.list('args').map((argument) => callArgument(normaliser, argument)),
    ...(shape.flag('agg_star') && { star: true }),
    ...(shape.flag('agg_distinct') && { distinct: true }),
    ...(orderBy.length > 0 && { orderBy }),
    ...(filter && { filter }),
    ...(over && { over: window(normaliser, over) }),
    ...(shape.text('funcformat') === 'COERCE_SQL_SYNTAX' && { builtIn: true }),
  };
}

function callArgument(normaliser: Normaliser, shape: Shape): Argument {
  if (shape.name !== 'NamedArgExpr') return { expression: normaliser.expression(shape) };
  shape.skip('argnumber');
  return { expression: required(normaliser, shape, 'arg'), name: shape.text('name') };
}

/** `x.f`, `x[1]`, `(x).*`, in any number. */
function indirection(normaliser: Normaliser, shape: Shape): Expression {
  return applyIndirection(normaliser, required(normaliser, shape, 'arg'), shape.list('indirection'));
}

function applyIndirection(normaliser: Normaliser, base: Expression, steps: readonly Shape[]): Expression {
  let operand: Expression = base;
  for (const step of steps) {
    if (step.name === 'A_Star') operand = { kind: 'field-star', operand };
    else if (step.name === 'A_Indices') operand = { kind: 'subscript', operand, indices: indices(normaliser, step) };
    else operand = { kind: 'field', operand, field: step.string() };
  }
  return operand;
}

/** The expressions of an A_Indices node. */
export function indices(normaliser: Normaliser, shape: Shape): Expression[] {
  shape.skip('is_slice');
  return [...maybeExpression(normaliser, shape, 'lidx'), ...maybeExpression(normaliser, shape, 'uidx')];
}

/** Whether an expression stands for several columns. */
export function isStar(item: Expression): item is Star | FieldStar {
  return item.kind === 'star' || item.kind === 'field-star';
}
