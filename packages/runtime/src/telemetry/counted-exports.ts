import { TraceFlags } from '@opentelemetry/api';
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** What must be heard of what could not be delivered. */
export interface Losses {
  /** So many will not be delivered. `why`: absent when there was no room for them. */
  lost(count: number, why?: Error): void;
  /** A delivery has succeeded. */
  delivered(): void;
}

/** What an exporter says of a delivery (`ExportResult`): its code is 0 where it succeeded. */
export function isDelivered({ code }: { readonly code: number }): boolean {
  return code === 0;
}

/**
 * A processor of spans with room for `maxWaiting`; what does not fit is lost and counted, and nobody waits. `batch` makes the processor behind
 * it, which keeps at least that many and gives them to the exporter that it is given.
 */
export function countedSpans(
  exporter: SpanExporter,
  batch: (counted: SpanExporter) => SpanProcessor,
  maxWaiting: number,
  losses: Losses,
): SpanProcessor {
  let waiting = 0;
  const processor = batch({
    export(spans, done) {
      waiting -= spans.length;
      exporter.export(spans, (result) => {
        if (isDelivered(result)) losses.delivered();
        else losses.lost(spans.length, result.error ?? new Error('not delivered'));
        done(result);
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  });
  return {
    onStart: (span, context) => processor.onStart(span, context),
    onEnd(span) {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
      if (waiting >= maxWaiting) return losses.lost(1);
      waiting += 1;
      processor.onEnd(span);
    },
    forceFlush: () => processor.forceFlush(),
    shutdown: () => processor.shutdown(),
  };
}
