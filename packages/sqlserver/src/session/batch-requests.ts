import type { Refusal } from '@sqlwarden/core';
import type { WireMessage } from '../protocol/message-assembler.js';
import { PACKET_TYPE } from '../protocol/packet.js';
import { announcedColumns, type AwaitedLoad } from './bulk-load.js';
import { ExpectedReply, type ReplyKind } from './expected-reply.js';
import type { Forwarding } from './forwarding.js';
import { NOT_BEGUN, planWrites } from './limited-writes.js';
import type { Proceed } from './prepared.js';
import { tokenSetting } from './token-setting.js';

/** What runs at once and is told by its text: SQLBatch, and Transaction Manager Requests. Each method returns false when it has to be called again. */
export class BatchRequests {
  readonly #to: Forwarding;
  /** The rows of a bulk load were announced: they come in the next message. */
  awaited: AwaitedLoad | undefined;

  /** The batch at hand is admitted, and what has to come before it is under way. */
  #admitted: Proceed | undefined;

  constructor(to: Forwarding) {
    this.#to = to;
  }

  /** The batch at hand will not go on. */
  abandon(): void {
    const admitted = this.#admitted;
    this.#admitted = undefined;
    if (admitted === undefined) return;
    this.#to.admission.giveBack(admitted);
    this.#to.ownTransaction.abandon();
  }

  /** SQLBatch ([MS-TDS] section 2.2.6.7). */
  batch(message: WireMessage, sent: string): boolean {
    const to = this.#to;
    const { text, renewal } = tokenSetting(sent);
    const admission = this.#admitted ?? to.admission.ask('query', { text, renewal });
    if (admission === undefined) return false;
    if (admission.kind === 'refuse') return to.refuse(admission.refusal);
    const isAnnouncement = admission.statements.some(isAnnounced);
    const isOpen = to.talk.transactions.snapshot().status === 'open';
    const writes = planWrites(admission.statements, isOpen, !isAnnouncement);
    if (typeof writes === 'object') return to.refuseAdmitted(to.work(admission, text), writes);
    if (isAnnouncement) return this.#announce(message, text, admission);
    if (writes === 'wrap' && !this.#begin(admission)) return false;
    return this.#forward(message, { text, renewal }, admission, writes === 'wrap');
  }

  #begin(admission: Proceed): boolean {
    this.#admitted = admission;
    return this.#to.ownTransaction.begin() !== 'wait';
  }

  #forward(
    message: WireMessage,
    { text, renewal }: { readonly text: string; readonly renewal: string | undefined },
    admission: Proceed,
    isWrapped: boolean,
  ): true {
    const to = this.#to;
    this.#admitted = undefined;
    if (isWrapped && to.ownTransaction.begin() === 'failed') {
      to.ownTransaction.abandon();
      return to.refuseAdmitted(to.work(admission, text), NOT_BEGUN);
    }
    const reply = this.#reply('batch', text, admission);
    if (isWrapped) to.ownTransaction.around(reply);
    if (renewal === undefined) return to.pass(message, reply);
    return to.passInstead(PACKET_TYPE.SQL_BATCH, to.talk.own.payload(text), reply);
  }

  /** A Transaction Manager Request that is judged as the statements that do the same. */
  transaction(message: WireMessage, text: string): boolean {
    const to = this.#to;
    const admission = to.admission.ask('query', { text });
    if (admission === undefined) return false;
    if (admission.kind === 'refuse') return to.refuse(admission.refusal);
    return to.pass(message, this.#reply('transaction-manager', text, admission));
  }

  #reply(kind: ReplyKind, text: string, admission: Proceed): ExpectedReply {
    this.#to.runs(admission, text);
    return new ExpectedReply(kind, [this.#to.work(admission, text)], admission.cleanTexts);
  }

  /** INSERT BULK: what it writes is known when the rows have come. */
  #announce(message: WireMessage, text: string, admission: Proceed): true {
    const to = this.#to;
    const work = to.work(admission, text);
    if (admission.statements.length !== 1 || admission.branching === true) return to.refuseAdmitted(work, NOT_ALONE);
    to.runs(admission, text);
    const reply = new ExpectedReply('batch', [], admission.cleanTexts);
    reply.ended = (ok) => {
      if (ok) this.awaited = { work, clean: admission.cleanTexts, columns: announcedColumns(text, to.parseContext) };
      else to.talk.settle(work, 'error');
    };
    return to.pass(message, reply);
  }
}

/** INSERT BULK, which the rows follow in a message of their own. */
function isAnnounced({ action, mayCopy }: Proceed['statements'][number]): boolean {
  return action === 'copy' && mayCopy;
}

const NOT_ALONE: Refusal = {
  code: 'message-unsupported',
  message: 'INSERT BULK is supported by itself, send the other statements in a batch of their own',
};
