import { unreachable } from '@sqlwarden/core';
import {
  type AdminAnswer,
  type AdminRequest,
  adminRoute,
  type RequestSummary,
  type SessionSummary,
  type UpkeepResult,
} from '@sqlwarden/runtime';
import type { WorkerProcess } from './worker-process.js';

type Asked = Pick<WorkerProcess, 'name' | 'ask'>;

/**
 * Answers a request to the admin interface from all workers: lists are those of all together; one request, and the decision about it, belong to
 * the worker whose session waits. Never rejects.
 */
export async function forwardAdmin(request: AdminRequest, workers: readonly Asked[]): Promise<AdminAnswer> {
  const route = adminRoute(request);
  // What is wrong with the request itself needs no worker.
  if ('status' in route) return route;
  switch (route.of) {
    case 'pending':
      return merged(await askAll(request, workers), 'requests', requestsOf, byAge('requestedAt'));
    case 'sessions':
      return merged(
        await askAll(request, workers),
        'sessions',
        (answer, worker) => sessionsOf(answer).map((session) => ({ ...session, worker })),
        byAge('openedAt'),
      );
    case 'request':
    case 'decision': {
      const look: AdminRequest = { method: 'GET', url: `/v1/requests/${route.id}` };
      const looked = await askAll(look, workers);
      const owner = looked.find(({ answer }) => answer?.status === 200);
      if (owner !== undefined) return route.of === 'request' ? (owner.answer ?? unavailable()) : forward(request, owner.worker);
      if (looked.length === 0 || looked.some(({ answer }) => answer === undefined)) return unavailable();
      const [any] = looked;
      return any === undefined ? unavailable() : forward(request, any.worker);
    }
    case 'kill':
      return killed(request, route.id, workers);
    case 'revocations':
      return forward(request, workers[0]);
    case 'revoke':
    case 'lift': {
      const [first, ...others] = workers;
      const answer = await forward(request, first);
      // What one of them has kept holds for all, which need not wait until they look.
      if (answer.status === 200) await Promise.all(others.map((worker) => worker.ask({ about: 'revocations' })));
      return answer;
    }
    case 'upkeep':
      return keptUp(request, workers);
    case 'reload': {
      const answers = (await askAll(request, workers)).map(({ answer }) => answer ?? unavailable());
      const refused = answers.find(({ status }) => status !== 200);
      const digests = new Set(answers.map(({ status, body }) => (status === 200 ? reloadedDigest(body) : '')));
      if (digests.size > 1) return differing();
      return refused ?? answers[0] ?? unavailable();
    }
    default:
      return unreachable(route);
  }
}

/** By the worker whose session it is; only when all of them were asked is there none. */
async function killed(request: AdminRequest, session: string, workers: readonly Asked[]): Promise<AdminAnswer> {
  const looked = await askAll({ method: 'GET', url: '/v1/sessions' }, workers);
  const owner = looked.find(({ answer }) => answer !== undefined && sessionsOf(answer).some(({ id }) => id === session));
  if (owner === undefined && looked.some(({ answer }) => answer === undefined)) return unavailable();
  return forward(request, owner?.worker ?? workers[0]);
}

/** By the worker whose log it is about, or all. What some of them have done stays done. */
async function keptUp(request: AdminRequest, workers: readonly Asked[]): Promise<AdminAnswer> {
  const { log, isErasure } = meantBy(request.body);
  // Entries have the same numbers in every log.
  if (isErasure && log === undefined && workers.length > 1)
    return { status: 400, body: { code: 'bad-request', message: 'every worker has a log of its own; name one as "log"' } };
  const meant = log === undefined ? workers : workers.filter(({ name }) => name === log);
  const answers = (await askAll(request, meant)).map(({ worker, answer }) => ({ worker: worker.name, answer: answer ?? unavailable() }));
  const refused = answers.find(({ answer }) => answer.status !== 200);
  if (refused !== undefined || answers.length === 0) return refused?.answer ?? unavailable();
  return {
    status: 200,
    body: { upkeep: answers.flatMap(({ worker, answer }) => upkeepOf(answer).map((result) => ({ ...result, worker }))) },
  };
}

/** The worker that a body names; what is wrong with the body, the workers say. */
function meantBy(body: string | null | undefined): { readonly log: string | undefined; readonly isErasure: boolean } {
  try {
    const order = JSON.parse(body ?? '{}') as { readonly do?: unknown; readonly log?: unknown } | null;
    return { log: typeof order?.log === 'string' ? order.log : undefined, isErasure: order?.do === 'erase' };
  } catch {
    return { log: undefined, isErasure: false };
  }
}

function upkeepOf({ body }: AdminAnswer): readonly UpkeepResult[] {
  return (body as { readonly upkeep?: readonly UpkeepResult[] }).upkeep ?? [];
}

interface Looked {
  readonly worker: Asked;
  /** `undefined`: it did not answer. */
  readonly answer: AdminAnswer | undefined;
}

function askAll(request: AdminRequest, workers: readonly Asked[]): Promise<readonly Looked[]> {
  return Promise.all(workers.map(async (worker) => ({ worker, answer: await ask(request, worker) })));
}

async function ask(request: AdminRequest, worker: Asked): Promise<AdminAnswer | undefined> {
  const answer = await worker.ask({ about: 'admin', request });
  return answer?.about === 'admin' ? answer.answer : undefined;
}

async function forward(request: AdminRequest, worker: Asked | undefined): Promise<AdminAnswer> {
  return (worker && (await ask(request, worker))) ?? unavailable();
}

/** A list that may be incomplete would say that nothing waits where something does. */
function merged<T>(
  looked: readonly Looked[],
  key: string,
  read: (answer: AdminAnswer, worker: string) => readonly T[],
  order: (one: T, other: T) => number,
): AdminAnswer {
  if (looked.length === 0) return unavailable();
  const all: T[] = [];
  for (const { worker, answer } of looked) {
    if (answer?.status !== 200) return unavailable();
    all.push(...read(answer, worker.name));
  }
  return { status: 200, body: { [key]: all.toSorted(order) } };
}

function requestsOf({ body }: AdminAnswer): readonly RequestSummary[] {
  return (body as { readonly requests?: readonly RequestSummary[] }).requests ?? [];
}

function sessionsOf({ body }: AdminAnswer): readonly SessionSummary[] {
  return (body as { readonly sessions?: readonly SessionSummary[] }).sessions ?? [];
}

function byAge<Key extends string>(key: Key): (one: Readonly<Record<Key, number>>, other: Readonly<Record<Key, number>>) => number {
  return (one, other) => one[key] - other[key];
}

function reloadedDigest(body: unknown): string | undefined {
  return (body as { readonly reloaded?: { readonly digest: string } }).reloaded?.digest;
}

/** Files that changed while they were read, or a worker that could not take them. */
function differing(): AdminAnswer {
  const message = 'the workers do not have the same policies now, since not all could load what others did; see the log, and reload again';
  return { status: 503, body: { code: 'reload-incomplete', message } };
}

function unavailable(): AdminAnswer {
  return {
    status: 503,
    body: { code: 'worker-unavailable', message: 'a worker of the gateway does not answer; try again, and see the log of the gateway' },
  };
}
