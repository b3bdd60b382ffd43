import { existsSync, statSync } from 'node:fs';
import type { ClientProof, GatewayConfig, UpstreamConfig } from '../config/gateway-config.js';
import { isLoopback } from '../config/listen-address.js';

/** What is allowed and weak in how clients and the gateway log in; for `check`. */
export function accessWarnings(config: GatewayConfig): readonly string[] {
  return [
    ...config.upstreams.flatMap((upstream) => [...upstreamWarnings(upstream), ...sessionWarnings(upstream, config)]),
    ...usersWarnings(config),
    ...certificateWarnings(config),
    ...workloadWarnings(config),
  ];
}

function upstreamWarnings(upstream: UpstreamConfig): readonly string[] {
  const found = [...serverWarnings(upstream), ...secretWarnings(upstream), ...clientWarnings(upstream), ...oauthWarnings(upstream)];
  return found.map((warning) => `upstream ${upstream.name}: ${warning}`);
}

function serverWarnings({ database, server, credentials: { accept, channelBinding, password } }: UpstreamConfig): readonly string[] {
  const found: string[] = [];
  if (server.tls === 'disable' && server.socket === undefined && !isLoopback(server.host))
    found.push('statements and rows cross the network to the server in clear; write tls: verify-full');
  if (server.tls !== 'require') return found;
  if (channelBinding === 'require') return found;
  found.push('whoever is between can take the place of the server, which tls: require does not check; write tls: verify-full');
  if (database !== 'postgres') {
    // Inside TLS, caching_sha2_password may ask for the password in clear, and SQL Server gets nothing else.
    const isShown = accept === undefined || accept.some((method) => method !== 'mysql_native_password' && method !== 'none');
    if (password.kind !== 'none' && isShown)
      found.push('whoever takes the place of the server may ask for the password; write tls: verify-full');
    return found;
  }
  const isShown = accept === undefined || accept.includes('password') || accept.includes('md5');
  if (password.kind !== 'none' && isShown)
    found.push('whoever takes the place of the server may ask for the password; write accept: [scram-sha-256-plus, scram-sha-256]');
  return found;
}

function secretWarnings({ credentials: { password }, clientTls, server }: UpstreamConfig): readonly string[] {
  const secrets: readonly (readonly [string, string | undefined])[] = [
    ['the password', password.kind === 'file' ? password.path : undefined],
    ['the key of clientTls', clientTls?.key],
    ['the key of the gateway', server.certificate?.key],
  ];
  return secrets.flatMap(([what, path]) =>
    path !== undefined && isOpen(path) ? [`${what} can be read by others; chmod 600 ${path}`] : [],
  );
}

function clientWarnings({ listen, clients, clientTls }: UpstreamConfig): readonly string[] {
  if (listen === undefined) return [];
  const found: string[] = [];
  const takes = (proof: ClientProof): boolean => clients.includes(proof);
  if (takes('password') && takes('token'))
    found.push('how a login is answered tells which names are users of the file; give tokens and passwords a listener each to keep that');
  if (clientTls?.ca !== undefined && clientTls.crl === undefined)
    found.push('client certificates that were revoked go on to be taken; write clientTls.crl, or have them end soon');
  return found;
}

/** Identities that are one to the server. */
function sessionWarnings({ name, credentials: { sessions }, propagate }: UpstreamConfig, { identity }: GatewayConfig): readonly string[] {
  const found: string[] = [];
  const sources = identity.issuers.length + (identity.users === undefined ? 0 : 1) + (identity.certificates.length > 0 ? 1 : 0);
  const roles = sessions.mode === 'role' || sessions.mode === 'minted' ? (sessions.roles ?? []) : [];
  if (propagate.subject !== undefined && propagate.issuer === undefined && sources > 1)
    found.push(
      `propagate: two issuers may have the same id for two people, who are one to the database; write issuer: <setting>, and read both`,
    );
  if (sources > 1 && roles.some(({ role, match }) => role.includes('{id}') && match?.issuer === undefined))
    found.push(
      'credentials.roles: two issuers may have the same id for two people, who would be one role; write match: { issuer: … } beside {id}',
    );
  const everybody = roles.findIndex(({ match, actors }) => match === undefined && actors !== 'none');
  if (everybody >= 0 && everybody < roles.length - 1)
    found.push(`credentials.roles: line ${everybody + 1} holds for everybody, so those after it do nothing; write it last`);
  return found.map((warning) => `upstream ${name}: ${warning}`);
}

function oauthWarnings({ listen, clients, oauth }: UpstreamConfig): readonly string[] {
  if (listen === undefined || !clients.includes('oauth')) return [];
  return oauth.openidConfiguration?.startsWith('https:') === true
    ? []
    : ['libpq cannot get a token by itself, because the issuer is no https URL; clients must bring one'];
}

/** Authorities that can name the workloads of each other's trust domains. */
function certificateWarnings({ identity, upstreams }: GatewayConfig): readonly string[] {
  return upstreams.flatMap(({ name, clients }) => {
    const here = identity.certificates.filter((entry) => entry.upstreams?.includes(name) !== false);
    const domains = new Set(here.flatMap(({ uri }) => /^spiffe:\/\/([^/]+)/.exec(uri ?? '')?.[1] ?? []));
    if (domains.size < 2 || !clients.includes('certificate')) return [];
    const all = [...domains].join(', ');
    return [
      `upstream ${name}: every authority of clientTls.ca is believed for ${all}; give each its own upstream, and its certificates that one in upstreams`,
    ];
  });
}

function workloadWarnings({ identity: { workload }, upstreams }: GatewayConfig): readonly string[] {
  const places = upstreams.flatMap(({ name, clients, listen }) =>
    clients.includes('workload') && listen !== undefined ? [{ name, listen }] : [],
  );
  if (workload === undefined || places.length === 0) return [];
  const found = places.map(({ name, listen }) =>
    listen.kind === 'socket'
      ? `upstream ${name}: every process that may open ${listen.path} is the workload; let nobody else have its directory`
      : `upstream ${name}: every container of the pod, or process of the machine, that connects is the workload; a unix socket shared with one container keeps the others out`,
  );
  if (!existsSync(workload.tokenFile)) found.push(`workload: ${workload.tokenFile} is not there; clients are refused until it is`);
  if (isOpen(workload.tokenFile)) found.push(`workload: whoever reads the token can use it elsewhere; chmod 600 ${workload.tokenFile}`);
  return found;
}

function usersWarnings({ identity, masking }: GatewayConfig): readonly string[] {
  const { users, issuers, certificates } = identity;
  const found: string[] = [];
  if (users !== undefined && isOpen(users)) found.push(`users: whoever reads the file can try passwords; chmod 600 ${users}`);
  if (users !== undefined && masking.keyFile === undefined)
    found.push('users: without masking.keyFile, a change of the users can tell which names are none; write masking: { keyFile: <file> }');
  if (issuers.length > 0 && (users !== undefined || certificates.some(({ issuer }) => issuer === undefined)))
    found.push(
      'users and certificates: who has tokens too could approve what they ask for themselves, unless issuer and id say who they are',
    );
  return found;
}

/** Somebody besides its owner may read the file. What cannot be looked at is reported where it is read. */
function isOpen(path: string): boolean {
  try {
    return process.platform !== 'win32' && (statSync(path).mode & 0o044) !== 0;
  } catch {
    return false;
  }
}
