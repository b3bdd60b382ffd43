import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
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
  SessionHost,
  TransactionEnd,
  Unit,
  WireSession,
  WireSessionOptions,
} from '@sqlwarden/core';
import { cellType } from '../masking/index.js';
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
  cellType,
};

const principal: Principal = {
  subject: { kind: 'person', issuer: 'https://issuer.example', id: 'alice', groups: [], groupsComplete: true },
  actors: [],
  proof: { subject: 'token' },
  expiresAt: Number.MAX_SAFE_INTEGER,
};

/** The password that the gateway takes for a token. */
export const GOOD_TOKEN = 'good-token';

const ACTIONS: Readonly<Record<string, string>> = {
  begin: 'begin',
  commit: 'commit',
  rollback: 'rollback',
  save: 'savepoint',
  set: 'set',
  use: 'use',
  insert: 'insert',
  update: 'update',
  delete: 'delete',
  create: 'create',
  drop: 'drop',
  declare: 'declare',
  exec: 'call',
  execute: 'call',
};

const NOT_FOR_YOU: Admission = { kind: 'refuse', refusal: { code: 'policy-denied', message: 'not for you', rule: 'test-rule' } };

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
  const isLoad = /^insert\s+bulk\b/i.test(text);
  const action = isLoad ? 'copy' : (ACTIONS[/^\w+/.exec(text)?.[0].toLowerCase() ?? ''] ?? 'select');
  return {
    plan: planOf(text),
    changesState: action === 'set' || action === 'use',
    changesSchema: false,
    hasEffects: /insert|update|delete/i.test(text),
    action,
    mayCopy: isLoad,
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

/** Of `SELECT <names> FROM people`, and of the variables called `ssn` that a call gives back. */
function planOf(text: string): MaskPlan | undefined {
  const list = /select\s+(.*?)\s+from\s+people/i.exec(text)?.[1] ?? /^select\s+(@[^']*)$/i.exec(text)?.[1];
  if (list === undefined || !list.includes('ssn')) return undefined;
  const outputs = list
    .split(',')
    .map((name) =>
      /^@?ssn$/.test(name.trim())
        ? { label: 'pii', function: { kind: 'redact', text: '***' } as const, sources: ['dbo.people.ssn'] }
        : null,
    );
  return { outputs, byOrigin: new Map() };
}

export interface Seen {
  readonly units: Unit[];
  readonly issued: number[];
  readonly outcomes: Outcome[];
  readonly ends: (readonly [number, TransactionEnd])[];
  readonly reasons: EndReason[];
  resets: number;
  /** Units that the session gave up while they were held. */
  abandoned: number;
}

export interface Gateway {
  readonly port: number;
  readonly seen: Seen;
  readonly sessions: Set<WireSession>;
  /** Answers what is held. */
  release(): void;
  close(): Promise<void>;
}

/** The server behind it. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export interface GatewayOptions {
  readonly database?: string;
  /** Bytes of both legs come in pieces of so many. */
  readonly cutBytes?: number;
}

/** The least of a host: two sockets and the stand-in decision, given late for texts with `held`: after a statement of the gateway's own, or by `release` for those with `held long`. */
export async function startGateway(server: Upstream, { database = 'app', cutBytes }: GatewayOptions = {}): Promise<Gateway> {
  const seen: Seen = { units: [], issued: [], outcomes: [], ends: [], reasons: [], resets: 0, abandoned: 0 };
  let tickets = 0;
  const sessions = new Set<WireSession>();
  const sockets = new Set<net.Socket>();
  const held: (() => void)[] = [];
  const listener = net.createServer((client) => {
    const upstream = new net.Socket().setNoDelay(true);
    for (const socket of [client.setNoDelay(true), upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    }
    const host: SessionHost = {
      send: (leg, bytes) => void (leg === 'client' ? client : upstream).write(bytes),
      startTls: () => undefined,
      canEncryptClient: false,
      clientLegIsPrivate: true,
      authenticate: (login) => {
        const known = login.credential.kind === 'token' && login.credential.token === GOOD_TOKEN;
        const { user, password } = server;
        const account = { user, database, password, tls: 'disable', isPrivate: true } as const;
        setImmediate(() =>
          session.loginAnswered(
            known
              ? { kind: 'accept', principal, server: account }
              : { kind: 'refuse', refusal: { code: 'identity-invalid', message: 'the token is not valid, get a new one' } },
          ),
        );
      },
      connectServer: () => void upstream.connect(server.port, server.host, () => session.serverConnected()),
      admit: (unit) => {
        seen.units.push({ ...unit, parameters: unit.parameters.map((one) => ({ ...one, value: one.value?.slice() ?? null })) });
        const answer = decide(unit, ++tickets);
        if (answer.kind === 'proceed' && answer.ticket !== 0) seen.issued.push(answer.ticket);
        if (!unit.text.includes('held') || unit.phase === 'prepare') return answer;
        if (unit.text.includes('held long')) {
          held.push(() => session.admitted(answer));
          return undefined;
        }
        session.inject('select 40 + 2', (result) => {
          if (result.kind !== 'rows' || result.rows[0]?.[0] !== '42') throw new Error('the injected statement failed');
          session.notice('held', 'waiting');
          setImmediate(() => session.admitted(answer));
        });
        return undefined;
      },
      abandon: () => void (seen.abandoned += 1),
      settle: (outcome) => void seen.outcomes.push(outcome),
      transactionEnded: (ordinal, end) => void seen.ends.push([ordinal, end]),
      security: () => undefined,
      ready: () => undefined,
      mayHear: () => true,
      cancelRequested: () => undefined,
      sessionReset: () => void (seen.resets += 1),
      killRequested: (_id, _scope, done) => setImmediate(() => done('unknown')),
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
    const session = createWireSession(host, options);
    sessions.add(session);
    const receive = (leg: Leg, bytes: Buffer): void => {
      const size = cutBytes ?? bytes.length;
      for (let at = 0; at < bytes.length; at += size) session.receive(leg, bytes.subarray(at, at + size));
    };
    client.on('data', (bytes) => receive('client', bytes)).on('close', () => session.ended('client'));
    upstream.on('data', (bytes) => receive('server', bytes)).on('close', () => session.ended('server'));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as net.AddressInfo).port,
    seen,
    sessions,
    release: () => held.splice(0).forEach((answer) => answer()),
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
}
