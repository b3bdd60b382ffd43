import { createServer, type Server, type Socket } from 'node:net';
import { listenPrivately } from '@sqlwarden/runtime';

/** Where an upstream's clients connect. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

export interface ListenerOptions {
  readonly address: ListenAddress;
  /** Nothing is read of accepted sockets: they are for another process. */
  readonly paused: boolean;
  readonly onClient: (socket: Socket) => void;
  readonly onTrouble: (error: Error) => void;
}

/** A listening socket of one upstream. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer({ pauseOnConnect: options.paused }, options.onClient);
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
}
