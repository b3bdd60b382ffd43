import type {
  AdmittedStatement,
  InjectResult,
  MaskPlan,
  MaskTools,
  Outbox,
  Outcome,
  RowAllowance,
  SessionHost,
  TransactionState,
  UnitWork,
} from '@sqlwarden/core';
import type { BoundResult } from './result-binding.js';

/**
 * What the server answers a forwarded message with ([MS-TDS] section 2.2.2). `batch`: SQLBatch. `rpc`: RPC Request. `transaction-manager`: Transaction
 * Manager Request. `bulk`: Bulk Load BCP. `attention`: ATTENTION that was forwarded when nothing ran: one DONE 0x20.
 */
export type ReplyKind = 'batch' | 'rpc' | 'transaction-manager' | 'bulk' | 'attention';

/**
 * What a forwarded unit does, and what its replies have said so far. Its `plans` are those of a prepared statement or cursor that is executed; a text
 * that runs at once takes each statement's own.
 */
export interface Work extends UnitWork {
  /** Results may belong to any of the statements, in any order and number: each gets the strictest masks of all that fit. */
  readonly branching: boolean;
  /** What the unit asks of the replies besides, when it is an RPC. Set before the request is sent. */
  call: RpcReplies | undefined;
  /** What the text of the unit was: what a cleaned error may repeat. */
  text: string;
  /** The server has said how many rows a write that is limited has changed. */
  isCounted: boolean;
}

/** What one RPC asks of its replies. Ordinals are those of RETURNVALUE: the position of the parameter in the call, from 0. */
export interface RpcReplies {
  /**
   * Output parameters that are the server's own numbers (handles of prepared statements and cursors, options, counts of rows): the first so
   * many parameters of a system procedure. Shown as they are. Default 0.
   */
  readonly ownOutputs?: number;
  /** The ordinal of the RETURNVALUE that holds a new handle of a prepared statement, and who takes it when the RPC is complete. */
  readonly handleAt?: number;
  readonly prepared?: (handle: number) => void;
  /** The ordinal of the RETURNVALUE that holds a new handle of a cursor, and who takes it, with how its rows pass. */
  readonly cursorAt?: number;
  readonly cursorOpened?: (handle: number, cursor: OpenCursor) => void;
  /** Of sp_cursorfetch, and of whatever else returns rows of an open cursor: rows pass as it was decided when it was opened. */
  readonly cursor?: OpenCursor | undefined;
  /** Of a prepared statement: what its replies have said, kept by whoever keeps the handle. */
  readonly statement?: StatementReplies | undefined;
  /**
   * Of the declared output parameters, in the order of their RETURNVALUEs: the plan of the statement behind the text that says what they derive
   * from. `undefined` where there is none: an output parameter under protection is refused then.
   */
  readonly outputs?: MaskPlan | undefined;
  /** The ordinal of each of {@link outputs}: large values come behind the others ([MS-TDS] section 2.2.7.19). Absent: each gets the strictest mask. */
  readonly outputsAt?: readonly number[];
  /** RETURNSTATUS holds no protected value: the procedure is one of the server's own, or it derives from none. Else 0 is shown under protection. */
  readonly hasOwnStatus?: boolean;
}

/** What replies have said of a prepared statement: part of the session's entry for it. */
export interface StatementReplies {
  /** The last result of it, for executions that ask for no COLMETADATA (`fNoMetaData`), and for the next one under the same plan. */
  lastResult: BoundResult | undefined;
}

/** A cursor that is open on the server: its rows pass as it was decided when it was opened. */
export interface OpenCursor {
  readonly result: BoundResult;
  /** What its rows draw from, whatever number of fetches they come by. */
  readonly returned: RowAllowance | undefined;
}

/** A request of the gateway's own: its replies are not shown to the client. */
export interface Injection {
  readonly rows: (readonly (string | null)[])[];
  /** Called once, when the reply is complete. */
  readonly done: (result: InjectResult) => void;
  /** Asks for the state of the session. */
  readonly isProbe?: boolean;
}

/** One message that was sent to the server and what is to be done with its reply. Made with all of its fields: there is one per message. */
export class ExpectedReply {
  readonly kind: ReplyKind;
  /** Texts of errors and informational messages may carry protected values. */
  readonly clean: boolean;
  /** One for a batch, one for each RPC of an RPC message in their order: a DONEPROC ends the one at hand. Empty: nothing to account for. */
  readonly works: readonly Work[];
  /** Which of {@link works} the server is at. Counted up by replies. */
  at = 0;
  /** Ours: the reply is not shown to the client. */
  injection: Injection | undefined = undefined;
  /** ATTENTION was forwarded: the reply is complete only with a DONE 0x20, in its message or in one of its own that follows. */
  attentionSent = false;
  /** Called when the reply is complete, and another request may be sent; `false`: its last statement ended with an error, or it was given up. */
  ended: ((ok: boolean) => void) | undefined = undefined;

  constructor(kind: ReplyKind, works: readonly Work[], clean: boolean) {
    this.kind = kind;
    this.works = works;
    this.clean = clean;
  }

  /** The unit that the server is at. */
  get work(): Work | undefined {
    return this.works[this.at];
  }
}

/** What the receiving side needs of the conversation. The sending side owns it and waits while {@link expected} is set. */
export interface RepliesTo {
  readonly host: SessionHost;
  readonly tools: MaskTools;
  readonly toClient: Outbox;
  readonly toServer: Outbox;
  /** As LOGINACK states it (0x74000004 for 7.4), on both legs alike. */
  readonly tdsVersion: number;
  /** Of both legs alike, in bytes with the packet header. */
  readonly packetSize: number;
  /** The request that the server is answering. Set by the sending side, which sends nothing more until it is `undefined` again. */
  expected: ExpectedReply | undefined;
  /** Something may have changed the session's state: to be asked for before the next unit. */
  stateStale: boolean;
  readonly state: { readonly database: string } | undefined;
  /** Ends a unit for the host, once. Nothing for ticket 0. */
  settle(work: Work | undefined, status: Outcome['status'], suspended?: boolean): void;
  /** A statement of `work` ran, or tried to: comes before {@link statementEnded} and before {@link failed}. */
  touched(work: Work, action: string): void;
  /** The server completed a statement. May count up `work.ordinal` when that ended the transaction. */
  statementEnded(work: Work, action: string): void;
  /** The server answered with an error; some of them roll the transaction back. `number`: of the error. */
  failed(number: number): void;
  /** Every ENVCHANGE, of requests of our own too. `newValue`: without its length. Views: copy to keep. */
  environmentChanged(type: number, newValue: Uint8Array, token: Uint8Array): void;
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
    call: undefined,
    text: '',
    ordinal: transaction.ordinal,
    index: 0,
    results: [],
    rowsReturned: 0,
    bytesReturned: 0,
    maskedCells: 0,
    isCounted: false,
    errorCode: undefined,
    limit: undefined,
  };
}

/** Of the statement at hand. */
export function actionOf(work: Work): string {
  return work.statements[work.index]?.action ?? (work.statements.length === 0 ? 'empty' : 'unknown');
}
