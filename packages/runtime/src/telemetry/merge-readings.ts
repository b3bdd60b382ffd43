import { type HistogramPoint, keyOf, type MetricReading, type NumberPoint } from './metric-series.js';

/** The metrics of several processes as one: counts and amounts are added up, series by series; what says `max` is the greatest of them. */
export function mergeReadings(processes: readonly (readonly MetricReading[])[]): MetricReading[] {
  const merged = new Map<string, MetricReading>();
  for (const reading of processes.flat()) {
    const before = merged.get(reading.name);
    merged.set(reading.name, before === undefined ? reading : merge(before, reading));
  }
  return [...merged.values()];
}

function merge(a: MetricReading, b: MetricReading): MetricReading {
  if (a.kind === 'histogram') return b.kind === 'histogram' ? { ...a, points: byLabels(a.points, b.points, addHistograms) } : a;
  if (b.kind === 'histogram') return a;
  const join =
    a.merge === 'max'
      ? (x: NumberPoint, y: NumberPoint): NumberPoint => ({ ...x, value: Math.max(x.value, y.value) })
      : (x: NumberPoint, y: NumberPoint): NumberPoint => ({ ...x, value: x.value + y.value });
  return { ...a, points: byLabels(a.points, b.points, join) };
}

function byLabels<Point extends NumberPoint | HistogramPoint>(
  a: readonly Point[],
  b: readonly Point[],
  join: (x: Point, y: Point) => Point,
): Point[] {
  const points = new Map(a.map((point) => [keyOf(point.labels), point]));
  for (const point of b) {
    const key = keyOf(point.labels);
    const before = points.get(key);
    points.set(key, before === undefined ? point : join(before, point));
  }
  return [...points.values()];
}

function addHistograms(a: HistogramPoint, b: HistogramPoint): HistogramPoint {
  return { labels: a.labels, counts: a.counts.map((count, at) => count + (b.counts[at] ?? 0)), sum: a.sum + b.sum };
}
