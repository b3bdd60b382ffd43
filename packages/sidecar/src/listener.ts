import { createServer, type Server, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { type Gateway, listenPrivately } from '@sqlwarden/runtime';

/** Where an upstream's clients connect. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

export interface ListenerOptions {
  readonly gateway: Gateway;
  readonly upstream: string;
  readonly address: ListenAddress;
  readonly tls: SecureContext | undefined;
  /** Refuse clients that do not encrypt, unless their leg cannot be overheard. */
  readonly requireTls: boolean;
  /** Connections at a time; more are closed at once. */
  readonly maxConnections: number;
  readonly onTrouble: (error: Error) => void;
}

/** A listening socket of one upstream. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = options.maxConnections;
  }

  /** Resolves with the address that clients connect to (the port may have been chosen by the system). Rejects when it is taken. */
  async listen(): Promise<ListenAddress> {
    const { address } = this.#options;
    if ('path' in address) {
      await listenPrivately(this.#server, address.path);
      this.#server.on('error', (error) => this.#options.onTrouble(error));
      return address;
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: address.host, port: address.port }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.#server.on('error', (error) => this.#options.onTrouble(error));
    const bound = this.#server.address();
    return bound !== null && typeof bound === 'object' ? { host: address.host, port: bound.port } : address;
  }

  /** Takes no new clients. Those that are connected go on. */
  stop(): void {
    this.#server.close();
  }

  #accept(socket: Socket): void {
    const { gateway, upstream, tls, requireTls, address, onTrouble } = this.#options;
    socket.on('error', () => undefined);
    const isPrivate = 'path' in address || isLoopback(socket.remoteAddress);
    try {
      gateway.connect(upstream, {
        stream: socket,
        address: 'path' in address ? 'unix socket' : `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`,
        isPrivate,
        tls,
        requireTls,
        principal: undefined,
        isDatabaseChosen: false,
      });
    } catch (error) {
      onTrouble(error as Error);
      socket.destroy();
    }
  }
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.'));
}
