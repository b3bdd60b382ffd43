import type { Action } from './facts.js';
import { joinName } from './names.js';
import { resolveCall } from './resolve/call.js';
import { ROOT, type Scope } from './resolve/scope.js';
import { type Column, NO_OUTPUTS, NOTHING, type Outputs, UNKNOWN_OUTPUTS } from './resolve/value.js';
import type {
  CallProcedure,
  DeclareCursor,
  Discard,
  DoBlock,
  Execute,
  Explain,
  Fetch,
  Maintenance,
  Prepare,
  Privilege,
  SessionSetting,
  TransactionControl,
} from './statement.js';
import { changes, type Part, refersTo, type Run } from './run.js';
import { outputFacts } from './statement-facts.js';

/** Statements on the session, its transaction, its prepared statements and cursors; and those that run other code. */

function columnsNamed(names: readonly string[]): Outputs {
  return { columns: names.map((name): Column => ({ name, value: NOTHING })), complete: true };
}

export function runSetting(run: Run, statement: SessionSetting): Part {
  const { rules } = run.unit.options;
  const { effects } = run.r;
  effects.class = 'session';
  if (statement.operation === 'show') {
    const names = statement.name === 'all' ? rules.showAllColumns : [statement.name];
    return { action: 'show', outputs: names === undefined ? UNKNOWN_OUTPUTS : columnsNamed(names) };
  }
  if (rules.privilegeSettings.has(statement.name)) {
    effects.class = 'privilege';
    effects.elevated = true;
  }
  if (rules.harmlessSettings.has(statement.name)) return { action: statement.operation };
  effects.changesState = true;
  return { action: statement.operation, after: () => afterSetting(run, statement) };
}

/** `undefined` where the names are not known. */
function searchedNames(values: SessionSetting['values'], role: string): readonly string[] | undefined {
  return Array.isArray(values) ? values.map((value: string) => (value === '$user' ? role : value)) : undefined;
}

/** Setting the search path to constants is simulated; anything else that matters makes names uncertain. */
function afterSetting(run: Run, statement: SessionSetting): void {
  const { unit } = run;
  const { rules, state, catalogue } = unit.options;
  const { values } = statement;
  const simulated = statement.name === rules.searchPathSetting && statement.operation === 'set' && values !== undefined && unit.stateKnown;
  const schemas = unit.schemas.size === 0 ? catalogue.schemas : new Set([...catalogue.schemas, ...unit.schemas]);
  const path = simulated ? rules.effectiveSearchPath?.(values, state, { ...catalogue, schemas }) : undefined;
  unit.stateChanged = true;
  if (statement.name === rules.searchPathSetting) unit.searchPathNames = searchedNames(values, state.role);
  if (path === undefined) unit.stateKnown = false;
  else unit.searchPath = path;
}

const TRANSACTION_ACTIONS = {
  begin: 'begin',
  commit: 'commit',
  rollback: 'rollback',
  savepoint: 'savepoint',
  release: 'savepoint',
  'rollback-to': 'rollback',
  prepare: 'commit',
  'finish-prepared': 'commit',
} as const satisfies Record<TransactionControl['operation'], Action>;

export function runTransaction(run: Run, statement: TransactionControl): Part {
  const { unit } = run;
  const { operation } = statement;
  run.r.effects.class = 'transaction';
  const ends = operation !== 'begin' && operation !== 'savepoint' && operation !== 'release';
  if (ends && unit.stateChanged) run.r.effects.changesState = true;
  const undone = operation === 'rollback' || operation === 'rollback-to';
  return { action: TRANSACTION_ACTIONS[operation], after: () => (ends ? unit.endTransaction(undone) : undefined) };
}

export function runExplain(run: Run, statement: Explain, scope: Scope): Part {
  const { r, unit } = run;
  const { result, effects } = r.collect(() => run.statement(run, statement.statement, scope));
  const outputs = columnsNamed([unit.options.rules.explainColumn]);
  if (!statement.analyze) {
    r.effects.addUnexecuted(effects);
    return { action: 'explain', outputs };
  }
  r.effects.add(effects);
  if (result.action !== 'select') r.effects.actions.add(result.action);
  return {
    action: 'explain',
    outputs,
    ...(result.outputs === undefined ? {} : { computes: result.outputs }),
    ...(result.changes === undefined ? {} : { changes: result.changes }),
    ...(result.after === undefined ? {} : { after: result.after }),
  };
}

