import { type BackendMessage, decodeBackend, encodeBackend, lenientText } from '../protocol/backend-message.js';
import { encodeFrontend } from '../protocol/frontend-message.js';
import type { FrameSplitter } from '../protocol/frame-splitter.js';
import { BACKEND, backendName } from '../protocol/message-types.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { put32 } from '../protocol/raw-bytes.js';
import { LimitReached, type MaskPlan, type ResultColumn, takeRowsOf, UnmaskableResult } from '@sqlwarden/core';
import type { CopyRoom } from '../masking/index.js';
import type { Conversation } from './conversation.js';
import { commandOf, countOf } from './completion-tag.js';
import { ServerErrors, statusOf } from './server-errors.js';
import { cleanedResponse, readErrorFields } from './error-texts.js';
import { actionOf, allowingMore, type ExpectedReply, type Injection, type ReplyKind, returnedOf, type Work } from './expected-reply.js';
import { bindPortal, takeRows } from './portal-rows.js';
import type { PreparedStatement } from './prepared.js';
import { type BoundRows, bindRows, resultColumns, RowMasker } from './result-rows.js';

type Message<Kind extends BackendMessage['kind']> = Extract<BackendMessage, { kind: Kind }>;

/** Parameters that names and lexis depend on: their change means that the state must be asked for. */
const STATE_PARAMETERS: ReadonlySet<string> = new Set([
  'search_path',
  'standard_conforming_strings',
  'session_authorization',
  'is_superuser',
]);

/**
 * The receiving side of a session: gives every message of the server to the forwarded message that it answers, masks rows, cleans texts, and
 * passes on what the client is to see. A message that answers nothing, or not in this place, is a `ProtocolError`.
 */
export class ServerMessages {
  readonly #talk: Conversation;
  readonly #frames: FrameSplitter;
  readonly #masker = new RowMasker();
  readonly #copyRoom: CopyRoom = { reserve: (length) => this.#roomInCopyData(length) };
  // Of Queries: the last result header under a plan, and the masks bound to it. Plans are shared by equal decisions, so that they come again.
  readonly #lastDescriptions = new WeakMap<MaskPlan, NonNullable<PreparedStatement['lastDescription']>>();
  readonly #lastBindings = new WeakMap<MaskPlan, { readonly columns: readonly ResultColumn[]; readonly rows: BoundRows }>();
  readonly #errors: ServerErrors;
  /** Called for every ReadyForQuery that the client is to see. */
  onReady: (() => void) | undefined;

  constructor(talk: Conversation, frames: FrameSplitter) {
    this.#talk = talk;
    this.#frames = frames;
    this.#errors = new ServerErrors(talk, frames);
  }

  /** The server has said why it ends the session. */
  get fatal(): boolean {
    return this.#errors.fatal;
  }

  /** Handles one message if one is complete. Throws a `ProtocolError`. */
  step(): boolean {
    if (this.#passRun()) return true;
    const frames = this.#frames;
    if (frames.midMessage || !frames.next()) return false;
    this.#handle(frames.type);
    return true;
  }

  /** The client has a part of a message whose rest the server still has to send. */
  get midMessage(): boolean {
    return this.#frames.midMessage;
  }

  /** Rows and COPY data that nothing is done to pass as they lie in the chunk, whole or not. */
  #passRun(): boolean {
    const work = this.#talk.expected.peek()?.work;
    if (work === undefined || !work.passes) return false;
    const frames = this.#frames;
    const allowance = returnedOf(work);
    const most = allowance === undefined ? Number.POSITIVE_INFINITY : allowance.remaining;
    const rows = frames.run(work.copyOut ? BACKEND.CopyData : BACKEND.DataRow, most);
    if (rows < 0) return false;
    if (rows > 0) takeRowsOf(allowance, rows);
    this.#pass();
    work.bytesReturned += frames.end - frames.start;
    if (!work.copyOut) work.rowsReturned += rows;
    return true;
  }

