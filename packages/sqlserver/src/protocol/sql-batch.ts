import { type AllHeaders, readAllHeaders, writeAllHeaders } from './all-headers.js';
import { decodeUtf16, PayloadReader } from './payload-reader.js';
import { PayloadWriter } from './payload-writer.js';
import type { VersionLayout } from './tds-version.js';

/** A SQLBatch message ([MS-TDS] 2.2.6.7). */
export interface SqlBatch {
  /** None before TDS 7.2. */
  readonly headers: AllHeaders | undefined;
  readonly text: string;
}

export function decodeSqlBatch(payload: Uint8Array, layout: VersionLayout): SqlBatch {
  const reader = new PayloadReader(payload);
  const headers = layout.allHeaders ? readAllHeaders(reader) : undefined;
  return { headers, text: decodeUtf16(reader.rest()) };
}

export function encodeSqlBatch({ headers, text }: SqlBatch): Uint8Array {
  const writer = new PayloadWriter();
  if (headers !== undefined) writeAllHeaders(writer, headers);
  return writer.text(text).take();
}