/** Judged as if it ran: what it names is resolved again when it is executed. */
export function runPrepare(run: Run, statement: Prepare, scope: Scope): Part {
  const inner = run.statement(run, statement.statement, scope);
  return {
    action: 'prepare',
    prepares: statement.name,
    ...(inner.outputs === undefined ? {} : { computes: inner.outputs }),
    after: () => run.unit.prepared.set(statement.name, statement.statement),
  };
}

export function runExecute(run: Run, statement: Execute, scope: Scope): Part {
  const { r, unit } = run;
  for (const argument of statement.arguments) r.effects.use(r.value(argument, scope), 'argument');
  const prepared = unit.prepared.get(statement.name);
  if (prepared !== undefined && prepared.kind !== 'prepare' && prepared.kind !== 'execute') {
    const inner = r.nested(() => run.statement(run, prepared, ROOT));
    return { ...inner, action: 'execute' };
  }
  r.effects.opaque({ kind: 'dynamic-sql', detail: `prepared statement ${joinName(statement.name)}` });
  r.effects.changesState = true;
  r.effects.raise('write');
  return { action: 'execute', outputs: UNKNOWN_OUTPUTS };
}

export function runDeclare(run: Run, statement: DeclareCursor, scope: Scope): Part {
  const outputs = run.r.query(statement.query, scope);
  return { action: 'declare', computes: outputs, cursor: { name: statement.name, outputs: outputFacts(outputs), hold: statement.hold } };
}

export function runFetch(run: Run, statement: Fetch): Part {
  if (statement.move) return { action: 'fetch' };
  const outputs = run.unit.cursors.get(statement.cursor) ?? 'unknown';
  if (outputs === 'unknown') run.r.effects.opaque({ kind: 'session-state', detail: `cursor ${joinName(statement.cursor)}` });
  else
    for (const { column, how } of outputs.flatMap((output) => output.origins))
      run.r.effects.useColumn(column, how === 'counted' ? 'count' : 'output');
  return { action: 'fetch', fixedOutputs: outputs, limit: statement.count };
}

export function runCall(run: Run, statement: CallProcedure, scope: Scope): Part {
  const { r } = run;
  const { facts } = resolveCall(r, statement.call, scope);
  r.effects.raise('procedural');
  // Parameters that go out come back as a row, which only the procedure's declaration tells.
  return { action: 'call', outputs: facts === undefined ? UNKNOWN_OUTPUTS : { ...NO_OUTPUTS, complete: false } };
}

export function runDo(run: Run, statement: DoBlock): Part {
  const { effects } = run.r;
  effects.opaque({ kind: 'dynamic-sql', detail: `a block of ${joinName(statement.language)}` });
  effects.changesState = true;
  effects.raise('procedural');
  return { action: 'do' };
}

export function runMaintenance(run: Run, statement: Maintenance): Part {
  run.r.effects.raise('administrative');
  for (const name of statement.names) {
    if (statement.action === 'maintain') changes(run, name);
    else refersTo(run, name);
  }
  return { action: statement.action };
}

export function runDiscard(run: Run, statement: Discard): Part {
  const { unit } = run;
  run.r.effects.class = 'session';
  if (statement.what === 'plans' || statement.what === 'sequences') return { action: 'discard' };
  run.r.effects.changesState = true;
  return {
    action: 'discard',
    after: () => {
      unit.stateKnown = false;
      unit.schemaKnown = false;
    },
  };
}

export function runPrivilege(run: Run, statement: Privilege): Part {
  const { effects } = run.r;
  effects.raise('privilege');
  effects.elevated = statement.operation === 'grant' || statement.objectKind === 'role';
  const relations = statement.objectKind === 'table' || statement.objectKind === 'sequence';
  if (relations) for (const name of statement.names) changes(run, name);
  return { action: statement.operation };
}
