import { isIP } from 'node:net';
import type { Party, Principal, SessionOpened, StatementFacts, UnitRecord } from '@sqlwarden/core';
import { nameParts, statementSummary, targetsOf } from '../statement-summary.js';

/** Objects of OCSF events, made of what entries hold. Never a text, a value or a token. */
export type OcsfObject = { readonly [key: string]: unknown };

const USER_TYPES = {
  person: { type_id: 1, type: 'User' },
  service: { type_id: 4, type: 'Service' },
  agent: { type_id: 99, type: 'Agent' },
} as const;
/** `database.type_id`. */
const RELATIONAL = 1;

export function userOf({ kind, issuer, id, name, groups }: Party): OcsfObject {
  return {
    uid: id,
    ...(name !== undefined && { name }),
    domain: issuer,
    ...USER_TYPES[kind],
    ...(groups.length > 0 && { groups: groups.map((group) => ({ name: group })) }),
  };
}

export function actorOf(principal: Principal, session?: string): OcsfObject {
  const { subject, actors, expiresAt } = principal;
  const [now] = actors;
  return {
    user: userOf(subject),
    idp: { uid: subject.issuer, name: subject.issuer },
    ...(session !== undefined && { session: { uid: session, issuer: subject.issuer, expiration_time: expiresAt } }),
    ...(now !== undefined && { invoked_by: now.name ?? now.id }),
  };
}

/** The gateway itself. */
export const GATEWAY_ACTOR: OcsfObject = { app_name: 'sqlwarden' };

/** `ai_agent` and `message_context` of the profile `ai_operation`: the agent that acts, where one does. */
export function agentOf(principal: Principal | undefined): OcsfObject {
  const agent = [...(principal?.actors ?? []), principal?.subject].find((party) => party?.kind === 'agent');
  if (agent === undefined) return {};
  const { id, name, version, model } = agent;
  const conversation = principal?.run?.conversation;
  return {
    ai_agent: {
      uid: id,
      ...(name !== undefined && { name }),
      ...(version !== undefined && { version }),
      type_id: 0,
      ...(model !== undefined && {
        ai_model: {
          name: model.name,
          ai_provider: model.provider ?? 'unknown',
          ...(model.version !== undefined && { version: model.version }),
        },
      }),
    },
    ...(conversation !== undefined && { message_context: { uid: conversation, application: { name: 'sqlwarden' } } }),
  };
}

/** `127.0.0.1:5000`, `[::1]:5000`, or what else the client's transport is called. */
export function endpointOf(client: string | undefined): OcsfObject {
  const match = /^\[?([^\]]*?)\]?(?::(\d{1,5}))?$/.exec(client ?? '');
  const [, host = '', port] = match ?? [];
  if (isIP(client ?? '') !== 0) return { ip: client };
  if (isIP(host) !== 0) return { ip: host, ...(port !== undefined && { port: Number(port) }) };
  return { name: client === undefined || client === '' ? 'unknown' : client };
}

export function databaseOf(name: string, upstream: string | undefined, dialect: string | undefined, labels: readonly string[]): OcsfObject {
  return {
    name: name === '' ? 'unknown' : name,
    ...(upstream !== undefined && { uid: upstream }),
    type_id: RELATIONAL,
    type: 'Relational',
    ...(dialect !== undefined && { desc: dialect }),
    ...(labels.length > 0 && { data_classifications: labels.map(classificationOf) }),
  };
}

/** The first relation of a unit: events have room for one, `unmapped.tables` has them all. */
export function tableOf(facts: readonly StatementFacts[]): OcsfObject | undefined {
  const [name] = facts.flatMap(targetsOf);
  return name === undefined ? undefined : { name: nameParts(name).relation, uid: name };
}

/** `query_string` is what the facts say, never the text: that holds the values of people. */
export function queryOf(
  { fingerprint, facts }: { readonly fingerprint: string; readonly facts?: readonly StatementFacts[] },
  bytes?: number,
): OcsfObject {
  return { uid: fingerprint, query_string: statementSummary(facts ?? []), ...(bytes !== undefined && { bytes }) };
}

export function policyOf({ policy, rules }: Pick<UnitRecord, 'policy' | 'rules'>): OcsfObject {
  return {
    policy: { uid: policy, name: 'sqlwarden', is_applied: true },
    ...(rules.length > 0 && { authorizations: rules.map((rule) => ({ decision: 'matched', policy: { name: rule, uid: policy } })) }),
  };
}

export function sessionService(session: Pick<SessionOpened, 'upstream'>): OcsfObject {
  return { name: session.upstream };
}

/** Category by the first part of a label: `pii.email` is personal. */
const CATEGORIES: Readonly<Record<string, number>> = {
  pii: 1,
  phi: 1,
  health: 1,
  personal: 1,
  government: 2,
  pci: 3,
  financial: 3,
  business: 4,
  secret: 6,
  security: 6,
};
const OTHER_CATEGORY = 99;

function classificationOf(label: string): OcsfObject {
  return { category_id: CATEGORIES[label.split('.')[0] ?? ''] ?? OTHER_CATEGORY, category: label };
}
