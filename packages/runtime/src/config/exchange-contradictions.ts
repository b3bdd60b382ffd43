import { fitsEverybody } from '@sqlwarden/identity';
import type { ConfigDocument } from './config-document.js';
import type { Contradiction } from './contradictions.js';
import { isLoopback, parseListen } from './listen-address.js';

/** Keys of the token exchange that do not go together. */
export function exchangeContradictions({ exchange, identity }: ConfigDocument): Contradiction[] {
  if (exchange === undefined) return [];
  const found: Contradiction[] = [];
  const add = (path: readonly (string | number)[], message: string): void => void found.push({ path: ['exchange', ...path], message });
  const { listen, tls, issuer, agents } = exchange;
  const address = parseListen(listen, '/');
  if (address === undefined) add(['listen'], 'is no address; write host:port such as 127.0.0.1:15480, or the path of a unix socket');
  if (address?.isPrivate === false && tls === undefined)
    add(
      ['listen'],
      'is reachable from other machines, and tokens would cross the network in clear; write tls, or an address of this machine',
    );
  if (address?.kind === 'socket' && tls !== undefined) add(['tls'], 'does not go together with a unix socket; leave it out');
  if (!URL.canParse(issuer)) add(['issuer'], 'is no url; write one such as https://gateway.internal:15480');
  else if (issuer.startsWith('http:') && !isLoopback(hostOf(issuer)))
    add(['issuer'], 'can be read by others on the way; write an https url');
  const configured = identity.issuers ?? [];
  const issuers = configured.map(({ name }) => name);
  for (const [at, { match }] of agents.entries()) {
    if (!issuers.includes(match.issuer))
      add(['agents', at, 'match', 'issuer'], `"${match.issuer}" is no issuer; write one of: ${issuers.join(', ') || '(there are none)'}`);
    if (configured.some(({ name, preset }) => name === match.issuer && preset === 'exchange'))
      add(
        ['agents', at, 'match', 'issuer'],
        'is a token exchange, whose tokens prove nobody to another; write the issuer of their own tokens',
      );
    if (fitsEverybody(match))
      add(['agents', at, 'match'], `lets everybody with a token of ${match.issuer} be this agent; write id or workload too`);
  }
  return found;
}

function hostOf(issuer: string): string {
  return new URL(issuer).hostname.replaceAll(/[[\]]/g, '');
}
