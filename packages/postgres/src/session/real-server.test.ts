import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  AdmittedStatement,
  Admission,
  EndReason,
  HashPort,
  MaskPlan,
  Outcome,
  Principal,
  SessionHost,
  TransactionEnd,
  Unit,
  WireSession,
  WireSessionOptions,
} from '@sqlwarden/core';
import { findPgbench, findPsql, type PostgresServer, requireOrSkip, runProgram, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import { cellType } from '../masking/index.js';
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
  };
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
  readonly outcomes: Outcome[];
  readonly ends: (readonly [number, TransactionEnd])[];
  readonly reasons: EndReason[];
}

interface Gateway {
  readonly port: number;
  readonly seen: Seen;
  close(): Promise<void>;
}

/** The least of a host: two sockets and the stand-in decision, given late for texts with `held`. */
async function startGateway(server: PostgresServer): Promise<Gateway> {
  const seen: Seen = { units: [], outcomes: [], ends: [], reasons: [] };
  const live = new Set<{ readonly session: WireSession; cancel(): void }>();
  const listener = net.createServer((client) => {
    const upstream = new net.Socket();
    let tickets = 0;
    const host: SessionHost = {
      send: (leg, bytes) => void (leg === 'client' ? client : upstream).write(bytes),
      startTls: () => undefined,
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
                  server: { user: 'postgres', database: login.database, password: server.password, tls: 'disable' },
                }
              : { kind: 'refuse', refusal: { code: 'identity-invalid', message: 'the token is not valid, get a new one' } },
          ),
        );
      },
      connectServer: () => upstream.connect(server.port, server.host, () => session.serverConnected()),
      admit: (unit) => {
        seen.units.push(unit);
        const answer = decide(unit, ++tickets);
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
      cancelRequested: (key) => {
        for (const one of live) if (one.session.clientCancelKey?.processId === key.processId) one.cancel();
      },
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
      await new Promise((resolve) => setTimeout(resolve, 100));
      const socket = net.connect(gateway.port, '127.0.0.1');
      const request = Buffer.alloc(16);
      request.writeInt32BE(16, 0);
      request.writeInt32BE(80877102, 4);
      request.writeInt32BE(native.processID, 8);
      request.writeInt32BE(native.secretKey, 12);
      socket.end(request);
      await expect(sleeping).rejects.toMatchObject({ code: '57014' });
      expect(gateway.seen.outcomes.at(-1)).toMatchObject({ status: 'cancelled', errorCode: '57014' });
    });
  });

  const psql = findPsql();
  (requireOrSkip(psql) ? it : it.skip)('serves psql with COPY in both directions', async () => {
    if (!psql.found) throw new Error('psql is gone');
    const env = { PGPASSWORD: 'good-token', PGHOST: '127.0.0.1', PGPORT: String(gateway.port), PGUSER: 'alice' };
    const script = [
      'create table copied (a int, b text);',
      'copy copied from stdin;\n1\tone\n2\ttwo\n\\.',
      'copy copied to stdout;',
      'copy (select ssn from people) to stdout;',
      '\\d copied',
      'drop table copied;',
    ];
    const result = await runProgram(psql.path, ['-X', '-d', 'postgres'], { input: script.join('\n'), env });
    expect(result.stdout).toContain('1\tone\n2\ttwo\n');
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
