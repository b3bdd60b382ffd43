import { type Attributes, type Context, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_CLIENT_PORT,
  ATTR_DB_RESPONSE_STATUS_CODE,
  ATTR_ERROR_TYPE,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '@opentelemetry/semantic-conventions';
import type { ReadOutcome } from '@sqlwarden/core';
import type { WatchedSession, WatchedUnit } from './session-watch.js';
import { verdictOf } from './statement-series.js';
import type { RefusedUnit } from './telemetry.js';
import { parentContext } from './trace-parent.js';

/** Of the conventions, not stable yet: "Semantic conventions for database client spans", `db.response.returned_rows`. */
const RETURNED_ROWS = 'db.response.returned_rows';

/**
 * Makes the spans of units when they are over. In the gateway a unit has a SERVER span, which is all of its time here, and inside of it, where it was
 * forwarded, a CLIENT span, which is the server's time: what proxies of HTTP do, and what service graphs pair up. In the library there is only
 * the CLIENT span: the application itself is the client. A span holds no value, no token and nobody's name.
 */
export class StatementSpans {
  readonly #tracer: Tracer;
  readonly #isLibrary: boolean;

  constructor(tracer: Tracer, isLibrary: boolean) {
    this.#tracer = tracer;
    this.#isLibrary = isLibrary;
  }

  settled(session: WatchedSession, unit: WatchedUnit, outcome: ReadOutcome, seq: number | undefined): void {
    const now = performance.now();
    const wall = Date.now();
    const at = (time: number): [number, number] => hrTime(wall - (now - time));
    const { description } = unit.series;
    const whole = this.#start(session, unit, at(unit.startedAt));
    const error = errorType(outcome);
    whole.span.setAttributes({
      'sqlwarden.verdict': verdictOf(unit.decision),
      'sqlwarden.masked.cells': outcome.maskedCells,
      ...(seq === undefined ? {} : { 'sqlwarden.ledger.seq': seq }),
      ...(unit.approval === undefined ? {} : { 'sqlwarden.approval.request': unit.approval }),
      ...(outcome.limit === undefined ? {} : { 'sqlwarden.limit': outcome.limit }),
    });
    const wasForwarded = unit.forwardedAt > 0;
    if (wasForwarded) whole.span.setAttribute('sqlwarden.gateway_ms', round(unit.forwardedAt - unit.startedAt - unit.heldMs));
    const inner =
      this.#isLibrary || !wasForwarded
        ? undefined
        : this.#tracer.startSpan(
            description.summary,
            { kind: SpanKind.CLIENT, startTime: at(unit.forwardedAt), attributes: { ...description.attributes, ...serverOf(session) } },
            whole.context,
          );
    for (const span of inner === undefined ? [whole.span] : [inner, whole.span]) {
      span.setAttributes(resultOf(outcome));
      if (error !== undefined) fail(span, error, outcome.errorCode);
      span.end(at(now));
    }
  }

  refused(session: WatchedSession, unit: RefusedUnit): void {
    const now = performance.now();
    const wall = Date.now();
    const { span } = this.#start(session, unit, hrTime(wall - (now - unit.startedAt)));
    const { code, rule, request } = unit.refusal;
    span.setAttributes({
      'sqlwarden.verdict': 'deny',
      'sqlwarden.refusal.code': code,
      ...(rule === undefined ? {} : { 'sqlwarden.refusal.rule': rule }),
      ...(request === undefined ? {} : { 'sqlwarden.approval.request': request }),
      ...(unit.seq === undefined ? {} : { 'sqlwarden.ledger.seq': unit.seq }),
    });
    fail(span, code, undefined);
    span.end(hrTime(wall));
  }

  #start(
    session: WatchedSession,
    unit: Pick<WatchedUnit, 'series' | 'traceparent' | 'heldMs' | 'decidedMs'>,
    startTime: [number, number],
  ): { readonly span: Span; readonly context: Context } {
    const parent = parentContext(unit.traceparent);
    const { description } = unit.series;
    const attributes: Attributes = {
      ...description.attributes,
      ...(this.#isLibrary ? serverOf(session) : clientOf(session)),
      'sqlwarden.upstream': session.upstream.name,
      'sqlwarden.session': session.id,
      'sqlwarden.policy.digest': session.policyDigest(),
      'sqlwarden.class': description.statementClass,
    };
    if (unit.heldMs > 0) attributes['sqlwarden.held_ms'] = round(unit.heldMs);
    if (unit.decidedMs > 0) attributes['sqlwarden.decision_wait_ms'] = round(unit.decidedMs);
    const kind = this.#isLibrary ? SpanKind.CLIENT : SpanKind.SERVER;
    const span = this.#tracer.startSpan(description.summary, { kind, startTime, attributes }, parent);
    return { span, context: trace.setSpan(parent, span) };
  }
}

/** The server's own code where there is one; values without one are ours. */
export function errorType({ status, errorCode }: ReadOutcome): string | undefined {
  switch (status) {
    case 'ok':
      return undefined;
    case 'error':
      return errorCode ?? '_OTHER';
    case 'cancelled':
      return errorCode ?? 'cancelled';
    case 'unknown':
      return 'connection-lost';
  }
}

function fail(span: Span, type: string, statusCode: string | undefined): void {
  span.setAttributes({ [ATTR_ERROR_TYPE]: type, ...(statusCode === undefined ? {} : { [ATTR_DB_RESPONSE_STATUS_CODE]: statusCode }) });
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function resultOf({ statements, bytesReturned }: ReadOutcome): Attributes {
  let returned = 0;
  let affected = 0;
  for (const { rowsReturned, rowsAffected } of statements) {
    returned += rowsReturned;
    affected += rowsAffected ?? 0;
  }
  return { [RETURNED_ROWS]: returned, 'sqlwarden.rows.affected': affected, 'sqlwarden.bytes.returned': bytesReturned };
}

function serverOf({ upstream, serverPeer }: WatchedSession): Attributes {
  const { host, port } = upstream.options.target;
  const peer = serverPeer();
  return {
    [ATTR_SERVER_ADDRESS]: host,
    [ATTR_SERVER_PORT]: port,
    ...(peer === undefined ? {} : { [ATTR_NETWORK_PEER_ADDRESS]: peer.address, [ATTR_NETWORK_PEER_PORT]: peer.port }),
  };
}

function clientOf({ client }: WatchedSession): Attributes {
  const [, address, port] = /^(.*):(\d+)$/.exec(client) ?? [undefined, client, undefined];
  return { [ATTR_CLIENT_ADDRESS]: address ?? client, ...(port === undefined ? {} : { [ATTR_CLIENT_PORT]: Number(port) }) };
}

/** Milliseconds since the epoch as seconds and nanoseconds. */
function hrTime(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.floor((ms - seconds * 1000) * 1e6)];
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
