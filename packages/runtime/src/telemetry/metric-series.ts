/** The values that tell one series of a metric from the others. */
export type Labels = Readonly<Record<string, string>>;

export type MetricKind = 'counter' | 'gauge' | 'histogram';

export interface MetricDescription {
  /** As OpenTelemetry writes it, with dots. */
  readonly name: string;
  readonly kind: MetricKind;
  /** UCUM, as OpenTelemetry writes it: `s`, `By`, `{statement}`. */
  readonly unit: string;
  readonly help: string;
  /** How the values of several processes become one. Default: `sum`. */
  readonly merge?: 'sum' | 'max';
}

export interface NumberPoint {
  readonly labels: Labels;
  readonly value: number;
}

export interface HistogramPoint {
  readonly labels: Labels;
  /** One more than there are bounds: the last counts what is above all of them. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** What a metric was when it was read: plain data that can be sent to another process. */
export type MetricReading =
  | (MetricDescription & { readonly kind: 'counter' | 'gauge'; readonly points: readonly NumberPoint[] })
  | (MetricDescription & { readonly kind: 'histogram'; readonly bounds: readonly number[]; readonly points: readonly HistogramPoint[] });

/** Only ever goes up. */
export class Counter {
  value = 0;

  add(amount = 1): void {
    this.value += amount;
  }
}

/** Counts of values by fixed upper bounds, which are inclusive. */
export class Histogram {
  readonly counts: number[];
  sum = 0;
  readonly #bounds: readonly number[];
  /** Told of each value too; for whoever keeps histograms of its own. */
  readonly #also: ((value: number) => void) | undefined;

  constructor(bounds: readonly number[], also?: (value: number) => void) {
    this.#bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
    this.#also = also;
  }

  record(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at++;
    this.counts[at] = (this.counts[at] as number) + 1;
    this.sum += value;
    this.#also?.(value);
  }
}

/** Series of one metric; whatever its labels come from, it has no more than that many. */
const MAX_SERIES = 1_000;
/** Stands for all series that were one too many ("Metrics SDK", section "Overflow attribute", of OpenTelemetry). */
const OVERFLOW: Labels = { 'otel.metric.overflow': 'true' };

/** The series of one metric by their labels. To be looked up once and kept: a look-up costs more than counting. */
export class Series<One> {
  readonly #make: (labels: Labels) => One;
  readonly #byKey = new Map<string, { readonly labels: Labels; readonly one: One }>();

  constructor(make: (labels: Labels) => One) {
    this.#make = make;
  }

  at(labels: Labels): One {
    const key = keyOf(labels);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known.one;
    if (this.#byKey.size >= MAX_SERIES && labels !== OVERFLOW) return this.at(OVERFLOW);
    const one = this.#make(labels);
    this.#byKey.set(key, { labels, one });
    return one;
  }

  *[Symbol.iterator](): IterableIterator<{ readonly labels: Labels; readonly one: One }> {
    yield* this.#byKey.values();
  }
}

export function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The metrics of a process. */
export class MetricRegistry {
  readonly #readers: (() => MetricReading)[] = [];
  readonly #onValue: HistogramListener | undefined;

  /** `onValue`: is told of every value of every histogram. */
  constructor(onValue?: HistogramListener) {
    this.#onValue = onValue;
  }

  counters(description: Omit<MetricDescription, 'kind'>): Series<Counter> {
    const series = new Series(() => new Counter());
    this.#readers.push(() => ({
      ...description,
      kind: 'counter',
      points: [...series].map(({ labels, one }) => ({ labels, value: one.value })),
    }));
    return series;
  }

  histograms(description: Omit<MetricDescription, 'kind'>, bounds: readonly number[]): Series<Histogram> {
    const listener = this.#onValue;
    const listen = listener?.({ ...description, kind: 'histogram' }, bounds);
    const series = new Series((labels) => new Histogram(bounds, listen && ((value) => listen(value, labels))));
    this.#readers.push(() => ({
      ...description,
      kind: 'histogram',
      bounds,
      points: [...series].map(({ labels, one }) => ({ labels, counts: [...one.counts], sum: one.sum })),
    }));
    return series;
  }

  /** A metric that others keep: `read` gives its values when it is asked for them. */
  observe(description: MetricDescription & { readonly kind: 'counter' | 'gauge' }, read: () => readonly NumberPoint[]): void {
    this.#readers.push(() => ({ ...description, points: read() }));
  }

  read(): MetricReading[] {
    return this.#readers.map((read) => read());
  }
}

/** Asked once for a histogram; what it returns is told of each value. */
export type HistogramListener = (description: MetricDescription, bounds: readonly number[]) => (value: number, labels: Labels) => void;
