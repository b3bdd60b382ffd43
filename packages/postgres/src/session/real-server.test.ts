import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  AdmittedStatement,
  Admission,
  CopyToClient,
  EndReason,
  HashPort,
  InjectResult,
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
import { findPgbench, findPsql, type PostgresServer, requireOrSkip, runProgram, startPostgres, until } from '@sqlwarden/testkit';
import fc from 'fast-check';
import pg from 'pg';
import { cellType } from '../masking/index.js';
import { type BackendMessage, decodeBackend } from '../protocol/backend-message.js';
import { FrameSplitter } from '../protocol/frame-splitter.js';
import { encodeFrontend, type FrontendMessage } from '../protocol/frontend-message.js';
import { BACKEND_LIMIT_TABLE } from '../protocol/message-types.js';
import { encodeStartupPacket } from '../protocol/startup-message.js';
import { createServerClient } from './server-client.js';
import { createWireSession } from './wire-session.js';

const hash: HashPort = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
};

const options: WireSessionOptions = {
  hash,
  maskKey: new Uint8Array(32).fill(7),
  compilePattern: (source, flags) => {
    const pattern = new RegExp(source, flags.ignoreCase ? 'giu' : 'gu');
    return { test: (text) => text.search(pattern) >= 0, replaceAll: (text, replacement) => text.replace(pattern, () => replacement) };
  },
  maxMessageBytes: 16 << 20,
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

const controls: Readonly<Record<string, string>> = {
  begin: 'begin',
  start: 'begin',
  commit: 'commit',
  end: 'commit',
  rollback: 'rollback',
  savepoint: 'savepoint',
  set: 'set',
  copy: 'copy',
  deallocate: 'deallocate',
};

/** A stand-in for the pipeline: enough of a decision to exercise the session. Texts with `forbidden` are refused, `ssn` is masked. */
function decide(unit: Unit, ticket: number): Admission {
  if (unit.text.includes('forbidden'))
    return { kind: 'refuse', refusal: { code: 'policy-denied', message: 'not for you', rule: 'test-rule' } };
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
  const action = /^rollback\s+to/i.test(text) ? 'savepoint' : (controls[/^\w+/.exec(text)?.[0].toLowerCase() ?? ''] ?? 'select');
  return {
    plan: plan(text),
    changesState: action === 'set' || text.includes('set_config'),
    changesSchema: false,
    hasEffects: /insert|update|delete/i.test(text),
    action,
    mayCopy: action === 'copy',
    ...(action === 'copy' ? { copy: copyOf(text) } : {}),
  };
}

function copyOf(text: string): CopyToClient {
  const query = /^copy \((.*)\) to stdout/i.exec(text)?.[1] ?? 'select';
  return { format: /csv/.test(text) ? 'csv' : /binary/.test(text) ? 'binary' : 'text', header: /header/.test(text), describe: query };
}

function plan(text: string): MaskPlan | undefined {
  const list = /select\s+(.*?)\s+from\s+people/i.exec(text)?.[1] ?? /returning\s+(.*)$/i.exec(text)?.[1];
  if (list === undefined || !list.includes('ssn')) return undefined;
  const outputs = list
    .split(',')
    .map((name) =>
      name.trim() === 'ssn' ? { label: 'pii', function: { kind: 'redact', text: '***' } as const, sources: ['public.people.ssn'] } : null,
    );
  return { outputs, byOrigin: new Map() };
}

interface Seen {
  readonly units: Unit[];
  readonly issued: number[];
  readonly outcomes: Outcome[];
  readonly ends: (readonly [number, TransactionEnd])[];
  readonly reasons: EndReason[];
}

interface Gateway {
  readonly port: number;
  readonly seen: Seen;
  close(): Promise<void>;
}

/** A direct connection of the gateway's own. */
async function serverClient(server: PostgresServer): Promise<{ client: ServerClient; socket: net.Socket }> {
  const socket = net.connect(server.port, server.host);
  const login = { user: 'postgres', database: 'postgres', password: server.password, tls: 'disable' } as const;
  const client = await new Promise<ServerClient>((resolve, reject) => {
    const made: ServerClient = createServerClient(
      {
        send: (bytes) => void socket.write(bytes),
        startTls: () => undefined,
        randomBytes: (length) => randomBytes(length),
        ready: () => resolve(made),
        failed: (detail) => reject(new Error(detail)),
      },
      { login, hash, maxMessageBytes: 1 << 20 },
    );
    socket
      .on('connect', () => made.connected())
      .on('data', (bytes) => made.receive(bytes))
      .on('close', () => made.ended());
  });
  return { client, socket };
}

/** The least of a host: two sockets and the stand-in decision, given late for texts with `held`. */
async function startGateway(server: PostgresServer): Promise<Gateway> {
  const seen: Seen = { units: [], issued: [], outcomes: [], ends: [], reasons: [] };
  let tickets = 0;
  const live = new Set<{ readonly session: WireSession; cancel(): void }>();
  const listener = net.createServer((client) => {
    client.setNoDelay(true);
    const upstream = new net.Socket().setNoDelay(true);
    let encrypted: tls.TLSSocket | undefined;
    const host: SessionHost = {
      send: (leg, bytes) => void (leg === 'client' ? client : (encrypted ?? upstream)).write(bytes),
      startTls: () => {
        upstream.removeAllListeners('data');
        encrypted = tls.connect({ socket: upstream, host: 'localhost', ca: server.authority }, () => session.tlsStarted('server'));
        encrypted.on('data', (bytes: Buffer) => session.receive('server', bytes)).on('error', () => session.ended('server'));
      },
      canEncryptClient: false,
      clientLegIsPrivate: true,
      authenticate: (login) => {
        const known = login.credential.kind === 'token' && login.credential.token === 'good-token';
        setImmediate(() =>
          session.loginAnswered(
            known
              ? {
                  kind: 'accept',
                  principal,
                  server: {
                    user: 'postgres',
                    database: login.database,
                    password: server.password,
                    tls: server.authority === undefined ? 'disable' : 'require',
                  },
                }
              : { kind: 'refuse', refusal: { code: 'identity-invalid', message: 'the token is not valid, get a new one' } },
          ),
        );
      },
      connectServer: () => upstream.connect(server.port, server.host, () => session.serverConnected()),
      admit: (unit) => {
        seen.units.push(unit);
        const answer = decide(unit, ++tickets);
        if (answer.kind === 'proceed' && answer.ticket !== 0) seen.issued.push(answer.ticket);
        if (!unit.text.includes('held')) return answer;
        session.inject('select 40 + 2', (result) => {
          if (result.kind !== 'rows' || result.rows[0]?.[0] !== '42') throw new Error('the injected statement failed');
          session.notice('held', 'waiting');
          setTimeout(() => session.admitted(answer), 5);
        });
        return undefined;
      },
      abandon: () => undefined,
      settle: (outcome) => void seen.outcomes.push(outcome),
      transactionEnded: (ordinal, end) => void seen.ends.push([ordinal, end]),
      security: () => undefined,
      ready: () => undefined,
      mayHear: () => true,
      cancelRequested: (key) => {
        for (const one of live) if (one.session.clientCancelKey?.processId === key.processId) one.cancel();
      },
      killRequested: () => undefined,
      pause: (leg, paused) =>
        void (paused ? (leg === 'client' ? client : upstream).pause() : (leg === 'client' ? client : upstream).resume()),
      end: (reason) => {
        seen.reasons.push(reason);
        live.delete(entry);
        client.end();
        upstream.end();
      },
      randomBytes: (length) => randomBytes(length),
    };
    const session = createWireSession(host, options);
    const entry = { session, cancel: () => cancelOnServer(server, session) };
    live.add(entry);
    client.on('data', (bytes) => session.receive('client', bytes)).on('close', () => session.ended('client'));
    upstream.on('data', (bytes) => session.receive('server', bytes)).on('close', () => session.ended('server'));
    client.on('error', () => undefined);
    upstream.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as net.AddressInfo).port,
    seen,
    close: () => new Promise((resolve) => listener.close(() => resolve())),
  };
}

function cancelOnServer(server: PostgresServer, session: WireSession): void {
  const key = session.serverCancelKey();
  if (key === undefined) return;
  const socket = net.connect(server.port, server.host);
  const client = createServerClient(
    {
      send: (bytes) => void socket.write(bytes),
      startTls: () => undefined,
      randomBytes: (length) => randomBytes(length),
      ready: () => void socket.end(),
      failed: () => void socket.destroy(),
    },
    {
      login: { user: 'postgres', database: 'postgres', password: undefined, tls: 'disable' },
      hash,
      maxMessageBytes: 1 << 16,
      cancel: key,
    },
  );
  socket.on('connect', () => client.connected());
}

// ---- the same bytes, direct and through a session ----

/** A step of a script: the message for the session, and for the server itself a message that fails where the session refuses. */
interface Step {
  readonly through: FrontendMessage;
  readonly direct: FrontendMessage;
}

const both = (message: FrontendMessage): Step => ({ through: message, direct: message });
const query = (text: string): FrontendMessage => ({ kind: 'Query', text });
const parse = (name: string, text: string): FrontendMessage => ({ kind: 'Parse', name, text, parameterTypes: [] });
const bind = (portal: string, statement: string): FrontendMessage => ({
  kind: 'Bind',
  portal,
  statement,
  parameterFormats: [],
  parameters: [],
  resultFormats: [],
});
const SYNTAX_ERROR = 'not a statement';
const sync: FrontendMessage = { kind: 'Sync' };

const texts = [
  'select 1',
  'select g from generate_series(1, 3) g',
  'insert into steps values (1)',
  'select 1/0',
  'begin',
  'commit',
  'rollback',
  'savepoint a',
  'rollback to a',
  '',
  'set search_path to public',
];
const several = [
  'select 1; select 2',
  'insert into steps values (2); select 1/0',
  'begin; insert into steps values (3)',
  'rollback; begin; select 3',
  'insert into steps values (4); commit; select 5',
  'deallocate all',
];
const names = ['', 's', 't'];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...texts, ...several).map((text) => both(query(text))) },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...names), fc.constantFrom(...texts)).map(([name, text]) => both(parse(name, text))) },
  { weight: 5, arbitrary: fc.tuple(fc.constantFrom('', 'p'), fc.constantFrom(...names)).map(([portal, name]) => both(bind(portal, name))) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom('', 'p'), fc.constantFrom(0, 0, 1))
      .map(([portal, maxRows]) => both({ kind: 'Execute', portal, maxRows })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom('Describe' as const, 'Close' as const),
        fc.constantFrom('statement' as const, 'portal' as const),
        fc.constantFrom('', 's', 'p'),
      )
      .map(([kind, target, name]) => both({ kind, target, name })),
  },
  { weight: 5, arbitrary: fc.constant(both(sync)) },
  { weight: 1, arbitrary: fc.constant(both({ kind: 'Flush' })) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Step>(
      { through: query('select forbidden'), direct: query(SYNTAX_ERROR) },
      { through: parse('', 'select forbidden'), direct: parse('', SYNTAX_ERROR) },
      { through: parse('t', 'select forbidden'), direct: parse('t', SYNTAX_ERROR) },
    ),
  },
);

