import { IdentityError } from './errors.js';
import { documentUrl, fetchDocument, isInside, type Fetch } from './fetch-document.js';
import { isJsonObject } from './strict-json.js';

const METADATA = 'the metadata of the issuer';

/**
 * Where an issuer publishes its metadata: its identifier without a slash at its end, and the well-known path behind it (OpenID Connect
 * Discovery 1.0 section 4).
 *
 * @throws IdentityError `issuer-options` when the issuer is no address, or has a query or a fragment.
 */
export function metadataUrl(issuer: string): URL {
  if (!URL.canParse(issuer)) {
    throw new IdentityError(
      'issuer-options',
      'it is no address at which its keys could be found, say where they are: a file, a url or inline',
    );
  }
  const { search, hash } = new URL(issuer);
  if (search !== '' || hash !== '' || /[?#]/.test(issuer)) {
    throw new IdentityError('issuer-options', 'an issuer that is discovered has no query and no fragment, say where its keys are');
  }
  return documentUrl(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, METADATA);
}

/**
 * Finds the address of an issuer's keys in its metadata. The metadata must be the issuer's own, to the letter (section 4.3); its
 * `jwks_uri` must be https, and may lead to this machine or to a private address only where the issuer is at the same host.
 *
 * @throws Error that says what did not hold; never the content.
 */
export async function discoverKeys(issuer: string, fetch: Fetch): Promise<URL> {
  const from = metadataUrl(issuer);
  const metadata = await fetchDocument(from, METADATA, fetch);
  const read = (name: string) => (isJsonObject(metadata) && Object.hasOwn(metadata, name) ? metadata[name] : undefined);
  if (read('issuer') !== issuer) throw new Error('the metadata is of another issuer: write the issuer exactly as it says it');
  const address = read('jwks_uri');
  if (typeof address !== 'string') throw new Error('the metadata does not say where the keys are');
  const url = documentUrl(address, 'the key set');
  if (isInside(url) && url.hostname !== from.hostname) throw new Error('the metadata of the issuer leads into the private network');
  return url;
}
