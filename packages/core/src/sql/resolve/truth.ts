import { unreachable } from '../../unreachable.js';
import type { FilterFact } from '../facts.js';
import type { BooleanTest, Case, Comparison, ComparisonTest, Expression, Literal, Quantified, Query } from '../model.js';
import type { Resolver } from './context.js';
import { lookUp, type Scope } from './scope.js';
import { mentionsRows } from './syntax.js';
import { sameValue } from './value.js';

/**
 * Whether a condition excludes anything. `free`: no column of the statement's rows is in it, so it lets all of them through or none.
 * `some`: it may choose among rows.
 */
type Truth = 'true' | 'false' | 'free' | 'some';

/** The filter fact of a WHERE clause. To be asked after the condition was resolved. */
export function filterOf(r: Resolver, where: Expression | undefined, scope: Scope): FilterFact {
  if (where === undefined) return 'absent';
  const truth = truthOf(r, where, scope);
  return truth === 'true' || truth === 'free' ? 'always-true' : 'present';
}

function truthOf(r: Resolver, expression: Expression, scope: Scope): Truth {
  return r.nested(() => {
    // A graph pattern names the relations of FROM, not their columns.
    if (expression.kind === 'construct' && expression.name === 'match') return 'some';
    if (!mentionsRows(expression, r.correlated)) return constantTruth(expression);
    switch (expression.kind) {
      case 'logical':
        return logicalTruth(r, expression.operator, expression.operands, scope);
      case 'not':
        return inverse(truthOf(r, expression.operand, scope));
      case 'comparison':
        return comparisonTruth(r, expression, scope);
      case 'null-test':
        return neverNull(r, expression.operand, scope) ? positive(!expression.negated) : 'some';
      case 'boolean-test':
        return booleanTruth(r, expression, scope);
      case 'in-list':
        return expression.list.some((item) => isSame(item, expression.operand)) ? positive(expression.negated) : 'some';
      case 'quantified':
        return quantifiedTruth(r, expression, scope);
      case 'in-query':
        return isWholeColumn(r, expression.operand, expression.query, scope) ? positive(expression.negated) : 'some';
      case 'case':
        return caseTruth(r, expression, scope);
      case 'operator':
        return operatorTruth(expression.operator.symbol, expression.operands);
      case 'cast':
        return truthOf(r, expression.operand, scope);
      case 'construct':
      case 'column':
      case 'call':
      case 'exists':
      case 'scalar-query':
      case 'array-query':
      case 'row':
      case 'array':
      case 'field':
      case 'field-star':
      case 'subscript':
      case 'star':
      case 'cursor-position':
      case 'variable':
      case 'assignment':
      case 'method':
      case 'opaque':
      case 'literal':
      case 'parameter':
      case 'session-value':
      case 'default':
        return 'some';
      default:
        return unreachable(expression);
    }
  });
}

function positive(negated: boolean): Truth {
  return negated ? 'false' : 'true';
}

function inverse(truth: Truth): Truth {
  if (truth === 'true') return 'false';
  return truth === 'false' ? 'true' : truth;
}

/** Conditions without columns: the plain ones are decided, the others may be true. */
function constantTruth(expression: Expression): Truth {
  if (expression.kind === 'literal' && expression.type === 'boolean') return expression.value === true ? 'true' : 'false';
  if (expression.kind === 'literal' && expression.type === 'null') return 'false';
  if (expression.kind === 'not') return inverse(constantTruth(expression.operand));
  if (expression.kind === 'comparison') return constantComparison(expression.test, expression.left, expression.right);
  const number = numberOf(expression);
  if (number !== undefined) return number === 0 ? 'false' : 'true';
  if (expression.kind !== 'logical') return 'free';
  const truths = expression.operands.map(constantTruth);
  const [decides, passes]: readonly [Truth, Truth] = expression.operator === 'and' ? ['false', 'true'] : ['true', 'false'];
  if (truths.includes(decides)) return decides;
  return truths.every((truth) => truth === passes) ? passes : 'free';
}

/** Where numbers are truth values, all but zero are true. */
function numberOf(expression: Expression): number | undefined {
  if (expression.kind !== 'literal' || (expression.type !== 'integer' && expression.type !== 'number')) return undefined;
  const number = Number(expression.value);
  return Number.isNaN(number) ? undefined : number;
}

const NUMBER_TESTS = {
  equal: (a, b) => a === b,
  'not-equal': (a, b) => a !== b,
  less: (a, b) => a < b,
  'less-or-equal': (a, b) => a <= b,
  greater: (a, b) => a > b,
  'greater-or-equal': (a, b) => a >= b,
  distinct: (a, b) => a !== b,
  'not-distinct': (a, b) => a === b,
} as const satisfies Record<ComparisonTest, (a: number, b: number) => boolean>;

