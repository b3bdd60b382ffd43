// node pipe-process.js <port> <port of the server>: the plain TCP pipe that sqlwarden is measured against. Ends when standard input does.
import { connect, createServer } from 'node:net';

const [port, serverPort] = process.argv.slice(2).map(Number);

const listener = createServer({ noDelay: true }, (client) => {
  const server = connect({ host: '127.0.0.1', port: serverPort ?? 0, noDelay: true });
  client.pipe(server);
  server.pipe(client);
  client.on('error', () => server.destroy());
  server.on('error', () => client.destroy());
});
listener.listen(port, '127.0.0.1', 4096);
process.stdin.resume().once('end', () => process.exit(0));
