import type { PartyKind, Principal } from '@sqlwarden/core';

/** A client that logs in as a user of the server's own, before the server has said that it is. */
export interface ClaimedUser {
  readonly principal: Principal;
  readonly account: ClientAccount;
}

/** A client's own user name and password. Held until the server was asked, and never written down. */
export interface ClientAccount {
  readonly user: string;
  readonly password: string;
}

/**
 * Whom the server vouches for by letting it in with its password. The issuer is the upstream, the id the name of the user; the groups are the roles
 * that it is a member of there.
 */
export function serverUser(upstream: string, kind: PartyKind, user: string, groups: readonly string[]): Principal {
  return {
    subject: { kind, issuer: `urn:sqlwarden:upstream:${upstream}`, id: user, groups: [...groups], groupsComplete: true },
    actors: [],
    proof: { subject: 'password', groups: 'password', actors: 'password' },
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
}
