import type { Party } from '@sqlwarden/core';
import { TokenRefused } from '../errors.js';
import { groupsOf, optionalName } from '../party-claims.js';
import type { PresetReader } from './preset.js';

/**
 * Access tokens of an Okta authorization server (Okta developer documentation, "Access token payload"): `uid` is the user's immutable
 * id, `sub` the login name of today, `cid` the client. Without `uid` the client acts for itself.
 */
export const readOkta: PresetReader = (claims, issuer) => {
  const clientId = claims.id('cid');
  if (clientId === undefined) throw new TokenRefused('token-type', 'the token has no claim cid: present an access token, not an id token');
  const userId = claims.id('uid');
  const subject: Party = {
    kind: userId === undefined ? 'service' : 'person',
    issuer: issuer.issuer,
    id: userId ?? clientId,
    ...optionalName(claims.label(issuer.claims.name) ?? claims.label('sub')),
    ...groupsOf(claims, issuer.claims.groups, issuer),
  };
  return { subject, clientIds: [clientId], clientIsSubject: userId === undefined };
};
