import type { SinkStatus } from '@sqlwarden/ledger';

/** Who serves clients hears of progress that often at most. */
const TELL_MS = 200;

/** Passes on the newest status of a sink: trouble and its end at once, progress a few times a second. */
export class StatusTeller {
  readonly #tell: (status: SinkStatus) => void;
  #told: SinkStatus | undefined;
  #newest: SinkStatus | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (status: SinkStatus) => void) {
    this.#tell = tell;
  }

  /** Takes a status. */
  hear(status: SinkStatus): void {
    this.#newest = status;
    if (this.#told?.trouble !== status.trouble) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), TELL_MS);
  }

  /** Passes on what was not passed on yet. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#newest === undefined || this.#newest === this.#told) return;
    this.#told = this.#newest;
    this.#tell(this.#newest);
  }
}
