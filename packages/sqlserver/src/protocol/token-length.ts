import { type ColumnsOf, NO_METADATA, readAltMetadata, readColumn } from './column-metadata.js';
import { readFeatureExtAck } from './login-tokens.js';
import { PayloadReader } from './payload-reader.js';
import { ProtocolError } from './protocol-error.js';
import { readReturnValue } from './result-tokens.js';
import { type ColMetadata, type Column, TOKEN } from './server-token.js';
import type { VersionLayout } from './tds-version.js';

/** More than every FEATUREEXTACK, ALTMETADATA and head of a RETURNVALUE has. They are measured again whenever bytes arrive, so they must be short. */
const MAX_MEASURED = 0x4_0000;
const MAX_FEATURES = 0x4000;

/**
 * Finds out how long a token is ([MS-TDS] 2.2.4.2 "Token Data Stream Definition"). A COLMETADATA, whose length is nowhere, is decoded column by
 * column on the way, and goes on where the bytes ended before.
 */
export class TokenLength {
  readonly #layout: VersionLayout;
  readonly #of: ColumnsOf;
  readonly #maxBytes: number;
  readonly #reader = new PayloadReader(new Uint8Array(0));
  #columns: Column[] = [];
  /** From the beginning of the COLMETADATA to its next column. */
  #measured = 0;

  constructor(layout: VersionLayout, of: ColumnsOf, maxBytes: number) {
    this.#layout = layout;
    this.#of = of;
    this.#maxBytes = maxBytes;
  }

  /**
   * The length of the token that begins at `start` with its type byte, of which bytes up to `end` are there; 0 when that cannot be told yet. It may be
   * more than there is. Of a RETURNVALUE: without its value. Throws a {@link ProtocolError}, for unknown tokens and for those longer than the cap.
   */
  of(bytes: Uint8Array, start: number, end: number): number {
    const length = this.#length(bytes, start, end);
    if (length > this.#maxBytes || (length === 0 && end - start > this.#maxBytes))
      throw new ProtocolError('too-large', `a token is longer than the limit of ${this.#maxBytes} bytes`);
    return length;
  }

  /** The COLMETADATA that was measured last. */
  takeColumns(): ColMetadata {
    const columns = this.#measured > NO_COLUMNS ? this.#columns : undefined;
    this.#columns = [];
    this.#measured = 0;
    return { kind: 'COLMETADATA', columns };
  }

  #length(bytes: Uint8Array, start: number, end: number): number {
    const type = bytes[start] as number;
    const available = end - start;
    switch (type) {
      case TOKEN.DONE:
      case TOKEN.DONEPROC:
      case TOKEN.DONEINPROC:
        return this.#layout.longRowCount ? 13 : 9;
      case TOKEN.RETURNSTATUS:
      case TOKEN.OFFSET:
        return 5;
      case TOKEN.FEDAUTHINFO:
      case TOKEN.SESSIONSTATE:
        return available < 5 ? 0 : 5 + this.#at(bytes, start + 1, end).int4();
      case TOKEN.ERROR:
      case TOKEN.INFO:
      case TOKEN.ENVCHANGE:
      case TOKEN.LOGINACK:
      case TOKEN.TABNAME:
      case TOKEN.COLINFO:
      case TOKEN.ORDER:
      case TOKEN.SSPI:
        return available < 3 ? 0 : 3 + this.#at(bytes, start + 1, end).int2();
      case TOKEN.COLMETADATA:
        return this.#columnsLength(bytes, start, end);
      default:
        return this.#measuredLength(type, bytes, start, end);
    }
  }

  #at(bytes: Uint8Array, start: number, end: number): PayloadReader {
    this.#reader.reset(bytes, start, end);
    return this.#reader;
  }

  #measuredLength(type: number, bytes: Uint8Array, start: number, end: number): number {
    const reader = this.#at(bytes, start + 1, end);
    const isWhole = isComplete(() => this.#pass(type, reader));
    if (isWhole) return reader.at - start;
    const max = type === TOKEN.RETURNVALUE ? MAX_MEASURED : MAX_FEATURES;
    if (end - start > max) throw new ProtocolError('too-large', 'a token is longer than it can be');
    return 0;
  }

  #pass(type: number, reader: PayloadReader): void {
    switch (type) {
      case TOKEN.ALTMETADATA:
        readAltMetadata(reader, this.#layout);
        return;
      case TOKEN.RETURNVALUE:
        readReturnValue(reader, this.#layout);
        return;
      case TOKEN.FEATUREEXTACK:
        readFeatureExtAck(reader);
        return;
      case TOKEN.DATACLASSIFICATION:
        throw new ProtocolError('unsupported', 'DATACLASSIFICATION was not agreed on at login and is refused');
      default:
        throw new ProtocolError('unknown-message', 'the token is not one that the protocol has here');
    }
  }

  #columnsLength(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < NO_COLUMNS) return 0;
    const count = this.#at(bytes, start + 1, end).int2();
    if (count === NO_METADATA) return NO_COLUMNS;
    if (this.#measured === 0) this.#measured = NO_COLUMNS;
    while (this.#columns.length < count) {
      const reader = this.#at(bytes, start + this.#measured, end);
      const isWhole = isComplete(() => this.#columns.push(readColumn(reader, this.#layout, this.#of)));
      if (!isWhole) return 0;
      this.#measured = reader.at - start;
    }
    // INVARIANT: a COLMETADATA with a count, even of 0, is told from one without metadata by `#measured`.
    this.#measured = Math.max(this.#measured, NO_COLUMNS + 1);
    return this.#columns.length === 0 ? NO_COLUMNS : this.#reader.at - start;
  }
}

/** Type byte and `Count`. */
const NO_COLUMNS = 3;

/** Runs a decoder; false when bytes are missing. */
function isComplete(decode: () => void): boolean {
  try {
    decode();
    return true;
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'truncated') return false;
    throw error;
  }
}
