import { unreachable } from '../../unreachable.js';
import type { Call, Case, ColumnReference, Comparison, Expression, MethodCall, Operator, OperatorName, Query } from '../model.js';
import { joinName } from '../names.js';
import { callValue, castValue, chainedOperator, isKnownCall, noteMixture, operandValues, operatorValue } from './call.js';
import { caseCondition, comparedValue, queried } from './condition.js';
import type { Resolver } from './context.js';
import { documentMember } from './document.js';
import { expandStar, type Found, lookUp, type Scope } from './scope.js';
import { type Column, derive, either, NOTHING, OPAQUE, type Outputs, rowOf, type Value } from './value.js';

/** The value of every kind of expression. */
export function expressionValue(r: Resolver, expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'parameter':
      return r.programs.parameter(expression.number);
    case 'literal':
    case 'session-value':
    case 'default':
    case 'cursor-position':
      return NOTHING;
    case 'column':
      return columnValue(r, expression, scope);
    case 'star':
      return rowValue(r, [expression], scope);
    case 'call':
      return documentMember(r, expression, scope) ?? callValue(r, expression, scope);
    case 'operator':
      return documentMember(r, expression, scope) ?? operatorChain(r, expression, scope);
    case 'comparison':
      return comparisonValue(r, expression, scope);
    case 'logical':
      return truthOf(r, expression.operands, scope);
    case 'not':
    case 'boolean-test':
      return truthOf(r, [expression.operand], scope);
    case 'null-test':
      return valueOf(r, [expression.operand], scope);
    case 'in-list': {
      const operands = [expression.operand, ...expression.list];
      return operatorValue(r, expression.operator, operandValues(r, operands, scope, true), operands);
    }
    case 'in-query':
      return comparedToQuery(r, expression.operator, expression.operand, expression.query, scope);
    case 'exists':
      return existsValue(r, expression.query, scope);
    case 'scalar-query':
      if (!returnsOneRow(r, expression.query)) r.effects.tells = true;
      return scalarQuery(r.query(expression.query, scope));
    case 'array-query':
      return derive([outputsValue(r.query(expression.query, scope))]);
    case 'quantified': {
      const { right } = expression;
      if (right.kind === 'query') return comparedToQuery(r, expression.operator, expression.left, right.query, scope);
      return operatorValue(r, expression.operator, [r.value(expression.left, scope), r.value(right.expression, scope)]);
    }
    case 'case':
      return caseValue(r, expression, scope);
    case 'cast':
      return castValue(r, expression, scope);
    case 'row':
      return rowValue(r, expression.fields, scope);
    case 'array':
      return valueOf(r, expression.elements, scope);
    case 'construct': {
      const leavesOut = expression.name === 'coalesce' || r.options.rules.looseOperands === true;
      const values = operandValues(r, expression.operands, scope, leavesOut);
      noteMixture(r, expression, expression.operands, values);
      return combine(r, values);
    }
    case 'field':
      return fieldValue(r, r.value(expression.operand, scope), expression.field);
    case 'field-star':
      return r.value(expression.operand, scope);
    case 'subscript':
      return documentMember(r, expression, scope) ?? valueOf(r, [expression.operand, ...expression.indices], scope);
    case 'variable':
      return r.programs.variable(r, expression);
    case 'assignment': {
      const value = r.value(expression.value, scope);
      r.effects.tells = true;
      r.programs.assignByRow(r, expression.variable, value, expression.value);
      return value;
    }
    case 'method':
      return methodValue(r, expression, scope);
    case 'opaque':
      r.effects.tells = true;
      r.effects.opaque(expression.reason);
      return { ...valueOf(r, expression.operands, scope), opaque: true };
    default:
      return unreachable(expression);
  }
}

function comparisonValue(r: Resolver, { operator, left, right }: Comparison, scope: Scope): Value {
  return operatorValue(r, operator, operandValues(r, [left, right], scope, r.options.rules.looseOperands === true), [left, right]);
}

