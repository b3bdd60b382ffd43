import { type Principal, unreachable } from '@sqlwarden/core';
import { type AdminAnswer, adminProblem } from './admin-answer.js';
import { type DecisionBody, readDecisionBody, requestSummary, requestView, type SessionSummary } from './admin-api.js';
import { answerOperator, type Operations, type OperatorRoute } from './operator-answers.js';
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
  /** Absent: this host has none. */
  readonly operations?: Operations;
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

export const MAX_BODY_BYTES = 16 * 1024;

/** What a request is for. */
export type AdminRoute =
  | { readonly of: 'pending' | 'sessions' | 'revocations' }
  | { readonly of: 'request' | 'decision'; readonly id: string }
  | OperatorRoute;

const ROUTES: readonly { readonly method: 'GET' | 'POST'; readonly path: RegExp; readonly of: AdminRoute['of'] }[] = [
  { method: 'GET', path: /^\/v1\/pending$/, of: 'pending' },
  { method: 'GET', path: /^\/v1\/sessions$/, of: 'sessions' },
  { method: 'GET', path: /^\/v1\/revocations$/, of: 'revocations' },
  { method: 'GET', path: /^\/v1\/requests\/([a-z0-9]{1,32})$/, of: 'request' },
  { method: 'POST', path: /^\/v1\/requests\/([a-z0-9]{1,32})\/decision$/, of: 'decision' },
  { method: 'POST', path: /^\/v1\/revocations$/, of: 'revoke' },
  { method: 'POST', path: /^\/v1\/revocations\/([a-z0-9-]{1,32})\/lift$/, of: 'lift' },
  { method: 'POST', path: /^\/v1\/sessions\/([a-z0-9-]{1,64})\/kill$/, of: 'kill' },
  { method: 'POST', path: /^\/v1\/reload$/, of: 'reload' },
  { method: 'POST', path: /^\/v1\/ledger$/, of: 'upkeep' },
];

/** What a request is for; else why the interface has nothing for it. */
export function adminRoute({ method, url }: Pick<AdminRequest, 'method' | 'url'>): AdminRoute | AdminAnswer {
  const fitting = ROUTES.filter(({ path }) => path.test(url));
  if (fitting.length === 0) return adminProblem(404, 'not-found', 'there is no such resource; see /v1/pending');
  const route = fitting.find((one) => one.method === method);
  if (route === undefined) {
    const allow = fitting.map((one) => one.method).join(', ');
    return adminProblem(405, 'method-not-allowed', `use ${allow} here`, { allow });
  }
  return { of: route.of, id: route.path.exec(url)?.[1] } as AdminRoute;
}

/** Answers one request; never rejects for what was asked. */
export async function answerAdmin(request: AdminRequest, sources: AdminSources): Promise<AdminAnswer> {
  const route = adminRoute(request);
  if ('status' in route) return route;
  switch (route.of) {
    case 'pending':
      return { status: 200, body: { requests: sources.approvals.pending().map(requestSummary) } };
    case 'sessions':
      return { status: 200, body: { sessions: sources.sessions?.() ?? [] } };
    case 'revocations':
      return { status: 200, body: { revocations: sources.operations?.revocations() ?? [] } };
    case 'request': {
      const found = sources.approvals.get(route.id);
      return found === undefined ? unknownRequest() : { status: 200, body: { request: requestView(found) } };
    }
    case 'decision':
      return withBody(request, sources, (body, approver) => {
        const read = readDecisionBody(body);
        return typeof read === 'string' ? adminProblem(400, 'bad-request', read) : decide(route.id, read, approver, sources);
      });
    case 'revoke':
    case 'lift':
    case 'kill':
    case 'reload':
    case 'upkeep':
      return withBody(request, sources, (body, by) => operated(route, body, by.principal, sources));
    default:
      return unreachable(route);
  }
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

/** For who is proven by a token of their own. */
async function withBody(
  request: AdminRequest,
  sources: AdminSources,
  answer: (body: string, by: Bearer) => AdminAnswer | Promise<AdminAnswer>,
): Promise<AdminAnswer> {
  const token = BEARER.exec(request.authorization ?? '')?.[1];
  if (token === undefined) return unauthorised('token-missing', 'present your own token as "authorization: bearer …"');
  // A form that a browser could send across sites is not json.
  if (!/^application\/json\s*(?:;|$)/i.test(request.contentType ?? ''))
    return adminProblem(415, 'content-type', 'send the decision as application/json');
  if (typeof request.body !== 'string') return adminProblem(413, 'too-large', `the body may have ${MAX_BODY_BYTES} bytes of utf-8`);
  const verified = await sources.verify(token);
  if (!verified.ok) return unauthorised('token-refused', verified.message);
  return answer(request.body, { principal: verified.principal, token });
}

async function operated(route: OperatorRoute, json: string, by: Principal, sources: AdminSources): Promise<AdminAnswer> {
  const { operations, now = Date.now, onTrouble } = sources;
  if (operations === undefined) return adminProblem(404, 'not-found', 'there is no such resource; see /v1/pending');
  let body: unknown;
  try {
    body = JSON.parse(json);
  } catch {
    return adminProblem(400, 'bad-request', 'the body must be json');
  }
  try {
    return await answerOperator(route, body, by, operations, now());
  } catch (error) {
    onTrouble?.(error instanceof Error ? error : new Error('what an operator asked for could not be recorded'));
    return adminProblem(503, 'not-recorded', 'it could not be recorded or kept, and was not done; see the log of the gateway');
  }
}

function unauthorised(code: string, message: string): AdminAnswer {
  return adminProblem(401, code, message, { 'www-authenticate': 'Bearer' });
}

/** Who presented a token. */
interface Bearer {
  readonly principal: Principal;
  readonly token: string;
}

function decide(id: string, body: DecisionBody, approver: Bearer, sources: AdminSources): AdminAnswer {
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
