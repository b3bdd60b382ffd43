import { describe, expect, it } from '@jest/globals';
import type { AdminAnswer, AdminRequest } from '@sqlwarden/runtime';
import { forwardAdmin } from './forward-admin.js';
import type { Question } from './worker-messages.js';

/** Workers that were told that the revocations have changed. */
const told: string[] = [];

/** A worker that knows one request, and remembers what it was asked. */
function worker(
  name: string,
  id: string,
  requestedAt: number,
): { name: string; asked: AdminRequest[]; ask(question: Question): Promise<AdminAnswerOf> } {
  const asked: AdminRequest[] = [];
  const posted = (request: AdminRequest): AdminAnswer => ({ status: request.body === '{}' ? 200 : 400, body: { by: name } });
  const answer = (request: AdminRequest): AdminAnswer => {
    if (request.url === '/v1/pending') return { status: 200, body: { requests: [{ id, requestedAt }] } };
    if (request.url === '/v1/sessions') return { status: 200, body: { sessions: [{ id: `session-of-${name}`, openedAt: requestedAt }] } };
    if (request.method === 'POST' && !request.url.startsWith('/v1/requests/')) return posted(request);
    if (!request.url.startsWith(`/v1/requests/${id}`)) return { status: 404, body: { code: 'request-unknown', message: 'unknown' } };
    return { status: 200, body: { request: { id, by: name, method: request.method } } };
  };
  return {
    name,
    asked,
    async ask(question) {
      if (question.about === 'revocations') told.push(name);
      if (question.about !== 'admin') return undefined;
      asked.push(question.request);
      return { about: 'admin', answer: answer(question.request) };
    },
  };
}

type AdminAnswerOf = { readonly about: 'admin'; readonly answer: AdminAnswer } | undefined;
const gone = { name: 'worker-3', ask: async (): Promise<undefined> => undefined };
const decision: AdminRequest = {
  method: 'POST',
  url: '/v1/requests/bbb/decision',
  authorization: 'Bearer x',
  contentType: 'application/json',
  body: '{}',
};

