/** A point in the life of a {@link Timeline}. */
export type Mark = number;

/**
 * Values by key that statements set one after another, where some of the statements may not run. `undefined` is a value, too: that of a key
 * that was never set.
 */
export class Timeline<V> {
  readonly #values = new Map<string, V | undefined>();
  readonly #log: { readonly key: string; readonly before: V | undefined }[] = [];
  readonly #merge: (key: string, values: readonly (V | undefined)[]) => V | undefined;
  readonly #same: (a: V | undefined, b: V | undefined) => boolean;
  /** While it is over zero, what is set may not be set after all: the earlier value stays possible. */
  weak = 0;
  /** Goes up whenever something changes. */
  version = 0;

  constructor(
    merge: (key: string, values: readonly (V | undefined)[]) => V | undefined,
    same: (a: V | undefined, b: V | undefined) => boolean = Object.is,
  ) {
    this.#merge = merge;
    this.#same = same;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  set(key: string, value: V | undefined): void {
    if (this.weak > 0) this.join(key, value);
    else this.replace(key, value);
  }

  /** The value may be this one as well as the one that it was. */
  join(key: string, value: V | undefined): void {
    const before = this.#values.get(key);
    this.replace(key, this.#merge(key, [before, value]));
  }

  /** Sets the value whatever is known of it. */
  replace(key: string, value: V | undefined): void {
    const before = this.#values.get(key);
    if (this.#values.has(key) && this.#same(before, value)) return;
    this.#log.push({ key, before });
    this.#values.set(key, value);
    this.version += 1;
  }

  entries(): readonly (readonly [string, V | undefined])[] {
    return [...this.#values];
  }

  /** Every key may hold again what it ever held. `isOutermost`: no mark that was set before is used any more. */
  blur(isOutermost: boolean): void {
    const held = new Map<string, (V | undefined)[]>();
    for (const { key, before } of this.#log) held.set(key, [...(held.get(key) ?? []), before]);
    for (const [key, values] of held) this.replace(key, this.#merge(key, [...values, this.#values.get(key)]));
    // What a key holds now says all that its past says.
    if (isOutermost) this.#log.length = 0;
  }

  mark(): Mark {
    return this.#log.length;
  }

  /** Goes back to a mark. Gives what the keys that were set since had come to. */
  takeBack(mark: Mark): ReadonlyMap<string, V | undefined> {
    const ends = new Map<string, V | undefined>();
    for (const { key } of this.#log.slice(mark)) ends.set(key, this.#values.get(key));
    for (let entry = this.#log.length > mark ? this.#log.pop() : undefined; entry !== undefined; ) {
      this.#values.set(entry.key, entry.before);
      entry = this.#log.length > mark ? this.#log.pop() : undefined;
    }
    return ends;
  }

  /** One of these ends came about, each told as {@link takeBack} tells it. */
  meet(ends: readonly ReadonlyMap<string, V | undefined>[]): void {
    for (const key of new Set(ends.flatMap((end) => [...end.keys()]))) {
      const values = ends.map((end) => (end.has(key) ? end.get(key) : this.#values.get(key)));
      this.replace(key, this.#merge(key, values));
    }
  }
}
