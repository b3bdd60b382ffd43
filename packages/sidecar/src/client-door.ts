import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  type ClientGuard,
  type ClientTls,
  type Gateway,
  openConfiguredClientTls,
  type UpstreamConfig,
  type UpstreamInfo,
} from '@sqlwarden/runtime';
import { openingOf } from './direct-tls.js';
import type { ListenAddress } from './listener.js';

/** How long a client over a limit may take to be told so. */
const REFUSAL_MS = 2_000;

/** Where clients of one upstream come in: makes a gateway connection out of an accepted socket, whichever process accepted it. */
export class ClientDoor {
  readonly upstream: string;
  readonly address: ListenAddress;
  readonly tls: ClientTls | undefined;
  readonly #gateway: Gateway;
  readonly #requireTls: boolean;
  readonly #alpn: string | undefined;
  readonly #onTrouble: (error: Error) => void;

  /** Throws a `ConfigError` when the certificate cannot be used. */
  constructor(gateway: Gateway, { config, alpn }: UpstreamInfo, address: ListenAddress, onTrouble: (error: Error) => void) {
    this.upstream = config.name;
    this.address = address;
    this.tls = config.clientTls === undefined ? undefined : openConfiguredClientTls(gateway.config, config.clientTls, Date.now, onTrouble);
    this.#gateway = gateway;
    this.#alpn = alpn;
    this.#requireTls = config.listen?.isPrivate !== true;
    this.#onTrouble = onTrouble;
  }

  /** Takes a client over. `guard.closed` is called exactly once, also when that fails. */
  take(socket: Socket, guard: ClientGuard): void {
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    // Whoever is only to be told that there is no room does not keep that room from others by saying nothing.
    if (guard.refusal !== undefined) setTimeout(() => socket.destroy(), REFUSAL_MS).unref();
    // Where clients do not begin with TLS, the server may have to speak first: nothing is waited for.
    if (this.tls === undefined || this.#alpn === undefined) return this.#connect(socket, socket, false, guard);
    const { loginTimeoutMs } = this.#gateway.config.limits;
    openingOf(socket, this.tls, this.#alpn, loginTimeoutMs).then(
      (opening) => (opening === undefined ? guard.closed() : this.#connect(socket, opening.stream, opening.encrypted, guard)),
      (error: unknown) => {
        this.#failed(error as Error, socket, guard);
      },
    );
  }

  #connect(socket: Socket, stream: Socket | TLSSocket, encrypted: boolean, guard: ClientGuard): void {
    const isLocal = 'path' in this.address;
    try {
      this.#gateway.connect(this.upstream, {
        stream,
        address: isLocal ? 'unix socket' : `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`,
        isSocket: isLocal,
        isPrivate: isLocal || isLoopback(socket.remoteAddress),
        tls: this.tls,
        encrypted,
        requireTls: this.#requireTls,
        principal: undefined,
        isLibrary: false,
        guard,
      });
      stream.resume();
    } catch (error) {
      this.#failed(error as Error, socket, guard);
    }
  }

  #failed(error: Error, socket: Socket, guard: ClientGuard): void {
    this.#onTrouble(error);
    socket.destroy();
    guard.closed();
  }
}

/** The doors of every upstream that has a listener. */
export function openDoors(gateway: Gateway, onTrouble: (error: Error) => void): readonly ClientDoor[] {
  return gateway.upstreams.flatMap((upstream) => {
    const address = listenAddress(upstream.config);
    return address === undefined ? [] : [new ClientDoor(gateway, upstream, address, onTrouble)];
  });
}

/** Where the configuration wants clients of the upstream; `undefined`: nowhere. */
export function listenAddress({ listen }: UpstreamConfig): ListenAddress | undefined {
  if (listen === undefined) return undefined;
  return listen.kind === 'socket' ? { path: listen.path } : { host: listen.host, port: listen.port };
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.'));
}
