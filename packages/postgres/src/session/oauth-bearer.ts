import type { OAuthDiscovery } from '@sqlwarden/core';
import { bytesOf, textOf } from './scram-text.js';

/** The SASL mechanism of RFC 7628, as PostgreSQL 18 has it ("SASL Authentication", "OAUTHBEARER Authentication" of its documentation). */
export const OAUTHBEARER = 'OAUTHBEARER';

/**
 * What a client's first message says. `discovery`: it has no token and asks where to get one. `not-bearer`: its authorization is of another scheme,
 * or no token. `reason` never quotes the message.
 */
export type BearerMessage =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'discovery' }
  | { readonly kind: 'not-bearer' }
  | { readonly kind: 'malformed'; readonly reason: string };

const KVSEP = '\x01';
/** gs2-header (RFC 5801 section 4) without channel binding, of which none is defined. `y` is taken as PostgreSQL does. */
const HEADER = /^[ny],(a=[^,]*)?,$/;
/** kvpair without its end. */
const PAIR = /^([A-Za-z]+)=([\t\n\r\x20-\x7e]*)$/;
/** RFC 6750 section 2.1; letter case of the scheme does not count (RFC 7628 section 4). */
const CREDENTIALS = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** Reads client-resp of RFC 7628 section 3.1: header, pairs, and two separators at its end. */
export function readBearer(data: Uint8Array): BearerMessage {
  const [header = '', ...pairs] = (textOf(data) ?? '').split(KVSEP);
  const match = HEADER.exec(header);
  if (match === null || pairs.pop() !== '' || pairs.pop() !== '') return malformed('the OAUTHBEARER message is malformed');
  if (match[1] !== undefined) return malformed('an authorization identity is not supported');
  let authorization: string | undefined;
  for (const pair of pairs) {
    const [, key, value = ''] = PAIR.exec(pair) ?? [];
    if (key === undefined) return malformed('the OAUTHBEARER message is malformed');
    // Keys that are not known must be passed over (RFC 7628 section 3.1).
    if (key !== 'auth') continue;
    if (authorization !== undefined) return malformed('the OAUTHBEARER message has several auth values');
    authorization = value;
  }
  if (authorization === undefined) return malformed('the OAUTHBEARER message has no auth value');
  if (authorization === '') return { kind: 'discovery' };
  const token = CREDENTIALS.exec(authorization)?.[1];
  return token === undefined ? { kind: 'not-bearer' } : { kind: 'token', token };
}

/** The server's answer to a token that it does not take, or to none (RFC 7628 section 3.2.2). */
export function bearerFailure({ openidConfiguration, scope }: OAuthDiscovery): Uint8Array {
  return bytesOf(JSON.stringify({ status: 'invalid_token', 'openid-configuration': openidConfiguration, scope }));
}

/** What a client must answer to {@link bearerFailure} before it is told more (RFC 7628 section 3.2.3). */
export function isBearerEnd(data: Uint8Array): boolean {
  return data.length === 1 && data[0] === 1;
}

function malformed(reason: string): BearerMessage {
  return { kind: 'malformed', reason };
}
