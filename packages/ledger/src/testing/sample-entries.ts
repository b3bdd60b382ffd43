import { canonicalBytes, type LedgerEvent } from '@sqlwarden/core';
import type { SinkEntry } from '../sinks/sink-entry.js';
import { SAMPLE_EVENTS } from './sample-events.js';
import { ORIGIN } from './scenario.js';

/** The samples as sinks get them. */
export const SAMPLE_ENTRIES: readonly SinkEntry[] = SAMPLE_EVENTS.map((event) => sampleEntry(event));

/** Any event as a sink gets it in the session of the samples. */
export function sampleEntry(event: LedgerEvent): SinkEntry {
  const [, session, intent, , decided] = SAMPLE_EVENTS;
  const isOfSession = 'session' in event && event.session === session.session;
  return {
    origin: ORIGIN,
    seq: event.seq,
    bytes: Buffer.from(canonicalBytes(JSON.parse(JSON.stringify(event)))),
    event,
    session: isOfSession ? session : undefined,
    unit: event.type === 'statement.outcome' ? intent : event.type === 'statement.completed' ? decided : undefined,
  };
}
