import { afterEach, describe, expect, it } from '@jest/globals';
import { connect as netConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { Connection, Request, TYPES } from 'tedious';
import { connectSqlserver, type SqlserverConnection } from '../sqlserver-connection.js';
import type { CannedItem, CannedRequest } from './canned-answers.js';
import { startCannedSqlServer, type CannedSqlServer } from './canned-sqlserver.js';
import type { CannedSqlServerOptions } from './canned-server-options.js';
import { writePrelogin } from './login-message.js';
import { PACKET, packet } from './packets.js';

const PEOPLE = {
  kind: 'rows',
  columns: [
    { name: 'id', type: 'int not null' },
    { name: 'name', type: 'nvarchar(50)' },
  ],
  rows: [
    [1, 'Ana Müller'],
    [2, null],
    [3, '田中'],
  ],
} as const satisfies CannedItem;

const running: { stop(): Promise<void> }[] = [];
const ending: { end(): Promise<void> }[] = [];

afterEach(async () => {
  for (const connection of ending.splice(0)) await connection.end();
  for (const server of running.splice(0)) await server.stop();
});

async function start(options: CannedSqlServerOptions = {}): Promise<CannedSqlServer> {
  const server = await startCannedSqlServer({ answers: [{ when: /from people/i, give: [PEOPLE] }], ...options });
  running.push(server);
  return server;
}

async function connect({ authority, ...place }: CannedSqlServer, tls = false): Promise<SqlserverConnection> {
  const connection = await connectSqlserver(tls ? { ...place, authority } : place);
  ending.push(connection);
  return connection;
}

/** A connection of tedious for what `connectSqlserver` does not do. */
async function tedious(server: CannedSqlServer, options: Record<string, unknown> = {}, authentication?: object): Promise<Connection> {
  const connection = new Connection({
    server: 'localhost',
    authentication: (authentication ?? { type: 'default', options: { userName: server.user, password: server.password } }) as never,
    options: {
      port: server.port,
      encrypt: false,
      cryptoCredentialsDetails: { ca: server.authority },
      trustServerCertificate: false,
      ...options,
    },
  });
  await new Promise<void>((resolve, reject) => connection.connect((error) => (error === undefined ? resolve() : reject(error))));
  connection.on('error', () => undefined);
  ending.push({
    end: () =>
      new Promise((resolve) => {
        connection.once('end', resolve);
        connection.close();
      }),
  });
  return connection;
}

interface Outcome {
  readonly rows: unknown[][];
  readonly outputs: Record<string, unknown>;
  readonly rowCount: number | undefined;
}

async function outcomeOf(
  send: (request: Request) => void,
  sql: string,
  parameters: (request: Request) => void = () => undefined,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const rows: unknown[][] = [];
    const outputs: Record<string, unknown> = {};
    const request = new Request(sql, (error, rowCount) =>
      (error ?? undefined) === undefined ? resolve({ rows, outputs, rowCount }) : reject(error),
    );
    request.on('row', (columns: readonly { readonly value: unknown }[]) => void rows.push(columns.map(({ value }) => value)));
    request.on('returnValue', (name: string, value: unknown) => void (outputs[name] = value));
    parameters(request);
    send(request);
  });
}

const rpcs = (server: CannedSqlServer): Extract<CannedRequest, { kind: 'rpc' }>[] =>
  server.requests.flatMap((request) => (request.kind === 'rpc' ? [request] : []));

