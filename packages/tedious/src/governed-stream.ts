import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AssertedIntent } from '@sqlwarden/core';
import { duplexPair, type GatewayConnection, type GatewayLease, type Identity, type WantedServer } from '@sqlwarden/runtime';
import { upstreamOf } from './governed.js';

/** The gateway's end of a connection, once there is one, and what is said for it. */
export interface Link {
  intent: AssertedIntent | undefined;
  connection: GatewayConnection | undefined;
  /** The application has closed it, which it may do before it is made. */
  hasEnded: boolean;
}

/** What the driver gets a socket by (tedious 19: `lib/connection.js`, `connectOnPort`), of whose arguments it declares none. */
export type Connector = (to?: unknown, lookup?: unknown, signal?: AbortSignal) => Promise<Socket>;

/** What a connection goes through the gateway by. */
export interface Governance {
  readonly lease: GatewayLease;
  readonly upstream: string | undefined;
  readonly identity: Identity;
  readonly wanted: WantedServer;
}

/**
 * The driver's end of a new connection through the gateway. Rejects when the gateway cannot be opened, has no such upstream, or is not there before the
 * driver stops to wait for it.
 */
export async function governedSocket({ lease, upstream, identity, wanted }: Governance, link: Link, signal?: AbortSignal): Promise<Socket> {
  // Something must keep the process alive while the gateway opens, as a dialling socket would.
  const alive = setInterval(() => undefined, 1 << 30);
  try {
    const gateway = await unlessAborted(lease.gateway(), signal);
    if (link.hasEnded) throw new Error('the connection was closed before it was made');
    const name = upstreamOf(gateway, upstream, wanted);
    const { near, far } = duplexPair();
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
    return driverSocket(near);
  } finally {
    clearInterval(alive);
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) reject(signal.reason as Error);
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    work.then(resolve, reject);
  });
}

/** What the driver calls on its socket besides the stream's own methods. */
function driverSocket(near: Duplex): Socket {
  const socket = near as Socket;
  return Object.assign(socket, { setKeepAlive: () => socket });
}
