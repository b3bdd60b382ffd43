export * from './event.js';
export { decodeBase64, encodeBase64 } from './base64.js';
export {
  canonicalBytes,
  canonicalJson,
  CanonicalJsonError,
  canonicalString,
  type UndefinedProperties,
} from './canonical.js';
export { commitmentTo, disclosedBytes, disclosedValue, openedBy, opensCommitment, SALT_BYTES } from './commitment.js';
export { commitmentsOf, type NamedCommitment } from './commitments-of.js';
export { rotationText } from './key-rotation.js';
export {
  consistencyProof,
  emptyRoot,
  equalBytes,
  HASH_BYTES,
  inclusionProof,
  leafHash,
  MerkleFrontier,
  nodeHash,
  type NodeListener,
  rootOf,
  type Sha256,
  type SubtreeSource,
  type TreeHead,
  verifyConsistency,
  verifyInclusion,
} from './merkle.js';
export {
  type Checkpoint,
  ED25519_TYPE,
  formatCheckpoint,
  formatNote,
  formatVerifierKey,
  NoteError,
  type NoteErrorCode,
  noteKeyId,
  type NoteSignature,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  type SignedNote,
  verifierKey,
  type VerifierKey,
  type VerifyEd25519,
  verifyNote,
} from './note.js';
export { needsIntent } from './needs-intent.js';
export { LEDGER_EVENT_FIELDS, LedgerEventError, type LedgerEventErrorCode, parseEvent } from './validate-event.js';
