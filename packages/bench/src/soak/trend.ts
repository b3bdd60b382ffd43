/** A quantity over time. */
export interface Sample {
  readonly seconds: number;
  readonly bytes: number;
}

export interface Trend {
  readonly bytesPerHour: number;
  /** Of the last third, by its line. */
  readonly growth: number;
  readonly mean: number;
  readonly isRising: boolean;
}

const WINDOW_SECONDS = 10;
/** A line through noise is never flat: what counts as rising is more than this share of the level, and more than this many bytes. */
const RISING_SHARE = 0.05;
const RISING_BYTES = 8 << 20;

/**
 * The slope of the last third, by least squares through the least value of every ten seconds: what is left after garbage was collected, not how
 * much of it there was. `undefined` when there are fewer than three such values.
 */
export function lastThird(samples: readonly Sample[]): Trend | undefined {
  const from = (samples.at(-1)?.seconds ?? 0) * (2 / 3);
  const least = new Map<number, Sample>();
  for (const sample of samples) {
    if (sample.seconds < from) continue;
    const window = Math.floor(sample.seconds / WINDOW_SECONDS);
    if (sample.bytes < (least.get(window)?.bytes ?? Number.POSITIVE_INFINITY)) least.set(window, sample);
  }
  const points = [...least.values()];
  if (points.length < 3) return undefined;
  const mean = average(points.map(({ bytes }) => bytes));
  const middle = average(points.map(({ seconds }) => seconds));
  const spread = points.reduce((sum, { seconds }) => sum + (seconds - middle) ** 2, 0);
  const slope = points.reduce((sum, { seconds, bytes }) => sum + (seconds - middle) * (bytes - mean), 0) / spread;
  const growth = slope * ((points.at(-1)?.seconds ?? 0) - (points[0]?.seconds ?? 0));
  return { bytesPerHour: slope * 3600, growth, mean, isRising: growth > mean * RISING_SHARE && growth > RISING_BYTES };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
