import { unreachable } from '../unreachable.js';
import type { OpaqueReason, OutputColumn, StatementFacts, UnitFacts } from './facts.js';
import type { AnalyseOptions } from './knowledge.js';
import type { RelationName } from './names.js';
import { splitName } from './names.js';
import { LimitError } from './resolve/context.js';
import { Resolution } from './resolve/resolver.js';
import { NO_OVERLAY } from './resolve/relations.js';
import { ROOT, type Scope } from './resolve/scope.js';
import type { Part, Run } from './run.js';
import { runAlter } from './run-alter.js';
import { runCopy, runLock, runOpaque, runSelect, runTruncate } from './run-data.js';
import {
  runCreateRoutine,
  runCreateRule,
  runCreateTable,
  runCreateTableAs,
  runCreateTrigger,
  runCreateView,
  runRefreshView,
  runSchema,
} from './run-schema.js';
import {
  runCall,
  runDeclare,
  runDiscard,
  runDo,
  runExecute,
  runExplain,
  runFetch,
  runMaintenance,
  runPrepare,
  runPrivilege,
  runSetting,
  runTransaction,
} from './run-session.js';
import type { Statement } from './statement.js';
import { outputFacts, statementFacts } from './statement-facts.js';
import { UnitState } from './unit-state.js';

/**
 * The facts of a unit: its statements in order, each seen with what the ones before it have done to session and schema. Pure and synchronous.
 * Never throws: a statement that is too deep or too much work, or on which the analysis fails, is opaque (`complexity`).
 */
export function analyse(statements: readonly Statement[], options: AnalyseOptions): UnitFacts {
  const unit = new UnitState(options);
  return { statements: statements.map((statement) => analyseStatement(statement, unit)) };
}

function analyseStatement(statement: Statement, unit: UnitState): StatementFacts {
  try {
    const r = new Resolution(unit.options, unit.names);
    const part = runStatement({ r, unit, statement: runStatement }, statement, ROOT);
    const facts = doubted(statementFacts(statement.span, part, r.effects), unit.doubt);
    // A transaction's end and a search path that is set say themselves what becomes of the state.
    if (r.effects.changesState && statement.kind !== 'setting' && statement.kind !== 'transaction') unit.stateKnown = false;
    part.after?.();
    unit.observe(facts);
    return facts;
  } catch (error) {
    unit.stateKnown = false;
    unit.schemaKnown = false;
    return givenUp(statement, error instanceof LimitError ? error.message : 'the analysis failed');
  }
}

/** What a statement names may mean something else: nothing that it returns is certain. */
function doubted(facts: StatementFacts, doubt: OpaqueReason | undefined): StatementFacts {
  const names = facts.reads.length + facts.writes.length + facts.routines.length + facts.schemaChanges.length > 0;
  if (doubt === undefined || !names) return facts;
  const outputs = Array.isArray(facts.outputs) ? facts.outputs.map((output: OutputColumn) => ({ ...output, opaque: true })) : facts.outputs;
  return { ...facts, outputs, opaque: [...facts.opaque, doubt] };
}

function givenUp(statement: Statement, detail: string): StatementFacts {
  return {
    action: 'unknown',
    class: 'administrative',
    span: { start: statement.span.start, end: statement.span.end },
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
    case 'delete':
    case 'merge': {
      const outputs = run.r.modify(statement, scope);
      return statement.returning === undefined ? { action: statement.kind } : { action: statement.kind, outputs };
    }
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
      return runFetch(run, statement);
    case 'close':
      return { ...session(run, 'close'), closes: { name: statement.cursor } };
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

/**
 * What stands behind each column of a relation: of a view the columns of its query, of a table itself. `undefined` when there is no such
 * relation, `'unknown'` when its columns cannot be traced. Never throws.
 */
export function relationOutputs(options: AnalyseOptions, name: RelationName): readonly OutputColumn[] | 'unknown' | undefined {
  try {
    const r = new Resolution(options, { searchPath: [], overlay: NO_OVERLAY });
    const relation = r.relation(splitName(name));
    if (relation === undefined) return undefined;
    return relation.opaque === undefined ? outputFacts(relation.outputs) : 'unknown';
  } catch {
    return 'unknown';
  }
}
