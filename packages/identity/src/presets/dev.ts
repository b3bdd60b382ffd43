import { TokenRefused } from '../errors.js';
import { readGeneric } from './generic.js';
import type { PresetReader } from './preset.js';

/** The development issuer: as generic, and the kind of the subject must be said in the `sqlwarden` claims. */
export const readDev: PresetReader = (claims, issuer) => {
  if (!claims.has(['sqlwarden', 'kind'])) throw new TokenRefused('claims', 'the token has no claim sqlwarden.kind');
  return readGeneric(claims, issuer);
};
