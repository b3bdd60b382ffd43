import type { PayloadReader } from './payload-reader.js';
import type { PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';

/** ALL_HEADERS ([MS-TDS] 2.2.5.3): the data stream headers in front of a request, in order. */
export type AllHeaders = readonly StreamHeader[];

export type StreamHeader =
  /** The client asks to be told when the result would change. */
  | { readonly kind: 'query-notifications'; readonly data: Uint8Array }
  /** `descriptor`: that of ENVCHANGE 8, 0 in autocommit. */
  | { readonly kind: 'transaction-descriptor'; readonly descriptor: bigint; readonly outstandingRequests: number }
  | { readonly kind: 'trace-activity'; readonly data: Uint8Array };

const HEADER_TYPE = { 'query-notifications': 1, 'transaction-descriptor': 2, 'trace-activity': 3 } as const;
const HEADER_HEAD = 6;
const DESCRIPTOR = 12;

/** Reads ALL_HEADERS, which TDS 7.1 does not have. Throws a {@link ProtocolError}; also when a header is there twice. */
export function readAllHeaders(reader: PayloadReader): AllHeaders {
  const total = reader.int4();
  if (total < 4) throw new ProtocolError('length', 'the headers of a request are shorter than their length');
  let left = total - 4;
  const headers: StreamHeader[] = [];
  while (left > 0) {
    const length = reader.int4();
    if (length < HEADER_HEAD || length > left) throw new ProtocolError('length', 'a header of a request has a length that it cannot have');
    const header = readHeader(reader, length - HEADER_HEAD);
    if (headers.some(({ kind }) => kind === header.kind)) throw new ProtocolError('invalid-value', 'a header of a request is there twice');
    headers.push(header);
    left -= length;
  }
  return headers;
}

function readHeader(reader: PayloadReader, length: number): StreamHeader {
  const type = reader.int2();
  switch (type) {
    case HEADER_TYPE['query-notifications']:
      return { kind: 'query-notifications', data: reader.bytes(length) };
    case HEADER_TYPE['trace-activity']:
      return { kind: 'trace-activity', data: reader.bytes(length) };
    case HEADER_TYPE['transaction-descriptor']:
      if (length !== DESCRIPTOR) throw new ProtocolError('length', 'a transaction descriptor has a length that it cannot have');
      return { kind: 'transaction-descriptor', descriptor: reader.int8(), outstandingRequests: reader.int4() };
    default:
      throw new ProtocolError('invalid-value', 'a header of a request is not one that the protocol defines');
  }
}

export function writeAllHeaders(writer: PayloadWriter, headers: AllHeaders): void {
  const lengths = headers.map((header) => HEADER_HEAD + (header.kind === 'transaction-descriptor' ? DESCRIPTOR : header.data.length));
  writer.int4(lengths.reduce((sum, length) => sum + length, 4));
  headers.forEach((header, i) => {
    writer.int4(lengths[i] ?? 0).int2(HEADER_TYPE[header.kind]);
    if (header.kind === 'transaction-descriptor') writer.int8(header.descriptor).int4(header.outstandingRequests);
    else writer.bytes(header.data);
  });
}

/** The headers of a request of our own in this transaction; 0n: in autocommit. */
export function transactionHeaders(descriptor: bigint): AllHeaders {
  return [{ kind: 'transaction-descriptor', descriptor, outstandingRequests: 1 }];
}
