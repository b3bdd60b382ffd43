import type { Principal, SessionOpened } from '@sqlwarden/core';
import { AUTHENTICATION } from './ocsf-classes.js';
import type { OcsfMappings } from './ocsf-event.js';
import { actorOf, endpointOf, type OcsfObject, sessionService, userOf } from './ocsf-objects.js';

type SessionType = 'session.opened' | 'session.closed' | 'session.renewed' | 'login.refused' | 'token.issued' | 'token.refused';

const UNKNOWN_USER = { name: 'unknown', type_id: 0, type: 'Unknown' };

/** Authentication 3002. */
export const SESSION_MAPPINGS: OcsfMappings<SessionType> = {
  'session.opened': (event) => ({
    class: AUTHENTICATION,
    activity: 1,
    status: 1,
    message: `${event.principal.subject.id} logged in to ${event.upstream}`,
    fields: { ...authenticated(event.principal, event.session), service: sessionService(event), src_endpoint: endpointOf(event.client) },
    unmapped: {
      database: event.database,
      dialect: event.dialect,
      server_user: event.serverUser,
      server_role: event.serverRole,
      enforcement: event.enforcement,
      proof: event.principal.proof,
      workload: event.principal.workload,
      run: event.principal.run,
      asserted: event.asserted,
    },
  }),
  'session.closed': (event, { session }) => ({
    class: AUTHENTICATION,
    activity: 2,
    status: 1,
    message: `session ended: ${event.reason}`,
    fields: ofSession(event.session, session),
    unmapped: { reason: event.reason, duration_ms: event.durationMs },
  }),
  'session.renewed': (event, { session }) => ({
    class: AUTHENTICATION,
    activity: 'Renew',
    status: 1,
    message: `the identity of the session was renewed by its ${event.by}`,
    fields: { ...ofSession(event.session, session), ...authenticated(event.principal, event.session) },
  }),
  'login.refused': (event) => ({
    class: AUTHENTICATION,
    activity: 1,
    status: 2,
    message: `login to ${event.upstream} refused: ${event.code}`,
    fields: {
      user: event.asserted['user'] === undefined ? UNKNOWN_USER : { name: event.asserted['user'], type_id: 0, type: 'Unknown' },
      service: { name: event.upstream },
      src_endpoint: endpointOf(event.client),
      status_code: event.code,
      status_detail: event.message,
      action_id: 2,
      action: 'Denied',
      disposition_id: 2,
      disposition: 'Blocked',
    },
    unmapped: { asserted: event.asserted },
  }),
  'token.issued': (event) => ({
    class: AUTHENTICATION,
    activity: 'Token Issued',
    status: 1,
    message: `a token was issued to ${event.agent}`,
    fields: { ...authenticated(event.principal, undefined), service: { name: event.audience }, src_endpoint: endpointOf(event.client) },
    unmapped: { agent: event.agent, token_id: event.principal.tokenId, inputs: event.inputs },
  }),
  'token.refused': (event) => ({
    class: AUTHENTICATION,
    activity: 'Token Refused',
    status: 2,
    message: `a token was refused: ${event.code}`,
    fields: {
      user: event.subject === undefined ? UNKNOWN_USER : userOf(event.subject.subject),
      ...(event.actor !== undefined && { actor: actorOf(event.actor) }),
      service: { name: 'sqlwarden token exchange' },
      src_endpoint: endpointOf(event.client),
      status_code: event.code,
      status_detail: event.message,
      action_id: 2,
      action: 'Denied',
      disposition_id: 2,
      disposition: 'Blocked',
    },
    unmapped: { error: event.error },
  }),
};

function authenticated(principal: Principal, session: string | undefined): OcsfObject {
  return { user: userOf(principal.subject), actor: actorOf(principal, session) };
}

function ofSession(id: string, session: SessionOpened | undefined): OcsfObject {
  return {
    ...(session === undefined ? { user: UNKNOWN_USER } : authenticated(session.principal, id)),
    session: { uid: id },
    service: session === undefined ? { name: 'sqlwarden' } : sessionService(session),
    src_endpoint: endpointOf(session?.client),
  };
}
