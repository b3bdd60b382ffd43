import { type Principal, partyKey } from '@sqlwarden/core';
import type { Identity } from '../intent/identity-context.js';

/** Equal for identities that may share connections: a token is like itself alone. */
export function identityKey(identity: Identity): string {
  return typeof identity === 'string' ? `token ${identity}` : `principal ${principalKey(identity)}`;
}

/** Two principals share connections only when nothing about them differs. */
function principalKey(principal: Principal): string {
  return `${partyKey(principal.subject)} ${JSON.stringify(principal)}`;
}
