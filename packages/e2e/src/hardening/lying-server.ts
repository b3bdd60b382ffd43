import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface LyingServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** The word in a statement that calls for a lie, and its name. */
const CALL = /lie:([a-z0-9-]+)/;

/**
 * A server that is a real one until a statement holds `lie:<name>`: that is never handed on, and what comes back is the lie of that name. So the
 * gateway logs in, and reads the schema, before it is lied to.
 */
export async function startLyingServer(
  real: { readonly host: string; readonly port: number },
  lies: Readonly<Record<string, (socket: Socket) => void>>,
): Promise<LyingServer> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: real.host, port: real.port });
    let isLying = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    upstream.on('data', (bytes: Buffer) => {
      if (!isLying) client.write(bytes);
    });
    client.on('data', (bytes: Buffer) => {
      const lie = isLying ? undefined : CALL.exec(bytes.toString('latin1'))?.[1];
      if (lie === undefined) {
        if (!isLying) upstream.write(bytes);
        return;
      }
      isLying = true;
      lies[lie]?.(client);
    });
  });
  await listening(server);
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    async stop() {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

async function listening(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}
