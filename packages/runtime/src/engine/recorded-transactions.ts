/**
 * Which transactions of a session get an entry for their end: those in which something else than reads ran. The numbers of transactions only
 * go up; a unit of several statements can end some that are not named here, so that everything from an intent on counts until a read is
 * known to stand in a later one.
 */
export class RecordedTransactions {
  /** Ranges of numbers, in order; `to` is exclusive. Units with an intent are known to have run up to `reached`. */
  readonly #ranges: { readonly from: number; reached: number; to: number }[] = [];

  /** A unit with an intent of its own was recorded in this transaction, or its outcome says that a statement of it ran there. */
  intent(ordinal: number): void {
    const last = this.#ranges.at(-1);
    if (last === undefined || last.to <= ordinal) this.#ranges.push({ from: ordinal, reached: ordinal, to: Number.POSITIVE_INFINITY });
    else {
      last.reached = Math.max(last.reached, ordinal);
      last.to = Number.POSITIVE_INFINITY;
    }
  }

  /** A read was begun in this transaction. */
  read(ordinal: number): void {
    const last = this.#ranges.at(-1);
    if (last !== undefined && last.to === Number.POSITIVE_INFINITY && ordinal > last.reached) last.to = ordinal;
  }

  /** True when the end of this transaction is to be recorded. Asked once for each, in order. */
  ended(ordinal: number): boolean {
    for (let first = this.#ranges[0]; first !== undefined && first.to <= ordinal; first = this.#ranges[0]) this.#ranges.shift();
    const first = this.#ranges[0];
    return first !== undefined && ordinal >= first.from;
  }
}
