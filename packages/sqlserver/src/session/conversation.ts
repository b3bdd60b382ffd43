import {
  type AssertedIntent,
  type InjectResult,
  type MaskTools,
  type Outcome,
  Outbox,
  outcomeOf,
  PinnedLost,
  type SessionHost,
  type SqlState,
} from '@sqlwarden/core';
import { OpenCursors } from './cursors.js';
import { ENV_CHANGE } from '../protocol/server-token.js';
import { type ExpectedReply, type RepliesTo, type Work } from './expected-reply.js';
import { OwnRequests } from './own-requests.js';
import { PreparedStatements } from './prepared.js';
import type { SessionRole } from './session-role.js';
import { intentFromRow, stateFromRow, userFromRow } from './sql-state.js';
import { Transactions } from './transactions.js';

/**
 * What both directions of a session share after the login: the request that the server is answering, prepared statements and cursors by handle, where the
 * transaction stands, and the session's SQL state. One request at a time ([MS-TDS] section 3.2.5, without MARS): what a client sends ahead waits.
 */
export class Conversation implements RepliesTo {
  readonly host: SessionHost;
  readonly tools: MaskTools;
  readonly toClient: Outbox;
  readonly toServer: Outbox;
  readonly prepared = new PreparedStatements();
  readonly cursors = new OpenCursors();
  readonly transactions: Transactions;
  /** Requests of the gateway's own. */
  readonly own: OwnRequests;

  /** What was agreed on, on both legs alike. `tdsVersion`: as LOGINACK states it, 0x74000004 for 7.4. */
  tdsVersion = 0x74000004;
  packetSize = 4096;

  expected: ExpectedReply | undefined = undefined;
  /** The last state that was observed. */
  state: SqlState | undefined = undefined;
  /** What the session context said then of why the session runs what it runs. */
  asserted: AssertedIntent | undefined = undefined;
  stateStale = true;
  /** The database user that the session was started to be and has to stay. */
  role: SessionRole | undefined = undefined;
  /** What goes to the client waits for the end of the gateway's own transaction. */
  withholds = false;
  /** The session is over, and nothing more is heard of the server. */
  isLost = false;
  /** The session was set back: the role has to be taken again before anything runs. */
  roleLost = false;

  /** ENVCHANGE tokens, whole, of replies that were not shown: they go before the next reply that is. */
  #unshown: Uint8Array[] = [];

  constructor(host: SessionHost, tools: MaskTools) {
    this.host = host;
    this.tools = tools;
    this.toClient = new Outbox('client', (leg, bytes) => host.send(leg, bytes));
    this.toServer = new Outbox('server', (leg, bytes) => host.send(leg, bytes));
    this.own = new OwnRequests(this);
    this.transactions = new Transactions((ordinal, end) => host.transactionEnded(ordinal, end));
  }

  // ---- what the replies say ----

  settle(work: Work | undefined, status: Outcome['status'], suspended = false): void {
    if (work !== undefined && work.ticket !== 0) this.host.settle(outcomeOf(work, status, suspended));
  }

  touched(work: Work, action: string): void {
    work.ordinal = this.transactions.touched(action);
  }

  statementEnded(work: Work, action: string): void {
    this.transactions.completed(action);
    work.ordinal = this.transactions.ordinal;
  }

  failed(number: number): void {
    this.transactions.failed(number);
  }

  /**
   * An ENVCHANGE token ([MS-TDS] section 2.2.7.9) came: of a reply to the client it is passed on by the caller; of a reply that is not shown, `token` (the
   * whole of it) is kept for the next one that is. `newValue`: its NewValue, without the length.
   */
  environmentChanged(type: number, newValue: Uint8Array, token: Uint8Array): void {
    this.transactions.environmentChanged(type, newValue);
    if (STATE_CHANGES.has(type) && this.expected?.injection?.isProbe !== true) this.stateStale = true;
    if (this.expected?.injection !== undefined && !this.own.isHidden(type)) this.#unshown.push(token.slice());
  }

  /** The ENVCHANGE tokens that the next reply to the client begins with, in their own packet; empties the list. */
  takeUnshown(): readonly Uint8Array[] {
    const tokens = this.#unshown;
    if (tokens.length > 0) this.#unshown = [];
    return tokens;
  }

  /** Takes what a probe of the state answered. False when that is not what it should be. Throws {@link PinnedLost}. */
  observed(result: InjectResult): boolean {
    const row = result.kind === 'rows' ? result.rows[0] : undefined;
    const state = row === undefined ? undefined : stateFromRow(row);
    if (row === undefined || state === undefined) return false;
    // INVARIANT: nothing of the client's runs where who it is for is not what it was.
    if (this.role !== undefined && userFromRow(row) !== this.role.name) throw new PinnedLost();
    this.state = state;
    this.stateStale = false;
    this.asserted = intentFromRow(row);
    return true;
  }

  // ---- what is sent ----

  /** A request was sent: `reply` answers it. */
  sent(reply: ExpectedReply): void {
    this.expected = reply;
  }

  /** A text of the client's is about to run: one that may prepare or close by itself leaves no handle that is certain. */
  mayTouchHandles(text: string): void {
    if ((this.prepared.isEmpty && this.cursors.isEmpty) || !HANDLES.test(text)) return;
    this.prepared.clear();
    this.cursors.clear();
  }

  /** Runs a batch of the gateway's own. Only while nothing is expected. */
  inject(sql: string, done: (result: InjectResult) => void): void {
    this.own.batch(sql, done);
  }
}

/** Procedures that make and close prepared statements and cursors, in the text of a batch. */
const HANDLES = /sp_(?:prep|unprep|cursor|reset)/i;
/** After them names may mean something else. */
const STATE_CHANGES: ReadonlySet<number> = new Set([ENV_CHANGE.DATABASE, ENV_CHANGE.RESET_CONNECTION]);
