import type { ApprovalRequest, ApprovalState, ApprovalSubject, Principal } from '@sqlwarden/core';

/** The JSON of the approvers' interface, version 1: what the admin socket answers and the command reads. */

/** A decision as others see it; the token that proved it stays in the ledger. */
export interface DecisionView {
  readonly decision: 'approve' | 'reject';
  readonly approver: { readonly issuer: string; readonly id: string; readonly name?: string };
  /** Milliseconds since the epoch, as everywhere here. */
  readonly at: number;
  readonly comment?: string;
}

/** A request in a list. */
export interface RequestSummary {
  readonly id: string;
  readonly digest: string;
  readonly state: ApprovalState;
  readonly upstream: string;
  readonly database: string;
  readonly requester: Principal;
  /** Why, as the requester says; proven by nobody. */
  readonly asserted?: ApprovalSubject['asserted'];
  /** The statement, or its beginning. It is the requester's: escape it before it goes to a terminal or a page. */
  readonly text: string;
  readonly textCut: boolean;
  readonly rule: string;
  readonly groups: readonly string[];
  readonly people: number;
  readonly requestedAt: number;
  readonly expiresAt: number;
  readonly decisions: readonly DecisionView[];
}

/** A request with everything that its digest stands for. */
export interface RequestView extends RequestSummary {
  readonly subject: ApprovalSubject;
}

/** What a session does now; no text of a statement is in it. */
export interface SessionActivity {
  /** `held`: its next unit waits for an approval. `running`: the server has it. */
  readonly kind: 'held' | 'running';
  /** The request that it waits for. */
  readonly request?: string;
  /** Of each statement of the unit. */
  readonly statements?: readonly { readonly action: string; readonly relations: readonly string[] }[];
  readonly forMs?: number;
}

/** One client that is connected. */
export interface SessionSummary {
  readonly id: string;
  readonly upstream: string;
  /** Absent until the client has logged in. */
  readonly principal?: Principal;
  /** The client's transport address. */
  readonly client: string;
  readonly openedAt: number;
  /** `idle`: nothing of it runs, and no transaction of it is open. */
  readonly state: 'login' | 'idle' | 'active';
  /** Absent: nothing of it runs or waits. */
  readonly activity?: SessionActivity;
  /** Which worker serves it, where there are several. */
  readonly worker?: string;
}

/** What an approver sends. */
export interface DecisionBody {
  readonly decision: 'approve' | 'reject';
  readonly comment?: string;
  /** The digest of the request that the approver has seen. When given, the request must still be that one. */
  readonly digest?: string;
}

/** Every answer that is not 200. */
export interface AdminProblem {
  /** Stable; match on it. */
  readonly code: string;
  /** For people: lower case, no full stop. */
  readonly message: string;
}

/** UTF-16 units of a text in a list. */
const SUMMARY_TEXT = 2000;

export function requestSummary(request: ApprovalRequest): RequestSummary {
  const { id, digest, state, subject, requirement, requestedAt, expiresAt } = request;
  return {
    id,
    digest,
    state,
    upstream: subject.upstream,
    database: subject.database,
    requester: subject.requester,
    text: subject.text.slice(0, SUMMARY_TEXT),
    textCut: subject.text.length > SUMMARY_TEXT,
    ...(subject.asserted === undefined ? {} : { asserted: subject.asserted }),
    rule: requirement.rule,
    groups: requirement.groups,
    people: requirement.people,
    requestedAt,
    expiresAt,
    decisions: request.decisions.map(decisionView),
  };
}

export function requestView(request: ApprovalRequest): RequestView {
  return { ...requestSummary(request), text: request.subject.text, textCut: false, subject: request.subject };
}

function decisionView({ decision, approver, at, comment }: ApprovalRequest['decisions'][number]): DecisionView {
  const { issuer, id, name } = approver.subject;
  return {
    decision,
    approver: { issuer, id, ...(name === undefined ? {} : { name }) },
    at,
    ...(comment === undefined ? {} : { comment }),
  };
}

const MAX_COMMENT = 2000;
const LONE_SURROGATE = /\p{Cs}/u;
const BODY_KEYS: ReadonlySet<string> = new Set(['decision', 'comment', 'digest']);

/** Reads a decision; a string says what is wrong with it. */
export function readDecisionBody(json: string): DecisionBody | string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return 'the body must be json';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'the body must be an object';
  if (Object.keys(value).some((key) => !BODY_KEYS.has(key))) return 'the body may have "decision", "comment" and "digest" only';
  const { decision, comment, digest } = value as Readonly<Record<string, unknown>>;
  if (decision !== 'approve' && decision !== 'reject') return '"decision" must be "approve" or "reject"';
  if (comment !== undefined && (typeof comment !== 'string' || comment.length > MAX_COMMENT || LONE_SURROGATE.test(comment)))
    return `"comment" must be a text of at most ${MAX_COMMENT} characters`;
  if (digest !== undefined && (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest))) return '"digest" must be 64 hex digits';
  return { decision, ...(comment === undefined || comment === '' ? {} : { comment }), ...(digest === undefined ? {} : { digest }) };
}
