import { createHash, createHmac } from 'node:crypto';
import type { PartyKind, Principal, ScramVerifier } from '@sqlwarden/core';
import { mockScramVerifier, parseScramVerifier, usualPattern } from './scram-verifier.js';

/** The issuer of users that say no other. */
export const PASSWORD_ISSUER = 'urn:sqlwarden:users';

/** One user who logs in by SCRAM-SHA-256. */
export interface PasswordUser {
  /** As the client gives it at start-up; letter case counts. */
  readonly user: string;
  /** `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, as PostgreSQL keeps it. */
  readonly verifier: string;
  readonly kind: PartyKind;
  readonly groups?: readonly string[];
  /** For people to read. */
  readonly name?: string;
  /** Who this is where the same party has tokens too: without them it is somebody else, and could approve what it asks for. */
  readonly issuer?: string;
  readonly id?: string;
  /** When the login ends at the latest: a time as ISO 8601 writes it. */
  readonly expires?: string;
}

/** Users who log in by SCRAM-SHA-256; unchanging. */
export interface PasswordUsers {
  /** There is such a user. Decides between methods, never shown to clients where the password is the only method. */
  has(user: string): boolean;
  /** The verifier of a user; for one that there is not, one that looks like the others and that no password fits. */
  verifier(user: string): ScramVerifier;
  /** Who has proven to be `user`; `undefined` when there is no such user. */
  principal(user: string): Principal | undefined;
  readonly size: number;
}

/** What is wrong with one user; never quotes a verifier. */
export interface PasswordUserProblem {
  readonly index: number;
  readonly message: string;
}

/** Everything that is wrong with a list of users. */
export function passwordUserProblems(users: readonly PasswordUser[]): PasswordUserProblem[] {
  const seen = new Set<string>();
  return users.flatMap(({ user, verifier, expires }, index) => {
    const problems: string[] = [];
    if (seen.has(user)) problems.push(`the user "${user}" is there already; write each once`);
    seen.add(user);
    if (parseScramVerifier(verifier) === undefined)
      problems.push(
        'the verifier is none of SCRAM-SHA-256 with 4096 iterations or more; take what PostgreSQL shows in pg_authid.rolpassword',
      );
    if (expires !== undefined && Number.isNaN(Date.parse(expires)))
      problems.push('expires is no time; write one such as 2027-01-31T00:00:00Z');
    return problems.map((message) => ({ index, message }));
  });
}

/**
 * Users from a list without problems ({@link passwordUserProblems}). `secret` makes the verifiers of users that there are not; the same for every
 * process that serves the same clients. Without one it is made from the users' own verifiers, and changes when they do.
 */
export function openPasswordUsers(users: readonly PasswordUser[], secret?: Uint8Array): PasswordUsers {
  const entries = new Map<string, { readonly verifier: ScramVerifier; readonly principal: Principal }>();
  for (const user of users) {
    const verifier = parseScramVerifier(user.verifier);
    if (verifier === undefined) throw new Error('a user of the list has no verifier that can be used');
    entries.set(user.user, { verifier, principal: principalOfUser(user) });
  }
  const pattern = usualPattern([...entries.values()].map(({ verifier }) => verifier));
  const mockSecret = createHmac('sha256', secret ?? ownSecret(users))
    .update('sqlwarden mock verifiers')
    .digest();
  return {
    size: entries.size,
    has: (user) => entries.has(user),
    principal: (user) => entries.get(user)?.principal,
    verifier: (user) => {
      // Both are made each time, so that a user that there is takes as long as one that there is not.
      const mock = mockScramVerifier(user, mockSecret, pattern);
      return entries.get(user)?.verifier ?? mock;
    },
  };
}

function ownSecret(users: readonly PasswordUser[]): Uint8Array {
  return createHash('sha256')
    .update(users.map(({ verifier }) => verifier).join('\0'))
    .digest();
}

function principalOfUser({ user, kind, groups = [], name, issuer, id, expires }: PasswordUser): Principal {
  return {
    subject: {
      kind,
      issuer: issuer ?? PASSWORD_ISSUER,
      id: id ?? user,
      ...(name === undefined ? {} : { name }),
      groups: [...groups],
      groupsComplete: true,
    },
    actors: [],
    proof: { subject: 'password', groups: 'password', actors: 'password' },
    expiresAt: expires === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(expires),
  };
}
