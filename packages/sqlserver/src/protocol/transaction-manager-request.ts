import { type AllHeaders, readAllHeaders, writeAllHeaders } from './all-headers.js';
import { decodeUtf16, PayloadReader } from './payload-reader.js';
import { encodeUtf16, PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';
import type { VersionLayout } from './tds-version.js';

/** A Transaction Manager Request message ([MS-TDS] 2.2.6.9), which TDS 7.1 does not have. */
export interface TransactionManagerRequest {
  readonly headers: AllHeaders;
  readonly request: TransactionRequest;
}

/** `isolationLevel`: 0 is that of the session; 1 to 5 are read uncommitted, read committed, repeatable read, serializable and snapshot. */
export type TransactionRequest =
  | { readonly kind: 'TM_GET_DTC_ADDRESS' | 'TM_PROPAGATE_XACT'; readonly data: Uint8Array }
  | { readonly kind: 'TM_BEGIN_XACT'; readonly isolationLevel: number; readonly name: string }
  | { readonly kind: 'TM_PROMOTE_XACT' }
  /** `next`: another transaction begins at once (fBeginXact). */
  | {
      readonly kind: 'TM_COMMIT_XACT' | 'TM_ROLLBACK_XACT';
      readonly name: string;
      readonly flags: number;
      readonly next: NextTransaction | undefined;
    }
  | { readonly kind: 'TM_SAVE_XACT'; readonly name: string };

export interface NextTransaction {
  readonly isolationLevel: number;
  readonly name: string;
}

export const TRANSACTION_REQUEST = {
  TM_GET_DTC_ADDRESS: 0,
  TM_PROPAGATE_XACT: 1,
  TM_BEGIN_XACT: 5,
  TM_PROMOTE_XACT: 6,
  TM_COMMIT_XACT: 7,
  TM_ROLLBACK_XACT: 8,
  TM_SAVE_XACT: 9,
} as const;

const MAX_ISOLATION_LEVEL = 5;
const BEGINS = 1;

export function decodeTransactionManagerRequest(payload: Uint8Array, layout: VersionLayout): TransactionManagerRequest {
  if (!layout.allHeaders) throw new ProtocolError('unexpected-message', 'the version of the protocol has no transaction manager requests');
  const reader = new PayloadReader(payload);
  const headers = readAllHeaders(reader);
  const request = readRequest(reader);
  reader.finish();
  return { headers, request };
}

function readRequest(reader: PayloadReader): TransactionRequest {
  const type = reader.int2();
  switch (type) {
    case TRANSACTION_REQUEST.TM_GET_DTC_ADDRESS:
      return { kind: 'TM_GET_DTC_ADDRESS', data: reader.ushortBytes() };
    case TRANSACTION_REQUEST.TM_PROPAGATE_XACT:
      return { kind: 'TM_PROPAGATE_XACT', data: reader.ushortBytes() };
    case TRANSACTION_REQUEST.TM_BEGIN_XACT:
      return { kind: 'TM_BEGIN_XACT', ...readBegin(reader) };
    case TRANSACTION_REQUEST.TM_PROMOTE_XACT:
      return { kind: 'TM_PROMOTE_XACT' };
    case TRANSACTION_REQUEST.TM_COMMIT_XACT:
      return { kind: 'TM_COMMIT_XACT', ...readEnd(reader) };
    case TRANSACTION_REQUEST.TM_ROLLBACK_XACT:
      return { kind: 'TM_ROLLBACK_XACT', ...readEnd(reader) };
    case TRANSACTION_REQUEST.TM_SAVE_XACT:
      return { kind: 'TM_SAVE_XACT', name: readName(reader) };
    default:
      throw new ProtocolError('unknown-message', 'the transaction manager request is not one that the protocol defines');
  }
}

// The length of a name counts bytes.
function readName(reader: PayloadReader): string {
  return decodeUtf16(reader.byteBytes());
}

function readBegin(reader: PayloadReader): NextTransaction {
  const isolationLevel = reader.int1();
  if (isolationLevel > MAX_ISOLATION_LEVEL)
    throw new ProtocolError('invalid-value', 'the isolation level is not one that the protocol defines');
  return { isolationLevel, name: readName(reader) };
}

function readEnd(reader: PayloadReader): { readonly name: string; readonly flags: number; readonly next: NextTransaction | undefined } {
  const name = readName(reader);
  const flags = reader.int1();
  return { name, flags, next: (flags & BEGINS) === 0 ? undefined : readBegin(reader) };
}

export function encodeTransactionManagerRequest({ headers, request }: TransactionManagerRequest): Uint8Array {
  const writer = new PayloadWriter();
  writeAllHeaders(writer, headers);
  writer.int2(TRANSACTION_REQUEST[request.kind]);
  switch (request.kind) {
    case 'TM_GET_DTC_ADDRESS':
    case 'TM_PROPAGATE_XACT':
      writer.ushortBytes(request.data);
      break;
    case 'TM_BEGIN_XACT':
      writeBegin(writer, request);
      break;
    case 'TM_PROMOTE_XACT':
      break;
    case 'TM_COMMIT_XACT':
    case 'TM_ROLLBACK_XACT':
      writer.byteBytes(encodeUtf16(request.name)).int1(request.flags);
      if (((request.flags & BEGINS) !== 0) !== (request.next !== undefined))
        throw new ProtocolError('invalid-value', 'another transaction begins or not');
      if (request.next !== undefined) writeBegin(writer, request.next);
      break;
    case 'TM_SAVE_XACT':
      writer.byteBytes(encodeUtf16(request.name));
      break;
  }
  return writer.take();
}

function writeBegin(writer: PayloadWriter, { isolationLevel, name }: NextTransaction): void {
  writer.int1(isolationLevel).byteBytes(encodeUtf16(name));
}
