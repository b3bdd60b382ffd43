import type { AdmittedStatement, MaskPlan, ResultColumn, RowAllowance, TransactionState, UnitWork } from '@sqlwarden/core';
import type { NameChange } from './name-lookup.js';
import type { Portal, PreparedStatement } from './prepared.js';
import { type RollbackKind, rollbackKind } from './transactions.js';
import type { CopyMasker } from '../masking/index.js';
import type { BoundRows } from './result-rows.js';

/** Which messages of the server answer a forwarded message: "Message Flow" of the PostgreSQL protocol documentation. */
export type ReplyKind = 'parse' | 'bind' | 'describe-statement' | 'describe-portal' | 'execute' | 'close' | 'query' | 'sync';

/** What a forwarded unit does, and what its replies have said so far. Its `plans` are those of an Execute: that of its portal and its own. */
export interface Work extends UnitWork {
  /** How the rows of the current statement pass; `undefined`: not bound. */
  rows: BoundRows | undefined;
  /** The version of the statement's description that {@link rows} was bound to. */
  rowsVersion: number;
  /** A row header was seen for the current statement. */
  described: boolean;
  /** What the rows of an Execute draw from: the portal's, which may be executed in pieces. */
  portalReturned: RowAllowance | undefined;
  /** What the rows of the COPY draw from. */
  copyReturned: RowAllowance | undefined;
  /** The server is sending COPY data. */
  copyOut: boolean;
  /** Rows or COPY data of the current statement need no look at any of them. */
  passes: boolean;
  /** Per statement of the unit: what masks its COPY data. */
  copyMaskers: ReadonlyMap<number, CopyMasker> | undefined;
  /** What a ROLLBACK of the unit ends. */
  readonly rollback: RollbackKind;
  /** The unit may turn the connection to COPY: nothing may be sent behind it until that is known. */
  readonly mayCopy: boolean;
}

/** A statement of the gateway's own. Ends once: by its last reply, or when its segment fails. */
export interface Injection {
  readonly rows: (readonly (string | null)[])[];
  /** Of a statement that is only described. */
  columns: readonly ResultColumn[] | null | undefined;
  error: { readonly code: string; readonly message: string } | undefined;
  /** Called once; what came of it is in the other fields. */
  readonly done: (injection: Injection) => void;
  /** Sent between messages of the client's: its failure fails their segment. */
  readonly inSegment: boolean;
}

/** One message that was sent to the server and what is to be done with its replies. Made with all of its fields: there is one per message. */
export class ExpectedReply {
  readonly kind: ReplyKind;
  /** Of the forwarded message, which is kept alive until it is answered. */
  readonly bytes: number;
  /** Texts of errors and notices may carry protected values. */
  readonly clean: boolean;
  /** The message was replaced by one that fails: the server's error is shown to the client as this ErrorResponse. */
  replacement: Uint8Array | undefined = undefined;
  /** Ours: replies are not shown to the client. */
  injection: Injection | undefined = undefined;
  /** A Describe of ours for the client's portal: its reply is kept, not shown. */
  hidden = false;
  statement: PreparedStatement | undefined = undefined;
  portal: Portal | undefined = undefined;
  /** What the message did to a name. */
  change: NameChange | undefined = undefined;
  work: Work | undefined = undefined;
  /** A Query that was sent as a portal: its Sync follows when what it did may stay. */
  isPortal = false;
  /** What such a Query was completed by, until its transaction is. */
  completed: Uint8Array | undefined = undefined;
  /** A FunctionCall: one value comes in place of rows. */
  isCall = false;
  /** The end of a transaction may be under way while this is unanswered. */
  mayCommit = false;

  constructor(kind: ReplyKind, bytes = 0, clean = false) {
    this.kind = kind;
    this.bytes = bytes;
    this.clean = clean;
  }

  /** The server did not run the message. */
  undo(): void {
    this.change?.undo();
    if (this.kind === 'describe-portal' && this.portal !== undefined) this.portal.describeForwarded = false;
    if (this.kind === 'describe-statement' && this.statement !== undefined) this.statement.describeForwarded = false;
  }
}

