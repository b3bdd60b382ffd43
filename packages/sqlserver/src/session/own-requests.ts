import type { InjectResult } from '@sqlwarden/core';
import type { AllHeaders } from '../protocol/all-headers.js';
import { PACKET_TYPE } from '../protocol/packet.js';
import { encodeMessage } from '../protocol/packet-writer.js';
import { encodeSqlBatch } from '../protocol/sql-batch.js';
import { versionLayout, versionOf } from '../protocol/tds-version.js';
import type { Conversation } from './conversation.js';
import { ENV_CHANGE } from '../protocol/server-token.js';
import { ExpectedReply } from './expected-reply.js';

export interface OwnBatchOptions {
  /** Bits of the first packet's status: RESETCONNECTION. */
  readonly status?: number;
  /** It asks for the state of the session. */
  readonly isProbe?: boolean;
  /** It begins or ends a transaction that the client is not to know of. */
  readonly hidesTransaction?: boolean;
}

const TRANSACTIONS: ReadonlySet<number> = new Set([
  ENV_CHANGE.BEGIN_TRANSACTION,
  ENV_CHANGE.COMMIT_TRANSACTION,
  ENV_CHANGE.ROLLBACK_TRANSACTION,
]);

/** Batches of the gateway's own on the session's connection. Their replies are not shown. */
export class OwnRequests {
  readonly #talk: Conversation;
  #hidesTransaction = false;

  constructor(talk: Conversation) {
    this.#talk = talk;
  }

  /** Whether the client is never to hear of an ENVCHANGE of this type in the reply at hand. */
  isHidden(type: number): boolean {
    return this.#hidesTransaction && TRANSACTIONS.has(type);
  }

  /** Only while nothing is expected. */
  batch(
    sql: string,
    done: (result: InjectResult) => void,
    { status = 0, isProbe = false, hidesTransaction = false }: OwnBatchOptions = {},
  ): void {
    const talk = this.#talk;
    talk.toServer.write(encodeMessage({ type: PACKET_TYPE.SQL_BATCH, status, packetSize: talk.packetSize }, this.payload(sql)));
    const reply = new ExpectedReply('batch', [], false);
    reply.injection = { rows: [], done, isProbe };
    this.#hidesTransaction = hidesTransaction;
    talk.sent(reply);
  }

  /** SQLBatch of this text, in the session's transaction. */
  payload(text: string): Uint8Array {
    const { tdsVersion, transactions } = this.#talk;
    const { descriptor } = transactions;
    const headers: AllHeaders = [{ kind: 'transaction-descriptor', descriptor, outstandingRequests: 1 }];
    return encodeSqlBatch({ headers: versionLayout(versionOf(tdsVersion)).allHeaders ? headers : undefined, text });
  }
}
