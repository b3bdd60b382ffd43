import type { OpenCursor } from './expected-reply.js';
import type { JudgedText, Proceed } from './prepared.js';

/** A cursor of the client's that is open on the server (sp_cursoropen, sp_cursorexecute, sp_cursorprepexec). */
export interface CursorEntry {
  /** What was judged when it was opened. */
  readonly judged: JudgedText;
  /** What was decided then: its plan stays with the cursor, later ones may only add to it. */
  readonly opened: Proceed;
  readonly cursor: OpenCursor;
}

/** Most cursors of one session. */
const MAX_CURSORS = 4096;

/** The open cursors of one session, by the handle that the server gave. */
export class OpenCursors {
  readonly #byHandle = new Map<number, CursorEntry>();

  get isFull(): boolean {
    return this.#byHandle.size >= MAX_CURSORS;
  }

  get isEmpty(): boolean {
    return this.#byHandle.size === 0;
  }

  get(handle: number): CursorEntry | undefined {
    return this.#byHandle.get(handle);
  }

  add(handle: number, entry: CursorEntry): void {
    this.#byHandle.set(handle, entry);
  }

  close(handle: number): void {
    this.#byHandle.delete(handle);
  }

  clear(): void {
    this.#byHandle.clear();
  }
}
