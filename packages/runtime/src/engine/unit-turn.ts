import type { Admission, ReadOutcome } from '@sqlwarden/core';
import type { WatchedUnit } from '../telemetry/session-watch.js';
import type { Decision } from './decision.js';

/** A unit that waits for its answer. */
export interface Turn {
  /** The request that it is held for. */
  held: string | undefined;
  /** The intent that is being made durable, 0 without one. */
  ticket: number;
  /** Given up: nothing may be asked, recorded or run for it any more. */
  over: boolean;
}

/** A forwarded unit whose outcome is awaited. */
export interface Running {
  readonly decision: Decision;
  readonly startedAt: number;
  readonly transaction: number;
  readonly watched: WatchedUnit | undefined;
}

/** The intent that a ticket names; `undefined` for the ticket of a read. */
export function intentOf(ticket: number): number | undefined {
  return ticket > 0 ? ticket : undefined;
}

const NOTHING_CAME = { statements: [], bytesReturned: 0, maskedCells: 0, errorCode: undefined, suspended: false } as const;
/** Of a unit whose connection ended under it. */
export const LOST: ReadOutcome = { ...NOTHING_CAME, status: 'unknown' };
/** Of a unit that was not forwarded after all. */
export const NEVER_RAN: ReadOutcome = { ...NOTHING_CAME, status: 'cancelled' };

/** The answer to a unit that was given up: nobody hears it. */
export const GIVEN_UP: Admission = { kind: 'refuse', refusal: { code: 'cancelled', message: 'the statement was given up' } };

export function newTurn(): Turn {
  return { held: undefined, ticket: 0, over: false };
}
