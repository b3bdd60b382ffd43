/** Places for connections that are in use at the same time, over all identities. Who comes when all are taken waits, in order. */
export class Places {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Who comes now waits. */
  get isFull(): boolean {
    return this.#taken >= this.#max;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes a place, to be given back once. Rejects when none was free for `timeoutMs`; 0 waits for as long as it takes. */
  take(timeoutMs: number): Promise<void> {
    if (this.#taken < this.#max) {
      this.#taken += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const timer = timeoutMs > 0 ? setTimeout(() => this.#giveUp(enter, reject), timeoutMs) : undefined;
      const enter = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.push(enter);
    });
  }

  /** Gives a place back: to whoever has waited longest. */
  giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken -= 1;
    else next();
  }

  #giveUp(enter: () => void, reject: (error: Error) => void): void {
    this.#waiting.splice(this.#waiting.indexOf(enter), 1);
    // As `pg.Pool` says it; `mysql2` waits without end.
    reject(new Error('timeout exceeded when trying to connect'));
  }
}
