import { joinName } from './names.js';
import type { Expression } from './model.js';
import type { Dynamic, Sequence } from './procedure.js';
import { resolveCall, type ResolvedCall } from './resolve/call.js';
import type { Scope } from './resolve/scope.js';
import { type Column, derive, NOTHING, OPAQUE, type Outputs, someOf, UNKNOWN_OUTPUTS, type Value } from './resolve/value.js';
import type { Part, Run } from './run.js';
import { perform } from './run-body.js';
import { assigning, localName, put, setVariable, withoutMark } from './run-variables.js';
import type { CallProcedure, Statement } from './statement.js';

/** Statements that run others: procedures, texts, lists. */

export function runCall(run: Run, statement: CallProcedure, scope: Scope): Part {
  const { r, unit } = run;
  if (statement.server !== undefined) return elsewhere(run, statement, statement.server, scope);
  const called = resolveCall(r, statement.call, scope, 'procedure');
  const { facts, body, value } = called;
  r.effects.raise('procedural');
  const outputs = calledRows(called);
  // Which of its results come, and how often, only running it tells.
  if (body !== undefined && body.outputs !== undefined) unit.branching = true;
  // Nobody takes what it returns: the server tells it to whoever sent the batch.
  if (r.options.rules.proceduresReturn === true && body !== undefined && statement.result === undefined)
    r.effects.flow(value, { kind: 'external', name: 'the status of a procedure' });
  const shows = facts?.shows === true && body === undefined;
  // Which rows come depends on them.
  if (shows) for (const argument of called.arguments) r.effects.use(argument, 'predicate-other');
  return {
    action: shows ? 'show' : 'call',
    ...(outputs === undefined ? {} : { outputs }),
    after: () => {
      for (const [at, argument] of statement.call.arguments.entries()) {
        if (argument.output !== true) continue;
        // What is not known may be anything; else it is computed from what was handed over.
        const unknown: Value = { ...derive(called.arguments), opaque: facts === undefined || facts.opaque !== undefined };
        putArgument(run, argument.expression, body === undefined ? unknown : outputOf(called, statement, at), scope);
      }
      // What a known procedure of the system returns tells whether it worked.
      const isKnown = facts !== undefined && facts.opaque === undefined;
      if (statement.result !== undefined)
        setVariable(run, statement.result, body !== undefined ? value : isKnown ? NOTHING : OPAQUE, assigning(run, undefined));
    },
  };
}

/** Parameters that go out may come back as a row, which only the procedure's declaration tells. */
function calledRows({ facts, body }: ResolvedCall): Outputs | undefined {
  if (body !== undefined) return body.outputs;
  if (facts === undefined) return UNKNOWN_OUTPUTS;
  if (facts.columns === undefined) return UNKNOWN_OUTPUTS;
  if (facts.columns.length === 0) return undefined;
  const value = facts.opaque === undefined ? NOTHING : OPAQUE;
  return { columns: facts.columns.map((name): Column => ({ name, value })), complete: true };
}

/** What the parameter that an argument stands for holds in the end. */
function outputOf({ body, parameters }: ResolvedCall, { call }: CallProcedure, at: number): Value {
  const { name } = call.arguments[at] ?? {};
  const position = name === undefined ? at : (parameters ?? []).findIndex((each) => withoutMark(each) === withoutMark(name));
  return body?.parameters[position] ?? OPAQUE;
}

function putArgument(run: Run, expression: Expression, value: Value, scope: Scope): void {
  if (expression.kind === 'variable' || expression.kind === 'column') put(run, expression, value, assigning(run, undefined), scope);
}

function elsewhere(run: Run, statement: CallProcedure, server: string, scope: Scope): Part {
  const { r } = run;
  r.effects.raise('procedural');
  r.effects.opaque({ kind: 'foreign-data', detail: `server ${joinName(server)}` });
  for (const { expression, output } of statement.call.arguments) {
    const value = r.value(expression, scope);
    r.effects.flow(value, { kind: 'external', name: joinName(server) });
    if (output === true) putArgument(run, expression, OPAQUE, scope);
  }
  if (statement.result !== undefined) setVariable(run, statement.result, OPAQUE, 'set');
  return { action: 'call', outputs: UNKNOWN_OUTPUTS };
}