const copyData = (value: string): FrontendMessage => ({ kind: 'CopyData', data: new TextEncoder().encode(value) });
const copyDone: FrontendMessage = { kind: 'CopyDone' };
const copyIn = 'copy steps from stdin';
const copies: readonly (readonly FrontendMessage[])[] = [
  [query(copyIn), copyData('7\n8'), copyData('\n'), copyDone],
  [query(copyIn), copyData('not a number\n'), copyDone],
  [query(copyIn), { kind: 'CopyFail', message: 'changed my mind' }],
  [query(`begin; ${copyIn}; ${copyIn}`), copyData('9\n'), copyDone, copyDone],
  [query('copy steps to stdout')],
  [parse('', copyIn), bind('', ''), { kind: 'Execute', portal: '', maxRows: 0 }, copyData('10\n'), copyDone, sync],
  // As libpq does: the first Sync is ignored when the COPY begins.
  [parse('', copyIn), bind('', ''), { kind: 'Execute', portal: '', maxRows: 0 }, sync, copyData('11\n'), copyDone, sync],
  [parse('', copyIn), bind('', ''), { kind: 'Execute', portal: '', maxRows: 0 }, sync, copyData('x\n'), copyDone, sync],
  [parse('', 'copy steps to stdout'), bind('', ''), { kind: 'Execute', portal: '', maxRows: 0 }],
];
const steps: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { weight: 12, arbitrary: step.map((one) => [one]) },
  { weight: 1, arbitrary: fc.constantFrom(...copies).map((messages) => messages.map(both)) },
);

