import type { Refusal } from '@sqlwarden/core';
import type { AllHeaders } from '../protocol/all-headers.js';
import type { WireMessage } from '../protocol/message-assembler.js';
import { PACKET_TYPE } from '../protocol/packet.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { decodeRpcRequest, type RpcRequest } from '../protocol/rpc-request.js';
import { decodeSqlBatch } from '../protocol/sql-batch.js';
import { versionLayout, versionOf } from '../protocol/tds-version.js';
import { decodeTransactionManagerRequest } from '../protocol/transaction-manager-request.js';
import { transactionText } from './transaction-text.js';

/** A client's message, decoded. `transaction`: a Transaction Manager Request, as the statements that do the same. */
export type ClientRequest =
  | { readonly kind: 'batch'; readonly text: string }
  | { readonly kind: 'rpc'; readonly request: RpcRequest }
  | { readonly kind: 'transaction'; readonly text: string }
  | { readonly kind: 'bulk-load' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Throws a {@link ProtocolError} for bytes that are no message of the protocol. What is one and cannot be judged is `refused`. */
export function readRequest(message: WireMessage, { tdsVersion }: { readonly tdsVersion: number }): ClientRequest {
  try {
    return decoded(message, tdsVersion);
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'unsupported') return refused(error.message);
    throw error;
  }
}

function decoded({ type, payload }: WireMessage, tdsVersion: number): ClientRequest {
  const layout = versionLayout(versionOf(tdsVersion));
  switch (type) {
    case PACKET_TYPE.SQL_BATCH: {
      const { headers, text } = decodeSqlBatch(payload, layout);
      return notifies(headers) ? NOTIFICATIONS : { kind: 'batch', text };
    }
    case PACKET_TYPE.RPC: {
      const request = decodeRpcRequest(payload, layout);
      return notifies(request.headers) ? NOTIFICATIONS : { kind: 'rpc', request };
    }
    case PACKET_TYPE.TRANSACTION_MANAGER: {
      const { headers, request } = decodeTransactionManagerRequest(payload, layout);
      if (notifies(headers)) return NOTIFICATIONS;
      const text = transactionText(request);
      return typeof text === 'string' ? { kind: 'transaction', text } : { kind: 'refused', refusal: text };
    }
    case PACKET_TYPE.BULK_LOAD:
      return { kind: 'bulk-load' };
    default:
      throw new ProtocolError('unexpected-message', 'a message came that does not belong behind the login');
  }
}

/** Results that are watched are sent to others, later ("Query Notifications"). */
function notifies(headers: AllHeaders | undefined): boolean {
  return headers?.some(({ kind }) => kind === 'query-notifications') === true;
}

function refused(message: string): ClientRequest {
  return { kind: 'refused', refusal: { code: 'message-unsupported', message } };
}

const NOTIFICATIONS = refused('query notifications are not supported');
