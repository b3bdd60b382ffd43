import type { ReadOutcome, Refusal, Unit } from '@sqlwarden/core';
import type { Decision } from '../engine/decision.js';
import type { GatewayMetrics } from './gateway-metrics.js';
import type { MetricReading } from './metric-series.js';
import { SessionWatch, type WatchedSession, type WatchedUnit } from './session-watch.js';
import { statementSeries, type StatementSeries } from './statement-series.js';
import { errorType, type StatementSpans } from './statement-spans.js';

/** A unit that was not forwarded. */
export interface RefusedUnit extends Pick<WatchedUnit, 'startedAt' | 'heldMs' | 'decidedMs' | 'series' | 'traceparent'> {
  readonly refusal: Refusal;
  /** Of its entry in the ledger. */
  readonly seq: number | undefined;
}

export interface TelemetryOptions {
  readonly metrics: GatewayMetrics | undefined;
  readonly spans: StatementSpans | undefined;
  /** Metrics of operations say which table, where it is one. */
  readonly countTables: boolean;
  /** Delivers what is left, within a bounded time; never rejects. */
  readonly close: () => Promise<void>;
}

/** What is counted and traced of a gateway. Nothing of it throws, waits or says who somebody is. */
export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #series = new WeakMap<Decision, StatementSeries>();

  constructor(options: TelemetryOptions) {
    this.#options = options;
  }

  watch(session: WatchedSession): SessionWatch {
    return new SessionWatch(this, session);
  }

  get isTracing(): boolean {
    return this.#options.spans !== undefined;
  }

  get metrics(): GatewayMetrics | undefined {
    return this.#options.metrics;
  }

  /** All metrics as they are now; `undefined` where nothing is counted. */
  read(): MetricReading[] | undefined {
    return this.#options.metrics?.registry.read();
  }

  seriesOf({ upstream }: WatchedSession, unit: Unit, decision: Decision): StatementSeries {
    let series = this.#series.get(decision);
    if (series === undefined) {
      const { metrics, countTables } = this.#options;
      series = statementSeries(unit, decision, upstream, metrics, countTables);
      this.#series.set(decision, series);
    }
    return series;
  }

  forwarded({ series: { counted }, forwardedAt, startedAt, heldMs }: WatchedUnit): void {
    counted?.added.record((forwardedAt - startedAt - heldMs) / 1000);
  }

  settled(session: WatchedSession, unit: WatchedUnit, outcome: ReadOutcome, seq: number | undefined): void {
    this.#count(unit, outcome);
    this.#trace((spans) => spans.settled(session, unit, outcome, seq));
  }

  /** In the library spans go through what the application has registered: nothing that it throws may stand in a statement's way. */
  #trace(make: (spans: StatementSpans) => void): void {
    const { spans, metrics } = this.#options;
    if (spans === undefined) return;
    try {
      make(spans);
    } catch {
      metrics?.dropped.at({ signal: 'traces' }).add();
    }
  }

  #count({ series, forwardedAt }: WatchedUnit, outcome: ReadOutcome): void {
    const { metrics } = this.#options;
    const { counted, description } = series;
    // What was to run and was not forwarded is none that ran.
    if (metrics === undefined || counted === undefined || forwardedAt === 0) return;
    counted.statements.value += 1;
    const failed = failureLabel(outcome);
    const operations =
      failed === undefined ? counted.operations : metrics.operations.at({ ...series.operationLabels, 'error.type': failed });
    operations.record((performance.now() - forwardedAt) / 1000);
    counted.bytesReturned.value += outcome.bytesReturned;
    if (description.maskedColumns > 0) {
      counted.maskedColumns.value += description.maskedColumns;
      counted.maskedCells.value += outcome.maskedCells;
    }
    for (const { rowsReturned, rowsAffected } of outcome.statements) {
      counted.rowsReturned.value += rowsReturned;
      if (rowsAffected !== null) counted.rowsAffected.value += rowsAffected;
    }
  }

  refused(session: WatchedSession, unit: RefusedUnit): void {
    const { metrics } = this.#options;
    const { upstream, description } = unit.series;
    metrics?.statements.at({ upstream, class: description.statementClass, verdict: 'deny' }).add();
    metrics?.refusals.at({ upstream, code: unit.refusal.code }).add();
    this.#trace((spans) => spans.refused(session, unit));
  }

  failed({ upstream }: WatchedSession, { code }: Refusal): void {
    const { metrics } = this.#options;
    metrics?.statements.at({ upstream: upstream.name, class: 'unknown', verdict: 'deny' }).add();
    metrics?.refusals.at({ upstream: upstream.name, code }).add();
  }

  holdBegins(): void {
    const { metrics } = this.#options;
    if (metrics !== undefined) metrics.holdsPending += 1;
  }

  holdEnds({ upstream }: WatchedSession, end: string, ms: number): void {
    const { metrics } = this.#options;
    if (metrics === undefined) return;
    metrics.holdsPending -= 1;
    metrics.holds.at({ upstream: upstream.name, end }).record(ms / 1000);
  }

  /** `outcome`: `accepted`, or the code of the refusal. */
  login(upstream: string, outcome: string): void {
    this.#options.metrics?.logins.at({ upstream, outcome }).add();
  }

  ledgerFailed(): void {
    this.#options.metrics?.ledgerFailures.add();
  }

  close(): Promise<void> {
    return this.#options.close();
  }
}

/** Characters of a code that name its class ("PostgreSQL Error Codes"): statements can raise codes of their own making without end. */
const CLASS_LENGTH = 2;

function failureLabel(outcome: ReadOutcome): string | undefined {
  const type = errorType(outcome);
  if (type === undefined || type !== outcome.errorCode) return type;
  return /^[0-9A-Z]{5}$/.test(type) ? `${type.slice(0, CLASS_LENGTH)}000` : '_OTHER';
}
