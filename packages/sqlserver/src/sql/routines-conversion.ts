import type { Catalogue, ColumnName, Expression } from '@sqlwarden/core';
import { joinName, splitName } from '@sqlwarden/core';
import { NUMBER_RESULTS, STRING_RESULTS } from './functions-scalar.js';

/**
 * Which operations can fail for some values of their operands because the server converts them to one type ("Data type precedence"): the type of
 * numbers and dates wins over that of strings, and a string that is none fails, with a message that quotes it. What is known of an operand is
 * the type of the stored column that it is, or what it looks like.
 */

/** `text`: a string literal, which converts or not whatever the rows hold. `constant`: a variable, a parameter, NULL. */
export type Family = 'string' | 'number' | 'date' | 'text' | 'constant' | 'unknown';

/** The base columns that an operand is when it is stored columns as they are; `undefined` when it is computed. */
export type Source = readonly ColumnName[] | undefined;

const FAMILIES: Readonly<Record<string, Family>> = {
  ...familyOf('string', 'char varchar nchar nvarchar text ntext sysname'),
  ...familyOf('number', 'bit tinyint smallint int integer bigint decimal dec numeric money smallmoney float real'),
  ...familyOf('date', 'date time datetime datetime2 smalldatetime datetimeoffset'),
};

function familyOf(family: Family, types: string): Record<string, Family> {
  return Object.fromEntries(types.split(' ').map((type) => [type, family]));
}

function familyOfType(type: string): Family {
  return (Object.hasOwn(FAMILIES, type) ? FAMILIES[type] : undefined) ?? 'unknown';
}

/** Tells families by a catalogue, and remembers those of what `+` makes: chains lean to the left, and are asked for link by link. */
export class Families {
  readonly #catalogue: Catalogue;
  readonly #sums = new WeakMap<readonly Expression[], Family>();
  /** What operands were found to be: what stands around them is asked for after them. */
  readonly #found = new WeakMap<Expression, Family>();

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  of(expression: Expression, source: Source): Family {
    const isStored = source !== undefined && source.length > 0;
    const family = isStored ? this.#ofColumns(source) : expression.kind === 'column' ? 'unknown' : this.#ofExpression(expression);
    this.#found.set(expression, family);
    return family;
  }

