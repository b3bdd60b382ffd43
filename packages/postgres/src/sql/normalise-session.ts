import type { NameParts, Query, SessionSetting, Statement, TransactionControl } from '@sqlwarden/core';
import { copy, explain, inner } from './normalise-copy.js';
import { plainRelationName, relationName } from './normalise-names.js';
import type { Normaliser } from './normaliser.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** Statements on the session, transactions, cursors, prepared statements and upkeep. */

type Build = (normaliser: Normaliser, shape: Shape) => Statement;

export const SESSION_STATEMENTS: Readonly<Record<string, Build>> = {
  VariableSetStmt: setting,
  VariableShowStmt: (normaliser, shape) => ({
    kind: 'setting',
    span: normaliser.span,
    operation: 'show',
    name: shape.text('name').toLowerCase(),
    scope: 'session',
    values: undefined,
  }),
  ConstraintsSetStmt: (normaliser, shape) => {
    for (const constraint of shape.list('constraints')) constraint.skipAll();
    const values = [shape.flag('deferred') ? 'deferred' : 'immediate'];
    return { kind: 'setting', span: normaliser.span, operation: 'set', name: 'constraints', scope: 'local', values };
  },
  TransactionStmt: transaction,
  PrepareStmt: (normaliser, shape) => {
    for (const type of shape.list('argtypes')) type.skipAll();
    return { kind: 'prepare', span: normaliser.span, name: shape.text('name'), statement: inner(normaliser, shape, 'query') };
  },
  ExecuteStmt: (normaliser, shape) => execute(normaliser, shape),
  DeallocateStmt: (normaliser, shape) => {
    shape.skip('isall');
    return { kind: 'deallocate', span: normaliser.span, name: shape.optionalText('name') };
  },
  DeclareCursorStmt: declareCursor,
  FetchStmt: fetch,
  ClosePortalStmt: (normaliser, shape) => ({ kind: 'close', span: normaliser.span, cursor: shape.optionalText('portalname') }),
  CopyStmt: copy,
  ExplainStmt: explain,
  ListenStmt: (normaliser, shape) => ({ kind: 'listen', span: normaliser.span, channel: shape.text('conditionname') }),
  UnlistenStmt: (normaliser, shape) => ({ kind: 'listen', span: normaliser.span, channel: shape.optionalText('conditionname') }),
  NotifyStmt: (normaliser, shape) => ({
    kind: 'notify',
    span: normaliser.span,
    channel: shape.text('conditionname'),
    hasPayload: shape.text('payload') !== '',
  }),
  LockStmt: (normaliser, shape) => {
    shape.skip('nowait');
    const relations = shape.list('relations').map((range) => plainRelationName(range));
    return { kind: 'lock', span: normaliser.span, relations, mode: LOCK_MODES[shape.number('mode')] ?? 'unknown' };
  },
  DiscardStmt: discard,
  TruncateStmt: (normaliser, shape) => {
    shape.skip('restart_seqs');
    const relations = shape.list('relations').map((range) => ({ name: relationName(range), only: !range.flag('inh') }));
    return { kind: 'truncate', span: normaliser.span, relations, cascade: shape.text('behavior') === 'DROP_CASCADE' };
  },
  CallStmt: (normaliser, shape) => {
    const call = shape.inline('funccall', 'FuncCall');
    const expression = call && normaliser.expression(call);
    if (expression?.kind !== 'call') throw new UnknownNodeError('CallStmt without a call');
    return { kind: 'call', span: normaliser.span, call: expression };
  },
  DoStmt: doBlock,
  VacuumStmt: vacuum,
  ClusterStmt: (normaliser, shape) => {
    shape.skip('indexname');
    skipList(shape, 'params');
    return maintenance(normaliser, 'maintain', 'cluster', optionalRelation(shape));
  },
  ReindexStmt: (normaliser, shape) => {
    skipList(shape, 'params');
    shape.skip('name');
    const what = shape.text('kind').replace('REINDEX_OBJECT_', '').toLowerCase();
    return maintenance(normaliser, 'maintain', `reindex ${what}`, optionalRelation(shape));
  },
  CheckPointStmt: (normaliser, shape) => {
    skipList(shape, 'options');
    return maintenance(normaliser, 'maintain', 'checkpoint', []);
  },
};

/** LOCK TABLE modes by number (lockdefs.h). */
const LOCK_MODES: Readonly<Record<number, string>> = {
  1: 'access share',
  2: 'row share',
  3: 'row exclusive',
  4: 'share update exclusive',
  5: 'share',
  6: 'share row exclusive',
  7: 'exclusive',
  8: 'access exclusive',
};

/** A list whose items are options that change no names and read nothing. */
export function skipList(shape: Shape, field: string): void {
  for (const item of shape.list(field)) item.skipAll();
}

function maintenance(
  normaliser: Normaliser,
  action: 'vacuum' | 'analyze' | 'maintain',
  what: string,
  names: readonly NameParts[],
): Statement {
  return { kind: 'maintenance', span: normaliser.span, action, what, names };
}

function optionalRelation(shape: Shape): NameParts[] {
  const range = shape.inline('relation', 'RangeVar');
  return range === undefined ? [] : [plainRelationName(range)];
}

function vacuum(normaliser: Normaliser, shape: Shape): Statement {
  skipList(shape, 'options');
  const names = shape.list('rels').flatMap((entry) => {
    skipList(entry, 'va_cols');
    return optionalRelation(entry);
  });
  const action = shape.flag('is_vacuumcmd') ? 'vacuum' : 'analyze';
  return maintenance(normaliser, action, action, names);
}

// ---------------------------------------------------------------- SET

