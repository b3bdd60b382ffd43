import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AdmittedStatement,
  LimitReached,
  type MaskPlan,
  originByName,
  Outbox,
  type Outcome,
  type OutputMask,
  type SecurityEvent,
  UnmaskableResult,
} from '@sqlwarden/core';
import { findMariadb, findMariadbClient, type MariadbServer, requireOrSkip, runProgram, startMariadb } from '@sqlwarden/testkit';
import { type Connection, createConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { cellType } from '../masking/index.js';
import { CAPABILITIES } from '../protocol/capabilities.js';
import { writeColumnDefinition } from '../protocol/column-definition.js';
import { COMMAND } from '../protocol/command.js';
import { writeOk } from '../protocol/ok-packet.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { lenientText } from '../protocol/payload-reader.js';
import { ExpectedReply, newWork, type RepliesTo, type ReplyKind, type StatementReplies, type Work } from './expected-reply.js';
import { ServerMessages } from './server-messages.js';

/** What the test decides for a text. */
interface Ruling {
  readonly statements: readonly AdmittedStatement[];
  readonly branching?: boolean;
  readonly clean?: boolean;
  readonly isWrapped?: boolean;
}

const passes: AdmittedStatement = {
  plan: undefined,
  changesState: false,
  changesSchema: false,
  hasEffects: false,
  action: 'select',
  mayCopy: false,
};
const nulled: OutputMask = { label: 'pii', function: { kind: 'null' }, sources: ['app.people.ssn'] };
const starred: OutputMask = { label: 'pii', function: { kind: 'redact', text: '[hidden]' }, sources: ['app.people.ssn'] };
const zeroed: OutputMask = { label: 'pay', function: { kind: 'default' }, sources: ['app.people.salary'] };
const WITHHELD = { errno: 1235, sqlMessage: expect.stringContaining('its result is not shown') };
const NO_LIMIT: NonNullable<AdmittedStatement['affected']> = {
  remaining: 100,
  take: () => true,
  refusal: () => ({ code: 'limit-exceeded', message: 'too many' }),
};
/** Something is protected, though no test reads it. */
const none = new Map([[originByName('app', 'elsewhere', 'secret'), starred]]);

function plan(outputs: readonly (OutputMask | null)[], byOrigin: MaskPlan['byOrigin'] = none): MaskPlan {
  return { outputs, byOrigin };
}

const tools: RepliesTo['tools'] = {
  cellType: (column: Parameters<typeof cellType>[0]) => cellType(column),
  hash: {
    sha256: (data: Uint8Array) => createHash('sha256').update(data).digest(),
    hmacSha256: (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest(),
    pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
  },
  maskKey: new Uint8Array(32).fill(7),
  compilePattern: () => ({ test: () => false, replaceAll: (text) => text }),
};

/** A relay between a stock client and a real server: passes the login on, and gives every reply to what is tested. */
class Relay implements RepliesTo {
  readonly toClient: Outbox;
  readonly toServer: Outbox;
  readonly tools = tools;
  readonly host: RepliesTo['host'];
  deprecateEof = false;
  sessionTrack = false;
  queryAttributes = false;
  stateStale = false;
  readonly state = { database: 'app' };
  expected: ExpectedReply | undefined = undefined;
  readonly outcomes: { readonly status: Outcome['status']; readonly work: Work; readonly suspended: boolean }[] = [];
  readonly security: SecurityEvent[] = [];
  readonly ended: string[] = [];
  failure: unknown;
  readonly #prepared = new Map<number, StatementReplies & { readonly text: string }>();
  readonly #fromServer = new PacketSplitter('server', 64 << 20);
  readonly #fromClient = new PacketSplitter('client', 64 << 20);
  readonly #shown = new PacketSplitter('server', 64 << 20);
  readonly #messages = new ServerMessages(this, this.#fromServer);
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #rule: (text: string) => Ruling;
  #login = true;
  #greeted = false;

  constructor(client: Socket, port: number, rule: (text: string) => Ruling) {
    this.#client = client;
    this.#server = connect(port, '127.0.0.1');
    this.#rule = rule;
    this.toClient = new Outbox('client', (_, bytes) => {
      client.write(bytes);
      // INVARIANT: whatever was added or grew, the client's sequence ids go up one by one. (Clients do not all look.)
      if (!this.#login) this.#shown.push(bytes.slice());
      while (!this.#login && this.#shown.next());
    });
    this.toServer = new Outbox('server', (_, bytes) => this.#server.write(bytes));
    this.host = { security: (event: SecurityEvent) => this.security.push(event) } as unknown as RepliesTo['host'];
    client.on('data', (bytes: Uint8Array) => this.#guarded(() => this.#fromTheClient(new Uint8Array(bytes))));
    this.#server.on('data', (bytes: Uint8Array) => this.#guarded(() => this.#fromTheServer(new Uint8Array(bytes))));
    this.#server.on('close', () => client.destroy()).on('error', () => client.destroy());
    client.on('close', () => this.#server.destroy()).on('error', () => this.#server.destroy());
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.failure = error;
      this.toClient.flush();
      this.#client.destroy();
      this.#server.destroy();
    }
  }

  #fromTheServer(bytes: Uint8Array): void {
    this.#fromServer.push(bytes);
    if (this.#login) {
      while (this.#login && this.#fromServer.next()) {
        const { buffer, start, bodyStart, end, firstByte } = this.#fromServer;
        // MariaDB's own capabilities ("Initial Handshake Packet"), of which the gateway has none.
        if (!this.#greeted) buffer.fill(0, buffer.indexOf(0, bodyStart) + 28, buffer.indexOf(0, bodyStart) + 32);
        this.toClient.pass(buffer, start, end);
        if (this.#greeted && firstByte === 0) {
          this.toClient.flush();
          this.#login = false;
        }
        this.#greeted = true;
      }
    } else while (this.#messages.step());
    this.toClient.flush();
    this.toServer.flush();
  }

  #fromTheClient(bytes: Uint8Array): void {
    this.#fromClient.push(bytes);
    if (this.#login) this.#fromClient.expected = bytes[3] as number;
    else this.#fromClient.expected = 0;
    while (this.#fromClient.next()) {
      const { buffer, bodyStart, start, end, sequenceId } = this.#fromClient;
      if (this.#login) {
        // The first packet begins with the client's capabilities.
        if (sequenceId === 1) {
          const flags = new DataView(buffer.buffer, buffer.byteOffset + bodyStart, 4).getUint32(0, true);
          this.deprecateEof = (flags & CAPABILITIES.CLIENT_DEPRECATE_EOF) !== 0;
          this.sessionTrack = (flags & CAPABILITIES.CLIENT_SESSION_TRACK) !== 0;
        }
        this.#fromServer.expected = (sequenceId + 1) & 0xff;
        this.toServer.pass(buffer, start, end);
      } else this.#command(buffer.slice(bodyStart, end), (sequenceId + 1) & 0xff);
    }
    this.toServer.flush();
  }

  #command(payload: Uint8Array, next: number): void {
    const command = payload[0] as number;
    const id = command >= COMMAND.COM_STMT_EXECUTE ? new DataView(payload.buffer, payload.byteOffset, 5).getUint32(1, true) : 0;
    this.#fromServer.expected = next;
    this.#shown.expected = next;
    if (command === COMMAND.COM_STMT_CLOSE || command === COMMAND.COM_QUIT) return this.#send(payload);
    const kind = kindOf(command);
    const statement = this.#prepared.get(id);
    const text = kind === 'query' || kind === 'prepare' ? lenientText(payload.subarray(1)) : (statement?.text ?? '');
    const ruling = this.#rule(text);
    const reply = new ExpectedReply(kind, next, ruling.clean === true);
    reply.text = text;
    if (kind === 'query' || kind === 'execute' || kind === 'fetch')
      reply.work = newWork(
        1,
        ruling.statements,
        { status: 'idle', ordinal: 1, hasEffects: false, stateChanged: false },
        [],
        ruling.branching,
      );
    reply.statement = statement;
    reply.isWrapped = ruling.isWrapped === true;
    if (kind === 'prepare')
      reply.prepared = ({ statementId }) =>
        this.#prepared.set(statementId, { text, lastHeader: undefined, lastBinding: undefined, cursor: undefined });
    const forward = (): void => {
      this.#fromServer.expected = next;
      this.expected = reply;
      this.#send(payload);
      this.toServer.flush();
    };
    if (!reply.isWrapped) return forward();
    const begin = new ExpectedReply('query', 0, false);
    begin.injection = { rows: [], done: forward };
    this.#fromServer.expected = 1;
    this.expected = begin;
    this.toServer.write(encodePacket(0, (writer) => writer.int1(COMMAND.COM_QUERY).text('START TRANSACTION')));
  }

  #send(payload: Uint8Array): void {
    this.toServer.write(encodePacket(0, (writer) => writer.bytes(payload)));
  }

  settle(work: Work | undefined, status: Outcome['status'], suspended = false): void {
    if (work !== undefined) this.outcomes.push({ status, work, suspended });
  }
  touched(): void {}
  statementEnded(_: Work, action: string, status: number): void {
    this.ended.push(`${action} ${status & 3}`);
  }
  failed(code: number): void {
    this.ended.push(`error ${code}`);
  }
  replied(): void {}
}

function kindOf(command: number): ReplyKind {
  switch (command) {
    case COMMAND.COM_QUERY:
      return 'query';
    case COMMAND.COM_STMT_PREPARE:
      return 'prepare';
    case COMMAND.COM_STMT_EXECUTE:
      return 'execute';
    case COMMAND.COM_STMT_FETCH:
      return 'fetch';
    case COMMAND.COM_FIELD_LIST:
      return 'field-list';
    case COMMAND.COM_STATISTICS:
      return 'statistics';
    default:
      return 'ok';
  }
}

(requireOrSkip(findMariadb(), findMariadbClient()) ? describe : describe.skip)('replies of a real server', () => {
  let server: MariadbServer;
  let gate: Server;
  let port: number;
  let rule: (text: string) => Ruling = () => ({ statements: [passes] });
  let relay: Relay;
  const open: Connection[] = [];

  beforeAll(async () => {
    server = await startMariadb();
    gate = createServer((client) => (relay = new Relay(client, server.port, (text) => rule(text))));
    await new Promise<void>((done) => gate.listen(0, '127.0.0.1', done));
    port = (gate.address() as AddressInfo).port;
    const direct = await through(server.port);
    await direct.query('CREATE DATABASE app');
    await direct.query('USE app');
    await direct.query(
      'CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(40), ssn VARCHAR(20), salary BIGINT NOT NULL, UNIQUE KEY one_ssn (ssn))',
    );
    await direct.query("INSERT INTO people VALUES (1, 'Ann', '111-11-1111', 100), (2, 'Bob', NULL, 200)");
    await direct.query('CREATE ALGORITHM=MERGE VIEW merged AS SELECT id, ssn AS number FROM people');
    await direct.query('CREATE ALGORITHM=TEMPTABLE VIEW materialised AS SELECT id, ssn AS number FROM people');
    await direct.query(
      'CREATE PROCEDURE both_of() BEGIN SELECT id, name FROM people ORDER BY id; SELECT id, ssn FROM people ORDER BY id; END',
    );
    await direct.query('CREATE PROCEDURE out_of(OUT a VARCHAR(20)) SELECT ssn INTO a FROM people WHERE id = 1');
  });
  afterAll(async () => {
    await Promise.all(open.map((connection) => connection.end().catch(() => undefined)));
    await new Promise((done) => gate?.close(done));
    await server?.stop();
  });

  async function through(at: number, flags: readonly string[] = []): Promise<Connection> {
    const { user, password } = server;
    const connection = await createConnection({ host: '127.0.0.1', port: at, user, password, multipleStatements: true, flags: [...flags] });
    connection.on('error', () => undefined);
    open.push(connection);
    return connection;
  }

  async function session(ruling: Ruling, flags?: readonly string[]): Promise<Connection> {
    rule = () => ({ statements: [passes] });
    const connection = await through(port, flags);
    await connection.query('USE app');
    relay.outcomes.length = 0;
    rule = () => ruling;
    return connection;
  }

  /** The session is as good as before; nothing is decided any more. */
  const goesOn = async (client: Connection, then?: Ruling): Promise<Connection> => {
    rule = () => ({ statements: [passes] });
    expect(await rowsOf(client.query('SELECT 1 AS n'))).toEqual([{ n: 1 }]);
    expect(await rowsOf(client.execute('SELECT ? AS n', [2]))).toEqual([{ n: 2 }]);
    if (then !== undefined) rule = () => then;
    return client;
  };

  const ran = async (client: Connection, how: 'query' | 'execute', sql: string): Promise<[ResultSetHeader, unknown]> =>
    how === 'query' ? client.query<ResultSetHeader>(sql) : client.execute<ResultSetHeader>(sql);
  const rowsOf = async (result: Promise<[unknown, unknown]>): Promise<unknown> => (await result)[0];

  describe('rows that are not masked', () => {
    it('are the same as without it, in both protocols', async () => {
      const direct = await through(server.port);
      const client = await session({ statements: [passes] });
      for (const sql of [
        'SELECT * FROM app.people',
        'SELECT 1, NULL, NOW() - INTERVAL 0 DAY = NOW(), CAST(1.5 AS DECIMAL(5,2))',
        'SHOW TABLES FROM app',
        'DO 1',
      ]) {
        expect(await rowsOf(client.query(sql))).toEqual(await rowsOf(direct.query(sql)));
        expect(await rowsOf(client.execute(sql))).toEqual(await rowsOf(direct.execute(sql)));
      }
    });

    it('pass where they are longer than a packet', async () => {
      const client = await session({ statements: [passes] });
      await client.query('SET SESSION max_statement_time = 0');
      const [rows] = await client.query<RowDataPacket[]>("SELECT 1 AS n, REPEAT('x', 15000000) AS x UNION ALL SELECT 2, 'y'");
      expect(rows.map((row) => [row['n'], String(row['x']).length])).toEqual([
        [1, 15_000_000],
        [2, 1],
      ]);
    });
  });

  describe('messages of earlier statements', () => {
    const columns = plan([null, null, null]);
    const show: AdmittedStatement = { ...passes, action: 'show', plan: columns, messages: true };

    it('have the text of their code, in both protocols', async () => {
      const client = await session({ statements: [passes] });
      await client.query("SELECT CAST('canary-7' AS SIGNED)");
      rule = () => ({ statements: [show], clean: true });
      const cleaned = [{ Level: 'Warning', Code: 1292, Message: "Incorrect value: '***'" }];
      expect(await rowsOf(client.query('SHOW WARNINGS'))).toEqual(cleaned);
      expect(await rowsOf(client.execute('SHOW WARNINGS'))).toEqual(cleaned);
    });

    it('are shown where nothing is protected', async () => {
      const client = await session({ statements: [passes] });
      await client.query("SELECT CAST('canary-7' AS SIGNED)");
      rule = () => ({ statements: [{ ...show, plan: undefined }] });
      expect(JSON.stringify(await rowsOf(client.query('SHOW WARNINGS')))).toContain('canary-7');
    });

    it('are withheld where they cannot be told from rows', async () => {
      const client = await session({ statements: [passes] });
      rule = () => ({ statements: [show, { ...passes, plan: plan([null]) }], branching: true, clean: true });
      await expect(client.query('SHOW WARNINGS')).rejects.toMatchObject(WITHHELD);
    });
  });

  describe('masked rows', () => {
    const select = 'SELECT id, name, ssn, salary FROM people ORDER BY id';
    const ruling = (mask: OutputMask): Ruling => ({ statements: [{ ...passes, plan: plan([null, null, mask, zeroed]) }] });
    const shown = (ssn: (string | null)[]): unknown => [
      { id: 1, name: 'Ann', ssn: ssn[0], salary: 0 },
      { id: 2, name: 'Bob', ssn: ssn[1], salary: 0 },
    ];

    it('have their cells masked in text and binary, and NULL stays NULL', async () => {
      const client = await session(ruling(starred));
      expect(await rowsOf(client.query(select))).toEqual(shown(['[hidden]', null]));
      expect(await rowsOf(client.execute(select))).toEqual(shown(['[hidden]', null]));
      // The second execution takes what was bound for the first.
      expect(await rowsOf(client.execute(select))).toEqual(shown(['[hidden]', null]));
      expect(relay.outcomes.map(({ status, work }) => [status, work.maskedCells, work.results])).toEqual(
        Array.from({ length: 3 }, () => ['ok', 3, [{ command: 'SELECT', rowsReturned: 2, rowsAffected: null }]]),
      );
    });

    it('can become NULL', async () => {
      const client = await session(ruling(nulled));
      expect(await rowsOf(client.query(select))).toEqual(shown([null, null]));
      expect(await rowsOf(client.execute(select))).toEqual(shown([null, null]));
    });

    it('can become longer than a packet, and what follows keeps its order', async () => {
      const long: OutputMask = { ...starred, function: { kind: 'redact', text: 'y'.repeat(17_000_000) } };
      const client = await session({ statements: [{ ...passes, plan: plan([null, long]) }] });
      const [rows] = await client.query<RowDataPacket[]>(
        'SELECT id, REPEAT(ssn, 1000000) AS ssn FROM people WHERE id = 1 UNION ALL SELECT 3, NULL',
      );
      expect(rows.map((row) => [row['id'], row['ssn']?.length])).toEqual([
        [1, 17_000_000],
        [3, undefined],
      ]);
      expect(await rowsOf(client.query('SELECT 7, NULL'))).toHaveLength(1);
    });

    it('do not come where their plan does not fit the result', async () => {
      const client = await session({ statements: [{ ...passes, plan: plan([null, starred]) }] });
      await expect(client.query(select)).rejects.toMatchObject(WITHHELD);
      await goesOn(client);
    });

    it('do not come from a statement that was to return none', async () => {
      const client = await session({ statements: [{ ...passes, plan: plan([]) }] });
      await expect(client.query(select)).rejects.toMatchObject(WITHHELD);
      await goesOn(client);
    });
  });

  describe('a client of MariaDB', () => {
    it('shows rows, completions, several results and errors', async () => {
      rule = (text) => ({
        statements: text.startsWith('SELECT ssn') ? [{ ...passes, plan: plan([starred]) }] : [passes],
        clean: true,
      });
      const sql =
        'SELECT ssn FROM app.people ORDER BY id; SELECT 1 FROM app.people WHERE id > 5; DO 1; CALL app.both_of(); SELECT * FROM app.none';
      const command = [
        '-h',
        '127.0.0.1',
        '-P',
        String(port),
        '-u',
        server.user,
        `-p${server.password}`,
        '--skip-ssl',
        '--batch',
        '-f',
        '-N',
        '-e',
        sql,
      ];
      const { stdout, stderr } = await runProgram('mariadb', command);
      expect(stdout.split('\n').filter((line) => line !== '')).toEqual([
        '[hidden]',
        'NULL',
        '1\tAnn',
        '2\tBob',
        '1\t111-11-1111',
        '2\tNULL',
      ]);
      expect(stderr).toContain("Table 'app.none' doesn't exist");
    });
  });

  describe('parameters of a CALL that go out', () => {
    const call: AdmittedStatement = { ...passes, plan: plan([null]), action: 'call' };

    it('are not shown where their only mark is behind them (CLIENT_DEPRECATE_EOF)', () => {
      const packets = new PacketSplitter('server', 1 << 20);
      const shown: Uint8Array[] = [];
      const talk = {
        tools,
        toClient: new Outbox('client', (_, bytes) => shown.push(bytes)),
        deprecateEof: true,
        expected: new ExpectedReply('execute', 1, true),
        touched: () => undefined,
        settle: () => undefined,
        statementEnded: () => undefined,
        replied: () => undefined,
      } as unknown as RepliesTo;
      const reply = talk.expected as ExpectedReply;
      reply.work = newWork(1, [call], { status: 'idle', ordinal: 1, hasEffects: false, stateChanged: false }, [], true);
      reply.statement = { lastHeader: undefined, lastBinding: undefined, cursor: undefined };
      const column = {
        catalog: 'def',
        schema: '',
        table: '',
        orgTable: '',
        name: 'a',
        orgName: '',
        type: 0xfd,
        collation: 45,
        columnLength: 20,
        flags: 0,
        decimals: 0,
      };
      const ok = {
        header: 0xfe,
        affectedRows: 0n,
        lastInsertId: 0n,
        status: 0x100a,
        warnings: 0,
        info: new Uint8Array(0),
        changes: [],
      } as const;
      packets.expected = 1;
      packets.push(encodePacket(1, (writer) => writer.int1(1)));
      packets.push(encodePacket(2, (writer) => writeColumnDefinition(writer, column)));
      packets.push(encodePacket(3, (writer) => writer.zeros(2).lenencText('111-11-1111')));
      packets.push(encodePacket(4, (writer) => writeOk(writer, ok, 0)));
      packets.push(encodePacket(5, (writer) => writeOk(writer, { ...ok, header: 0, status: 2 }, 0)));
      const messages = new ServerMessages(talk, packets);
      while (messages.step());
      talk.toClient.flush();
      const texts = shown.map((bytes) => lenientText(bytes)).join();
      expect(texts).not.toContain('111');
      expect(texts).toContain('user variables');
      expect(reply.work).toMatchObject({ rowsReturned: 0, bytesReturned: 0, errorCode: 'mask-unbindable' });
    });
  });

  describe('several results', () => {
    const of = (...outputs: (OutputMask | null)[]): AdmittedStatement => ({ ...passes, plan: plan(outputs) });

    it('belong to their statements in order, those without rows left out', async () => {
      const client = await session({ statements: [of(null), of(), of(starred), of(null)] });
      const sql =
        'SELECT id FROM people WHERE id = 1; SET @a = 1; SELECT ssn FROM people WHERE id = 1; SELECT name FROM people WHERE id = 1';
      const [rows] = await client.query<RowDataPacket[][]>(sql);
      expect([rows[0], rows[2], rows[3]]).toEqual([[{ id: 1 }], [{ ssn: '[hidden]' }], [{ name: 'Ann' }]]);
    });

    it('belong to the statements inside of a block, of which only those with rows are seen', async () => {
      const client = await session({ statements: [of(), of(starred), of(), of(null)] });
      const sql = 'BEGIN NOT ATOMIC SET @a = 1; SELECT ssn FROM people WHERE id = 1; SET @b = 1; SELECT name FROM people WHERE id = 1; END';
      const [rows] = await client.query<RowDataPacket[][]>(sql);
      expect(rows.slice(0, 2)).toEqual([[{ ssn: '[hidden]' }], [{ name: 'Ann' }]]);
    });

    it('get the strictest masks of all that fit where their order is not known', async () => {
      const client = await session({ statements: [{ ...of(null, null), action: 'call' }, of(null, starred)], branching: true });
      const [rows] = await client.query<RowDataPacket[][]>('CALL both_of()');
      expect(
        rows
          .slice(0, 2)
          .flat()
          .map((row) => Object.values(row)),
      ).toEqual([
        [1, '[hidden]'],
        [2, '[hidden]'],
        [1, '[hidden]'],
        [2, null],
      ]);
      await expect(client.execute('CALL both_of()')).resolves.toBeDefined();
    });

    it('are withheld from the first on that fits none of the statements', async () => {
      const client = await session({ statements: [{ ...of(), action: 'call' }, of(starred)], branching: true });
      for (const run of ['query', 'execute'] as const) {
        await expect(ran(client, run, 'CALL both_of()')).rejects.toMatchObject(WITHHELD);
        expect(relay.outcomes.at(-1)).toMatchObject({ status: 'error', work: { errorCode: 'mask-unbindable', bytesReturned: 0 } });
      }
      await goesOn(client);
    });

    it.each([
      ['has more columns than were analysed', of(null), 'SELECT id, ssn FROM people'],
      ['has fewer columns than were analysed', of(null, null, null), 'SELECT id, ssn FROM people'],
      ['has rows where none are due', of(), 'SELECT id, ssn FROM people'],
      ['shows what was not analysed', of(starred), "SHOW STATUS LIKE 'uptime'"],
    ])('are withheld where the server %s', async (_, statement, sql) => {
      const client = await session({ statements: [statement] });
      for (const run of ['query', 'execute'] as const) {
        await expect(ran(client, run, sql)).rejects.toMatchObject(WITHHELD);
        expect(relay.outcomes.at(-1)?.work).toMatchObject({ rowsReturned: 0, bytesReturned: 0, errorCode: 'mask-unbindable' });
        await goesOn(client, { statements: [statement] });
      }
    });

    it('are withheld with what stands behind them, which has run', async () => {
      const client = await session({ statements: [of(starred), of(null), of()] });
      const sql = 'SELECT ssn FROM people WHERE id = 1; SELECT id, ssn FROM people; SET @behind = 7';
      await expect(client.query(sql)).rejects.toMatchObject(WITHHELD);
      expect(relay.outcomes.at(-1)?.work.results.map(({ rowsReturned }) => rowsReturned)).toEqual([1, 0, 0]);
      expect(await rowsOf((await goesOn(client)).query({ sql: 'SELECT @behind', rowsAsArray: true }))).toEqual([[7]]);
    });

    it('leave nothing behind that is written under a limit', async () => {
      const client = await session({ statements: [{ ...of(null), action: 'delete', affected: NO_LIMIT }], isWrapped: true });
      await expect(client.query('DELETE FROM people WHERE id = 2 RETURNING id, ssn')).rejects.toMatchObject(WITHHELD);
      expect(relay.ended.at(-1)).toBe('rollback 2');
      expect(await rowsOf((await goesOn(client)).query('SELECT id FROM people'))).toHaveLength(2);
    });

    it('are told from a completion that comes where rows of a mask were due', async () => {
      const client = await session({ statements: [of(null), of(starred)] });
      await expect(client.query('SET @a = 1; SELECT ssn FROM people')).rejects.toThrow();
      expect(relay.failure).toBeInstanceOf(UnmaskableResult);
    });

    it('are not shown where they are the parameters of a CALL that go out', async () => {
      const client = await session({ statements: [{ ...of(null), action: 'call' }], branching: true }, ['PS_MULTI_RESULTS']);
      for (let times = 0; times < 2; times++) await expect(client.execute('CALL out_of(?)', ['x'])).rejects.toMatchObject(WITHHELD);
      await goesOn(client);
    });

    it('come through a cursor inside of a procedure', async () => {
      const client = await session({ statements: [{ ...passes, action: 'call' }] });
      await client.query(
        'CREATE OR REPLACE PROCEDURE cursing() BEGIN DECLARE v INT; DECLARE c CURSOR FOR SELECT 1; OPEN c; FETCH c INTO v; CLOSE c; SELECT v; END',
      );
      expect(await rowsOf(client.query('CALL cursing()'))).toMatchObject([[{ v: 1 }], {}]);
      expect(await rowsOf(client.execute('CALL cursing()'))).toMatchObject([[{ v: 1 }], {}]);
    });
  });

  describe("the server's word on where a column comes from", () => {
    const byOrigin = new Map([
      [originByName('app', 'people', 'ssn'), starred],
      [originByName('app', 'merged', 'number'), starred],
      [originByName('app', 'materialised', 'number'), starred],
    ]);
    const unexpected = (columns: number): Ruling => ({
      statements: [
        {
          ...passes,
          plan: plan(
            Array.from({ length: columns }, () => null),
            byOrigin,
          ),
        },
      ],
    });
    const ssnOf = async (client: Connection, sql: string): Promise<unknown> =>
      Object.values(((await client.query<RowDataPacket[]>(sql))[0][0] ?? {}) as object)[0];

    it.each([
      ['a table', 'SELECT ssn FROM people WHERE id = 1'],
      ['an alias', 'SELECT p.ssn AS x FROM people AS p WHERE id = 1'],
      ['other letters', 'SELECT SSN FROM people WHERE id = 1'],
      ['a view that is merged, by its own name', 'SELECT number FROM merged WHERE id = 1'],
      ['a group', 'SELECT ssn FROM people WHERE id = 1 GROUP BY ssn'],
    ])('masks what the analysis did not expect: %s', async (_, sql) => {
      const client = await session(unexpected(1));
      expect(await ssnOf(client, sql)).toBe('[hidden]');
      expect(relay.security).toMatchObject([{ kind: 'lineage-disagreement', columns: [{ position: 0, label: 'pii' }] }]);
    });

    it('is not known of columns that were put together, and the server’s names are not relied on', async () => {
      const client = await session(unexpected(1));
      for (const sql of [
        'SELECT ssn FROM people WHERE id = 1 UNION SELECT NULL',
        'SELECT CONCAT(ssn) FROM people WHERE id = 1',
        'SELECT a FROM (SELECT ssn AS a, id FROM people) AS d WHERE id = 1',
        'SELECT number FROM materialised WHERE id = 1',
      ])
        expect(await ssnOf(client, sql)).toBe('111-11-1111');
    });
  });

  describe('errors where protected values are in reach', () => {
    const insert: AdmittedStatement = { ...passes, action: 'insert', hasEffects: true };
    const clean: Ruling = { statements: [insert], clean: true };

    it('do not quote values, and keep number and SQLSTATE', async () => {
      const client = await session(clean);
      const refused = client.query("INSERT INTO people VALUES (9, 'Cy', '111-11-1111', 1)");
      await expect(refused).rejects.toMatchObject({ errno: 1062, sqlState: '23000', sqlMessage: "Duplicate entry '***' for key '***'" });
      expect(relay.outcomes.at(-1)).toMatchObject({ status: 'error', work: { errorCode: '1062' } });
    });

    it('keep the names that the statement has', async () => {
      const client = await session(clean);
      await expect(client.query('SELECT * FROM missing')).rejects.toMatchObject({
        errno: 1146,
        sqlMessage: "Table 'app.missing' doesn't exist",
      });
      await expect(client.query('INSERT INTO people (id, salary) VALUES (9, NULL)')).rejects.toMatchObject({
        sqlMessage: "Column 'salary' cannot be null",
      });
      await expect(client.query('SELECT nope FROM people')).rejects.toMatchObject({ sqlMessage: "Unknown column 'nope' in 'SELECT'" });
    });

    it.each([
      ['extractvalue', 'SELECT EXTRACTVALUE(1, CONCAT(0x7e, (SELECT ssn FROM people WHERE id = 1)))'],
      ['updatexml', 'SELECT UPDATEXML(1, CONCAT(0x7e, (SELECT ssn FROM people WHERE id = 1)), 1)'],
      ['exp', 'SELECT EXP(710 + (SELECT LENGTH(ssn) FROM people WHERE id = 1))'],
      [
        'a signal',
        "BEGIN NOT ATOMIC DECLARE v TEXT; SELECT ssn INTO v FROM people WHERE id = 1; SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = v; END",
      ],
    ])('say nothing of %s', async (_, sql) => {
      const client = await session(clean);
      const message = await client.query(sql).then(
        () => 'no error',
        (error: { sqlMessage: string }) => error.sqlMessage,
      );
      expect(message).not.toContain('111');
      expect(message).not.toBe('no error');
    });

    it('and words of an OK say nothing but counts', () => {
      const ok = { header: 0x00, affectedRows: 1n, lastInsertId: 0n, status: 2, warnings: 0, changes: [] } as const;
      const infos = ['Rows matched: 1  Changed: 1  Warnings: 0', "the value '111-11-1111'"];
      const texts = infos.map((info) => {
        const packets = new PacketSplitter('server', 1 << 20);
        const shown: Uint8Array[] = [];
        const reply = new ExpectedReply('ok', 1, true);
        const toClient = new Outbox('client', (_, bytes) => shown.push(bytes));
        const talk = { tools, toClient, expected: reply, replied: () => undefined } as unknown as RepliesTo;
        packets.expected = 1;
        packets.push(encodePacket(1, (writer) => writeOk(writer, { ...ok, info: new TextEncoder().encode(info) }, 0)));
        expect(new ServerMessages(talk, packets).step()).toBe(true);
        toClient.flush();
        return lenientText(shown[0] ?? new Uint8Array(0));
      });
      expect(texts).toEqual([expect.stringContaining('Rows matched: 1'), expect.not.stringContaining('111')]);
    });

    it('are the server’s own where nothing is protected', async () => {
      const client = await session({ statements: [insert] });
      const refused = client.query("INSERT INTO people VALUES (9, 'Cy', '111-11-1111', 1)");
      await expect(refused).rejects.toMatchObject({ sqlMessage: expect.stringContaining('111-11-1111') });
    });
  });

  describe('limits', () => {
    const allowance = (most: number): NonNullable<AdmittedStatement['returned']> => {
      let remaining = most;
      return {
        get remaining() {
          return remaining;
        },
        take: (rows) => {
          if (rows > remaining) return false;
          remaining -= rows;
          return true;
        },
        refusal: () => ({ code: 'limit-exceeded', message: 'too many', rule: 'few' }),
      };
    };
    const update = (most: number): Ruling => ({
      statements: [{ ...passes, plan: plan([]), action: 'update', hasEffects: true, affected: allowance(most) }],
      isWrapped: true,
    });
    const names = async (): Promise<unknown> =>
      rowsOf((await through(server.port)).query({ sql: 'SELECT name FROM app.people ORDER BY id', rowsAsArray: true }));

    it('of rows returned end the session when one more comes', async () => {
      for (const run of ['query', 'execute'] as const) {
        const enough = await session({ statements: [{ ...passes, returned: allowance(2) }] });
        expect(await rowsOf(ran(enough, run, 'SELECT id FROM people'))).toHaveLength(2);
        const few = await session({ statements: [{ ...passes, returned: allowance(1) }] });
        await expect(ran(few, run, 'SELECT id FROM people')).rejects.toThrow();
        expect(relay.failure).toBeInstanceOf(LimitReached);
      }
    });

    it('of rows affected leave nothing behind under autocommit', async () => {
      const client = await session(update(1));
      await expect(client.query("UPDATE people SET name = 'x'")).rejects.toThrow();
      expect(relay.failure).toBeInstanceOf(LimitReached);
      expect(await names()).toEqual([['Ann'], ['Bob']]);
    });

    it.each(['query', 'execute'] as const)(
      'of rows affected let the others be committed, and the client sees no transaction (%s)',
      async (run) => {
        const client = await session(update(2));
        const [result] = await ran(client, run, "UPDATE people SET name = CONCAT(name, '!') WHERE id = 1");
        expect(result.affectedRows).toBe(1);
        expect(result.serverStatus & 3).toBe(2);
        expect(await names()).toEqual([['Ann!'], ['Bob']]);
        expect(relay.ended.at(-1)).toBe('commit 2');
        await ran(client, run, "UPDATE people SET name = 'Ann' WHERE id = 1");
        expect(await names()).toEqual([['Ann'], ['Bob']]);
      },
    );

    it('of rows affected show the error of a statement that failed by itself, with nothing left open', async () => {
      const client = await session(update(2));
      await expect(client.query('UPDATE people SET id = 1 WHERE id = 2')).rejects.toMatchObject({ errno: 1062 });
      expect(relay.ended.at(-1)).toBe('rollback 2');
      rule = () => ({ statements: [passes] });
      expect(await rowsOf(client.query({ sql: 'SELECT @@in_transaction', rowsAsArray: true }))).toEqual([[0]]);
    });

    it('of rows affected count what RETURNING gives back', async () => {
      const client = await session({
        statements: [{ ...passes, plan: plan([null]), action: 'delete', affected: allowance(1) }],
        isWrapped: true,
      });
      await expect(client.query('DELETE FROM people RETURNING id')).rejects.toThrow();
      expect(await names()).toHaveLength(2);
    });
  });
});
