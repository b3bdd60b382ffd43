import type { Action, OutputColumn } from './facts.js';
import { joinName } from './names.js';
import { ROOT, type Scope } from './resolve/scope.js';
import { type Column, NOTHING, OPAQUE, type Outputs, UNKNOWN_OUTPUTS, type Value } from './resolve/value.js';
import type {
  CloseCursor,
  DeclareCursor,
  Discard,
  DoBlock,
  Execute,
  Explain,
  Fetch,
  Into,
  Maintenance,
  Prepare,
  Privilege,
  SessionSetting,
  Show,
  TransactionControl,
  Use,
} from './statement.js';
import { changes, type Part, refersTo, type Run } from './run.js';
import type { Control, Message, OpenCursor } from './procedure.js';
import { runBody } from './run-body.js';
import { converted, putRow, sessionOnly } from './run-variables.js';
import { outputFacts } from './statement-facts.js';
import { mergeCursors, outputValue } from './cursor-outputs.js';

/** Statements on the session, its transaction, its prepared statements and cursors; and those that run other code. */

type CursorOutputs = readonly OutputColumn[] | 'unknown';

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
  if (statement.scope === 'global') {
    effects.raise('administrative');
    effects.elevated = true;
  }
  const isSetBack = statement.operation === 'reset' || statement.values === 'default';
  if (!isSetBack && !rules.harmlessSettings.has(statement.name)) effects.assigns([statement.name]);
  if (rules.harmlessSettings.has(statement.name)) return { action: statement.operation };
  effects.changesState = true;
  if (rules.lexicalSettings?.has(statement.name) === true) return { action: statement.operation };
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
  if (path === undefined) unit.stateKnown = false;
  if (statement.name === rules.searchPathSetting) unit.setSearchPath(path, searchedNames(values, state.role));
}

export function runUse(run: Run, statement: Use): Part {
  const { unit, r } = run;
  const { rules, state, catalogue } = unit.options;
  r.effects.class = 'session';
  r.effects.changesState = true;
  const path = rules.searchPathOf?.(statement.database, state, catalogue);
  return {
    action: 'use',
    after: () => {
      unit.stateChanged = true;
      unit.setSearchPath(path, undefined);
    },
  };
}

/** What it tells of relations says nothing of their rows, unless it says so. */
export function runShow(run: Run, statement: Show): Part {
  const { effects } = run.r;
  for (const name of statement.relations) refersTo(run, name);
  if (statement.reveals !== undefined) effects.opaque(statement.reveals);
  sessionOnly(run);
  const outputs = statement.columns === undefined ? UNKNOWN_OUTPUTS : columnsNamed(statement.columns);
  const value = statement.reveals === undefined ? NOTHING : OPAQUE;
  return {
    action: 'show',
    outputs: { ...outputs, columns: outputs.columns.map((column) => ({ ...column, value })) },
    ...(statement.messages === true && statement.reveals === undefined && { messages: true }),
  };
}

/** What is told to the client besides rows. */
export function runMessage(run: Run, statement: Message, scope: Scope): Part {
  const { effects } = run.r;
  const values = statement.values.map((value) => run.r.value(value, scope));
  const codes = (statement.codes ?? []).map((code) => run.r.value(code, scope));
  tell(run, values, 'message');
  tell(run, codes, 'external');
  sessionOnly(run);
  if ([...values, ...codes].some((value) => value.opaque))
    effects.opaque({ kind: 'unknown-column', detail: `the values of ${statement.what}` });
  return { action: 'raise' };
}

function tell(run: Run, values: readonly Value[], kind: 'message' | 'external'): void {
  for (const value of values) run.r.effects.flow(value, { kind, name: 'message' });
}

