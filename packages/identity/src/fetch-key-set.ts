import { IdentityError } from './errors.js';
import { KeySet } from './key-set.js';
import { parseStrictJson } from './strict-json.js';

/** The platform's `fetch`, or one that a test or a proxy set-up provides. It must honour `redirect` and `signal`. */
export type Fetch = typeof globalThis.fetch;

const MAX_BYTES = 256 * 1024;
const TIMEOUT_MS = 5_000;

/**
 * Checks where keys may be fetched from: https anywhere, http only from this machine, and no user or password in the address.
 *
 * @throws IdentityError `issuer-options`
 */
export function keySetUrl(text: string): URL {
  if (!URL.canParse(text)) throw new IdentityError('issuer-options', 'the address of the key set is not a url');
  const url = new URL(text);
  const local = url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local)) {
    throw new IdentityError('issuer-options', 'fetch the key set over https (http is for this machine only)');
  }
  if (url.username !== '' || url.password !== '') {
    throw new IdentityError('issuer-options', 'take the user and the password out of the address of the key set');
  }
  return url;
}

/**
 * Fetches a JWK set: status 200, no redirect, at most 256 KiB, within 5 s.
 *
 * @throws Error that says which of these did not hold; never the content.
 */
export async function fetchKeySet(url: URL, fetch: Fetch): Promise<KeySet> {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/jwk-set+json, application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.redirected) throw new Error('the key set was redirected');
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the key set answered with status ${response.status}`);
  }
  return KeySet.parse(parseStrictJson(await readCapped(response)));
}

async function readCapped(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  if (body === null) throw new Error('the key set is empty');
  // Leaving the loop cancels the body.
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`the key set is longer than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}
