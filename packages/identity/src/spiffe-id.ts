/** "SPIFFE-ID" of SPIFFE, section 2.3. */
const MAX_SPIFFE_ID_BYTES = 2_048;
const MAX_TRUST_DOMAIN_BYTES = 255;
const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]+)((?:\/[A-Za-z0-9._-]+)*)$/;

/**
 * Why a text is not the SPIFFE ID of a workload ("SPIFFE-ID" of SPIFFE, sections 2.1 to 2.3), in words behind "it"; `undefined` when it is one. That of
 * a trust domain alone, without a path, is an authority's. Never quotes the text.
 */
export function spiffeIdProblem(id: string): string | undefined {
  const [, trustDomain, path] = SPIFFE_ID.exec(id) ?? [];
  if (trustDomain === undefined || path === undefined) return 'is no SPIFFE ID';
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) return 'is no SPIFFE ID';
  if (path === '') return 'is the SPIFFE ID of a trust domain, without a path';
  if (id.length > MAX_SPIFFE_ID_BYTES || trustDomain.length > MAX_TRUST_DOMAIN_BYTES) return 'is longer than a SPIFFE ID may be';
  return undefined;
}

/** True for `spiffe://` and a trust domain, without a path ("SPIFFE-ID" of SPIFFE, section 2.1). */
export function isTrustDomain(text: string): boolean {
  const [, trustDomain, path] = SPIFFE_ID.exec(text) ?? [];
  return trustDomain !== undefined && path === '' && trustDomain.length <= MAX_TRUST_DOMAIN_BYTES;
}

/** The trust domain of a SPIFFE ID, as {@link isTrustDomain} takes it; `undefined` when the text is not the ID of a workload. */
export function trustDomainOf(id: string): string | undefined {
  if (spiffeIdProblem(id) !== undefined) return undefined;
  return id.slice(0, id.indexOf('/', 'spiffe://'.length));
}
