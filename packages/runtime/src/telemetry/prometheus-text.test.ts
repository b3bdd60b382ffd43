import { describe, expect, it } from '@jest/globals';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import * as sdk from '@opentelemetry/sdk-metrics';
import { mergeReadings } from './merge-readings.js';
import { type MetricReading, MetricRegistry } from './metric-series.js';
import { resourceMetrics } from './otlp-metrics.js';
import { prometheusText } from './prometheus-text.js';

interface Parsed {
  readonly types: Readonly<Record<string, string>>;
  /** By name and labels in the order of their names. */
  readonly samples: Readonly<Record<string, number>>;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)(?: \d+)?$/;

/** The text format 0.0.4, strictly: every line is a comment that it knows or a sample of the family before it. */
function parse(text: string): Parsed {
  const types: Record<string, string> = {};
  const samples: Record<string, number> = {};
  let family = '';
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE|UNIT) (\S+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment;
      if (kind === 'TYPE') {
        expect(types[name]).toBeUndefined();
        types[name] = rest;
        family = name;
      }
      continue;
    }
    const [, name = '', labels = '', number = ''] = SAMPLE.exec(line) ?? [];
    expect([line, name.startsWith(family), name !== '']).toEqual([line, true, true]);
    const pairs = [...labels.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => `${key}=${value}`).sort();
    samples[`${name}{${pairs.join(',')}}`] = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number);
  }
  return { types, samples };
}

function filled(): MetricReading[] {
  const registry = new MetricRegistry();
  const refusals = registry.counters({ name: 'sqlwarden.refusals', unit: '{statement}', help: 'Refused \\ units,\nby code.' });
  refusals.at({ upstream: 'crm', code: 'policy-denied' }).add(3);
  refusals.at({ upstream: 'odd "name" \\ of\nit', code: 'cancelled' }).add();
  const durations = registry.histograms({ name: 'sqlwarden.gateway.duration', unit: 's', help: 'Time.' }, [0.001, 0.01]);
  for (const value of [0.0005, 0.001, 0.002, 5]) durations.at({ upstream: 'crm' }).record(value);
  registry.observe({ name: 'sqlwarden.sessions', kind: 'gauge', unit: '{session}', help: 'Clients.' }, () => [{ labels: {}, value: 7 }]);
  return registry.read();
}

describe('metrics in the text format of Prometheus', () => {
  it('are what a parser takes, with cumulative buckets and escaped labels', () => {
    const { types, samples } = parse(prometheusText(filled()));
    expect(types).toEqual({
      sqlwarden_refusals_total: 'counter',
      sqlwarden_gateway_duration_seconds: 'histogram',
      sqlwarden_sessions: 'gauge',
    });
    expect(samples).toEqual({
      'sqlwarden_refusals_total{code=policy-denied,upstream=crm}': 3,
      [String.raw`sqlwarden_refusals_total{code=cancelled,upstream=odd \"name\" \\ of\nit}`]: 1,
      'sqlwarden_gateway_duration_seconds_bucket{le=0.001,upstream=crm}': 2,
      'sqlwarden_gateway_duration_seconds_bucket{le=0.01,upstream=crm}': 3,
      'sqlwarden_gateway_duration_seconds_bucket{le=+Inf,upstream=crm}': 4,
      'sqlwarden_gateway_duration_seconds_sum{upstream=crm}': 5.0035,
      'sqlwarden_gateway_duration_seconds_count{upstream=crm}': 4,
      'sqlwarden_sessions{}': 7,
    });
  });

  it('say what the exporter of OpenTelemetry says of the same readings', () => {
    const readings = filled();
    const official = new PrometheusSerializer(undefined, false, undefined, true, true);
    const metrics = resourceMetrics(sdk, readings, resourceFromAttributes({}), [1, 0], [2, 0]);
    // That one leaves the unit out of names and writes it in a line of its own.
    const names = (text: string): string => text.replaceAll('_duration_seconds', '_duration');
    const theirs = parse(official.serialize(metrics).replaceAll('\n\n', '\n'));
    expect(parse(names(prometheusText(readings)))).toEqual({ ...theirs });
  });

  it('are added up over processes, series by series, and what gets lost with a process is not', () => {
    const merged = mergeReadings([filled(), filled(), []]);
    const { samples } = parse(prometheusText(merged));
    expect(samples['sqlwarden_refusals_total{code=policy-denied,upstream=crm}']).toBe(6);
    expect(samples['sqlwarden_gateway_duration_seconds_bucket{le=0.01,upstream=crm}']).toBe(6);
    expect(samples['sqlwarden_gateway_duration_seconds_count{upstream=crm}']).toBe(8);
    expect(samples['sqlwarden_sessions{}']).toBe(14);
    const worst = { name: 'd', kind: 'gauge', unit: 's', help: 'h', merge: 'max' } as const;
    const [most] = mergeReadings([
      [{ ...worst, points: [{ labels: {}, value: 2 }] }],
      [
        {
          ...worst,
          points: [
            { labels: {}, value: 9 },
            { labels: { a: 'b' }, value: 1 },
          ],
        },
      ],
    ]);
    expect(most?.points).toEqual([
      { labels: {}, value: 9 },
      { labels: { a: 'b' }, value: 1 },
    ]);
  });

  it('have an end of series, whatever clients make up', () => {
    const registry = new MetricRegistry();
    const series = registry.counters({ name: 'made.up', unit: '{thing}', help: 'Things.' });
    for (let at = 0; at < 5_000; at++) series.at({ code: `made-up-${at}` }).add();
    const [reading] = registry.read();
    expect(reading?.points).toHaveLength(1_001);
    expect(reading?.points.at(-1)).toEqual({ labels: { 'otel.metric.overflow': 'true' }, value: 4_000 });
  });
});