/** Sends everything at once and reads until the server closes: what came after the login, errors by their code only. */
function conversation(port: number, messages: readonly FrontendMessage[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    const frames = new FrameSplitter(BACKEND_LIMIT_TABLE, 1 << 20, true);
    const lines: string[] = [];
    let started = false;
    const read = (): void => {
      while (frames.next()) {
        const message = decodeBackend(frames.type, frames.buffer, frames.bodyStart, frames.end);
        if (message.kind === 'AuthenticationCleartextPassword')
          socket.write(encodeFrontend({ kind: 'PasswordMessage', password: 'good-token' }));
        else if (started) lines.push(...lineOf(message));
        else if (message.kind === 'ReadyForQuery') {
          started = true;
          socket.write(Buffer.concat(messages.map(encodeFrontend)));
        }
      }
    };
    const parameters = new Map([
      ['user', 'postgres'],
      ['database', 'postgres'],
    ]);
    socket.on('connect', () => socket.write(encodeStartupPacket({ kind: 'StartupMessage', major: 3, minor: 0, parameters })));
    socket.on('data', (bytes) => {
      frames.push(bytes);
      read();
    });
    socket.on('close', () => resolve(lines)).on('error', reject);
    socket.setTimeout(15_000, () => socket.destroy(new Error(`no end after ${lines.join(', ')}`)));
  });
}

