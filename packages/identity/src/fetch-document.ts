import { BlockList, isIP } from 'node:net';
import { IdentityError } from './errors.js';
import { parseStrictJson, type JsonValue } from './strict-json.js';

/** The platform's `fetch`, or one that a test or a proxy set-up provides. It must honour `redirect` and `signal`. */
export type Fetch = typeof globalThis.fetch;

const MAX_BYTES = 256 * 1024;
const TIMEOUT_MS = 5_000;

/** Addresses that mean this machine, or a network that only insiders reach (RFC 1918, RFC 3927, RFC 4193, RFC 4291, RFC 6598). */
const INSIDE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  INSIDE.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  INSIDE.addSubnet(network, prefix, 'ipv6');
}

/** True when the host of a url is this machine, by its name or by a literal address. */
export function isThisMachine({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** True when the host of a url is this machine, or a literal address that is not of the internet. Names are not looked up. */
export function isInside(url: URL): boolean {
  const address = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(address);
  return isThisMachine(url) || (family !== 0 && INSIDE.check(address, family === 6 ? 'ipv6' : 'ipv4'));
}

/**
 * Checks where a document may be fetched from: https anywhere, http only from this machine, and no user or password in the address.
 *
 * @param what it is, for the message
 * @throws IdentityError `issuer-options`
 */
export function documentUrl(text: string, what: string): URL {
  if (!URL.canParse(text)) throw new IdentityError('issuer-options', `the address of ${what} is not a url`);
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isThisMachine(url))) {
    throw new IdentityError('issuer-options', `fetch ${what} over https (http is for this machine only)`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new IdentityError('issuer-options', `take the user and the password out of the address of ${what}`);
  }
  return url;
}

/**
 * Fetches strict JSON: status 200, no redirect, at most 256 KiB, within 5 s.
 *
 * @throws Error that says which of these did not hold; never the content.
 */
export async function fetchDocument(url: URL, what: string, fetch: Fetch): Promise<JsonValue> {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/jwk-set+json, application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.redirected) throw new Error(`${what} was redirected`);
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${what} answered with status ${response.status}`);
  }
  return parseStrictJson(await readCapped(response, what));
}

async function readCapped(response: Response, what: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  if (body === null) throw new Error(`${what} is empty`);
  // Leaving the loop cancels the body.
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`${what} is longer than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}
