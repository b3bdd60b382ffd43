import { randomUUID } from 'node:crypto';
import { metrics as metricsApi, trace, type Tracer } from '@opentelemetry/api';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import type { Resource } from '@opentelemetry/resources';
import type { GatewayConfig } from '../config/gateway-config.js';
import { configProblem } from '../config/named-file.js';
import type { TelemetryConfig } from '../config/telemetry-config.js';
import { softwareVersion } from '../version.js';
import { countedSpans } from './counted-exports.js';
import { EventLoopDelay } from './event-loop-delay.js';
import { GatewayMetrics, type MetricSources } from './gateway-metrics.js';
import { applicationHistograms, observeForApplication } from './library-metrics.js';
import { installed } from './installed-package.js';
import { LossReport } from './loss-report.js';
import { Counter } from './metric-series.js';
import { MetricPush } from './otlp-metrics.js';
import { otlpTarget } from './otlp-target.js';
import { StatementSpans } from './statement-spans.js';
import { Telemetry } from './telemetry.js';

export interface TelemetryRequest {
  readonly config: GatewayConfig;
  /** In the library the application's own providers are used: nothing is sent by us. */
  readonly enforcement: 'gateway' | 'library';
  /** The name of this process's log: it names the process, too. */
  readonly origin: string;
  readonly sources: MetricSources;
  readonly onTrouble: (error: Error) => void;
}

const SCOPE = 'sqlwarden';
/** Spans that wait to be sent, and how many are sent at once. */
const MAX_WAITING_SPANS = 4_096;
const SPANS_AT_ONCE = 512;
const SEND_AFTER_MS = 250;
/** What is left is delivered within that time at the end, or lost. */
const CLOSE_MS = 2_000;

/** What the configuration wants to be counted and traced; `undefined` when nothing. Rejects with a `ConfigError` that says what is missing. */
export async function openTelemetry(request: TelemetryRequest): Promise<Telemetry | undefined> {
  const { telemetry } = request.config;
  if (telemetry === undefined) return undefined;
  return request.enforcement === 'library' ? libraryTelemetry(request, telemetry) : gatewayTelemetry(request, telemetry);
}

function libraryTelemetry({ sources }: TelemetryRequest, { traces, metrics: wanted }: TelemetryConfig): Telemetry | undefined {
  if (traces === undefined && wanted === undefined) return undefined;
  const loop = wanted && new EventLoopDelay();
  const meter = wanted && metricsApi.getMeter(SCOPE, softwareVersion);
  const metrics = loop && meter && new GatewayMetrics(sources, loop, applicationHistograms(meter));
  const stopObserving = metrics && meter && observeForApplication(meter, metrics.registry);
  return new Telemetry({
    metrics,
    spans: traces && new StatementSpans(trace.getTracer(SCOPE, softwareVersion), true),
    countTables: wanted?.tables === true,
    close: async () => {
      stopObserving?.();
      loop?.close();
    },
  });
}

async function gatewayTelemetry(request: TelemetryRequest, { traces, metrics: wanted, prometheus }: TelemetryConfig): Promise<Telemetry> {
  const loop = wanted !== undefined || prometheus ? new EventLoopDelay() : undefined;
  try {
    const metrics = loop && new GatewayMetrics(request.sources, loop);
    const resource = traces === undefined && wanted?.otlp === undefined ? undefined : await resourceOf(request);
    const tracing = traces && resource && (await openTraces(request, traces, resource, metrics));
    const push = wanted?.otlp && resource && metrics && (await openPush(request, wanted, resource, metrics));
    return new Telemetry({
      metrics,
      spans: tracing && new StatementSpans(tracing.tracer, false),
      countTables: wanted?.tables === true,
      close: async () => {
        await withinTime(Promise.allSettled([tracing?.close(), push?.close()]));
        loop?.close();
      },
    });
  } catch (error) {
    loop?.close();
    throw error;
  }
}

async function resourceOf({ config, origin }: TelemetryRequest): Promise<Resource> {
  const { resourceFromAttributes } = await installed(config.file, () => import('@opentelemetry/resources'));
  return resourceFromAttributes({
    [ATTR_SERVICE_NAME]: config.telemetry?.serviceName ?? SCOPE,
    [ATTR_SERVICE_VERSION]: softwareVersion,
    'service.instance.id': randomUUID(),
    'deployment.environment.name': config.environment,
    'sqlwarden.ledger.origin': origin,
  });
}

async function openTraces(
  { config, onTrouble }: TelemetryRequest,
  { otlp, sample }: NonNullable<TelemetryConfig['traces']>,
  resource: Resource,
  metrics: GatewayMetrics | undefined,
): Promise<{ readonly tracer: Tracer; close(): Promise<void> }> {
  if (otlp === undefined) throw configProblem('config-invalid', config.file, 'telemetry.traces', NO_TARGET);
  const target = otlpTarget(config.file, 'telemetry.traces', otlp);
  const sdk = await installed(config.file, () => import('@opentelemetry/sdk-trace-base'));
  const { OTLPTraceExporter } = await installed(config.file, () => import('@opentelemetry/exporter-trace-otlp-proto'));
  const counter = metrics?.dropped.at({ signal: 'traces' }) ?? new Counter();
  const processor = countedSpans(
    new OTLPTraceExporter(target),
    (exporter) =>
      new sdk.BatchSpanProcessor(exporter, {
        maxQueueSize: MAX_WAITING_SPANS,
        maxExportBatchSize: SPANS_AT_ONCE,
        scheduledDelayMillis: SEND_AFTER_MS,
      }),
    MAX_WAITING_SPANS,
    new LossReport('spans', counter, onTrouble),
  );
  const provider = new sdk.BasicTracerProvider({
    resource,
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(sample) }),
    spanProcessors: [processor],
  });
  return { tracer: provider.getTracer(SCOPE, softwareVersion), close: () => provider.shutdown() };
}

async function openPush(
  { config, onTrouble }: TelemetryRequest,
  { otlp, intervalMs }: NonNullable<TelemetryConfig['metrics']>,
  resource: Resource,
  metrics: GatewayMetrics,
): Promise<MetricPush | undefined> {
  if (otlp === undefined) return undefined;
  const target = otlpTarget(config.file, 'telemetry.metrics', otlp);
  const sdk = await installed(config.file, () => import('@opentelemetry/sdk-metrics'));
  const { OTLPMetricExporter } = await installed(config.file, () => import('@opentelemetry/exporter-metrics-otlp-proto'));
  const losses = new LossReport('metrics', metrics.dropped.at({ signal: 'metrics' }), onTrouble);
  const exporter = new OTLPMetricExporter(target);
  return new MetricPush({ sdk, exporter, resource, intervalMs, losses, read: () => metrics.registry.read() });
}

const NO_TARGET = 'say where spans are sent; write traces: { otlp: http://localhost:4318/v1/traces }';

async function withinTime(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
