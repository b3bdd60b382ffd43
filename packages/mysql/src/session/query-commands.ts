import type { AssertedIntent, KillAnswer, Refusal } from '@sqlwarden/core';
import type { ClientCommand } from '../protocol/client-command.js';
import { COMMAND } from '../protocol/command.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { intentOf } from './intent-attributes.js';
import type { ReplyKind, Work } from './expected-reply.js';
import type { Forwarding } from './forwarding.js';
import { killIn, type KillRequest } from './kill.js';
import { planWrites } from './limited-writes.js';
import { okPacket } from './own-packets.js';
import type { Proceed } from './prepared.js';
import { statementText } from './statement-text.js';
import { tokenSetting } from './token-setting.js';

type Command<Kind extends ClientCommand['kind']> = Extract<ClientCommand, { kind: Kind }>;

/** COM_QUERY, and the commands that are judged as the statement that does the same. Each method returns false when it has to be called again. */
export class QueryCommands {
  readonly #to: Forwarding;
  /** The command at hand is admitted, and what had to come before it is under way or done. */
  #begun: { readonly admission: Proceed; failed: boolean } | undefined;
  #killing: { readonly work: Work; readonly id: number; answer: KillAnswer | undefined } | undefined;

  constructor(to: Forwarding) {
    this.#to = to;
  }

