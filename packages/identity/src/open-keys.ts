import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { unreachable } from '@sqlwarden/core';
import { IdentityError } from './errors.js';
import { fetchKeySet, keySetUrl, type Fetch } from './fetch-key-set.js';
import type { Issuer } from './issuer.js';
import { CachedKeys, FixedKeys, type KeySource } from './key-source.js';
import { KeySet } from './key-set.js';
import { parseStrictJson } from './strict-json.js';

const URL_MAX_AGE_MS = 10 * 60 * 1000;
const FILE_MAX_AGE_MS = 10 * 1000;
const STALE_MS = 24 * 60 * 60 * 1000;

/** What reading keys needs. `report` is told why keys could not be read again. */
export interface KeyPorts {
  readonly clock: () => number;
  readonly fetch: Fetch;
  readonly report: (problem: Error) => void;
}

/**
 * Opens the keys of an issuer. A file is read at once, so that a wrong path is an error at start; a url is fetched at the first login.
 *
 * @throws IdentityError `keys` or `issuer-options`
 */
export function openKeys({ name, keys }: Issuer, { clock, fetch, report }: KeyPorts): KeySource {
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
      const url = keySetUrl(keys.url);
      const maxAgeMs = keys.maxAgeMs ?? URL_MAX_AGE_MS;
      return new CachedKeys(() => fetchKeySet(url, fetch), { maxAgeMs, staleMs: STALE_MS }, ports);
    }
    default:
      return unreachable(keys);
  }
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
