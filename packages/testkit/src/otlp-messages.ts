import type { ProtobufMessage } from './protobuf-reader.js';

/** Messages of opentelemetry-proto 1.x by the numbers of their fields (common/v1, resource/v1, trace/v1, metrics/v1, logs/v1). */

const ANY_VALUE: ProtobufMessage = {
  1: { name: 'string', type: 'string' },
  2: { name: 'bool', type: 'bool' },
  3: { name: 'int', type: 'varint' },
  4: { name: 'double', type: 'double' },
  5: { name: 'array', type: 'message', of: () => ({ 1: { name: 'values', type: 'message', of: () => ANY_VALUE, repeated: true } }) },
  6: { name: 'map', type: 'message', of: () => ({ 1: { name: 'values', type: 'message', of: () => KEY_VALUE, repeated: true } }) },
  7: { name: 'bytes', type: 'hex' },
};
const KEY_VALUE: ProtobufMessage = { 1: { name: 'key', type: 'string' }, 2: { name: 'value', type: 'message', of: () => ANY_VALUE } };
const attributes = { name: 'attributes', type: 'message', of: () => KEY_VALUE, repeated: true } as const;
const RESOURCE: ProtobufMessage = { 1: attributes };
const SCOPE: ProtobufMessage = { 1: { name: 'name', type: 'string' }, 2: { name: 'version', type: 'string' } };

const SPAN: ProtobufMessage = {
  1: { name: 'traceId', type: 'hex' },
  2: { name: 'spanId', type: 'hex' },
  4: { name: 'parentSpanId', type: 'hex' },
  5: { name: 'name', type: 'string' },
  6: { name: 'kind', type: 'varint' },
  7: { name: 'startTimeUnixNano', type: 'fixed64' },
  8: { name: 'endTimeUnixNano', type: 'fixed64' },
  9: attributes,
  15: {
    name: 'status',
    type: 'message',
    of: () => ({ 2: { name: 'message', type: 'string' }, 3: { name: 'code', type: 'varint' } }),
  },
  16: { name: 'flags', type: 'fixed32' },
};

const NUMBER_POINT: ProtobufMessage = {
  2: { name: 'startTimeUnixNano', type: 'fixed64' },
  3: { name: 'timeUnixNano', type: 'fixed64' },
  4: { name: 'asDouble', type: 'double' },
  6: { name: 'asInt', type: 'fixed64' },
  7: attributes,
};
const HISTOGRAM_POINT: ProtobufMessage = {
  2: { name: 'startTimeUnixNano', type: 'fixed64' },
  3: { name: 'timeUnixNano', type: 'fixed64' },
  4: { name: 'count', type: 'fixed64' },
  5: { name: 'sum', type: 'double' },
  6: { name: 'bucketCounts', type: 'fixed64', repeated: true },
  7: { name: 'explicitBounds', type: 'double', repeated: true },
  9: attributes,
};
const points = (of: ProtobufMessage): ProtobufMessage => ({
  1: { name: 'points', type: 'message', of: () => of, repeated: true },
  2: { name: 'temporality', type: 'varint' },
  3: { name: 'isMonotonic', type: 'bool' },
});
const METRIC: ProtobufMessage = {
  1: { name: 'name', type: 'string' },
  2: { name: 'description', type: 'string' },
  3: { name: 'unit', type: 'string' },
  5: { name: 'gauge', type: 'message', of: () => points(NUMBER_POINT) },
  7: { name: 'sum', type: 'message', of: () => points(NUMBER_POINT) },
  9: { name: 'histogram', type: 'message', of: () => points(HISTOGRAM_POINT) },
};

const LOG_RECORD: ProtobufMessage = {
  1: { name: 'timeUnixNano', type: 'fixed64' },
  2: { name: 'severityNumber', type: 'varint' },
  3: { name: 'severityText', type: 'string' },
  5: { name: 'body', type: 'message', of: () => ANY_VALUE },
  6: attributes,
  8: { name: 'flags', type: 'fixed32' },
  9: { name: 'traceId', type: 'hex' },
  10: { name: 'spanId', type: 'hex' },
  11: { name: 'observedTimeUnixNano', type: 'fixed64' },
  12: { name: 'eventName', type: 'string' },
};

/** A request of one signal: resources, in them scopes, in them items. */
const request = (item: ProtobufMessage): ProtobufMessage => ({
  1: {
    name: 'resources',
    type: 'message',
    repeated: true,
    of: () => ({
      1: { name: 'resource', type: 'message', of: () => RESOURCE },
      2: {
        name: 'scopes',
        type: 'message',
        repeated: true,
        of: () => ({
          1: { name: 'scope', type: 'message', of: () => SCOPE },
          2: { name: 'items', type: 'message', of: () => item, repeated: true },
        }),
      },
    }),
  },
});

export const OTLP_REQUESTS = { traces: request(SPAN), metrics: request(METRIC), logs: request(LOG_RECORD) } as const;
export type OtlpSignal = keyof typeof OTLP_REQUESTS;
