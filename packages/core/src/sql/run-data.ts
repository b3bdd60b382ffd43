import { unreachable } from '../unreachable.js';
import type { Expression, Query, VariableAssignment } from './model.js';
import type { DataModification } from './modification.js';
import { joinName } from './names.js';
import { ROOT, type Scope } from './resolve/scope.js';
import { closedOutputs, derive, type Outputs } from './resolve/value.js';
import { verbOf } from './resolve/modify.js';
import { assignments, openTarget, readTarget, writeWhole } from './resolve/writing.js';
import { type Part, refersTo, type Run } from './run.js';
import { relationScope } from './run-schema.js';
import { assigning, putRow, setVariable } from './run-variables.js';
import type { Copy, LockRelations, OpaqueStatement, QueryStatement, Truncate } from './statement.js';
import type { FilterFact } from './facts.js';

/** Statements that read and write rows, other than the data-modifying ones. */

export function runSelect(run: Run, statement: QueryStatement, scope: Scope): Part {
  const { into, query } = statement;
  const plain = into?.kind === 'assignments' ? plainAssignments(query) : undefined;
  if (plain !== undefined) return assignInOrder(run, plain, scope);
  const outputs = run.r.query(query, scope);
  run.r.effects.filtered(queryFilter(run, query));
  const limit = literalLimit(query.limit);
  if (into === undefined) return { action: 'select', outputs, limit };
  switch (into.kind) {
    case 'variables':
      return { action: 'select', limit, after: () => putRow(run, into.variables, closedOutputs(outputs), scope) };
    case 'assignments':
      return { action: 'select', limit };
    case 'file':
      return { ...toFile(run, outputs, 'file'), action: 'select', limit };
    default:
      return unreachable(into);
  }
}

/** The assignments of a query without FROM: they are made once, one after another. */
function plainAssignments({ with: tables, body, orderBy, limit, offset }: Query): VariableAssignment[] | undefined {
  if (tables !== undefined || limit !== undefined || offset !== undefined || orderBy.length > 0) return undefined;
  if (
    body.kind !== 'select' ||
    body.groupBy.length > 0 ||
    body.windows.length > 0 ||
    body.from.length > 0 ||
    body.where !== undefined ||
    body.having !== undefined
  )
    return undefined;
  const list = body.items.flatMap(({ expression }) => (expression.kind === 'assignment' ? [expression] : []));
  return list.length === body.items.length ? list : undefined;
}

function assignInOrder(run: Run, list: readonly VariableAssignment[], scope: Scope): Part {
  for (const { variable, value } of list) setVariable(run, variable, run.r.value(value, scope), assigning(run, value));
  return { action: 'select' };
}

/** Rows go to a file or program of the server. */
function toFile(run: Run, outputs: Outputs, name: string): Pick<Part, 'computes'> {
  const { effects } = run.r;
  effects.flow(derive(outputs.columns.map((column) => column.value)), { kind: 'file', name });
  effects.raise('administrative');
  effects.elevated = true;
  return { computes: outputs };
}

/** INSERT, UPDATE, DELETE, MERGE. */
export function runModification(run: Run, statement: DataModification, scope: Scope): Part {
  const outputs = run.r.modify(statement, scope);
  const part = { action: verbOf(statement), limit: literalLimit(statement.limit) };
  const { returning } = statement;
  if (returning === undefined) return part;
  const { variables } = returning;
  if (variables === undefined) return { ...part, outputs };
  return { ...part, after: () => putRow(run, variables, closedOutputs(outputs), scope) };
}

/** The filter of a query: the least selective of its branches. */
function queryFilter(run: Run, query: Query): FilterFact {
  const order: readonly FilterFact[] = ['none', 'present', 'always-true', 'absent'];
  let worst: FilterFact = 'none';
  const waiting: Query[] = [query];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { body } = next;
    if (body.kind === 'set-operation') waiting.push(body.left, body.right);
    const own = body.kind === 'select' ? (run.r.selectFilters.get(body) ?? 'absent') : 'none';
    if (order.indexOf(own) > order.indexOf(worst)) worst = own;
  }
  return worst;
}

