import { createServer } from 'node:net';

/** The system names a port again that nobody listens on yet. */
const given = new Set<number>();

/**
 * A TCP port of the loopback interface that nothing listened on a moment ago, and that was not given before in this process. Another process may take it: be
 * ready to try again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await openPort();
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}

function openPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('the operating system named no port'));
      });
    });
  });
}
