export { readRetained } from './checkpoint-files.js';
export { Ledger } from './ledger.js';
export type { LedgerOptions } from './ledger-options.js';
export { LedgerError, type LedgerErrorCode } from './ledger-error.js';
export { sha256, verifyEd25519 } from './node-crypto.js';
export { fileSigner, type Signer } from './signer.js';
export { EXIT_CODES, type Finding, type FindingCode, FINDINGS, type Severity, type VerifyReport } from './verify/report.js';
export { verifyLedger, type VerifyOptions } from './verify/verify-ledger.js';
export { exportProof, type ProvenEntry, verifyProof } from './proof.js';
export { type LedgerEntry, ledgerSize, readEntries, readEntry, type ReadOptions, tail, type TailOptions } from './read.js';
export type {
  ApprovalAccount,
  CommitState,
  DecisionAccount,
  DoneOutcome,
  OutcomeAccount,
  StatementAccount,
  StatementResultAccount,
} from './query/account.js';
export { describePrincipal, formatWhy } from './query/format-why.js';
export { type DecidedEntry, type ReadContext, ReadContexts } from './query/read-context.js';
export { accountOf, isIdentity, search, type SearchFilter } from './query/search.js';
export type { Touch } from './query/touches.js';
export {
  why,
  type WhyAnswer,
  type WhyOptions,
  type WhyQuestion,
  type WhySchemaChange,
  type WhyStatement,
  type WhyTotals,
} from './query/why.js';
