/** Values by ticket. Nearly always there is one at a time, which has a place of its own: a map would be rebuilt again and again. */
export class RunningUnits<Value> {
  #ticket = 0;
  #value: Value | undefined;
  readonly #others = new Map<number, Value>();

  get size(): number {
    return (this.#value === undefined ? 0 : 1) + this.#others.size;
  }

  /** Any one of them. */
  get first(): Value | undefined {
    return this.#value ?? this.#others.values().next().value;
  }

  set(ticket: number, value: Value): void {
    if (this.#value === undefined) {
      this.#ticket = ticket;
      this.#value = value;
    } else this.#others.set(ticket, value);
  }

  /** The value of a ticket, which is forgotten. */
  take(ticket: number): Value | undefined {
    if (this.#value !== undefined && this.#ticket === ticket) {
      const value = this.#value;
      this.#value = undefined;
      return value;
    }
    const other = this.#others.get(ticket);
    if (other !== undefined) this.#others.delete(ticket);
    return other;
  }

  /** All of them, in the order of no matter what; none is left. */
  takeAll(): [ticket: number, value: Value][] {
    const all: [number, Value][] = [...this.#others];
    if (this.#value !== undefined) all.push([this.#ticket, this.#value]);
    this.#value = undefined;
    this.#others.clear();
    return all.sort(([a], [b]) => a - b);
  }
}
