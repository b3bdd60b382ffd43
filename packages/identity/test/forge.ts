import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { Fetch } from '../src/fetch-document.js';
import type { IssuerOptions } from '../src/issuer-options.js';

/** Tokens for tests: honest ones, and ones that no library would make. */

export const NOW_MS = Date.UTC(2026, 10, 23, 2, 0, 0);
export const NOW = NOW_MS / 1000;
export const ISSUER = 'https://id.example.com/oauth2/default';
export const AUDIENCE = 'sqlwarden';

/** A key pair and its public JWK. */
export interface SigningKey {
  readonly key: KeyObject;
  readonly jwk: Readonly<Record<string, unknown>>;
}

export function rsaKey(kid: string | undefined, bits = 2048): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return { key: privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), ...(kid === undefined ? {} : { kid }) } };
}

export function ecKey(kid: string | undefined, namedCurve = 'P-256'): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return { key: privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), ...(kid === undefined ? {} : { kid }) } };
}

export function base64url(text: string | Uint8Array): string {
  return Buffer.from(text).toString('base64url');
}

/** Signs whatever header and payload text it is given, ES256 or RS256 by the kind of the key. */
export function signRaw(header: string, payload: string | Uint8Array, key: KeyObject): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${base64url(signature)}`;
}

export function hmacRaw(header: string, payload: string, secret: string | Buffer): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

export type Json = Readonly<Record<string, unknown>>;

/** What a good token of {@link ISSUER} says; members given as undefined are left out. */
export function goodClaims(changes: Json = {}): Json {
  return { iss: ISSUER, aud: AUDIENCE, sub: 'u-1', iat: NOW - 10, exp: NOW + 600, jti: 'j-1', groups: ['app'], ...changes };
}

export function es256(signer: SigningKey, claims: Json, header: Json = {}): string {
  return signRaw(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: signer.jwk['kid'], ...header }), JSON.stringify(claims), signer.key);
}

export function rs256(signer: SigningKey, claims: Json, header: Json = {}): string {
  return signRaw(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: signer.jwk['kid'], ...header }), JSON.stringify(claims), signer.key);
}

export function publicPem({ key }: SigningKey): string {
  return createPublicKey(key).export({ format: 'pem', type: 'spki' }) as string;
}

/** A generic issuer with inline keys. */
export function generic(keys: readonly SigningKey[], changes: Partial<IssuerOptions> = {}): IssuerOptions {
  return {
    name: 'id',
    preset: 'generic',
    issuer: ISSUER,
    audience: AUDIENCE,
    keys: { kind: 'inline', keys: keys.map(({ jwk }) => jwk) },
    ...changes,
  };
}

/** A `fetch` that gives everybody the same answer and keeps what it was asked for. */
export function recordingFetch(answer: unknown): { readonly fetch: Fetch; readonly asked: readonly string[] } {
  const asked: string[] = [];
  const fetch: Fetch = async (url) => {
    asked.push(new Request(url).url);
    return Response.json(answer);
  };
  return { fetch, asked };
}
