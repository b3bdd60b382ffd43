import { parties, partyKey, type Principal } from '@sqlwarden/core';
import type { GatewayConnection } from './gateway-connection.js';

/** A client wants to end what another session runs, or that session (MySQL KILL). Plain data. */
export interface KillRequest {
  readonly upstream: string;
  /** As it was given to clients, or as the server numbers its own sessions. */
  readonly id: number;
  readonly scope: 'query' | 'connection';
  /** Whose it is, as {@link killerOf} says. */
  readonly by: string;
}

/** Equal for principals that may end each other's sessions: everybody in them is the same. */
export function killerOf(principal: Principal): string {
  return parties(principal).map(partyKey).join(' ');
}

/** Does what is asked for to a session of the same identity. False when there is none of that number: whether somebody else has one is not told. */
export function killAmong(connections: Iterable<GatewayConnection>, { upstream, id, scope, by }: KillRequest): boolean {
  let found: GatewayConnection | undefined;
  for (const connection of connections) {
    const { principal } = connection;
    if (connection.upstream.name !== upstream || principal === undefined || killerOf(principal) !== by) continue;
    const { session } = connection.connection;
    // INVARIANT: a number that was given to a client is that client's, whatever the server calls by it.
    if (session.clientCancelKey?.processId === id) {
      found = connection;
      break;
    }
    if (session.serverCancelKey()?.processId === id) found = connection;
  }
  if (found === undefined) return false;
  if (scope === 'query') found.cancel();
  else found.terminate({ code: 'session-killed', message: 'another session of the same identity has ended this one' });
  return true;
}
