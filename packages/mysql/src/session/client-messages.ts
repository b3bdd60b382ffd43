import type { Admission, Refusal } from '@sqlwarden/core';
import { unreachable } from '@sqlwarden/core';
import { type ClientCommand, decodeCommand, SET_OPTION } from '../protocol/client-command.js';
import { COMMAND } from '../protocol/command.js';
import type { PacketSplitter } from '../protocol/packet-splitter.js';
import type { Conversation } from './conversation.js';
import { Forwarding } from './forwarding.js';
import { QueryCommands } from './query-commands.js';
import { StatementCommands } from './statement-commands.js';

/**
 * The sending side of a session: takes the client's commands in order, asks for admission before anything may run, and forwards what may go on. A
 * command is taken when the one before it is answered; one that has to wait (for an admission, a probe) is handled again from its beginning when what it
 * waits for is there.
 */
export class ClientMessages {
  readonly #talk: Conversation;
  readonly #packets: PacketSplitter;
  readonly #to: Forwarding;
  readonly #queries: QueryCommands;
  readonly #statements: StatementCommands;
  /** The command in the splitter is not handled yet. */
  #current = false;
  /** The client said COM_QUIT: nothing more is read from it. */
  terminated = false;

  constructor(talk: Conversation, packets: PacketSplitter) {
    this.#talk = talk;
    this.#packets = packets;
    this.#to = new Forwarding(talk, packets);
    this.#queries = new QueryCommands(this.#to);
    this.#statements = new StatementCommands(this.#to);
  }

  /** A unit waits for its admission. */
  get pending(): boolean {
    return this.#to.admission.pending;
  }

  /** A command waits, or the answer to one: what the client sends meanwhile is kept in the queue. */
  get waiting(): boolean {
    return this.#current || this.#talk.expected !== undefined;
  }

  /** The sequence id of an answer to the command at hand. */
  get answerSequence(): number {
    return this.#current ? this.#to.answerSequence : 0;
  }

  /** The answer to the pending unit. */
  admitted(admission: Admission): void {
    this.#to.admission.admitted(admission);
  }

  /** The client is gone: the pending unit is given up. */
  clientGone(): void {
    this.terminated = true;
    this.#abandon();
  }

  #abandon(): void {
    this.#to.admission.abandon();
    this.#queries.abandon();
    this.#statements.abandon();
  }

  /** Handles one command if one is complete and nothing has to be waited for. */
  step(): boolean {
    const { opening, expected } = this.#talk;
    if (this.terminated || expected !== undefined) return false;
    if (opening !== undefined && opening !== 'asked') return false;
    if (!this.#current) {
      if (!this.#packets.next()) return false;
      this.#current = true;
    }
    if (!this.#handle()) return false;
    this.#current = false;
    this.#packets.expected = 0;
    return true;
  }

  /** True when the command is done with, false when it waits. */
  #handle(): boolean {
    const packets = this.#packets;
    if (NEEDS_STATE.has(packets.firstByte)) {
      const ready = this.#to.ready();
      if (ready !== true) return ready === 'refused';
    }
    return this.#command(decodeCommand(packets.buffer, packets.bodyStart, packets.end, this.#talk.capabilities));
  }

  #command(command: ClientCommand): boolean {
    switch (command.kind) {
      case 'COM_QUERY':
        return this.#queries.query(command);
      case 'COM_STMT_EXECUTE':
        return this.#statements.execute(command);
      case 'COM_STMT_PREPARE':
        return this.#statements.prepare(command);
      case 'COM_STMT_FETCH':
        return this.#statements.fetch(command);
      case 'COM_STMT_SEND_LONG_DATA':
        return this.#statements.sendLongData(command);
      case 'COM_STMT_CLOSE':
        return this.#statements.close(command);
      case 'COM_STMT_RESET':
        return this.#statements.reset(command);
      case 'COM_INIT_DB':
        return this.#queries.initDb(command);
      case 'COM_FIELD_LIST':
        return this.#queries.fieldList(command);
      case 'COM_PROCESS_KILL':
        return this.#queries.processKill(command);
      case 'COM_PING':
        return this.#to.pass(this.#to.reply('ok'));
      case 'COM_STATISTICS':
        return this.#to.pass(this.#to.reply('statistics'));
      case 'COM_SET_OPTION':
        return this.#setOption(command.option);
      case 'COM_RESET_CONNECTION':
        return this.#resetConnection();
      case 'COM_CHANGE_USER':
        return this.#to.refuse(CHANGE_USER);
      case 'COM_QUIT':
        return this.#quit();
      case 'other':
        return this.#to.refuse({ code: 'message-unsupported', message: `${command.name} is not supported` });
      default:
        return unreachable(command);
    }
  }

  #quit(): true {
    this.#abandon();
    this.#to.passUnanswered();
    this.terminated = true;
    return true;
  }

  #setOption(option: number): true {
    const isKnown = option === SET_OPTION.MYSQL_OPTION_MULTI_STATEMENTS_ON || option === SET_OPTION.MYSQL_OPTION_MULTI_STATEMENTS_OFF;
    if (!isKnown) return this.#to.error(1047, '08S01', 'Unknown command');
    return this.#to.pass(this.#to.reply('ok'));
  }

  #resetConnection(): true {
    const talk = this.#talk;
    const reply = this.#to.reply('ok');
    // INVARIANT: also when the server answers with an error, nothing is taken for known of the session.
    talk.stateStale = true;
    talk.roleLost = talk.pinnedRole !== undefined;
    reply.ended = (ok) => {
      if (!ok) return;
      talk.transactions.reset();
      talk.mayHoldLocks = false;
      talk.prepared.clear();
      talk.host.sessionReset?.();
    };
    return this.#to.pass(reply);
  }
}

/** Commands whose meaning depends on the session's state. */
const NEEDS_STATE: ReadonlySet<number> = new Set([
  COMMAND.COM_QUERY,
  COMMAND.COM_STMT_PREPARE,
  COMMAND.COM_STMT_EXECUTE,
  COMMAND.COM_STMT_FETCH,
  COMMAND.COM_INIT_DB,
  COMMAND.COM_FIELD_LIST,
  COMMAND.COM_PROCESS_KILL,
]);

const CHANGE_USER: Refusal = {
  code: 'message-unsupported',
  message: 'COM_CHANGE_USER is not supported, connect again; COM_RESET_CONNECTION resets the session',
};