  #handle(type: number): void {
    switch (type) {
      case BACKEND.DataRow:
        return this.#dataRow();
      case BACKEND.CommandComplete:
        return this.#commandComplete();
      case BACKEND.ReadyForQuery:
        return this.#readyForQuery(this.#decode<'ReadyForQuery'>());
      case BACKEND.ParseComplete:
        return this.#complete('parse');
      case BACKEND.BindComplete:
        return this.#complete('bind');
      case BACKEND.CloseComplete:
        return this.#complete('close');
      case BACKEND.RowDescription:
        return this.#rowDescription();
      case BACKEND.NoData:
        return this.#noData();
      case BACKEND.ParameterDescription:
        return this.#parameterDescription(this.#decode<'ParameterDescription'>());
      case BACKEND.EmptyQueryResponse:
        return this.#statementEnds('', null);
      case BACKEND.PortalSuspended:
        return this.#suspended();
      case BACKEND.ErrorResponse:
        return this.#errors.handle();
      case BACKEND.NoticeResponse:
        return this.#notice();
      case BACKEND.NotificationResponse:
        return this.#notification();
      case BACKEND.ParameterStatus:
        return this.#parameterStatus(this.#decode<'ParameterStatus'>());
      case BACKEND.FunctionCallResponse:
        return this.#functionResult();
      case BACKEND.CopyInResponse:
        return this.#copyIn();
      case BACKEND.CopyOutResponse:
        return this.#copyOut();
      case BACKEND.CopyData:
      case BACKEND.CopyDone:
        return this.#copyData(type);
      default:
        throw unexpected(type);
    }
  }

  #decode<Kind extends BackendMessage['kind']>(): Message<Kind> {
    const frames = this.#frames;
    return decodeBackend(frames.type, frames.buffer, frames.bodyStart, frames.end) as Message<Kind>;
  }

  #pass(): void {
    const frames = this.#frames;
    this.#talk.toClient.pass(frames.buffer, frames.start, frames.end);
  }

  #head(kind: ReplyKind, or: ReplyKind = kind, orElse: ReplyKind = kind): ExpectedReply {
    const head = this.#talk.expected.peek();
    // INVARIANT: a refused message is one that the server cannot accept; an answer other than an error means that it ran something else.
    if (head === undefined || head.replacement !== undefined) throw unexpected(this.#frames.type);
    if (head.kind !== kind && head.kind !== or && head.kind !== orElse) throw unexpected(this.#frames.type);
    return head;
  }

  // ---- one reply, one message ----

  #complete(kind: 'parse' | 'bind' | 'close'): void {
    if (this.#isPortalOfQuery()) return;
    const head = this.#head(kind);
    this.#talk.expected.shift();
    if (head.injection !== undefined) return this.#injected(head.injection);
    head.change?.confirm();
    if (head.statement !== undefined) head.statement.confirmed = true;
    if (head.portal !== undefined) head.portal.confirmed = true;
    this.#pass();
    this.#talk.settle(head.work, 'ok');
  }

  /** What a portal is answered by and a Query is not. */
  #isPortalOfQuery(): boolean {
    const head = this.#talk.expected.peek();
    return head?.isPortal === true && head.work?.index === 0 && !head.work.described;
  }

  /** A reply to one of the gateway's own messages: the last one ends the injection. */
  #injected(injection: Injection): void {
    if (injection.inSegment && this.#talk.expected.peek()?.injection !== injection) injection.done(injection);
  }

  #parameterDescription(message: Message<'ParameterDescription'>): void {
    const { statement, injection } = this.#head('describe-statement');
    if (injection !== undefined) return;
    if (statement !== undefined) statement.parameterTypes = message.types;
    this.#pass();
  }

  #rowDescription(): void {
    const head = this.#head('describe-statement', 'describe-portal', 'query');
    if (head.kind === 'query') {
      this.#queryColumns(head.work, this.#queryDescription(head.work));
      this.#pass();
      return;
    }
    this.#described(head, this.#columns(head));
  }

  /** The columns of a description; those of the last one when its bytes are the same, as they are at almost every execution. */
  #columns(head: ExpectedReply): readonly ResultColumn[] {
    const { buffer, start, end } = this.#frames;
    const statement = head.portal?.statement ?? head.statement;
    const last = statement?.lastDescription;
    if (last !== undefined && sameBytes(last.bytes, buffer, start, end)) return last.columns;
    const columns = resultColumns(this.#decode<'RowDescription'>().fields);
    if (statement !== undefined) {
      statement.lastDescription = { bytes: buffer.slice(start, end), columns };
      // Another shape, or other origins: what was bound before does not hold.
      statement.lastBinding = undefined;
      statement.version += 1;
    }
    return columns;
  }

  /** The columns of a Query's result. Not decoded when nothing depends on them, or when they are those of the last result under its plan. */
  #queryDescription(work: Work | undefined): readonly ResultColumn[] {
    const plan = work?.statements[work.index]?.plan;
    if (plan === undefined) return NO_COLUMNS;
    const { buffer, start, end } = this.#frames;
    const last = this.#lastDescriptions.get(plan);
    if (last !== undefined && sameBytes(last.bytes, buffer, start, end)) return last.columns;
    const columns = resultColumns(this.#decode<'RowDescription'>().fields);
    this.#lastDescriptions.set(plan, { bytes: buffer.slice(start, end), columns });
    return columns;
  }

  #noData(): void {
    if (this.#isPortalOfQuery()) return;
    this.#described(this.#head('describe-statement', 'describe-portal'), null);
  }

  #described(head: ExpectedReply, columns: readonly ResultColumn[] | null): void {
    this.#talk.expected.shift();
    const { portal, injection } = head;
    if (injection !== undefined) {
      injection.columns = columns;
      return this.#injected(injection);
    }
    if (head.statement !== undefined) head.statement.columns = columns;
    if (portal !== undefined) {
      portal.columns = columns;
      // What the portal says holds for its statement too, whose columns were fixed when it was prepared; but for the formats.
      if (portal.statement.describedAt !== portal.statement.version) portal.statement.columns = columns === null ? null : inText(columns);
      portal.statement.describedAt = portal.statement.version;
    }
    if (!head.hidden) this.#pass();
  }

  // ---- rows ----

  #queryColumns(work: Work | undefined, columns: readonly ResultColumn[]): void {
    const statement = work?.statements[work.index];
    if (work === undefined || statement === undefined) return this.#unmaskable('the result belongs to no statement that was analysed');
    if (statement.plan !== undefined && work.described) return this.#unmaskable('the statement has more than one result');
    work.described = true;
    if (statement.plan === undefined) return;
    const last = this.#lastBindings.get(statement.plan);
    if (last !== undefined && last.columns === columns) return takeRows(work, last.rows, this.#talk);
    const bound = bindRows([statement.plan], columns, this.#talk.tools);
    if (bound.kind === 'unbindable') return this.#unmaskable(bound.reason);
    this.#lastBindings.set(statement.plan, { columns, rows: bound.rows });
    takeRows(work, bound.rows, this.#talk);
  }

  #dataRow(): void {
    const head = this.#head('query', 'execute');
    if (head.injection !== undefined) return this.#injectedRow(head.injection);
    const { work } = head;
    if (work === undefined || (head.kind === 'query' && !work.described)) throw unexpected(BACKEND.DataRow);
    const frames = this.#frames;
    const cells = this.#cells(head, work);
    takeRowsOf(returnedOf(work), 1);
    work.rowsReturned += 1;
    if (cells === undefined) {
      work.passes = true;
      this.#pass();
      work.bytesReturned += frames.end - frames.start;
      return;
    }
    work.bytesReturned += this.#masker.write(this.#talk.toClient, cells, frames.buffer, frames.bodyStart, frames.end);
    work.maskedCells += this.#masker.maskedCells;
  }

  /** The masks of the row's cells, or `undefined` when the row passes as it is. Ends the session when a plan could not be bound. */
  #cells(head: ExpectedReply, work: Work): NonNullable<Work['rows']>['cells'] {
    if (
      head.portal !== undefined &&
      work.plans.length > 0 &&
      (work.rows === undefined || work.rowsVersion !== head.portal.statement.version)
    ) {
      const columns = head.portal.columns !== undefined ? head.portal.columns : head.portal.statement.columns;
      if (columns === undefined || columns === null) return this.#unmaskable('the columns of the result are not known');
      const reason = bindPortal(head.portal, columns, work, this.#talk);
      if (reason !== undefined) return this.#unmaskable(reason);
    }
    if (work.statements[work.index] === undefined) return this.#unmaskable('the result belongs to no statement that was analysed');
    return work.rows?.cells;
  }

  /**
   * A result that its plan does not fit. What the server did cannot be taken back by now, and an error in place of the rows would say that it
   * was: the session ends instead.
   */
  #unmaskable(reason: string): never {
    throw new UnmaskableResult(reason);
  }

  #injectedRow(injection: Injection): void {
    const { cells } = this.#decode<'DataRow'>();
    injection.rows.push(cells.map((cell) => (cell === null ? null : lenientText(cell))));
  }

  // ---- the end of a statement ----

  #statementEnds(command: string, count: number | null, tag = ''): void {
    const talk = this.#talk;
    const head = this.#head('query', 'execute');
    if (head.injection !== undefined) {
      talk.expected.shift();
      return this.#injected(head.injection);
    }
    const { work } = head;
    if (work !== undefined) takeAffected(work, affectedBy(work, command, count));
    if (head.isPortal) this.#completePortal(head);
    else this.#pass();
    if (work !== undefined) this.#account(work, command, count, tag);
    if (head.kind === 'query') return;
    talk.expected.shift();
    talk.settle(work, 'ok');
  }

  /** What the statement did may stay. A Query says that it is complete when its transaction is, which can still fail. */
  #completePortal(head: ExpectedReply): void {
    const { buffer, start, end } = this.#frames;
    head.completed = buffer.slice(start, end);
    head.isPortal = false;
    this.#talk.toServer.write(encodeFrontend({ kind: 'Sync' }));
  }

  #commandComplete(): void {
    const { tag } = this.#decode<'CommandComplete'>();
    this.#statementEnds(commandOf(tag), countOf(tag), tag);
  }

  #account(work: Work, command: string, count: number | null, tag: string): void {
    const { record } = this.#talk;
    const action = actionOf(work, work.statements[work.index]);
    const rowsReturned = work.copyOut ? (count ?? 0) : work.rowsReturned;
    const elsewhere = work.ordinal === work.transaction.ordinal ? {} : { transaction: work.ordinal };
    work.results.push({ command, rowsReturned, rowsAffected: affectedBy(work, command, count), ...elsewhere });
    record.touched(work.ordinal, action);
    if (record.completed(tag, action, work.rollback)) work.ordinal += 1;
    work.index += 1;
    work.rowsReturned = 0;
    work.rows = undefined;
    work.described = false;
    work.copyOut = false;
    work.passes = false;
  }

  #suspended(): void {
    const head = this.#head('execute');
    const { work } = head;
    if (head.injection !== undefined || work === undefined) throw unexpected(BACKEND.PortalSuspended);
    takeAffected(work, null);
    this.#talk.expected.shift();
    work.passes = false;
    this.#pass();
    work.results.push({ command: '', rowsReturned: work.rowsReturned, rowsAffected: null });
    this.#talk.record.touched(work.ordinal, actionOf(work, work.statements[0]));
    this.#talk.settle(work, 'ok', true);
  }

  #readyForQuery(message: Message<'ReadyForQuery'>): void {
    const talk = this.#talk;
    const head = talk.expected.peek();
    if (head === undefined || (head.kind !== 'sync' && head.kind !== 'query')) throw unexpected(BACKEND.ReadyForQuery);
    // A refused Query must have been answered by its error.
    if (head.kind === 'query' && head.replacement !== undefined) throw unexpected(BACKEND.ReadyForQuery);
    talk.expected.shift();
    // What the statements did comes before the end of their transaction.
    if (head.kind === 'query') talk.settle(head.work, head.work?.errorCode === undefined ? 'ok' : statusOf(head.work.errorCode));
    talk.record.readyForQuery(message.status);
    if (talk.expected.length === 0) talk.forecast.settle(message.status, talk.record.live);
    if (head.injection !== undefined) return head.injection.done(head.injection);
    if (head.completed !== undefined) talk.toClient.write(head.completed);
    this.#pass();
    this.onReady?.();
  }

  #functionResult(): void {
    const head = this.#head('query');
    const { work } = head;
    if (!head.isCall || work === undefined || work.index > 0) throw unexpected(BACKEND.FunctionCallResponse);
    const { value } = this.#decode<'FunctionCallResponse'>();
    takeRowsOf(returnedOf(work), 1);
    work.rowsReturned = 1;
    work.bytesReturned += value?.length ?? 0;
    this.#pass();
    this.#account(work, 'SELECT', 1, '');
  }

  // ---- COPY ----

  #copyIn(): void {
    const talk = this.#talk;
    const { work, kind } = this.#head('query', 'execute');
    if (!isCopying(work)) throw unexpected(BACKEND.CopyInResponse);
    if (kind === 'execute') {
      talk.expected.dropSyncsBehindFirst();
      talk.midSegment = true;
      talk.forecast.distrust();
    }
    talk.copyIn = true;
    this.#pass();
  }

  #copyOut(): void {
    const { work } = this.#head('query', 'execute');
    if (!isCopying(work)) throw unexpected(BACKEND.CopyOutResponse);
    const statement = work.statements[work.index];
    const masker = work.copyMaskers?.get(work.index);
    if (masker === undefined) {
      const plan = statement?.plan ?? work.plans[0];
      if (plan?.outputs.some((output) => output !== null) === true) this.#unmaskable('COPY cannot mask these columns');
    } else {
      const { format } = this.#decode<'CopyOutResponse'>();
      if ((format === 1) !== (statement?.copy?.format === 'binary'))
        this.#unmaskable('the format of the COPY is not the one that was analysed');
    }
    const otherMessages = this.#decode<'CopyOutResponse'>().format === 1 || statement?.copy?.header === true ? 1 : 0;
    work.copyReturned = allowingMore(returnedOf(work), otherMessages);
    work.copyOut = true;
    work.passes = masker === undefined;
    this.#pass();
  }

  #copyData(type: number): void {
    const { work } = this.#head('query', 'execute');
    if (work === undefined || !work.copyOut) throw unexpected(type);
    const masker = work.copyMaskers?.get(work.index);
    const frames = this.#frames;
    if (type === BACKEND.CopyDone) work.passes = false;
    else takeRowsOf(returnedOf(work), 1);
    if (masker !== undefined) {
      const masked = type === BACKEND.CopyDone ? masker.end() : masker.push(frames.buffer, frames.bodyStart, frames.end, this.#copyRoom);
      if (masked.kind === 'error') return this.#unmaskable(masked.reason);
      work.maskedCells += masked.maskedCells;
      if (masked.bytes > 0) work.bytesReturned += masked.bytes + 5;
      if (type === BACKEND.CopyData) return;
    }
    this.#pass();
    if (type === BACKEND.CopyData) work.bytesReturned += frames.end - frames.start;
  }

  /** Room within a CopyData message. */
  #roomInCopyData(length: number): { buffer: Uint8Array; start: number } {
    const { buffer, start } = this.#talk.toClient.reserve(length + 5);
    buffer[start] = BACKEND.CopyData;
    put32(buffer, start + 1, length + 4);
    return { buffer, start: start + 5 };
  }

  // ---- what comes unasked ----

  #notice(): void {
    const talk = this.#talk;
    const head = talk.expected.peek();
    if (head?.injection !== undefined || head?.replacement !== undefined) return;
    const frames = this.#frames;
    if (head?.clean ?? talk.cleanSeen) {
      talk.toClient.write(cleanedResponse('NoticeResponse', readErrorFields(frames.buffer, frames.bodyStart, frames.end)));
    } else this.#pass();
  }

  #notification(): void {
    const message = this.#decode<'NotificationResponse'>();
    if (this.#talk.cleanSeen || !this.#talk.host.mayHear()) this.#talk.toClient.write(encodeBackend({ ...message, payload: '' }));
    else this.#pass();
  }

  #parameterStatus(message: Message<'ParameterStatus'>): void {
    if (message.name === 'client_encoding' && message.value.toUpperCase() !== 'UTF8') throw new EncodingLost();
    if (STATE_PARAMETERS.has(message.name)) this.#talk.stateStale = true;
    // Reading the catalogue in a client's transaction changes the search path and puts it back: nothing that the client should hear of.
    if (this.#talk.expected.peek()?.injection !== undefined) return;
    this.#pass();
  }
}

