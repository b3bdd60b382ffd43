import type { Expression, Sources } from '@sqlwarden/core';
import type { FunctionEffect } from './functions-effects.js';

/**
 * What warns. A value that is not of the type that a function or a comparison takes is converted, and what cannot be is a warning ("Type Conversion in
 * Expression Evaluation"), of which clients hear: their number comes with every result. Of what is computed a warning may tell any bit.
 */

/** What a column's type is converted as; `undefined` for what is no column, or one that is not known. */
export type Family = 'number' | 'temporal' | 'text' | undefined;

/** The family of a declared type, as information_schema.COLUMNS writes it. */
export function familyOf(type: string): Family {
  const [word = ''] = type.toLowerCase().split(/[\s(]/);
  if (NUMBERS.has(word)) return 'number';
  return TEMPORALS.has(word) ? 'temporal' : 'text';
}

const NUMBERS: ReadonlySet<string> = new Set(
  'tinyint smallint mediumint int integer bigint decimal numeric float double real bit year bool boolean'.split(' '),
);
const TEMPORALS: ReadonlySet<string> = new Set(['date', 'datetime', 'timestamp']);

/** Take whatever they are given as it is, at these positions, and warn of nothing. */
const QUIET: ReadonlyMap<string, readonly number[] | 'all'> = new Map<string, readonly number[] | 'all'>([
  ...list(
    `any_value ascii bit_length char_length character_length charset coalesce coercibility collation concat concat_ws count crc32 crc32c
    cume_dist dense_rank find_in_set first_value grouping hex ifnull instr isnull json_array json_arrayagg json_quote json_valid last_value lcase length
    lengthb locate lower ltrim max md5 min nvl octet_length ord percent_rank position quote rank replace reverse row_number rtrim
    sha sha1 soundex strcmp to_base64 trim ucase upper`,
    'all',
  ),
  ...list(
    'lag lead left lpad mid nth_value regexp_instr regexp_like regexp_substr repeat right rpad sha2 substr substring weight_string',
    [0],
  ),
  ['if', [1, 2]],
  ['json_object', [1]],
  ['json_objectagg', [1]],
  ['nvl2', [0, 1, 2]],
  ['regexp_replace', [0, 2]],
  ['substring_index', [0, 1]],
]);

/** Compare their arguments with one another. */
const COMPARING: ReadonlySet<string> = new Set(['nullif', 'field', 'greatest', 'least']);

/** Take dates and times. */
const TAKE_DATES: ReadonlySet<string> = new Set(
  `adddate addtime add_months convert_tz date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear extract hour
  last_day microsecond minute month monthname quarter second subdate subtime time time_format time_to_sec timediff timestamp timestampadd
  timestampdiff to_days to_seconds unix_timestamp week weekday weekofyear year yearweek`.split(/\s+/),
);
/** Their later arguments are formats, not values. */
const TAKE_FORMATS: ReadonlySet<string> = new Set(['date_format', 'time_format', 'from_unixtime', 'str_to_date']);

function list(names: string, at: readonly number[] | 'all'): (readonly [string, readonly number[] | 'all'])[] {
  return names.split(/\s+/).map((name) => [name, at] as const);
}

/** What is known of arguments. */
export interface Given {
  readonly expressions: readonly Expression[];
  readonly families: readonly Family[];
  /** `undefined` for what is computed. */
  readonly sources: Sources;
}

/** The same facts, with those arguments total of which nothing is converted with a warning. */
export function quietly(name: string, facts: FunctionEffect, given: Given): FunctionEffect {
  const { total } = facts;
  if (total === undefined) return facts;
  const sides = COMPARING.has(name) ? quietSides(given) : undefined;
  const quiet = given.sources.map((_, at) => at).filter((at) => sides?.includes(at) ?? isQuiet(name, given, at));
  const both = total === 'all' ? quiet : quiet.filter((at) => total.includes(at));
  return { ...facts, total: total === 'all' && both.length === given.sources.length ? 'all' : both };
}

function isQuiet(name: string, { expressions, families, sources }: Given, at: number): boolean {
  const quiet = QUIET.get(name);
  if (quiet === 'all' || quiet?.includes(at) === true) return true;
  const expression = expressions[at];
  if (expression === undefined) return false;
  if (expression.kind === 'literal') return expression.type !== 'string' || (at > 0 && TAKE_FORMATS.has(name));
  if (expression.kind === 'session-value' || (isNumber(expression) && !TAKE_DATES.has(name))) return true;
  // That all of them are longer than `group_concat_max_len` says nothing of one.
  if (name === 'group_concat' && sources[at] !== undefined) return true;
  return TAKE_DATES.has(name) ? families[at] === 'temporal' : families[at] === 'number' || families[at] === 'temporal';
}

/** The operands of a comparison whose values never make it warn. */
export function quietSides({ expressions, families, sources }: Given): readonly number[] {
  const isTextual = (at: number): boolean => isText(expressions[at]) || families[at] === 'text';
  const isQuietAt = (at: number): boolean => {
    const expression = expressions[at];
    if (expression?.kind === 'literal' || families[at] === 'number' || families[at] === 'temporal' || isNumber(expression)) return true;
    const others = expressions.flatMap((_, other) => (other === at ? [] : [other]));
    if (others.every((other) => expressions[other]?.kind === 'literal' && isText(expressions[other]))) return true;
    return (sources[at] !== undefined || isFold(expression)) && others.every(isTextual);
  };
  return expressions.map((_, at) => at).filter(isQuietAt);
}

const FOLDS: ReadonlySet<string> = new Set(['lower', 'upper', 'lcase', 'ucase']);

/** A column in another letter case, or as text. */
function isFold(expression: Expression | undefined): boolean {
  if (expression?.kind === 'cast') return expression.operand.kind === 'column' || isFold(expression.operand);
  if (expression?.kind !== 'call' || !FOLDS.has(expression.name.at(-1) ?? '')) return false;
  const inner = expression.arguments[0]?.expression;
  return inner?.kind === 'column' || isFold(inner);
}

/** Text, as far as can be told: what is bound is of the type that is compared with. */
function isText(expression: Expression | undefined): boolean {
  if (expression?.kind === 'literal') return expression.type === 'string' || expression.type === 'null';
  return expression?.kind === 'parameter' || isFold(expression);
}

/** A number by how it is written: a truth is one, too. */
function isNumber(expression: Expression | undefined): boolean {
  if (expression === undefined) return false;
  switch (expression.kind) {
    case 'literal':
      return expression.type !== 'string' && expression.type !== 'other';
    case 'case':
      return (
        expression.whens.every(({ result }) => isNumber(result)) && (expression.otherwise === undefined || isNumber(expression.otherwise))
      );
    case 'call': {
      const [, ...results] = expression.arguments;
      const name = expression.name.join('.');
      return name === 'count' || (name === 'if' && results.every((result) => isNumber(result.expression)));
    }
    default:
      return TRUTHS.has(expression.kind);
  }
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
]);
