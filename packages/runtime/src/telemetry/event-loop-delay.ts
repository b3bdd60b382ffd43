import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { NumberPoint } from './metric-series.js';

const RESOLUTION_MS = 20;
const WINDOW_MS = 15_000;
const NANOSECONDS = 1e9;

/** How late the event loop was, over the last window of time. */
export class EventLoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #points: readonly NumberPoint[] = [];

  constructor() {
    this.#histogram.enable();
    this.#timer = setInterval(() => this.#turn(), WINDOW_MS).unref();
  }

  /** In seconds; of the window before this one, or of this one while there was none. */
  points(): readonly NumberPoint[] {
    if (this.#points.length === 0) return this.#read();
    return this.#points;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #turn(): void {
    this.#points = this.#read();
    this.#histogram.reset();
  }

  #read(): NumberPoint[] {
    const histogram = this.#histogram;
    if (histogram.count === 0) return [];
    const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000);
    return [
      { labels: { quantile: '0.5' }, value: seconds(histogram.percentile(50)) },
      { labels: { quantile: '0.99' }, value: seconds(histogram.percentile(99)) },
      { labels: { quantile: '1' }, value: seconds(histogram.max) },
    ];
  }
}
