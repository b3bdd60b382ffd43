import {
  type AssertedIntent,
  type InjectResult,
  joinIntents,
  type MaskTools,
  Outbox,
  type Outcome,
  outcomeOf,
  PinnedLost,
  type Refusal,
  type SessionHost,
  type SqlState,
} from '@sqlwarden/core';
import { CAPABILITIES, type Capabilities, hasCapability } from '../protocol/capabilities.js';
import { COMMAND } from '../protocol/command.js';
import type { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { STATUS } from '../protocol/status-flags.js';
import { ExpectedReply, type RepliesTo, type Work } from './expected-reply.js';
import { queryPacket } from './own-packets.js';
import { PreparedStatements } from './prepared.js';
import { intentFromRow, roleFromRow, stateFromRow } from './sql-state.js';
import { Transactions } from './transactions.js';

/**
 * What both directions of a session share after the login: the command that the server is answering, the prepared statements, where the
 * transaction stands, and the session's SQL state. One command at a time ("Command Phase"): what a client sends ahead waits.
 */
export class Conversation implements RepliesTo {
  readonly host: SessionHost;
  readonly tools: MaskTools;
  readonly toClient: Outbox;
  readonly toServer: Outbox;
  readonly prepared = new PreparedStatements();
  readonly transactions: Transactions;

  /** What was agreed on, on both legs alike. */
  capabilities: Capabilities = 0;
  deprecateEof = false;
  sessionTrack = false;
  queryAttributes = false;
  /** Most bytes of values that wait for an execute. */
  maxLongBytes = 64 << 20;
  /** The connection id that the client was given. */
  connectionId = 0;

  /** The database that the client named in its login is `asked` for, or was refused. */
  opening: 'asked' | Refusal | undefined = undefined;
  expected: ExpectedReply | undefined = undefined;
  /** The last state that was observed. */
  state: SqlState | undefined = undefined;
  /** What variables of the session said then of why it runs what it runs. */
  asserted: AssertedIntent | undefined = undefined;
  /** What the client's login says of it. */
  startup: AssertedIntent | undefined = undefined;
  stateStale = true;
  /** The status flags of the server's last answer. */
  status = 0;
  /** The role that the session was started with and has to stay in, and the statement that sets it. */
  pinnedRole: { readonly name: string; readonly statement: string } | undefined = undefined;
  /** The session was set back: the role has to be set again before anything runs. */
  roleLost = false;
  /** The ROLLBACKs of the command under way end whole transactions. */
  rollsBackWhole = true;
  /** The COMMITs of the command under way may be XA PREPARE. */
  mayPrepare = false;
  /** LOCK TABLES may hold: a transaction of the gateway's own would give the locks up. */
  mayHoldLocks = false;
  /** The status flags that go with {@link state}. */
  #lexicalStatus = 0;
  /** The reply that is expected is to a statement of the gateway's own. */
  #isOwn = false;

  /** Handles what can be handled; set by the session. */
  wake: () => void = () => undefined;
  readonly #serverPackets: PacketSplitter;

  constructor(host: SessionHost, tools: MaskTools, serverPackets: PacketSplitter) {
    this.host = host;
    this.tools = tools;
    this.#serverPackets = serverPackets;
    this.toClient = new Outbox('client', (leg, bytes) => host.send(leg, bytes));
    this.toServer = new Outbox('server', (leg, bytes) => host.send(leg, bytes));
    this.transactions = new Transactions((ordinal, end) => {
      host.transactionEnded(ordinal, end);
    });
  }

  /** Takes what client and server have agreed on. */
  agreed(capabilities: Capabilities): void {
    this.capabilities = capabilities;
    this.deprecateEof = hasCapability(capabilities, CAPABILITIES.CLIENT_DEPRECATE_EOF);
    this.sessionTrack = hasCapability(capabilities, CAPABILITIES.CLIENT_SESSION_TRACK);
    this.queryAttributes = hasCapability(capabilities, CAPABILITIES.CLIENT_QUERY_ATTRIBUTES);
  }

  // ---- what the replies say ----

  settle(work: Work | undefined, status: Outcome['status'], suspended = false): void {
    if (work !== undefined && work.ticket !== 0) this.host.settle(outcomeOf(work, status, suspended));
  }

  touched(work: Work, action: string): void {
    work.ordinal = this.transactions.ordinal;
    this.transactions.touched(action);
  }

  statementEnded(work: Work, action: string, status: number): void {
    // Also when a later statement of its packet fails, whose answer has no flags.
    this.status = status;
    this.transactions.completed(action, status, action === 'rollback' && this.rollsBackWhole, action === 'commit' && this.mayPrepare);
    work.ordinal = this.transactions.ordinal;
  }

  /** What the flags say of the transaction, or of autocommit where it was off, may have changed with an error: it must be asked. */
  get isDoubtful(): boolean {
    const { transactions } = this;
    return transactions.isDoubtful || (transactions.hasFailed && (this.status & STATUS.SERVER_STATUS_AUTOCOMMIT) === 0);
  }

  failed(code: number): void {
    this.transactions.failed(code);
  }

  replied(status: number | undefined): void {
    const isOwn = this.#isOwn;
    this.#isOwn = false;
    if (status === undefined) return;
    this.status = status;
    // A second opinion: something changed it out of sight.
    if (
      ((status ^ this.#lexicalStatus) & STATUS.SERVER_STATUS_NO_BACKSLASH_ESCAPES) !== 0 ||
      (status & STATUS.SERVER_STATUS_DB_DROPPED) !== 0
    )
      this.stateStale = true;
    if (isOwn) this.transactions.observed(status);
  }

  /** Takes what a probe of the state answered. False when that is not what it should be. Throws {@link PinnedLost}. */
  observed(result: InjectResult): boolean {
    const row = result.kind === 'rows' ? result.rows[0] : undefined;
    const state = row === undefined ? undefined : stateFromRow(row);
    if (row === undefined || state === undefined) return false;
    // INVARIANT: nothing of the client's runs where who it is for is not what it was.
    if (this.pinnedRole !== undefined && roleFromRow(row) !== this.pinnedRole.name) throw new PinnedLost();
    this.state = state;
    this.stateStale = false;
    this.#lexicalStatus = NO_BACKSLASH.test(state.lexical['sql_mode'] ?? '') ? STATUS.SERVER_STATUS_NO_BACKSLASH_ESCAPES : 0;
    this.asserted = joinIntents(intentFromRow(row), this.startup);
    return true;
  }

  // ---- what is sent ----

  /** A command was sent, in packets up to the sequence id before `nextSequence`: `reply` answers it. */
  sent(reply: ExpectedReply, nextSequence: number): void {
    this.#serverPackets.expected = nextSequence & 0xff;
    this.expected = reply;
  }

  /** Runs a statement of the gateway's own. Only while nothing is expected. */
  inject(sql: string, done: (result: InjectResult) => void): void {
    this.#sendOwn('query', queryPacket(sql, this.queryAttributes), done);
  }

  /** Asks where the transaction stands: unlike a statement, COM_PING leaves warnings and counts as they are. */
  ping(done: (result: InjectResult) => void): void {
    this.#sendOwn(
      'ok',
      encodePacket(0, (writer) => writer.int1(COMMAND.COM_PING)),
      done,
    );
  }

  #sendOwn(kind: 'query' | 'ok', packet: Uint8Array, done: (result: InjectResult) => void): void {
    this.toServer.write(packet);
    const reply = new ExpectedReply(kind, 0, false);
    reply.injection = { rows: [], done };
    this.#isOwn = true;
    this.sent(reply, 1);
  }
}

const NO_BACKSLASH = /\bNO_BACKSLASH_ESCAPES\b/;
