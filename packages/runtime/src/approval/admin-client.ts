import { request as httpRequest } from 'node:http';
import type { Revocation } from '@sqlwarden/core';
import type { RevocationOrder } from '../revocation/revocations.js';
import type { AdminProblem, DecisionBody, RequestSummary, RequestView, SessionSummary } from './admin-api.js';
import type { UpkeepOrder, UpkeepResult } from '../ledger-upkeep.js';
import type { Reloaded } from './operator-answers.js';

/** Why a request to the admin socket failed before it was answered. */
export type AdminClientErrorCode =
  | 'unreachable' // nobody listens, or the socket may not be opened
  | 'timeout'
  | 'bad-answer'; // what came back is not this interface

/** The gateway could not be asked, or refused. `code` is one of {@link AdminClientErrorCode} or the gateway's own. */
export class AdminClientError extends Error {
  override readonly name = 'AdminClientError';
  readonly code: string;
  /** The HTTP status, when the gateway answered. */
  readonly status: number | undefined;

  constructor(code: string, message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = status;
  }
}

export interface AdminClientOptions {
  /** The path of the admin socket. */
  readonly socket: string;
  /** Default 10 s. */
  readonly timeoutMs?: number;
}

/** The approvers' interface from the other side. Every method rejects with an {@link AdminClientError}. */
export interface AdminClient {
  /** Requests that wait for a decision, oldest first. */
  pending(): Promise<readonly RequestSummary[]>;
  /** Clients that are connected, oldest first. */
  sessions(): Promise<readonly SessionSummary[]>;
  /** One request in full. */
  request(id: string): Promise<RequestView>;
  /** Decides a request as whoever the token belongs to; give the digest of the request that was shown. */
  decide(id: string, body: DecisionBody, token: string): Promise<RequestView>;
  /** What is revoked now. */
  revocations(): Promise<readonly Revocation[]>;
  /** The rest is for operators: who the token belongs to must be one. */
  revoke(order: RevocationOrder, token: string): Promise<Revocation>;
  lift(id: string, token: string): Promise<Revocation>;
  /** Ends a session. */
  kill(session: string, reason: string | undefined, token: string): Promise<void>;
  reload(token: string): Promise<Reloaded>;
  /** `log`: the worker whose log it is about; all of them without. Takes as long as it takes: give `timeoutMs`. */
  upkeep(order: UpkeepOrder & { readonly log?: string }, token: string): Promise<readonly UpkeepResult[]>;
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 128 * 1024 * 1024;

export function createAdminClient(options: AdminClientOptions): AdminClient {
  return {
    async pending() {
      const { requests } = await ask<{ requests?: readonly RequestSummary[] }>(options, 'GET', '/v1/pending');
      return requests ?? badAnswer();
    },
    async sessions() {
      const { sessions } = await ask<{ sessions?: readonly SessionSummary[] }>(options, 'GET', '/v1/sessions');
      return sessions ?? badAnswer();
    },
    async request(id) {
      const { request } = await ask<{ request?: RequestView }>(options, 'GET', requestPath(id));
      return request ?? badAnswer();
    },
    async decide(id, body, token) {
      const sent = { json: JSON.stringify(body), token };
      const { request } = await ask<{ request?: RequestView }>(options, 'POST', `${requestPath(id)}/decision`, sent);
      return request ?? badAnswer();
    },
    async revocations() {
      const { revocations } = await ask<{ revocations?: readonly Revocation[] }>(options, 'GET', '/v1/revocations');
      return revocations ?? badAnswer();
    },
    async revoke(order, token) {
      const { revocation } = await ask<{ revocation?: Revocation }>(options, 'POST', '/v1/revocations', {
        json: JSON.stringify(order),
        token,
      });
      return revocation ?? badAnswer();
    },
    async lift(id, token) {
      const path = `/v1/revocations/${encodeURIComponent(id)}/lift`;
      const { revocation } = await ask<{ revocation?: Revocation }>(options, 'POST', path, { json: '{}', token });
      return revocation ?? badAnswer();
    },
    async kill(session, reason, token) {
      const path = `/v1/sessions/${encodeURIComponent(session)}/kill`;
      const { session: ended } = await ask<{ session?: string }>(options, 'POST', path, { json: JSON.stringify({ reason }), token });
      if (ended !== session) badAnswer();
    },
    async reload(token) {
      const { reloaded } = await ask<{ reloaded?: Reloaded }>(options, 'POST', '/v1/reload', { json: '{}', token });
      return reloaded ?? badAnswer();
    },
    async upkeep(order, token) {
      const { upkeep } = await ask<{ upkeep?: readonly UpkeepResult[] }>(options, 'POST', '/v1/ledger', {
        json: JSON.stringify(order),
        token,
      });
      return upkeep ?? badAnswer();
    },
  };
}

function requestPath(id: string): string {
  return `/v1/requests/${encodeURIComponent(id.trim().toLowerCase())}`;
}

function badAnswer(status?: number): never {
  throw new AdminClientError('bad-answer', 'what listens on the socket is not a gateway of this version', status);
}

interface Sent {
  readonly json: string;
  readonly token: string;
}

async function ask<T>(options: AdminClientOptions, method: string, path: string, sent?: Sent): Promise<T> {
  const { status, body } = await exchange(options, method, path, sent);
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return badAnswer(status);
  }
  if (typeof parsed !== 'object' || parsed === null) return badAnswer(status);
  if (status === 200) return parsed as T;
  const { code, message } = parsed as Partial<AdminProblem>;
  if (typeof code !== 'string' || typeof message !== 'string') return badAnswer(status);
  throw new AdminClientError(code, message, status);
}

function exchange(options: AdminClientOptions, method: string, path: string, sent?: Sent): Promise<{ status: number; body: string }> {
  const { socket, timeoutMs = TIMEOUT_MS } = options;
  return new Promise((resolve, reject) => {
    const headers = sent === undefined ? {} : { authorization: `Bearer ${sent.token}`, 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(timeoutMs);
    const fail = (error: Error): void => reject(clientError(error, signal.aborted));
    const request = httpRequest({ socketPath: socket, method, path, agent: false, signal, headers: { host: 'sqlwarden', ...headers } });
    request.once('error', fail);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > MAX_ANSWER_BYTES) response.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.once('error', fail);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }));
    });
    request.end(sent?.json);
  });
}

function clientError(cause: Error, timedOut: boolean): AdminClientError {
  if (timedOut) return new AdminClientError('timeout', 'the gateway did not answer in time', undefined, { cause });
  const { code } = cause as NodeJS.ErrnoException;
  const why: Readonly<Record<string, string>> = {
    ENOENT: 'there is no socket at the path; is the gateway running, and is the path the one of its configuration',
    ECONNREFUSED: 'nobody listens on the socket; start the gateway',
    EACCES: 'you may not open the socket; it is for the user that the gateway runs as',
  };
  return new AdminClientError(
    'unreachable',
    why[code ?? ''] ?? `the gateway could not be reached (${code ?? 'unknown reason'})`,
    undefined,
    {
      cause,
    },
  );
}
