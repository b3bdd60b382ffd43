import type { Admission, Refusal } from '@sqlwarden/core';
import { unreachable } from '@sqlwarden/core';
import { MessageAssembler, type WireMessage } from '../protocol/message-assembler.js';
import { encodeAttention, PACKET_STATUS, PACKET_TYPE } from '../protocol/packet.js';
import type { PacketSplitter } from '../protocol/packet-splitter.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { BatchRequests } from './batch-requests.js';
import { forwardLoad, giveUpLoad } from './bulk-load.js';
import { type ClientRequest, readRequest } from './client-request.js';
import type { Conversation } from './conversation.js';
import { DatabaseOpening } from './database-opening.js';
import { attentionAnswer, ignoredAnswer } from './done-answers.js';
import { Forwarding } from './forwarding.js';
import { RpcRequests } from './rpc-requests.js';
import { SessionReset } from './session-reset.js';

/**
 * The sending side of a session: takes the client's messages in order, asks for admission before anything may run, and forwards what may go on. A
 * message is taken when the one before it is answered; one that has to wait (for an admission, a probe) is handled again when what it waits for is there.
 * ATTENTION is taken at once, whatever waits.
 */
export class ClientMessages {
  readonly #talk: Conversation;
  readonly #packets: PacketSplitter;
  readonly #messages: MessageAssembler;
  readonly #to: Forwarding;
  readonly #batches: BatchRequests;
  readonly #calls: RpcRequests;
  readonly #reset: SessionReset;
  /** The message at hand: not forwarded, not refused. */
  #current: { readonly message: WireMessage; request: ClientRequest | undefined } | undefined;
  /** What came behind it. */
  #next: WireMessage | undefined;
  #opening: DatabaseOpening | undefined;
  /** The session is over: nothing more is read from the client. */
  terminated = false;

  constructor(talk: Conversation, packets: PacketSplitter, maxMessageBytes: number) {
    this.#talk = talk;
    this.#packets = packets;
    this.#messages = new MessageAssembler(maxMessageBytes);
    this.#to = new Forwarding(talk);
    this.#batches = new BatchRequests(this.#to);
    this.#calls = new RpcRequests(this.#to);
    this.#reset = new SessionReset(talk);
  }

  /** A unit waits for its admission. */
  get pending(): boolean {
    return this.#to.admission.pending;
  }

  /** A message waits, or the answer to one: what the client sends meanwhile is kept in the queue. */
  get waiting(): boolean {
    return this.#current !== undefined || this.#talk.expected !== undefined;
  }

  /** The answer to the pending unit. */
  admitted(admission: Admission): void {
    this.#to.admission.admitted(admission);
  }

