export { readRetained } from './checkpoint-files.js';
export { SEGMENT_ENTRIES } from './layout.js';
export { Ledger } from './ledger.js';
export type { LedgerOptions } from './ledger-options.js';
export { LedgerError, type LedgerErrorCode } from './ledger-error.js';
export { sha256, verifyEd25519 } from './node-crypto.js';
export type { Erasure, Range } from './erasure.js';
export { selectEntries, type Selection } from './select-entries.js';
export type { RetentionRule } from './retention.js';
export { readRetention, type Retention } from './retention-file.js';
export { CommandKeys, type CommandKeysOptions } from './command-keys.js';
export { FileKeys, fileSigner } from './file-keys.js';
export { KeyEpochs, readRotations } from './key-epochs.js';
export { type Keyring, keyringOf, type Signer } from './signer.js';
export { EXIT_CODES, type Finding, type FindingCode, FINDINGS, type Severity, type VerifyReport } from './verify/report.js';
export { verifyLedger, type VerifyOptions } from './verify/verify-ledger.js';
export { exportProof, type ProvenEntry, verifyProof } from './proof.js';
export { ledgerSize } from './entry-bytes.js';
export { firstEntry } from './first-entry.js';
export { type LedgerEntry, readEntries, readEntry, type ReadOptions, tail, type TailOptions } from './read.js';
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
export { formatReadReport } from './query/format-read-report.js';
export { readReport, type ReadColumn, type ReadReport, type ReadTable, type ReportQuestion, type Span } from './query/read-report.js';
export { isIdentity } from './query/identity-names.js';
export { accountOf, search, type SearchFilter, type SearchOptions } from './query/search.js';
export { type IndexUse, newIndexUse, type QueryOptions } from './query/unit-source.js';
export { checkIndex, type IndexCheck, indexFullSegments, type IndexOptions, type IndexReport } from './index-files/index-segments.js';
export { namedBefore } from './index-files/named-before.js';
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
export { formatLine } from './sinks/format-line.js';
export { openSink } from './sinks/open-sink.js';
export { assertOtlpInstalled } from './sinks/otlp-sink.js';
export { lowestSinkCursor, type SinkCursor, sinkCursors } from './sinks/sink-cursor.js';
export type { SinkEntry } from './sinks/sink-entry.js';
export { signedEntries } from './sinks/signed-range.js';
export { SinkFollower, type SinkStatus } from './sinks/sink-follower.js';
export { SINK_FORMATS, type SinkFormat, type SinkOptions } from './sinks/sink-options.js';
export { signedSize } from './entry-bytes.js';
