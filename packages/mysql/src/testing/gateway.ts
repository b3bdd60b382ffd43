import { createHash, createHmac, pbkdf2Sync, publicEncrypt, randomBytes } from 'node:crypto';
import net from 'node:net';
import type {
  AdmittedStatement,
  Admission,
  EndReason,
  HashPort,
  Leg,
  MaskPlan,
  Outcome,
  Principal,
  ServerClient,
  SessionHost,
  TransactionEnd,
  Unit,
  WireSession,
  WireSessionOptions,
} from '@sqlwarden/core';
import type { MysqlServer } from '@sqlwarden/testkit';
import { cellType } from '../masking/index.js';
import { createServerClient } from '../session/server-client.js';
import { createWireSession } from '../session/wire-session.js';

const hash: HashPort = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  sha1: (data) => createHash('sha1').update(data).digest(),
  pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
};

const options: WireSessionOptions = {
  hash,
  maskKey: new Uint8Array(32).fill(7),
  compilePattern: (source, flags) => {
    const pattern = new RegExp(source, flags.ignoreCase ? 'giu' : 'gu');
    return { test: (text) => text.search(pattern) >= 0, replaceAll: (text, replacement) => text.replace(pattern, () => replacement) };
  },
  maxMessageBytes: 40 << 20,
  maxStartupBytes: 16 << 10,
  maxQueuedBytes: 1 << 20,
  requireClientTls: false,
  publicKey: { encryptOaepSha1: (pem, data) => publicEncrypt({ key: pem, oaepHash: 'sha1' }, data) },
  cellType,
};

const principal: Principal = {
  subject: { kind: 'person', issuer: 'https://issuer.example', id: 'alice', groups: [], groupsComplete: true },
  actors: [],
  proof: { subject: 'token' },
  expiresAt: Number.MAX_SAFE_INTEGER,
};

const controls: Readonly<Record<string, string>> = {
  begin: 'begin',
  start: 'begin',
  commit: 'commit',
  rollback: 'rollback',
  savepoint: 'savepoint',
  set: 'set',
  use: 'use',
  insert: 'insert',
  update: 'update',
  delete: 'delete',
  create: 'create',
  kill: 'maintain',
  lock: 'lock',
  unlock: 'lock',
  'xa start': 'begin',
  'xa prepare': 'commit',
  'xa commit': 'commit',
};

const NOT_FOR_YOU: Admission = {
  kind: 'refuse',
  refusal: { code: 'policy-denied', message: 'not for you', rule: 'test-rule' },
};

/** A stand-in for the pipeline: enough of a decision to exercise the session. Texts with `forbidden` are refused, `ssn` is masked. */
function decide(unit: Unit, ticket: number): Admission {
  if (unit.text.includes('forbidden')) return NOT_FOR_YOU;
  const statements = unit.text.split(';').filter((text) => text.trim() !== '');
  return {
    kind: 'proceed',
    ticket: unit.phase === 'query' || unit.phase === 'execute' ? ticket : 0,
    statements: statements.map((text) => admitted(text.trim())),
    cleanTexts: unit.text.includes('ssn'),
    decision: undefined,
  };
}

function admitted(text: string): AdmittedStatement {
  const word = /^(?:xa\s+)?\w+/i.exec(text)?.[0].toLowerCase() ?? '';
  const action = controls[word] ?? 'select';
  return {
    plan: plan(text),
    changesState: (action === 'set' || action === 'use') && !text.includes('unseen'),
    changesSchema: false,
    hasEffects: /insert|update|delete/i.test(text),
    action,
    mayCopy: false,
    ...(text.includes('at most 2') ? { affected: allowance(2) } : {}),
  };
}

function allowance(remaining: number): NonNullable<AdmittedStatement['affected']> {
  const refusal = { code: 'limit-exceeded', message: 'more rows than the limit', rule: 'test-limit' } as const;
  return {
    get remaining() {
      return remaining;
    },
    take: (count) => {
      if (count > remaining) return false;
      remaining -= count;
      return true;
    },
    refusal: () => refusal,
  };
}

