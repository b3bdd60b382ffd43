import { type HrTime, ValueType } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type * as sdk from '@opentelemetry/sdk-metrics';
import { isDelivered, type Losses } from './counted-exports.js';
import type { MetricReading } from './metric-series.js';

const SCOPE = { name: 'sqlwarden' };
/** The exporter's own time limit is for silence; what answers byte by byte must not keep all later readings back. */
const STUCK_MS = 30_000;

/** Readings as the official exporters take them: all that was counted since `start`. */
export function resourceMetrics(
  { DataPointType, AggregationTemporality }: typeof sdk,
  readings: readonly MetricReading[],
  resource: Resource,
  start: HrTime,
  end: HrTime,
): sdk.ResourceMetrics {
  const times = { startTime: start, endTime: end };
  const metrics = readings.map((reading): sdk.MetricData => {
    const { name, help, unit } = reading;
    const base = {
      descriptor: { name, description: help, unit, valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
    };
    if (reading.kind === 'histogram') {
      const dataPoints = reading.points.map(({ labels, counts, sum }) => ({
        ...times,
        attributes: labels,
        value: {
          buckets: { boundaries: [...reading.bounds], counts: [...counts] },
          sum,
          count: counts.reduce((total, count) => total + count, 0),
        },
      }));
      return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
    }
    const dataPoints = reading.points.map(({ labels, value }) => ({ ...times, attributes: labels, value }));
    return reading.kind === 'gauge'
      ? { ...base, dataPointType: DataPointType.GAUGE, dataPoints }
      : { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
  });
  return { resource, scopeMetrics: [{ scope: SCOPE, metrics }] };
}

export interface PushOptions {
  readonly sdk: typeof sdk;
  readonly exporter: sdk.PushMetricExporter;
  readonly resource: Resource;
  readonly intervalMs: number;
  readonly read: () => readonly MetricReading[];
  readonly losses: Losses;
}

/** Sends all metrics again and again, one reading at a time: while one is under way, or is tried again, the next is left out, since it says all of it too. */
export class MetricPush {
  readonly #options: PushOptions;
  readonly #start = now();
  readonly #timer: NodeJS.Timeout;
  #sending: Promise<void> | undefined;

  constructor(options: PushOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#send(), options.intervalMs).unref();
  }

  /** Sends what there is and ends. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    await this.#send();
    await this.#options.exporter.shutdown();
  }

  #send(): Promise<void> {
    this.#sending ??= new Promise<void>((resolve) => {
      const { exporter, resource, read, losses, sdk: types } = this.#options;
      const timer = setTimeout(() => {
        losses.lost(1, new Error('not delivered'));
        resolve();
      }, STUCK_MS).unref();
      exporter.export(resourceMetrics(types, read(), resource, this.#start, now()), (result) => {
        clearTimeout(timer);
        if (isDelivered(result)) losses.delivered();
        else losses.lost(1, result.error ?? new Error('not delivered'));
        resolve();
      });
    })
      // What is not good to be sent must not end the process.
      .catch((error: unknown) => this.#options.losses.lost(1, error as Error))
      .finally(() => {
        this.#sending = undefined;
      });
    return this.#sending;
  }
}

function now(): HrTime {
  const ms = Date.now();
  return [Math.floor(ms / 1000), (ms % 1000) * 1_000_000];
}
