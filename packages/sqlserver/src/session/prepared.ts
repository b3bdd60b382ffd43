import type { Admission } from '@sqlwarden/core';
import type { StatementReplies } from './expected-reply.js';

export type Proceed = Extract<Admission, { kind: 'proceed' }>;

/** A statement that the server keeps under a handle (sp_prepare, sp_prepexec, sp_prepexecrpc, sp_cursorprepare, sp_cursorprepexec). */
export interface PreparedStatement {
  readonly judged: JudgedText;
  /** Names of the declared parameters, without `@`, in order: values may come by place. `procedure`: it is the call of one (sp_prepexecrpc). */
  readonly declared: readonly string[] | 'procedure';
  readonly isCursor: boolean;
  readonly admission: Proceed;
  readonly replies: StatementReplies;
}

/** What an RPC is judged as: the batch that means the same. */
export interface JudgedText {
  readonly text: string;
  /** It begins with a DECLARE that is never sent. */
  readonly hasDeclare: boolean;
  /** Parameters whose values come back: the columns of a last SELECT that is never sent; names without `@`. None: there is no such SELECT. */
  readonly outputs: readonly string[];
}

/** Most bytes that the texts of one session's prepared statements may have together. */
const MAX_PREPARED_BYTES = 64 << 20;
/** Most prepared statements of one session. */
const MAX_PREPARED = 16_384;

/** The prepared statements of one session, by the handle that the server gave. */
export class PreparedStatements {
  readonly #byHandle = new Map<number, PreparedStatement>();
  #bytes = 0;

  /** What a statement of this text cannot be kept for. */
  isFull(text: string): boolean {
    return this.#byHandle.size >= MAX_PREPARED || this.#bytes + text.length * 2 > MAX_PREPARED_BYTES;
  }

  get isEmpty(): boolean {
    return this.#byHandle.size === 0;
  }

  get(handle: number): PreparedStatement | undefined {
    return this.#byHandle.get(handle);
  }

  add(handle: number, statement: PreparedStatement): void {
    this.close(handle);
    this.#byHandle.set(handle, statement);
    this.#bytes += bytesOf(statement);
  }

  close(handle: number): void {
    const statement = this.#byHandle.get(handle);
    if (statement === undefined) return;
    this.#byHandle.delete(handle);
    this.#bytes -= bytesOf(statement);
  }

  /** The server has forgotten all of them (RESETCONNECTION). */
  clear(): void {
    this.#byHandle.clear();
    this.#bytes = 0;
  }
}

function bytesOf({ judged }: PreparedStatement): number {
  return judged.text.length * 2;
}