describe('requests to the admin socket of several workers', () => {
  it('lists what all of them have, oldest first', async () => {
    const workers = [worker('worker-1', 'aaa', 20), worker('worker-2', 'bbb', 10)];
    expect(await forwardAdmin({ method: 'GET', url: '/v1/pending' }, workers)).toEqual({
      status: 200,
      body: {
        requests: [
          { id: 'bbb', requestedAt: 10 },
          { id: 'aaa', requestedAt: 20 },
        ],
      },
    });
    expect((await forwardAdmin({ method: 'GET', url: '/v1/sessions' }, workers)).body).toMatchObject({
      sessions: [{ worker: 'worker-2' }, { worker: 'worker-1' }],
    });
  });

  it('does not give a part of a list for the whole', async () => {
    for (const workers of [[worker('worker-1', 'aaa', 1), gone], []])
      expect((await forwardAdmin({ method: 'GET', url: '/v1/pending' }, workers)).status).toBe(503);
  });

  it('brings a decision with its token to the worker that has the request, and to no other', async () => {
    const [one, two] = [worker('worker-1', 'aaa', 1), worker('worker-2', 'bbb', 2)];
    expect(await forwardAdmin(decision, [one, two, gone])).toMatchObject({
      status: 200,
      body: { request: { by: 'worker-2', method: 'POST' } },
    });
    expect(two.asked.at(-1)).toEqual(decision);
    expect(one.asked.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });

  it('says that a request is unknown only when every worker was asked', async () => {
    const one = worker('worker-1', 'aaa', 1);
    expect((await forwardAdmin(decision, [one])).status).toBe(404);
    expect((await forwardAdmin(decision, [one, gone])).status).toBe(503);
  });

  it('has a session ended by the worker that serves it, and says that there is none only when every worker was asked', async () => {
    const [one, two] = [worker('worker-1', 'aaa', 1), worker('worker-2', 'bbb', 2)];
    const kill = (id: string): AdminRequest => ({ method: 'POST', url: `/v1/sessions/${id}/kill`, body: '{}' });
    expect((await forwardAdmin(kill('session-of-worker-2'), [one, two, gone])).body).toEqual({ by: 'worker-2' });
    expect((await forwardAdmin(kill('session-of-nobody'), [one, two])).body).toEqual({ by: 'worker-1' });
    expect((await forwardAdmin(kill('session-of-nobody'), [one, gone])).status).toBe(503);
    expect((await forwardAdmin(kill('session-of-nobody'), [])).status).toBe(503);
  });

  it('has one worker revoke, and tells the others once that is done', async () => {
    const workers = [1, 2, 3].map((at) => worker(`worker-${at}`, 'aaa', at));
    const revoke = (body: string): AdminRequest => ({ method: 'POST', url: '/v1/revocations', body });
    expect((await forwardAdmin(revoke('{}'), workers)).body).toEqual({ by: 'worker-1' });
    expect(told.splice(0)).toEqual(['worker-2', 'worker-3']);
    expect((await forwardAdmin(revoke('wrong'), workers)).status).toBe(400);
    expect(told).toEqual([]);
    expect((await forwardAdmin(revoke('{}'), [])).status).toBe(503);
  });

  it('has all workers load policies, and says so when one could not', async () => {
    const workers = [worker('worker-1', 'aaa', 1), worker('worker-2', 'bbb', 2)];
    const reload: AdminRequest = { method: 'POST', url: '/v1/reload', body: '{}' };
    expect((await forwardAdmin(reload, workers)).status).toBe(200);
    expect(workers.map(({ asked }) => asked.length)).toEqual([1, 1]);
    expect((await forwardAdmin(reload, [...workers, gone])).status).toBe(503);
  });

  it('does not say that nothing was loaded, or all, when only some workers have', async () => {
    const answering = (status: number, body: AdminAnswer['body']): Parameters<typeof forwardAdmin>[1][number] => ({
      name: 'worker',
      ask: async () => ({ about: 'admin', answer: { status, body } }),
    });
    const reload: AdminRequest = { method: 'POST', url: '/v1/reload', body: '{}' };
    const loaded = (digest: string): ReturnType<typeof answering> => answering(200, { reloaded: { digest, changed: true } });
    const wrong = answering(409, { code: 'reload-refused', message: 'nothing was loaded: …' });
    const said = async (...workers: readonly ReturnType<typeof answering>[]): Promise<[number, unknown]> => {
      const { status, body } = await forwardAdmin(reload, workers);
      return [status, (body as { readonly code?: string }).code];
    };
    expect(await said(loaded('a'), wrong)).toEqual([503, 'reload-incomplete']);
    expect(await said(loaded('a'), loaded('b'))).toEqual([503, 'reload-incomplete']);
    expect(await said(wrong, wrong)).toEqual([409, 'reload-refused']);
    expect(await said(loaded('a'), loaded('a'))).toEqual([200, undefined]);
  });

  it('has every worker keep its log, or the one that is named, and erases in no other', async () => {
    const keeping = (name: string, status = 200): Parameters<typeof forwardAdmin>[1][number] & { asked: number } => ({
      name,
      asked: 0,
      async ask() {
        this.asked += 1;
        return { about: 'admin', answer: { status, body: { upkeep: [{ key: `key of ${name}` }] } } };
      },
    });
    const order = (body: object): AdminRequest => ({ method: 'POST', url: '/v1/ledger', body: JSON.stringify(body) });
    const [one, two] = [keeping('worker-1'), keeping('worker-2')];
    const both = [
      { key: 'key of worker-1', worker: 'worker-1' },
      { key: 'key of worker-2', worker: 'worker-2' },
    ];
    expect((await forwardAdmin(order({ do: 'rotate-key' }), [one, two])).body).toEqual({ upkeep: both });
    expect((await forwardAdmin(order({ do: 'erase', log: 'worker-2' }), [one, two])).body).toEqual({ upkeep: [both[1]] });
    expect((await forwardAdmin(order({ do: 'erase' }), [one, two])).status).toBe(400);
    expect((await forwardAdmin(order({ do: 'retain', log: 'worker-9' }), [one, two])).status).toBe(503);
    expect([one.asked, two.asked]).toEqual([1, 2]);
    expect((await forwardAdmin(order({ do: 'retain' }), [one, keeping('worker-2', 409)])).status).toBe(409);
    expect((await forwardAdmin(order({ do: 'retain' }), [one, gone])).status).toBe(503);
  });

  it('refuses what the interface does not have', async () => {
    expect((await forwardAdmin({ method: 'GET', url: '/v2' }, [])).status).toBe(404);
    expect((await forwardAdmin({ method: 'DELETE', url: '/v1/pending' }, [])).status).toBe(405);
  });
});
