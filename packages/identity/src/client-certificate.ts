import type { PartyKind, Principal } from '@sqlwarden/core';
import { spiffeIdProblem } from './spiffe-id.js';

/** The issuer of certificate subjects that say no other. */
export const CERTIFICATE_ISSUER = 'urn:sqlwarden:certificates';

/** A client certificate whose chain, times and revocation were checked by TLS. */
export interface ClientCertificate {
  /** Every common name of the subject. */
  readonly commonNames: readonly string[];
  /** Every URI of the subject alternative name. */
  readonly uris: readonly string[];
  /** It may sign other certificates (`cA` of RFC 5280 section 4.2.1.9). */
  readonly isAuthority: boolean;
  /** RFC 5280 section 4.2.1.3; absent when the certificate does not say. */
  readonly keyUsage?: readonly KeyUsage[] | undefined;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

/** The bits of `KeyUsage` in their order (RFC 5280 section 4.2.1.3). */
export const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsage = (typeof KEY_USAGES)[number];

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
 * Why a certificate that names a SPIFFE ID is no X.509-SVID of a workload ("X.509-SVID" of SPIFFE, sections 2, 4 and 5.2); `undefined` when it is one,
 * or names none. Its chain is not looked at. Never quotes the certificate.
 */
export function svidProblem({ uris, isAuthority, keyUsage }: ClientCertificate): string | undefined {
  if (!uris.some((uri) => SPIFFE_SCHEME.test(uri))) return undefined;
  const [id = ''] = uris;
  if (uris.length !== 1) return 'it has more than one URI';
  const problem = spiffeIdProblem(id);
  if (problem !== undefined) return `its URI ${problem}`;
  if (isAuthority) return 'it is the certificate of an authority';
  if (keyUsage?.includes('digitalSignature') !== true) return 'its key is not for digital signatures';
  if (keyUsage.includes('keyCertSign') || keyUsage.includes('cRLSign')) return 'its key is for signing certificates';
  return undefined;
}

const SPIFFE_SCHEME = /^spiffe:/i;

/**
 * Who a certificate stands for: the first subject that fits. `undefined` when none does, or when the certificate names several (RFC 9525 section 6.3
 * lets nobody rely on which common name is meant), or names a SPIFFE ID and is no X.509-SVID.
 */
export function principalOfCertificate(certificate: ClientCertificate, subjects: readonly CertificateSubject[]): Principal | undefined {
  if (svidProblem(certificate) !== undefined) return undefined;
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
  { kind, groups = [], name, issuer, id }: CertificateSubject,
  matched: string,
  certificate: ClientCertificate,
): Principal {
  // Proven, whichever name the party is known by: what has such a URI is an X.509-SVID, and has no other.
  const spiffeId = certificate.uris.find((uri) => SPIFFE_SCHEME.test(uri));
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
    ...(spiffeId === undefined ? {} : { workload: { spiffeId } }),
    proof: { subject: 'mtls', groups: 'mtls', actors: 'mtls', ...(spiffeId === undefined ? {} : { workload: 'mtls' as const }) },
    expiresAt: certificate.notAfter,
  };
}