/** A unit of `text` that was admitted and is about to be forwarded. */
export function newWork(
  ticket: number,
  statements: readonly AdmittedStatement[],
  transaction: TransactionState,
  plans: readonly MaskPlan[],
  text = '',
): Work {
  let mayCopy = false;
  let rollsBack = false;
  for (const statement of statements) {
    mayCopy ||= statement.mayCopy;
    rollsBack ||= statement.action === 'rollback';
  }
  return {
    ticket,
    statements,
    transaction,
    plans,
    ordinal: transaction.ordinal,
    index: 0,
    results: [],
    rowsReturned: 0,
    bytesReturned: 0,
    maskedCells: 0,
    rows: undefined,
    rowsVersion: -1,
    described: false,
    portalReturned: undefined,
    copyReturned: undefined,
    copyOut: false,
    passes: false,
    copyMaskers: undefined,
    errorCode: undefined,
    limit: undefined,
    rollback: rollsBack ? rollbackKind(text, statements.length) : 'whole',
    mayCopy,
  };
}

/** What the rows of the statement at hand draw from. */
export function returnedOf(work: Work): RowAllowance | undefined {
  if (work.copyOut) return work.copyReturned;
  return work.portalReturned ?? work.statements[work.index]?.returned;
}

/** An allowance for the messages of a COPY, of which some are no rows: a line of names, the end of the binary format. */
export function allowingMore(allowance: RowAllowance | undefined, messages: number): RowAllowance | undefined {
  if (allowance === undefined || messages === 0) return allowance;
  let free = messages;
  return {
    get remaining() {
      return allowance.remaining + free;
    },
    take: (taken) => {
      const now = Math.min(taken, free);
      if (!allowance.take(taken - now)) return false;
      free -= now;
      return true;
    },
    refusal: () => allowance.refusal(),
  };
}

/** The action of the statement at hand. */
export function actionOf(work: Work, statement: AdmittedStatement | undefined): string {
  return statement?.action ?? (work.statements.length === 0 ? 'empty' : 'unknown');
}

/** First in, first out; taking from the front costs the same however long it is. Keeps its memory: it is emptied after nearly every message. */
export class ReplyQueue {
  #items: (ExpectedReply | undefined)[] = [];
  #head = 0;
  #tail = 0;
  #bytes = 0;

  get length(): number {
    return this.#tail - this.#head;
  }

  /** Of the messages that are not answered. */
  get bytes(): number {
    return this.#bytes;
  }

  push(item: ExpectedReply): void {
    this.#items[this.#tail] = item;
    this.#tail += 1;
    this.#bytes += item.bytes;
  }

  peek(): ExpectedReply | undefined {
    return this.#items[this.#head];
  }

  shift(): ExpectedReply | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#bytes -= item.bytes;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#tail) {
      this.#head = 0;
      this.#tail = 0;
      if (this.#items.length > KEPT) this.#items = [];
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#tail) {
      this.#items.copyWithin(0, this.#head, this.#tail);
      this.#tail -= this.#head;
      this.#head = 0;
      this.#items.length = this.#tail;
    }
    return item;
  }

  /** Drops every Sync behind the first item: the server ignores them while it waits for COPY data. */
  dropSyncsBehindFirst(): void {
    const [first, ...rest] = this;
    if (first === undefined) return;
    this.#items = [first, ...rest.filter((item) => item.kind !== 'sync')];
    this.#head = 0;
    this.#tail = this.#items.length;
    // INVARIANT: a Sync weighs nothing, so that the bytes are still right.
  }

  *[Symbol.iterator](): Iterator<ExpectedReply> {
    for (let i = this.#head; i < this.#tail; i++) {
      const item = this.#items[i];
      if (item !== undefined) yield item;
    }
  }
}

/** Places for replies that an empty queue keeps. */
const KEPT = 256;