describe('the canned server of TDS: logins', () => {
  it.each([
    ['optional', true, 'full'],
    ['optional', false, 'none'],
    ['on', true, 'full'],
    ['required', true, 'full'],
    ['not-supported', true, 'none'],
    ['off', true, 'none'],
  ] as const)('answers %s to tedious with TLS %s: %s', async (encryption, tls, want) => {
    const server = await start({ encryption });
    const connection = await connect(server, tls);
    expect(await connection.query('select * from people')).toEqual(PEOPLE.rows);
    expect(server.logins).toMatchObject([
      { userName: 'sa', password: server.password, encryption: want, tdsVersion: '7.4', accepted: true },
    ]);
    expect(server.protocolErrors).toEqual([]);
  });

  it('refuses a client that will not encrypt where it must', async () => {
    await expect(connect(await start({ encryption: 'required' }))).rejects.toThrow(/requires encryption/);
  });

  it('speaks TDS 8.0: TLS first, with its application protocol', async () => {
    const server = await start({ encryption: 'strict' });
    const connection = await tedious(server, { encrypt: 'strict' });
    expect((await outcomeOf((request) => connection.execSqlBatch(request), 'select * from people')).rows).toEqual(PEOPLE.rows);
    expect(server.logins).toMatchObject([{ encryption: 'strict', accepted: true }]);
  });

  it('ends a connection that breaks what was agreed: TLS without the application protocol, LOGIN7 in the clear', async () => {
    const strict = await start({ encryption: 'strict' });
    const tls = tlsConnect({ host: '127.0.0.1', port: strict.port, ca: strict.authority, servername: 'localhost' });
    tls.on('error', () => undefined);
    await new Promise((resolve) => tls.once('close', resolve));
    expect(strict.protocolErrors).toEqual(['TLS without the application protocol tds/8.0']);
    const encrypted = await start({ encryption: 'on' });
    const socket = netConnect(encrypted.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(packet(PACKET.prelogin, 1, writePrelogin([[1, Buffer.of(1)]])));
    await new Promise((resolve) => socket.once('data', resolve));
    const login = Buffer.alloc(94);
    login.writeUInt32LE(94, 0);
    login.writeUInt32LE(0x74000004, 4);
    socket.write(packet(PACKET.login7, 1, login));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(encrypted.protocolErrors).toEqual(['LOGIN7 in the clear where encryption was agreed']);
    expect(encrypted.logins).toEqual([]);
  });

  it('takes a token that the test accepts, and no other', async () => {
    const server = await start({ acceptToken: (token) => (token === 'good' ? 'ana@example.test' : undefined), fedAuthRequired: true });
    const login = (token: string): Promise<Connection> =>
      tedious(server, { encrypt: true }, { type: 'azure-active-directory-access-token', options: { token } });
    const connection = await login('good');
    await outcomeOf((request) => connection.execSqlBatch(request), 'select * from people');
    expect(server.requests.at(-1)).toMatchObject({ login: 'ana@example.test' });
    await expect(login('bad')).rejects.toThrow(/Login failed/);
    expect(server.logins.map(({ token, accepted }) => [token, accepted])).toEqual([
      ['good', true],
      ['bad', false],
    ]);
  });

  it('refuses wrong passwords and unknown databases, and says its own error', async () => {
    const server = await start();
    const { authority: _, ...place } = server;
    await expect(connectSqlserver(place, { password: 'wrong' })).rejects.toThrow(/Login failed for user 'sa'/);
    await expect(connectSqlserver(place, { database: 'nowhere' })).rejects.toThrow(/Cannot open database "nowhere"/);
  });

  it.each([512, 4_096, 16_384])('keeps to packets of %i bytes', async (packetSize) => {
    const server = await start();
    const connection = await tedious(server, { packetSize });
    const long = 'x'.repeat(20_000);
    server.answer({ when: /^select long/, give: [{ kind: 'rows', columns: [{ name: 'v', type: 'varchar(max)' }], rows: [[long]] }] });
    const { rows } = await outcomeOf((request) => connection.execSqlBatch(request), `select long -- ${long}`);
    expect(rows).toEqual([[long]]);
    expect(server.requests.at(-1)?.packets).toBe(Math.ceil((2 * (long.length + 15) + 22) / (packetSize - 8)));
  });
});

describe('the canned server of TDS: requests', () => {
  it('gives several results, counts, messages and errors of one batch', async () => {
    const server = await start();
    server.answer({
      when: 'everything',
      give: [
        PEOPLE,
        { kind: 'info', number: 0, message: 'printed' },
        { kind: 'count', count: 7 },
        { kind: 'error', number: 8134, message: 'Divide by zero error encountered.', state: 3, line: 9, procedure: 'dbo.halve' },
      ],
    });
    const connection = await tedious(server);
    const infos: string[] = [];
    connection.on('infoMessage', ({ message }) => infos.push(message));
    const failed = outcomeOf((request) => connection.execSqlBatch(request), 'Everything');
    await expect(failed).rejects.toMatchObject({ number: 8134, state: 3, class: 16, lineNumber: 9, procName: 'dbo.halve' });
    expect(infos).toEqual(['printed']);
    await expect(outcomeOf((request) => connection.execSqlBatch(request), 'something else')).rejects.toMatchObject({ number: 50_000 });
  });

  it('asks the catalogue where no answer matches', async () => {
    const server = await start({ catalogue: (text) => (text.includes('sys.schemas') ? [PEOPLE] : undefined) });
    expect(await (await connect(server)).query('select name from sys.schemas')).toEqual(PEOPLE.rows);
  });

  it('executes with parameters of every kind, and keeps them', async () => {
    const server = await start();
    const connection = await tedious(server);
    const { rows } = await outcomeOf(
      (request) => connection.execSql(request),
      'select * from people where id = @id',
      (request) => {
        request.addParameter('id', TYPES.Int, 7);
        request.addParameter('big', TYPES.BigInt, '9007199254740993');
        request.addParameter('name', TYPES.NVarChar, "Ana's");
        request.addParameter('long', TYPES.NVarChar, 'é'.repeat(5_000));
        request.addParameter('bytes', TYPES.VarBinary, Buffer.from('00ff', 'hex'));
        request.addParameter('price', TYPES.Decimal, 12.5, { precision: 9, scale: 2 });
        request.addParameter('at', TYPES.DateTime2, new Date('2026-01-31T10:20:30.123Z'), { scale: 3 });
        request.addParameter('day', TYPES.DateTime, new Date('2026-01-31T10:20:30.123Z'));
        request.addParameter('guid', TYPES.UniqueIdentifier, '6F9619FF-8B86-D011-B42D-00C04FC964FF');
        request.addParameter('none', TYPES.Int, null);
      },
    );
    expect(rows).toEqual(PEOPLE.rows);
    const [call] = rpcs(server);
    expect(call).toMatchObject({ procedure: 'sp_executesql', procedureId: 10, text: 'select * from people where id = @id' });
    expect(Object.fromEntries(call?.parameters.slice(2).map(({ name, type, value }) => [name, [type, value]]) ?? [])).toEqual({
      '@id': ['int', 7],
      '@big': ['bigint', 9007199254740993n],
      '@name': ['nvarchar(5)', "Ana's"],
      '@long': ['nvarchar(max)', 'é'.repeat(5_000)],
      '@bytes': ['varbinary(2)', Buffer.from('00ff', 'hex')],
      '@price': ['decimal(9,2)', '12.50'],
      '@at': ['datetime2(3)', '2026-01-31 10:20:30.123'],
      '@day': ['datetime', '2026-01-31 10:20:30.123'],
      '@guid': ['uniqueidentifier', '6F9619FF-8B86-D011-B42D-00C04FC964FF'],
      '@none': ['int', null],
    });
  });

  it('decodes table-valued parameters', async () => {
    const server = await start();
    const connection = await tedious(server);
    const table = {
      name: 'Ids',
      schema: 'dbo',
      columns: [
        { name: 'id', type: TYPES.Int },
        { name: 'v', type: TYPES.NVarChar, length: 10 },
      ],
      rows: [
        [1, 'a'],
        [2, null],
      ],
    };
    await outcomeOf(
      (request) => connection.execSql(request),
      'select * from people',
      (request) => request.addParameter('t', TYPES.TVP, table),
    );
    expect(rpcs(server)[0]?.parameters.at(-1)).toMatchObject({
      form: 'table',
      value: {
        typeName: 'dbo.Ids',
        columns: [
          { name: '', type: 'int' },
          { name: '', type: 'nvarchar(10)' },
        ],
        rows: [
          [1, 'a'],
          [2, null],
        ],
      },
    });
  });

  it('prepares, executes and forgets', async () => {
    const server = await start();
    const connection = await tedious(server);
    const rows: unknown[][] = [];
    const step = async (act: (request: Request) => void, request: Request): Promise<void> => {
      await new Promise<void>((resolve, reject) => {
        request.callback = (error) => ((error ?? undefined) === undefined ? resolve() : reject(error));
        request.once('prepared', resolve);
        request.once('error', reject);
        act(request);
      });
    };
    const request = new Request('select * from people where id > @id', () => undefined);
    request.addParameter('id', TYPES.Int);
    request.on('row', (columns: readonly { readonly value: unknown }[]) => void rows.push(columns.map(({ value }) => value)));
    await step((prepared) => connection.prepare(prepared), request);
    await step((prepared) => connection.execute(prepared, { id: 1 }), request);
    await step((prepared) => connection.execute(prepared, { id: 2 }), request);
    await step((prepared) => connection.unprepare(prepared), request);
    expect(rows).toEqual([...PEOPLE.rows, ...PEOPLE.rows]);
    expect(rpcs(server).map(({ procedure, text }) => [procedure, text])).toEqual([
      ['sp_prepare', 'select * from people where id > @id'],
      ['sp_execute', 'select * from people where id > @id'],
      ['sp_execute', 'select * from people where id > @id'],
      ['sp_unprepare', 'select * from people where id > @id'],
    ]);
    const stale = outcomeOf(
      (again) => connection.callProcedure(again),
      'sp_execute',
      (again) => again.addParameter('handle', TYPES.Int, 1),
    );
    await expect(stale).rejects.toMatchObject({ number: 8179 });
  });

  it('opens, fetches from and closes cursors', async () => {
    const server = await start();
    const connection = await tedious(server);
    const opened = await outcomeOf(
      (request) => connection.callProcedure(request),
      'sp_cursoropen',
      (request) => {
        request.addOutputParameter('cursor', TYPES.Int);
        request.addParameter('stmt', TYPES.NVarChar, 'select * from people');
        request.addOutputParameter('scrollopt', TYPES.Int, 1);
        request.addOutputParameter('ccopt', TYPES.Int, 1);
        request.addOutputParameter('rowcount', TYPES.Int, 0);
      },
    );
    expect(opened.outputs).toEqual({ cursor: 1, scrollopt: 1, ccopt: 1, rowcount: 3 });
    const fetch = async (type: number, row: number, count: number): Promise<unknown[][]> => {
      const { rows } = await outcomeOf(
        (request) => connection.callProcedure(request),
        'sp_cursorfetch',
        (request) => {
          for (const [name, value] of Object.entries({ cursor: 1, fetchtype: type, rownum: row, nrows: count }))
            request.addParameter(name, TYPES.Int, value);
        },
      );
      return rows.map(([id]) => [id]);
    };
    expect([
      await fetch(2, 0, 2),
      await fetch(2, 0, 2),
      await fetch(2, 0, 2),
      await fetch(1, 0, 1),
      await fetch(0x10, 2, 5),
      await fetch(8, 0, 1),
    ]).toEqual([[[1], [2]], [[3]], [], [[1]], [[2], [3]], [[3]]]);
    const close = (): Promise<Outcome> =>
      outcomeOf(
        (request) => connection.callProcedure(request),
        'sp_cursorclose',
        (request) => request.addParameter('cursor', TYPES.Int, 1),
      );
    await close();
    await expect(close()).rejects.toMatchObject({ number: 16916 });
  });

  it('calls a procedure with its return status and output parameters', async () => {
    const server = await start();
    server.answer({
      when: 'dbo.double',
      give: [PEOPLE, { kind: 'output', name: '@twice', type: 'int', value: 14 }, { kind: 'return status', value: 3 }],
    });
    const connection = await tedious(server);
    let status: unknown;
    const { rows, outputs } = await outcomeOf(
      (request) => connection.callProcedure(request),
      'dbo.double',
      (request) => {
        request.addParameter('n', TYPES.Int, 7);
        request.addOutputParameter('twice', TYPES.Int);
        request.on('doneProc', (_count, _more, returned) => (status = returned));
      },
    );
    expect({ rows, outputs, status }).toEqual({ rows: PEOPLE.rows, outputs: { twice: 14 }, status: 3 });
  });

  it('takes bulk loads, of which it keeps the rows', async () => {
    const server = await start();
    const connection = await tedious(server);
    const count = await new Promise<number | undefined>((resolve, reject) => {
      const load = connection.newBulkLoad('people', (error, rows) => ((error ?? undefined) === undefined ? resolve(rows) : reject(error)));
      load.addColumn('id', TYPES.Int, { nullable: false });
      load.addColumn('name', TYPES.NVarChar, { length: 50, nullable: true });
      load.addColumn('note', TYPES.Text, { nullable: true });
      connection.execBulkLoad(load, [
        [1, 'a', 'long'],
        [2, null, null],
      ]);
    });
    expect(count).toBe(2);
    expect(server.requests.at(-1)).toMatchObject({
      kind: 'bulk load',
      text: expect.stringMatching(/^insert bulk people/),
      columns: [{ name: 'id', type: 'int' }, { name: 'name', type: 'nvarchar(50)' }, { name: 'note' }],
      rows: [
        [1, 'a', 'long'],
        [2, null, null],
      ],
    });
  });

  it('begins and ends transactions, which requests then name', async () => {
    const server = await start();
    const connection = await tedious(server);
    const act = (work: (done: (error?: Error | null) => void) => void): Promise<void> =>
      new Promise((resolve, reject) => work((error) => ((error ?? undefined) === undefined ? resolve() : reject(error))));
    await act((done) => connection.beginTransaction(done, 'mine'));
    await outcomeOf((request) => connection.execSqlBatch(request), 'select * from people');
    await act((done) => connection.saveTransaction(done, 'here'));
    await act((done) => connection.rollbackTransaction(done));
    await outcomeOf((request) => connection.execSqlBatch(request), 'select * from people');
    expect(
      server.requests
        .filter(({ kind }) => kind !== 'rpc')
        .map(({ text, transaction }) => [text, transaction])
        .slice(-5),
    ).toEqual([
      ['BEGIN TRANSACTION', 0n],
      ['select * from people', 1n],
      ['SAVE TRANSACTION', 1n],
      ['ROLLBACK TRANSACTION', 1n],
      ['select * from people', 0n],
    ]);
    await expect(act((done) => connection.commitTransaction(done))).rejects.toMatchObject({ number: 3902 });
  });

  it('resets a connection', async () => {
    const server = await start();
    const connection = await tedious(server);
    await outcomeOf((request) => connection.execSqlBatch(request), 'use other');
    await new Promise<void>((resolve, reject) =>
      connection.reset((error) => ((error ?? undefined) === undefined ? resolve() : reject(error))),
    );
    await outcomeOf((request) => connection.execSqlBatch(request), 'select * from people');
    expect(server.requests.some(({ reset }) => reset === 'connection')).toBe(true);
    expect(server.requests.at(-1)).toMatchObject({ reset: 'no', database: 'master' });
  });

  it('stops what an attention cancels: while it waits, and while rows are sent', async () => {
    const server = await start();
    const numbers = (function* rows(): Generator<[number]> {
      for (let number = 0; ; number += 1) yield [number];
    })();
    server.answer(
      { when: 'wait', give: [PEOPLE, { kind: 'wait' }] },
      { when: 'endless', give: [{ kind: 'rows', columns: [{ name: 'n', type: 'int' }], rows: numbers }] },
    );
    const connection = await tedious(server);
    for (const sql of ['wait', 'endless']) {
      let seen = 0;
      const failed = outcomeOf(
        (request) => connection.execSqlBatch(request),
        sql,
        (request) =>
          request.on('row', () => {
            seen += 1;
            if (seen === 3) connection.cancel();
          }),
      );
      await expect(failed).rejects.toMatchObject({ code: 'ECANCEL' });
    }
    expect(server.requests.filter(({ kind }) => kind === 'attention')).toHaveLength(2);
    expect((await outcomeOf((request) => connection.execSqlBatch(request), 'select * from people')).rows).toEqual(PEOPLE.rows);
  });
});
