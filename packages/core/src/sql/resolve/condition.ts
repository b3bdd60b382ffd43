import { unreachable } from '../../unreachable.js';
import type { ColumnReference, Expression, InQuery, OperatorName, Quantified, Query, RowConstructor } from '../model.js';
import { operatorValue } from './call.js';
import type { Resolver } from './context.js';
import { usedValue } from './effects.js';
import type { Scope } from './scope.js';
import { derive, link, type Outputs, type Value } from './value.js';

/** Conditions: which columns they compare, and how. */

/** One side of a comparison. */
export interface Compared {
  readonly value: Value;
  /** The column itself, when comparing this side for equality is comparing that column for equality. */
  readonly plain: Value | undefined;
}

/** The value of a condition. Records its predicate uses; under a `NOT` (`negated`) equality is no longer only equality. */
export function conditionValue(r: Resolver, expression: Expression, scope: Scope, negated: boolean): Value {
  switch (expression.kind) {
    case 'logical':
      return derive(expression.operands.map((operand) => r.condition(operand, scope, negated)));
    case 'not':
      return r.condition(expression.operand, scope, !negated);
    case 'comparison':
      return comparison(r, expression, scope, negated);
    case 'in-list':
      return expression.negated === negated ? inList(r, expression, scope) : other(r, r.value(expression, scope));
    case 'in-query':
      return inQuery(r, expression, scope, negated);
    case 'quantified':
      return quantified(r, expression, scope, negated);
    case 'exists':
      return exists(r, expression.query, scope);
    case 'literal':
    case 'parameter':
    case 'column':
    case 'star':
    case 'call':
    case 'operator':
    case 'null-test':
    case 'boolean-test':
    case 'scalar-query':
    case 'array-query':
    case 'case':
    case 'cast':
    case 'row':
    case 'array':
    case 'construct':
    case 'session-value':
    case 'field':
    case 'field-star':
    case 'subscript':
    case 'default':
    case 'cursor-position':
    case 'variable':
    case 'assignment':
    case 'method':
    case 'opaque':
      return other(r, r.value(expression, scope));
    default:
      return unreachable(expression);
  }
}

function other(r: Resolver, value: Value): Value {
  r.effects.use(value, 'predicate-other');
  return value;
}

/** Resolves one side of a comparison. */
export function comparedValue(r: Resolver, expression: Expression, scope: Scope): Compared {
  const value = r.value(expression, scope);
  if (value.direct) return { value, plain: value };
  const inner = comparableColumn(r, expression);
  return { value, plain: inner === undefined ? undefined : r.value(inner, scope) };
}

/** The column under casts and calls that keep equality. Walks wrappers only, so that nothing is resolved more than twice. */
function comparableColumn(r: Resolver, expression: Expression): ColumnReference | undefined {
  let at = expression;
  for (;;) {
    if (at.kind === 'column') return at;
    if (at.kind === 'cast' && at.type.modified !== true && r.options.routines.cast(at.type, r.searchPath)?.computes === 'fold') {
      at = at.operand;
      continue;
    }
    const [argument] = at.kind === 'call' ? at.arguments : [];
    if (at.kind !== 'call' || argument === undefined || at.arguments.length !== 1) return undefined;
    if (r.routineChanged(at.name) || r.options.routines.routine(at.name, 1, r.searchPath)?.computes !== 'fold') return undefined;
    at = argument.expression;
  }
}

function isConstant(value: Value): boolean {
  return value.origins.size === 0 && value.via.length === 0 && !value.opaque;
}

/** All origins pass unchanged: to compare the value is to compare those columns. */
function isPlain(side: Compared): boolean {
  if (side.plain === undefined || side.plain.origins.size === 0 || side.value.opaque) return false;
  for (const how of side.plain.origins.values()) if (how !== 'same') return false;
  return true;
}

/** Records that `left` is compared for equality with each of `rights`. */
function equal(r: Resolver, left: Compared, rights: readonly Compared[]): void {
  if (rights.some((right) => isConstant(right.value)) && !isConstant(left.value)) {
    r.effects.use(left.value, isPlain(left) ? 'predicate-equality' : 'predicate-other');
  }
  for (const right of rights) {
    if (!isConstant(right.value)) equalPair(r, left, right);
  }
}

function equalPair(r: Resolver, left: Compared, right: Compared): void {
  if (isConstant(left.value)) {
    r.effects.use(right.value, isPlain(right) ? 'predicate-equality' : 'predicate-other');
    return;
  }
  // Values that come from no stored column (a list of VALUES, a generated series) let a statement try out a whole domain at once.
  const use = isPlain(left) && isPlain(right) ? 'join' : 'predicate-other';
  r.effects.use(left.value, use);
  r.effects.use(right.value, use);
  link(left.value, right.value);
}

/** Two columns of a join that USING or NATURAL makes one. */
export function joinColumns(r: Resolver, left: Value, right: Value): void {
  equalPair(r, { value: left, plain: left.direct ? left : undefined }, { value: right, plain: right.direct ? right : undefined });
}

