import { fork, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { CLIENT_SECRET, clientLogin, codeLogin, deviceLogin, REDIRECT_URI, type OpenIdTokens } from './openid-flows.js';

/** A private JWK that the provider signs with. */
export interface OpenIdKey {
  readonly kid: string;
  readonly alg: 'RS256' | 'ES256';
  readonly [member: string]: unknown;
}

/** What tokens for an account or a client say besides the registered claims: `name`, `groups`, … */
export type OpenIdAccount = Readonly<Record<string, unknown>>;

export interface OpenIdOptions {
  /** By name, which is their `sub`. Those of a client are under its id. */
  readonly accounts?: Readonly<Record<string, OpenIdAccount>>;
  /** Default `sqlwarden`. */
  readonly audience?: string;
  /** How long access tokens live; default 300. */
  readonly tokenSeconds?: number;
  /** Default one ES256 key. */
  readonly keys?: readonly OpenIdKey[];
}

/** A real OpenID provider (`oidc-provider`) in a process of its own, on this machine, over http. */
export interface OpenIdProvider {
  readonly issuer: string;
  readonly audience: string;
  /** A person logs in with a browser: authorization code with PKCE (RFC 7636), public client `tool`. */
  login(account: string): Promise<OpenIdTokens>;
  /** A person logs in for a device (RFC 8628), public client `device`. */
  deviceLogin(account: string): Promise<OpenIdTokens>;
  /** A service by its secret (client credentials): `batch` or `agent`. */
  clientLogin(client: 'batch' | 'agent'): Promise<OpenIdTokens>;
  /** Starts it again at the same address with other keys; the first one signs. Codes and sessions are forgotten. */
  restart(keys: readonly OpenIdKey[]): Promise<void>;
  /** How often a path was asked for since the first start. */
  requests(path: string): number;
  stop(): Promise<void>;
}

export interface ProviderSettings {
  /** 0 for any. */
  readonly port: number;
  readonly accounts: Readonly<Record<string, OpenIdAccount>>;
  readonly audience: string;
  readonly tokenSeconds: number;
  readonly clients: readonly object[];
  readonly keys: readonly OpenIdKey[];
}

const CLIENTS = [
  {
    client_id: 'tool',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  },
  {
    client_id: 'device',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    redirect_uris: [],
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
    response_types: [],
  },
  ...['batch', 'agent'].map((id) => ({
    client_id: id,
    client_secret: CLIENT_SECRET,
    redirect_uris: [],
    grant_types: ['client_credentials'],
    response_types: [],
  })),
] as const;

const READY_MS = 30_000;

/** Makes a signing key. */
export function openIdKey(alg: OpenIdKey['alg'] = 'ES256'): OpenIdKey {
  const { privateKey } =
    alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg, use: 'sig' };
}

/** Starts a provider; `stop` it. It ends with this process in any case. */
export async function startOpenIdProvider(options: OpenIdOptions = {}): Promise<OpenIdProvider> {
  const { accounts = {}, audience = 'sqlwarden', tokenSeconds = 300, keys = [openIdKey()] } = options;
  const requests = new Map<string, number>();
  const count = (path: string) => requests.set(path, (requests.get(path) ?? 0) + 1);
  let port = 0;
  const start = (with_: readonly OpenIdKey[]) =>
    startProcess({ port, accounts, audience, tokenSeconds, clients: idTokensSignedBy(with_), keys: with_ }, count);
  let child: ChildProcess;
  ({ child, port } = await start(keys));
  const issuer = `http://127.0.0.1:${port}`;
  return {
    issuer,
    audience,
    login: (account) => codeLogin(issuer, account),
    deviceLogin: (account) => deviceLogin(issuer, account),
    clientLogin: (client) => clientLogin(issuer, client),
    async restart(next) {
      await stopProcess(child);
      ({ child } = await start(next));
    },
    requests: (path) => requests.get(path) ?? 0,
    stop: () => stopProcess(child),
  };
}

function idTokensSignedBy([newest]: readonly OpenIdKey[]): readonly object[] {
  return CLIENTS.map((client) => ({ ...client, id_token_signed_response_alg: newest?.alg }));
}

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startProcess(settings: ProviderSettings, count: (path: string) => void): Promise<Started> {
  // Also from the sources, which is how this package's own tests run, it is the compiled program.
  const program = fileURLToPath(new URL('../dist/openid-provider-process.js', import.meta.url));
  // What it writes says that it is not set up for production, on every start.
  const child = fork(program, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });
  const slow = setTimeout(() => child.kill('SIGKILL'), READY_MS);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => reject(new Error(`the OpenID provider ended before it was ready, with status ${String(status)}`)));
    child.on('message', (message) => {
      if (typeof message === 'number') resolve(message);
      else if (typeof message === 'string') count(message);
    });
    child.send(settings);
  }).finally(() => clearTimeout(slow));
  child.removeAllListeners('exit');
  return { child, port };
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
