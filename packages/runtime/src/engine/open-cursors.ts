import type { StatementFacts } from '@sqlwarden/core';

type CursorFacts = NonNullable<StatementFacts['cursor']>;

/**
 * What FETCH returns from the cursors of one session, as far as that is certain. A cursor is known from the moment that its declaration has
 * succeeded (its name was free then) until anything may have given its name to something else; what is not known is opaque. Its name stays even then: where
 * a batch goes on after an error, a DECLARE of the same name may have changed nothing.
 */
export class OpenCursors {
  readonly #cursors = new Map<string, { readonly facts: CursorFacts; readonly transaction: number }>();
  #key = '';

  /** Equal for equal content; empty without cursors. Part of the key of decisions. */
  get key(): string {
    return this.#key;
  }

  get outputs(): ReadonlyMap<string, CursorFacts['outputs']> {
    return new Map([...this.#cursors].map(([name, { facts }]) => [name, facts.outputs]));
  }

  /** Before a unit runs: forgets what it closes, and doubts what it may replace out of sight. */
  beforeUnit(statements: readonly StatementFacts[]): void {
    if (this.#cursors.size === 0) return;
    for (const statement of statements) {
      if (statement.closes?.name !== undefined) this.#cursors.delete(statement.closes.name);
      else if (statement.closes !== undefined || statement.action === 'discard') this.#cursors.clear();
      else if (RUNS_CODE.has(statement.action) || statement.opaque.length > 0) this.#doubt();
    }
    this.#rekey();
  }

  /** A portal gets this name. */
  boundPortal(name: string): void {
    if (this.#cursors.delete(name)) this.#rekey();
  }

  /** After a unit has succeeded. */
  afterUnit(statements: readonly StatementFacts[], transaction: number): void {
    let changed = false;
    for (const { cursor } of statements) {
      if (cursor === undefined) continue;
      this.#cursors.set(cursor.name, { facts: cursor, transaction });
      changed = true;
    }
    if (changed) this.#rekey();
  }

  /** Cursors without HOLD end with their transaction; one that is rolled back takes those that it declared with it. */
  transactionEnded(ordinal: number, committed: boolean): void {
    if (this.#cursors.size === 0) return;
    for (const [name, { facts, transaction }] of this.#cursors) {
      if (transaction === ordinal && !(committed && facts.hold)) this.#cursors.delete(name);
    }
    this.#rekey();
  }

  /** There are none any more. */
  forget(): void {
    this.#cursors.clear();
    this.#rekey();
  }

  #doubt(): void {
    for (const [name, { facts, transaction }] of this.#cursors)
      this.#cursors.set(name, { facts: { ...facts, outputs: 'unknown' }, transaction });
  }

  #rekey(): void {
    this.#key = this.#cursors.size === 0 ? '' : JSON.stringify([...this.#cursors].map(([name, { facts }]) => [name, facts.outputs]));
  }
}

/** Statements that may open and close cursors by code that is not seen. */
const RUNS_CODE: ReadonlySet<string> = new Set(['do', 'call', 'execute', 'unknown']);
