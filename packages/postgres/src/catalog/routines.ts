import { joinName } from '@sqlwarden/core';
import type { CatalogueRoutine, Statement } from '@sqlwarden/core';
import { searchPathNames } from '../sql/search-path.js';
import { FIRST_USER_OID } from './queries.js';
import type { RoutineDetail, UserOperator } from './resolved-catalogue.js';
import { append, flag, number, optional, type Row, strings, text } from './rows.js';
import type { TypesById } from './types.js';

const KINDS: Readonly<Record<string, CatalogueRoutine['kind']>> = { f: 'function', p: 'procedure', a: 'aggregate', w: 'window' };
const VOLATILITIES: Readonly<Record<string, CatalogueRoutine['volatility']>> = { i: 'immutable', s: 'stable', v: 'volatile' };
/** Modes of parameters that are columns of the result: out, in and out, table. */
const OUTPUT_MODES = new Set(['o', 'b', 't']);
/** Modes of parameters that callers of a function give. */
const GIVEN_MODES = new Set(['i', 'b', 'v']);
/** pg_type.dat. */
const RECORD_OID = 2249;

/**
 * A row of `routinesSql`. `types` and `relations` (rows by OID) are what it names; `standardBody`: the parsed body of one of language SQL in the
 * form of the standard, or of PL/pgSQL; `parseBody` reads those of language SQL that are text.
 */
export async function readRoutine(
  row: Row,
  types: TypesById,
  relations: ReadonlyMap<number, Row>,
  standardBody: readonly Statement[] | undefined,
  parseBody: (body: string) => Promise<readonly Statement[] | undefined>,
): Promise<RoutineDetail> {
  const routine = readContract(row, types);
  const body = standardBody ?? (routine.language === 'sql' && routine.body ? await parseBody(routine.body) : undefined);
  // The form of the standard was resolved when it was made: it comes with every name in full.
  const searchPath = routine.language === 'sql' && standardBody !== undefined ? undefined : pinnedPath(optional(row, 7));
  const settings = strings(row, 18);
  return {
    ...describe(row, routine, types, relations),
    parameters: readParameters(row, routine),
    ...(searchPath && { searchPath }),
    ...(settings.length > 0 && { settings }),
    ...(body && { body }),
  };
}

function readContract(row: Row, types: TypesById): CatalogueRoutine {
  const id = number(row, 0);
  const body = optional(row, 15);
  return {
    id,
    schema: text(row, 1),
    name: text(row, 2),
    kind: KINDS[text(row, 3)] ?? 'function',
    language: text(row, 4),
    volatility: VOLATILITIES[text(row, 5)] ?? 'volatile',
    securityDefiner: flag(row, 6),
    pinnedSearchPath: optional(row, 7) !== undefined,
    returnsSet: flag(row, 8),
    returnType: types.get(number(row, 9))?.shown ?? 'unknown',
    argumentTypes: argumentIds(row).map((type) => types.get(type)?.shown ?? 'unknown'),
    ...(body !== undefined && { body }),
    origin: id < FIRST_USER_OID ? 'system' : optional(row, 16) === undefined ? 'user' : 'extension',
  };
}

/** Those that are given first, in their order; of a procedure all, in their order. Ones without a name are `$1`, `$2`, … */
function readParameters(row: Row, routine: CatalogueRoutine): RoutineDetail['parameters'] {
  const names = strings(row, 14);
  const modes = strings(row, 13);
  const count = Math.max(modes.length, argumentIds(row).length);
  const all = Array.from({ length: count }, (_, at) => {
    const name = names[at] ?? '';
    return {
      name: name === '' ? `$${at + 1}` : name,
      output: OUTPUT_MODES.has(modes[at] ?? 'i'),
      given: GIVEN_MODES.has(modes[at] ?? 'i'),
    };
  });
  const ordered = routine.kind === 'procedure' ? all : [...all.filter((one) => one.given), ...all.filter((one) => !one.given)];
  return ordered.map(({ name, output }) => ({ name, output }));
}

/** The schemas that a routine searches whatever its caller does; `'caller'` when it leaves that to the caller, or to who the caller is. */
function pinnedPath(setting: string | undefined): readonly string[] | 'caller' {
  if (setting === undefined || setting.includes('$user')) return 'caller';
  const names = searchPathNames(setting).filter((name) => name !== '');
  return names.includes('pg_catalog') ? names : ['pg_catalog', ...names];
}

function argumentIds(row: Row): number[] {
  const written = text(row, 10);
  return written === '' ? [] : written.split(' ').map(Number);
}

function describe(
  row: Row,
  routine: CatalogueRoutine,
  types: TypesById,
  relations: ReadonlyMap<number, Row>,
): Omit<RoutineDetail, 'body' | 'parameters'> {
  const count = argumentIds(row).length;
  const variadic = flag(row, 12);
  const names = strings(row, 14);
  const outputs = strings(row, 13).flatMap((mode, at) => (OUTPUT_MODES.has(mode) ? [names[at] ?? ''] : []));
  // A single output without a name is a plain result; of several, the server makes up names (funcapi.c).
  const columns = outputs.length === 1 && outputs[0] === '' ? [] : outputs.map((name, at) => (name === '' ? `column${at + 1}` : name));
  const returned = types.get(number(row, 9));
  const rowRelation = relations.get(returned?.relationId ?? 0);
  const rowOf = rowRelation === undefined ? undefined : joinName(text(rowRelation, 1), text(rowRelation, 2));
  const extension = optional(row, 16);
  const calls = strings(row, 17)
    .map(Number)
    .filter((id) => id !== 0);
  return {
    routine,
    minArguments: count - number(row, 11),
    maxArguments: variadic ? Number.POSITIVE_INFINITY : count,
    ...(columns.length > 0 && { columns }),
    ...(rowOf !== undefined && { rowOf }),
    returnsRecord: number(row, 9) === RECORD_OID && outputs.length === 0,
    ...(extension !== undefined && { extension }),
    ...(calls.length > 0 && { calls }),
  };
}

/** Rows of OPERATORS_SQL. */
export function readOperators(rows: readonly Row[]): ReadonlyMap<string, readonly UserOperator[]> {
  const operators = new Map<string, UserOperator[]>();
  for (const row of rows) {
    const operator = { schema: text(row, 0), symbol: text(row, 1), routineId: number(row, 2) };
    append(operators, operator.symbol, operator);
  }
  return operators;
}

/** Rows of CASTS_SQL. */
export function readCasts(rows: readonly Row[], types: TypesById): ReadonlyMap<string, readonly number[]> {
  const casts = new Map<string, number[]>();
  for (const row of rows) {
    const type = types.get(number(row, 0));
    if (type !== undefined) append(casts, joinName(type.schema, type.name), number(row, 1));
  }
  return casts;
}
