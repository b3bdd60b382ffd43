import type { Refusal } from '@sqlwarden/core';
import type { WireMessage } from '../protocol/message-assembler.js';
import { PACKET_STATUS } from '../protocol/packet.js';
import type { Conversation } from './conversation.js';
import { STATE_PROBE } from './sql-state.js';

/**
 * RESETCONNECTION and RESETCONNECTIONSKIPTRAN ([MS-TDS] section 2.2.3.1.2): the session is set back before the message that has the bit is looked at, by a request of our
 * own, so that the message is judged in the session in which it will run. The client gets the acknowledgement in front of its answer.
 */
export class SessionReset {
  readonly #talk: Conversation;
  /** The message that the session was, or is being, reset for. */
  #for: WireMessage | undefined;
  #failed = false;

  constructor(talk: Conversation) {
    this.#talk = talk;
  }

  /** True when it was done for this message; `'wait'` while it is under way. Only while nothing is expected. */
  before(message: WireMessage): true | 'wait' | Refusal {
    if (this.#for === message) return this.#failed ? NOT_RESET : true;
    this.#for = message;
    this.#failed = false;
    const talk = this.#talk;
    const skips = (message.status & PACKET_STATUS.RESET_CONNECTION_SKIP_TRANSACTION) !== 0;
    const status = skips ? PACKET_STATUS.RESET_CONNECTION_SKIP_TRANSACTION : PACKET_STATUS.RESET_CONNECTION;
    // INVARIANT: also when the server answers with an error, nothing is taken for known of the session.
    talk.stateStale = true;
    talk.prepared.clear();
    talk.cursors.clear();
    const { role } = talk;
    if (role === undefined) this.#reset(status, skips);
    // The server ends sessions that are reset under another name than the one that they began with.
    else
      talk.inject(role.revert(), (result) => {
        if (result.kind === 'error') this.#failed = true;
        else this.#reset(status, skips);
      });
    return 'wait';
  }

  #reset(status: number, skips: boolean): void {
    const talk = this.#talk;
    talk.roleLost = talk.role !== undefined;
    talk.own.batch(
      STATE_PROBE,
      (result) => {
        if (result.kind === 'error') {
          this.#failed = true;
          return;
        }
        if (!skips) talk.transactions.reset();
        talk.host.sessionReset?.();
        // With a role, what was asked is the state of another one.
        if (talk.role === undefined && !talk.observed(result)) talk.stateStale = true;
      },
      { status, isProbe: true },
    );
  }
}

const NOT_RESET: Refusal = { code: 'internal-error', message: 'the session could not be reset, connect again' };
