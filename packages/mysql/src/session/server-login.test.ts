import { constants, createHash, createHmac, createPublicKey, pbkdf2Sync, publicEncrypt } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HashPort, PublicKeyPort, ServerLogin } from '@sqlwarden/core';
import { connectMariadb, findMariadb, findMysql, type MariadbConnection, type MysqlServer, requireOrSkip } from '@sqlwarden/testkit';
import { startMariadb, startMysql } from '@sqlwarden/testkit';
import { CAPABILITIES, capabilityNames, hasCapability } from '../protocol/capabilities.js';
import { COMMAND } from '../protocol/command.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { offeredCapabilities, sessionCapabilities } from './capabilities-of-legs.js';
import { OWN_OPENING, type ServerLoggedIn, ServerLoginLeg, type ServerLoginFailure, type ServerOpening } from './server-login.js';

const hash: HashPort = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  sha1: (data) => createHash('sha1').update(data).digest(),
  pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
};
/** What keys were used, so that a test sees that one was. */
const encryptedFor: string[] = [];
const publicKey: PublicKeyPort = {
  encryptOaepSha1: (pem, data) => {
    encryptedFor.push(pem);
    return publicEncrypt({ key: createPublicKey(pem), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, data);
  },
};

type Answer = { readonly in: ServerLoggedIn } | { readonly failure: ServerLoginFailure };

/** Logs in on a real socket, and pings once when it is in. */
function logIn(
  server: MysqlServer,
  login: Partial<ServerLogin>,
  opening: ServerOpening = OWN_OPENING,
  socketPath?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let socket: net.Socket = socketPath === undefined ? net.connect(server.port, server.host) : net.connect(socketPath);
    const packets = new PacketSplitter('server', 1 << 20);
    let answer: Answer | undefined;
    const done = (result: Answer): void => {
      socket.destroy();
      resolve(result);
    };
    const leg = new ServerLoginLeg(
      {
        hash,
        publicKey,
        send: (bytes) => void socket.write(bytes),
        startTls: () => {
          socket.removeAllListeners('data');
          socket = tls.connect({ socket, ca: server.authority, servername: 'localhost' }, () => leg.tlsStarted());
          listen();
        },
        loggedIn: (info) => {
          answer = { in: info };
          packets.expected = 1;
          socket.write(encodePacket(0, (writer) => writer.int1(COMMAND.COM_PING)));
        },
        loginFailed: (failure) => done({ failure }),
      },
      { user: server.user, database: '', password: server.password, tls: 'disable', isPrivate: true, ...login },
      opening,
      packets,
    );
    const listen = (): void => {
      socket.on('error', reject);
      socket.on('data', (bytes: Buffer) => {
        packets.push(bytes);
        while (answer === undefined && leg.step());
        if (answer !== undefined && packets.next()) {
          if (packets.firstByte === 0) done(answer);
          else reject(new Error('the session does not work'));
        }
      });
    };
    listen();
    leg.connected();
  });
}

const failureOf = (answer: Answer): ServerLoginFailure | undefined => ('failure' in answer ? answer.failure : undefined);
const PROMISED: ServerOpening = {
  capabilities: sessionCapabilities(offeredCapabilities('9.7.4', false)),
  isPromised: true,
  collation: 45,
  attributes: new Map([['program_name', 'a client']]),
};

