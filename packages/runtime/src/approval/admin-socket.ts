import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Principal } from '@sqlwarden/core';
import { type AdminProblem, type DecisionBody, readDecisionBody, requestSummary, requestView } from './admin-api.js';
import { listenPrivately } from './private-socket.js';
import type { ApprovalStore, DecisionAnswer } from './store.js';

/** Who a token belongs to, or why it is not accepted; the message may be shown to who sent it. */
export type TokenVerification =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly code: string; readonly message: string };

export interface AdminSocketOptions {
  /** Where the unix socket is to be. */
  readonly path: string;
  readonly approvals: Pick<ApprovalStore, 'pending' | 'get' | 'decide'>;
  readonly verify: (token: string) => Promise<TokenVerification>;
  /** Milliseconds since the epoch; the same clock as the store's. Default the system's. */
  readonly now?: () => number;
  /** What an operator must hear of; never a statement, a value or a token. */
  readonly onTrouble?: (error: Error) => void;
}

export interface AdminSocket {
  /** Takes no more requests, cuts those under way and removes the socket. */
  close(): Promise<void>;
}

const MAX_HEADER_BYTES = 32 * 1024;
const MAX_BODY_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 64;
const HEADERS_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;

/**
 * Serves the approvers' interface: HTTP/1.1 with JSON over a unix socket of mode 0600. Reading is for whoever may open the socket; a
 * decision needs a token of the approver's own. Rejects with a `PrivateSocketError`.
 */
export async function openAdminSocket(options: AdminSocketOptions): Promise<AdminSocket> {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      answer(request, options)
        .catch((error: unknown): Answer => unexpected(error, options))
        .then((given) => send(response, given))
        .catch(() => response.destroy());
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_TIMEOUT_MS;
  await listenPrivately(server, options.path);
  // Errors of single connections are theirs; an error of the listener itself must not end the process.
  server.on('error', (error) => options.onTrouble?.(error));
  return { close: () => closeServer(server) };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function problem(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body: { code, message } satisfies AdminProblem, headers };
}

function unexpected(error: unknown, options: AdminSocketOptions): Answer {
  options.onTrouble?.(error instanceof Error ? error : new Error('the admin socket failed'));
  return problem(500, 'internal-error', 'the request could not be answered; see the log of the gateway');
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': bytes.length,
    'cache-control': 'no-store',
    // A body that was not read would be taken for the next request.
    connection: 'close',
    ...headers,
  });
  response.end(bytes);
}

const ROUTE = /^\/v1\/(?:(?<list>pending)|requests\/(?<id>[a-z0-9]{1,32})(?<decision>\/decision)?)$/;

async function answer(request: IncomingMessage, options: AdminSocketOptions): Promise<Answer> {
  const route = ROUTE.exec(request.url ?? '')?.groups;
  if (route === undefined) return problem(404, 'not-found', 'there is no such resource; see /v1/pending');
  const method = route['decision'] === undefined ? 'GET' : 'POST';
  if (request.method !== method) return problem(405, 'method-not-allowed', `use ${method} here`, { allow: method });
  const id = route['id'];
  if (id === undefined) return { status: 200, body: { requests: options.approvals.pending().map(requestSummary) } };
  if (method === 'POST') return decision(request, id, options);
  const found = options.approvals.get(id);
  return found === undefined ? unknownRequest() : { status: 200, body: { request: requestView(found) } };
}

function unknownRequest(): Answer {
  return problem(404, 'request-unknown', 'there is no such open request; it may have been decided, have expired or been withdrawn');
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

async function decision(request: IncomingMessage, id: string, options: AdminSocketOptions): Promise<Answer> {
  const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) return unauthorised('token-missing', 'present your own token as "authorization: bearer …"');
  // A form that a browser could send across sites is not json.
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers['content-type'] ?? ''))
    return problem(415, 'content-type', 'send the decision as application/json');
  const json = await readBody(request);
  if (json === undefined) return problem(413, 'too-large', `the body may have ${MAX_BODY_BYTES} bytes of utf-8`);
  const body = readDecisionBody(json);
  if (typeof body === 'string') return problem(400, 'bad-request', body);
  const verified = await options.verify(token);
  if (!verified.ok) return unauthorised('token-refused', verified.message);
  return decide(id, body, { principal: verified.principal, token }, options);
}

function unauthorised(code: string, message: string): Answer {
  return problem(401, code, message, { 'www-authenticate': 'Bearer' });
}

/** The body as text; `undefined` when it is too long or not UTF-8. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Leaving the loop early must leave the connection open for the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    return undefined;
  }
}

interface Approver {
  readonly principal: Principal;
  readonly token: string;
}

function decide(id: string, body: DecisionBody, approver: Approver, options: AdminSocketOptions): Answer {
  const found = options.approvals.get(id);
  if (found === undefined) return unknownRequest();
  if (body.digest !== undefined && body.digest !== found.digest)
    return problem(409, 'digest-mismatch', 'the request is not the one that you have seen; look at it again');
  const made = {
    decision: body.decision,
    approver: approver.principal,
    token: approver.token,
    at: (options.now ?? Date.now)(),
    ...(body.comment === undefined ? {} : { comment: body.comment }),
  };
  try {
    return decided(options.approvals.decide(id, made));
  } catch (error) {
    options.onTrouble?.(error instanceof Error ? error : new Error('a decision could not be recorded'));
    return problem(503, 'ledger-unavailable', 'the decision could not be recorded and does not count; try again');
  }
}

type ProblemCode = Extract<DecisionAnswer, { kind: 'refused' }>['problem']['code'];

const STATUS = {
  'request-unknown': 404,
  'request-ended': 409,
  'request-expired': 409,
  'request-pending': 409,
  'digest-mismatch': 409,
  'approver-expired': 401,
  'approver-unproven': 403,
  'approver-not-a-person': 403,
  'approver-delegated': 403,
  'approver-is-requester': 403,
  'approver-not-in-group': 403,
  'approver-decided': 409,
} as const satisfies Record<ProblemCode, number>;

function decided(result: DecisionAnswer): Answer {
  if (result.kind === 'decided') return { status: 200, body: { request: requestView(result.request) } };
  return problem(STATUS[result.problem.code], result.problem.code, result.problem.message);
}
