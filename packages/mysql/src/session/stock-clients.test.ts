import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClientMethod, LoginRequest, SessionHost } from '@sqlwarden/core';
import { createAuthority, findMariadbClient, requireOrSkip, runProgram } from '@sqlwarden/testkit';
import { type ConnectionOptions, createConnection } from 'mysql2/promise';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { writeErr } from '../protocol/err-packet.js';
import { ClientLogin } from './client-login.js';
import { okPacket } from './own-packets.js';

/** As long as those of identity providers are. */
const TOKEN = `header.${'p'.repeat(1500)}.signature`;
const certificates = createAuthority();
const { certificate, key } = certificates.issue({ commonName: 'localhost', names: ['localhost', '127.0.0.1'] });
const secureContext = tls.createSecureContext({ cert: certificate, key });

let method: ClientMethod = { kind: 'token' };
const logins: LoginRequest[] = [];
const clients = new Set<net.Socket>();

/** Lets in whoever gives the token, and answers each command with OK. */
function serve(isSocket: boolean): net.Server {
  return net.createServer((plain) => {
    clients.add(plain);
    let stream: net.Socket = plain;
    let isIn = false;
    const packets = new PacketSplitter('client', 1 << 16);
    const login = new ClientLogin(
      {
        host: { canEncryptClient: true, clientLegIsPrivate: true, clientLegIsSocket: isSocket, randomBytes } as unknown as SessionHost,
        send: (bytes) => void stream.write(bytes),
        startTls: (ahead) => {
          plain.removeAllListeners('data');
          if (ahead.length > 0) {
            plain.pause();
            plain.unshift(ahead);
          }
          stream = new tls.TLSSocket(plain, { isServer: true, secureContext });
          stream.once('secure', () => login.tlsStarted());
          listen();
        },
        identified: (request) => {
          logins.push(request);
          const { credential } = request;
          const isRight = credential.kind === 'token' ? credential.token === TOKEN : credential.kind === method.kind;
          if (!isRight)
            return void stream.end(
              encodePacket(login.sequenceId, (writer) => writeErr(writer, { code: 1045, sqlState: '28000', message: 'no' })),
            );
          login.accepted();
          stream.write(okPacket(login.sequenceId, 2));
          packets.expected = 0;
          isIn = true;
        },
      },
      packets,
      { greeting: '10.11.19-MariaDB', clientMethod: () => method },
    );
    const listen = (): void => {
      stream.on('error', () => stream.destroy());
      stream.on('data', (bytes: Buffer) => {
        packets.push(bytes);
        while (!isIn && login.step());
        while (isIn && packets.next()) {
          if (packets.firstByte === 1) stream.end();
          else stream.write(okPacket(1, 2));
          packets.expected = 0;
        }
      });
    };
    listen();
    login.greet();
  });
}

const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-login-'));
const socketPath = join(directory, 's.sock');
const ca = join(directory, 'ca.pem');
const tcp = serve(false);
const local = serve(true);
let port = 0;

beforeAll(async () => {
  writeFileSync(ca, certificates.certificate);
  await new Promise<void>((resolve) => void tcp.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => void local.listen(socketPath, resolve));
  port = (tcp.address() as net.AddressInfo).port;
});
afterEach(() => {
  method = { kind: 'token' };
  logins.splice(0);
});
afterAll(() => {
  for (const client of clients) client.destroy();
  tcp.close();
  local.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('mysql2', () => {
  async function logIn(how: Partial<ConnectionOptions>): Promise<void> {
    const connection = await createConnection({ host: '127.0.0.1', port, user: 'ada', password: TOKEN, database: 'crm', ...how });
    await connection.ping();
    await connection.end();
  }

  it('gives its token inside of TLS, without being told to', async () => {
    await logIn({ ssl: { ca: certificates.certificate } });
    expect(logins).toMatchObject([{ user: 'ada', database: 'crm', encrypted: true, credential: { kind: 'token', token: TOKEN } }]);
  });

  it('gives it over a unix socket, and over loopback when it may', async () => {
    await logIn({ socketPath });
    await logIn({ enableCleartextPlugin: true });
    await expect(logIn({})).rejects.toMatchObject({ code: 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED' });
    expect(logins.map(({ encrypted }) => encrypted)).toEqual([false, false]);
  });

  it('is let in as who it is known to be, with a password and without', async () => {
    method = { kind: 'none' };
    await logIn({});
    await logIn({ password: '' });
    expect(logins).toHaveLength(2);
  });

  it('is told when it is not let in', async () => {
    await expect(logIn({ password: 'wrong', ssl: { ca: certificates.certificate } })).rejects.toMatchObject({ errno: 1045 });
  });
});

const client = findMariadbClient();
(requireOrSkip(client) ? describe : describe.skip)('the mariadb command line', () => {
  const mariadb = client.found ? client.path : '';
  const ask = (...how: readonly string[]): Promise<{ readonly status: number | null }> =>
    runProgram(mariadb, ['--no-defaults', '--user=ada', `--password=${TOKEN}`, ...how, '-e', 'do 0']);
  const overTcp = (): readonly string[] => ['--protocol=tcp', '--host=127.0.0.1', `--port=${port}`];

  it('gives its token inside of TLS, over loopback, and over a unix socket', async () => {
    expect(await ask(...overTcp(), '--ssl', `--ssl-ca=${ca}`)).toMatchObject({ status: 0 });
    expect(await ask(...overTcp(), '--skip-ssl')).toMatchObject({ status: 0 });
    expect(await ask(`--socket=${socketPath}`, '--skip-ssl')).toMatchObject({ status: 0 });
    expect(logins.map(({ encrypted }) => encrypted)).toEqual([true, false, false]);
  });

  it('is let in as who it is known to be', async () => {
    method = { kind: 'workload' };
    expect(await ask(...overTcp(), '--skip-ssl')).toMatchObject({ status: 0 });
  });
});