/** AND and OR stop where the others can change nothing any more. */
function truthOf(r: Resolver, operands: readonly Expression[], scope: Scope): Value {
  const values = operandValues(r, operands, scope, true);
  if (r.options.rules.looseOperands === true) for (const [at, value] of values.entries()) if (!isTruth(operands[at])) noteFailure(r, value);
  return combine(r, values);
}

/** Whether it can be computed depends on the value, and shows. */
function noteFailure(r: Resolver, value: Value): void {
  r.effects.tells = true;
  r.effects.use(value, 'failure');
}

const TRUTHS: ReadonlySet<Expression['kind']> = new Set<Expression['kind']>([
  'comparison',
  'logical',
  'not',
  'null-test',
  'boolean-test',
  'in-list',
  'in-query',
  'exists',
  'quantified',
  'column',
  'literal',
]);

/** It is true or false, or a column as it stands: nothing is converted that was computed. */
function isTruth(expression: Expression | undefined): boolean {
  return expression !== undefined && TRUTHS.has(expression.kind);
}

/** However many rows it reads, one row at most comes out; more of them would be an error. */
function returnsOneRow(r: Resolver, { body, limit }: Query): boolean {
  if (limit?.kind === 'literal' && limit.value === '1') return true;
  if (body.kind === 'values') return body.rows.length === 1;
  if (body.kind !== 'select' || body.groupBy.length > 0) return false;
  return body.from.length === 0 || body.items.some(({ expression }) => isAggregate(r, expression));
}

/** Without GROUP BY it makes one row of all. */
function isAggregate(r: Resolver, expression: Expression): boolean {
  if (expression.kind !== 'call' || expression.over !== undefined || r.routineChanged(expression.name)) return false;
  return r.options.routines.routine(expression.name, expression.arguments.length, r.searchPath)?.category === 'aggregate';
}

function valueOf(r: Resolver, operands: readonly Expression[], scope: Scope): Value {
  return combine(
    r,
    operands.map((operand) => r.value(operand, scope)),
  );
}

/** {@link derive}, accounted for. */
export function combine(r: Resolver, values: readonly Value[]): Value {
  for (const value of values) r.spend(value.origins.size + value.via.length);
  return derive(values);
}

function columnValue(r: Resolver, reference: ColumnReference, scope: Scope): Value {
  const lookup = lookUp(scope, reference, r.options.rules, (query) => r.correlated.add(query));
  // A local variable that is written like a column goes before one, or after it: dialects differ, so both count.
  const local = localValue(r, reference, lookup.kind === 'found');
  if (local !== undefined) return lookup.kind === 'unknown' ? local : either([foundColumn(r, reference, lookup.found), local]);
  const attribute = lookup.kind === 'found' && !isUnnamed(lookup.found) ? undefined : attributeCall(r, reference, scope);
  if (attribute !== undefined) return attribute;
  if (lookup.kind === 'unknown') {
    r.effects.opaque({ kind: 'unknown-column', detail: joinName(...reference.qualifier, reference.name) });
    return OPAQUE;
  }
  return foundColumn(r, reference, lookup.found);
}

/** The relation was found, but no column of that name. */
function isUnnamed({ value, column }: Found): boolean {
  return column === undefined && value === OPAQUE;
}

/** `row.f` for `f(row)`, where the row has no such column ("Functional notation", PostgreSQL: Composite Types, Using Composite Types in Queries). */
function attributeCall(r: Resolver, { qualifier, name }: ColumnReference, scope: Scope): Value | undefined {
  if (!r.options.rules.rowsAsValues || qualifier.length === 0) return undefined;
  const row: ColumnReference = { kind: 'column', qualifier: qualifier.slice(0, -1), name: qualifier.at(-1) ?? '' };
  const call: Call = { kind: 'call', name: [name], arguments: [{ expression: row }] };
  return isKnownCall(r, call) ? callValue(r, call, scope) : undefined;
}

