import { isProduction } from '@sqlwarden/identity';
import type { ConfigDocument, IssuerSource, UpstreamSource } from './config-document.js';
import { parseListen } from './listen-address.js';
import type { Path } from './yaml-source.js';

/** Something that a schema cannot see: keys that do not go together. */
export interface Contradiction {
  readonly path: Path;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

export function findContradictions(document: ConfigDocument): Contradiction[] {
  return [
    ...document.upstreams.flatMap((upstream, at) => upstreamContradictions(upstream, ['upstreams', at])),
    ...document.identity.issuers.flatMap((issuer, at) => issuerContradictions(issuer, ['identity', 'issuers', at], document.environment)),
    ...taken(
      document.upstreams.map(({ name }) => name),
      (at) => ['upstreams', at, 'name'],
    ),
    ...taken(
      document.upstreams.map(({ listen }) => listen),
      (at) => ['upstreams', at, 'listen'],
    ),
    ...taken(
      document.identity.issuers.map(({ name }) => name),
      (at) => ['identity', 'issuers', at, 'name'],
    ),
  ];
}

function taken(values: readonly (string | undefined)[], path: (at: number) => Path): Contradiction[] {
  return values.flatMap((value, at) => {
    const free = value === undefined || values.indexOf(value) === at || value.endsWith(':0');
    return free ? [] : [{ path: path(at), message: `"${value}" is taken by an earlier entry; write another one` }];
  });
}

function upstreamContradictions({ listen, clientTls, server, credentials }: UpstreamSource, path: Path): Contradiction[] {
  const found: Contradiction[] = [];
  const add = (where: Path, message: string): void => void found.push({ path: [...path, ...where], message });
  const address = listen === undefined ? undefined : parseListen(listen, '/');
  if (listen !== undefined && address === undefined)
    add(['listen'], 'is no address; write host:port such as 127.0.0.1:15432, [::1]:15432, or the path of a unix socket');
  if (address?.isPrivate === false && clientTls === undefined) {
    add(
      ['listen'],
      'is reachable from other machines, and tokens would cross the network in clear; write clientTls beside it, or an address of this machine',
    );
  }
  if (server.socket === undefined && server.host === undefined) add(['server'], 'lacks the key "host"; write host or socket');
  if (server.socket !== undefined && server.host !== undefined)
    add(['server', 'socket'], 'does not go together with host; write one of them');
  if (server.socket !== undefined && server.port !== undefined) add(['server', 'port'], 'does not go together with socket; leave it out');
  if (server.socket !== undefined && (server.tls ?? 'disable') !== 'disable')
    add(['server', 'tls'], 'does not go together with socket; leave it out');
  if (server.ca !== undefined && server.tls !== undefined && server.tls !== 'verify-full')
    add(['server', 'ca'], 'is not looked at unless tls is verify-full; write tls: verify-full');
  if (credentials.passwordFile !== undefined && credentials.passwordEnvironment !== undefined) {
    add(['credentials', 'passwordEnvironment'], 'does not go together with passwordFile; write one of them');
  }
  return found;
}

/** Presets that know where their keys are. */
const KNOWN_KEYS: ReadonlySet<IssuerSource['preset']> = new Set(['okta', 'entra']);

function issuerContradictions({ preset, keys, allowInProduction }: IssuerSource, path: Path, environment: string): Contradiction[] {
  const found: Contradiction[] = [];
  const add = (where: Path, message: string): void => void found.push({ path: [...path, ...where], message });
  const given = [keys?.file, keys?.url, keys?.directory].filter((value) => value !== undefined).length;
  if (given > 1) add(['keys'], 'says several places; write one of file, url and directory');
  if (given === 0 && !KNOWN_KEYS.has(preset)) add([], `lacks the key "keys"; write keys: {file: …} or keys: {url: …} for preset ${preset}`);
  if (keys?.directory !== undefined && preset !== 'dev') add(['keys', 'directory'], 'is only for preset dev; write file or url');
  if (keys?.maxAgeMs !== undefined && keys.url === undefined) add(['keys', 'maxAgeMs'], 'is only for url; leave it out');
  if (preset === 'dev' && isProduction(environment) && allowInProduction !== true) {
    add(
      ['preset'],
      'dev is not for production: whoever can read its key can be anybody; write a preset of a real issuer, or another environment',
    );
  }
  return found;
}