function constantComparison(test: ComparisonTest, left: Expression, right: Expression): Truth {
  if (left.kind !== 'literal' || right.kind !== 'literal' || left.type !== right.type || left.type === 'null' || left.type === 'other')
    return 'free';
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a !== undefined && b !== undefined) return a === b && left.value !== right.value ? 'free' : positive(!NUMBER_TESTS[test](a, b));
  if (test !== 'equal' && test !== 'not-equal') return 'free';
  if (left.value !== right.value && letters(left) === letters(right)) return 'free';
  return positive((left.value === right.value) !== (test === 'equal'));
}

/** Texts that differ in this are different in every collation. */
function letters({ value }: Literal): string {
  return String(value).normalize('NFKD').replace(/\p{M}/gu, '').trim().toLowerCase();
}

function logicalTruth(r: Resolver, operator: 'and' | 'or', operands: readonly Expression[], scope: Scope): Truth {
  const truths = operands.map((operand) => truthOf(r, operand, scope));
  const [decides, passes]: readonly [Truth, Truth] = operator === 'and' ? ['false', 'true'] : ['true', 'false'];
  if (truths.includes(decides)) return decides;
  if (operator === 'or' && (truths.includes('free') || hasComplement(operands))) return truths.includes('free') ? 'free' : 'true';
  if (truths.includes('some')) return 'some';
  return truths.includes('free') ? 'free' : passes;
}

/** Pairs of conditions beyond this number are not compared: the clause is long because it chooses. */
const MAX_COMPARED = 40;

function hasComplement(operands: readonly Expression[]): boolean {
  if (operands.length > MAX_COMPARED) return false;
  return operands.some((a, at) => operands.slice(at + 1).some((b) => isComplement(a, b)));
}

function isComplement(a: Expression, b: Expression): boolean {
  if (a.kind === 'not') return isSame(a.operand, b);
  if (b.kind === 'not') return isSame(a, b.operand);
  if (a.kind === 'null-test' && b.kind === 'null-test') return a.negated !== b.negated && isSame(a.operand, b.operand);
  if (a.kind === 'comparison' && b.kind === 'comparison') {
    if (COMPLEMENTS[a.test].includes(b.test) && isSame(a.left, b.left) && isSame(a.right, b.right)) return true;
    return COMPLEMENTS[a.test].includes(MIRRORED[b.test]) && isSame(a.left, b.right) && isSame(a.right, b.left);
  }
  if (a.kind === 'in-list' && b.kind === 'in-list') {
    const lists = a.list.length === b.list.length && a.list.every((item, at) => isSame(item, b.list[at]));
    return a.negated !== b.negated && lists && isSame(a.operand, b.operand);
  }
  return false;
}

/** The tests of which at least one holds for any two values that are not null. */
const COMPLEMENTS = {
  equal: ['not-equal', 'distinct'],
  'not-equal': ['equal', 'not-distinct'],
  less: ['greater-or-equal'],
  'less-or-equal': ['greater', 'greater-or-equal'],
  greater: ['less-or-equal'],
  'greater-or-equal': ['less', 'less-or-equal'],
  distinct: ['equal', 'not-distinct'],
  'not-distinct': ['not-equal', 'distinct'],
} as const satisfies Record<ComparisonTest, readonly ComparisonTest[]> as Record<ComparisonTest, readonly ComparisonTest[]>;

const MIRRORED = {
  equal: 'equal',
  'not-equal': 'not-equal',
  less: 'greater',
  'less-or-equal': 'greater-or-equal',
  greater: 'less',
  'greater-or-equal': 'less-or-equal',
  distinct: 'distinct',
  'not-distinct': 'not-distinct',
} as const satisfies Record<ComparisonTest, ComparisonTest>;

const REFLEXIVE: ReadonlySet<ComparisonTest> = new Set<ComparisonTest>(['equal', 'less-or-equal', 'greater-or-equal', 'not-distinct']);

function comparisonTruth(r: Resolver, expression: Comparison, scope: Scope): Truth {
  const { test, left, right } = expression;
  if (test === 'distinct' || test === 'not-distinct') {
    const other = isNull(left) ? right : isNull(right) ? left : undefined;
    if (other !== undefined) return neverNull(r, other, scope) ? positive(test === 'not-distinct') : 'some';
  }
  if (test === 'equal' && (isAlways(left, right) || isAlways(right, left))) return 'true';
  if (!isSame(left, right)) return 'some';
  return REFLEXIVE.has(test) ? 'true' : 'false';
}

/** A CASE that gives the same whatever its conditions are. */
function isAlways(expression: Expression, value: Expression): boolean {
  if (expression.kind !== 'case' || expression.otherwise === undefined) return false;
  return [...expression.whens.map(({ result }) => result), expression.otherwise].every((result) => isSame(result, value));
}

function isNull(expression: Expression): boolean {
  return expression.kind === 'literal' && expression.type === 'null';
}

/** Declared so, or computed so from what is. */
function neverNull(r: Resolver, expression: Expression, scope: Scope): boolean {
  switch (expression.kind) {
    case 'literal':
      return expression.type !== 'null';
    case 'column': {
      if (r.options.rules.systemColumns.has(expression.name)) return true;
      const lookup = lookUp(scope, expression, r.options.rules, () => undefined);
      return lookup.kind === 'found' && lookup.found.column?.notNull === true;
    }
    case 'comparison':
      return neverNull(r, expression.left, scope) && neverNull(r, expression.right, scope);
    case 'logical':
      return expression.operands.every((operand) => neverNull(r, operand, scope));
    case 'not':
      return neverNull(r, expression.operand, scope);
    case 'null-test':
    case 'boolean-test':
    case 'exists':
      return true;
    default:
      return false;
  }
}