(requireOrSkip(findMariadb()) ? describe : describe.skip)('a login on a real MariaDB', () => {
  let server: MysqlServer;
  let root: MariadbConnection;

  beforeAll(async () => {
    server = await startMariadb({ tls: true });
    root = await connectMariadb(server);
    await root.query("CREATE USER 'open'@'%'");
    await root.query("CREATE USER 'tls'@'%' IDENTIFIED BY 'p' REQUIRE SSL");
  }, 60_000);
  afterAll(async () => {
    await root?.end();
    await server?.stop();
  });

  it('is by mysql_native_password, in clear and inside of TLS', async () => {
    const plain = await logIn(server, { accept: ['mysql_native_password'] });
    expect(plain).toMatchObject({ in: { serverVersion: expect.stringContaining('MariaDB'), status: 2 } });
    expect(await logIn(server, { tls: 'require' })).toMatchObject({ in: { status: 2 } });
    expect(failureOf(await logIn(server, { user: 'tls', password: 'p' }))).toMatchObject({ kind: 'refused', isIdentity: true });
    expect(await logIn(server, { user: 'tls', password: 'p', tls: 'require' })).toMatchObject({ in: {} });
  });

  it('is refused with the number of the error, and what to do', async () => {
    const wrong = failureOf(await logIn(server, { password: 'wrong' }));
    expect(wrong).toEqual({
      kind: 'refused',
      isIdentity: true,
      detail: "the database refused the gateway's login with error 1045, check user and password",
    });
    const database = failureOf(await logIn(server, { database: 'nowhere' }));
    expect(database).toEqual({
      kind: 'refused',
      detail: "the database refused the gateway's login with error 1049, there is no such database",
    });
  });

  it('is by no method that is not accepted', async () => {
    expect(failureOf(await logIn(server, { accept: ['caching_sha2_password'] }))).toEqual({
      kind: 'insecure',
      detail: 'the database asks for the method mysql_native_password, which the upstream does not accept',
    });
    expect(failureOf(await logIn(server, { user: 'open', password: undefined, accept: ['mysql_native_password'] }))).toMatchObject({
      kind: 'insecure',
    });
    expect(await logIn(server, { user: 'open', password: undefined, accept: ['none'] })).toMatchObject({ in: {} });
  });

  it('proves nothing of a client of whom no password was asked', async () => {
    expect(failureOf(await logIn(server, { user: 'open', password: undefined, isClients: true }))).toMatchObject({ kind: 'insecure' });
    expect(await logIn(server, { isClients: true })).toMatchObject({ in: {} });
  });

  it('ends where the server lacks what clients were offered', async () => {
    expect(failureOf(await logIn(server, {}, PROMISED))).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining('CLIENT_QUERY_ATTRIBUTES'),
    });
  });

  it('has the capabilities that were agreed on with the client, and its attributes', async () => {
    const capabilities = sessionCapabilities(offeredCapabilities(server.version, true));
    const answer = await logIn(server, { database: 'mysql' }, { ...PROMISED, capabilities });
    if (!('in' in answer)) throw new Error(answer.failure.detail);
    const agreed = answer.in.capabilities;
    expect(hasCapability(agreed, capabilities)).toBe(true);
    expect(capabilityNames(agreed)).not.toContain('CLIENT_LOCAL_FILES');
    expect(capabilityNames(agreed)).not.toContain('CLIENT_COMPRESS');
  });
});

(requireOrSkip(findMysql()) ? describe : describe.skip)('a login on a real MySQL', () => {
  let server: MysqlServer;
  let root: MariadbConnection;
  /** Of the server. */
  let key = '';

  beforeAll(async () => {
    server = await startMysql({ tls: true });
    root = await connectMariadb(server);
    await root.query("CREATE USER 'app'@'%' IDENTIFIED WITH caching_sha2_password BY 'a pass word'");
    await root.query("CREATE USER 'app'@'localhost' IDENTIFIED WITH caching_sha2_password BY 'a pass word'");
    key = (await root.query("SHOW STATUS LIKE 'Caching_sha2_password_rsa_public_key'"))[0]?.[1] ?? '';
  }, 90_000);
  afterAll(async () => {
    await root?.end();
    await server?.stop();
  });

  const APP = { user: 'app', password: 'a pass word', accept: ['caching_sha2_password'] } as const;
  /** The server forgets whose passwords it has seen. */
  const forget = (): Promise<unknown> => root.query('FLUSH PRIVILEGES');

  it('is by full authentication of caching_sha2_password inside of TLS, and by a scramble from then on', async () => {
    await forget();
    const remote = { ...APP, isPrivate: false, isClients: true };
    expect(failureOf(await logIn(server, remote))).toMatchObject({ kind: 'insecure', detail: expect.stringContaining('require TLS') });
    expect(await logIn(server, { ...remote, tls: 'require' })).toMatchObject({ in: { status: 2 } });
    expect(encryptedFor).toEqual([]);
    expect(await logIn(server, remote)).toMatchObject({ in: {} });
  });

  it('is by the RSA key of the server where nobody can overhear it', async () => {
    await forget();
    expect(await logIn(server, APP)).toMatchObject({ in: {} });
    expect(encryptedFor.splice(0).map((pem) => pem.trim())).toEqual([key.trim()]);
  });

  it('is by the RSA key that is configured anywhere', async () => {
    await forget();
    expect(await logIn(server, { ...APP, isPrivate: false, serverPublicKey: key })).toMatchObject({ in: {} });
    expect(encryptedFor.splice(0)).toEqual([key]);
  });

  it('is in clear over a unix socket', async () => {
    await forget();
    expect(await logIn(server, { ...APP, isSocket: true }, OWN_OPENING, server.socketPath)).toMatchObject({ in: {} });
    expect(encryptedFor).toEqual([]);
  });

  it('is refused with a wrong password, at each way', async () => {
    await forget();
    const wrong = { ...APP, password: 'wrong' };
    for (const login of [wrong, { ...wrong, tls: 'require' as const }]) {
      expect(failureOf(await logIn(server, login))).toMatchObject({ kind: 'refused', isIdentity: true });
    }
    encryptedFor.splice(0);
  });

  it('has query attributes, and everything else that clients are offered', async () => {
    const answer = await logIn(server, { ...APP, tls: 'require' }, PROMISED);
    if (!('in' in answer)) throw new Error(answer.failure.detail);
    expect(hasCapability(answer.in.capabilities, PROMISED.capabilities | CAPABILITIES.CLIENT_QUERY_ATTRIBUTES)).toBe(true);
  });
});
