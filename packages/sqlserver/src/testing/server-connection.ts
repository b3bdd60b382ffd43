import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { HashPort, InjectResult, ServerClient, ServerLogin, TlsFraming } from '@sqlwarden/core';
import { createServerClient } from '../session/server-client.js';

/** A server that a test connects to. */
export interface Place {
  readonly host: string;
  readonly port: number;
  /** PEM. Without it what the server shows is believed. */
  readonly authority?: string;
}

/** A client of the gateway's own over real sockets. */
export interface ServerConnection {
  query(sql: string): Promise<InjectResult>;
  /** Places that the server sent it to. */
  readonly routed: readonly { readonly host: string; readonly port: number }[];
  close(): void;
}

const NO_HASH = {} as HashPort;

/** Rejects with an error that says why the login failed; `refused`: as the client says it. */
export function connectToServer(place: Place, login: ServerLogin): Promise<ServerConnection> {
  const routed: { host: string; port: number }[] = [];
  let active: Duplex | undefined;
  return new Promise((resolve, reject) => {
    const read = (stream: Duplex): void => {
      active = stream;
      stream.on('data', (bytes: Buffer) => client.receive(bytes));
      stream.on('error', (error) => reject(error));
      stream.on('close', () => {
        if (active === stream) client.ended();
      });
    };
    const dial = (port: number): void => {
      const left = active;
      const socket = connectTcp(port, '127.0.0.1', () => client.connected());
      read(socket);
      left?.destroy();
    };
    const connection: ServerConnection = {
      query: (sql) => new Promise((done) => client.query(sql, done)),
      routed,
      close: () => active?.destroy(),
    };
    const client: ServerClient = createServerClient(
      {
        send: (bytes) => void active?.write(bytes),
        startTls: (framing) => {
          const plain = active as Socket;
          plain.removeAllListeners('data');
          const { authority } = place;
          const secure = connectTls({
            socket: framing === undefined ? plain : new Framed(plain, framing),
            servername: 'localhost',
            ...(authority === undefined ? { rejectUnauthorized: false } : { ca: authority }),
            ...(framing === undefined ? { ALPNProtocols: ['tds/8.0'] } : { maxVersion: 'TLSv1.2' as const }),
          });
          const isDirect = framing === undefined;
          secure.once('secureConnect', () =>
            client.tlsStarted(isDirect && typeof secure.alpnProtocol === 'string' ? { protocol: secure.alpnProtocol } : undefined),
          );
          read(secure);
        },
        connectServer: (to) => {
          routed.push(to);
          dial(to.port);
        },
        randomBytes: (length) => new Uint8Array(length),
        ready: () => resolve(connection),
        failed: (detail, refused) => {
          active?.destroy();
          reject(new Error(refused ? `refused: ${detail}` : detail));
        },
      },
      { login, hash: NO_HASH, maxMessageBytes: 1 << 20 },
    );
    dial(place.port);
  });
}

class Framed extends Duplex {
  readonly #plain: Duplex;
  readonly #framing: TlsFraming;

  constructor(plain: Duplex, framing: TlsFraming) {
    super();
    this.#plain = plain;
    this.#framing = framing;
    plain.on('data', (bytes: Buffer) => {
      const inner = framing.incoming(bytes);
      if (inner === undefined) this.destroy(new Error('no TLS'));
      else if (inner.length > 0) this.push(inner);
    });
    plain.on('end', () => this.push(null));
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#plain.write(this.#framing.outgoing(bytes), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#plain.destroy();
    done(error);
  }
}
