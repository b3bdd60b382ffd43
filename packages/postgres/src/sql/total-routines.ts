import type { RoutineFacts } from '@sqlwarden/core';

/**
 * What of pg_catalog never fails, whatever the values ("Functions and Operators"). A computation that fails for some values tells something of
 * a value that is masked. Not here: everything that can overflow, divide, parse, or has a domain.
 */

/** Comparison, concatenation, containment, and JSON access. */
const TOTAL_OPERATORS: ReadonlySet<string> = new Set('= <> != < > <= >= || ^@ -> ->> #> #>> @> <@ ? ?| ?& && @@ -|- << >>'.split(' '));

/** Matching by a pattern fails for some patterns. */
const MATCHING_OPERATORS: ReadonlySet<string> = new Set('~~ !~~ ~~* !~~* ~ !~ ~* !~*'.split(' '));

/** What is known of operators of the system by their symbols, of several the worst. */
export function totalOperators(symbols: readonly string[]): { readonly total?: NonNullable<RoutineFacts['total']> } {
  if (symbols.every((symbol) => TOTAL_OPERATORS.has(symbol))) return { total: 'all' };
  return symbols.every((symbol) => MATCHING_OPERATORS.has(symbol)) ? { total: [0] } : {};
}

/** Every type has a text; other casts parse, or have a narrower range. */
export const TOTAL_CAST_TYPES: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'name', 'json', 'jsonb', 'regclass']);

const ALL = `count min max sum avg array_agg string_agg bool_and bool_or every json_agg jsonb_agg stddev stddev_pop stddev_samp variance var_pop var_samp
  any_value mode row_number rank dense_rank percent_rank cume_dist first_value last_value
  lower upper initcap length char_length character_length octet_length bit_length trim btrim ltrim rtrim concat reverse md5 ascii replace translate
  position strpos starts_with quote_literal quote_ident quote_nullable hashtext to_hex
  ceil ceiling floor trunc sign age isfinite
  to_json to_jsonb row_to_json array_to_json jsonb_build_array json_build_array json_strip_nulls jsonb_strip_nulls jsonb_pretty
  array_length array_ndims array_dims array_upper array_lower cardinality array_append array_prepend array_remove array_positions unnest
  pg_typeof pg_column_size num_nulls num_nonnulls to_tsvector lower_inc upper_inc lower_inf upper_inf isempty`;

/** Those that fail for some values of their other arguments only: lengths, formats, patterns, units. */
const BY_POSITION: Readonly<Record<string, readonly number[]>> = {
  ...at(
    [0],
    'left right substr substring lpad rpad split_part overlay repeat round to_char encode array_to_string string_to_array lag lead nth_value',
  ),
  ...at([0], 'regexp_replace regexp_match regexp_matches regexp_count regexp_like regexp_substr regexp_split_to_array like_escape'),
  ...at([1], 'date_part extract date_trunc timezone concat_ws'),
};

function at(positions: readonly number[], names: string): Record<string, readonly number[]> {
  return Object.fromEntries(names.split(' ').map((name) => [name, positions]));
}

const TOTAL = new Map<string, { readonly total: NonNullable<RoutineFacts['total']> }>([
  ...ALL.split(/\s+/).map((name) => [name, { total: 'all' }] as const),
  ...Object.entries(BY_POSITION).map(([name, total]) => [name, { total }] as const),
]);

/** What is known of a routine of pg_catalog by its name; nothing when it may fail. */
export function totalOf(name: string): { readonly total?: NonNullable<RoutineFacts['total']> } {
  return TOTAL.get(name) ?? {};
}
