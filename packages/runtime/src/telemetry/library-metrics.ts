import type { Meter, Observable } from '@opentelemetry/api';
import type { HistogramListener, MetricReading, MetricRegistry } from './metric-series.js';

/** Gives each value of a histogram to one of the application's. */
export function applicationHistograms(meter: Meter): HistogramListener {
  return ({ name, help, unit }, bounds) => {
    const histogram = meter.createHistogram(name, {
      description: help,
      unit,
      advice: { explicitBucketBoundaries: [...bounds] },
    });
    return (value, labels) => histogram.record(value, labels);
  };
}

/** Lets the application's meter provider read all other metrics whenever it collects. Returns what ends that. */
export function observeForApplication(meter: Meter, registry: MetricRegistry): () => void {
  const instruments = new Map<string, Observable>();
  for (const { name, help, unit, kind } of registry.read()) {
    if (kind === 'histogram') continue;
    const options = { description: help, unit };
    instruments.set(name, kind === 'counter' ? meter.createObservableCounter(name, options) : meter.createObservableGauge(name, options));
  }
  const observables = [...instruments.values()];
  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    for (const reading of registry.read()) observeReading(reading, instruments.get(reading.name), result);
  };
  meter.addBatchObservableCallback(observe, observables);
  return () => meter.removeBatchObservableCallback(observe, observables);
}

function observeReading(
  reading: MetricReading,
  instrument: Observable | undefined,
  result: Parameters<Parameters<Meter['addBatchObservableCallback']>[0]>[0],
): void {
  if (instrument === undefined || reading.kind === 'histogram') return;
  for (const { labels, value } of reading.points) result.observe(instrument, value, labels);
}