  /**
   * As {@link mixes} of operands of which the value is that of one: what they make together is remembered for the expression that they are the
   * operands of. What a variable is of is not known here.
   */
  mix(whole: Expression | undefined, operands: readonly (Expression | undefined)[], sources: readonly Source[]): readonly number[] {
    const families = operands.map((operand, at) => this.#ofTaken(operand, sources[at]));
    const failing = mixes(families);
    if (whole !== undefined) this.#found.set(whole, failing.length > 0 ? 'unknown' : together(families));
    return failing;
  }

  /** Of the two arguments of ISNULL those that may fail: the second becomes of the type of the first. */
  replaces(call: readonly Expression[], sources: readonly Source[]): readonly number[] {
    const [checked = 'constant', given = 'constant'] = call.map((operand, at) => this.#ofTaken(operand, sources[at]));
    const isSafe =
      given === 'text' || given === 'constant' || checked === 'constant' || (checked !== 'unknown' && stringFirst(checked) === given);
    return isSafe ? [] : [1];
  }

  /** Whether a value becomes one of a variable's type whatever it holds. Where several columns may be it, those of one type are. */
  fits(expression: Expression | undefined, source: Source, type: string, isCut: boolean): boolean {
    const stored = source ?? [];
    if (stored.length > 0) return stored.every((column) => this.#typeOf(column) === type) || this.converts(stored, type, isCut);
    const [family, target] = [expression === undefined ? 'unknown' : this.#ofTaken(expression, undefined), familyOfType(type)];
    if (family === 'text' || family === 'constant' || type === 'sql_variant') return true;
    // Numbers that are computed are recorded where they are.
    return (
      family === target || (family === 'unknown' && (expression === undefined || expression.kind === 'variable') && target === 'string')
    );
  }

  #ofTaken(expression: Expression | undefined, source: Source): Family {
    if (source !== undefined && source.length > 0) return this.#ofColumns(source);
    if (expression === undefined || expression.kind === 'column') return 'unknown';
    const isNull = expression.kind === 'literal' && expression.type === 'null';
    const family = this.#ofExpression(expression);
    return family === 'constant' && !isNull ? 'unknown' : family;
  }

  /** Of an operand of an operand. */
  #ofInner(expression: Expression | undefined): Family {
    if (expression === undefined) return 'unknown';
    return this.#found.get(expression) ?? (expression.kind === 'column' ? 'unknown' : this.#ofExpression(expression));
  }

  /** Whether no value of stored columns fails to become one of a type. `isCut`: the type has a length. */
  converts(source: Source, type: string, isCut: boolean): boolean {
    const types = (source ?? []).map((column) => this.#typeOf(column));
    return types.length > 0 && types.every((from) => convertsSafely(from, type, isCut));
  }

  /** What `+` makes of operands that are of these families. */
  sum(operands: readonly Expression[], families: readonly Family[]): Family {
    const family = concatenates(families) ? 'string' : 'unknown';
    this.#sums.set(operands, family);
    return family;
  }

  /** Of several columns (those of a view and below it), what all agree on. */
  #ofColumns(columns: readonly ColumnName[]): Family {
    const families = new Set(columns.map((column) => familyOfType(this.#typeOf(column))));
    const [only = 'unknown'] = families;
    return families.size === 1 ? only : 'unknown';
  }

  #typeOf(column: ColumnName): string {
    const parts = splitName(column);
    const relation = this.#catalogue.relations.get(joinName(...parts.slice(0, -1)));
    return relation?.columns.find((candidate) => candidate.name === parts.at(-1))?.type ?? '';
  }

  #ofExpression(expression: Expression): Family {
    switch (expression.kind) {
      case 'literal':
        return ofLiteral(expression.type);
      case 'parameter':
      case 'variable':
      case 'session-value':
        return 'constant';
      case 'cast':
        return familyOfType(expression.type.name.at(-1) ?? '');
      case 'call': {
        const own = expression.name.length === 1 ? (expression.name[0] ?? '') : '';
        return OF_THEIR_ARGUMENT.has(own) ? stringFirst(this.#ofInner(expression.arguments[0]?.expression)) : ofCall(own);
      }
      case 'case':
        return this.#found.get(expression) ?? 'unknown';
      case 'construct':
        return expression.name === 'collate' ? 'string' : (this.#found.get(expression) ?? 'unknown');
      case 'scalar-query':
        return expression.query.body.kind === 'select' ? this.#ofInner(expression.query.body.items[0]?.expression) : 'unknown';
      case 'operator':
        return this.#ofOperator(expression.operator.symbol, expression.operands);
      default:
        return 'unknown';
    }
  }

  #ofOperator(symbol: string, operands: readonly Expression[]): Family {
    if (symbol === '||') return 'string';
    if (symbol === '*' || symbol === '/' || symbol === '%') return 'number';
    return symbol === '+' ? (this.#sums.get(operands) ?? 'unknown') : 'unknown';
  }
}

function ofLiteral(type: string): Family {
  if (type === 'string') return 'text';
  return type === 'integer' || type === 'number' ? 'number' : 'constant';
}

/** Functions whose result is of the type of their first argument. */
const OF_THEIR_ARGUMENT: ReadonlySet<string> = new Set(['isnull', 'max', 'min', 'first_value', 'last_value', 'lag', 'lead', 'any_value']);

/** A literal that stands alone is a string. */
function stringFirst(family: Family): Family {
  return family === 'text' ? 'string' : family;
}

function ofCall(own: string): Family {
  if (STRING_RESULTS.has(own)) return 'string';
  return NUMBER_RESULTS.has(own) ? 'number' : 'unknown';
}

/**
 * Whether comparing these never fails for some of their values only. A string literal is converted to what stands beside it, if at all; variables
 * and parameters are taken to be of the type of what they are compared with, as drivers declare them.
 */
export function comparesSafely(families: readonly Family[]): boolean {
  const values = families.filter((family) => family !== 'text');
  if (values.length <= 1) return true;
  if (values.includes('unknown')) return false;
  return new Set(values.filter((family) => family !== 'constant')).size <= 1;
}

/** The positions of operands that may fail to become of the type that wins, where one of them is taken. NULL and string literals do or do not, whatever rows hold. */
function mixes(families: readonly Family[]): readonly number[] {
  const values = new Set(families.filter((family) => family !== 'text' && family !== 'constant'));
  if (
    values.size === 0 ||
    (values.size === 1 && (!values.has('unknown') || families.filter((family) => family === 'unknown').length === 1))
  )
    return [];
  const winner: Family = values.has('unknown') ? 'unknown' : values.has('date') ? 'date' : 'number';
  return [...families.keys()].filter((at) => {
    const family = families[at] ?? 'unknown';
    return family !== 'text' && family !== 'constant' && (winner === 'unknown' || family !== winner);
  });
}

/** What operands are together of which none has to be converted. */
function together(families: readonly Family[]): Family {
  return families.find((family) => family !== 'text' && family !== 'constant') ?? (families.includes('text') ? 'string' : 'constant');
}

/** Numbers beside strings make `+` an addition. */
function concatenates(families: readonly Family[]): boolean {
  return families.some(isString) && families.every((family) => isString(family) || family === 'constant');
}

function isString(family: Family): boolean {
  return family === 'string' || family === 'text';
}

const INTEGERS: readonly string[] = ['bit', 'tinyint', 'smallint', 'int', 'bigint'];
/** Become `*` where there is no room; in the types of Unicode they fail. */
const STARRED: ReadonlySet<string> = new Set(['tinyint', 'smallint', 'int']);
const DATES: ReadonlySet<string> = new Set(['date', 'datetime', 'datetime2', 'smalldatetime', 'datetimeoffset']);

/**
 * "CAST and CONVERT (Transact-SQL)", implicit and truncating conversions: strings are cut, small integers that have no room become `*`, and ranges that
 * contain the other's lose nothing.
 */
function convertsSafely(from: string, to: string, isCut: boolean): boolean {
  if (from === to && !isCut) return true;
  const [source, target] = [familyOfType(from), familyOfType(to)];
  if (target === 'string') return source === 'string' || source === 'date' || (STARRED.has(from) && (to === 'char' || to === 'varchar'));
  if (source === 'number' && target === 'number') {
    if (to === 'float') return true;
    return INTEGERS.includes(from) && INTEGERS.includes(to) && INTEGERS.indexOf(from) <= INTEGERS.indexOf(to);
  }
  return DATES.has(from) && (to === 'date' || to === 'datetime2');
}
