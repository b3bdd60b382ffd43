import type { Duplex } from 'node:stream';
import type { AssertedIntent } from '@sqlwarden/core';
import { duplexPair, type GatewayConnection, type GatewayLease, type Identity, type WantedServer } from '@sqlwarden/runtime';
import type mysql from 'mysql2';
import { optionsOfUri } from './driver.js';
import { upstreamOf } from './governed.js';

export interface GovernedOptions {
  /** Path of `sqlwarden.yaml`. */
  readonly sqlwarden: string;
  /** The upstream's name in the configuration; needed only when the address does not tell. */
  readonly upstream?: string;
  /** Who the connection is for. Default: who `runAs` says. */
  readonly identity?: Identity;
}

/** The gateway's end of a connection, once there is one, and what is said for it. */
export interface Link {
  intent: AssertedIntent | undefined;
  connection: GatewayConnection | undefined;
}

/** What a connection goes through the gateway by. */
export interface Governance {
  readonly lease: GatewayLease;
  readonly upstream: string | undefined;
  readonly identity: Identity;
  readonly wanted: WantedServer;
}

const links = new WeakMap<object, Link>();

/** What is said for the connection with this stream; `undefined` when the stream is none of ours. */
export function linkOf(stream: object): Link | undefined {
  return links.get(stream);
}

/** The driver's end of a connection that is opened at once; it is destroyed with the error when that fails. */
export function governedStream({ lease, upstream, identity, wanted }: Governance): Duplex {
  const { near, far } = duplexPair();
  const link: Link = { intent: undefined, connection: undefined };
  links.set(near, link);
  // Something must keep the process alive while the gateway opens, as a dialling socket would.
  const alive = setInterval(() => undefined, 1 << 30);
  near.once('close', () => clearInterval(alive));
  const open = async (): Promise<void> => {
    const gateway = await lease.gateway();
    const name = upstreamOf(gateway, upstream, wanted);
    if (near.destroyed) return;
    link.connection = gateway.connect(name, {
      stream: far,
      address: 'in-memory',
      isPrivate: true,
      tls: undefined,
      requireTls: false,
      principal: typeof identity === 'string' ? undefined : identity,
      isLibrary: true,
    });
    link.connection.assertIntent(link.intent);
  };
  open()
    .catch((error: Error) => void near.destroy(error))
    .finally(() => clearInterval(alive));
  return near;
}

/** A password must be there for the driver to answer with; with a principal its value is never looked at. */
const NO_TOKEN = 'principal';

/** What of the application's options is of the wrapper, or says how to reach and prove oneself to a server: that is the configuration file's. */
const REPLACED = [
  'sqlwarden',
  'upstream',
  'identity',
  'maxIdentities',
  'maxConnections',
  'uri',
  'ssl',
  'stream',
  'socketPath',
  'password',
  'password1',
  'password2',
  'password3',
  'passwordSha1',
  'authPlugins',
  'authSwitchHandler',
  'insecureAuth',
] as const;

/** The application's options with those of its URI, which it may say again. */
export function withUri<Options extends mysql.ConnectionOptions>(options: Options): Options {
  const { uri } = options;
  return uri === undefined ? options : { ...optionsOfUri(uri), ...options };
}

/** The options that the driver gets: the stream and the proof are ours. */
export function driverOptions<Options extends mysql.ConnectionOptions>(
  options: Options,
  identity: Identity,
  stream: () => Duplex,
): Options {
  const own = { ...withUri(options) } as Record<string, unknown>;
  for (const name of REPLACED) delete own[name];
  return {
    ...own,
    user: own.user ?? 'sqlwarden',
    password: typeof identity === 'string' ? identity : NO_TOKEN,
    enableCleartextPlugin: true,
    stream,
  } as unknown as Options;
}

/** Only what the application said counts; the driver's defaults do not choose an upstream. */
export function wantedServer(options: mysql.ConnectionOptions): WantedServer {
  const { host, port, database } = withUri(options);
  return {
    host,
    port: Number.isNaN(port) ? undefined : port,
    database: database === '' ? undefined : database,
  };
}
