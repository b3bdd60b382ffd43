import { type BackendMessage, decodeBackend, encodeBackend, lenientText } from '../protocol/backend-message.js';
import type { FrameSplitter } from '../protocol/frame-splitter.js';
import { BACKEND, backendName } from '../protocol/message-types.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import type { MaskPlan, ResultColumn } from '@sqlwarden/core';
import type { Conversation } from './conversation.js';
import { commandOf, countOf } from './completion-tag.js';
import { ServerErrors, statusOf } from './server-errors.js';
import { cleanedResponse, readErrorFields } from './error-texts.js';
import { actionOf, type ExpectedReply, type Injection, type ReplyKind, type Work } from './expected-reply.js';
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
    if (!this.#frames.next()) return false;
    this.#handle(this.#frames.type);
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
    const head = this.#head(kind);
    this.#talk.expected.shift();
    if (head.injection !== undefined) return this.#injected(head.injection);
    head.confirm?.();
    if (head.statement !== undefined) head.statement.confirmed = true;
    if (head.portal !== undefined) head.portal.confirmed = true;
    this.#pass();
    this.#talk.settle(head.work, 'ok');
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
    work.rowsReturned += 1;
    if (cells === undefined) {
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
    this.#pass();
    const { work } = head;
    if (work !== undefined) this.#account(work, command, count, tag);
    if (head.kind === 'query') return;
    talk.expected.shift();
    talk.settle(work, 'ok');
  }

  #commandComplete(): void {
    const { tag } = this.#decode<'CommandComplete'>();
    this.#statementEnds(commandOf(tag), countOf(tag), tag);
  }

  #account(work: Work, command: string, count: number | null, tag: string): void {
    const { record } = this.#talk;
    const action = actionOf(work, work.statements[work.index]);
    const rowsReturned = work.copyOut ? (count ?? 0) : work.rowsReturned;
    // The count of a command that only returns rows says how many it returned, not how many it changed.
    const rowsAffected = count !== null && (work.copyOut || (READS.has(command) && count === work.rowsReturned)) ? null : count;
    work.results.push({ command, rowsReturned, rowsAffected });
    record.touched(work.ordinal, action);
    if (record.completed(tag, action, work.rollback)) work.ordinal += 1;
    work.index += 1;
    work.rowsReturned = 0;
    work.rows = undefined;
    work.described = false;
    work.copyOut = false;
  }

  #suspended(): void {
    const head = this.#head('execute');
    const { work } = head;
    this.#talk.expected.shift();
    if (head.injection !== undefined || work === undefined) throw unexpected(BACKEND.PortalSuspended);
    this.#pass();
    work.results.push({ command: '', rowsReturned: work.rowsReturned, rowsAffected: null });
    this.#talk.record.touched(work.ordinal, actionOf(work, work.statements[0]));
    this.#talk.settle(work, 'ok', true);
  }

  #readyForQuery(message: Message<'ReadyForQuery'>): void {
    const talk = this.#talk;
    const head = talk.expected.shift();
    if (head === undefined || (head.kind !== 'sync' && head.kind !== 'query')) throw unexpected(BACKEND.ReadyForQuery);
    // A refused Query must have been answered by its error.
    if (head.kind === 'query' && head.replacement !== undefined) throw unexpected(BACKEND.ReadyForQuery);
    // What the statements did comes before the end of their transaction.
    if (head.kind === 'query') talk.settle(head.work, head.work?.errorCode === undefined ? 'ok' : statusOf(head.work.errorCode));
    talk.record.readyForQuery(message.status);
    if (talk.expected.length === 0) talk.forecast.settle(message.status, talk.record.live);
    if (head.injection !== undefined) return head.injection.done(head.injection);
    this.#pass();
    this.onReady?.();
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
    work.copyOut = true;
    this.#pass();
  }

  #copyData(type: number): void {
    const { work } = this.#head('query', 'execute');
    if (work === undefined || !work.copyOut) throw unexpected(type);
    const masker = work.copyMaskers?.get(work.index);
    const frames = this.#frames;
    if (masker !== undefined) {
      const masked = type === BACKEND.CopyDone ? masker.end() : masker.push(frames.buffer.subarray(frames.bodyStart, frames.end));
      if (masked.kind === 'error') return this.#unmaskable(masked.reason);
      work.maskedCells += masked.maskedCells;
      if (masked.bytes.length > 0) this.#writeCopyData(work, masked.bytes);
      if (type === BACKEND.CopyData) return;
    }
    this.#pass();
    if (type === BACKEND.CopyData) work.bytesReturned += frames.end - frames.start;
  }

  #writeCopyData(work: Work, data: Uint8Array): void {
    const message = encodeBackend({ kind: 'CopyData', data });
    work.bytesReturned += message.length;
    this.#talk.toClient.write(message);
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
    if (this.#talk.cleanSeen) this.#talk.toClient.write(encodeBackend({ ...message, payload: '' }));
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

/** Rows came that the mask plan does not fit: the session ends with `mask-unbindable`. */
export class UnmaskableResult extends Error {
  override readonly name = 'UnmaskableResult';
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
  const action = work?.statements[work.index]?.action;
  return action === 'copy' || action === 'unknown';
}

const NO_COLUMNS: readonly ResultColumn[] = Object.freeze([]);
const READS: ReadonlySet<string> = new Set(['SELECT', 'FETCH', 'MOVE']);