function plan(text: string): MaskPlan | undefined {
  const list = /select\s+(.*?)\s+from\s+people/i.exec(text)?.[1];
  if (list === undefined || !list.includes('ssn')) return undefined;
  const outputs = list
    .split(',')
    .map((name) =>
      name.trim() === 'ssn' ? { label: 'pii', function: { kind: 'redact', text: '***' } as const, sources: ['app.people.ssn'] } : null,
    );
  return { outputs, byOrigin: new Map() };
}

export interface Seen {
  readonly units: Unit[];
  readonly issued: number[];
  readonly outcomes: Outcome[];
  readonly ends: (readonly [number, TransactionEnd])[];
  readonly reasons: EndReason[];
  readonly kills: (readonly [number, string])[];
  resets: number;
  /** The next unit that is executed or run is refused. */
  refuseNext: boolean;
}

export interface Gateway {
  readonly port: number;
  readonly seen: Seen;
  readonly sessions: Set<WireSession>;
  close(): Promise<void>;
}

interface GatewayOptions {
  readonly role?: string;
  readonly database?: string;
  /** Bytes of both legs come in pieces of so many. */
  readonly cutBytes?: number;
  /** Who has been let in by the server is refused by the host. */
  readonly refusesReady?: boolean;
}

/** The least of a host: two sockets and the stand-in decision, given late for texts with `held`, when the client has sent more for those with `held for more`. */
export async function startGateway(
  server: MysqlServer,
  { role, database = 'app', cutBytes, refusesReady }: GatewayOptions = {},
): Promise<Gateway> {
  const seen: Seen = { units: [], issued: [], outcomes: [], ends: [], reasons: [], kills: [], resets: 0, refuseNext: false };
  let tickets = 0;
  const sessions = new Set<WireSession>();
  const sockets = new Set<net.Socket>();
  const listener = net.createServer((client) => {
    client.setNoDelay(true);
    const upstream = new net.Socket().setNoDelay(true);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    }
    const host: SessionHost = {
      send: (leg, bytes) => void (leg === 'client' ? client : upstream).write(bytes),
      startTls: () => undefined,
      canEncryptClient: false,
      clientLegIsPrivate: true,
      authenticate: (login) => {
        const known = login.credential.kind === 'token' && login.credential.token === 'good-token';
        const { user, password } = server;
        const account = { user, database, password, tls: 'disable', isPrivate: true, ...(role === undefined ? {} : { role }) } as const;
        setImmediate(() =>
          session.loginAnswered(
            known
              ? { kind: 'accept', principal, server: account }
              : { kind: 'refuse', refusal: { code: 'identity-invalid', message: 'the token is not valid, get a new one' } },
          ),
        );
      },
      connectServer: () => upstream.connect(server.port, server.host, () => session.serverConnected()),
      admit: (unit) => {
        seen.units.push({ ...unit, parameters: unit.parameters.map((one) => ({ ...one, value: one.value?.slice() ?? null })) });
        const isRefused = seen.refuseNext && (unit.phase === 'execute' || unit.phase === 'query');
        if (isRefused) seen.refuseNext = false;
        const answer = isRefused ? NOT_FOR_YOU : decide(unit, ++tickets);
        if (answer.kind === 'proceed' && answer.ticket !== 0) seen.issued.push(answer.ticket);
        if (!unit.text.includes('held')) return answer;
        session.inject('select 40 + 2', (result) => {
          if (result.kind !== 'rows' || result.rows[0]?.[0] !== '42') throw new Error('the injected statement failed');
          session.notice('held', 'waiting');
          if (unit.text.includes('held for more')) more = () => session.admitted(answer);
          else setTimeout(() => session.admitted(answer), 5);
        });
        return undefined;
      },
      abandon: () => undefined,
      settle: (outcome) => void seen.outcomes.push(outcome),
      transactionEnded: (ordinal, end) => void seen.ends.push([ordinal, end]),
      security: () => undefined,
      ready: () => {
        if (refusesReady === true) session.terminate({ code: 'identity-revoked', message: 'you are let in no more' });
      },
      mayHear: () => true,
      cancelRequested: () => undefined,
      sessionReset: () => void (seen.resets += 1),
      killRequested: (id, scope, done) => {
        seen.kills.push([id, scope]);
        const other = [...sessions].find((one) => one.clientCancelKey?.processId === id || one.serverCancelKey()?.processId === id);
        if (other === undefined) {
          setImmediate(() => done('unknown'));
          return;
        }
        if (scope === 'connection') other.terminate({ code: 'session-killed', message: 'ended by another session' });
        else cancelOnServer(server, other);
        setImmediate(() => done('done'));
      },
      pause: (leg, paused) =>
        void (paused ? (leg === 'client' ? client : upstream).pause() : (leg === 'client' ? client : upstream).resume()),
      end: (reason) => {
        seen.reasons.push(reason);
        sessions.delete(session);
        client.end();
        upstream.end();
      },
      randomBytes: (length) => randomBytes(length),
    };
    const session = createWireSession(host, { ...options, greeting: server.version });
    sessions.add(session);
    let more: (() => void) | undefined;
    const receive = (leg: Leg, bytes: Buffer): void => {
      const size = cutBytes ?? bytes.length;
      for (let at = 0; at < bytes.length; at += size) session.receive(leg, bytes.subarray(at, at + size));
    };
    client.on('data', (bytes) => (receive('client', bytes), more?.())).on('close', () => session.ended('client'));
    upstream.on('data', (bytes) => receive('server', bytes)).on('close', () => session.ended('server'));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as net.AddressInfo).port,
    seen,
    sessions,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
}

