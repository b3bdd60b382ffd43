import type { PartyKind, Principal } from '@sqlwarden/core';

/** The issuer of certificate subjects that say no other. */
export const CERTIFICATE_ISSUER = 'urn:sqlwarden:certificates';

/** A client certificate whose chain, times and revocation were checked by TLS. */
export interface ClientCertificate {
  /** Every common name of the subject. */
  readonly commonNames: readonly string[];
  /** Every URI of the subject alternative name. */
  readonly uris: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

/** Who certificates stand for: those that fit `uri` or `commonName`, of which exactly one is given. `*` stands for a run of characters but `/`. */
export interface CertificateSubject {
  readonly uri?: string;
  readonly commonName?: string;
  readonly kind: PartyKind;
  readonly groups?: readonly string[];
  /** For people to read. */
  readonly name?: string;
  /** Who this is where the same party has tokens too. `id` only where a single certificate is meant: by default it is what was matched. */
  readonly issuer?: string;
  readonly id?: string;
}

/**
 * Who a certificate stands for: the first subject that fits. `undefined` when none does, or when the certificate names several (RFC 9525 section 6.3
 * lets nobody rely on which common name is meant; a SPIFFE identity has exactly one URI).
 */
export function principalOfCertificate(certificate: ClientCertificate, subjects: readonly CertificateSubject[]): Principal | undefined {
  for (const subject of subjects) {
    const matched = matchedName(certificate, subject);
    if (matched !== undefined) return principalFor(subject, matched, certificate);
  }
  return undefined;
}

function matchedName({ commonNames, uris }: ClientCertificate, { uri, commonName }: CertificateSubject): string | undefined {
  const [pattern, names] = uri === undefined ? [commonName, commonNames] : [uri, uris];
  const [name] = names;
  if (pattern === undefined || name === undefined || names.length !== 1 || !isPlain(name)) return undefined;
  return fits(pattern, name) ? name : undefined;
}

/** A NUL or another control character in a name has been used to show one name to an authority and another to a server (CVE-2009-4034). */
function isPlain(name: string): boolean {
  return name !== '' && !/\p{Cc}/u.test(name);
}

/** Linear: each piece between two `*` is looked for once, and a `*` never reaches over a `/`. */
function fits(pattern: string, name: string): boolean {
  const patternParts = pattern.split('/');
  const nameParts = name.split('/');
  return patternParts.length === nameParts.length && patternParts.every((part, at) => partFits(part, nameParts[at] ?? ''));
}

function partFits(pattern: string, part: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces.shift() ?? '';
  const last = pieces.pop();
  if (last === undefined) return part === first;
  if (!part.startsWith(first) || !part.endsWith(last) || part.length < first.length + last.length) return false;
  // A `*` alone does not fit nothing: an empty path segment is nobody's name.
  if (part === '') return false;
  let rest = part.slice(first.length, part.length - last.length);
  for (const piece of pieces) {
    const at = rest.indexOf(piece);
    if (at < 0) return false;
    rest = rest.slice(at + piece.length);
  }
  return true;
}

function principalFor(
  { kind, groups = [], name, issuer, id, uri }: CertificateSubject,
  matched: string,
  certificate: ClientCertificate,
): Principal {
  const isWorkload = uri !== undefined && matched.startsWith('spiffe://');
  return {
    subject: {
      kind,
      issuer: issuer ?? CERTIFICATE_ISSUER,
      id: id ?? matched,
      ...(name === undefined ? {} : { name }),
      groups: [...groups],
      groupsComplete: true,
    },
    actors: [],
    ...(isWorkload ? { workload: { spiffeId: matched } } : {}),
    proof: { subject: 'mtls', groups: 'mtls', actors: 'mtls', ...(isWorkload ? { workload: 'mtls' as const } : {}) },
    expiresAt: certificate.notAfter,
  };
}
