import {
  type AssertedIntent,
  type InjectResult,
  type MaskTools,
  Outbox,
  type Outcome,
  outcomeOf,
  PinnedLost,
  type Refusal,
  type ResultColumn,
  type SessionHost,
  type SqlState,
} from '@sqlwarden/core';
import { encodeBackend } from '../protocol/backend-message.js';
import { ByteWriter } from '../protocol/byte-writer.js';
import { encodeFrontend, type FrontendMessage, writeFrontend } from '../protocol/frontend-message.js';
import { refusalResponse } from '../refusal.js';
import { ExpectedReply, type Injection, type ReplyKind, ReplyQueue, type Work } from './expected-reply.js';
import { PreparedNames } from './prepared.js';
import { pinnedProbe } from './pinned-parameters.js';
import { intentFromRow, STATE_PROBE, stateFromRow } from './sql-state.js';
import { TransactionForecast, TransactionRecord } from './transactions.js';

/** Most replies that may be outstanding before the client is read no further. */
export const MAX_OUTSTANDING = 16_384;
/** Most bytes of forwarded messages that may be unanswered. */
export const MAX_OUTSTANDING_BYTES = 64 << 20;

/**
 * What both directions of a session share after the login: what was sent and is not answered yet, what the names and the transaction will
 * be when it is, and the session's SQL state.
 */
export class Conversation {
  readonly host: SessionHost;
  readonly tools: MaskTools;
  readonly maxRowBytes: number;
  readonly toClient: Outbox;
  readonly toServer: Outbox;
  readonly expected = new ReplyQueue();
  readonly names = new PreparedNames();
  readonly forecast = new TransactionForecast();
  readonly record: TransactionRecord;

  /** The last state that was observed. */
  state: SqlState | undefined;
  /** What the session's settings said then of why it runs what it runs. */
  asserted: AssertedIntent | undefined;
  /** What the client gave with its login. */
  startup: ReadonlyMap<string, string> = new Map();
  /** What the session was started with and has to stay. */
  #pinned: string | undefined;
  /** Something may have changed the state since: ask before the next unit. */
  stateStale = true;
  /** A statement that was forwarded in the open transaction changes state: its end may change it back. */
  stateTouched = false;

  /** Number of the Sync segment being sent. */
  segment = 1;
  /** Extended-protocol messages were sent since the last Sync. */
  midSegment = false;
  /** Messages were sent that the server may not answer before a Flush or Sync. */
  unflushed = false;
  /** The segment has failed: what the client still sends of it is dropped, as the server would. */
  discarding = false;
  /** Any unit of the segment has texts to clean. */
  segmentClean = false;
  /** The server is reading COPY data. */
  copyIn = false;
  /** Units were forwarded that may begin a COPY, and are not answered. */
  copyPending = 0;
  /** Nothing more is sent until everything is answered. */
  barrier = false;
  /** Some unit of the session had texts to clean: asynchronous messages are cleaned from then on. */
  cleanSeen = false;

  /** The segment of a unit that waits for its admission has failed; set by the sending side. */
  segmentFailed: () => void = () => undefined;

  readonly #prefix: string;
  #injections = 0;

