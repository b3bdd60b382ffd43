import type { AssertedIntent } from '@sqlwarden/core';
import { duplexPair, type GatewayConnection, type GatewayLease, type Identity, identityContext, ownIdentity } from '@sqlwarden/runtime';
import pg from 'pg';
import { keepContexts } from './callback-context.js';
import { driverSocket } from './driver-socket.js';
import { SqlwardenPgError } from './errors.js';
import { leaseGateway, upstreamOf } from './governed.js';
import { traceQueries } from './query-traces.js';

export interface GovernedOptions {
  /** Path of `sqlwarden.yaml`. */
  readonly sqlwarden: string;
  /** The upstream's name in the configuration; needed only when the address does not tell. */
  readonly upstream?: string;
  /** Who the connection is for. Default: who `runAs` says. */
  readonly identity?: Identity;
}

export type ClientConfig = pg.ClientConfig & GovernedOptions;

/** A password must be there for the driver to answer with; with a principal its value is never looked at. */
const NO_TOKEN = 'principal';

/**
 * `pg.Client` whose connection goes through the same session as the sidecar's, in this process. Everything of `pg` works; TLS options
 * belong into the configuration file's `server`.
 */
export class Client extends pg.Client {
  readonly #lease: GatewayLease;
  readonly #link: Link;

  constructor(config: ClientConfig) {
    const context = identityContext();
    const given = config.identity === undefined ? context?.identity : config.identity;
    if (given === undefined) {
      throw new SqlwardenPgError(
        'no-identity',
        'a connection needs an identity: use pool.as(token), runAs(token, …) or the option "identity"',
      );
    }
    const identity = ownIdentity(given);
    const lease = leaseGateway(config.sqlwarden);
    const link: Link = { intent: context?.intent, connection: undefined };
    super(injected(config, identity, lease, link));
    this.#lease = lease;
    this.#link = link;
    const { stream } = (this as unknown as { readonly connection: { readonly stream: object } }).connection;
    if (!ours.has(stream)) {
      giveBack(lease);
      throw new SqlwardenPgError('not-injected', 'the driver did not take the governed connection; pg.native is not supported');
    }
    traceQueries(this, (trace) => link.connection?.assertTrace(trace));
    this.once('end', () => giveBack(this.#lease));
  }

  /** Why what is sent from now on is run, in place of what was said before. */
  assertIntent(intent: AssertedIntent | undefined): void {
    this.#link.intent = intent;
    this.#link.connection?.assertIntent(intent);
  }
}

keepContexts(Client.prototype, pg.Client.prototype, ['connect', 'query', 'end']);

/** The gateway's end of a client's connection, once there is one, and what is said for it. */
interface Link {
  intent: AssertedIntent | undefined;
  connection: GatewayConnection | undefined;
}

/** Nobody waits for it: a ledger that could not be closed in order must not end the application, and must not be silent. */
function giveBack(lease: GatewayLease): void {
  lease.release().catch((error: Error) => process.emitWarning(error.message, 'SqlwardenPgWarning'));
}

const ours = new WeakSet<object>();

function injected(config: ClientConfig, identity: Identity, lease: GatewayLease, link: Link): pg.ClientConfig {
  const wanted = new pg.Client(withoutTls(config));
  const options: pg.ClientConfig = {
    host: wanted.host,
    port: wanted.port,
    user: wanted.user ?? 'sqlwarden',
    ...(wanted.database === undefined ? {} : { database: wanted.database }),
    password: typeof identity === 'string' ? identity : NO_TOKEN,
    ssl: false,
    stream: () => {
      const { near, far } = duplexPair();
      const socket = driverSocket(near, async () => {
        const gateway = await lease.gateway();
        const upstream = upstreamOf(gateway, config.upstream, wantedServer(config, wanted));
        link.connection = gateway.connect(upstream, {
          stream: far,
          address: 'in-memory',
          isPrivate: true,
          tls: undefined,
          requireTls: false,
          principal: typeof identity === 'string' ? undefined : identity,
          isLibrary: true,
        });
        link.connection.assertIntent(link.intent);
        return link.connection.connection;
      });
      ours.add(socket);
      return socket;
    },
  };
  for (const key of PASSED_OPTIONS) {
    const value = config[key];
    if (value !== undefined) Object.assign(options, { [key]: value });
  }
  return options;
}

const PASSED_OPTIONS = [
  'application_name',
  'fallback_application_name',
  'client_encoding',
  'options',
  'statement_timeout',
  'query_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'connectionTimeoutMillis',
  'keepAlive',
  'types',
] as const satisfies readonly (keyof pg.ClientConfig)[];

function withoutTls(config: ClientConfig): pg.ClientConfig {
  const plain: pg.ClientConfig = Object.create(config, {
    ssl: { value: false, enumerable: true },
    stream: { value: undefined },
  }) as pg.ClientConfig;
  return plain;
}

/** Only what the application said counts; the driver's defaults do not choose an upstream. */
function wantedServer(
  config: ClientConfig,
  parsed: pg.Client,
): { host: string | undefined; port: number | undefined; database: string | undefined } {
  const said = config.connectionString !== undefined;
  return {
    host: said || config.host !== undefined ? parsed.host : undefined,
    port: said || config.port !== undefined ? parsed.port : undefined,
    database: said || config.database !== undefined ? parsed.database : undefined,
  };
}
