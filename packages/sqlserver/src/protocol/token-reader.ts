import type { ColumnsOf } from './column-metadata.js';
import { ProtocolError } from './protocol-error.js';
import { type ByteInput, type CellEvent, RowCursor } from './row-cursor.js';
import { NOT_WHOLE, nullBitmapBytes, rowEnd, rowLayout, type RowLayout } from './row-walk.js';
import { type Column, type ServerToken, TOKEN } from './server-token.js';
import type { VersionLayout } from './tds-version.js';
import { decodeToken } from './token-codec.js';
import { TokenLength } from './token-length.js';

/**
 * What {@link TokenReader.next} has found; `buffer` from `start` to `end` are its bytes:
 * - `token`: a whole token that is no row. Of a RETURNVALUE the part in front of its value, which follows as the one cell of a row, ended by `row-end`.
 * - `row`: the type of a ROW, NBCROW or ALTROW, with its null bitmap or id. Then, until `row-end`:
 * - `span`: bytes of cells that are not watched.
 * - `cell`: a watched cell, whole, with its length; `valueStart` is -1 when it is NULL. The NULL of an NBCROW has no bytes.
 * - `long-cell`: the head of a watched cell that is partially length-prefixed or behind a text pointer, and not NULL; `longLength`. Then its value in
 *   any number of `part`s, without the lengths of chunks, and `long-end`, the bytes that end it.
 */
export type TokenEvent = 'token' | 'row' | CellEvent;

export interface TokenReaderOptions {
  /** Who sends: a server, or a client that loads in bulk. */
  readonly from?: 'server' | 'bulk-load';
  /** The longest token that is no row. */
  readonly maxTokenBytes?: number;
}

const MAX_TOKEN_BYTES = 4 << 20;
const MAX_ALTERNATES = 64;
const NO_BYTES = new Uint8Array(0);
const FIRST_CAPACITY = 512;
const ALL_WATCHED = Uint8Array.of(1);
const BULK_LOAD_TOKENS: ReadonlySet<number> = new Set([TOKEN.COLMETADATA, TOKEN.ROW, TOKEN.DONE]);

/**
 * Reads a stream of tokens ([MS-TDS] 2.2.4) over any chunking: tokens that are no rows whole, rows cell by cell where cells are watched, and without
 * decoding where not. At most one token, or one cell that is not long, is buffered. A reader that has thrown stays failed.
 */
export class TokenReader {
  buffer: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  /** The type of the token at hand, or of the one that the events of cells belong to. */
  tokenType = 0;
  /** Whether the value of a RETURNVALUE is watched. */
  watchesReturnValues = true;

  readonly #layout: VersionLayout;
  readonly #from: ColumnsOf;
  readonly #length: TokenLength;
  readonly #input: ByteInput = { bytes: NO_BYTES, at: 0, end: 0 };
  readonly #cursor = new RowCursor(this.#input);
  #columns: readonly Column[] | undefined;
  #row: RowLayout | undefined;
  #watched: Uint8Array | undefined;
  /** Rows of COMPUTE clauses, by the id of their ALTMETADATA. */
  #alternates: Map<number, RowLayout> | undefined;
  #token: ServerToken | undefined;
  /** The beginning of a token whose end was not there. */
  #carry: Uint8Array = NO_BYTES;
  #carried = 0;
  #failed: ProtocolError | undefined;

  constructor(layout: VersionLayout, { from = 'server', maxTokenBytes = MAX_TOKEN_BYTES }: TokenReaderOptions = {}) {
    this.#layout = layout;
    this.#from = from;
    this.#length = new TokenLength(layout, from, maxTokenBytes);
  }

  /** What rows hold that come now; `undefined`: rows are not allowed. */
  get columns(): readonly Column[] | undefined {
    return this.#columns;
  }

  /** Of `cell`, `long-cell`, `part` and `long-end`: from 0. */
  get column(): number {
    return this.#cursor.column;
  }

  /** Of `cell` and `part`: where the value begins, which goes to `end`. */
  get valueStart(): number {
    return this.#cursor.valueStart;
  }

  /** Of `long-cell`: the bytes of the value; `undefined`: not known. */
  get longLength(): number | undefined {
    return this.#cursor.longLength;
  }

  /** Bytes that are kept until the token or cell that they belong to is whole. */
  get buffered(): number {
    return this.#carried + this.#cursor.buffered;
  }

  /** Up to where the bytes that were pushed last are read. */
  get position(): number {
    return this.#input.at;
  }

