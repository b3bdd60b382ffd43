import type { Party } from '@sqlwarden/core';
import type { Claims } from './claims.js';
import type { Issuer } from './issuer.js';
import type { ClaimPath } from './issuer-options.js';

/**
 * The groups that a set of claims names. Without the claim there are none that are known, which is not the same as none: they may have
 * been left out, and `groupsComplete` is false. It is also false from the number on at which the issuer begins to cut the list.
 */
export function groupsOf(claims: Claims, path: ClaimPath, issuer: Issuer): Pick<Party, 'groups' | 'groupsComplete'> {
  const listed = claims.ids(path);
  if (listed === undefined) return { groups: [], groupsComplete: false };
  return {
    groups: listed.map((group) => issuer.groupPrefix + group),
    groupsComplete: listed.length < issuer.groupsLimit,
  };
}

/** `name`, when there is one: an optional property may not be there as undefined. */
export function optionalName(name: string | undefined): Pick<Party, 'name'> {
  return name === undefined ? {} : { name };
}
