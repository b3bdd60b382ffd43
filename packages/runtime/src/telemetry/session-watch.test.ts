import { describe, expect, it } from '@jest/globals';
import type { Unit } from '@sqlwarden/core';
import type { Decision } from '../engine/decision.js';
import type { Upstream } from '../engine/upstream.js';
import type { EventLoopDelay } from './event-loop-delay.js';
import { GatewayMetrics } from './gateway-metrics.js';
import type { NumberPoint } from './metric-series.js';
import { PartSources } from './part-sources.js';
import type { SessionWatch } from './session-watch.js';
import type { StatementSpans } from './statement-spans.js';
import { Telemetry } from './telemetry.js';

const UPSTREAM = {
  name: 'crm',
  options: { dialect: { name: 'postgres', shape: (text: string) => text }, target: { host: 'db', port: 5432 } },
} as unknown as Upstream;
const DECISION = {
  fingerprint: '',
  facts: { statements: [{ action: 'update', class: 'write', reads: [], writes: ['public.t'], opaque: [] }] },
  verdict: { effect: 'allow', rules: ['all'], labels: [], masks: [] },
} as unknown as Decision;
const UNIT = { text: 'update t set n = 1', state: { database: 'crm' } } as Unit;
const DONE = { status: 'ok', statements: [], bytesReturned: 0, maskedCells: 0, errorCode: undefined, suspended: false } as const;

function build(spans?: StatementSpans): { watch: SessionWatch; values: (name: string) => Record<string, number> } {
  const metrics = new GatewayMetrics(new PartSources(() => 0), { points: () => [] } as unknown as EventLoopDelay);
  const telemetry = new Telemetry({ metrics, spans, countTables: false, close: async () => undefined });
  const watch = telemetry.watch({ id: '', upstream: UPSTREAM, client: '', policyDigest: () => '', serverPeer: () => undefined });
  const values = (name: string): Record<string, number> => {
    const reading = metrics.registry.read().find((one) => one.name === name);
    if (reading?.kind === 'histogram')
      return { count: reading.points.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count, 0) };
    const points: readonly NumberPoint[] = reading?.points ?? [];
    return Object.fromEntries(points.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
  };
  return { watch, values };
}

it('a processor of the application that throws loses its span, and no statement', () => {
  const broken = (): never => {
    throw new Error('a processor of the application');
  };
  const { watch, values } = build({ settled: broken, refused: broken } as unknown as StatementSpans);
  watch.begins();
  const unit = watch.runs(UNIT, DECISION, undefined, undefined);
  watch.answered();
  watch.sent();
  watch.settled(unit, DONE, 1);
  watch.refused(UNIT, DECISION, { code: 'policy-denied', message: '' }, undefined, 2);
  expect(values('sqlwarden.telemetry.dropped')).toEqual({ traces: 2 });
  expect(values('sqlwarden.statements')).toEqual({ 'crm write allow': 1, 'crm write deny': 1 });
});

describe('what is counted of a session', () => {
  it('is forwarded when its own intent was written, not when something before it was sent', () => {
    const { watch, values } = build();
    // Parse goes out while the Execute behind it waits for the disk.
    watch.begins();
    watch.answered();
    watch.begins();
    const unit = watch.runs(UNIT, DECISION, undefined, undefined);
    watch.sent();
    expect([unit.forwardedAt, values('sqlwarden.gateway.duration')]).toEqual([0, { count: 0 }]);
    watch.answered();
    watch.sent();
    expect(unit.forwardedAt).toBeGreaterThan(0);
    watch.settled(unit, DONE, 1);
    expect(values('sqlwarden.gateway.duration')).toEqual({ count: 1 });
    expect(values('sqlwarden.statements')).toEqual({ 'crm write allow': 1 });
  });

  it('is no statement that ran where the intent could not be written, but a refusal', () => {
    const { watch, values } = build();
    watch.begins();
    const unit = watch.runs(UNIT, DECISION, undefined, undefined);
    watch.settled(unit, { ...DONE, status: 'cancelled' }, 1);
    watch.failed({ code: 'ledger-unavailable', message: '' });
    watch.answered();
    watch.sent();
    expect(values('sqlwarden.statements')).toEqual({ 'crm write allow': 0, 'crm unknown deny': 1 });
    expect(values('sqlwarden.refusals')).toEqual({ 'crm ledger-unavailable': 1 });
    expect(values('sqlwarden.gateway.duration')).toEqual({ count: 0 });
  });

  it('is held no more when it was given up, and what comes next does not count from it', () => {
    const { watch, values } = build();
    watch.begins();
    watch.holdBegins();
    expect(values('sqlwarden.holds.pending')).toEqual({ '': 1 });
    watch.abandoned();
    watch.holdEnds('approval-void');
    expect(values('sqlwarden.holds.pending')).toEqual({ '': 0 });
    expect(values('sqlwarden.hold.duration')).toEqual({ count: 1 });
    const before = performance.now();
    watch.begins();
    const unit = watch.runs(UNIT, DECISION, undefined, undefined);
    expect([unit.startedAt >= before, unit.heldMs]).toEqual([true, 0]);
  });
});