function lineOf(message: BackendMessage): string[] {
  switch (message.kind) {
    case 'ErrorResponse': {
      const code = message.fields.find((field) => field.code === 'C')?.value;
      // What the server cannot do at all (XX000), it does not do for the gateway either, which then says so.
      return [`ErrorResponse ${code === '42601' ? '42501' : code === '58000' ? 'XX000' : code}`];
    }
    case 'DataRow':
      return [`DataRow ${message.cells.map((cell) => (cell === null ? 'NULL' : Buffer.from(cell).toString())).join(' ')}`];
    case 'CommandComplete':
      return [`CommandComplete ${message.tag}`];
    case 'ReadyForQuery':
      return [`ReadyForQuery ${message.status}`];
    case 'NoticeResponse':
    case 'ParameterStatus':
      return [];
    default:
      return [message.kind];
  }
}

describe('the same messages, direct and through a session', () => {
  let server: PostgresServer;
  let gateway: Gateway;

  beforeAll(async () => {
    server = await startPostgres({ major: 18, hba: ['host all all 127.0.0.1/32 trust'] });
    gateway = await startGateway(server);
  });

  afterAll(async () => {
    await gateway?.close();
    await server?.stop();
  });

  it('get the same answers and leave the same behind', async () => {
    const before = [query('drop table if exists steps; create table steps (a int)')];
    const after = [sync, query('rollback'), query('select a, count(*) from steps group by 1 order by 1'), { kind: 'Terminate' } as const];
    const runs = Number(process.env['SQLWARDEN_RUNS'] ?? 40);
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 14 }), async (groups) => {
        const direct = await conversation(server.port, [...before, ...groups.flat().map((one) => one.direct), ...after]);
        const through = await conversation(gateway.port, [...before, ...groups.flat().map((one) => one.through), ...after]);
        expect(through).toEqual(direct);
      }),
      { numRuns: runs },
    );
  }, 600_000);

  it('end every ticket once', () => {
    const ended = gateway.seen.outcomes.map((outcome) => outcome.ticket);
    expect(ended.length).toBeGreaterThan(0);
    expect([...ended].sort((a, b) => a - b)).toEqual(gateway.seen.issued);
    expect(gateway.seen.reasons.every((reason) => reason.kind === 'closed')).toBe(true);
  });
});

async function isAsleep(server: PostgresServer): Promise<boolean> {
  const admin = new pg.Client({ connectionString: server.url() });
  await admin.connect();
  const { rowCount } = await admin.query("select 1 from pg_stat_activity where wait_event = 'PgSleep'");
  await admin.end();
  return rowCount === 1;
}

