import type { Principal } from '../identity/principal.js';
import type { ApprovalRequirement } from '../policy/verdict.js';

/**
 * A held unit and what people decide about it. The request is bound by its digest to the exact text, the values, the requester, the
 * session state and the policy; when any of them differs at execution the approval is void.
 */
export interface ApprovalSubject {
  readonly upstream: string;
  readonly dialect: string;
  readonly database: string;
  readonly text: string;
  /** Bound values with their types and formats; base64 of the bytes, `null` for SQL NULL. */
  readonly parameters: readonly { readonly typeId: number; readonly format: 'text' | 'binary'; readonly value: string | null }[];
  readonly state: { readonly role: string; readonly searchPath: readonly string[]; readonly lexical: Readonly<Record<string, string>> };
  readonly requester: Principal;
  /** Why, as the requester says: what is approved for one ticket is not approved for another. Absent when nothing was said. */
  readonly asserted?: { readonly purpose?: string; readonly ticket?: string };
  readonly policyDigest: string;
  /** Of the relations that the unit touches, so that a changed table voids the approval. */
  readonly schemaDigest: string;
}

/**
 * `approved` may still be used once before it expires. Ended for good: `rejected`, `expired`, `withdrawn` (the requester is gone), `used`,
 * and `void` (what would have run was no longer what had been approved, or the decision could not be recorded).
 */
export type ApprovalState = 'pending' | 'approved' | 'rejected' | 'expired' | 'withdrawn' | 'used' | 'void';

/** One person's decision, with the proof of who it was. */
export interface ApprovalDecision {
  readonly decision: 'approve' | 'reject';
  readonly approver: Principal;
  /** The verified token (compact JWS), kept so that anybody with the issuer's key can check it again. */
  readonly token: string;
  readonly at: number;
  readonly comment?: string;
}

export interface ApprovalRequest {
  /** Short enough to type. */
  readonly id: string;
  /** What the approval is bound to: `approvalDigest` of the subject, in hex. */
  readonly digest: string;
  readonly subject: ApprovalSubject;
  readonly requirement: ApprovalRequirement;
  readonly requestedAt: number;
  readonly expiresAt: number;
  readonly state: ApprovalState;
  readonly decisions: readonly ApprovalDecision[];
}
