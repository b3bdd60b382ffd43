import { outcomeOf, type Refusal } from '@sqlwarden/core';
import type { PacketSplitter } from '../protocol/packet-splitter.js';
import { STATUS } from '../protocol/status-flags.js';
import type { Conversation } from './conversation.js';
import { ExpectedReply, newWork, type ReplyKind, type Work } from './expected-reply.js';
import { refusalPacket } from '../refusal.js';
import { errPacket } from './own-packets.js';
import type { Proceed } from './prepared.js';
import { mayPrepare, rollsBackWhole } from './transactions.js';
import { UnitAdmission } from './unit-admission.js';

/** What every command of the client's needs: the command at hand is the packet in the splitter. Methods that end it return true. */
export class Forwarding {
  readonly talk: Conversation;
  readonly packets: PacketSplitter;
  readonly admission: UnitAdmission;

  constructor(talk: Conversation, packets: PacketSplitter) {
    this.talk = talk;
    this.packets = packets;
    this.admission = new UnitAdmission(talk);
  }

  /** Of an answer of the gateway's own. */
  get answerSequence(): number {
    return (this.packets.sequenceId + 1) & 0xff;
  }

  /** `character_set_client`, in which texts come. */
  get charset(): string {
    return this.talk.state?.lexical['character_set_client'] ?? 'utf8mb4';
  }

  /** By the flags of the server's last answer. */
  get isAutocommitOn(): boolean {
    return (this.talk.status & STATUS.SERVER_STATUS_AUTOCOMMIT) !== 0;
  }

  /** `true`: a unit can be asked for. `'wait'`: not yet. `'refused'`: it cannot, and the client was told. */
  ready(): true | 'wait' | 'refused' {
    const readiness = this.admission.readiness();
    if (readiness === 'ready') return true;
    if (readiness === 'wait') return 'wait';
    this.refuse(readiness);
    return 'refused';
  }

  /** What answers the command at hand. */
  reply(kind: ReplyKind, clean = false): ExpectedReply {
    return new ExpectedReply(kind, this.answerSequence, clean);
  }

  /** Sends the command at hand as it came. */
  pass(reply: ExpectedReply): true {
    const { packets, talk } = this;
    const next = packets.renumber(0);
    talk.toServer.pass(packets.buffer, packets.start, packets.end);
    talk.sent(reply, next);
    return true;
  }

  /** Sends `packet` in place of the command at hand. */
  passInstead(packet: Uint8Array, reply: ExpectedReply): true {
    this.talk.toServer.write(packet);
    this.talk.sent(reply, packetsIn(packet));
    return true;
  }

  /** Sends the command at hand, which the server does not answer. */
  passUnanswered(): true {
    const { packets, talk } = this;
    packets.renumber(0);
    talk.toServer.pass(packets.buffer, packets.start, packets.end);
    return true;
  }

  /** The work of a unit that is about to be forwarded. */
  work(admission: Proceed): Work {
    return newWork(admission.ticket, admission.statements, this.talk.transactions.snapshot(), [], admission.branching === true);
  }

  /** Accounts for statements of `text` that are about to run. */
  runs(admission: Proceed, text: string): void {
    const { talk } = this;
    const { length } = admission.statements;
    talk.rollsBackWhole = true;
    talk.mayPrepare = false;
    for (const statement of admission.statements) {
      const { action } = statement;
      if (action === 'rollback') talk.rollsBackWhole = rollsBackWhole(text, length);
      else if (action === 'commit') talk.mayPrepare = mayPrepare(text);
      else if (action === 'lock') talk.mayHoldLocks = length > 1 || !UNLOCKS.test(text);
      else if (action === 'begin' && length === 1) talk.mayHoldLocks = false;
      if (statement.changesState) talk.stateStale = true;
      talk.transactions.runs(statement);
    }
  }

  refuse(refusal: Refusal): true {
    this.admission.abandon();
    if (this.talk.opening === 'asked') this.talk.opening = refusal;
    // INVARIANT: the server has not seen the command, so that its transaction is as it was: what its own error leaves too.
    this.talk.toClient.write(refusalPacket(refusal, this.answerSequence));
    return true;
  }

  refuseAdmitted(work: Work, refusal: Refusal): true {
    work.errorCode = refusal.code;
    if (refusal.code === 'limit-exceeded') work.limit = refusal.rule;
    if (work.ticket !== 0) this.talk.host.settle(outcomeOf(work, 'error', false));
    return this.refuse(refusal);
  }

  /** An error that the server would give, in its own words. */
  error(code: number, sqlState: string, message: string): true {
    this.admission.abandon();
    this.talk.toClient.write(errPacket(this.answerSequence, code, sqlState, message));
    return true;
  }
}

/** UNLOCK TABLES, as people write it; another spelling only keeps the locks for held. */
const UNLOCKS = /^\s*unlock\s+tables?\s*;?\s*$/i;
const MAX_PAYLOAD = 0xff_ffff;
function packetsIn(bytes: Uint8Array): number {
  return Math.floor(bytes.length / (MAX_PAYLOAD + 4)) + 1;
}
