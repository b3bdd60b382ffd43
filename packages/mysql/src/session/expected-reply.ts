import type {
  AdmittedStatement,
  InjectResult,
  MaskPlan,
  MaskTools,
  Outbox,
  Outcome,
  ResultColumn,
  RowAllowance,
  SessionHost,
  TransactionState,
  UnitWork,
} from '@sqlwarden/core';
import type { BoundRows } from './result-rows.js';

/**
 * What the server answers a forwarded command with ("Command Phase" of the MySQL protocol documentation).
 * `ok`: OK, EOF or ERR (COM_PING, COM_INIT_DB, COM_RESET_CONNECTION, COM_SET_OPTION, COM_STMT_RESET, COM_PROCESS_KILL).
 * `query`: COM_QUERY Response, text rows. `execute`: COM_STMT_EXECUTE Response, binary rows. `prepare`: COM_STMT_PREPARE Response.
 * `fetch`: rows of a cursor. `field-list`: column definitions. `statistics`: one packet of text.
 */
export type ReplyKind = 'ok' | 'query' | 'execute' | 'prepare' | 'fetch' | 'field-list' | 'statistics';

/** What a forwarded unit does, and what its replies have said so far. Its `plans` are those of a COM_STMT_EXECUTE. */
export interface Work extends UnitWork {
  /** Results may belong to any of the statements, in any order and number: each gets the strictest masks of all that fit. */
  readonly branching: boolean;
  /** How the rows of the current result pass; `undefined`: not bound. */
  rows: BoundRows | undefined;
}

/** A statement of the gateway's own, sent as COM_QUERY: its replies are not shown to the client. */
export interface Injection {
  readonly rows: (readonly (string | null)[])[];
  /** Called once, when the reply is complete. */
  readonly done: (result: InjectResult) => void;
}

/** COM_STMT_PREPARE_OK, and the columns that followed it. */
export interface PrepareAnswer {
  readonly statementId: number;
  readonly parameters: number;
  readonly columns: number;
}

/** What replies have said of a prepared statement: part of the session's entry for it. */
export interface StatementReplies {
  /** The last column definitions of its results, as bytes, and what they say. */
  lastHeader: { readonly bytes: Uint8Array; readonly columns: readonly ResultColumn[] } | undefined;
  /** The last binding of a mask plan to {@link lastHeader}, for the next execution under the same plan. */
  lastBinding: { readonly plan: MaskPlan; readonly columns: readonly ResultColumn[]; readonly rows: BoundRows } | undefined;
  /** Open between COM_STMT_EXECUTE with a cursor and its end. Set by replies; whoever closes or resets the statement clears it. */
  cursor: OpenCursor | undefined;
}

/** A cursor that COM_STMT_FETCH reads from: its rows pass as it was decided when it was opened. */
export interface OpenCursor {
  readonly rows: BoundRows;
  /** What its rows draw from, whatever number of fetches they come by. */
  readonly returned: RowAllowance | undefined;
}

/** One command that was sent to the server and what is to be done with its reply. Made with all of its fields: there is one per command. */
export class ExpectedReply {
  readonly kind: ReplyKind;
  /** The sequence id that the reply's first packet has for the client; irrelevant for an injection. */
  readonly firstSequence: number;
  /** Texts of errors, warnings and OK packets may carry protected values. */
  readonly clean: boolean;
  /** Of the unit: what a cleaned error may repeat. */
  text = '';
  /** Ours: the reply is not shown to the client. */
  injection: Injection | undefined = undefined;
  work: Work | undefined = undefined;
  /** Of `execute` and `fetch`. */
  statement: StatementReplies | undefined = undefined;
  /** Of `execute`: it asked for a cursor. Servers set SERVER_STATUS_CURSOR_EXISTS for cursors inside of procedures, too. */
  asksForCursor = false;
  /** Of `prepare`: called when the reply is complete, before the client has it. */
  prepared: ((answer: PrepareAnswer) => void) | undefined = undefined;
  /** Called when the reply is complete; `false`: the server answered with an error. */
  ended: ((ok: boolean) => void) | undefined = undefined;
  /**
   * START TRANSACTION of ours went before it, so that a write over the limit can be undone: the end of the reply is shown when the server has
   * answered our COMMIT (or ROLLBACK after an error). See limited-writes.ts.
   */
  isWrapped = false;

  constructor(kind: ReplyKind, firstSequence: number, clean: boolean) {
    this.kind = kind;
    this.firstSequence = firstSequence;
    this.clean = clean;
  }
}

/** What the receiving side needs of the conversation. The sending side owns it and waits while {@link expected} is set. */
export interface RepliesTo {
  readonly host: SessionHost;
  readonly tools: MaskTools;
  readonly toClient: Outbox;
  readonly toServer: Outbox;
  /** CLIENT_DEPRECATE_EOF was negotiated (on both legs alike). */
  readonly deprecateEof: boolean;
  /** CLIENT_SESSION_TRACK was negotiated (on both legs alike). */
  readonly sessionTrack: boolean;
  /** CLIENT_QUERY_ATTRIBUTES was negotiated on the server leg. */
  readonly queryAttributes: boolean;
  /** The command that the server is answering. Set by the sending side, which sends nothing more until it is `undefined` again. */
  expected: ExpectedReply | undefined;
  /** Something may have changed the session's state: to be asked for before the next unit. */
  stateStale: boolean;
  readonly state: { readonly database: string } | undefined;
  /** Ends a unit for the host, once. Nothing for ticket 0. */
  settle(work: Work | undefined, status: Outcome['status'], suspended?: boolean): void;
  /** A statement of `work` ran, or tried to: comes before {@link statementEnded} and before {@link failed}. */
  touched(work: Work, action: string): void;
  /** The server completed a statement; `status`: its status flags. May count up `work.ordinal` when that ended the transaction. */
  statementEnded(work: Work, action: string, status: number): void;
  /** The server answered with an error; some of them roll the transaction back. `code`: of the error. */
  failed(code: number): void;
  /** A reply is complete, and `expected` is free. `status`: the last status flags; `undefined` after an error, which has none. */
  replied(status: number | undefined): void;
}

/** A unit that was admitted and is about to be forwarded. `branching`: see {@link Work.branching}. */
export function newWork(
  ticket: number,
  statements: readonly AdmittedStatement[],
  transaction: TransactionState,
  plans: readonly MaskPlan[],
  branching = false,
): Work {
  return {
    ticket,
    statements,
    branching,
    transaction,
    plans,
    ordinal: transaction.ordinal,
    index: 0,
    results: [],
    rowsReturned: 0,
    bytesReturned: 0,
    maskedCells: 0,
    rows: undefined,
    errorCode: undefined,
    limit: undefined,
  };
}

/** Of the statement at hand. */
export function actionOf(work: Work): string {
  return work.statements[work.index]?.action ?? (work.statements.length === 0 ? 'empty' : 'unknown');
}