  /** The command at hand will not go on. */
  abandon(): void {
    const { admission } = this.#to;
    if (this.#begun !== undefined) admission.giveBack(this.#begun.admission);
    this.#begun = undefined;
    if (this.#killing !== undefined) this.#to.talk.settle(this.#killing.work, 'unknown');
    this.#killing = undefined;
  }

  query(command: Command<'COM_QUERY'>): boolean {
    const to = this.#to;
    const { text, renewal } = tokenSetting(statementText(command.text, to.charset));
    const asserted = intentOf(command.attributes);
    return this.#run('query', { text, renewal, asserted }, renewal === undefined ? undefined : encoder.encode(text));
  }

  /** COM_INIT_DB: judged as USE. */
  initDb(command: Command<'COM_INIT_DB'>): boolean {
    return this.#run('ok', { text: useOf(statementText(command.schema, this.#to.charset)) });
  }

  /** COM_FIELD_LIST: judged as SHOW COLUMNS; whatever its wildcard leaves out. */
  fieldList(command: Command<'COM_FIELD_LIST'>): boolean {
    return this.#run('field-list', { text: `SHOW COLUMNS FROM ${quoted(statementText(command.table, this.#to.charset))}` });
  }

  /** COM_PROCESS_KILL: judged as KILL. */
  processKill(command: Command<'COM_PROCESS_KILL'>): boolean {
    return this.#run('ok', { text: `KILL ${command.connectionId}` });
  }

  /** `forwarded`: the text that goes to the server in place of the client's packet. */
  #run(
    kind: ReplyKind,
    unit: { readonly text: string; readonly renewal?: string | undefined; readonly asserted?: AssertedIntent | undefined },
    forwarded?: Uint8Array,
  ): boolean {
    const to = this.#to;
    if (this.#killing !== undefined) return this.#killed();
    const begun = this.#begun;
    if (begun !== undefined) return this.#begin(kind, unit.text, begun, forwarded);
    const admission = to.admission.ask('query', unit);
    if (admission === undefined) return false;
    if (admission.kind === 'refuse') return to.refuse(admission.refusal);
    const kill = killIn(unit.text, admission.statements);
    if (kill !== undefined) return this.#kill(to.work(admission), kill);
    const mayBeUndone = to.talk.transactions.status === 'open' || !to.isAutocommitOn;
    const writes = planWrites(admission.statements, mayBeUndone, to.talk.mayHoldLocks);
    if (writes.kind === 'refuse') return to.refuseAdmitted(to.work(admission), writes.refusal);
    if (writes.kind === 'as-it-is') return this.#forward(kind, unit.text, admission, false, forwarded);
    const wrapped = { admission, failed: false };
    this.#begun = wrapped;
    to.talk.inject('START TRANSACTION', (result) => {
      wrapped.failed = result.kind === 'error';
    });
    return false;
  }

  /** The transaction that the command is wrapped in has begun. */
  #begin(
    kind: ReplyKind,
    text: string,
    begun: { readonly admission: Proceed; readonly failed: boolean },
    forwarded: Uint8Array | undefined,
  ): boolean {
    this.#begun = undefined;
    if (begun.failed) return this.#to.refuseAdmitted(this.#to.work(begun.admission), NOT_BEGUN);
    return this.#forward(kind, text, begun.admission, this.#to.isAutocommitOn, forwarded);
  }

  #forward(kind: ReplyKind, text: string, admission: Proceed, isWrapped: boolean, forwarded: Uint8Array | undefined): true {
    const to = this.#to;
    const { talk } = to;
    const reply = to.reply(kind, admission.cleanTexts);
    reply.work = to.work(admission);
    reply.text = text;
    reply.isWrapped = isWrapped;
    if (talk.opening === 'asked') reply.ended = (ok) => (talk.opening = ok ? undefined : NOT_OPENED);
    to.runs(admission, text);
    // Variables of the session in which it says why it runs what it runs are asked for with its state.
    if (admission.statements.some(({ action }) => action === 'set') && MENTIONS_INTENT.test(text)) talk.stateStale = true;
    if (forwarded === undefined) return to.pass(reply);
    return to.passInstead(this.#queryPacket(forwarded), reply);
  }

  // ---- KILL ----

  #kill(work: Work, kill: KillRequest | 'unclear'): boolean {
    const to = this.#to;
    if (kill === 'unclear') return to.refuseAdmitted(work, UNCLEAR_KILL);
    const killing = { work, id: kill.id, answer: undefined as KillAnswer | undefined };
    this.#killing = killing;
    to.talk.host.killRequested(kill.id, kill.scope, (answer) => {
      killing.answer = answer;
      if (this.#killing === killing) to.talk.wake();
    });
    return this.#killed();
  }

  #killed(): boolean {
    const to = this.#to;
    const killing = this.#killing;
    if (killing?.answer === undefined) return false;
    this.#killing = undefined;
    const { work, id, answer } = killing;
    if (answer === 'unknown') {
      work.errorCode = String(ER_NO_SUCH_THREAD);
      to.talk.settle(work, 'error');
      return to.error(ER_NO_SUCH_THREAD, 'HY000', `Unknown thread id: ${id}`);
    }
    work.results.push({ command: 'kill', rowsReturned: 0, rowsAffected: 0 });
    to.talk.settle(work, 'ok');
    to.talk.toClient.write(okPacket(to.answerSequence, to.talk.status));
    return true;
  }

  // ---- packets ----

  #queryPacket(text: Uint8Array): Uint8Array {
    return encodePacket(0, (writer) => {
      writer.int1(COMMAND.COM_QUERY);
      if (this.#to.talk.queryAttributes) writer.int1(0).int1(1);
      writer.bytes(text);
    });
  }
}

const ER_NO_SUCH_THREAD = 1094;
const MENTIONS_INTENT = /sqlwarden/i;
const encoder = new TextEncoder();

/** The statement that COM_INIT_DB is judged as. */
export function useOf(database: string): string {
  return `USE ${quoted(database)}`;
}

/** As a name in a statement ("Schema Object Names"). */
function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

const UNCLEAR_KILL: Refusal = {
  code: 'message-unsupported',
  message: 'KILL is supported by itself with the number of a session (KILL [CONNECTION | QUERY] <number>)',
};
const NOT_OPENED: Refusal = { code: 'database-unknown', message: 'the database of the login could not be opened' };
const NOT_BEGUN: Refusal = {
  code: 'internal-error',
  message: 'the transaction in which a limit counts the rows of this statement could not be begun, try again',
};
