import { type AssertedIntent, assertedIntent } from '@sqlwarden/core';
import { type Context, isSpanContextValid, ROOT_CONTEXT, type SpanContext, trace, TraceFlags } from '@opentelemetry/api';

/** The context of what a traceparent names (W3C Trace Context, section "traceparent Header"); the root of a trace without one. */
export function parentContext(traceparent: string | undefined): Context {
  if (traceparent === undefined) return ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  // Only the sampled flag is known to version 00; what others say is not for us.
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

/** The span that is active in the application, as what it says of why it runs what comes next; `undefined` without one. */
export function activeTrace(): AssertedIntent | undefined {
  const active = trace.getActiveSpan()?.spanContext();
  return active === undefined || !isSpanContextValid(active) ? undefined : assertedIntent('library', { traceparent: textOf(active) });
}

function textOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`;
}
