import { describe, expect, it } from '@jest/globals';
import { BasicTracerProvider, BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { countedSpans } from './counted-exports.js';
import { LossReport } from './loss-report.js';
import { Counter } from './metric-series.js';

type Result = Parameters<Parameters<SpanExporter['export']>[1]>[0];
const DELIVERED = { code: 0 } as unknown as Result;
const FAILED = { code: 1, error: new Error('secret words') } as unknown as Result;

/** Keeps what it gets until it is let go. */
class StuckExporter implements SpanExporter {
  readonly batches: { readonly spans: ReadableSpan[]; readonly done: (failed: boolean) => void }[] = [];

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    this.batches.push({ spans, done: (failed) => done(failed ? FAILED : DELIVERED) });
  }

  async shutdown(): Promise<void> {}
}

function build(maxWaiting: number) {
  const exporter = new StuckExporter();
  const counter = new Counter();
  const troubles: string[] = [];
  const processor = countedSpans(
    exporter,
    (counted) => new BatchSpanProcessor(counted, { maxQueueSize: maxWaiting, maxExportBatchSize: 10, scheduledDelayMillis: 1 }),
    maxWaiting,
    new LossReport('spans', counter, (error) => troubles.push(error.message)),
  );
  const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer('t');
  const spans = (count: number): void => {
    for (let at = 0; at < count; at++) tracer.startSpan(`s${at}`).end();
  };
  return { exporter, counter, troubles, spans };
}

async function until(check: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 2_000 && !check(); attempt++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(check()).toBe(true);
}

describe('spans on their way out', () => {
  it('are lost and counted where the exporter is stuck, and take no more room than there is', async () => {
    const { exporter, counter, troubles, spans } = build(50);
    spans(5);
    await until(() => exporter.batches.length === 1);
    spans(10_000);
    expect(counter.value).toBe(10_000 - 50);
    expect(troubles).toEqual(['telemetry: spans are lost (more come than are delivered); statements go on without them']);
    // What waited is delivered as soon as that can be done.
    exporter.batches[0]?.done(false);
    for (let batch = 1; batch <= 5; batch++) {
      await until(() => exporter.batches.length > batch);
      exporter.batches[batch]?.done(false);
    }
    expect(exporter.batches.flatMap((batch) => batch.spans)).toHaveLength(55);
    spans(3);
    await until(() => exporter.batches.length === 7);
    exporter.batches[6]?.done(false);
    expect(counter.value).toBe(9_950);
    expect(troubles[1]).toBe('telemetry: spans are delivered again; 9950 were lost since the start');
  });

  it('are counted when they could not be delivered, and the operator hears of it once and without the words of others', async () => {
    const { exporter, counter, troubles, spans } = build(50);
    for (let round = 1; round <= 3; round++) {
      spans(2);
      await until(() => exporter.batches.length === round);
      exporter.batches[round - 1]?.done(true);
      await until(() => counter.value === round * 2);
    }
    expect(troubles).toEqual(['telemetry: spans are lost (Error); statements go on without them']);
  });
});