describe('a session in front of a real server', () => {
  let server: PostgresServer;
  let gateway: Gateway;

  beforeAll(async () => {
    server = await startPostgres({ major: 18 });
    gateway = await startGateway(server);
    const admin = new pg.Client({ connectionString: server.url() });
    await admin.connect();
    await admin.query('create table people (id int primary key, name text, ssn text)');
    await admin.query("insert into people select i, 'name ' || i, '123-45-' || (1000 + i) from generate_series(1, 500) i");
    await admin.end();
  });

  afterAll(async () => {
    await gateway?.close();
    await server?.stop();
  });

  async function connected<T>(use: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ host: '127.0.0.1', port: gateway.port, user: 'alice', password: 'good-token', database: 'postgres' });
    await client.connect();
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  }

  it('refuses a client whose token is not valid', async () => {
    const client = new pg.Client({ host: '127.0.0.1', port: gateway.port, user: 'alice', password: 'bad', database: 'postgres' });
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01', severity: 'FATAL' });
  });

  it('runs simple and extended statements with masks', async () => {
    await connected(async (client) => {
      expect((await client.query('select 1 as one; select 2 as two')) as unknown).toMatchObject([
        { rows: [{ one: 1 }] },
        { rows: [{ two: 2 }] },
      ]);
      expect((await client.query('select id, ssn from people where id = $1', [7])).rows).toEqual([{ id: 7, ssn: '***' }]);
      expect((await client.query('select id, ssn from people where id < 3 order by 1')).rows).toEqual([
        { id: 1, ssn: '***' },
        { id: 2, ssn: '***' },
      ]);
      const named = { name: 'by-id', text: 'select ssn, name from people where id = $1' };
      for (const id of [1, 2, 3])
        expect((await client.query({ ...named, values: [id] })).rows).toEqual([{ ssn: '***', name: `name ${id}` }]);
    });
  });

  it('leaves a transaction failed after a refusal, as an error of the server would', async () => {
    await connected(async (client) => {
      await client.query('begin');
      await client.query('update people set name = name where id = 1');
      await expect(client.query('select forbidden')).rejects.toMatchObject({ code: '42501', message: 'sqlwarden: not for you' });
      await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
      await client.query('rollback');
      await expect(client.query('select forbidden where $1', [true])).rejects.toMatchObject({ code: '42501' });
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    });
  });

  it('withholds texts that could quote a protected value', async () => {
    await connected(async (client) => {
      await expect(client.query('select ssn::int from people')).rejects.toMatchObject({
        code: '22P02',
        message: expect.not.stringContaining('123-45'),
      });
    });
  });

  it('follows the search path', async () => {
    await connected(async (client) => {
      await client.query("select set_config('search_path', 'pg_catalog', false)");
      await client.query('select 2');
      expect(gateway.seen.units.at(-1)?.state.searchPath).toEqual(['pg_catalog']);
      await client.query('begin; set local search_path to public');
      await client.query('select 3');
      expect(gateway.seen.units.at(-1)?.state.searchPath).toEqual(['pg_catalog', 'public']);
      await client.query('commit');
      await client.query('select 4');
      expect(gateway.seen.units.at(-1)?.state.searchPath).toEqual(['pg_catalog']);
    });
  });

  it('holds a unit, shows a notice, and goes on', async () => {
    await connected(async (client) => {
      const notices: string[] = [];
      client.on('notice', (notice) => notices.push(notice.message ?? ''));
      expect((await client.query('select 1 as held')).rows).toEqual([{ held: 1 }]);
      expect((await client.query('select $1::int as held', [5])).rows).toEqual([{ held: 5 }]);
      await client.query('begin');
      expect((await client.query('select 2 as held')).rows).toEqual([{ held: 2 }]);
      await client.query('commit');
      expect(notices).toContain('sqlwarden: held');
    });
  });

  it('cancels by the key of our own', async () => {
    await connected(async (client) => {
      const native = client as unknown as { processID: number; secretKey: number };
      const sleeping = client.query('select pg_sleep(20)');
      sleeping.catch(() => undefined);
      await until(() => isAsleep(server));
      const socket = net.connect(gateway.port, '127.0.0.1');
      const request = Buffer.alloc(16);
      request.writeInt32BE(16, 0);
      request.writeInt32BE(80877102, 4);
      request.writeInt32BE(native.processID, 8);
      request.writeInt32BE(native.secretKey, 12);
      socket.end(request);
      await expect(sleeping).rejects.toMatchObject({ code: '57014' });
      // The error comes before the ReadyForQuery with which the unit ends.
      await client.query('select 1');
      expect(gateway.seen.outcomes.at(-2)).toMatchObject({ status: 'cancelled', errorCode: '57014' });
    });
  });

  it('has a client of its own', async () => {
    const { client, socket } = await serverClient(server);
    const ask = (sql: string) => new Promise<InjectResult>((resolve) => client.query(sql, resolve));
    const [rows, error, after] = await Promise.all([ask("select 1, null, 'ä'"), ask('select nope'), ask('select 2')]);
    expect(rows).toEqual({ kind: 'rows', rows: [['1', null, 'ä']] });
    expect(error).toMatchObject({ kind: 'error', code: '42703' });
    expect(after).toEqual({ kind: 'rows', rows: [['2']] });
    socket.destroy();
    expect(await ask('select 3')).toMatchObject({ kind: 'error', code: '08006' });
  });

  it('leaves what an error of the server would leave, in pipelines and transactions', async () => {
    await connected(async (client) => {
      await client.query('create table if not exists left_over (a int)');
      await client.query('truncate left_over');
      const count = async (): Promise<unknown> => (await client.query('select count(*)::int as n from left_over')).rows[0];
      await expect(
        client.query('insert into left_over values (1); select 1 as forbidden; insert into left_over values (2)'),
      ).rejects.toThrow('not for you');
      expect(await count()).toEqual({ n: 0 });
      await expect(client.query('insert into left_over values (1); select 1/0')).rejects.toMatchObject({ code: '22012' });
      expect(await count()).toEqual({ n: 0 });
      await client.query('begin');
      await client.query('insert into left_over values (3)');
      await client.query('savepoint a');
      await expect(client.query('select $1 as forbidden', [1])).rejects.toThrow('not for you');
      await client.query('rollback to a');
      await client.query('commit');
      expect(await count()).toEqual({ n: 1 });
      expect(gateway.seen.ends.at(-2)?.[1]).toBe('committed');
    });
  });

  it('masks binary results', async () => {
    await connected(async (client) => {
      const binary = { text: 'select id, ssn from people where id = $1', values: [9], binary: true } as pg.QueryConfig;
      expect((await client.query(binary)).rows).toEqual([{ id: 9, ssn: '***' }]);
    });
  });

  it('encrypts its own leg where the upstream requires it', async () => {
    const encrypted = await startPostgres({ major: 18, tls: true });
    const other = await startGateway(encrypted);
    try {
      const client = new pg.Client({ host: '127.0.0.1', port: other.port, user: 'alice', password: 'good-token', database: 'postgres' });
      await client.connect();
      expect((await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')).rows).toEqual([{ ssl: true }]);
      await client.end();
    } finally {
      await other.close();
      await encrypted.stop();
    }
  });

  const psql = findPsql();
  (requireOrSkip(psql) ? it : it.skip)('serves psql with COPY in both directions', async () => {
    if (!psql.found) throw new Error('psql is gone');
    const env = { PGPASSWORD: 'good-token', PGHOST: '127.0.0.1', PGPORT: String(gateway.port), PGUSER: 'alice' };
    const script = [
      'create table copied (a int, b text);',
      'copy copied from stdin;\n1\tone\n2\ttwo\n\\.',
      'copy copied to stdout;',
      'copy (select id, ssn from people where id < 3) to stdout;',
      'copy (select id, ssn from people where id < 3) to stdout (format csv, header);',
      'begin; select 1 as forbidden; commit;',
      'rollback;',
      '\\d copied',
      'drop table copied;',
    ];
    const result = await runProgram(psql.path, ['-X', '-d', 'postgres'], { input: script.join('\n'), env });
    expect(result.stdout).toContain('1\tone\n2\ttwo\n');
    expect(result.stdout).toContain('1\t***\n2\t***\n');
    expect(result.stdout).toContain('id,ssn\n1,***\n2,***\n');
    expect(result.stdout).not.toContain('123-45');
    expect(result.stderr).toContain('ERROR:  sqlwarden: not for you');
    expect(result.stdout).toContain('Table "public.copied"');
    expect(result.stdout).toContain('DROP TABLE');
  });

  const pgbench = findPgbench();
  (requireOrSkip(pgbench) ? it : it.skip)('serves pgbench, simple and prepared', async () => {
    if (!pgbench.found) throw new Error('pgbench is gone');
    const env = { PGPASSWORD: 'good-token', PGHOST: '127.0.0.1', PGPORT: String(gateway.port), PGUSER: 'alice' };
    const run = (...flags: string[]) => runProgram(pgbench.path, [...flags, 'postgres'], { env });
    expect((await run('-i', '-q', '-s', '1')).status).toBe(0);
    for (const mode of ['simple', 'extended', 'prepared']) {
      const result = await run('-n', '-c', '2', '-t', '50', '-M', mode);
      expect(result.stdout).toContain('number of transactions actually processed: 100/100');
    }
  });
});