export function setting(normaliser: Normaliser, shape: Shape): SessionSetting {
  const kind = shape.text('kind');
  shape.skip('jumble_args');
  const scope = shape.flag('is_local') ? 'local' : 'session';
  // `SESSION CHARACTERISTICS` and `TRANSACTION SNAPSHOT` are the tree's names for forms of SET.
  const name = shape.text('name').toLowerCase().replaceAll(' ', '_');
  const args = shape.list('args');
  const base = { kind: 'setting', span: normaliser.span, scope } as const;
  switch (kind) {
    case 'VAR_SET_VALUE':
      return { ...base, operation: 'set', name, values: settingValues(args) };
    case 'VAR_SET_DEFAULT':
      return { ...base, operation: 'set', name, values: 'default' };
    case 'VAR_SET_CURRENT':
      // SET … FROM CURRENT only stands in CREATE FUNCTION.
      return { ...base, operation: 'set', name, values: undefined };
    case 'VAR_SET_MULTI':
      // SET [SESSION CHARACTERISTICS AS] TRANSACTION: isolation, read only, a snapshot.
      for (const argument of args) argument.skipAll();
      return { ...base, operation: 'set', name, values: undefined };
    case 'VAR_RESET':
      return { ...base, operation: 'reset', name, values: undefined };
    case 'VAR_RESET_ALL':
      return { ...base, operation: 'reset', name: 'all', values: undefined };
    default:
      throw new UnknownNodeError(`VariableSetStmt ${kind}`);
  }
}

/** The values of SET, which the grammar lets be constants only (a type cast for `TIME ZONE INTERVAL '…'`). */
function settingValues(args: readonly Shape[]): string[] | undefined {
  const values: string[] = [];
  for (const argument of args) {
    const value = settingValue(argument);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

function settingValue(argument: Shape): string | undefined {
  if (argument.name !== 'A_Const') {
    argument.skipAll();
    return undefined;
  }
  return (
    argument.inline('sval', 'String')?.text('sval') ??
    argument.inline('fval', 'Float')?.text('fval') ??
    argument.inline('ival', 'Integer')?.number('ival').toString()
  );
}

// ---------------------------------------------------------------- transactions

const TRANSACTIONS: Readonly<Record<string, TransactionControl['operation']>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'release',
  TRANS_STMT_ROLLBACK_TO: 'rollback-to',
  TRANS_STMT_PREPARE: 'prepare',
  TRANS_STMT_COMMIT_PREPARED: 'finish-prepared',
  TRANS_STMT_ROLLBACK_PREPARED: 'finish-prepared',
};

function transaction(normaliser: Normaliser, shape: Shape): TransactionControl {
  const operation = TRANSACTIONS[shape.text('kind')];
  if (operation === undefined) throw new UnknownNodeError(`TransactionStmt ${shape.text('kind')}`);
  skipList(shape, 'options');
  shape.skip('chain', 'gid');
  const name = shape.optionalText('savepoint_name');
  return { kind: 'transaction', span: normaliser.span, operation, ...(name !== undefined && { name }) };
}

// ---------------------------------------------------------------- prepared statements and cursors

export function execute(normaliser: Normaliser, shape: Shape): Statement & { kind: 'execute' } {
  const args = shape.list('params').map((argument) => normaliser.expression(argument));
  return { kind: 'execute', span: normaliser.span, name: shape.text('name'), arguments: args };
}

/** CURSOR_OPT_HOLD (parsenodes.h). */
const CURSOR_HOLD = 0x20;

function declareCursor(normaliser: Normaliser, shape: Shape): Statement {
  const inside = shape.child('query');
  if (inside === undefined) throw new UnknownNodeError('DeclareCursorStmt without a query');
  const query: Query = normaliser.query(inside);
  const hold = (shape.number('options') & CURSOR_HOLD) !== 0;
  return { kind: 'declare', span: normaliser.span, name: shape.text('portalname'), query, hold };
}

/** FETCH_ALL (parsenodes.h): the largest number of the platform that the grammar was compiled for, which has 32 bits. */
const FETCH_ALL = 2 ** 31 - 1;

function fetch(normaliser: Normaliser, shape: Shape): Statement {
  const direction = shape.text('direction');
  const howMany = shape.number('howMany');
  const plain = (direction === '' || direction === 'FETCH_FORWARD') && howMany >= 0 && howMany < FETCH_ALL;
  // PostgreSQL 18 and later repeat in `direction_keyword` how it was written.
  shape.skip('direction_keyword');
  const { span } = normaliser;
  return { kind: 'fetch', span, cursor: shape.text('portalname'), move: shape.flag('ismove'), count: plain ? howMany : null };
}

function discard(normaliser: Normaliser, shape: Shape): Statement {
  const what = shape.text('target').replace('DISCARD_', '').toLowerCase();
  if (what !== 'all' && what !== 'plans' && what !== 'sequences' && what !== 'temp') throw new UnknownNodeError(`DiscardStmt ${what}`);
  return { kind: 'discard', span: normaliser.span, what };
}

function doBlock(normaliser: Normaliser, shape: Shape): Statement {
  const options = new Map(shape.list('args').map((option) => [option.text('defname'), option.child('arg')?.string()]));
  shape.skipAll();
  const language = options.get('language')?.toLowerCase() ?? 'plpgsql';
  const text = options.get('as');
  const body = language === 'plpgsql' && text !== undefined ? normaliser.procedure(createFunctionOf(text), false) : undefined;
  return { kind: 'do', span: normaliser.span, language, ...(body && { body }) };
}

/** A function of that body, which is what the parser of bodies takes. */
function createFunctionOf(body: string): string {
  return `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS '${body.replaceAll("'", "''")}'`;
}