export function runControl(run: Run, statement: Control, scope: Scope): Part {
  if (statement.value === undefined) return { action: 'control' };
  const value = run.r.value(statement.value, scope);
  if (statement.what === 'return') return { action: 'control', returns: value };
  run.r.effects.use(value, 'predicate-other');
  return { action: 'control' };
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
  const { columns = [unit.options.rules.explainColumn] } = statement;
  const outputs = columns === 'unknown' ? UNKNOWN_OUTPUTS : columnsNamed(columns);
  const routines = [...effects.routines.values()].some(
    ({ name, category }) => category === 'unknown' || unit.options.bodies?.has(name) === true,
  );
  if (routines && unit.options.rules.explainRunsRoutines === true) {
    r.effects.add(effects);
    return { action: 'explain', outputs };
  }
  if (!statement.analyze) {
    r.effects.addUnexecuted(effects);
    return { action: 'explain', outputs };
  }
  r.effects.add(effects);
  if (result.action !== 'select') r.effects.actions.add(result.action);
  // The plan of what ran says how much memory and how many blocks its values took.
  const measured = effects.measured((result.outputs?.columns ?? []).map(({ value }) => value));
  return {
    action: 'explain',
    outputs: { ...outputs, columns: outputs.columns.map((column) => ({ ...column, value: measured })) },
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
  const values = statement.arguments.map((argument) => r.value(argument, scope));
  for (const value of values) r.effects.use(value, 'argument');
  const prepared = unit.prepared.get(statement.name);
  if (prepared !== undefined && prepared.kind !== 'prepare' && prepared.kind !== 'execute') {
    // What it names between its parameters is a matter of the session; variables of the session are seen.
    const frame = unit.newFrame({ parameters: values });
    const inner = r.nested(() => unit.inFrame(frame, () => run.statement(run, prepared, ROOT)));
    return { ...inner, action: 'execute' };
  }
  r.effects.opaque({ kind: 'dynamic-sql', detail: `prepared statement ${joinName(statement.name)}` });
  r.effects.changesState = true;
  r.effects.raise('write');
  return { action: 'execute', outputs: UNKNOWN_OUTPUTS };
}

export function runDeclare(run: Run, statement: DeclareCursor, scope: Scope): Part {
  const { unit, r } = run;
  const outputs = r.query(statement.query, scope);
  const facts = outputFacts(outputs);
  // The name may be another cursor's; a variable is what it was set to last.
  const mayBeOld = r.options.rules.goesOnAfterErrors === true && !statement.name.startsWith('@');
  unit.cursorQueries.set(statement.name, [...(mayBeOld ? (unit.cursorQueries.get(statement.name) ?? []) : []), statement.query]);
  const all = mayBeOld ? (mergeCursors([unit.cursors.get(statement.name), facts]) ?? 'unknown') : facts;
  return { action: 'declare', computes: outputs, cursor: { name: statement.name, outputs: all, hold: statement.hold } };
}

export function runClose(run: Run, statement: CloseCursor): Part {
  const { unit, r } = run;
  r.effects.class = 'session';
  if (statement.keeps === true) return { action: 'close' };
  const { cursor: name } = statement;
  // Where a DECLARE of the name adds to what it may be. What is ended in a text of its own may be a cursor of that text.
  if (name !== undefined && r.options.rules.goesOnAfterErrors === true && unit.isOutermost) {
    unit.cursorQueries.set(name, undefined);
    unit.cursors.set(name, undefined);
  }
  return { action: 'close', closes: { name } };
}

/** The query of a cursor runs with what its variables hold when it is opened. */
export function runOpen(run: Run, statement: OpenCursor, scope: Scope): Part {
  const { unit, r } = run;
  const all = (unit.cursorQueries.get(statement.cursor) ?? []).map((query) => r.query(query, scope));
  sessionOnly(run);
  const [first] = all;
  if (first === undefined) return { action: 'open' };
  return {
    action: 'open',
    computes: { columns: all.flatMap(({ columns }) => columns), complete: true },
    after: () => {
      for (const outputs of all) unit.cursors.join(statement.cursor, outputFacts(outputs));
    },
  };
}

export function runFetch(run: Run, statement: Fetch, scope: Scope): Part {
  const { into } = statement;
  if (statement.move) return { action: 'fetch' };
  if (statement.position !== undefined) run.r.effects.use(run.r.value(statement.position, scope), 'predicate-other');
  const outputs = run.unit.cursors.get(statement.cursor) ?? 'unknown';
  if (into !== undefined) return fetchInto(run, statement, outputs, into, scope);
  if (outputs === 'unknown') run.r.effects.opaque({ kind: 'session-state', detail: `cursor ${joinName(statement.cursor)}` });
  else
    for (const { column, how } of outputs.flatMap((output) => output.origins))
      run.r.effects.useColumn(column, how === 'counted' ? 'count' : 'output');
  return { action: 'fetch', fixedOutputs: outputs, limit: statement.count };
}

function fetchInto(run: Run, { cursor }: Fetch, outputs: CursorOutputs, into: readonly Into[], scope: Scope): Part {
  if (outputs === 'unknown') run.r.effects.opaque({ kind: 'session-state', detail: `cursor ${joinName(cursor)}` });
  sessionOnly(run);
  const row: Outputs =
    outputs === 'unknown'
      ? UNKNOWN_OUTPUTS
      : { columns: outputs.map((output): Column => ({ name: output.name, value: outputValue(output) })), complete: true };
  for (const [at, target] of into.entries()) converted(run, target, row.columns[at]?.value ?? NOTHING, undefined);
  return { action: 'fetch', after: () => putRow(run, into, row, scope) };
}

/** The server takes a block as one statement. Rows that its queries return go nowhere. */
export function runDo(run: Run, statement: DoBlock): Part {
  const { effects } = run.r;
  if (statement.body !== undefined) {
    const { unit } = run;
    const { body } = statement;
    unit.inFrame(unit.newFrame(), () => unit.uncertainly(() => runBody(run, body, ROOT)));
    effects.raise('procedural');
    return { action: 'do' };
  }
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
  if (statement.columns === undefined) return { action: statement.action };
  return { action: statement.action, outputs: columnsNamed(statement.columns) };
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
      unit.forgetVariables('session');
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
