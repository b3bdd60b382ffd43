import type { LedgerEvent } from '@sqlwarden/core';
import type { SegmentIndex } from '../index-files/segment-index.js';
import { after } from './entry-plan.js';

interface Request {
  readonly entries: number[];
  /** Its entries have been given to whoever asks, and those to come will be. */
  isTold: boolean;
}

/** What entries say of those behind them: which sessions are open since which entry, and what there is of each request for an approval. */
export class LogState {
  readonly #sessions = new Map<string, number>();
  readonly #requests = new Map<string, Request>();

  /** Notes an entry; says whether it is to be told: entries of a request are not when its beginning was not. */
  note(event: LedgerEvent): boolean {
    if (event.type === 'session.opened') this.#sessions.set(event.session, event.seq);
    else if (event.type === 'session.closed') this.#sessions.delete(event.session);
    else if (event.type === 'log.opened') this.#sessions.clear();
    else if (event.type === 'approval.requested') this.#request(event.request).isTold = true;
    else if (event.type === 'approval.decided' || event.type === 'approval.ended') {
      const request = this.#request(event.request);
      if (!request.isTold) request.entries.push(event.seq);
      return request.isTold;
    }
    return true;
  }

  /** Notes a segment that was not read, but for what was followed in it. */
  pass(index: SegmentIndex): void {
    for (const { request, entries } of index.requests) {
      const known = this.#request(request);
      if (!known.isTold) for (const position of entries) known.entries.push(index.first + position);
    }
    if (index.restarts.length > 0) this.#sessions.clear();
    for (const { session } of index.sessions) {
      const opened = this.#openedIn(index, session, Number.POSITIVE_INFINITY);
      if (opened === 'closed') this.#sessions.delete(session);
      else if (opened !== undefined) this.#sessions.set(session, opened);
    }
  }

  /** The entry in which a session began that is open at a position of a segment, or at the end of what was noted. */
  opened(session: string, index?: SegmentIndex, position = 0): number | undefined {
    const opened = index === undefined ? undefined : this.#openedIn(index, session, position);
    return opened === 'closed' ? undefined : (opened ?? this.#sessions.get(session));
  }

  /** What of a request was not told yet and stands before a position; from now on it is told. */
  untold(request: string, index?: SegmentIndex, position = 0): readonly number[] {
    const known = this.#requests.get(request);
    if (known?.isTold === true) return [];
    const here = index === undefined ? [] : requestIn(index, request).filter((at) => at < position);
    if (known === undefined && here.length === 0) return [];
    const entries = [...(known?.entries ?? []), ...here.map((at) => (index?.first ?? 0) + at)];
    this.#requests.set(request, { entries: [], isTold: true });
    return entries;
  }

  /** True when what is still to come of a request has to be told. */
  isTold(request: string): boolean {
    return this.#requests.get(request)?.isTold === true;
  }

  #openedIn({ first, sessions, restarts }: SegmentIndex, session: string, position: number): number | 'closed' | undefined {
    const last = (positions: readonly number[]): number => positions[after(positions, position - 1) - 1] ?? -1;
    const entries = sessionIn(sessions, session);
    const opened = last(entries?.opened ?? []);
    const ended = Math.max(last(entries?.closed ?? []), last(restarts));
    if (opened > ended) return first + opened;
    return ended >= 0 ? 'closed' : undefined;
  }

  #request(request: string): Request {
    let known = this.#requests.get(request);
    if (known === undefined) {
      known = { entries: [], isTold: false };
      this.#requests.set(request, known);
    }
    return known;
  }
}

const bySession = new WeakMap<SegmentIndex['sessions'], Map<string, SegmentIndex['sessions'][number]>>();

/** What a segment has of a session. */
export function sessionIn(sessions: SegmentIndex['sessions'], session: string): SegmentIndex['sessions'][number] | undefined {
  let known = bySession.get(sessions);
  if (known === undefined) {
    known = new Map(sessions.map((one) => [one.session, one]));
    bySession.set(sessions, known);
  }
  return known.get(session);
}

/** The positions of the entries of a request. */
export function requestIn({ requests }: Pick<SegmentIndex, 'requests'>, request: string): readonly number[] {
  return requests.find((one) => one.request === request)?.entries ?? [];
}
