import { type InjectResult, type RowAllowance, takeRowsOf, UnmaskableResult, unreachable } from '@sqlwarden/core';
import { MAX_PAYLOAD, type PacketSplitter } from '../protocol/packet-splitter.js';
import { PayloadReader } from '../protocol/payload-reader.js';
import { readResultSetHeader, readStmtPrepareOk, type StmtPrepareOk } from '../protocol/result-header.js';
import { STATUS } from '../protocol/status-flags.js';
import { actionOf, type ExpectedReply, type RepliesTo, type Work } from './expected-reply.js';
import { HEADER, ReplyEnd, unexpected } from './reply-ends.js';
import { ResultBinding } from './result-binding.js';
import { isUnprotected, nextCompletion } from './result-plans.js';
import { type BoundRows, PASSING } from './result-rows.js';
import { RowMasker } from './row-masker.js';
import { NO_WORDS } from './error-texts.js';
import { OUT_PARAMETERS, unmaskable, WithheldReply } from './withheld-reply.js';
import { takeAffected } from './written-rows.js';
import { queryPacket } from './own-packets.js';
import { textRow } from './text-row.js';
import { cleanedErr, cleanedOk, errIn, isFatal, statusOf, wordsOf } from './server-errors.js';

/**
 * Where in a reply the server is: before its first packet or the first of another result, within column definitions, before the EOF that ends them,
 * within rows, or before the answer to the COMMIT or ROLLBACK of ours.
 */
type Phase = 'first' | 'definitions' | 'definitions-end' | 'rows' | 'transaction-end';

/**
 * The receiving side of a session: gives every packet of the server to the command that it answers, masks rows, cleans texts, and passes on what the
 * client is to see. A packet that answers nothing, or not in this place, is a `ProtocolError`.
 */
export class ServerMessages {
  readonly #talk: RepliesTo;
  readonly #packets: PacketSplitter;
  readonly #reader = new PayloadReader(new Uint8Array(0));
  readonly #end = new ReplyEnd();
  readonly #masker = new RowMasker();
  readonly #binding: ResultBinding;
  #phase: Phase = 'first';
  /** What the client's sequence ids are ahead of the server's. */
  #shift = 0;
  #begun = false;
  /** The client has what the packet at hand became. */
  #isShown = true;
  /** Columns of the result set, and definitions (of parameters, too) that are still to come. */
  #columns = 0;
  #definitions = 0;
  /** Of COM_STMT_PREPARE: definitions of columns that come behind those of parameters. */
  #definitionsBehind = 0;
  #returned: RowAllowance | undefined;
  #rows: BoundRows | undefined;
  /** Rows need no look at any of them. */
  #passes = false;
  /** The last result of the command was a result set. */
  #afterRows = false;
  #prepareOk: StmtPrepareOk | undefined;
  #heldRow: { readonly buffer: Uint8Array; readonly id: number } | undefined;
  /** What the client gets when the transaction of ours has ended. */
  #held: Uint8Array | undefined;
  /** What cannot be masked was bound to nothing: once the definitions are through, it is withheld. */
  #unbound: UnmaskableResult | undefined;
  #withheld: WithheldReply | undefined;
  /** The server has said why it ends the session, to the client (`told`) or to a statement of ours: nothing that it sends is handled any more. */
  lost: 'told' | 'untold' | undefined;

  constructor(talk: RepliesTo, packets: PacketSplitter) {
    this.#talk = talk;
    this.#packets = packets;
    this.#binding = new ResultBinding(talk.tools);
  }

