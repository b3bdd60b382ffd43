import type { ParseContext, Refusal } from '@sqlwarden/core';
import { readAllHeaders, writeAllHeaders } from '../protocol/all-headers.js';
import type { WireMessage } from '../protocol/message-assembler.js';
import { PACKET_HEADER, PACKET_STATUS, PACKET_TYPE, putPacketHeader } from '../protocol/packet.js';
import { encodeMessage } from '../protocol/packet-writer.js';
import { PayloadReader } from '../protocol/payload-reader.js';
import { PayloadWriter } from '../protocol/payload-writer.js';
import { versionLayout, versionOf } from '../protocol/tds-version.js';
import { encodeTokens } from '../protocol/token-codec.js';
import { refusalMessage, serverErrorMessage, type ServerError } from '../refusal.js';
import type { Conversation } from './conversation.js';
import { type ExpectedReply, newWork, type Work } from './expected-reply.js';
import { OwnTransaction } from './own-transaction.js';
import type { Proceed } from './prepared.js';
import { UnitAdmission } from './unit-admission.js';

/** What every message of the client's needs. Methods that end the message at hand return true. */
export class Forwarding {
  readonly talk: Conversation;
  readonly admission: UnitAdmission;
  readonly ownTransaction: OwnTransaction;
  /** An answer of our own that waits for the server to have done what its own error would have done. */
  #answer: Uint8Array | undefined;

  constructor(talk: Conversation) {
    this.talk = talk;
    this.admission = new UnitAdmission(talk);
    this.ownTransaction = new OwnTransaction(talk);
  }

  /** What a text is read by, here. */
  get parseContext(): ParseContext {
    return { serverVersion: 0, lexical: this.talk.state?.lexical ?? {} };
  }

  get isAnswering(): boolean {
    return this.#answer !== undefined;
  }

  /** `true`: a unit can be asked for. `'wait'`: not yet. `'refused'`: it cannot, and the client was told. */
  ready(): true | 'wait' | 'refused' {
    const readiness = this.admission.readiness();
    if (readiness === 'ready') return true;
    if (readiness === 'wait') return 'wait';
    this.refuse(readiness);
    return 'refused';
  }

  /** Sends the message at hand as it came; a reset was done for it before. */
  pass(message: WireMessage, reply: ExpectedReply): true {
    const { talk } = this;
    const { transactions } = talk;
    if (transactions.isOurs)
      return this.passInstead(message.type, inTransaction(message.payload, transactions.descriptor, talk.tdsVersion), reply);
    const [first] = message.packets;
    if (first !== undefined) clearReset(first);
    this.#showUnshown();
    for (const packet of message.packets) talk.toServer.write(packet);
    talk.sent(reply);
    return true;
  }

  /** Sends a message with another payload in place of the one at hand. */
  passInstead(type: number, payload: Uint8Array, reply: ExpectedReply): true {
    const { talk } = this;
    this.#showUnshown();
    talk.toServer.write(encodeMessage({ type, packetSize: talk.packetSize }, payload));
    talk.sent(reply);
    return true;
  }

  /** The work of a unit that is about to be forwarded. */
  work(admission: Proceed, text: string): Work {
    const work = newWork(admission.ticket, admission.statements, this.talk.transactions.snapshot(), [], admission.branching === true);
    work.text = text;
    return work;
  }

  /** Accounts for what is about to run. */
  runs({ statements }: Pick<Proceed, 'statements'>, text: string): void {
    const { talk } = this;
    for (const statement of statements) {
      if (statement.changesState) talk.stateStale = true;
      talk.transactions.runs(statement);
    }
    talk.mayTouchHandles(text);
  }

  /** INVARIANT: the server has not seen the message. What its own error would have rolled back (SET XACT_ABORT) is rolled back. */
  refuse(refusal: Refusal): true {
    const { packetSize, tdsVersion } = this.talk;
    return this.#fail(refusalMessage(refusal, packetSize, tdsVersion));
  }

  /** An error that the server would give, in its own words. */
  error(error: ServerError, text: string): true {
    const { packetSize, tdsVersion } = this.talk;
    return this.#fail(serverErrorMessage(error, text, packetSize, tdsVersion));
  }

