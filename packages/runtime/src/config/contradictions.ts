import { list } from '@sqlwarden/core';
import { isProduction } from '@sqlwarden/identity';
import type { ConfigDocument, IssuerSource, UpstreamSource } from './config-document.js';
import type { ClientProof } from './gateway-config.js';
import { databaseContradictions } from './database-contradictions.js';
import { exchangeContradictions } from './exchange-contradictions.js';
import { isLoopback, parseListen } from './listen-address.js';
import { sinkContradictions } from './sink-config.js';
import type { Path } from './yaml-source.js';

/** Something that a schema cannot see: keys that do not go together. */
export interface Contradiction {
  readonly path: Path;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

export function findContradictions(document: ConfigDocument): Contradiction[] {
  return [
    ...healthContradictions(document.health),
    ...sinkContradictions(document.ledger.sinks ?? []),
    ...identityContradictions(document),
    ...exchangeContradictions(document),
    ...document.upstreams.flatMap((upstream, at) => upstreamContradictions(upstream, ['upstreams', at])),
    ...(document.identity.issuers ?? []).flatMap((issuer, at) =>
      issuerContradictions(issuer, ['identity', 'issuers', at], document.environment),
    ),
    ...taken(
      document.upstreams.map(({ name }) => name),
      (at) => ['upstreams', at, 'name'],
    ),
    ...taken(
      document.upstreams.map(({ listen }) => listen),
      (at) => ['upstreams', at, 'listen'],
    ),
    ...taken(
      (document.identity.issuers ?? []).map(({ name }) => name),
      (at) => ['identity', 'issuers', at, 'name'],
    ),
  ];
}

function healthContradictions(health: ConfigDocument['health']): Contradiction[] {
  if (health?.listen === undefined || parseListen(health.listen, '/')?.kind === 'tcp') return [];
  return [{ path: ['health', 'listen'], message: 'is no address; write host:port such as 127.0.0.1:15433' }];
}

function taken(values: readonly (string | undefined)[], path: (at: number) => Path): Contradiction[] {
  return values.flatMap((value, at) => {
    const free = value === undefined || values.indexOf(value) === at || value.endsWith(':0');
    return free ? [] : [{ path: path(at), message: `"${value}" is taken by an earlier entry; write another one` }];
  });
}

/** Ways to prove an identity that nobody could use, and identities that nobody could prove. */
function identityContradictions({ identity, upstreams }: ConfigDocument): Contradiction[] {
  const found: Contradiction[] = [];
  const { issuers = [], users, certificates = [], workload } = identity;
  const isAskedFor = upstreams.some(({ credentials }) => credentials.mode !== 'client-password');
  if (isAskedFor && issuers.length === 0 && users === undefined && certificates.length === 0)
    found.push({ path: ['identity'], message: 'vouches for nobody; write issuers, users or certificates' });
  for (const [at, { commonName, uri, upstreams: only = [] }] of certificates.entries()) {
    const unknown = only.findIndex((name) => !upstreams.some((upstream) => upstream.name === name));
    if (unknown >= 0) {
      const where = ['identity', 'certificates', at, 'upstreams', unknown];
      found.push({ path: where, message: `"${only[unknown]}" is no upstream; write the name of one` });
    }
    if ((commonName === undefined) === (uri === undefined))
      found.push({ path: ['identity', 'certificates', at], message: 'names no certificate, or two ways; write one of uri and commonName' });
  }
  const given: Readonly<Record<ClientProof, boolean>> = {
    token: issuers.length > 0,
    oauth: issuers.length > 0,
    password: users !== undefined,
    certificate: certificates.length > 0,
    workload: issuers.length > 0 && workload !== undefined,
  };
  for (const [at, upstream] of upstreams.entries()) {
    const { clients, listen } = upstream;
    found.push(...mixedProofs(upstream, ['upstreams', at], issuers));
    if (clients === undefined && (listen === undefined || upstream.credentials.mode === 'client-password')) continue;
    for (const proof of list(clients ?? 'token'))
      if (!given[proof]) found.push({ path: ['upstreams', at, ...(clients === undefined ? [] : ['clients'])], message: NOBODY[proof] });
  }
  return found;
}

const NOBODY: Readonly<Record<ClientProof, string>> = {
  token: 'lets clients in by token, and there are no issuers; write identity.issuers, or other ways in clients',
  oauth: 'lets clients in by token, and there are no issuers; write identity.issuers, or other ways in clients',
  password: 'lets clients in by password, and there are no users; write identity.users',
  certificate: 'lets clients in by certificate, and none stands for anybody; write identity.certificates',
  workload: 'lets clients in as the workload, and nothing says which; write identity.workload: { tokenFile: <file> } and identity.issuers',
};

/** Ways in that cannot be told apart before one is asked for. */
function mixedProofs({ clients, oauth, listen }: UpstreamSource, path: Path, issuers: readonly IssuerSource[]): Contradiction[] {
  const found: Contradiction[] = [];
  const add = (where: Path, message: string): void => void found.push({ path: [...path, ...where], message });
  const proofs = list(clients ?? 'token');
  if (proofs.includes('token') && proofs.includes('oauth'))
    add(['clients'], 'has two ways to ask for a token, and a client can be asked once; write one of token and oauth, or two upstreams');
  if (proofs.includes('workload') && proofs.length > 1)
    add(['clients'], 'has other ways beside workload, which asks for nothing; write an upstream with a listener of its own for each');
  if (proofs.includes('workload') && listen !== undefined && parseListen(listen, '/')?.isPrivate === false)
    add(['listen'], 'is reachable from other machines, and whoever connects would be the workload; write a unix socket, or 127.0.0.1');
  if (oauth === undefined) return found;
  if (!proofs.includes('oauth')) add(['oauth'], 'is only for clients: oauth; leave it out');
  if (oauth.issuer !== undefined && !issuers.some(({ name }) => name === oauth.issuer))
    add(['oauth', 'issuer'], `"${oauth.issuer}" is no issuer of identity.issuers; write the name of one`);
  if (oauth.issuer === undefined && issuers.length > 1)
    add(['oauth'], 'does not say which issuer clients get tokens from; write issuer: <name>');
  return found;
}

function clientContradictions({ clients, clientTls }: UpstreamSource, path: Path): Contradiction[] {
  const found: Contradiction[] = [];
  const add = (where: Path, message: string): void => void found.push({ path: [...path, ...where], message });
  const proofs = list(clients ?? 'token');
  if (proofs.includes('certificate') && clientTls?.ca === undefined)
    add(['clients'], 'lets clients in by certificate, and nobody asks for one; write clientTls with ca');
  if (proofs.lastIndexOf('certificate') > 0) add(['clients'], 'has certificate behind a way that is asked of everybody; write it first');
  if (clientTls?.ca === undefined && clientTls?.crl !== undefined) add(['clientTls', 'crl'], 'is not looked at without ca; write ca');
  if (clientTls?.ca === undefined && clientTls?.requireCertificate === true)
    add(['clientTls', 'requireCertificate'], 'needs authorities of client certificates; write ca');
  return found;
}

function credentialContradictions({ server, credentials }: UpstreamSource, path: Path): Contradiction[] {
  const found: Contradiction[] = [];
  const add = (where: Path, message: string): void => void found.push({ path: [...path, ...where], message });
  const { passwordFile, passwordEnvironment, passwordCommand, accept, channelBinding } = credentials;
  if ([passwordFile, passwordEnvironment, passwordCommand].filter((given) => given !== undefined).length > 1) {
    const second = passwordFile !== undefined && passwordEnvironment !== undefined ? 'passwordEnvironment' : 'passwordCommand';
    const first = passwordFile === undefined ? 'passwordEnvironment' : 'passwordFile';
    add(['credentials', second], `does not go together with ${first}; write one of them`);
  }
  const isEncrypted = server.socket === undefined && server.tls !== 'disable';
  if (!isEncrypted && channelBinding === 'require')
    add(['credentials', 'channelBinding'], 'needs TLS; leave it out, or write tls: verify-full');
  if (channelBinding === 'require' && accept !== undefined && !list(accept).includes('scram-sha-256-plus'))
    add(['credentials', 'accept'], 'leaves out scram-sha-256-plus, which channelBinding requires; write it too');
  if (!isEncrypted && server.certificate !== undefined) add(['server', 'certificate'], 'is only shown inside TLS; leave it out');
  if (isEncrypted && server.publicKey !== undefined)
    add(['server', 'publicKey'], 'is only needed where there is no TLS; leave it out, or write tls: disable');
  if (server.socket !== undefined && server.publicKey !== undefined)
    add(['server', 'publicKey'], 'does not go together with socket, over which nobody can listen; leave it out');
  if (!isEncrypted && server.sslNegotiation !== undefined)
    add(['server', 'sslNegotiation'], 'says how TLS begins, and there is none; leave it out');
  return found;
}

/** Who sessions are on the server, and what goes with that. */
function sessionContradictions({ credentials, clients, propagate, server }: UpstreamSource, path: Path): Contradiction[] {
  const found: Contradiction[] = [];
  const add = (where: Path, message: string): void => void found.push({ path: [...path, ...where], message });
  const { mode = 'shared', roles, minted, kind } = credentials;
  if (mode === 'role' && roles === undefined)
    add(['credentials'], 'has mode: role and does not say who is which; write roles: [{ match: { groups: [analysts] }, role: analyst }]');
  if ((mode === 'shared' || mode === 'client-password') && roles !== undefined)
    add(['credentials', 'roles'], `is not looked at with mode: ${mode}; write mode: role, or leave it out`);
  if (mode === 'minted' && minted === undefined)
    add(['credentials'], 'has mode: minted and does not say how; write minted: { command: [<program>, <argument>] }');
  if (mode !== 'minted' && minted !== undefined) add(['credentials', 'minted'], 'is only for mode: minted; leave it out, or write that');
  if (mode !== 'client-password' && kind !== undefined) add(['credentials', 'kind'], 'is only for mode: client-password; leave it out');
  for (const [at, { role }] of (roles ?? []).entries())
    if (role.toLowerCase() === 'none') add(['credentials', 'roles', at, 'role'], 'is the name for no role at all; write another one');
  if (mode === 'client-password' && clients !== undefined)
    add(['clients'], 'does not go together with credentials.mode: client-password, where the server says who clients are; leave it out');
  const isPrivate = server.socket !== undefined || isLoopback(server.host ?? '');
  if (mode === 'client-password' && !isPrivate && (server.tls ?? 'verify-full') !== 'verify-full')
    add(['server', 'tls'], 'lets anybody be the server, which says who clients are and gets their passwords; write tls: verify-full');
  const names = Object.values(propagate ?? {});
  for (const [at, [field, name]] of Object.entries(propagate ?? {}).entries())
    if (names.indexOf(name) !== at) add(['propagate', field], `"${name}" is taken by an earlier entry; write another one`);
  return found;
}

function upstreamContradictions(upstream: UpstreamSource, path: Path): Contradiction[] {
  const { listen, clientTls, server } = upstream;
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
  found.push(
    ...databaseContradictions(upstream, path),
    ...clientContradictions(upstream, path),
    ...credentialContradictions(upstream, path),
    ...sessionContradictions(upstream, path),
  );
  return found;
}

/** Presets whose keys cannot be discovered. */
const UNDISCOVERED: ReadonlySet<IssuerSource['preset']> = new Set(['dev', 'spiffe']);

/** Presets of issuers that give tokens to everybody, and the claims that say whose a token is. */
const OF_EVERYBODY: Readonly<Partial<Record<IssuerSource['preset'], readonly string[]>>> = {
  github: ['repository_owner_id', 'repository_id'],
  gitlab: ['namespace_id', 'project_id'],
};

function issuerContradictions(issuer: IssuerSource, path: Path, environment: string): Contradiction[] {
  const { preset, keys, allowInProduction, requiredClaims = {}, tokenReview } = issuer;
  const found: Contradiction[] = [];
  const add = (where: Path, message: string): void => void found.push({ path: [...path, ...where], message });
  const given = [keys?.file, keys?.url, keys?.directory].filter((value) => value !== undefined).length;
  if (given > 1) add(['keys'], 'says several places; write one of file, url and directory');
  if (given === 0 && UNDISCOVERED.has(preset))
    add([], `lacks the key "keys"; write keys: {${preset === 'dev' ? 'directory' : 'file'}: …} or keys: {url: …} for preset ${preset}`);
  const narrowing = OF_EVERYBODY[preset];
  if (narrowing !== undefined && !narrowing.some((name) => Object.hasOwn(requiredClaims, name)))
    add([], `lets in everybody who uses ${preset}; write requiredClaims: { ${narrowing[0] ?? ''}: "<yours>" }`);
  if (tokenReview !== undefined && preset !== 'kubernetes') add(['tokenReview'], 'is only for preset kubernetes; leave it out');
  if (keys?.directory !== undefined && preset !== 'dev') add(['keys', 'directory'], 'is only for preset dev; write file or url');
  for (const name of ['maxAgeMs', 'maxStaleMs'] as const) {
    if (keys?.[name] !== undefined && (keys.file ?? keys.directory) !== undefined)
      add(['keys', name], 'is only for keys from the network; leave it out');
  }
  if (preset === 'dev' && isProduction(environment) && allowInProduction !== true) {
    add(
      ['preset'],
      'dev is not for production: whoever can read its key can be anybody; write a preset of a real issuer, or another environment',
    );
  }
  return found;
}
