/**
 * One sync for all who wait together. Who comes while one is under way joins the next: the running one may have begun before their write.
 */
export class GroupSync {
  readonly #sync: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** Resolves or rejects with a sync that begins after this call. */
  join(): Promise<void> {
    this.#next ??= this.#after(this.#running);
    return this.#next;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    for (let sync = this.#next ?? this.#running; sync !== undefined; sync = this.#next ?? this.#running) await sync.catch(() => undefined);
  }

  async #after(running: Promise<void> | undefined): Promise<void> {
    await running?.catch(() => undefined);
    this.#next = undefined;
    const mine = this.#sync();
    this.#running = mine;
    try {
      await mine;
    } finally {
      if (this.#running === mine) this.#running = undefined;
    }
  }
}