  /** `maxRowBytes`: longest row of a COPY that is put together for its mask. */
  constructor(host: SessionHost, tools: MaskTools, maxRowBytes: number) {
    this.host = host;
    this.tools = tools;
    this.maxRowBytes = maxRowBytes;
    this.toClient = new Outbox('client', (leg, bytes) => host.send(leg, bytes));
    this.toServer = new Outbox('server', (leg, bytes) => host.send(leg, bytes));
    this.record = new TransactionRecord((ordinal, end) => {
      if (this.stateTouched) this.stateStale = true;
      this.stateTouched = false;
      host.transactionEnded(ordinal, end);
    });
    // Unpredictable, so that no client can prepare or drop a statement under a name of ours.
    this.#prefix = `sqlwarden_${Array.from(host.randomBytes(8), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  }

  /** These startup parameters have to stay as they are from now on. */
  pin(parameters: ReadonlyMap<string, string>): void {
    this.#pinned = pinnedProbe(parameters);
  }

  /** The statement whose answer {@link observed} takes. */
  get probe(): string {
    return this.#pinned === undefined ? STATE_PROBE : `${STATE_PROBE}, ${this.#pinned}`;
  }

  /** Takes what a probe of the state answered. False when that is not what it should be. Throws {@link PinnedLost}. */
  observed(result: InjectResult): boolean {
    const answer = result.kind === 'rows' ? result.rows[0] : undefined;
    const row = this.#pinned === undefined ? answer : answer?.slice(0, -1);
    // INVARIANT: nothing of the client's runs where who it is for is not what it was.
    if (this.#pinned !== undefined && answer !== undefined && answer.at(-1) !== 't') throw new PinnedLost();
    const state = row === undefined ? undefined : stateFromRow(row);
    if (row === undefined || state === undefined) return false;
    this.state = state;
    this.asserted = intentFromRow(row, this.startup);
    return true;
  }

  #uniqueName(): string {
    this.#injections += 1;
    return `${this.#prefix}_${this.#injections}`;
  }

  /** Ends a unit for the host, once. */
  settle(work: Work | undefined, status: Outcome['status'], suspended = false): void {
    if (work === undefined) return;
    if (work.mayCopy) this.copyPending -= 1;
    if (work.ticket !== 0) this.host.settle(outcomeOf(work, status, suspended));
  }

  /** Forwards a message of the extended protocol as it came and remembers what answers it. */
  forward(buffer: Uint8Array, start: number, end: number, reply: ExpectedReply): void {
    this.toServer.pass(buffer, start, end);
    this.expected.push(reply);
    this.midSegment = true;
    this.unflushed = true;
  }

  /** Makes the server answer everything that was sent. */
  needReplies(): void {
    if (!this.unflushed) return;
    this.unflushed = false;
    this.toServer.write(encodeFrontend({ kind: 'Flush' }));
  }

  /**
   * Sends the statement of a Query as a portal, without the Sync that would commit it. The server drops the unnamed statement for a Query;
   * here it becomes another one.
   */
  sendAsPortal(text: string): void {
    const writer = new ByteWriter();
    writeFrontend(writer, { kind: 'Parse', name: '', text, parameterTypes: [] });
    writeFrontend(writer, { kind: 'Bind', portal: '', statement: '', parameterFormats: [], parameters: [], resultFormats: [] });
    writeFrontend(writer, { kind: 'Describe', target: 'portal', name: '' });
    writeFrontend(writer, { kind: 'Execute', portal: '', maxRows: 0 });
    writeFrontend(writer, { kind: 'Flush' });
    this.toServer.write(writer.take());
    this.names.statements.set('', undefined);
    this.names.portals.set('', undefined);
  }

  /** Marks the end of a Sync segment on the sending side. */
  segmentEnds(): void {
    this.forecast.segmentEnds();
    if (this.forecast.status === 'idle') this.names.portals.clear();
    this.segment += 1;
    this.midSegment = false;
    this.unflushed = false;
    this.segmentClean = false;
  }

  /**
   * Refuses a message of the extended protocol in the place where it stands: a statement that cannot be parsed goes to the server instead,
   * so that the transaction, the skipping up to Sync and the order of replies are the server's own.
   */
  refuseExtended(refusal: Refusal): void {
    this.failExtended(refusalResponse(refusal, 'ERROR'), refusal.code);
  }

  /** As {@link refuseExtended}, with the ErrorResponse that the client is to see. */
  failExtended(replacement: Uint8Array, code: string): void {
    const message = encodeFrontend({ kind: 'Parse', name: this.#uniqueName(), text: `sqlwarden: refused ${code}`, parameterTypes: [] });
    const reply = new ExpectedReply('parse');
    reply.replacement = replacement;
    this.forward(message, 0, message.length, reply);
    this.discarding = true;
    this.forecast.distrust();
  }

  /** Refuses a Query (or FunctionCall, which is answered alike). */
  refuseQuery(refusal: Refusal): void {
    this.toServer.write(encodeFrontend({ kind: 'Query', text: `sqlwarden: refused ${refusal.code}` }));
    const reply = new ExpectedReply('query');
    reply.replacement = refusalResponse(refusal, 'ERROR');
    this.expected.push(reply);
    this.forecast.distrust();
    this.segmentEnds();
  }

  /**
   * Runs a statement of the gateway's own in the place where the sending side stands. Within a segment it ends with Flush, else with Sync.
   * A failure inside a transaction fails the transaction, as any statement's would.
   */
  inject(sql: string, done: (result: InjectResult) => void): void {
    const name = this.#uniqueName();
    const messages: FrontendMessage[] = [
      { kind: 'Parse', name, text: sql, parameterTypes: [] },
      { kind: 'Bind', portal: name, statement: name, parameterFormats: [], parameters: [], resultFormats: [] },
      { kind: 'Execute', portal: name, maxRows: 0 },
      { kind: 'Close', target: 'portal', name },
      { kind: 'Close', target: 'statement', name },
    ];
    this.#sendOwn(messages, ['parse', 'bind', 'execute', 'close', 'close'], ({ error, rows }) =>
      done(error === undefined ? { kind: 'rows', rows } : { kind: 'error', code: error.code, message: error.message }),
    );
  }

  /** Learns the columns of a query without running it: `undefined` when the server refuses it, `null` when it returns no rows. */
  describe(sql: string, done: (columns: readonly ResultColumn[] | null | undefined) => void): void {
    const name = this.#uniqueName();
    const messages: FrontendMessage[] = [
      { kind: 'Parse', name, text: sql, parameterTypes: [] },
      { kind: 'Describe', target: 'statement', name },
      { kind: 'Close', target: 'statement', name },
    ];
    this.#sendOwn(messages, ['parse', 'describe-statement', 'close'], ({ columns }) => done(columns));
  }

  #sendOwn(messages: readonly FrontendMessage[], kinds: readonly ReplyKind[], done: Injection['done']): void {
    const inSegment = this.midSegment;
    const injection: Injection = { rows: [], columns: undefined, error: undefined, done, inSegment };
    const writer = new ByteWriter();
    for (const message of messages) writeFrontend(writer, message);
    writeFrontend(writer, inSegment ? { kind: 'Flush' } : { kind: 'Sync' });
    this.toServer.write(writer.take());
    for (const kind of inSegment ? kinds : [...kinds, 'sync' as const]) {
      const reply = new ExpectedReply(kind);
      reply.injection = injection;
      this.expected.push(reply);
    }
    this.unflushed = false;
  }

  /** The error that the client sees when a statement of the gateway's own failed between its messages. */
  injectionFailed(code: string): Uint8Array {
    const fields = [
      { code: 'S', value: 'ERROR' },
      { code: 'V', value: 'ERROR' },
      { code: 'C', value: code },
      { code: 'M', value: 'sqlwarden: a statement of the gateway failed in this transaction, roll back and try again' },
    ];
    return encodeBackend({ kind: 'ErrorResponse', fields });
  }
}
