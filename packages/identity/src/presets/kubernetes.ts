import type { Workload } from '@sqlwarden/core';
import type { Claims } from '../claims.js';
import { TokenRefused } from '../errors.js';
import type { PresetReader } from './preset.js';

/**
 * Projected service account tokens (Kubernetes documentation, "Managing Service Accounts", bound token claims). The service account is
 * known by its uid: a namespace that is made again under the same name is somebody else. Checked with the cluster's keys alone, a pod
 * that was deleted stays good until its token expires; `tokenReview` asks the cluster.
 */
export const readKubernetes: PresetReader = (claims, issuer) => {
  const bound = claims.object('kubernetes.io');
  if (bound === undefined) throw new TokenRefused('claims', 'the token has no claim kubernetes.io: use a projected service account token');
  const namespace = bound.requiredId('namespace');
  const serviceAccount = bound.requiredId(['serviceaccount', 'name']);
  const workload: Workload = { namespace, serviceAccount, ...placeOf(bound) };
  return {
    subject: {
      kind: 'service',
      issuer: issuer.issuer,
      id: bound.requiredId(['serviceaccount', 'uid']),
      name: `system:serviceaccount:${namespace}:${serviceAccount}`,
      // The groups that the cluster itself gives every service account ("Authenticating", service account tokens).
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`].map((group) => issuer.groupPrefix + group),
      groupsComplete: true,
    },
    clientIds: [],
    clientIsSubject: false,
    workload,
  };
};

/** The pod and the node that the token is bound to, as far as it is bound. */
function placeOf(bound: Claims): Pick<Workload, 'pod' | 'podUid' | 'node'> {
  const [pod, podUid, node] = [bound.id(['pod', 'name']), bound.id(['pod', 'uid']), bound.id(['node', 'name'])];
  return { ...(pod === undefined ? {} : { pod }), ...(podUid === undefined ? {} : { podUid }), ...(node === undefined ? {} : { node }) };
}