/** Text that is run as SQL. Where it is known, its statements are told after it; they see nothing of the batch but what they are given. */
export function runDynamic(run: Run, statement: Dynamic, scope: Scope): Part {
  const { r, unit } = run;
  const operands = statement.operands.map((operand) => r.value(operand, scope));
  for (const value of operands) r.effects.use(value, 'argument');
  const values = statement.parameters.map(({ value }) => (value === undefined ? NOTHING : r.value(value, scope)));
  r.effects.raise('procedural');
  if (statement.statements === undefined || statement.server !== undefined) return unseen(run, statement, [...operands, ...values]);
  const frame = unit.newFrame();
  for (const [at, { variable }] of statement.parameters.entries()) frame.variables.replace(localName(variable), values[at] ?? NOTHING);
  const done = (): void => {
    for (const { variable, output } of statement.parameters)
      if (output !== undefined) setVariable(run, output, frame.variables.get(localName(variable)) ?? NOTHING, assigning(run, undefined));
  };
  return { action: 'execute', inside: { statements: statement.statements, frame, done } };
}

function unseen(run: Run, statement: Dynamic, values: readonly Value[]): Part {
  const { effects } = run.r;
  const { server } = statement;
  if (server !== undefined) {
    effects.opaque({ kind: 'foreign-data', detail: `server ${joinName(server)}` });
    for (const value of values) effects.flow(value, { kind: 'external', name: joinName(server) });
  }
  if (statement.statements === undefined) {
    effects.opaque({ kind: 'dynamic-sql', detail: 'text that is run as SQL' });
    effects.changesState = true;
  }
  for (const { output } of statement.parameters) if (output !== undefined) setVariable(run, output, OPAQUE, 'set');
  return { action: 'execute', outputs: UNKNOWN_OUTPUTS };
}

/** The variable of the session that a part of a SET assigns. */
function assignedBy(statement: Statement): string | undefined {
  if (statement.kind !== 'assign' || statement.target.kind !== 'variable') return undefined;
  return statement.target.scope === 'session' ? statement.target.name : undefined;
}

/** One statement of several parts: each sees what the ones before have done. */
export function runSequence(run: Run, statement: Sequence, scope: Scope): Part {
  const before = new Map<string, Value>();
  const given = new Map<string, Value>();
  const parts = statement.statements.map((inner) => {
    const name = assignedBy(inner);
    const held = name === undefined ? NOTHING : (before.get(name) ?? run.unit.sessionVariable(name) ?? OPAQUE);
    const part = perform(run, inner, scope);
    if (name === undefined) return part;
    before.set(name, held);
    given.set(name, run.unit.sessionVariable(name) ?? OPAQUE);
    // INVARIANT: the servers compute all values of a SET before they assign any, those of stored routines one after another: either is read.
    run.unit.setSessionVariable(name, held, 'join');
    return part;
  });
  for (const [name, value] of given) run.unit.setSessionVariable(name, value, 'set');
  const [first, ...rest] = parts;
  if (parts.every((part) => part.action === 'set' || part.action === 'declare')) run.r.effects.class = sessionClass(run);
  for (const part of rest) if (part.action !== first?.action) run.r.effects.innerActions.add(part.action);
  const changes = parts.flatMap((part) => part.changes ?? []);
  const results = parts.flatMap((part) => part.outputs ?? []);
  const [only, ...more] = results;
  return {
    action: first?.action ?? 'empty',
    ...(changes.length === 0 ? {} : { changes }),
    ...(only === undefined ? {} : { outputs: more.length === 0 ? only : someOf(results) }),
    ...(parts.some((part) => part.computes)
      ? { computes: { columns: parts.flatMap((part) => part.computes?.columns ?? []), complete: true } }
      : {}),
  };
}

/** A list of SET is as weak as its parts. */
function sessionClass({ r: { effects } }: Run): typeof effects.class {
  return effects.class === 'read' && effects.reads.size === 0 ? 'session' : effects.class;
}
