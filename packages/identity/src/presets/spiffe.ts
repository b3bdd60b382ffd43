import { TokenRefused } from '../errors.js';
import { trustDomainOf } from '../spiffe-id.js';
import type { PresetReader } from './preset.js';

/**
 * A JWT-SVID ("JWT-SVID" of SPIFFE, section 3): who it is of is its `sub`, a SPIFFE ID of the trust domain. SPIFFE knows no groups; who is
 * what follows from the ID.
 */
export const readSpiffe: PresetReader = (claims, issuer) => {
  const id = claims.get('sub');
  if (typeof id !== 'string' || trustDomainOf(id) !== issuer.issuer) {
    throw new TokenRefused('claims', 'the claim sub is not a SPIFFE ID of the trust domain');
  }
  return {
    subject: { kind: 'service', issuer: issuer.issuer, id, groups: [], groupsComplete: true },
    clientIds: [],
    clientIsSubject: false,
    workload: { spiffeId: id },
  };
};
