import type { Outcome } from '@sqlwarden/core';
import type { ErrorOrInfo } from '../protocol/server-token.js';
import { cleaned, mayRaise } from './error-texts.js';
import type { ExpectedReply } from './expected-reply.js';

/** The ERROR or INFO that a client may see in place of `token`; the same one where it may be seen as it is. */
export function cleanedToken(token: ErrorOrInfo, reply: ExpectedReply): ErrorOrInfo {
  if (!reply.clean) return token;
  const raises = reply.works.length === 0 || reply.works.some((work) => work.branching || mayRaise(work.statements));
  const shown = cleaned(token, raises);
  // A name of a procedure may be one that a text made up.
  return { ...token, ...shown, procedureName: raises ? '' : token.procedureName };
}

/** The session is in the kill state; the statement was terminated due to a user request. */
const INTERRUPTED: ReadonlySet<number> = new Set([596, 3617]);

export function statusOf(number: number): Outcome['status'] {
  return INTERRUPTED.has(number) ? 'cancelled' : 'error';
}

/** From this severity on the server ends the connection ("Database Engine error severities"). */
const FATAL_CLASS = 20;
/** "SHUTDOWN is in progress", and that a session is killed. */
const FATAL: ReadonlySet<number> = new Set([596, 6005, 6006]);

export function isFatal(error: { readonly number: number; readonly class: number }): boolean {
  return error.class >= FATAL_CLASS || FATAL.has(error.number);
}