function comparison(r: Resolver, expression: Expression & { kind: 'comparison' }, scope: Scope, negated: boolean): Value {
  const tests: readonly string[] = negated ? ['not-equal', 'distinct'] : ['equal', 'not-distinct'];
  if (!tests.includes(expression.test)) {
    const values = [r.value(expression.left, scope), r.value(expression.right, scope)];
    return other(r, operatorValue(r, expression.operator, values, named(r, [expression.left, expression.right])));
  }
  const [left, right] = [sides(r, expression.left, scope), sides(r, expression.right, scope)];
  return equalSides(r, expression.operator, left, [right], [expression.left, expression.right]);
}

/** That they are compared is recorded: what a warning of a loose comparison tells is no more. */
function named(r: Resolver, operands: readonly Expression[] | undefined): readonly Expression[] | undefined {
  return r.options.rules.looseOperands === true ? undefined : operands;
}

/** A row as its fields, anything else as itself. */
function sides(r: Resolver, expression: Expression, scope: Scope): Compared[] {
  if (isPlainRow(expression)) return expression.fields.map((field) => comparedValue(r, field, scope));
  const side = comparedValue(r, expression, scope);
  if (side.value.fields === undefined) return [side];
  return side.value.fields.map(({ value }) => ({ value, plain: value.direct ? value : undefined }));
}

function isPlainRow(expression: Expression): expression is RowConstructor {
  return expression.kind === 'row' && expression.fields.every((field) => field.kind !== 'star' && field.kind !== 'field-star');
}

/** Compares position by position; rows of different lengths are compared as wholes. */
function equalSides(
  r: Resolver,
  operator: OperatorName,
  left: readonly Compared[],
  rights: readonly (readonly Compared[])[],
  operands?: readonly Expression[],
): Value {
  const all = [...left, ...rights.flat()].map((side) => side.value);
  const value = operatorValue(r, operator, all, named(r, operands));
  if (rights.some((right) => right.length !== left.length)) return other(r, value);
  for (const [at, side] of left.entries()) {
    equal(
      r,
      side,
      rights.flatMap((right) => right.slice(at, at + 1)),
    );
  }
  return value;
}

function inList(r: Resolver, expression: Expression & { kind: 'in-list' }, scope: Scope): Value {
  const left = sides(r, expression.operand, scope);
  return equalSides(
    r,
    expression.operator,
    left,
    expression.list.map((item) => sides(r, item, scope)),
    left.length === 1 ? [expression.operand, ...expression.list] : undefined,
  );
}

function outputSides(outputs: Outputs): Compared[] {
  return outputs.columns.map(({ value }) => ({ value, plain: value.direct ? value : undefined }));
}

function inQuery(r: Resolver, expression: InQuery, scope: Scope, negated: boolean): Value {
  if (expression.negated !== negated) return other(r, r.value(expression, scope));
  return equalToQuery(r, expression.operator, expression.operand, expression.query, scope);
}

function equalToQuery(r: Resolver, operator: OperatorName, operand: Expression, query: Query, scope: Scope): Value {
  const left = sides(r, operand, scope);
  const { outputs, chosen } = queried(r, query, scope);
  return derive([equalSides(r, operator, left, [queryColumn(r, outputs)]), chosen]);
}

/** What a query returns to be compared. A constant that it returns was computed for rows: it is a generated value. */
function queryColumn(r: Resolver, outputs: Outputs): Compared[] {
  if (!outputs.complete) for (const column of outputs.columns) r.effects.use(column.value, 'predicate-other');
  return outputSides(outputs);
}

function quantified(r: Resolver, expression: Quantified, scope: Scope, negated: boolean): Value {
  const equality = expression.quantifier === 'any' && !negated && (expression.test === 'equal' || expression.test === 'not-distinct');
  if (!equality) return other(r, r.value(expression, scope));
  const { right } = expression;
  if (right.kind === 'query') return equalToQuery(r, expression.operator, expression.left, right.query, scope);
  const left = sides(r, expression.left, scope);
  if (right.expression.kind === 'array') {
    const elements = right.expression.elements.map((element) => sides(r, element, scope));
    return equalSides(r, expression.operator, left, elements);
  }
  const array = comparedValue(r, right.expression, scope);
  return equalSides(r, expression.operator, left, [[{ value: array.value, plain: undefined }]]);
}

/**
 * Which rows a query returns was recorded as its own conditions, from which the truth derives; values that are computed for it may decide how many
 * there are.
 */
function exists(r: Resolver, query: Query, scope: Scope): Value {
  const { outputs, chosen } = queried(r, query, scope);
  const computed = outputs.columns.map((column) => column.value).filter((value) => !value.direct);
  return derive([other(r, derive(computed)), chosen]);
}

/** A query inside a condition, with what chooses its rows. */
export function queried(r: Resolver, query: Query, scope: Scope): { readonly outputs: Outputs; readonly chosen: Value } {
  const { result: outputs, effects } = r.collect(() => r.query(query, scope));
  r.effects.add(effects);
  return { outputs, chosen: usedValue(effects) };
}

/** One WHEN: a condition, or a value that the operand is compared with. */
export function caseCondition(r: Resolver, operand: Compared | undefined, condition: Expression, scope: Scope): Value {
  if (operand === undefined) return r.condition(condition, scope);
  const right = comparedValue(r, condition, scope);
  equal(r, operand, [right]);
  return right.value;
}
