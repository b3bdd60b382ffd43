import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Dialect, ServerClientHost } from '@sqlwarden/core';
import { ControlConnection } from './control-connection.js';

/** A protocol in which the first byte of the server says that the login is done, and statements are never answered. */
const quiet = {
  createServerClient: (host: ServerClientHost) => ({
    connected: () => host.send(new Uint8Array([1])),
    tlsStarted: () => undefined,
    receive: () => host.ready(),
    query: (sql: string) => host.send(Buffer.from(sql)),
    ended: () => undefined,
  }),
} as unknown as Dialect;

describe('a connection of the gateway', () => {
  let server: Server;
  let port: number;
  let onConnection: (socket: Socket) => void;
  const closed: Promise<unknown>[] = [];
  beforeEach(async () => {
    server = createServer((socket) => {
      closed.push(new Promise((resolve) => socket.once('close', resolve)));
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const connect = (): ControlConnection =>
    new ControlConnection(
      quiet,
      { host: '127.0.0.1', port, socketPath: undefined, tls: 'disable', ca: undefined, connectTimeoutMs: 5_000 },
      { user: 'gateway', database: 'crm', password: undefined, tls: 'disable' },
      undefined,
      80,
    );

  it('gives up a server that takes the connection and says nothing', async () => {
    onConnection = (socket) => socket.resume();
    const connection = connect();
    await expect(connection.query('select 1')).rejects.toThrow('the server did not let the gateway in within 80 ms');
    expect(connection.failed).toBe(true);
    await closed.at(-1);
  });

  it('gives up a server that falls silent after the login', async () => {
    onConnection = (socket) => socket.once('data', () => socket.write('.'));
    const connection = connect();
    await connection.ready();
    await expect(connection.query('select 1')).rejects.toThrow('the server did not answer within 80 ms');
    expect(connection.failed).toBe(true);
    await closed.at(-1);
  });
});