function localValue(r: Resolver, { qualifier, name }: ColumnReference, isColumn: boolean): Value | undefined {
  const [record, ...more] = qualifier;
  if (record === undefined) return r.programs.local(r, name);
  if (more.length > 0) return undefined;
  const row = r.programs.local(r, record);
  // A variable that holds no row is not what is meant where a relation has that name.
  if (row !== undefined && (row.fields !== undefined || !isColumn)) return fieldValue(r, row, name);
  // What a trigger's body has put into a column of the new row; a variable behind the label of its block.
  return r.programs.local(r, `${record}.${name}`) ?? (isColumn ? undefined : r.programs.local(r, name));
}

function foundColumn(r: Resolver, reference: ColumnReference, { value, column }: Found): Value {
  if (column?.reason !== undefined) r.effects.opaque(column.reason);
  if (value.opaque && column === undefined && value.fields === undefined)
    r.effects.opaque({ kind: 'unknown-column', detail: joinName(...reference.qualifier, reference.name) });
  noteReasons(r, value.fields ?? []);
  return value;
}

/** Reading these columns may reach further than the analysis can see. */
function noteReasons(r: Resolver, columns: readonly Column[]): void {
  r.spend(columns.length);
  for (const column of columns) if (column.reason !== undefined) r.effects.opaque(column.reason);
}

/** The columns that a list of expressions stands for, with its stars expanded. Names are those that `name` gives to the others. */
export function expandList(r: Resolver, items: readonly Expression[], scope: Scope, name: (at: number) => string): Outputs {
  const columns: Column[] = [];
  let complete = true;
  let placed = 0;
  for (const [at, item] of items.entries()) {
    const expanded = expandItem(r, item, scope);
    if (expanded === undefined) {
      const isIdentity = item.kind === 'construct' && item.name === 'identity';
      columns.push({ name: name(at), value: r.value(item, scope), ...(isIdentity && { implicit: true as const }) });
    } else {
      if (complete) placed = columns.length;
      columns.push(...expanded.columns);
      complete &&= expanded.complete;
    }
  }
  return complete ? { columns, complete } : { columns, complete, placed };
}

/** What a star stands for; `undefined` when the expression is none. */
function expandItem(r: Resolver, item: Expression, scope: Scope): Outputs | undefined {
  if (item.kind === 'star') {
    const outputs = expandStar(scope, item.qualifier, (query) => r.correlated.add(query));
    if (outputs === undefined) return starOfColumn(r, item.qualifier, scope);
    if (!outputs.complete) r.effects.opaque({ kind: 'unknown-column', detail: joinName(...item.qualifier, '*') });
    noteReasons(r, outputs.columns);
    return outputs;
  }
  if (item.kind !== 'field-star') return undefined;
  return fieldsOf(r, r.value(item.operand, scope));
}

/** `a.*` where `a` is no FROM item: a column of a row type, or a mistake. */
function starOfColumn(r: Resolver, qualifier: readonly string[], scope: Scope): Outputs {
  return fieldsOf(r, columnValue(r, { kind: 'column', qualifier: qualifier.slice(0, -1), name: qualifier.at(-1) ?? '' }, scope));
}

function fieldsOf(r: Resolver, row: Value): Outputs {
  if (row.fields !== undefined) {
    noteReasons(r, row.fields);
    return { columns: row.fields, complete: !row.opaque };
  }
  // A stored column of a composite type: how many fields it has is not known here.
  r.effects.opaque({ kind: 'unknown-column', detail: 'the fields of a row value' });
  return { columns: [{ name: '*', value: derive([row]) }], complete: false };
}

function rowValue(r: Resolver, fields: readonly Expression[], scope: Scope): Value {
  const outputs = expandList(r, fields, scope, (at) => `f${at + 1}`);
  return rowOf(outputs.columns, outputs.complete);
}

export function fieldValue(r: Resolver, row: Value, name: string): Value {
  if (row.fields === undefined) return derive([row]);
  const field = row.fields.find((candidate) => candidate.name === name);
  if (field === undefined) {
    r.effects.opaque({ kind: 'unknown-column', detail: joinName(name) });
    return { ...derive([row]), opaque: true };
  }
  return field.value;
}

