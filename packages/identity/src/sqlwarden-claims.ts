import type { Model, Party, PartyKind, Principal, Run, Workload } from '@sqlwarden/core';
import type { Claims } from './claims.js';
import { TokenRefused } from './errors.js';
import type { Issuer } from './issuer.js';
import { isPartyKind } from './presets/generic.js';

/**
 * The claims of our own: no registered claim carries the version of an agent or of a model. They stand under `sqlwarden`, in the token
 * for the subject and in each `act` for that actor; `workload` and `run` are the whole principal's and stand in the token only.
 *
 * ```json
 * { "kind": "agent", "agent_version": "1.4.0",
 *   "model": { "provider": "acme", "name": "forge-2.1", "version": "2026-10-02", "digest": "sha256:…" },
 *   "workload": { "spiffe_id": "…", "cluster": "…", "namespace": "…", "service_account": "…", "pod": "…",
 *     "pod_uid": "…", "node": "…", "image_digest": "…" },
 *   "run": { "conversation": "…", "training_run": "…", "job": "…" },
 *   "groups_complete": false, "unused_groups": ["…"] }
 * ```
 *
 * The last two only take away, and so are read of every issuer: whether the party may be in more groups, and which it has given up.
 */
export const SQLWARDEN_CLAIM = 'sqlwarden';

const WORKLOAD_CLAIMS = {
  spiffeId: 'spiffe_id',
  cluster: 'cluster',
  namespace: 'namespace',
  serviceAccount: 'service_account',
  pod: 'pod',
  podUid: 'pod_uid',
  node: 'node',
  imageDigest: 'image_digest',
} as const satisfies Record<keyof Workload, string>;

const RUN_CLAIMS = {
  conversation: 'conversation',
  trainingRun: 'training_run',
  job: 'job',
} as const satisfies Record<keyof Run, string>;

/**
 * Adds to a party what its `sqlwarden` claims say. The kind is taken only from an issuer that vouches for these claims; from another, a
 * token that says `agent` of somebody who would otherwise pass for a person or a service is refused, since neither reading is safe.
 *
 * @param claims the token, or one `act` of it
 */
export function withSqlwardenClaims(party: Party, claims: Claims, issuer: Issuer): Party {
  const own = claims.object(SQLWARDEN_CLAIM);
  if (own === undefined) return party;
  const version = own.id('agent_version');
  const model = modelOf(own);
  return {
    ...party,
    kind: kindOf(own, party, issuer),
    ...(version === undefined ? {} : { version }),
    ...(model === undefined ? {} : { model }),
    ...membership(own, party, issuer),
  };
}

/** The claims of a party's own, for {@link withSqlwardenClaims} of an issuer that is trusted with them to read back. */
export function sqlwardenClaimsOf({ kind, version, model, groupsComplete, unusedGroups }: SqlwardenParty): object {
  // Members that are undefined are left out of the JSON.
  return {
    kind,
    agent_version: version,
    model,
    groups_complete: groupsComplete === false ? false : undefined,
    unused_groups: unusedGroups,
  };
}

type SqlwardenParty = Pick<Party, 'kind' | 'version' | 'model' | 'unusedGroups'> & Partial<Pick<Party, 'groupsComplete'>>;

/** The claims `workload` and `run`, where there are any. */
export function sqlwardenWholeClaimsOf({ workload, run }: Pick<Principal, 'workload' | 'run'>): object {
  return { workload: workload && renamed(workload, WORKLOAD_CLAIMS), run: run && renamed(run, RUN_CLAIMS) };
}

function renamed<Member extends string>(
  values: { readonly [member in Member]?: string },
  names: Readonly<Record<Member, string>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries((Object.keys(names) as Member[]).map((member) => [names[member], values[member]]));
}

/** Only more is said here than the groups themselves say, never less. */
function membership(own: Claims, party: Party, { groupPrefix }: Issuer): Pick<Party, 'groupsComplete' | 'unusedGroups'> {
  const unused = own.ids('unused_groups');
  const complete = own.get('groups_complete') ?? true;
  if (typeof complete !== 'boolean') throw new TokenRefused('claims', 'the claim sqlwarden.groups_complete is not true or false');
  return {
    groupsComplete: party.groupsComplete && complete,
    ...(unused === undefined ? {} : { unusedGroups: unused.map((group) => groupPrefix + group) }),
  };
}

export function sqlwardenWorkload(claims: Claims): Workload | undefined {
  return textMembers(claims.object([SQLWARDEN_CLAIM, 'workload']), WORKLOAD_CLAIMS);
}

export function sqlwardenRun(claims: Claims): Run | undefined {
  return textMembers(claims.object([SQLWARDEN_CLAIM, 'run']), RUN_CLAIMS);
}

function kindOf(own: Claims, party: Party, issuer: Issuer): PartyKind {
  const kind = own.id('kind');
  if (kind === undefined) return party.kind;
  if (!isPartyKind(kind)) throw new TokenRefused('claims', 'the claim sqlwarden.kind is not person, service or agent');
  if (issuer.trustSqlwardenClaims) return kind;
  if (kind === 'agent' && party.kind !== 'agent') {
    throw new TokenRefused('claims', `the token is an agent's and ${issuer.name} may not say so, set trustSqlwardenClaims for it`);
  }
  return party.kind;
}

function modelOf(own: Claims): Model | undefined {
  const model = own.object('model');
  if (model === undefined) return undefined;
  const members = textMembers(model, { provider: 'provider', version: 'version', digest: 'digest' });
  return { name: model.requiredId('name'), ...members };
}

/** The members that are there, under the names they have in a principal; undefined when there are none. */
function textMembers<Member extends string>(
  claims: Claims | undefined,
  names: Readonly<Record<Member, string>>,
): { readonly [member in Member]?: string } | undefined {
  const found: { [member in Member]?: string } = {};
  for (const member of Object.keys(names) as Member[]) {
    const value = claims?.id(names[member]);
    if (value !== undefined) found[member] = value;
  }
  return Object.keys(found).length === 0 ? undefined : found;
}