  /** A token was begun and is not read to its end, or bytes are left. */
  get midToken(): boolean {
    return this.#carried > 0 || this.#cursor.isOpen || this.#input.at < this.#input.end;
  }

  /** Within a row or the value of a RETURNVALUE. */
  get midRow(): boolean {
    return this.#cursor.isOpen;
  }

  /** Adds the bytes of `bytes` from `start` to `end`. All before must have been read: {@link next} gave undefined. They are not kept beyond that. */
  push(bytes: Uint8Array, start: number, end: number): void {
    const input = this.#input;
    if (input.at < input.end) throw new ProtocolError('dead', 'the bytes before were not read');
    input.bytes = bytes;
    input.at = start;
    input.end = end;
  }

  /**
   * Says what rows hold: where a COLMETADATA leaves it out because the client knows it, or where rows carry more than was described (ROWSTAT of
   * `sp_cursorfetch`). Nothing is watched then. A COLMETADATA or DONE changes it again.
   */
  useColumns(columns: readonly Column[] | undefined): void {
    this.#columns = columns;
    this.#row = columns === undefined ? undefined : rowLayout(columns);
    this.#watched = undefined;
  }

  /** Which cells of the rows that follow come one by one: 1 for each that does. Until the next COLMETADATA or DONE. */
  watch(columns: Uint8Array | undefined): void {
    this.#watched = columns;
  }

  /** The token at hand, decoded; its byte fields are views. Only after `token`. */
  get token(): ServerToken {
    this.#token ??= decodeToken(this.buffer, this.start, this.end, this.#layout, this.#from);
    return this.#token;
  }

