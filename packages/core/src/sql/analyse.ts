import { unreachable } from '../unreachable.js';
import type { OpaqueReason, OutputColumn, StatementFacts, UnitFacts, VariableFacts } from './facts.js';
import type { AnalyseOptions, DialectRules } from './knowledge.js';
import type { Expression, Span } from './model.js';
import type { RelationName } from './names.js';
import { splitName } from './names.js';
import { LimitError } from './resolve/context.js';
import type { Effects } from './resolve/effects.js';
import { Resolution } from './resolve/resolver.js';
import { NO_OVERLAY } from './resolve/relations.js';
import { ROOT, type Scope } from './resolve/scope.js';
import type { Part, Run } from './run.js';
import { runAlter } from './run-alter.js';
import { type Body, execute, runBody } from './run-body.js';
import { runCall, runDynamic, runSequence } from './run-call.js';
import { walk, type Walker } from './run-control.js';
import { runCopy, runLock, runModification, runOpaque, runSelect, runTruncate } from './run-data.js';
import { runSchema } from './run-object.js';
import { UnitPrograms } from './run-program.js';
import {
  runCreateRoutine,
  runCreateRule,
  runCreateTable,
  runCreateTableAs,
  runCreateTrigger,
  runCreateView,
  runRefreshView,
} from './run-schema.js';
import {
  runClose,
  runControl,
  runDeclare,
  runDiscard,
  runDo,
  runExecute,
  runExplain,
  runFetch,
  runMaintenance,
  runMessage,
  runOpen,
  runPrepare,
  runPrivilege,
  runSetting,
  runShow,
  runTransaction,
  runUse,
} from './run-session.js';
import { either, originList } from './resolve/value.js';
import { runAssign, runDeclareTable, runDeclareVariables } from './run-variables.js';
import type { Statement } from './statement.js';
import { outputFacts, statementFacts } from './statement-facts.js';
import { outputValue } from './cursor-outputs.js';
import { UnitState } from './unit-state.js';

/**
 * The facts of a unit: its statements in order, each seen with what the ones before it have done to session and schema. Pure and synchronous.
 * Never throws: a statement that is too deep or too much work, or on which the analysis fails, is opaque (`complexity`).
 */
export function analyse(statements: readonly Statement[], options: AnalyseOptions): UnitFacts {
  const walker = new UnitWalker(new UnitState(options));
  try {
    walk(walker, statements);
  } catch (error) {
    walker.giveUp(statements.at(-1)?.span ?? { start: 0, end: 0 }, error);
  }
  return walker.unitFacts();
}

/** Hears of the statements of a unit: each has facts of its own. */
class UnitWalker implements Walker {
  readonly unit: UnitState;
  readonly #programs: UnitPrograms;
  readonly #facts: StatementFacts[] = [];
  readonly #work = { work: 0 };
  /** Where the text stands that the statements are in, when it is in another's. */
  #within: Span | undefined;

  constructor(unit: UnitState) {
    this.unit = unit;
    this.#programs = new UnitPrograms(unit, runStatement);
  }

