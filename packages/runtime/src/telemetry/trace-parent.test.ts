import { describe, expect, it } from '@jest/globals';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { parentContext } from './trace-parent.js';

describe('the parent of a span', () => {
  it('is what the traceparent says, of its flags only whether it is sampled', () => {
    const of = (flags: string) => trace.getSpanContext(parentContext(`00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-${flags}`));
    const ids = { traceId: '5bd66ef5095369c7b0d1f8f4bd33716a', spanId: 'c532cb4098ac3dd2', isRemote: true };
    expect(of('01')).toEqual({ ...ids, traceFlags: 1 });
    expect(of('00')).toEqual({ ...ids, traceFlags: 0 });
    expect(of('fe')).toEqual({ ...ids, traceFlags: 0 });
  });

  it('is nothing without one', () => {
    expect(parentContext(undefined)).toBe(ROOT_CONTEXT);
  });
});