  /**
   * Passes over rows, whether whole or not, up to the end of the bytes or the next token that is no row; begins at most `most` of them. Gives how many
   * began. Does nothing where cells are watched.
   */
  skipRows(most: number): number {
    if (this.#failed !== undefined) throw new ProtocolError('dead', this.#failed.message);
    if (this.#watched !== undefined || this.#carried > 0) return 0;
    try {
      return this.#skipRows(most);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Goes on to what is next. `undefined` when more bytes are needed. Throws a {@link ProtocolError}. */
  next(): TokenEvent | undefined {
    if (this.#failed !== undefined) throw new ProtocolError('dead', this.#failed.message);
    try {
      return this.#cursor.isOpen ? this.#cellEvent() : this.#tokenEvent();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Says that a message ends here. Throws `truncated` within a token. */
  endMessage(): void {
    if (this.midToken) throw this.#fail(new ProtocolError('truncated', 'a message ends within a token'));
  }

  #fail(error: unknown): unknown {
    if (error instanceof ProtocolError) this.#failed = error;
    this.#carry = NO_BYTES;
    this.#carried = 0;
    this.#input.bytes = NO_BYTES;
    this.#input.at = 0;
    this.#input.end = 0;
    return error;
  }

  #cellEvent(): CellEvent | undefined {
    const event = this.#cursor.event();
    if (event === undefined || event === 'row-end') return event;
    this.buffer = this.#cursor.buffer;
    this.start = this.#cursor.start;
    this.end = this.#cursor.end;
    return event;
  }

  // ---- rows that nobody looks at ----

  #skipRows(most: number): number {
    const input = this.#input;
    const cursor = this.#cursor;
    if (cursor.isOpen && (cursor.isWatched || this.tokenType === TOKEN.RETURNVALUE || !cursor.skip())) return 0;
    let begun = 0;
    while (begun < most && input.at < input.end) {
      const type = input.bytes[input.at] as number;
      if (type !== TOKEN.ROW && type !== TOKEN.NBCROW) break;
      const row = this.#rowOf(type);
      const bitmap = type === TOKEN.NBCROW ? nullBitmapBytes(row.count) : 0;
      if (input.end - input.at < 1 + bitmap) break;
      begun += 1;
      const cells = input.at + 1 + bitmap;
      const end = rowEnd(input.bytes, cells, input.end, row, bitmap === 0 ? -1 : input.at + 1);
      if (end !== NOT_WHOLE) {
        input.at = end;
        continue;
      }
      this.tokenType = type;
      cursor.open(row, undefined, bitmap === 0 ? undefined : input.bytes.slice(input.at + 1, cells));
      input.at = cells;
      cursor.skip();
      break;
    }
    return begun;
  }

  #rowOf(type: number): RowLayout {
    const row = this.#row;
    if (row === undefined) throw new ProtocolError('unexpected-message', 'a row comes without its columns');
    if (type === TOKEN.NBCROW && (!this.#layout.nbcRow || this.#from !== 'server'))
      throw new ProtocolError('unexpected-message', 'an NBCROW is not part of the version of the protocol');
    return row;
  }

  // ---- tokens ----

  #tokenEvent(): TokenEvent | undefined {
    this.#token = undefined;
    const input = this.#input;
    const isCarried = this.#carried > 0;
    if (isCarried) this.#append();
    const bytes = isCarried ? this.#carry : input.bytes;
    const start = isCarried ? 0 : input.at;
    const end = isCarried ? this.#carried : input.end;
    if (start === end) return undefined;
    const length = this.#lengthOf(bytes, start, end);
    if (length === 0 || length > end - start) {
      if (!isCarried) this.#append();
      return undefined;
    }
    if (isCarried) {
      // What was appended behind the token is still to be read.
      input.at -= this.#carried - length;
      this.#carried = 0;
    } else input.at += length;
    this.buffer = bytes;
    this.start = start;
    this.end = start + length;
    return this.#present(bytes[start] as number);
  }

  /** Moves the rest of the input behind what is carried. */
  #append(): void {
    const input = this.#input;
    const need = this.#carried + input.end - input.at;
    if (need > this.#carry.length) {
      const grown = new Uint8Array(Math.max(need, this.#carry.length * 2, FIRST_CAPACITY));
      grown.set(this.#carry.subarray(0, this.#carried));
      this.#carry = grown;
    }
    this.#carry.set(input.bytes.subarray(input.at, input.end), this.#carried);
    this.#carried = need;
    input.at = input.end;
  }

  /** Of rows: the length of what is in front of their cells. */
  #lengthOf(bytes: Uint8Array, start: number, end: number): number {
    const type = bytes[start] as number;
    if (this.#from === 'bulk-load' && !BULK_LOAD_TOKENS.has(type))
      throw new ProtocolError('unknown-message', 'the token is not one of bulk load');
    if (type === TOKEN.ROW || type === TOKEN.NBCROW) return 1 + (type === TOKEN.NBCROW ? nullBitmapBytes(this.#rowOf(type).count) : 0);
    if (type === TOKEN.ALTROW) return 3;
    return this.#length.of(bytes, start, end);
  }

  #present(type: number): TokenEvent {
    this.tokenType = type;
    switch (type) {
      case TOKEN.ROW:
      case TOKEN.NBCROW: {
        const nulls = type === TOKEN.NBCROW ? this.buffer.slice(this.start + 1, this.end) : undefined;
        this.#cursor.open(this.#rowOf(type), this.#watched, nulls);
        return 'row';
      }
      case TOKEN.ALTROW:
        return this.#presentAlternate();
      case TOKEN.COLMETADATA: {
        const metadata = this.#length.takeColumns();
        this.#token = metadata;
        this.useColumns(metadata.columns);
        return 'token';
      }
      case TOKEN.ALTMETADATA:
        this.#keepAlternate();
        return 'token';
      case TOKEN.RETURNVALUE:
        this.#presentReturnValue();
        return 'token';
      case TOKEN.DONE:
      case TOKEN.DONEPROC:
      case TOKEN.DONEINPROC:
        this.useColumns(undefined);
        this.#alternates = undefined;
        return 'token';
      default:
        return 'token';
    }
  }

  #presentReturnValue(): void {
    const { token } = this;
    if (token.kind !== 'RETURNVALUE') throw new ProtocolError('unexpected-message', 'a value is not a RETURNVALUE');
    this.#cursor.open(rowLayout([token]), this.watchesReturnValues ? ALL_WATCHED : undefined, undefined);
  }

  #keepAlternate(): void {
    const { token } = this;
    if (token.kind !== 'ALTMETADATA') throw new ProtocolError('unexpected-message', 'a token is not an ALTMETADATA');
    this.#alternates ??= new Map();
    this.#alternates.set(token.id, rowLayout(token.columns));
    if (this.#alternates.size > MAX_ALTERNATES) throw new ProtocolError('too-large', 'a statement has too many COMPUTE clauses');
  }

  #presentAlternate(): TokenEvent {
    const id = (this.buffer[this.start + 1] as number) | ((this.buffer[this.start + 2] as number) << 8);
    const row = this.#alternates?.get(id);
    if (row === undefined) throw new ProtocolError('unexpected-message', 'a row of COMPUTE comes without its columns');
    this.#cursor.open(row, undefined, undefined);
    return 'row';
  }
}
