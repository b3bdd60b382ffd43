import { LimitReached, type RowAllowance, type StatementResult, takeRowsOf } from '@sqlwarden/core';
import { DONE_STATUS, type Done } from '../protocol/server-token.js';
import { actionOf, type Work } from './expected-reply.js';
import { allOf } from './result-plans.js';

/** `CurCmd` of DONE for the commands that are told apart; the protocol leaves the numbers to the server ([MS-TDS] section 2.2.7.6). */
const COMMANDS: ReadonlyMap<number, string> = new Map([
  [0xc1, 'select'],
  [0xc3, 'insert'],
  [0xc4, 'delete'],
  [0xc5, 'update'],
  [0x117, 'merge'],
  [0xd2, 'rollback'],
  [0xd4, 'begin'],
  [0xd5, 'commit'],
  [0xe0, 'call'],
]);
const WRITES: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge', 'copy']);

/** What one DONE, DONEINPROC or DONEPROC completes. */
export interface Completion {
  readonly action: string;
  /** As SQL Server counts: `null` where it says nothing (SET NOCOUNT ON, statements that have no count). */
  readonly affected: number | null;
}

/**
 * Finds the statement that the token completes, and goes on behind it. `hadResult`: the rows of the one at hand came. Not every statement has a DONE, and one in a
 * procedure or loop has many: the number of the command tells more than the order.
 */
export function completionOf(work: Work, done: Done, hadResult: boolean): Completion {
  const command = COMMANDS.get(done.currentCommand);
  const at = hadResult ? work.index : silentStatement(work, command);
  const planned = work.statements[at]?.action;
  // Statements inside of a procedure are known by what the server calls them only.
  const action =
    planned !== undefined && (hadResult || command === undefined || planned === command) ? planned : (command ?? actionOf(work));
  if (at >= 0 && !work.branching) work.index = at + 1;
  const isCounted = (done.status & DONE_STATUS.COUNT) !== 0 && command !== 'select' && !(hadResult && !WRITES.has(action));
  return { action, affected: isCounted ? Number(done.rowCount) : null };
}

/**
 * The first statement from the one at hand on that this command may be. INVARIANT: none is passed over that returns rows, whose result is still to come; -1:
 * there is none.
 */
function silentStatement({ statements, index }: Work, command: string | undefined): number {
  for (let at = index; at < statements.length; at++) {
    const { plan, action } = statements[at] as Work['statements'][number];
    if (plan !== undefined && plan.outputs.length > 0) return -1;
    if (command === undefined || action === command) return at;
  }
  return -1;
}

/** Charges what a write has changed to the limits that hold for it. Throws {@link LimitReached}. */
export function takeAffected(work: Work, { action, affected }: Completion, hadResult: boolean): void {
  const allowance = affectedOf(work, action);
  if (allowance === undefined) return;
  if (affected !== null) {
    work.isCounted = true;
    return takeRowsOf(allowance, affected);
  }
  if (!WRITES.has(action)) return;
  // What OUTPUT gives back was written.
  if (!hadResult || work.rowsReturned === 0) throw uncounted(allowance);
  work.isCounted = true;
  takeRowsOf(allowance, work.rowsReturned);
}

/** A call is complete: under SET NOCOUNT ON nothing may have been said of its writes. Throws {@link LimitReached}. */
export function checkCounted(work: Work): void {
  const limited = work.statements.find(({ affected, action }) => affected !== undefined && action !== 'select');
  if (limited?.affected !== undefined && !work.isCounted && work.errorCode === undefined) throw uncounted(limited.affected);
}

function uncounted(allowance: RowAllowance): LimitReached {
  const { rule } = allowance.refusal();
  const message = `${rule === undefined ? 'a limit' : `the limit ${rule}`} counts written rows, and the server does not say how many there were; SET NOCOUNT OFF`;
  return new LimitReached({ code: 'limit-exceeded', message, ...(rule === undefined ? {} : { rule }) });
}

/** Of the statement at hand when it is the one that was completed, else of all that it may have been. */
function affectedOf(work: Work, action: string): RowAllowance | undefined {
  const statement = work.statements[work.index - 1];
  if (statement?.action === action && !work.branching) return statement.affected;
  return allOf(work.statements.flatMap(({ affected }) => affected ?? []));
}

/** Adds what a statement did to what its unit did: of loops and procedures all runs of a command as one. */
export function account(work: Work, { action, affected }: Completion, isComplete: boolean): void {
  const elsewhere = work.ordinal === work.transaction.ordinal ? {} : { transaction: work.ordinal };
  const command = isComplete ? action.toUpperCase() : '';
  const result: StatementResult = { command, rowsReturned: work.rowsReturned, rowsAffected: affected, ...elsewhere };
  const before = work.results.length < work.statements.length ? -1 : work.results.findLastIndex((each) => isSameKind(each, result));
  const earlier = work.results[before];
  if (earlier === undefined) work.results.push(result);
  else work.results[before] = sumOf(earlier, result);
  work.rowsReturned = 0;
}

function isSameKind(a: StatementResult, b: StatementResult): boolean {
  return a.command === b.command && a.transaction === b.transaction;
}

function sumOf(a: StatementResult, b: StatementResult): StatementResult {
  const rowsAffected = a.rowsAffected === null && b.rowsAffected === null ? null : (a.rowsAffected ?? 0) + (b.rowsAffected ?? 0);
  return { ...a, rowsReturned: a.rowsReturned + b.rowsReturned, rowsAffected };
}
