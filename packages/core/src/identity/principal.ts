/**
 * Who is behind a statement. A principal belongs to one login (sidecar) or one lease (library); a renewal can
 * only put one in its place that is the same but for its end (`renewalProblem`).
 * Rights are the intersection of what the subject and every actor may do.
 */

/** How a field of a principal was proven. `asserted` means that somebody said so and nobody vouched for it. */
export type Proof = 'token' | 'mtls' | 'password' | 'kubernetes' | 'exchange' | 'asserted';

export type PartyKind = 'person' | 'service' | 'agent';

/** A person, service or agent. The identity is `issuer` + `id`, never a name or an e-mail address. */
export interface Party {
  readonly kind: PartyKind;
  /** The issuer's identifier, exactly as in its tokens (RFC 7519 section 4.1.1). */
  readonly issuer: string;
  /** Immutable within the issuer (RFC 7519 `sub`, or what the issuer's preset says instead). */
  readonly id: string;
  /** For people to read; never compared. */
  readonly name?: string;
  readonly groups: readonly string[];
  /** False when the issuer may have left groups out of the token: rules that need "not in group" must not match then. */
  readonly groupsComplete: boolean;
  /** Groups that it is in and has given up for this token: they grant nothing, and still count where a rule takes something away. */
  readonly unusedGroups?: readonly string[];
  /** The model behind an agent; proven as the field `model` says. */
  readonly model?: Model;
  /** An agent's own version; proven as the field `model` says. */
  readonly version?: string;
}

/** A model behind an agent. */
export interface Model {
  readonly provider?: string;
  readonly name: string;
  readonly version?: string;
  readonly digest?: string;
}

/** One link of the chain that acts for the subject (RFC 8693 section 4.1). */
export type Actor = Party;

export interface Workload {
  readonly spiffeId?: string;
  readonly cluster?: string;
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly pod?: string;
  /** A pod that is made again under the same name has another one. */
  readonly podUid?: string;
  readonly node?: string;
  readonly imageDigest?: string;
}

export interface Run {
  readonly conversation?: string;
  readonly trainingRun?: string;
  readonly job?: string;
}

/**
 * The fields of a principal that carry a proof of their own. `groups` is that of every party; `model` is that of every party's model and
 * version.
 */
export type PrincipalField = 'subject' | 'groups' | 'actors' | 'model' | 'workload' | 'run';

export interface Principal {
  readonly subject: Party;
  /** Outermost (the one who acts now) first; empty when the subject acts itself. */
  readonly actors: readonly Actor[];
  readonly workload?: Workload;
  readonly run?: Run;
  /** How each field that is present was proven. A field without an entry is unproven. */
  readonly proof: Readonly<Partial<Record<PrincipalField, Proof>>>;
  /** Milliseconds since the epoch; checked at every statement. */
  readonly expiresAt: number;
  /** The token's `jti`, when it has one. */
  readonly tokenId?: string;
  /**
   * When the token was issued (`iat`), in milliseconds since the epoch, when it says so. Of a token of a token exchange: when the oldest of the
   * tokens was issued that it was given for.
   */
  readonly issuedAt?: number;
  /** Who issued the token, where that is a token exchange: another than the issuer of anybody in it. */
  readonly exchangedBy?: string;
}

/** The identity of a party as one string; equal exactly when issuer and id are equal. */
export function partyKey(party: Pick<Party, 'issuer' | 'id'>): string {
  return `${encodeURIComponent(party.issuer)}#${encodeURIComponent(party.id)}`;
}

/** Everybody in the principal: the subject, then the actors. */
export function parties(principal: Principal): readonly Party[] {
  return [principal.subject, ...principal.actors];
}