  statement(statement: Statement): Part {
    return this.#told(statement.span, (run) => {
      const { part, effects } = execute(run, toldAlone(statement), ROOT);
      // What a batch returns goes to whoever sent it.
      if (part.returns !== undefined) effects.flow(part.returns, { kind: 'external', name: 'the status of a batch' });
      return { part, effects };
    });
  }

  condition(expression: Expression, span: Span): void {
    this.#told(span, ({ r }) => {
      const { effects } = r.collect(() => r.condition(expression, ROOT));
      this.unit.observe({ action: 'control' }, effects);
      if (effects.changesState) this.unit.stateKnown = false;
      return { part: { action: 'control' }, effects };
    });
  }

  #told(span: Span, run: (run: Run) => { readonly part: Part; readonly effects: Effects }): Part {
    const { unit } = this;
    const at = this.#within ?? span;
    try {
      const r = new Resolution(unit.options, unit, this.#programs, { depth: 0, work: 0, unit: this.#work });
      const { doubt } = unit;
      const { part, effects } = run({ r, unit, statement: runStatement });
      raiseByWrites(effects, unit.options.rules);
      const facts = doubted(statementFacts(at, part, effects), doubt);
      const assigns = unit.takeAssigned();
      this.#facts.push(assigns.length === 0 ? facts : { ...facts, assigns });
      return part;
    } catch (error) {
      return this.giveUp(at, error);
    }
  }

  /** Nothing is known of what was there. */
  giveUp(span: Span, error: unknown): Part {
    this.unit.stateKnown = false;
    this.unit.schemaKnown = false;
    this.unit.forgetVariables('all');
    this.#facts.push(givenUp(span, error instanceof LimitError ? error.message : 'the analysis failed'));
    return { action: 'unknown' };
  }

  inside(statement: Statement, body: () => void): void {
    const outer = this.#within;
    this.#within ??= statement.span;
    try {
      body();
    } finally {
      this.#within = outer;
    }
  }

  mark(): () => void {
    const { length } = this.#facts;
    return () => {
      this.#facts.length = length;
    };
  }

  unitFacts(): UnitFacts {
    const { temporary } = this.unit;
    const more = temporary === undefined ? {} : { temporary };
    if (!this.unit.branching) return { statements: this.#facts, ...more };
    const all = new Map<string, VariableFacts[]>();
    for (const assign of this.#facts.flatMap((facts) => facts.assigns ?? [])) {
      const earlier = all.get(assign.name);
      if (earlier === undefined) all.set(assign.name, [assign]);
      else earlier.push(assign);
    }
    // Where it is not known which assignment comes last, each leaves what any of them may.
    const left = new Map([...all].map(([name, assigns]) => [name, this.#joined(name, assigns)]));
    const statements = this.#facts
      .map(withoutMessages)
      .map((facts) =>
        facts.assigns === undefined ? facts : { ...facts, assigns: facts.assigns.map((assign) => left.get(assign.name) ?? assign) },
      );
    return { statements, branching: true, ...more };
  }

  #joined(name: string, assigns: readonly VariableFacts[]): VariableFacts {
    const before = this.unit.options.variables?.get(name);
    return joined(name, before === undefined ? assigns : [before, ...assigns]);
  }
}

function joined(name: string, all: readonly VariableFacts[]): VariableFacts {
  const value = either(all.map((each) => outputValue({ ...each, name })));
  return { name, origins: originList(value.origins), opaque: all.some((each) => each.opaque) };
}

/** Rows of system relations may be rights. */
function raiseByWrites(effects: Effects, rules: DialectRules): void {
  for (const relation of effects.writes) {
    const to = rules.writingIs?.(relation);
    if (to === undefined) continue;
    effects.raise(to);
    effects.elevated = true;
  }
}

/** The rows of a statement that is not part of another are known from all others: messages among them can be cleaned. */
function toldAlone(statement: Statement): Statement {
  if (statement.kind !== 'show' || statement.messages !== true) return statement;
  const { reveals: _, ...rest } = statement;
  return rest;
}

/** Where it is not known which rows are whose, nobody can tell messages from rows. */
function withoutMessages({ messages, ...facts }: StatementFacts): StatementFacts {
  if (messages === undefined) return facts;
  return { ...facts, opaque: [...facts.opaque, { kind: 'session-state', detail: 'messages of earlier statements among branches' }] };
}

/** What a statement names may mean something else: nothing that it returns is certain. */
function doubted(facts: StatementFacts, doubt: OpaqueReason | undefined): StatementFacts {
  const names = facts.reads.length + facts.writes.length + facts.routines.length + facts.schemaChanges.length > 0;
  if (doubt === undefined || !names) return facts;
  const outputs = Array.isArray(facts.outputs) ? facts.outputs.map((output: OutputColumn) => ({ ...output, opaque: true })) : facts.outputs;
  return { ...facts, outputs, opaque: [...facts.opaque, doubt] };
}

function givenUp(span: Span, detail: string): StatementFacts {
  return {
    action: 'unknown',
    class: 'administrative',
    span: { start: span.start, end: span.end },
    reads: [],
    writes: [],
    columns: [],
    outputs: 'unknown',
    routines: [],
    filter: 'absent',
    limit: null,
    opaque: [{ kind: 'complexity', detail }],
    flows: [],
    locks: true,
    schemaChanges: [],
    stateEffect: 'unknown',
    elevated: false,
  };
}

function runStatement(run: Run, statement: Statement, scope: Scope): Part {
  switch (statement.kind) {
    case 'select':
      return runSelect(run, statement, scope);
    case 'insert':
    case 'update':
    case 'joined-update':
    case 'delete':
    case 'joined-delete':
    case 'merge':
      return runModification(run, statement, scope);
    case 'truncate':
      return runTruncate(run, statement);
    case 'copy':
      return runCopy(run, statement, scope);
    case 'explain':
      return runExplain(run, statement, scope);
    case 'create-table-as':
      return runCreateTableAs(run, statement, scope);
    case 'create-view':
      return runCreateView(run, statement, scope);
    case 'refresh-view':
      return runRefreshView(run, statement);
    case 'create-table':
      return runCreateTable(run, statement);
    case 'alter-relation':
      return runAlter(run, statement);
    case 'create-routine':
      return runCreateRoutine(run, statement);
    case 'create-trigger':
      return runCreateTrigger(run, statement);
    case 'create-rule':
      return runCreateRule(run, statement);
    case 'schema':
      return runSchema(run, statement);
    case 'privilege':
      return runPrivilege(run, statement);
    case 'setting':
      return runSetting(run, statement);
    case 'transaction':
      return runTransaction(run, statement);
    case 'prepare':
      return runPrepare(run, statement, scope);
    case 'execute':
      return runExecute(run, statement, scope);
    case 'deallocate':
      return { ...session(run, 'deallocate'), deallocates: { name: statement.name } };
    case 'declare':
      return runDeclare(run, statement, scope);
    case 'fetch':
      return runFetch(run, statement, scope);
    case 'close':
      return runClose(run, statement);
    case 'call':
      return runCall(run, statement, scope);
    case 'do':
      return runDo(run, statement);
    case 'lock':
      return runLock(run, statement);
    case 'listen':
      return session(run, 'listen');
    case 'notify':
      return session(run, 'notify');
    case 'maintenance':
      return runMaintenance(run, statement);
    case 'discard':
      return runDiscard(run, statement);
    case 'show':
      return runShow(run, statement);
    case 'use':
      return runUse(run, statement);
    case 'sequence':
      return runSequence(run, statement, scope);
    case 'block':
    case 'if':
    case 'loop':
      return asPart(runBody(run, [statement], scope));
    case 'control':
      return runControl(run, statement, scope);
    case 'declare-variables':
      return runDeclareVariables(run, statement, scope);
    case 'declare-table':
      return runDeclareTable(run, statement);
    case 'assign':
      return runAssign(run, statement, scope);
    case 'open':
      return runOpen(run, statement, scope);
    case 'message':
      return runMessage(run, statement, scope);
    case 'dynamic':
      return runDynamic(run, statement, scope);
    case 'opaque':
      return runOpaque(run, statement);
    default:
      return unreachable(statement);
  }
}

function session(run: Run, action: 'deallocate' | 'close' | 'listen' | 'notify'): Part {
  run.r.effects.class = 'session';
  return { action };
}

/** Several statements as one, where one is asked for. */
function asPart(body: Body): Part {
  const { outputs } = body;
  const returned = body.returned.map(({ what }) => what);
  return {
    action: 'control',
    ...(outputs === undefined ? {} : { outputs }),
    ...(returned.length === 0 ? {} : { returns: either(returned) }),
  };
}

/**
 * What stands behind each column of a relation: of a view the columns of its query, of a table itself. `undefined` when there is no such
 * relation, `'unknown'` when its columns cannot be traced. Never throws.
 */
export function relationOutputs(options: AnalyseOptions, name: RelationName): readonly OutputColumn[] | 'unknown' | undefined {
  try {
    const programs = new UnitPrograms(new UnitState(options), runStatement, true);
    const r = new Resolution(options, { searchPath: [], overlay: NO_OVERLAY }, programs, { depth: 0, work: 0, unit: { work: 0 } });
    const relation = r.relation(splitName(name));
    if (relation === undefined) return undefined;
    return relation.opaque === undefined ? outputFacts(relation.outputs) : 'unknown';
  } catch {
    return 'unknown';
  }
}
