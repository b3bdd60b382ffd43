import type { AssertedIntent, ReadOutcome, Refusal, Unit } from '@sqlwarden/core';
import type { Decision } from '../engine/decision.js';
import type { Upstream } from '../engine/upstream.js';
import type { StatementSeries } from './statement-series.js';
import type { Telemetry } from './telemetry.js';

/** What is known of a session beside its units. */
export interface WatchedSession {
  readonly id: string;
  readonly upstream: Upstream;
  /** The client's transport address, or `in-memory`. */
  readonly client: string;
  readonly policyDigest: () => string;
  /** The address of the server that the session is connected to. */
  readonly serverPeer: () => { readonly address: string; readonly port: number } | undefined;
}

/** A unit that was forwarded, until it is settled. Times are of the monotonic clock, in milliseconds. */
export interface WatchedUnit {
  readonly startedAt: number;
  readonly heldMs: number;
  readonly decidedMs: number;
  forwardedAt: number;
  readonly decision: Decision;
  readonly series: StatementSeries;
  readonly traceparent: string | undefined;
  readonly approval: string | undefined;
}

/**
 * Times the units of one session and tells {@link Telemetry} of them. What a client sends at once to run one statement (in PostgreSQL Parse,
 * Bind and Execute) counts from the first of it.
 */
export class SessionWatch {
  readonly #telemetry: Telemetry;
  readonly session: WatchedSession;
  /** When the first unit came that has not been forwarded, and what it waited for since. */
  #startedAt = 0;
  #heldMs = 0;
  #decidedMs = 0;
  #heldSince = 0;
  /** A unit is being judged or held. */
  #isPending = false;
  /** The unit that is let through when what it waits for is there. */
  #current: WatchedUnit | undefined;
  /** Units that were let through in this turn of the event loop. */
  #unsent: WatchedUnit[] = [];

  constructor(telemetry: Telemetry, session: WatchedSession) {
    this.#telemetry = telemetry;
    this.session = session;
  }

  /** A unit has come. */
  begins(): void {
    this.#isPending = true;
    if (this.#startedAt === 0) this.#startedAt = performance.now();
  }

  /** The unit was answered: where it was let through, it goes to the server at the end of this turn. */
  answered(): void {
    this.#isPending = false;
    if (this.#current !== undefined) this.#unsent.push(this.#current);
    this.#current = undefined;
  }

  /** The unit was given up. */
  abandoned(): void {
    this.#current = undefined;
    if (this.#heldSince !== 0) this.holdEnds('withdrawn');
    this.#isPending = false;
    this.#reset();
  }

  /** The unit had to wait for its decision. */
  waitedForDecision(ms: number): void {
    this.#decidedMs += ms;
  }

  holdBegins(): void {
    this.#heldSince = performance.now();
    this.#telemetry.holdBegins();
  }

  holdEnds(how: string): void {
    // It was given up meanwhile.
    if (this.#heldSince === 0) return;
    const ms = performance.now() - this.#heldSince;
    this.#heldSince = 0;
    this.#heldMs += ms;
    this.#telemetry.holdEnds(this.session, how, ms);
  }

  /** The unit is to run, as soon as its intent is written. */
  runs(unit: Unit, decision: Decision, asserted: AssertedIntent | undefined, approval: string | undefined): WatchedUnit {
    const watched: WatchedUnit = {
      startedAt: this.#startedAt,
      heldMs: this.#heldMs,
      decidedMs: this.#decidedMs,
      forwardedAt: 0,
      decision,
      series: this.#telemetry.seriesOf(this.session, unit, decision),
      traceparent: asserted?.traceparent?.value,
      approval,
    };
    this.#current = watched;
    return watched;
  }

  /** What was let through has been given to the connection to the server. */
  sent(): void {
    const unsent = this.#unsent;
    if (unsent.length > 0) {
      const now = performance.now();
      for (const unit of unsent) {
        unit.forwardedAt = now;
        this.#telemetry.forwarded(unit);
      }
      this.#unsent = [];
    }
    if (!this.#isPending) this.#reset();
  }

  refused(unit: Unit, decision: Decision, refusal: Refusal, asserted: AssertedIntent | undefined, seq: number | undefined): void {
    const { session } = this;
    this.#telemetry.refused(session, {
      startedAt: this.#startedAt,
      heldMs: this.#heldMs,
      decidedMs: this.#decidedMs,
      series: this.#telemetry.seriesOf(session, unit, decision),
      traceparent: asserted?.traceparent?.value,
      refusal,
      seq,
    });
    this.#reset();
  }

  /** A unit was refused of which nothing is known, or that was to run and could not. */
  failed(refusal: Refusal): void {
    this.#telemetry.failed(this.session, refusal);
    this.#reset();
  }

  /** `seq`: of the entry that says what the unit did. */
  settled(unit: WatchedUnit, outcome: ReadOutcome, seq: number | undefined): void {
    if (unit === this.#current) this.#current = undefined;
    this.#telemetry.settled(this.session, unit, outcome, seq);
  }

  #reset(): void {
    this.#startedAt = 0;
    this.#heldMs = 0;
    this.#decidedMs = 0;
  }
}
