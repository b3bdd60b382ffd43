import type { Party, PrincipalField, Run, Workload } from '@sqlwarden/core';
import type { Claims } from '../claims.js';
import type { Issuer } from '../issuer.js';

/** What a preset reads out of a verified token. */
export interface PresetReading {
  readonly subject: Party;
  /** The OAuth client or clients that the token was issued to, in whatever claims say so. */
  readonly clientIds: readonly string[];
  /** The client acts for itself: it and the subject are the same. */
  readonly clientIsSubject: boolean;
  /** An actor that the issuer itself names in claims of its own, besides `act`. */
  readonly actor?: Party;
  /** Where the subject runs, when the issuer vouches for it. */
  readonly workload?: Workload;
  /** What it runs for, when the issuer vouches for it. */
  readonly run?: Run;
  /** The issuer is a token exchange. */
  readonly exchanged?: Exchanged;
}

/** What a token exchange says of the tokens that it gave its own for. */
export interface Exchanged {
  /** Fields that were merely asserted; the proof of all others is `exchange`. */
  readonly asserted: ReadonlySet<PrincipalField>;
  /** When the oldest of them was issued, in seconds since the epoch; `undefined` when one of them did not say. */
  readonly issuedAt: number | undefined;
}

/**
 * Reads the claims of one kind of issuer. Called after the signature and the registered claims were checked.
 *
 * @throws TokenRefused `claims` or `token-type`
 */
export type PresetReader = (claims: Claims, issuer: Issuer) => PresetReading;
