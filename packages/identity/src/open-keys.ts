import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { unreachable } from '@sqlwarden/core';
import { IdentityError } from './errors.js';
import { discoverKeys, metadataUrl } from './discovery.js';
import { documentUrl, fetchDocument, type Fetch } from './fetch-document.js';
import type { Issuer } from './issuer.js';
import type { KeysOptions, RemoteKeys } from './issuer-options.js';
import { CachedKeys, FixedKeys, type KeyCacheTimes, type KeySource } from './key-source.js';
import { KeySet } from './key-set.js';
import { parseStrictJson, type JsonValue } from './strict-json.js';

const URL_MAX_AGE_MS = 10 * 60 * 1000;
const FILE_MAX_AGE_MS = 10 * 1000;
const KEY_SET = 'the key set';
const STALE_MS = 24 * 60 * 60 * 1000;

/** What reading keys needs. `report` is told why keys could not be read again. */
export interface KeyPorts {
  readonly clock: () => number;
  readonly fetch: Fetch;
  readonly report: (problem: Error) => void;
}

/**
 * Opens the keys of an issuer. A file is read at once, so that a wrong path is an error at start; what is on the network is fetched at the
 * first login.
 *
 * @throws IdentityError `keys` or `issuer-options`
 */
export function openKeys(issuer: Issuer, keys: KeysOptions, { clock, fetch, report }: KeyPorts): KeySource {
  const { name } = issuer;
  const failed = (cause: unknown) => report(new IdentityError('keys', `issuer ${name}: the keys cannot be read`, { cause }));
  const ports = { clock, failed };
  switch (keys.kind) {
    case 'inline':
      return new FixedKeys(usable(name, () => JSON.stringify({ keys: keys.keys })));
    case 'file': {
      const first = usable(name, () => readFileSync(keys.path, 'utf8'));
      const read = async () => parse(await readFile(keys.path, 'utf8'));
      return new CachedKeys(read, { maxAgeMs: FILE_MAX_AGE_MS, staleMs: STALE_MS }, ports, first);
    }
    case 'url': {
      const url = documentUrl(keys.url, KEY_SET);
      return new CachedKeys(() => fetchKeys(url, issuer, fetch), remoteTimes(keys), ports);
    }
    case 'discovery':
      checkDiscoverable(issuer);
      return new CachedKeys(async () => fetchKeys(await discoverKeys(issuer.issuer, fetch), issuer, fetch), remoteTimes(keys), ports);
    default:
      return unreachable(keys);
  }
}

function remoteTimes({ maxAgeMs = URL_MAX_AGE_MS, maxStaleMs = STALE_MS }: RemoteKeys): KeyCacheTimes {
  return { maxAgeMs, staleMs: maxStaleMs };
}

function checkDiscoverable({ name, issuer }: Issuer): void {
  try {
    metadataUrl(issuer);
  } catch (error) {
    if (error instanceof IdentityError) throw new IdentityError(error.code, `issuer ${name}: ${error.message}`);
    throw error;
  }
}

/**
 * Entra ID publishes keys of several tenants side by side, each with a member `issuer`, in which `{tenantid}` stands for any tenant
 * (Microsoft identity platform, "Secure applications and APIs by validating claims"): a key of another tenant signs nothing here.
 */
async function fetchKeys(url: URL, { tenant }: Issuer, fetch: Fetch): Promise<KeySet> {
  const jwks = await fetchDocument(url, KEY_SET, fetch);
  if (tenant === undefined) return KeySet.parse(jwks);
  const isOurs = (of: JsonValue | undefined) => typeof of === 'string' && (of.includes('{tenantid}') || of.includes(tenant));
  return KeySet.parse(jwks, ({ issuer: of }) => of === undefined || isOurs(of));
}

function usable(name: string, text: () => string): KeySet {
  let set;
  try {
    set = parse(text());
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? cause.message : 'the file cannot be read';
    throw new IdentityError('keys', `issuer ${name}: the keys are not usable: ${reason}`, { cause });
  }
  if (set.size === 0) throw new IdentityError('keys', `issuer ${name}: no key can check signatures (RSA of 2048 bits or more, or EC)`);
  return set;
}

function parse(text: string): KeySet {
  return KeySet.parse(parseStrictJson(text));
}
