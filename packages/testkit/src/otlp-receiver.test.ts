import { afterEach, describe, expect, it } from '@jest/globals';
import { type OtlpReceiver, plainAttributes, plainValue, startOtlpReceiver } from './otlp-receiver.js';
import type { Decoded } from './protobuf-reader.js';

/** Requests as the official protobufs write them: the classes of opentelemetry-proto 1.45.0 for Python. */
const TRACES =
  'CugBChgKFgoMc2VydmljZS5uYW1lEgYKBGdhdGUSywEKCwoJc3Fsd2FyZGVuErsBChAAAQIDBAUGBwgJCgsMDQ4PEggAAQIDBAUGBxoDYT1iIggICQoLDA0ODyoIU0VMRUNUIHQwAzkAehkl9bzqGEHLrhwl9bzqGEoQCgFuEgsY/f//////////AUoHCgFiEgIQAUoOCgFkEgkhAAAAAAAA+D9KFAoEbGlzdBIMKgoKAwoBcAoDCgFxWg0JAQAAAAAAAAASAmV2ahIKEAAAAAAAAAAAAAAAAAAAAAB6BhICbm8YAoUBAQEAAA==';
const METRICS = 'ClgSVhJUCgFoGgFzSkwKSCECAAAAAAAAACkAAAAAAAAlQDIYAAAAAAAAAAABAAAAAAAAAAEAAAAAAAAAOhAAAAAAAADwPwAAAAAAAABASggKAWwSAwoBdhAC';
const LOGS = 'CkgSRhJECQUAAAAAAAAAEAkqBAoCaGkyDAoBaxIHGICAgICAIEoQAAECAwQFBgcICQoLDA0OD2IRc3RhdGVtZW50LnJlZnVzZWQ=';

describe('the collector for tests', () => {
  let receiver: OtlpReceiver;
  afterEach(() => receiver?.close());

  const send = async (path: string, base64: string, type = 'application/x-protobuf'): Promise<number> =>
    (await fetch(`${receiver.url}${path}`, { method: 'POST', headers: { 'content-type': type }, body: Buffer.from(base64, 'base64') }))
      .status;

  it('reads what the official protobufs write', async () => {
    receiver = await startOtlpReceiver();
    for (const [path, body] of [
      ['/v1/traces', TRACES],
      ['/v1/metrics', METRICS],
      ['/v1/logs', LOGS],
    ] as const)
      expect(await send(path, body)).toBe(200);
    expect(receiver.items('traces')).toEqual([
      {
        attributes: { n: -3, b: true, d: 1.5, list: ['p', 'q'] },
        resource: { 'service.name': 'gate' },
        fields: {
          traceId: '000102030405060708090a0b0c0d0e0f',
          spanId: '0001020304050607',
          parentSpanId: '08090a0b0c0d0e0f',
          name: 'SELECT t',
          kind: '3',
          startTimeUnixNano: '1795455162536000000',
          endTimeUnixNano: '1795455162536210123',
          status: { message: 'no', code: '2' },
          flags: 257,
        },
      },
    ]);
    const [metric] = receiver.items('metrics');
    const { points, temporality } = (metric?.fields['histogram'] ?? { points: [] }) as { points: Decoded[]; temporality: string };
    expect([metric?.fields['name'], metric?.fields['unit'], temporality]).toEqual(['h', 's', '2']);
    expect(points[0]).toMatchObject({ count: '2', sum: 10.5, bucketCounts: ['0', '1', '1'], explicitBounds: [1, 2] });
    expect(plainAttributes(points[0]?.['attributes'])).toEqual({ l: 'v' });
    const [log] = receiver.items('logs');
    expect(log?.fields).toMatchObject({ timeUnixNano: '5', severityNumber: '9', eventName: 'statement.refused' });
    expect([log?.attributes, plainValue(log?.fields['body'] as Decoded)]).toEqual([{ k: 2 ** 40 }, 'hi']);
  });

  it('takes nothing but OTLP, and counts as taken only what it answered with 200', async () => {
    receiver = await startOtlpReceiver();
    expect(await send('/v1/traces', TRACES, 'application/json')).toBe(400);
    expect(await send('/elsewhere', TRACES)).toBe(400);
    expect(await send('/v1/traces', TRACES.slice(0, 40))).toBe(400);
    receiver.answerWith(() => ({ status: 429, headers: { 'retry-after': '1' } }));
    expect(await send('/v1/traces', TRACES)).toBe(429);
    expect([receiver.requests.length, receiver.taken.length]).toEqual([1, 0]);
  });
});
