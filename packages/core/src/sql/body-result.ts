import { unreachable } from '../unreachable.js';
import type { StoredBody } from './knowledge.js';
import { splitName } from './names.js';
import type { BodyArgument, BodyResult, Resolver } from './resolve/context.js';
import type { Effects } from './resolve/effects.js';
import {
  closedOutputs,
  type Column,
  derive,
  either,
  NOTHING,
  OPAQUE,
  type Outputs,
  rowOf,
  someOf,
  stacked,
  stored,
  UNKNOWN_OUTPUTS,
  type Value,
} from './resolve/value.js';
import type { Frame } from './frame.js';
import type { Body } from './run-body.js';
import { withoutMark } from './run-variables.js';

/** What a routine gives to who calls it. */

/** What running a body came to. */
export interface Ran {
  readonly ran: Body;
  /** The rows of the table variable that it returns. */
  readonly rows: Outputs | undefined;
  readonly variables: Frame['variables'];
  readonly isSteered: boolean;
  readonly parameters: readonly Value[];
}

/** Which of the overloads runs is not known. */
export function oneOf(results: readonly BodyResult[]): BodyResult {
  const [first, ...rest] = results;
  if (first === undefined) return { value: OPAQUE, outputs: UNKNOWN_OUTPUTS, parameters: [] };
  if (rest.length === 0) return first;
  const rows = results.flatMap(({ outputs }) => outputs ?? []);
  return {
    value: either(results.map(({ value }) => value)),
    outputs: rows.length === 0 ? undefined : rows.length === results.length ? stackedOutputs(rows) : someOf(rows),
    parameters: first.parameters.map((_, at) => either(results.map(({ parameters }) => parameters[at] ?? NOTHING))),
  };
}

/** Rows of one shape under one another; of different shapes nothing is known but where they come from. */
export function stackedOutputs(all: readonly Outputs[]): Outputs {
  const [first, ...rest] = all;
  if (first === undefined || rest.length === 0) return first ?? UNKNOWN_OUTPUTS;
  if (all.some(({ columns, complete }) => !complete || columns.length !== first.columns.length)) return someOf(all);
  const columns = first.columns.map(
    (column, at): Column => ({ name: column.name, value: stacked(all.flatMap((one) => one.columns[at]?.value ?? [])) }),
  );
  return { columns, complete: true };
}

export function bodyResult(
  r: Resolver,
  body: StoredBody,
  { ran, rows, parameters }: Ran,
  values: readonly BodyArgument[],
  effects: Effects,
): BodyResult {
  switch (body.returns) {
    case 'nothing': {
      const outputs = r.options.rules.callReturnsParameters === true ? outgoingRow(body, parameters) : ran.outputs;
      return { value: derive(ran.returned.map(({ what }) => what)), outputs, parameters };
    }
    case 'value':
      return { value: returnedValue(ran, values, effects), outputs: undefined, parameters };
    case 'table': {
      const outputs = withNames(r, body, rows === undefined ? returnedRows(ran) : closedOutputs(rows));
      return { value: rowValue(outputs), outputs, parameters };
    }
    default:
      return unreachable(body.returns);
  }
}

function rowValue(outputs: Outputs): Value {
  const [only, ...more] = outputs.columns;
  return only !== undefined && more.length === 0 && outputs.complete ? only.value : rowOf(outputs.columns, outputs.complete);
}

/** The value of the one RETURN that there is, or of the last query; else it may derive from anything that is read on the way. */
function returnedValue(ran: Body, values: readonly BodyArgument[], effects: Effects): Value {
  const [only, ...more] = ran.returned;
  if (only !== undefined && more.length === 0 && only.certain) return only.what;
  const last = only === undefined ? ran.results.at(-1) : undefined;
  if (last?.certain === true) return rowValue(last.what);
  const all = [...ran.returned.map(({ what }) => what), ...values.map(({ value }) => value)];
  const whole = derive([...all, stored(...effects.usedColumns)]);
  return { ...whole, opaque: whole.opaque || effects.opaqueReasons.length > 0 };
}

/** Queries and RETURNs of a table function each add rows. */
function returnedRows(ran: Body): Outputs {
  const rows = ran.returned.map(
    ({ what }): Outputs => ({ columns: what.fields ?? [{ name: 'value', value: what }], complete: !what.opaque }),
  );
  const all = [...ran.results.map(({ what }) => what), ...rows];
  return all.length === 0 ? UNKNOWN_OUTPUTS : stackedOutputs(all);
}

/** The columns by the names that the declaration gives them. */
function withNames(r: Resolver, body: StoredBody, outputs: Outputs): Outputs {
  const names =
    body.columns ?? (body.rowOf === undefined ? undefined : r.relation(splitName(body.rowOf))?.outputs.columns.map(({ name }) => name));
  if (names === undefined || !outputs.complete) return outputs;
  return { ...outputs, columns: outputs.columns.map((column, at) => ({ ...column, name: names[at] ?? column.name })) };
}

/** The one row that CALL returns: the parameters that go out. */
function outgoingRow(body: StoredBody, values: readonly Value[]): Outputs | undefined {
  const columns = body.parameters.flatMap(({ name, output }, at): Column[] =>
    output ? [{ name: withoutMark(name), value: values[at] ?? OPAQUE }] : [],
  );
  return columns.length === 0 ? undefined : { columns, complete: true };
}
