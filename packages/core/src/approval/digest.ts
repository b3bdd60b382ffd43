import { canonicalBytes } from '../ledger/canonical.js';
import { partyKey, type Principal } from '../identity/principal.js';
import type { HashPort } from '../ports.js';
import type { ApprovalSubject } from './request.js';

/**
 * What an approval is bound to: hex of SHA-256 over the canonical JSON (RFC 8785) of the subject. Equal exactly when every field is; the
 * requester counts by who it is (parties, versions, models, workload), not by the token shown: it may come back with a newer one.
 * Throws a `CanonicalJsonError` for a subject that has no canonical form (a lone surrogate in the text): it cannot be approved.
 */
export function approvalDigest(subject: ApprovalSubject, hash: Pick<HashPort, 'sha256'>): string {
  let hex = '';
  for (const byte of hash.sha256(canonicalBytes({ ...subject, requester: whoIs(subject.requester) })))
    hex += byte.toString(16).padStart(2, '0');
  return hex;
}

function whoIs(principal: Principal): unknown {
  return {
    parties: [principal.subject, ...principal.actors].map((party) => ({
      party: partyKey(party),
      kind: party.kind,
      version: party.version ?? null,
      model: party.model ?? null,
    })),
    workload: principal.workload ?? null,
  };
}
