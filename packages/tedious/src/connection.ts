import {
  activeTrace,
  type GatewayLease,
  type Identity,
  identityContext,
  ownIdentity,
  runAsNobody,
  type WantedServer,
} from '@sqlwarden/runtime';
import tedious, { type ConnectionConfiguration } from 'tedious';
import { SqlwardenTediousError } from './errors.js';
import { leaseGateway } from './governed.js';
import { type Connector, governedSocket, type Link } from './governed-stream.js';
import { keepContext } from './request-context.js';

export interface GovernedOptions {
  /** Path of `sqlwarden.yaml`. */
  readonly sqlwarden: string;
  /** The upstream's name in the configuration; needed only when the address does not tell. */
  readonly upstream?: string;
  /** Who the connection is for. Default: who `runAs` says. */
  readonly identity?: Identity;
}

export type ConnectionConfig = Partial<ConnectionConfiguration> & GovernedOptions;

/**
 * `tedious.Connection` that goes through the same session as the sidecar's, in this process. A connection belongs to one identity and never changes to another.
 * Everything of `tedious` works; `authentication` and the options of TLS belong into the configuration file's `credentials` and `server`.
 */
export class Connection extends tedious.Connection {
  readonly #link: Link;

  constructor(config: ConnectionConfig) {
    const context = identityContext();
    const given = config.identity ?? context?.identity;
    if (given === undefined)
      throw new SqlwardenTediousError('no-identity', 'a connection needs an identity: use runAs(token, …) or the option "identity"');
    const identity = ownIdentity(given);
    const link: Link = { intent: context?.intent, connection: undefined, hasEnded: false };
    const connector: Connector = (_to, _lookup, signal) => runAsNobody(() => governedSocket(governance, link, signal));
    super(driverConfig(config, identity, connector));
    if (this.config.options.connector !== connector)
      throw new SqlwardenTediousError('not-injected', 'the driver did not take the governed connection');
    // Only now: a connection that the driver refuses to make would hold it for ever.
    const lease = leaseGateway(config.sqlwarden);
    const governance = { lease, upstream: config.upstream, identity, wanted: wantedServer(config) };
    this.#link = link;
    giveBackAtEnd(this, lease, link);
  }

  /** As `tedious`'s: all that an application asks for comes by here. */
  override makeRequest(...given: Parameters<tedious.Connection['makeRequest']>): void {
    const [request] = given;
    const { connection, intent } = this.#link;
    // What the driver refuses to send says nothing of the request that is under way.
    if (this.state === this.STATE.LOGGED_IN && !request.canceled) {
      // INVARIANT: said anew for every request, nothing included: what was said of the last one is not said of this one.
      connection?.assertIntent(identityContext()?.intent ?? intent);
      connection?.assertTrace(activeTrace());
    }
    keepContext(request);
    super.makeRequest(...given);
  }
}

/** `tedious.connect`. */
export function connect(config: ConnectionConfig, connectListener?: (error?: Error) => void): Connection {
  const connection = new Connection(config);
  connection.connect(connectListener);
  return connection;
}

function giveBackAtEnd(connection: Connection, lease: GatewayLease, link: Link): void {
  connection.once('end', () => {
    link.hasEnded = true;
    // Nobody waits for it: a ledger that could not be closed in order must not end the application, and must not be silent.
    lease.release().catch((error: Error) => process.emitWarning(error.message, 'SqlwardenTediousWarning'));
  });
}

/** Only what the application said counts; the driver's defaults do not choose an upstream. */
function wantedServer({ server, options }: ConnectionConfig): WantedServer {
  const { port, database } = options ?? {};
  return { host: server, port, database: database === '' ? undefined : database };
}

/** The longest password that LOGIN7 carries is shorter than most tokens ([MS-TDS] section 2.2.6.4), so that a token goes as one. */
function authenticationOf(identity: Identity): ConnectionConfiguration['authentication'] {
  return typeof identity === 'string'
    ? { type: 'azure-active-directory-access-token', options: { token: identity } }
    : { type: 'default', options: { userName: 'sqlwarden', password: 'principal' } };
}

/** The options that the driver gets: the socket and the proof are ours. */
function driverConfig(config: ConnectionConfig, identity: Identity, connector: Connector): ConnectionConfiguration {
  const { sqlwarden: _, upstream: _upstream, identity: _identity, authentication: _authentication, options = {}, ...others } = config;
  const { cryptoCredentialsDetails: _credentials, instanceName: _instance, serverName: _name, localAddress: _local, ...kept } = options;
  return {
    ...others,
    server: config.server ?? 'sqlwarden',
    authentication: authenticationOf(identity),
    options: { ...kept, port: options.port ?? 1433, encrypt: false, multiSubnetFailover: false, connector },
  } as ConnectionConfiguration;
}