  /** Handles one packet, or a run of rows, if there is one. Throws a `ProtocolError`, {@link LimitReached} or {@link UnmaskableResult}. */
  step(): boolean {
    if (this.lost !== undefined) return false;
    if (this.#passRun()) return true;
    const packets = this.#packets;
    if (packets.midPacket || !packets.next()) return false;
    this.#handle();
    return true;
  }

  /** The client has a part of a packet whose rest the server still has to send. */
  get midMessage(): boolean {
    return this.#packets.midPacket;
  }

  /** The sequence id of the next packet to the client, within a reply; also when {@link step} has thrown. */
  get clientSequence(): number {
    const head = this.#talk.expected;
    if (head === undefined || !this.#begun) return head?.firstSequence ?? 0;
    if (this.#withheld !== undefined) return this.#withheld.sequence;
    const next = this.#heldRow?.id ?? (this.#isShown ? this.#packets.expected : this.#firstId());
    return (next + this.#shift) & 0xff;
  }

  /** Rows that nothing is done to pass as they lie in the chunk, whole or not. */
  #passRun(): boolean {
    const work = this.#talk.expected?.work;
    if (this.#phase !== 'rows' || !this.#passes || work === undefined) return false;
    const packets = this.#packets;
    const rows = packets.run(this.#returned === undefined ? Number.POSITIVE_INFINITY : this.#returned.remaining, this.#shift);
    if (rows < 0) return false;
    if (rows > 0) takeRowsOf(this.#returned, rows);
    this.#talk.toClient.pass(packets.buffer, packets.start, packets.end);
    work.bytesReturned += packets.end - packets.start;
    work.rowsReturned += rows;
    return true;
  }

  #handle(): void {
    const head = this.#talk.expected;
    this.#isShown = false;
    const { firstByte } = this.#packets;
    if (head === undefined) return this.#unasked(firstByte);
    if (!this.#begun) {
      this.#begun = true;
      this.#shift = (head.firstSequence - this.#firstId()) & 0xff;
      if (head.kind === 'fetch') this.#beginFetch(head);
      if (head.kind === 'field-list') this.#phase = 'definitions';
    }
    if (firstByte === HEADER.ERR) return this.#failed(head);
    switch (this.#phase) {
      case 'first':
        return this.#first(head, firstByte);
      case 'definitions':
        return this.#definition(head, firstByte);
      case 'definitions-end':
        return this.#definitionsEnd(head, firstByte);
      case 'rows':
        return this.#row(head, firstByte);
      case 'transaction-end':
        return this.#transactionEnded(head);
      default:
        return unreachable(this.#phase);
    }
  }

  /** The sequence id of the first packet of the payload at hand. */
  #firstId(): number {
    const { sequenceId, bodyStart, end } = this.#packets;
    return (sequenceId - Math.floor((end - bodyStart) / MAX_PAYLOAD)) & 0xff;
  }

  #pass(head: ExpectedReply): void {
    if (this.#withheld !== undefined) return;
    this.#isShown = true;
    if (head.injection !== undefined) return;
    const packets = this.#packets;
    if (this.#shift !== 0) packets.renumber((this.#firstId() + this.#shift) & 0xff);
    this.#talk.toClient.pass(packets.buffer, packets.start, packets.end);
  }

  /** Servers say so that they end a session that waits for its client. */
  #unasked(firstByte: number): void {
    if (firstByte !== HEADER.ERR) throw unexpected('a packet');
    this.lost = 'told';
    const err = errIn(this.#packets);
    this.#talk.toClient.write(cleanedErr(err, this.#packets.sequenceId, NO_WORDS));
  }

  // ---- the first packet of a result ----

  #first(head: ExpectedReply, firstByte: number): void {
    switch (head.kind) {
      case 'ok':
        if (firstByte !== HEADER.OK && firstByte !== HEADER.EOF) throw unexpected('a packet');
        return this.#completed(head, firstByte);
      case 'statistics':
        return this.#statistics(head);
      case 'prepare':
        return this.#prepared(head, firstByte);
      case 'query':
      case 'execute':
        if (firstByte === HEADER.OK) return this.#completed(head, firstByte);
        if (firstByte === HEADER.LOCAL_INFILE) throw unexpected('a LOCAL INFILE request');
        return this.#resultSet(head);
      case 'fetch':
      case 'field-list':
        throw unexpected('a packet');
      default:
        return unreachable(head.kind);
    }
  }

  #resultSet(head: ExpectedReply): void {
    const reader = this.#payload();
    const { columns } = readResultSetHeader(reader, 0);
    this.#columns = columns;
    this.#definitions = columns;
    this.#rows = undefined;
    this.#passes = false;
    this.#returned = undefined;
    if (this.#withheld !== undefined) this.#withheld.rows = 0;
    else if (head.injection === undefined) this.#beginBinding(head, columns);
    this.#pass(head);
    this.#phase = 'definitions';
  }

  #beginBinding(head: ExpectedReply, columns: number): void {
    const { work } = head;
    try {
      this.#returned = this.#binding.begin(head, columns);
    } catch (error) {
      // Which statement it belongs to is not known then: what ends a transaction might be taken for another.
      if (work === undefined || (work.statements.length > 1 && !work.branching)) throw error;
      this.#withhold(unmaskable(error));
    }
  }

  #prepared(head: ExpectedReply, firstByte: number): void {
    if (firstByte !== HEADER.OK) throw unexpected('a packet');
    const ok = readStmtPrepareOk(this.#payload(), 0);
    this.#prepareOk = ok;
    this.#pass(head);
    this.#definitions = ok.parameters > 0 ? ok.parameters : ok.columns;
    this.#definitionsBehind = ok.parameters > 0 ? ok.columns : 0;
    if (this.#definitions === 0) this.#ended(head, undefined);
    else this.#phase = 'definitions';
  }

  #statistics(head: ExpectedReply): void {
    this.#pass(head);
    this.#ended(head, undefined);
  }

  #payload(): PayloadReader {
    const { buffer, bodyStart, end } = this.#packets;
    this.#reader.reset(buffer, bodyStart, end);
    return this.#reader;
  }

  // ---- column definitions ----

  #definition(head: ExpectedReply, firstByte: number): void {
    if (head.kind === 'field-list' && firstByte === HEADER.EOF) return this.#completed(head, firstByte);
    const { buffer, bodyStart, end } = this.#packets;
    if (head.injection === undefined && head.work !== undefined && this.#withheld === undefined) this.#binding.add(buffer, bodyStart, end);
    this.#pass(head);
    if (head.kind === 'field-list') return;
    this.#definitions -= 1;
    if (this.#definitions > 0) return;
    if (head.kind !== 'prepare') this.#bind(head);
    if (this.#talk.deprecateEof) this.#afterDefinitions(head);
    else this.#phase = 'definitions-end';
  }

  #definitionsEnd(head: ExpectedReply, firstByte: number): void {
    if (firstByte !== HEADER.EOF) throw unexpected('a packet');
    this.#readEnd();
    if (this.#opensCursor(head)) return this.#cursorOpened(head);
    if (this.#holdsParameters(head)) this.#unbound = OUT_PARAMETERS;
    if (head.isWrapped) this.#end.hideTransaction(this.#packets.buffer);
    this.#pass(head);
    this.#afterDefinitions(head);
  }

  #afterDefinitions(head: ExpectedReply): void {
    if (head.kind !== 'prepare') {
      this.#phase = 'rows';
      if (this.#unbound !== undefined) this.#withhold(this.#unbound);
      return;
    }
    this.#definitions = this.#definitionsBehind;
    this.#definitionsBehind = 0;
    if (this.#definitions > 0) this.#phase = 'definitions';
    else this.#ended(head, undefined);
  }

  #bind(head: ExpectedReply): void {
    const { work, injection } = head;
    if (injection !== undefined || work === undefined || this.#withheld !== undefined) return;
    try {
      this.#rows = this.#binding.bound(head, this.#columns);
    } catch (error) {
      this.#unbound = unmaskable(error);
      return;
    }
    this.#passes = this.#rows.cells === undefined && !this.#mayHoldParameters(head, work);
    work.rows = this.#rows;
    const { disagreements } = this.#rows;
    if (disagreements.length > 0) this.#talk.host.security({ kind: 'lineage-disagreement', ticket: work.ticket, columns: disagreements });
  }

  // ---- rows ----

  #beginFetch({ statement, work }: ExpectedReply): void {
    const cursor = statement?.cursor;
    if (cursor === undefined || work === undefined) throw new UnmaskableResult('the columns of the cursor are not known');
    this.#phase = 'rows';
    this.#rows = cursor.rows;
    this.#returned = cursor.returned;
    this.#passes = cursor.rows.cells === undefined;
    work.rows = cursor.rows;
  }

  #row(head: ExpectedReply, firstByte: number): void {
    const { buffer, bodyStart, end } = this.#packets;
    if (firstByte === HEADER.EOF && end - bodyStart < MAX_PAYLOAD) return this.#rowsEnd(head, firstByte);
    const { work, injection } = head;
    if (injection !== undefined) return void injection.rows.push(textRow(this.#payload(), this.#columns));
    if (this.#withheld !== undefined) return void (this.#withheld.rows += 1);
    const rows = this.#rows;
    if (work === undefined || rows === undefined) throw unexpected('a row');
    takeRowsOf(this.#returned, 1);
    work.rowsReturned += 1;
    const id = this.#firstId();
    if (work.rowsReturned === 1 && this.#mayHoldParameters(head, work)) this.#heldRow = { buffer: buffer.slice(bodyStart, end), id };
    else if (rows.cells === undefined && this.#heldRow === undefined) {
      work.bytesReturned += this.#packets.end - this.#packets.start;
      this.#pass(head);
    } else {
      this.#showHeldRow(work, rows);
      this.#writeRow(work, rows, id, buffer, bodyStart, end);
    }
  }

  #writeRow(work: Work, rows: BoundRows, id: number, buffer: Uint8Array, bodyStart: number, end: number): void {
    work.bytesReturned += this.#masker.write(this.#talk.toClient, rows, (id + this.#shift) & 0xff, buffer, bodyStart, end);
    work.maskedCells += this.#masker.maskedCells;
    const packets = Math.floor((end - bodyStart) / MAX_PAYLOAD) + 1;
    this.#shift = (this.#masker.nextSequence - id - packets) & 0xff;
    this.#isShown = true;
  }

  // ---- parameters of a CALL that go out ----

  /** Without EOF packets only the end of the one row says that it holds parameters (SERVER_PS_OUT_PARAMS): the first row of each result waits. */
  #mayHoldParameters({ kind }: ExpectedReply, work: Work): boolean {
    return kind === 'execute' && this.#talk.deprecateEof && actionOf(work) === 'call' && !isUnprotected(work);
  }

  #showHeldRow(work: Work, rows: BoundRows): void {
    const held = this.#heldRow;
    this.#heldRow = undefined;
    if (held === undefined) return;
    this.#writeRow(work, rows, held.id, held.buffer, 0, held.buffer.length);
    this.#isShown = false;
  }

  #holdsParameters({ work, injection }: ExpectedReply): boolean {
    const isMarked = (this.#end.status & STATUS.SERVER_PS_OUT_PARAMS) !== 0;
    return isMarked && injection === undefined && work !== undefined && !isUnprotected(work);
  }

  // ---- results that cannot be masked ----

  /** INVARIANT: from here on nothing of the reply goes to the client but, when the server is through with it, the error that stands in its place. */
  #withhold(error: UnmaskableResult): void {
    this.#unbound = undefined;
    if (this.#withheld !== undefined) return;
    this.#withheld = new WithheldReply(error, this.clientSequence);
    const work = this.#talk.expected?.work;
    if (this.#heldRow !== undefined && work !== undefined) work.rowsReturned = 0;
    this.#passes = false;
    this.#rows = undefined;
    this.#heldRow = undefined;
  }

  #rowsEnd(head: ExpectedReply, firstByte: number): void {
    this.#readEnd();
    const { status } = this.#end;
    if (this.#holdsParameters(head)) this.#withhold(OUT_PARAMETERS);
    if (head.work !== undefined && this.#withheld === undefined) this.#showHeldRow(head.work, this.#rows ?? PASSING);
    if (head.kind === 'fetch') return this.#fetched(head, status);
    if (this.#opensCursor(head)) return this.#cursorOpened(head);
    // What RETURNING gives back was written.
    this.#completed(head, firstByte, this.#withheld?.rows ?? head.work?.rowsReturned);
  }

  /** No server opens a cursor for a CALL; one inside of its procedure sets the flag as well. */
  #opensCursor({ asksForCursor, work }: ExpectedReply): boolean {
    const isOpen = (this.#end.status & STATUS.SERVER_STATUS_CURSOR_EXISTS) !== 0;
    return (
      isOpen &&
      asksForCursor &&
      work !== undefined &&
      actionOf(work) !== 'call' &&
      work.rowsReturned === 0 &&
      (this.#withheld?.rows ?? 0) === 0
    );
  }

  #cursorOpened(head: ExpectedReply): void {
    const { work, statement } = head;
    if (work === undefined || statement === undefined || work.rowsReturned > 0) throw unexpected('a cursor');
    takeAffected(work, null);
    if (this.#unbound !== undefined) this.#withhold(this.#unbound);
    if (this.#withheld !== undefined) return this.#withheldEnd(head, work, this.#withheld);
    if (this.#rows === undefined) throw unexpected('a cursor');
    statement.cursor = { rows: this.#rows, returned: this.#returned };
    this.#suspended(head, work);
  }

  #fetched(head: ExpectedReply, status: number): void {
    const { work, statement } = head;
    if (work === undefined || statement === undefined) throw unexpected('rows');
    const isLast = (status & STATUS.SERVER_STATUS_LAST_ROW_SENT) !== 0;
    if (isLast) statement.cursor = undefined;
    this.#suspended(head, work, !isLast);
  }

  /** The end of a part of a cursor's rows. */
  #suspended(head: ExpectedReply, work: Work, suspended = true): void {
    const talk = this.#talk;
    const { status } = this.#end;
    const action = actionOf(work);
    this.#showEnd(head);
    talk.touched(work, action);
    work.results.push({ command: suspended ? '' : action.toUpperCase(), rowsReturned: work.rowsReturned, rowsAffected: null });
    talk.settle(work, 'ok', suspended);
    talk.statementEnded(work, action, status);
    this.#ended(head, status);
  }

  // ---- the end of a result ----

  #readEnd(): void {
    const { buffer, bodyStart, end, firstByte } = this.#packets;
    this.#end.read(buffer, bodyStart, end, firstByte === HEADER.EOF && !this.#talk.deprecateEof);
  }

  /** OK, EOF, or the OK in its place: a statement is complete, or a command without a unit. `returned`: rows of a result set. */
  #completed(head: ExpectedReply, firstByte: number, returned?: number): void {
    if (firstByte === HEADER.OK) this.#end.read(this.#packets.buffer, this.#packets.bodyStart, this.#packets.end, false);
    else this.#readEnd();
    const { work } = head;
    const { hasMore, status } = this.#end;
    if (head.kind !== 'query' && head.kind !== 'execute' && hasMore) throw unexpected('more results');
    this.#noteChanges(head);
    if (work === undefined || head.injection !== undefined) {
      this.#showEnd(head);
      if (hasMore) this.#phase = 'first';
      else this.#ended(head, status);
      return;
    }
    this.#completedUnit(head, work, returned);
  }

  #completedUnit(head: ExpectedReply, work: Work, returned: number | undefined): void {
    const talk = this.#talk;
    const { hasMore, status, affected } = this.#end;
    const isRows = returned !== undefined;
    const statement = isRows ? work.statements[work.index] : nextCompletion(work, !hasMore, this.#afterRows);
    if (statement === false) throw new UnmaskableResult('the statement returned no rows where its analysis has some');
    const action = statement?.action ?? (work.statements.length === 0 ? 'empty' : 'unknown');
    if (statement !== undefined) takeAffected(work, isRows ? returned : affected);
    if (this.#withheld !== undefined && !hasMore) return this.#withheldEnd(head, work, this.#withheld);
    if (head.isWrapped && !hasMore) this.#hold(head, 'COMMIT');
    else this.#showEnd(head);
    talk.touched(work, action);
    if (statement !== undefined || isRows) this.#account(work, action, isRows ? null : affected);
    this.#afterRows = isRows;
    this.#phase = 'first';
    if (hasMore) {
      talk.statementEnded(work, action, status);
      return;
    }
    if (head.isWrapped) {
      this.#phase = 'transaction-end';
      return;
    }
    talk.settle(work, 'ok');
    talk.statementEnded(work, action, status);
    this.#ended(head, status);
  }

  /** The server is through with a reply that was withheld. */
  #withheldEnd(head: ExpectedReply, work: Work, withheld: WithheldReply): void {
    const talk = this.#talk;
    const { status, affected } = this.#end;
    const action = actionOf(work);
    const err = withheld.err(work);
    talk.touched(work, action);
    this.#account(work, action, affected);
    if (head.isWrapped) return this.#hold(head, 'ROLLBACK', err);
    talk.toClient.write(err);
    talk.settle(work, 'error');
    talk.statementEnded(work, action, status);
    this.#ended(head, status, false);
  }

  #account(work: Work, action: string, affected: number | null): void {
    const elsewhere = work.ordinal === work.transaction.ordinal ? {} : { transaction: work.ordinal };
    work.results.push({ command: action.toUpperCase(), rowsReturned: work.rowsReturned, rowsAffected: affected, ...elsewhere });
    if (work.index < work.statements.length - 1 || !work.branching) work.index += 1;
    work.rowsReturned = 0;
    work.rows = undefined;
  }

  /** What the server tells of the session's state (CLIENT_SESSION_TRACK). Never relied on alone. */
  #noteChanges(head: ExpectedReply): void {
    if (!this.#talk.sessionTrack || (this.#end.status & STATUS.SERVER_SESSION_STATE_CHANGED) === 0) return;
    if (head.injection === undefined) this.#talk.stateStale = true;
  }

  #showEnd(head: ExpectedReply): void {
    if (this.#withheld !== undefined) return;
    const cleaned = this.#cleanedEnd(head);
    if (cleaned === undefined) return this.#pass(head);
    this.#talk.toClient.write(cleaned);
    this.#isShown = true;
  }

  /** The OK at hand without its words, where they may quote values. */
  #cleanedEnd(head: ExpectedReply): Uint8Array | undefined {
    const { infoAt } = this.#end;
    if (!head.clean || head.injection !== undefined || infoAt === this.#packets.end) return undefined;
    return cleanedOk(this.#payload(), (this.#firstId() + this.#shift) & 0xff, this.#talk.sessionTrack);
  }

  // ---- a transaction of ours around one statement ----

  /** Keeps what ends the reply until the transaction of ours is ended by `statement`. */
  #hold(head: ExpectedReply, statement: 'COMMIT' | 'ROLLBACK', shown?: Uint8Array): void {
    const packets = this.#packets;
    if (shown === undefined) this.#end.hideTransaction(packets.buffer);
    this.#held = shown ?? this.#cleanedEnd(head) ?? this.#copied();
    this.#phase = 'transaction-end';
    this.#talk.toServer.write(queryPacket(statement, this.#talk.queryAttributes));
    packets.expected = 1;
  }

  #transactionEnded(head: ExpectedReply): void {
    const { work } = head;
    if (work === undefined || this.#packets.firstByte !== HEADER.OK) throw unexpected('a packet');
    this.#readEnd();
    const { status } = this.#end;
    const isUndone = work.errorCode !== undefined;
    if (this.#held !== undefined) this.#talk.toClient.write(this.#held);
    this.#talk.settle(work, isUndone ? statusOf(Number(work.errorCode)) : 'ok');
    this.#talk.statementEnded(work, isUndone ? 'rollback' : 'commit', status);
    this.#ended(head, status, !isUndone);
  }

  // ---- errors ----

  #failed(head: ExpectedReply): void {
    const talk = this.#talk;
    const { work, injection } = head;
    const err = errIn(this.#packets);
    const isLost = isFatal(err.code);
    if (isLost) this.lost = injection === undefined ? 'told' : 'untold';
    if (injection !== undefined) {
      talk.failed(err.code);
      return this.#ended(head, undefined, false, { kind: 'error', code: String(err.code), message: err.message });
    }
    const sequence = (this.#firstId() + this.#shift) & 0xff;
    const shown = head.clean ? cleanedErr(err, sequence, wordsOf(head, talk)) : undefined;
    if (work === undefined) {
      this.#showErr(head, shown);
      talk.failed(err.code);
      return this.#ended(head, undefined, false);
    }
    work.errorCode = String(err.code);
    talk.touched(work, actionOf(work));
    // Also what was returned before the error counts.
    if (work.rowsReturned > 0) work.results.push({ command: '', rowsReturned: work.rowsReturned, rowsAffected: null });
    const answer = this.#withheld === undefined ? shown : this.#withheld.err(work);
    if (head.isWrapped && !isLost && this.#phase !== 'transaction-end') return this.#hold(head, 'ROLLBACK', answer ?? this.#copied());
    this.#showErr(head, answer);
    talk.settle(work, statusOf(err.code));
    talk.failed(err.code);
    this.#ended(head, undefined, false);
  }

  #showErr(head: ExpectedReply, shown: Uint8Array | undefined): void {
    if (shown === undefined) this.#pass(head);
    else this.#talk.toClient.write(shown);
  }

  /** The packet at hand as the client is to get it. */
  #copied(): Uint8Array {
    const packets = this.#packets;
    packets.renumber((this.#firstId() + this.#shift) & 0xff);
    return packets.buffer.slice(packets.start, packets.end);
  }

  // ---- the end of a reply ----

  #ended(head: ExpectedReply, status: number | undefined, ok = true, failure?: InjectResult): void {
    const talk = this.#talk;
    const prepareOk = this.#prepareOk;
    this.#phase = 'first';
    this.#begun = false;
    this.#afterRows = false;
    this.#passes = false;
    this.#rows = undefined;
    this.#returned = undefined;
    this.#prepareOk = undefined;
    this.#held = undefined;
    this.#heldRow = undefined;
    this.#unbound = undefined;
    this.#withheld = undefined;
    talk.expected = undefined;
    if (ok && prepareOk !== undefined) head.prepared?.(prepareOk);
    talk.replied(status);
    head.injection?.done(failure ?? { kind: 'rows', rows: head.injection.rows });
    head.ended?.(ok);
  }
}
