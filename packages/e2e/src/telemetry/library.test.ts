import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { readEntries } from '@sqlwarden/ledger';
import { Pool } from '@sqlwarden/pg';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import type { CorpusServer } from '../harness/database.js';
import { type Site, writeSite } from '../harness/gateway.js';
import { eventually, telemetryRequest, telemetryServer } from './telemetry-stage.js';

// What is waited for comes late on a machine that has much else to do.
jest.setTimeout(120_000);

/** What of OpenTelemetry an application uses here: from where the library's own would come, too. */
const packages = createRequire(createRequire(import.meta.url).resolve('@sqlwarden/runtime'));
interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
}
interface ActiveSpan {
  spanContext(): SpanContext;
  end(): void;
}
interface FinishedSpan {
  readonly name: string;
  readonly kind: number;
  readonly parentSpanContext?: SpanContext;
  readonly attributes: Readonly<Record<string, unknown>>;
  spanContext(): SpanContext;
}
interface Api {
  readonly trace: {
    setGlobalTracerProvider(provider: object): boolean;
    getTracer(name: string): { startActiveSpan<T>(name: string, work: (span: ActiveSpan) => T): T };
    disable(): void;
  };
  readonly context: { setGlobalContextManager(manager: object): boolean; disable(): void };
  readonly metrics: { setGlobalMeterProvider(provider: object): boolean; disable(): void };
  readonly ROOT_CONTEXT: object;
}
interface TraceSdk {
  readonly BasicTracerProvider: new (options: object) => object;
  readonly SimpleSpanProcessor: new (exporter: object) => object;
  readonly InMemorySpanExporter: new () => { getFinishedSpans(): FinishedSpan[]; reset(): void };
}
interface MetricSdk {
  readonly MeterProvider: new (options: object) => { forceFlush(): Promise<void>; shutdown(): Promise<void> };
  readonly PeriodicExportingMetricReader: new (options: object) => object;
  readonly InMemoryMetricExporter: new (temporality: number) => { getMetrics(): Collected[] };
}
interface Collected {
  readonly scopeMetrics: readonly {
    readonly metrics: readonly { readonly descriptor: { readonly name: string }; readonly dataPoints: readonly Point[] }[];
  }[];
}
interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: number | { readonly count: number };
}
const api = packages('@opentelemetry/api') as Api;
const traceSdk = packages('@opentelemetry/sdk-trace-base') as TraceSdk;
const metricSdk = packages('@opentelemetry/sdk-metrics') as MetricSdk;

/** As `AsyncLocalStorageContextManager` of OpenTelemetry does it. */
class Contexts {
  readonly #storage = new AsyncLocalStorage<object>();
  active = (): object => this.#storage.getStore() ?? api.ROOT_CONTEXT;
  with = (context: object, work: (...given: unknown[]) => unknown, self?: unknown, ...given: unknown[]): unknown =>
    this.#storage.run(context, () => Reflect.apply(work, self, given));
  bind = (context: object, target: unknown): unknown =>
    typeof target === 'function' ? (...given: unknown[]) => this.#storage.run(context, () => target(...given) as unknown) : target;
  enable = (): this => this;
  disable = (): this => this;
}

const CLIENT = 2;

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('spans of the library, with an SDK of the application', () => {
  const exporter = new traceSdk.InMemorySpanExporter();
  const metricExporter = new metricSdk.InMemoryMetricExporter(1);
  const meters = new metricSdk.MeterProvider({
    readers: [new metricSdk.PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 })],
  });
  let server: CorpusServer;
  let site: Site;
  let pool: Pool;

  beforeAll(async () => {
    api.context.setGlobalContextManager(new Contexts());
    api.trace.setGlobalTracerProvider(new traceSdk.BasicTracerProvider({ spanProcessors: [new traceSdk.SimpleSpanProcessor(exporter)] }));
    api.metrics.setGlobalMeterProvider(meters);
    server = await telemetryServer();
    site = await writeSite(telemetryRequest(server, { traces: {}, metrics: {} }));
    pool = new Pool({ sqlwarden: site.configFile, identity: site.token(['app']), max: 1 });
  });
  afterAll(async () => {
    await pool?.end();
    await meters.shutdown();
    for (const one of [api.trace, api.context, api.metrics]) one.disable();
    await server?.stop();
    site?.remove();
  });

  /** Runs `work` in a span of the application. */
  const within = <T>(name: string, work: () => Promise<T>): Promise<{ result: T; context: SpanContext }> =>
    api.trace.getTracer('application').startActiveSpan(name, async (span) => {
      const result = await work();
      span.end();
      return { result, context: span.spanContext() };
    });
  const spansOf = (parent: SpanContext): FinishedSpan[] =>
    exporter.getFinishedSpans().filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent.spanId);

  it('are children of the active one, and the ledger knows the trace', async () => {
    const { context } = await within('request', () => pool.query('select email from people where id = $1', [1]));
    const [span, ...others] = await eventually(() => (spansOf(context).length > 0 ? spansOf(context) : undefined));
    expect(others).toEqual([]);
    expect([span?.name, span?.kind, span?.spanContext().traceId]).toEqual(['SELECT public.people', CLIENT, context.traceId]);
    expect(span?.attributes).toMatchObject({
      'db.system.name': 'postgresql',
      'server.port': server.server.port,
      'sqlwarden.verdict': 'allow',
      'sqlwarden.masked.cells': 1,
    });
    const asserted = await eventually(async () => {
      for await (const { event } of readEntries(site.ledgerDirectory))
        if (event.type === 'statement.completed' && event.asserted !== undefined) return event.asserted;
      return undefined;
    });
    expect(asserted.traceparent).toEqual({ value: `00-${context.traceId}-${context.spanId}-01`, source: 'library' });
  });

  it('belong to who asked, where several wait for one connection, and to nobody where nobody traces', async () => {
    const client = await pool.connect();
    const asked: Promise<{ result: unknown; context: SpanContext }>[] = [];
    const untraced = [client.query('select 100')];
    for (let at = 0; at < 5; at++) asked.push(within(`request ${at}`, () => client.query(`select ${at} from people`)));
    untraced.push(client.query('select 101'));
    const contexts = (await Promise.all(asked)).map(({ context }) => context);
    await Promise.all(untraced);
    client.release();
    await eventually(() => (contexts.every((context) => spansOf(context).length > 0) ? true : undefined));
    expect(contexts.map((context) => spansOf(context).length)).toEqual([1, 1, 1, 1, 1]);
    const roots = await eventually(() => {
      const found = exporter.getFinishedSpans().filter((span) => span.parentSpanContext === undefined && span.name === 'SELECT');
      return found.length >= 2 ? found : undefined;
    });
    expect(roots).toHaveLength(2);
  });

  it('come with metrics in the meter provider of the application', async () => {
    await pool.query('select name from people');
    await meters.forceFlush();
    const metrics =
      metricExporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    const points = (name: string): readonly Point[] => metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
    const reads = points('sqlwarden.statements').find(({ attributes }) => attributes['class'] === 'read');
    expect(reads?.value).toBeGreaterThan(0);
    const [operations] = points('db.client.operation.duration');
    expect(operations?.attributes).toMatchObject({ 'db.system.name': 'postgresql', 'db.operation.name': 'SELECT' });
    expect(operations?.value).toMatchObject({ count: reads?.value });
  });
});