/** A connection of the gateway's own; with `cancel` it ends what runs under that key. */
export function serverClient(server: MysqlServer, cancel?: WireSession): Promise<{ client: ServerClient; socket: net.Socket }> {
  const { user, password } = server;
  const key = cancel?.serverCancelKey();
  const socket = net.connect(server.port, server.host);
  return new Promise((resolve, reject) => {
    const client = createServerClient(
      {
        send: (bytes) => void socket.write(bytes),
        startTls: () => undefined,
        randomBytes: (length) => randomBytes(length),
        ready: () => resolve({ client, socket }),
        failed: (detail) => reject(new Error(detail)),
      },
      {
        login: { user, database: '', password, tls: 'disable', isPrivate: true },
        hash,
        ...(options.publicKey === undefined ? {} : { publicKey: options.publicKey }),
        maxMessageBytes: 1 << 20,
        ...(key === undefined ? {} : { cancel: key }),
      },
    );
    socket
      .on('connect', () => client.connected())
      .on('data', (bytes) => client.receive(bytes))
      .on('close', () => client.ended());
  });
}

function cancelOnServer(server: MysqlServer, session: WireSession): void {
  void serverClient(server, session).then(({ socket }) => socket.destroy());
}

/** The databases and tables that the tests of sessions use. */
export async function makeApp(server: MysqlServer): Promise<void> {
  const { client, socket } = await serverClient(server);
  const sql = async (text: string) =>
    new Promise<void>((resolve, reject) =>
      client.query(text, (result) => (result.kind === 'rows' ? resolve() : reject(new Error(result.message)))),
    );
  await sql('CREATE DATABASE app');
  await sql('CREATE DATABASE other');
  await sql('CREATE TABLE app.people (id int PRIMARY KEY, name varchar(100), ssn varchar(20))');
  await sql("INSERT INTO app.people VALUES (1, 'Ann', '123-45-6789'), (2, 'Bob', '987-65-4321'), (3, 'Cid', NULL)");
  await sql('CREATE TABLE app.steps (n int, big longblob)');
  await sql('CREATE ROLE reader');
  // In MariaDB whoever makes a role has it.
  if (!/mariadb/i.test(server.version)) await sql('GRANT reader TO CURRENT_USER()');
  socket.destroy();
}
