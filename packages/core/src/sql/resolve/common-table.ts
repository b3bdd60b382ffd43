import type { CommonTable, CommonTableBody, Query, With } from '../model.js';
import { LimitError, type Resolver } from './context.js';
import { type CommonTableEntry, openScope, type Scope } from './scope.js';
import { type Column, derive, either, extended, NOTHING, type Outputs, sameValue, settle, UNKNOWN_OUTPUTS } from './value.js';

/** Common tables (WITH): resolved once, when first named or at the end; recursive ones until nothing changes. */

/** Rounds after which a recursive common table is given up. Each round adds at least one origin to an output, so few are needed. */
const MAX_ROUNDS = 40;

/** Opens the scope in which the tables of a WITH are known. `query` marks its border. */
export function openWith(
  r: Resolver,
  list: With | undefined,
  parent: Scope,
  query?: Query,
): { readonly scope: Scope; readonly entries: CommonTableEntry[] } {
  let scope = openScope(parent, query);
  const entries: CommonTableEntry[] = [];
  for (const table of list?.tables ?? []) {
    const recursive = list?.recursive === true || list?.recursive === 'itself';
    const knowsLater = list?.recursive === true;
    const around = scope;
    // Each that does not know the later ones opens a level of its own.
    if (!knowsLater) scope = openScope(scope);
    const entry: CommonTableEntry = {
      table,
      scope: recursive ? scope : around,
      recursive,
      state: 'waiting',
      recursed: false,
      outputs: UNKNOWN_OUTPUTS,
      effects: undefined,
    };
    scope.commonTables.set(table.name, entry);
    entries.push(entry);
    // In order, a long chain does not nest.
    if (!knowsLater) referenceCommonTable(r, entry);
  }
  return { scope, entries };
}

/** Resolves what was not named: it runs all the same when it writes. */
export function finishWith(r: Resolver, entries: readonly CommonTableEntry[]): void {
  for (const entry of entries) referenceCommonTable(r, entry);
}

/** The columns of a common table; everything that computing it does is added to the current effects. */
export function referenceCommonTable(r: Resolver, entry: CommonTableEntry): Outputs {
  if (entry.state === 'running') {
    entry.recursed = true;
    if (!entry.outputs.complete) r.effects.opaque({ kind: 'complexity', detail: `common table ${entry.table.name} names itself` });
    return entry.outputs;
  }
  if (entry.state === 'waiting') resolveEntry(r, entry);
  if (entry.effects !== undefined) r.effects.add(entry.effects);
  return entry.outputs;
}

function resolveEntry(r: Resolver, entry: CommonTableEntry): void {
  entry.state = 'running';
  const { table } = entry;
  if (entry.recursive && table.body.kind === 'query') entry.outputs = firstEstimate(r, table, table.body, entry.scope);
  for (let round = 0; ; round += 1) {
    if (round > MAX_ROUNDS) throw new LimitError('a recursive common table does not come to an end');
    entry.recursed = false;
    const { result, effects } = r.collect(() => named(table, body(r, table.body, entry.scope)));
    entry.effects = effects;
    const stable = !entry.recursed || sameOutputs(entry.outputs, result);
    entry.outputs = entry.recursed ? widened(entry.outputs, result) : result;
    if (stable) break;
  }
  entry.outputs = closed(entry.outputs);
  entry.state = 'done';
}

/** With all that conditions inside have made equal: those outside speak of the columns of FROM items. Keeps chains of tables short to walk. */
function closed(outputs: Outputs): Outputs {
  return { ...outputs, columns: outputs.columns.map((column) => ({ ...column, value: { ...settle(column.value), via: [] } })) };
}

function body(r: Resolver, statement: CommonTableBody, scope: Scope): Outputs {
  if (statement.kind === 'query') return r.query(statement, scope);
  r.effects.modifiesInside = true;
  return r.modify(statement, scope);
}

/** The columns as the part before UNION gives them: what the other part starts from. Its effects are recorded by the first whole round. */
function firstEstimate(r: Resolver, table: CommonTable, query: Query, scope: Scope): Outputs {
  if (query.body.kind !== 'set-operation') return UNKNOWN_OUTPUTS;
  const { left } = query.body;
  const start: Query = left.with === undefined && query.with !== undefined ? { ...left, with: query.with } : left;
  return r.collect(() => named(table, r.query(start, scope))).result;
}

function named(table: CommonTable, outputs: Outputs): Outputs {
  const { columns, complete } = extended(
    outputs,
    outputs.complete ? table.columns.slice(0, outputs.columns.length) : table.columns,
    NOTHING,
  );
  const added = (table.addedColumns ?? []).map((name): Column => ({ name, value: derive(columns.map((column) => column.value)) }));
  return { columns: [...columns, ...added], complete };
}

function sameOutputs(a: Outputs, b: Outputs): boolean {
  if (a.complete !== b.complete || a.columns.length !== b.columns.length) return false;
  return a.columns.every((column, at) => {
    const other = b.columns[at];
    return other !== undefined && sameValue(column.value, other.value);
  });
}

/** Both estimates together, so that rounds only ever add. */
function widened(a: Outputs, b: Outputs): Outputs {
  if (a.columns.length !== b.columns.length) return b;
  const columns = b.columns.map((column, at): Column => {
    const before = a.columns[at];
    return before === undefined ? column : { ...column, value: either([before.value, column.value]) };
  });
  return { columns, complete: a.complete && b.complete };
}
