import type { Expression, Query } from './model.js';
import { joinName } from './names.js';
import { ROOT, type Scope } from './resolve/scope.js';
import { derive, type Outputs } from './resolve/value.js';
import { writeWhole } from './resolve/modify.js';
import { type Part, refersTo, type Run } from './run.js';
import { relationScope } from './run-schema.js';
import type { Copy, LockRelations, OpaqueStatement, QueryStatement, Truncate } from './statement.js';
import type { FilterFact } from './facts.js';

/** Statements that read and write rows, other than the data-modifying ones. */

export function runSelect(run: Run, statement: QueryStatement, scope: Scope): Part {
  const outputs = run.r.query(statement.query, scope);
  run.r.effects.filtered(queryFilter(run, statement.query));
  return { action: 'select', outputs, limit: literalLimit(statement.query.limit) };
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
    const full = writeWhole(run.r, name, 'none');
    if (statement.cascade) effects.opaque({ kind: 'unknown-relation', detail: `tables that refer to ${full}` });
  }
  return { action: 'truncate' };
}

export function runCopy(run: Run, statement: Copy, scope: Scope): Part {
  return statement.direction === 'to' ? copyTo(run, statement, scope) : copyFrom(run, statement);
}

function copyTo(run: Run, statement: Copy, scope: Scope): Part {
  const { effects } = run.r;
  const outputs = copiedColumns(run, statement, scope);
  if (statement.endpoint.kind === 'stream') return { action: 'copy', outputs };
  effects.flow(derive(outputs.columns.map((column) => column.value)), { kind: 'file', name: statement.endpoint.kind });
  effects.raise('administrative');
  effects.elevated = true;
  return { action: 'copy', computes: outputs };
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

function copyFrom(run: Run, statement: Copy): Part {
  const { effects } = run.r;
  const { what } = statement;
  effects.raise('write');
  if (what.kind === 'relation') {
    writeWhole(run.r, what.name, what.columns ?? 'all');
    if (statement.where !== undefined) run.r.condition(statement.where, relationScope(run, what.name, ROOT));
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
