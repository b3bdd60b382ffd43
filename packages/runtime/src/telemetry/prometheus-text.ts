import type { HistogramPoint, Labels, MetricReading } from './metric-series.js';

/** "Exposition formats" of Prometheus, version 0.0.4; names as "Prometheus and OpenMetrics Compatibility" of OpenTelemetry makes them. */
export function prometheusText(readings: readonly MetricReading[]): string {
  return readings.map(family).join('');
}

function family(reading: MetricReading): string {
  const name = prometheusName(reading);
  const lines = [`# HELP ${name} ${escapeHelp(reading.help)}`, `# TYPE ${name} ${reading.kind}`];
  if (reading.kind === 'histogram') for (const point of reading.points) lines.push(...histogramLines(name, reading.bounds, point));
  else for (const { labels, value } of reading.points) lines.push(`${name}${labelText(labels)} ${numberText(value)}`);
  return `${lines.join('\n')}\n`;
}

const UNIT_SUFFIXES: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' };

function prometheusName({ name, unit, kind }: MetricReading): string {
  const suffix = UNIT_SUFFIXES[unit] ?? '';
  const plain = name.replaceAll(/[^a-zA-Z0-9_:]/g, '_');
  const withUnit = plain.endsWith(suffix) ? plain : `${plain}${suffix}`;
  return kind === 'counter' ? `${withUnit}_total` : withUnit;
}

function histogramLines(name: string, bounds: readonly number[], { labels, counts, sum }: HistogramPoint): string[] {
  let total = 0;
  const buckets = counts.map((count, at) => {
    total += count;
    const bound = bounds[at];
    return `${name}_bucket${labelText({ ...labels, le: bound === undefined ? '+Inf' : numberText(bound) })} ${total}`;
  });
  return [...buckets, `${name}_sum${labelText(labels)} ${numberText(sum)}`, `${name}_count${labelText(labels)} ${total}`];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key.replaceAll(/[^a-zA-Z0-9_]/g, '_')}="${escapeValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);
}

function escapeValue(text: string): string {
  return escapeHelp(text).replaceAll('"', String.raw`\"`);
}
