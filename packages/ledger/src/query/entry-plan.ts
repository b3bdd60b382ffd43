/** The order in which entries of one segment are read: those that are wanted, and what belongs to others, as it turns out to be needed. */
export class EntryPlan {
  readonly #wanted: readonly number[];
  #at = 0;
  #last = -1;
  /** What is followed, by its name: positions, and the next of them. */
  readonly #followed = new Map<string, { readonly positions: readonly number[]; at: number }>();

  /** `wanted` is ascending. */
  constructor(wanted: readonly number[]) {
    this.#wanted = wanted;
  }

  /** From here on these are read too: ascending positions. Nothing is done for what is followed already. */
  follow(name: string, positionsOf: () => readonly number[]): void {
    if (this.#followed.has(name)) return;
    const positions = positionsOf();
    this.#followed.set(name, { positions, at: after(positions, this.#last) });
  }

  /** The next position. `isOver`: what was followed is not any more. */
  next(isOver: (name: string) => boolean): number | undefined {
    while ((this.#wanted[this.#at] ?? Number.POSITIVE_INFINITY) <= this.#last) this.#at += 1;
    let next = this.#wanted[this.#at] ?? Number.POSITIVE_INFINITY;
    for (const [name, followed] of this.#followed) {
      while ((followed.positions[followed.at] ?? Number.POSITIVE_INFINITY) <= this.#last) followed.at += 1;
      if (followed.positions[followed.at] === undefined || isOver(name)) this.#followed.delete(name);
      else next = Math.min(next, followed.positions[followed.at] ?? next);
    }
    if (next === Number.POSITIVE_INFINITY) return undefined;
    this.#last = next;
    return next;
  }
}

/** Where the first position behind `position` stands in an ascending list. */
export function after(positions: readonly number[], position: number): number {
  let low = 0;
  let high = positions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((positions[middle] ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