function booleanTruth(r: Resolver, expression: BooleanTest, scope: Scope): Truth {
  if (expression.test === 'unknown') return neverNull(r, expression.operand, scope) ? positive(!expression.negated) : 'some';
  const truth = truthOf(r, expression.operand, scope);
  if (truth === 'some' || truth === 'free') return truth;
  return positive((expression.test === truth) === expression.negated);
}

/** Whatever the conditions, every result lets all rows through. */
function caseTruth(r: Resolver, expression: Case, scope: Scope): Truth {
  if (expression.otherwise === undefined) return 'some';
  const truths = [...expression.whens.map((when) => when.result), expression.otherwise].map((result) => truthOf(r, result, scope));
  if (truths.every((truth) => truth === 'true')) return 'true';
  return truths.every((truth) => truth === 'true' || truth === 'free') ? 'free' : 'some';
}

/** `id IN (SELECT id FROM t)` where `id` is that very column: a query that leaves nothing out. */
function isWholeColumn(r: Resolver, operand: Expression, query: Query, scope: Scope): boolean {
  const { body } = query;
  if (
    operand.kind !== 'column' ||
    body.kind !== 'select' ||
    query.with !== undefined ||
    query.limit !== undefined ||
    query.offset !== undefined
  )
    return false;
  const [item, ...moreItems] = body.items;
  const [from, ...moreFrom] = body.from;
  if (
    item?.expression.kind !== 'column' ||
    moreItems.length > 0 ||
    from?.kind !== 'relation' ||
    moreFrom.length > 0 ||
    from.sample !== undefined
  )
    return false;
  const { name } = item.expression;
  if (body.where !== undefined && filterOf(r, body.where, scope) === 'present') return false;
  if (body.having !== undefined) return false;
  const lookup = lookUp(scope, operand, r.options.rules, () => undefined);
  const inner = r.relation(from.name)?.outputs.columns.find((column) => column.name === name);
  return lookup.kind === 'found' && inner !== undefined && inner.value.origins.size > 0 && sameValue(lookup.found.value, inner.value);
}

function quantifiedTruth(r: Resolver, expression: Quantified, scope: Scope): Truth {
  const { right } = expression;
  if (expression.quantifier !== 'any') return 'some';
  if (right.kind === 'query') return expression.test === 'equal' && isWholeColumn(r, expression.left, right.query, scope) ? 'true' : 'some';
  if (right.expression.kind !== 'array' || !(REFLEXIVE as ReadonlySet<string>).has(expression.test)) return 'some';
  return right.expression.elements.some((element) => isSame(element, expression.left)) ? 'true' : 'some';
}

const LIKE_OPERATORS: ReadonlySet<string> = new Set(['like', 'ilike', '~~', '~~*']);
const REGULAR_EXPRESSIONS: ReadonlySet<string> = new Set(['~', '~*', 'regexp', 'rlike']);
const PATTERN_OPERATORS: ReadonlySet<string> = new Set([...LIKE_OPERATORS, ...REGULAR_EXPRESSIONS, 'similar to']);

function operatorTruth(symbol: string, operands: readonly Expression[]): Truth {
  const [left, right, third] = operands;
  if (PATTERN_OPERATORS.has(symbol) && right?.kind === 'literal' && typeof right.value === 'string' && matchesAll(symbol, right.value))
    return 'true';
  if (LIKE_OPERATORS.has(symbol) && left !== undefined && isSame(left, right)) return 'true';
  if (symbol === 'between' && left !== undefined && isSame(left, right) && isSame(left, third)) return 'true';
  return 'some';
}

function matchesAll(symbol: string, pattern: string): boolean {
  return REGULAR_EXPRESSIONS.has(symbol) ? /^\^?(\.\*)?\$?$/.test(pattern) : /^%+$/.test(pattern);
}

/** Written alike: the same column, or the same computation of the same columns. */
function isSame(a: Expression | undefined, b: Expression | undefined): boolean {
  if (a === undefined || b === undefined || a.kind !== b.kind) return false;
  if (a.kind === 'column' && b.kind === 'column') return sameReference(a, b);
  return stable(a) === stable(b);
}

function sameReference(
  a: { readonly qualifier: readonly string[]; readonly name: string },
  b: { readonly qualifier: readonly string[]; readonly name: string },
): boolean {
  const shared = Math.min(a.qualifier.length, b.qualifier.length);
  const tails = [a, b].map((reference) => reference.qualifier.slice(reference.qualifier.length - shared).join('.'));
  // `id` and `t.id` may be the same column: to take them for the same says too much, never too little.
  return a.name === b.name && tails[0] === tails[1];
}

function stable(expression: Expression): string {
  return JSON.stringify(expression);
}
