import { parties, type Party, type Principal } from './principal.js';

/** What a revocation speaks of. Every key that is given must fit; at least one of them is there, and `issuer` never alone. */
export interface RevocationTarget {
  /** Of the party or token that the other keys speak of; without it, of any issuer. */
  readonly issuer?: string;
  /** The id of a party: the subject, or anybody who acts for it. */
  readonly subject?: string;
  /** The id or the name of an agent, as the subject or as an actor: an agent of a token exchange is called by the name in its configuration. */
  readonly agent?: string;
  /** The `jti` of a token. */
  readonly tokenId?: string;
  /** Tokens that were issued earlier, in milliseconds since the epoch; one that does not say when it was issued counts as earlier. */
  readonly issuedBefore?: number;
}

/** Identities that are not let in any more. */
export interface Revocation extends RevocationTarget {
  /** Short enough to type; unique within its source. */
  readonly id: string;
  /** Milliseconds since the epoch: it ends then. Absent: it does not end. */
  readonly until?: number;
  readonly reason?: string;
}

/** True from the millisecond `until` on. */
export function isRevocationOver({ until }: Revocation, now: number): boolean {
  return until !== undefined && now >= until;
}

/**
 * Whether a revocation speaks of a principal. It is meant to keep somebody out, so that everybody in the chain counts, proven or not, and what
 * is not known counts as fitting.
 */
export function isRevokedBy(principal: Principal, revocation: RevocationTarget): boolean {
  const { issuer, subject, agent, tokenId, issuedBefore } = revocation;
  const fits = (party: Party): boolean => issuer === undefined || party.issuer === issuer;
  const chain = parties(principal);
  if (subject !== undefined && !chain.some((party) => party.id === subject && fits(party))) return false;
  if (agent !== undefined && !chain.some((party) => isAgentCalled(agent, party) && fits(party))) return false;
  if (tokenId !== undefined && principal.tokenId !== tokenId) return false;
  if (issuedBefore !== undefined && principal.issuedAt !== undefined && principal.issuedAt >= issuedBefore) return false;
  if (subject === undefined && agent === undefined && !chain.some(fits) && !isOf(principal, issuer)) return false;
  return subject !== undefined || agent !== undefined || tokenId !== undefined || issuedBefore !== undefined;
}

function isAgentCalled(idOrName: string, { kind, id, name }: Party): boolean {
  return kind === 'agent' && (id === idOrName || name === idOrName);
}

function isOf({ exchangedBy }: Principal, issuer: string | undefined): boolean {
  return exchangedBy !== undefined && exchangedBy === issuer;
}

/** For people, on one line; escape it before it goes to a terminal. */
export function describeRevocation(revocation: Revocation): string {
  const { id, subject, agent, tokenId, issuer, issuedBefore, until, reason } = revocation;
  const what = [
    ...(subject === undefined ? [] : [`subject ${subject}`]),
    ...(agent === undefined ? [] : [`agent ${agent}`]),
    ...(tokenId === undefined ? [] : [`token ${tokenId}`]),
    ...(issuer === undefined ? [] : [`of ${issuer}`]),
    ...(issuedBefore === undefined ? [] : [`issued before ${new Date(issuedBefore).toISOString()}`]),
  ].join(' ');
  const end = until === undefined ? '' : ` until ${new Date(until).toISOString()}`;
  return `${id}: ${what}${end}${reason === undefined ? '' : ` (${reason})`}`;
}