  refuseAdmitted(work: Work, refusal: Refusal): true {
    work.errorCode = refusal.code;
    if (refusal.code === 'limit-exceeded') work.limit = refusal.rule;
    this.talk.settle(work, 'error');
    return this.refuse(refusal);
  }

  /** A whole message of our own to the client. */
  answer(message: Uint8Array): void {
    this.#showUnshown();
    this.talk.toClient.write(message);
  }

  /** Words for the person at the client, as an INFO in front of the answer that will come. Only while no reply is expected. */
  notice(text: string): void {
    const { packetSize, tdsVersion, toClient } = this.talk;
    const message = text.slice(0, (packetSize - PACKET_HEADER - INFO_FRAME) / 2);
    const info = { kind: 'INFO', number: 0, state: 1, class: 0, message, serverName: '', procedureName: '', line: 1 } as const;
    const token = encodeTokens([info], versionLayout(versionOf(tdsVersion)));
    this.#showUnshown();
    toClient.write(unfinishedPacket([token], PACKET_HEADER + token.length));
  }

  /** The client wants no answer any more. */
  abandon(): void {
    this.admission.abandon();
    this.#answer = undefined;
  }

  #fail(message: Uint8Array): true {
    const { talk } = this;
    this.abandon();
    if (talk.transactions.snapshot().status !== 'open' || talk.expected !== undefined) {
      this.answer(message);
      return true;
    }
    this.#answer = message;
    talk.inject(ROLL_BACK_AS_ERRORS_DO, () => {
      if (this.#answer === message) this.answer(message);
      this.#answer = undefined;
    });
    return true;
  }

  /** What the client must know of replies that it was not shown goes before the next one, in a packet of its own. */
  #showUnshown(): void {
    const { talk } = this;
    const tokens = talk.takeUnshown();
    for (let at = 0; at < tokens.length; ) {
      let length = PACKET_HEADER;
      const from = at;
      while (at < tokens.length && (at === from || length + (tokens[at] as Uint8Array).length <= talk.packetSize)) {
        length += (tokens[at] as Uint8Array).length;
        at += 1;
      }
      talk.toClient.write(unfinishedPacket(tokens.slice(from, at), length));
    }
  }
}

/** "SET XACT_ABORT": where it is on, an error rolls the transaction back. */
const ROLL_BACK_AS_ERRORS_DO = 'IF @@TRANCOUNT > 0 AND (@@OPTIONS & 16384) = 16384 ROLLBACK TRANSACTION';

/** Bytes of an INFO besides its message ([MS-TDS] section 2.2.7.13). */
const INFO_FRAME = 20;

function unfinishedPacket(tokens: readonly Uint8Array[], length: number): Uint8Array {
  const packet = new Uint8Array(length);
  putPacketHeader(packet, 0, { type: PACKET_TYPE.TABULAR_RESULT, status: PACKET_STATUS.NORMAL, length, spid: 0, packetId: 1 });
  let at = PACKET_HEADER;
  for (const token of tokens) {
    packet.set(token, at);
    at += token.length;
  }
  return packet;
}

/** A request with the descriptor of another transaction than its own. */
function inTransaction(payload: Uint8Array, descriptor: bigint, tdsVersion: number): Uint8Array {
  if (!versionLayout(versionOf(tdsVersion)).allHeaders) return payload;
  const reader = new PayloadReader(payload);
  const headers = readAllHeaders(reader).filter(({ kind }) => kind !== 'transaction-descriptor');
  const writer = new PayloadWriter();
  writeAllHeaders(writer, [{ kind: 'transaction-descriptor', descriptor, outstandingRequests: 1 }, ...headers]);
  return writer.bytes(reader.rest()).take();
}

const RESETS = PACKET_STATUS.RESET_CONNECTION | PACKET_STATUS.RESET_CONNECTION_SKIP_TRANSACTION;

/** Takes RESETCONNECTION out of a packet. */
function clearReset(packet: Uint8Array): void {
  packet[1] = (packet[1] as number) & ~RESETS;
}
