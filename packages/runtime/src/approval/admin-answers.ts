import { type Principal, unreachable } from '@sqlwarden/core';
import { type AdminProblem, type DecisionBody, readDecisionBody, requestSummary, requestView, type SessionSummary } from './admin-api.js';
import type { ApprovalStore, DecisionAnswer } from './store.js';

/** Who a token belongs to, or why it is not accepted; the message may be shown to who sent it. */
export type TokenVerification =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** What {@link answerAdmin} answers from. */
export interface AdminSources {
  readonly approvals: Pick<ApprovalStore, 'pending' | 'get' | 'decide'>;
  readonly verify: (token: string) => Promise<TokenVerification>;
  readonly sessions?: () => readonly SessionSummary[];
  /** Milliseconds since the epoch; the same clock as the store's. Default the system's. */
  readonly now?: () => number;
  /** What an operator must hear of; never a statement, a value or a token. */
  readonly onTrouble?: (error: Error) => void;
}

/** A request to the approvers' interface as plain data, so that the process that got it need not be the one that answers it. */
export interface AdminRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization?: string;
  readonly contentType?: string;
  /** Of a POST; `null` when it is longer than {@link MAX_BODY_BYTES} or not UTF-8. */
  readonly body?: string | null;
}

export interface AdminAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const MAX_BODY_BYTES = 16 * 1024;

/** What a path of the interface is for. */
export type AdminRoute = { readonly of: 'pending' | 'sessions' } | { readonly of: 'request' | 'decision'; readonly id: string };

const ROUTE = /^\/v1\/(?:(?<list>pending|sessions)|requests\/(?<id>[a-z0-9]{1,32})(?<decision>\/decision)?)$/;

/** `undefined`: the interface has no such path. */
export function adminRoute(url: string): AdminRoute | undefined {
  const groups = ROUTE.exec(url)?.groups;
  if (groups === undefined) return undefined;
  const { id } = groups;
  if (id === undefined) return { of: groups['list'] === 'sessions' ? 'sessions' : 'pending' };
  return { of: groups['decision'] === undefined ? 'request' : 'decision', id };
}

/** Answers one request; never rejects for what was asked. */
export async function answerAdmin(request: AdminRequest, sources: AdminSources): Promise<AdminAnswer> {
  const route = adminRoute(request.url);
  if (route === undefined) return adminProblem(404, 'not-found', 'there is no such resource; see /v1/pending');
  const method = route.of === 'decision' ? 'POST' : 'GET';
  if (request.method !== method) return adminProblem(405, 'method-not-allowed', `use ${method} here`, { allow: method });
  switch (route.of) {
    case 'pending':
      return { status: 200, body: { requests: sources.approvals.pending().map(requestSummary) } };
    case 'sessions':
      return { status: 200, body: { sessions: sources.sessions?.() ?? [] } };
    case 'decision':
      return decision(request, route.id, sources);
    case 'request': {
      const found = sources.approvals.get(route.id);
      return found === undefined ? unknownRequest() : { status: 200, body: { request: requestView(found) } };
    }
    default:
      return unreachable(route);
  }
}

export function adminProblem(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): AdminAnswer {
  return { status, body: { code, message } satisfies AdminProblem, headers };
}

export function unexpectedAdmin(error: unknown, onTrouble: ((error: Error) => void) | undefined): AdminAnswer {
  onTrouble?.(error instanceof Error ? error : new Error('the admin socket failed'));
  return adminProblem(500, 'internal-error', 'the request could not be answered; see the log of the gateway');
}

/** Nobody here knows the request. */
export function unknownRequest(): AdminAnswer {
  return adminProblem(404, 'request-unknown', 'there is no such open request; it may have been decided, have expired or been withdrawn');
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

async function decision(request: AdminRequest, id: string, sources: AdminSources): Promise<AdminAnswer> {
  const token = BEARER.exec(request.authorization ?? '')?.[1];
  if (token === undefined) return unauthorised('token-missing', 'present your own token as "authorization: bearer …"');
  // A form that a browser could send across sites is not json.
  if (!/^application\/json\s*(?:;|$)/i.test(request.contentType ?? ''))
    return adminProblem(415, 'content-type', 'send the decision as application/json');
  if (typeof request.body !== 'string') return adminProblem(413, 'too-large', `the body may have ${MAX_BODY_BYTES} bytes of utf-8`);
  const body = readDecisionBody(request.body);
  if (typeof body === 'string') return adminProblem(400, 'bad-request', body);
  const verified = await sources.verify(token);
  if (!verified.ok) return unauthorised('token-refused', verified.message);
  return decide(id, body, { principal: verified.principal, token }, sources);
}

function unauthorised(code: string, message: string): AdminAnswer {
  return adminProblem(401, code, message, { 'www-authenticate': 'Bearer' });
}

interface Approver {
  readonly principal: Principal;
  readonly token: string;
}

function decide(id: string, body: DecisionBody, approver: Approver, sources: AdminSources): AdminAnswer {
  const found = sources.approvals.get(id);
  if (found === undefined) return unknownRequest();
  if (body.digest !== undefined && body.digest !== found.digest)
    return adminProblem(409, 'digest-mismatch', 'the request is not the one that you have seen; look at it again');
  const made = {
    decision: body.decision,
    approver: approver.principal,
    token: approver.token,
    at: (sources.now ?? Date.now)(),
    ...(body.comment === undefined ? {} : { comment: body.comment }),
  };
  try {
    return decided(sources.approvals.decide(id, made));
  } catch (error) {
    sources.onTrouble?.(error instanceof Error ? error : new Error('a decision could not be recorded'));
    return adminProblem(503, 'ledger-unavailable', 'the decision could not be recorded and does not count; try again');
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

function decided(result: DecisionAnswer): AdminAnswer {
  if (result.kind === 'decided') return { status: 200, body: { request: requestView(result.request) } };
  return adminProblem(STATUS[result.problem.code], result.problem.code, result.problem.message);
}
