import type { AdmittedStatement, MaskPlan, Outcome, ResultColumn, StatementResult, TransactionState } from '@sqlwarden/core';
import type { Portal, PreparedStatement } from './prepared.js';
import { type RollbackKind, rollbackKind } from './transactions.js';
import type { CopyMasker } from '../masking/index.js';
import type { BoundRows } from './result-rows.js';

/** Which messages of the server answer a forwarded message: "Message Flow" of the PostgreSQL protocol documentation. */
export type ReplyKind = 'parse' | 'bind' | 'describe-statement' | 'describe-portal' | 'execute' | 'close' | 'query' | 'sync';

/** What a forwarded unit does, and what its replies have said so far. */
export interface Work {
  readonly ticket: number;
  readonly statements: readonly AdmittedStatement[];
  /** As it stood when the unit was admitted. */
  readonly transaction: TransactionState;
  /** Masks of an Execute: that of its portal and its own. A Query takes each statement's own. */
  readonly plans: readonly MaskPlan[];
  /** The transaction that the current statement runs in; goes up when the unit ends one. */
  ordinal: number;
  /** Which statement of the unit the next reply belongs to. */
  index: number;
  readonly results: StatementResult[];
  rowsReturned: number;
  bytesReturned: number;
  maskedCells: number;
  /** How the rows of the current statement pass; `undefined`: not bound. */
  rows: BoundRows | undefined;
  /** The version of the statement's description that {@link rows} was bound to. */
  rowsVersion: number;
  /** A row header was seen for the current statement. */
  described: boolean;
  /** The server is sending COPY data. */
  copyOut: boolean;
  /** Per statement of the unit: what masks its COPY data. */
  copyMaskers: ReadonlyMap<number, CopyMasker> | undefined;
  errorCode: string | undefined;
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

/** One message that was sent to the server and what is to be done with its replies. */
export interface ExpectedReply {
  readonly kind: ReplyKind;
  /** Of the forwarded message, which is kept alive until it is answered. */
  readonly bytes: number;
  /** Texts of errors and notices may carry protected values. */
  readonly clean: boolean;
  /** The message was replaced by one that fails: the server's error is shown to the client as this ErrorResponse. */
  readonly replacement: Uint8Array | undefined;
  /** Ours: replies are not shown to the client. */
  readonly injection: Injection | undefined;
  /** A Describe of ours for the client's portal: its reply is kept, not shown. */
  readonly hidden: boolean;
  readonly statement: PreparedStatement | undefined;
  readonly portal: Portal | undefined;
  /** Takes back what the message did to names, when the server did not run it. */
  readonly undo: (() => void) | undefined;
  /** What the message does to names, when only the server's answer can tell. */
  readonly confirm: (() => void) | undefined;
  readonly work: Work | undefined;
  /** The end of a transaction may be under way while this is unanswered. */
  readonly mayCommit: boolean;
}

/** An expectation with everything that is not named left empty. Written out, because one is made for every message. */
export function expecting(fields: Partial<ExpectedReply> & Pick<ExpectedReply, 'kind'>): ExpectedReply {
  return {
    kind: fields.kind,
    bytes: fields.bytes ?? 0,
    clean: fields.clean === true,
    replacement: fields.replacement,
    injection: fields.injection,
    hidden: fields.hidden === true,
    statement: fields.statement,
    portal: fields.portal,
    undo: fields.undo,
    confirm: fields.confirm,
    work: fields.work,
    mayCommit: fields.mayCommit === true,
  };
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
  for (const { action } of statements) {
    if (action === 'copy' || action === 'unknown') mayCopy = true;
    else if (action === 'rollback') rollsBack = true;
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
    copyOut: false,
    copyMaskers: undefined,
    errorCode: undefined,
    rollback: rollsBack ? rollbackKind(text, statements.length) : 'whole',
    mayCopy,
  };
}

/** The action of the statement at hand. */
export function actionOf(work: Work, statement: AdmittedStatement | undefined): string {
  return statement?.action ?? (work.statements.length === 0 ? 'empty' : 'unknown');
}

/** What a unit did, for the host. */
export function outcomeOf(work: Work, status: Outcome['status'], suspended: boolean): Outcome {
  return {
    ticket: work.ticket,
    status,
    statements: work.results,
    bytesReturned: work.bytesReturned,
    maskedCells: work.maskedCells,
    errorCode: work.errorCode,
    transaction: work.transaction,
    suspended,
  };
}

/** First in, first out; taking from the front costs the same however long it is. */
export class ReplyQueue {
  #items: (ExpectedReply | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Of the messages that are not answered. */
  get bytes(): number {
    return this.#bytes;
  }

  push(item: ExpectedReply): void {
    this.#items.push(item);
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
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Puts an item back in front. */
  unshift(item: ExpectedReply): void {
    this.#bytes += item.bytes;
    if (this.#head > 0) {
      this.#head -= 1;
      this.#items[this.#head] = item;
    } else this.#items.unshift(item);
  }

  /** Drops every Sync behind the first item: the server ignores them while it waits for COPY data. */
  dropSyncsBehindFirst(): void {
    const [first, ...rest] = this;
    if (first === undefined) return;
    this.#items = [first, ...rest.filter((item) => item.kind !== 'sync')];
    this.#head = 0;
    // INVARIANT: a Sync weighs nothing, so that the bytes are still right.
  }

  *[Symbol.iterator](): Iterator<ExpectedReply> {
    for (let i = this.#head; i < this.#items.length; i++) {
      const item = this.#items[i];
      if (item !== undefined) yield item;
    }
  }
}