  /** Words for the person at the client while a unit is pending. */
  notice(text: string): void {
    if (this.pending && this.#talk.expected === undefined) this.#to.notice(text);
  }

  /** Has the session open a database before anything of the client's is handled. */
  open(database: string): void {
    this.#opening = new DatabaseOpening(this.#to, database);
  }

  /** Whether what {@link open} was asked for is done; `undefined`: to be called again. */
  opened(): 'opened' | Refusal | undefined {
    if (this.#talk.expected !== undefined) return undefined;
    return this.#opening === undefined ? 'opened' : this.#opening.step();
  }

  /** The client is gone: the pending unit is given up. */
  clientGone(): void {
    this.terminated = true;
    this.#opening?.abandon();
    this.#abandon();
    this.#giveUpLoad();
  }

  #abandon(): void {
    this.#current = undefined;
    this.#to.abandon();
    this.#batches.abandon();
    this.#calls.abandon();
  }

  /** Handles what can be handled. */
  step(): boolean {
    if (this.terminated) return false;
    const moved = this.#read();
    if (this.#talk.expected !== undefined) return moved;
    if (this.#current === undefined) {
      if (this.#next === undefined) return moved;
      this.#current = { message: this.#next, request: undefined };
      this.#next = undefined;
    }
    const current = this.#current;
    if (!this.#handle(current)) return moved;
    if (this.#current === current) this.#current = undefined;
    return true;
  }

  // ---- reading ----

  /** Reads packets until a whole message waits; an ATTENTION among them is taken. */
  #read(): boolean {
    let moved = false;
    while (this.#next === undefined && this.#packets.next()) {
      moved = true;
      if (this.#packets.type === PACKET_TYPE.ATTENTION) {
        if (this.#messages.midMessage) throw new ProtocolError('unexpected-message', 'an ATTENTION came within another message');
        this.#attention();
        continue;
      }
      const message = this.#messages.add(this.#packets);
      if (message?.isIgnored === true) this.#ignored();
      else this.#next = message;
    }
    return moved;
  }

  /** [MS-TDS] section 2.2.1.7. */
  #attention(): void {
    const talk = this.#talk;
    const { expected } = talk;
    if (expected !== undefined && expected.injection === undefined) {
      // The server's acknowledgement is the client's.
      if (expected.attentionSent) return;
      expected.attentionSent = true;
      talk.toServer.write(encodeAttention());
      return;
    }
    // The server has nothing of it: what answers the request, and the acknowledgement, are ours.
    const isOwed = this.#current !== undefined || this.#to.isAnswering;
    this.#abandon();
    this.#giveUpLoad();
    if (isOwed) this.#to.answer(ignoredAnswer(talk));
    talk.toClient.write(attentionAnswer(talk));
  }

  /** A message that the client gave up in its midst: the answer is a DONE with an error ([MS-TDS] section 2.2.1.7). */
  #ignored(): void {
    this.#giveUpLoad();
    this.#to.answer(ignoredAnswer(this.#talk));
  }

  // ---- handling ----

  /** True when the message is done with, false when it waits. */
  #handle(current: { readonly message: WireMessage; request: ClientRequest | undefined }): boolean {
    const { message } = current;
    if ((message.status & RESETS) !== 0 && RESETTABLE.has(message.type)) {
      const isDone = this.#reset.before(message);
      if (isDone !== true) return isDone === 'wait' ? false : this.#to.refuse(isDone);
    }
    const ready = this.#to.ready();
    if (ready === 'wait') return false;
    if (ready === 'refused') {
      this.#batches.abandon();
      this.#calls.abandon();
      return true;
    }
    current.request ??= readRequest(message, this.#talk);
    return this.#request(message, current.request);
  }

  #request(message: WireMessage, request: ClientRequest): boolean {
    const { awaited } = this.#batches;
    if (request.kind !== 'bulk-load') this.#giveUpLoad();
    switch (request.kind) {
      case 'batch':
        return this.#batches.batch(message, request.text);
      case 'rpc':
        return this.#calls.request(message, request.request);
      case 'transaction':
        return this.#batches.transaction(message, request.text);
      case 'bulk-load':
        if (awaited === undefined) return this.#to.refuse(NOT_ANNOUNCED);
        forwardLoad(this.#to, message, awaited);
        this.#batches.awaited = undefined;
        return true;
      case 'refused':
        return this.#to.refuse(request.refusal);
      default:
        return unreachable(request);
    }
  }

  #giveUpLoad(): void {
    const { awaited } = this.#batches;
    this.#batches.awaited = undefined;
    if (awaited !== undefined) giveUpLoad(this.#talk, awaited);
  }
}

const RESETS = PACKET_STATUS.RESET_CONNECTION | PACKET_STATUS.RESET_CONNECTION_SKIP_TRANSACTION;
/** "Only set for event types Batch, RPC, or Transaction Manager request" ([MS-TDS] section 2.2.3.1.2). */
const RESETTABLE: ReadonlySet<number> = new Set([PACKET_TYPE.SQL_BATCH, PACKET_TYPE.RPC, PACKET_TYPE.TRANSACTION_MANAGER]);
const NOT_ANNOUNCED: Refusal = { code: 'message-unsupported', message: 'rows of a bulk load came that no INSERT BULK announced' };
