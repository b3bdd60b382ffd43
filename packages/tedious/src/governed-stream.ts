import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AssertedIntent } from '@sqlwarden/core';
import { duplexPair, type GatewayConnection, type GatewayLease, type Identity, type WantedServer } from '@sqlwarden/runtime';
import { upstreamOf } from './governed.js';

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

/**
 * The driver's end of a new connection through the gateway, as the driver asks for it (tedious 19: `lib/connection.js`, `connectOnPort`). Rejects when the gateway
 * cannot be opened or has no such upstream.
 */
export async function governedSocket({ lease, upstream, identity, wanted }: Governance, link: Link): Promise<Socket> {
  // Something must keep the process alive while the gateway opens, as a dialling socket would.
  const alive = setInterval(() => undefined, 1 << 30);
  try {
    const gateway = await lease.gateway();
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

/** What the driver calls on its socket besides the stream's own methods. */
function driverSocket(near: Duplex): Socket {
  const socket = near as Socket;
  return Object.assign(socket, { setKeepAlive: () => socket });
}
