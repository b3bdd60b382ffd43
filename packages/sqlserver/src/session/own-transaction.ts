import type { InjectResult } from '@sqlwarden/core';
import type { Conversation } from './conversation.js';
import type { ExpectedReply } from './expected-reply.js';

/** The end of the gateway's own transaction failed: what it held is not known to be there, and the client must not be told that it is. */
export class CommitFailed extends Error {
  override readonly name = 'CommitFailed';
}

/** Where IMPLICIT_TRANSACTIONS is on, the statement itself begins one, which the client ends. */
const BEGIN = 'IF (@@OPTIONS & 2) = 0 BEGIN TRANSACTION; SELECT @@TRANCOUNT';
const COMMIT = 'COMMIT TRANSACTION; SELECT @@TRANCOUNT';
const ROLLBACK = 'IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION; SELECT @@TRANCOUNT';

/**
 * A transaction of the gateway's around one request of the client's, so that a write over a limit leaves nothing behind: it is committed when the reply is complete, and
 * the client gets the reply when it is committed. The client never hears of it.
 */
export class OwnTransaction {
  readonly #talk: Conversation;
  #state: 'none' | 'beginning' | 'given-up' | 'begun' | 'failed' = 'none';

  constructor(talk: Conversation) {
    this.#talk = talk;
  }

  /** `wait`: it is under way, call again. Only while nothing is expected. */
  begin(): 'wait' | 'begun' | 'failed' {
    const talk = this.#talk;
    if (this.#state === 'begun' || this.#state === 'failed') return this.#state;
    this.#state = 'beginning';
    talk.transactions.isOurs = true;
    talk.own.batch(
      BEGIN,
      (result) => {
        const isGivenUp = this.#state === 'given-up';
        const isOpen = isOpenBy(result);
        talk.transactions.countedOurs(isOpen === true);
        this.#state = isGivenUp ? 'none' : isOpen === undefined ? 'failed' : 'begun';
        if (isGivenUp) this.#end(false);
      },
      { hidesTransaction: true },
    );
    return 'wait';
  }

  /** The request is about to be sent, and `reply` answers it. */
  around(reply: ExpectedReply): void {
    const talk = this.#talk;
    this.#state = 'none';
    if (!talk.transactions.isOurs) return;
    talk.withholds = true;
    const { ended } = reply;
    reply.ended = (ok) => {
      ended?.(ok);
      this.#end(ok);
    };
  }

  /** The request will not be sent. */
  abandon(): void {
    const state = this.#state;
    this.#state = state === 'beginning' ? 'given-up' : 'none';
    if (state === 'begun') this.#end(false);
  }

  #end(ok: boolean): void {
    const talk = this.#talk;
    const { transactions } = talk;
    // The server rolled it back, with what the client was told of it.
    if (transactions.status !== 'open') {
      transactions.isOurs = false;
      talk.withholds = false;
      return;
    }
    talk.own.batch(
      ok ? COMMIT : ROLLBACK,
      (result) => {
        if (talk.isLost) return;
        const isOpen = isOpenBy(result);
        if (isOpen !== false) throw new CommitFailed();
        transactions.countedOurs(isOpen, ok);
        talk.withholds = false;
      },
      { hidesTransaction: true },
    );
  }
}

/** Whether the session has a transaction, by the count that a request of ours ends with; `undefined`: the request failed. */
function isOpenBy(result: InjectResult): boolean | undefined {
  const count = result.kind === 'rows' ? result.rows.at(-1)?.[0] : undefined;
  return typeof count === 'string' && /^\d+$/.test(count) ? count !== '0' : undefined;
}
