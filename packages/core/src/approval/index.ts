export * from './request.js';
export { approvalDigest } from './digest.js';
export { approvalsMissing, consume, decide, endRequest, isRequestExpired } from './decide.js';
export type { ApprovalCause, ApprovalProblem, ApprovalProblemCode, ApprovalStep } from './decide.js';
export { ineligibility } from './eligibility.js';
export type { Ineligible, IneligibleCode } from './eligibility.js';
