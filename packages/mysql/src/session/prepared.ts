import type { Admission } from '@sqlwarden/core';
import type { ParameterType } from '../protocol/bound-values.js';
import type { StatementReplies } from './expected-reply.js';

export type Proceed = Extract<Admission, { kind: 'proceed' }>;

/** A prepared statement of the client's, under the number that the server gave it. */
export interface PreparedStatement extends StatementReplies {
  readonly id: number;
  readonly text: string;
  /** The token that stood in it. */
  readonly renewal: string | undefined;
  /** Of the COM_STMT_PREPARE. */
  readonly bytes: number;
  readonly parameters: number;
  readonly admission: Proceed;
  /** What the last COM_STMT_EXECUTE with `new_params_bind_flag` declared; those after it may leave it out. */
  types: readonly ParameterType[] | undefined;
  /** The server has those types: the execute that declared them was forwarded. */
  areTypesSent: boolean;
  /** COM_STMT_SEND_LONG_DATA since the last execute, by parameter: sent to the server when the statement is executed. */
  readonly longData: Map<number, LongData>;
  /** What was decided when its cursor was opened: its plan stays with the cursor, later ones may only add to it. */
  opened: Proceed | undefined;
  /** More was sent for it than is kept: the next execute fails. */
  isLongDataLost: boolean;
}

/** What came for one parameter, kept until the statement is executed or reset: in one buffer, since pieces may be as small as one byte, or empty. */
export interface LongData {
  /** Its first {@link bytes} are the value. */
  buffer: Uint8Array;
  bytes: number;
}

/** Most bytes that the texts of one session's prepared statements may have together. */
export const MAX_PREPARED_BYTES = 64 << 20;
/** Most prepared statements of one session. */
export const MAX_PREPARED = 16_384;

/** Clients that have not yet heard its number say so: they send COM_STMT_EXECUTE right behind COM_STMT_PREPARE. */
const LAST_PREPARED = 0xffff_ffff;

/** The prepared statements of one session. */
export class PreparedStatements {
  readonly #byId = new Map<number, PreparedStatement>();
  #bytes = 0;
  #longBytes = 0;
  /** What the last COM_STMT_PREPARE made; nothing where it failed, or its statement is closed. */
  #last: PreparedStatement | undefined;

  /** What a statement of so many bytes cannot be kept for. */
  isFull(bytes: number): boolean {
    return this.#byId.size >= MAX_PREPARED || this.#bytes + bytes > MAX_PREPARED_BYTES;
  }

  get(id: number): PreparedStatement | undefined {
    return this.#byId.get(id);
  }

  /** The statement that an execute is of. MariaDB, "COM_STMT_EXECUTE": the statement id -1 is the one that was prepared last. */
  toExecute(id: number): PreparedStatement | undefined {
    return id === LAST_PREPARED ? this.#last : this.#byId.get(id);
  }

  /** A COM_STMT_PREPARE begins. */
  forgetLast(): void {
    this.#last = undefined;
  }

  add(statement: PreparedStatement): void {
    this.close(statement.id);
    this.#byId.set(statement.id, statement);
    this.#bytes += statement.bytes;
    this.#last = statement;
  }

  close(id: number): void {
    const statement = this.#byId.get(id);
    if (statement === undefined) return;
    this.dropLongData(statement);
    this.#byId.delete(id);
    if (this.#last === statement) this.#last = undefined;
    this.#bytes -= statement.bytes;
  }

  /** The server has forgotten all of them (COM_RESET_CONNECTION). */
  clear(): void {
    this.#byId.clear();
    this.#last = undefined;
    this.#bytes = 0;
    this.#longBytes = 0;
  }

  /** Keeps a copy of `piece`, unless there would be more than `maxBytes` in all. */
  addLongData(statement: PreparedStatement, parameter: number, piece: Uint8Array, maxBytes: number): void {
    if (this.#longBytes + piece.length > maxBytes) {
      this.dropLongData(statement);
      statement.isLongDataLost = true;
      return;
    }
    let data = statement.longData.get(parameter);
    if (data === undefined) statement.longData.set(parameter, (data = { buffer: new Uint8Array(0), bytes: 0 }));
    const bytes = data.bytes + piece.length;
    if (bytes > data.buffer.length) data.buffer = grown(data.buffer, Math.max(bytes, data.bytes * 2));
    data.buffer.set(piece, data.bytes);
    data.bytes = bytes;
    this.#longBytes += piece.length;
  }

  dropLongData(statement: PreparedStatement): void {
    for (const { bytes } of statement.longData.values()) this.#longBytes -= bytes;
    statement.longData.clear();
    statement.isLongDataLost = false;
  }
}

function grown(buffer: Uint8Array, length: number): Uint8Array {
  const larger = new Uint8Array(length);
  larger.set(buffer);
  return larger;
}