/**
 * `affected`: the server's count. Where it gives none (rows that are still to be fetched, a WITH whose last statement reads, EXPLAIN ANALYZE, COPY of
 * what a statement returns) nobody can say that what was written is within the limit.
 */
function takeAffected(work: Work, affected: number | null): void {
  const statement = work.statements[work.index];
  const allowance = statement?.affected;
  if (statement === undefined || allowance === undefined) return;
  if (affected === null && WRITES.has(statement.action)) {
    const { rule } = allowance.refusal();
    const limit = rule === undefined ? 'a limit' : `the limit ${rule}`;
    throw new LimitReached({ code: 'limit-exceeded', message: `${limit} ${UNCOUNTED}`, ...(rule === undefined ? {} : { rule }) });
  }
  takeRowsOf(allowance, affected ?? 0);
}

const WRITES: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge']);
const UNCOUNTED =
  'counts written rows, and the server does not count those of this statement; write by INSERT, UPDATE, DELETE or MERGE itself and fetch all that it returns at once';

/** The count of a command that only returns rows says how many it returned, not how many it changed. */
function affectedBy(work: Work, command: string, count: number | null): number | null {
  return work.copyOut || (READS.has(command) && count === work.rowsReturned) ? null : count;
}

/** The client changed `client_encoding`: texts and cells cannot be read any more, the session ends. */
export class EncodingLost extends Error {
  override readonly name = 'EncodingLost';
}

function inText(columns: readonly ResultColumn[]): readonly ResultColumn[] {
  return columns.map((column) => ({ ...column, format: 'text' }));
}

function sameBytes(known: Uint8Array, buffer: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== buffer[start + i]) return false;
  return true;
}

function unexpected(type: number): ProtocolError {
  return new ProtocolError('unexpected-message', `the server sent ${backendName(type)} where none belongs`);
}

/** The statement at hand may be a COPY, as far as it was analysed: a COPY that nobody announced has no masks. */
function isCopying(work: Work | undefined): work is Work {
  return work?.statements[work.index]?.mayCopy === true;
}

const NO_COLUMNS: readonly ResultColumn[] = Object.freeze([]);
const READS: ReadonlySet<string> = new Set(['SELECT', 'FETCH', 'MOVE']);
