import { type Refusal, unreachable } from '@sqlwarden/core';
import type { NextTransaction, TransactionRequest } from '../protocol/transaction-manager-request.js';
import { bracketed } from './procedure-name.js';

/** The statements that do what a Transaction Manager Request asks for ([MS-TDS] section 2.2.6.9); those of distributed transactions are refused. */
export function transactionText(request: TransactionRequest): string | Refusal {
  switch (request.kind) {
    case 'TM_BEGIN_XACT':
      return begin(request);
    case 'TM_COMMIT_XACT':
      return `COMMIT TRANSACTION${named(request.name)}${next(request.next)}`;
    case 'TM_ROLLBACK_XACT':
      return `ROLLBACK TRANSACTION${named(request.name)}${next(request.next)}`;
    case 'TM_SAVE_XACT':
      return `SAVE TRANSACTION${named(request.name)}`;
    case 'TM_GET_DTC_ADDRESS':
    case 'TM_PROPAGATE_XACT':
    case 'TM_PROMOTE_XACT':
      return { code: 'message-unsupported', message: `${request.kind} is not supported: use a transaction that is not distributed` };
    default:
      return unreachable(request);
  }
}

function begin({ name }: NextTransaction): string {
  return `BEGIN TRANSACTION${named(name)}`;
}

function next(transaction: NextTransaction | undefined): string {
  return transaction === undefined ? '' : `; ${begin(transaction)}`;
}

function named(name: string): string {
  return name === '' ? '' : ` ${bracketed(name)}`;
}