function literalLimit(limit: Expression | undefined): number | null {
  return limit?.kind === 'literal' && limit.type === 'integer' ? Number(limit.value) : null;
}

export function runTruncate(run: Run, statement: Truncate): Part {
  const { effects } = run.r;
  effects.raise('write');
  effects.actions.add('truncate');
  effects.filtered('absent');
  for (const { name } of statement.relations) {
    const full = writeWhole(run.r, name, 'none', ['truncate']);
    if (statement.cascade) effects.opaque({ kind: 'unknown-relation', detail: `tables that refer to ${full}` });
  }
  return { action: 'truncate' };
}

export function runCopy(run: Run, statement: Copy, scope: Scope): Part {
  return statement.direction === 'to' ? copyTo(run, statement, scope) : copyFrom(run, statement, scope);
}

function copyTo(run: Run, statement: Copy, scope: Scope): Part {
  const outputs = copiedColumns(run, statement, scope);
  if (statement.endpoint.kind === 'stream') return { action: 'copy', outputs };
  return { ...toFile(run, outputs, statement.endpoint.kind), action: 'copy' };
}

function copiedColumns(run: Run, statement: Copy, scope: Scope): Outputs {
  const { what } = statement;
  if (what.kind === 'statement') {
    const inner = run.statement(run, what.statement, scope);
    return inner.outputs ?? { columns: [], complete: true };
  }
  run.r.effects.filtered('absent');
  const columns = what.columns?.map((name): Expression => ({ kind: 'column', qualifier: [], name }));
  const query: Query = {
    kind: 'query',
    body: {
      kind: 'select',
      items: (columns ?? [{ kind: 'star', qualifier: [] } as const]).map((expression, at) => ({
        expression,
        name: what.columns?.[at] ?? '',
      })),
      from: [{ kind: 'relation', name: what.name, only: true }],
      groupBy: [],
      windows: [],
    },
    orderBy: [],
    locks: [],
  };
  const outputs = run.r.query(query, ROOT);
  return what.columns === undefined ? withoutGenerated(run, what.name, outputs) : outputs;
}

function withoutGenerated(run: Run, name: readonly string[], outputs: Outputs): Outputs {
  const generated = new Set(
    run.r.relation(name)?.catalogued?.columns.flatMap((column) => (column.generated === true ? [column.name] : [])),
  );
  return { ...outputs, columns: outputs.columns.filter((column) => !generated.has(column.name)) };
}

function copyFrom(run: Run, statement: Copy, scope: Scope): Part {
  const { effects } = run.r;
  const { what } = statement;
  effects.raise('write');
  if (what.kind === 'relation') {
    writeWhole(run.r, what.name, what.columns ?? 'all', statement.replaces === true ? ['insert', 'delete'] : ['insert']);
    const inside = relationScope(run, what.name, scope);
    if (statement.where !== undefined) run.r.condition(statement.where, inside);
    if (statement.replaces === true) effects.innerActions.add('delete');
    if (statement.set !== undefined) {
      const writing = openTarget(run.r, { name: what.name, only: false }, scope);
      assignments(run.r, () => [writing], statement.set, inside);
      readTarget(run.r, writing);
    }
  }
  if (statement.endpoint.kind !== 'stream') {
    effects.raise('administrative');
    effects.elevated = true;
    effects.opaque({ kind: 'foreign-data', detail: `a ${statement.endpoint.kind} of the server` });
  }
  return { action: 'copy' };
}

export function runLock(run: Run, statement: LockRelations): Part {
  run.r.effects.locks = true;
  run.r.effects.raise('write');
  for (const name of statement.relations) refersTo(run, name);
  return { action: 'lock' };
}

/** Nothing is known of what it does: everything is said of it. */
export function runOpaque(run: Run, statement: OpaqueStatement): Part {
  const { effects } = run.r;
  effects.opaque(statement.reason);
  effects.changesState = true;
  effects.locks = true;
  effects.raise('administrative');
  for (const name of statement.relations ?? []) {
    refersTo(run, name);
    effects.writes.add(run.r.relation(name)?.name ?? joinName(...name));
  }
  return { action: statement.action, outputs: { columns: [], complete: false } };
}