function scalarQuery(outputs: Outputs): Value {
  if (!outputs.complete) return outputsValue(outputs);
  const [first, second] = outputs.columns;
  if (first === undefined) return NOTHING;
  return second === undefined ? first.value : rowOf(outputs.columns);
}

/** Everything that a query returns, as one value. */
export function outputsValue(outputs: Outputs): Value {
  const value = derive(outputs.columns.map((column) => column.value));
  return outputs.complete ? value : { ...value, opaque: true };
}

/** Whether a query returns anything derives from what chooses its rows, and from what is computed for them. */
function existsValue(r: Resolver, query: Query, scope: Scope): Value {
  const { outputs, chosen } = queried(r, query, scope);
  return combine(r, [chosen, ...outputs.columns.flatMap(({ value }) => (value.direct ? [] : [value]))]);
}

/** A comparison with what a query returns derives from what chooses its rows as well, which is no operand. */
function comparedToQuery(r: Resolver, operator: OperatorName, operand: Expression, query: Query, scope: Scope): Value {
  const value = r.value(operand, scope);
  const { outputs, chosen } = queried(r, query, scope);
  const [only, ...more] = outputs.columns;
  const returned = only !== undefined && more.length === 0 && outputs.complete ? only.value : outputsValue(outputs);
  return combine(r, [operatorValue(r, operator, [value, returned]), chosen]);
}

/** A method of a value, or a routine in a schema whose name stands where the value would. Whether it can be computed depends on the value. */
function methodValue(r: Resolver, expression: MethodCall, scope: Scope): Value {
  if (expression.call !== undefined && isKnownCall(r, expression.call)) return callValue(r, expression.call, scope);
  const value = valueOf(r, [expression.operand, ...expression.arguments], scope);
  noteFailure(r, value);
  if (r.options.rules.pureMethods?.has(expression.method) === true) return value;
  r.effects.opaque({ kind: 'unknown-routine', detail: `method ${joinName(expression.method)}` });
  return { ...value, opaque: true };
}

function caseValue(r: Resolver, expression: Case, scope: Scope): Value {
  const operand = expression.operand === undefined ? undefined : comparedValue(r, expression.operand, scope);
  const conditions: Value[] = operand === undefined ? [] : [operand.value];
  const results: Value[] = [];
  for (const when of expression.whens) {
    conditions.push(caseCondition(r, operand, when.condition, scope));
    results.push(r.value(when.result, scope));
  }
  const taken = expression.whens.map(({ result }) => result);
  if (expression.otherwise !== undefined) {
    taken.push(expression.otherwise);
    results.push(r.value(expression.otherwise, scope));
  }
  noteMixture(r, expression, taken, results);
  return combine(r, [...conditions, ...results]);
}

/** `a || b || c …` leans to the left and may be long: walked, not recursed into. */
function operatorChain(r: Resolver, expression: Operator, scope: Scope): Value {
  const spine: Operator[] = [];
  let at: Expression = expression;
  let member: Value | undefined;
  while (at.kind === 'operator' && at.operands.length === 2) {
    member = at === expression ? undefined : documentMember(r, at, scope);
    if (member !== undefined) break;
    spine.push(at);
    const [left]: readonly Expression[] = at.operands;
    if (left === undefined) break;
    at = left;
  }
  if (spine.length <= 1) {
    return operatorValue(
      r,
      expression.operator,
      operandValues(r, expression.operands, scope, r.options.rules.looseOperands === true),
      expression.operands,
    );
  }
  const values = [member ?? r.value(at, scope)];
  let opaque = false;
  let total = true;
  for (const operator of spine.reverse()) {
    const [, right] = operator.operands;
    const value = right === undefined ? NOTHING : r.value(right, scope);
    // Of a chain only the first operand on the left is a value as it stands.
    const { isTotal, isOpaque } = chainedOperator(r, operator, values.length === 1 ? values[0] : undefined, value);
    opaque ||= isOpaque;
    total &&= isTotal;
    values.push(value);
  }
  if (!total) for (const value of values) noteFailure(r, value);
  return { ...combine(r, values), opaque: opaque || values.some((value) => value.opaque) };
}
