import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type MysqlServer, mysqlServerKinds, requireOrSkip } from '@sqlwarden/testkit';
import { readAuthenticationPacket, writeAuthenticationPacket } from './authentication-packets.js';
import type { BoundValue } from './bound-values.js';
import { CAPABILITIES, type Capabilities, hasCapability } from './capabilities.js';
import { characterSetOf } from './character-sets.js';
import { type ClientCommand, CURSOR_TYPE, decodeCommand, writeCommand, writeExecute } from './client-command.js';
import { type ColumnDefinition41, readColumnDefinition, writeColumnDefinition } from './column-definition.js';
import { readErr, writeErr } from './err-packet.js';
import { binaryForm, FIELD_TYPE } from './field-types.js';
import { type HandshakeV10, readHandshakeV10, writeHandshakeV10 } from './handshake.js';
import { writeHandshakeResponse41 } from './handshake-response.js';
import { type OkPacket, readEof, readOk, writeEof, writeOk } from './ok-packet.js';
import { PacketSplitter } from './packet-splitter.js';
import { encodePacket, PacketWriter } from './packet-writer.js';
import { PayloadReader } from './payload-reader.js';
import { readResultSetHeader, readStmtPrepareOk, writeResultSetHeader, writeStmtPrepareOk } from './result-header.js';
import { columnTypes, RowCells } from './row-cells.js';
import { STATUS } from './status-flags.js';

const C = CAPABILITIES;
const BASE =
  C.CLIENT_LONG_FLAG |
  C.CLIENT_PROTOCOL_41 |
  C.CLIENT_SECURE_CONNECTION |
  C.CLIENT_PLUGIN_AUTH |
  C.CLIENT_TRANSACTIONS |
  C.CLIENT_MULTI_STATEMENTS |
  C.CLIENT_MULTI_RESULTS |
  C.CLIENT_PS_MULTI_RESULTS |
  C.CLIENT_CONNECT_ATTRS |
  C.CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA;
const NEW = C.CLIENT_SESSION_TRACK | C.CLIENT_DEPRECATE_EOF | C.CLIENT_QUERY_ATTRIBUTES | C.CLIENT_OPTIONAL_RESULTSET_METADATA;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

interface ResultSet {
  readonly columns: readonly ColumnDefinition41[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** A client that reads every packet by the decoders here and demands that the encoders give the same bytes. */
class CheckedClient {
  readonly #socket: Socket;
  readonly #packets = new PacketSplitter('server', 64 << 20);
  readonly #wakers: (() => void)[] = [];
  #isClosed = false;
  capabilities: Capabilities = 0;
  handshake: HandshakeV10 | undefined;

  constructor(server: MysqlServer) {
    this.#socket = connect(server.port, server.host);
    const wake = (): void => this.#wakers.splice(0).forEach((waker) => waker());
    this.#socket.on('data', (chunk) => {
      this.#packets.push(Uint8Array.from(chunk));
      wake();
    });
    this.#socket.on('close', () => {
      this.#isClosed = true;
      wake();
    });
    this.#socket.on('error', wake);
  }

  async login(user: string, wanted: Capabilities): Promise<OkPacket> {
    const handshake = await this.#read(
      (reader) => readHandshakeV10(reader),
      (writer, value) => writeHandshakeV10(writer, value),
    );
    this.handshake = handshake;
    this.capabilities = (wanted & (handshake.capabilities | C.CLIENT_LONG_PASSWORD)) >>> 0;
    const attributes = [{ name: '_client_name', value: 'test' }];
    const response = {
      kind: 'HandshakeResponse41',
      capabilities: this.capabilities,
      mariadbCapabilities: 0,
      maxPacketSize: 1 << 30,
      collation: 45,
    } as const;
    this.#send(1, (writer) =>
      writeHandshakeResponse41(writer, {
        ...response,
        user,
        authResponse: utf8(''),
        database: undefined,
        authPlugin: 'mysql_native_password',
        attributes,
        zstdLevel: undefined,
      }),
    );
    await this.#next();
    if (this.#packets.firstByte === 0xfe) {
      this.#again(
        (reader) => readAuthenticationPacket(reader),
        (writer, value) => writeAuthenticationPacket(writer, value),
      );
      this.#send(this.#packets.sequenceId + 1, () => undefined);
      await this.#next();
    }
    return this.#ok();
  }

  async query(sql: string, attributes: readonly BoundValue[] = []): Promise<(ResultSet | OkPacket)[]> {
    this.#command({ kind: 'COM_QUERY', attributes, text: utf8(sql) });
    return this.#results();
  }

  async error(sql: string): Promise<ReturnType<typeof readErr>> {
    this.#command({ kind: 'COM_QUERY', attributes: [], text: utf8(sql) });
    await this.#next();
    return this.#again(
      (reader) => readErr(reader),
      (writer, value) => writeErr(writer, value),
    );
  }

  /** Prepares, executes with one set of values, fetches when a cursor was opened. */
  async execute(sql: string, values: readonly BoundValue[], flags = 0): Promise<(ResultSet | OkPacket)[]> {
    const { capabilities } = this;
    this.#command({ kind: 'COM_STMT_PREPARE', text: utf8(sql) });
    const prepared = await this.#read(
      (reader) => readStmtPrepareOk(reader, capabilities),
      (writer, value) => writeStmtPrepareOk(writer, value, capabilities),
    );
    if (prepared.parameters > 0) await this.#definitions(prepared.parameters, false);
    if (prepared.columns > 0) await this.#definitions(prepared.columns, false);
    const header = { statementId: prepared.statementId, flags, iterations: 1 };
    this.#send(0, (writer) => writeExecute(writer, header, values, { capabilities, parameters: prepared.parameters }));
    const results = await this.#results(true, flags !== 0);
    if (flags !== 0) {
      const [first] = results;
      if (first === undefined || !('columns' in first)) throw new Error('no cursor');
      this.#command({ kind: 'COM_STMT_FETCH', statementId: prepared.statementId, rows: 100 });
      results.push({ columns: first.columns, rows: (await this.#rows(first.columns, true)).rows });
    }
    this.#command({ kind: 'COM_STMT_CLOSE', statementId: prepared.statementId });
    return results;
  }

  async fieldList(table: string): Promise<readonly ColumnDefinition41[]> {
    this.#command({ kind: 'COM_FIELD_LIST', table: utf8(table), wildcard: utf8('') });
    const columns: ColumnDefinition41[] = [];
    for (;;) {
      await this.#next();
      if (this.#packets.firstByte === 0xfe) break;
      columns.push(
        this.#again(
          (reader) => readColumnDefinition(reader, true),
          (writer, value) => writeColumnDefinition(writer, value),
        ),
      );
    }
    this.#endOfRows();
    return columns;
  }

  async plain(command: Exclude<ClientCommand, { kind: 'COM_STMT_EXECUTE' | 'other' }>): Promise<OkPacket> {
    this.#command(command);
    await this.#next();
    return this.#ok();
  }

  close(): void {
    this.#socket.destroy();
  }

  #command(command: Exclude<ClientCommand, { kind: 'COM_STMT_EXECUTE' | 'other' }>): void {
    this.#send(0, (writer) => writeCommand(writer, command, this.capabilities));
  }

  #send(sequenceId: number, write: (writer: PacketWriter) => void): void {
    const bytes = encodePacket(sequenceId, write);
    const large = Math.floor((bytes.length - 4) / 0xff_ffff);
    this.#packets.expected = (sequenceId + 1 + large) & 0xff;
    this.#socket.write(bytes);
  }

  async #results(isBinary = false, isCursor = false): Promise<(ResultSet | OkPacket)[]> {
    const results: (ResultSet | OkPacket)[] = [];
    for (;;) {
      await this.#next();
      let status: number;
      if (this.#packets.firstByte === 0x00) {
        const ok = this.#ok();
        results.push(ok);
        ({ status } = ok);
      } else {
        const header = this.#again(
          (reader) => readResultSetHeader(reader, this.capabilities),
          (writer, value) => writeResultSetHeader(writer, value, this.capabilities),
        );
        const columns = await this.#definitions(header.columns, isCursor);
        const rows = isCursor ? { rows: [], status: 0 } : await this.#rows(columns, isBinary);
        results.push({ columns, rows: rows.rows });
        ({ status } = rows);
      }
      if ((status & STATUS.SERVER_MORE_RESULTS_EXISTS) === 0) return results;
    }
  }

  async #definitions(count: number, isLast: boolean): Promise<ColumnDefinition41[]> {
    const columns: ColumnDefinition41[] = [];
    for (let i = 0; i < count; i++)
      columns.push(
        await this.#read(
          (reader) => readColumnDefinition(reader, false),
          (writer, value) => writeColumnDefinition(writer, value),
        ),
      );
    // A cursor's header ends with an EOF or the OK in its place, always.
    if (isLast || !hasCapability(this.capabilities, C.CLIENT_DEPRECATE_EOF)) {
      await this.#next();
      this.#endOfRows();
    }
    return columns;
  }

  async #rows(columns: readonly ColumnDefinition41[], isBinary: boolean): Promise<{ rows: (string | null)[][]; status: number }> {
    const cells = new RowCells();
    const types = columnTypes(columns);
    const rows: (string | null)[][] = [];
    for (;;) {
      await this.#next();
      const { buffer, bodyStart, end } = this.#packets;
      if (this.#packets.firstByte === 0xff) throw new Error(readErr(new PayloadReader(buffer, bodyStart, end)).message);
      if (this.#packets.firstByte === 0xfe && end - bodyStart < 0xff_ffff) return { rows, status: this.#endOfRows() };
      if (isBinary) cells.readBinary(buffer, bodyStart, end, types);
      else cells.readText(buffer, bodyStart, end, columns.length);
      rows.push(
        columns.map((_column, i) =>
          cells.isNull(i) ? null : Buffer.from(buffer.subarray(cells.at[i], cells.end[i])).toString(isBinary ? 'hex' : 'utf8'),
        ),
      );
    }
  }

  #endOfRows(): number {
    if (hasCapability(this.capabilities, C.CLIENT_DEPRECATE_EOF)) return this.#ok().status;
    return this.#again(
      (reader) => readEof(reader),
      (writer, value) => writeEof(writer, value),
    ).status;
  }

  #ok(): OkPacket {
    const { buffer, bodyStart, end } = this.#packets;
    if (this.#packets.firstByte === 0xff) throw new Error(readErr(new PayloadReader(buffer, bodyStart, end)).message);
    return this.#again(
      (reader) => readOk(reader, this.capabilities),
      (writer, value) => writeOk(writer, value, this.capabilities),
    );
  }

  async #read<T>(read: (reader: PayloadReader) => T, write: (writer: PacketWriter, value: T) => void): Promise<T> {
    await this.#next();
    if (this.#packets.firstByte === 0xff)
      throw new Error(readErr(new PayloadReader(this.#packets.buffer, this.#packets.bodyStart, this.#packets.end)).message);
    return this.#again(read, write);
  }

  /** Decodes the packet at hand; encoded again it must be the same bytes. */
  #again<T>(read: (reader: PayloadReader) => T, write: (writer: PacketWriter, value: T) => void): T {
    const { buffer, bodyStart, end } = this.#packets;
    const value = read(new PayloadReader(buffer, bodyStart, end));
    const writer = new PacketWriter();
    write(writer, value);
    expect(Buffer.from(writer.take()).toString('hex')).toBe(Buffer.from(buffer.subarray(bodyStart, end)).toString('hex'));
    return value;
  }

  async #next(): Promise<void> {
    while (!this.#packets.next()) {
      if (this.#isClosed) throw new Error('the server has closed the connection');
      await new Promise<void>((resolve) => this.#wakers.push(resolve));
    }
  }
}

const bound = (type: number, value: Uint8Array | null, name = ''): BoundValue => ({ type, isUnsigned: false, name, value });

describe.each(mysqlServerKinds())('the messages of a real $name', ({ finding, start }) => {
  const isThere = requireOrSkip(finding);
  let server: MysqlServer | undefined;

  beforeAll(async () => {
    if (isThere) server = await start({ password: '', parameters: { 'max-allowed-packet': '64M' } });
  }, 60_000);
  afterAll(async () => server?.stop());

  async function withClient<T>(wanted: Capabilities, use: (client: CheckedClient) => Promise<T>): Promise<T> {
    const client = new CheckedClient(server as MysqlServer);
    try {
      await client.login((server as MysqlServer).user, wanted);
      return await use(client);
    } finally {
      client.close();
    }
  }
  const test = isThere ? it : it.skip;

  test.each([
    ['of old clients', BASE],
    ['of new ones', (BASE | NEW) >>> 0],
  ])('are decoded whole and encoded to the same bytes, with the capabilities %s', async (_name, wanted) => {
    await withClient(wanted, async (client) => {
      await client.query('create database if not exists d');
      const used = await client.plain({ kind: 'COM_INIT_DB', schema: utf8('d') });
      if (hasCapability(client.capabilities, C.CLIENT_SESSION_TRACK)) expect(used.changes).toContainEqual({ kind: 'schema', name: 'd' });
      await client.query(
        "create or replace view v as select 1 as one; drop table if exists t; create table t (id int primary key auto_increment, name varchar(20) default 'x', born datetime(6), price decimal(9,2))",
      );
      const [inserted] = await client.query(
        "insert into t (name, born, price) values ('ann', '2001-02-03 04:05:06.5', 1.5), (null, null, null)",
      );
      expect(inserted).toMatchObject({ affectedRows: 2n, lastInsertId: 1n });
      const results = await client.query('select id as i, name, born, price from t as a order by id; select 2; set @x = 1');
      expect(results[0]).toMatchObject({
        columns: [{ name: 'i', orgName: 'id', table: 'a', orgTable: 't', schema: 'd', type: FIELD_TYPE.MYSQL_TYPE_LONG }, {}, {}, {}],
        rows: [
          ['1', 'ann', '2001-02-03 04:05:06.500000', '1.50'],
          ['2', null, null, null],
        ],
      });
      expect(results).toHaveLength(3);
      expect((await client.fieldList('t')).map(({ name }) => name)).toEqual(['id', 'name', 'born', 'price']);
      expect(await client.error('select nothing')).toMatchObject({ code: 1054, sqlState: '42S22' });
      await client.plain({ kind: 'COM_PING' });
      await client.plain({ kind: 'COM_RESET_CONNECTION' });
    });
  });

  test.each([
    ['of old clients', BASE],
    ['of new ones', (BASE | NEW) >>> 0],
  ])('of prepared statements too, with the capabilities %s', async (_name, wanted) => {
    await withClient(wanted, async (client) => {
      const values = [
        bound(FIELD_TYPE.MYSQL_TYPE_LONGLONG, Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0)),
        bound(FIELD_TYPE.MYSQL_TYPE_VAR_STRING, utf8('text')),
        bound(FIELD_TYPE.MYSQL_TYPE_NULL, null),
        bound(FIELD_TYPE.MYSQL_TYPE_DATETIME, Uint8Array.of(0xd1, 7, 2, 3, 4, 5, 6)),
      ];
      const [all] = await client.execute('select ? + 0 as a, ? as b, ? as c, cast(? as datetime) as d', values);
      expect(all).toMatchObject({ rows: [['0700000000000000', Buffer.from('text').toString('hex'), null, 'd1070203040506']] });
      expect((await client.execute('select 1 union select 2', [], CURSOR_TYPE.CURSOR_TYPE_READ_ONLY)).at(-1)).toMatchObject({
        rows: [{}, {}],
      });
      expect(await client.execute('do 1', [])).toHaveLength(1);
    });
  });

  test('in packets of 16 MiB and more, both ways', async () => {
    await withClient((BASE | NEW) >>> 0, async (client) => {
      for (const length of [0xff_ffff - 30, 17_000_000]) {
        const [result] = await client.query(`select length('${'a'.repeat(length)}'), repeat('b', ${length})`);
        if (result === undefined || !('rows' in result)) throw new Error('no rows');
        expect(result.rows[0]?.[0]).toBe(String(length));
        expect(result.rows[0]?.[1]?.length).toBe(length);
      }
    });
  });

  test('that have query attributes, where the server takes them', async () => {
    await withClient((BASE | NEW) >>> 0, async (client) => {
      const attributes = hasCapability(client.capabilities, C.CLIENT_QUERY_ATTRIBUTES)
        ? [bound(FIELD_TYPE.MYSQL_TYPE_STRING, utf8('report'), 'purpose')]
        : [];
      expect(await client.query('select 5', attributes)).toMatchObject([{ rows: [['5']] }]);
    });
  });

  test('that have query attributes end where the server says, whatever their type', async () => {
    await withClient((BASE | NEW) >>> 0, async (client) => {
      if (!hasCapability(client.capabilities, C.CLIENT_QUERY_ATTRIBUTES)) return;
      let read = 0;
      for (const type of Object.values(FIELD_TYPE)) {
        const form = binaryForm(type);
        if (form === undefined) continue;
        const attribute = bound(type, new Uint8Array(typeof form === 'number' ? form : 0), 'a');
        const command = { kind: 'COM_QUERY', attributes: [attribute], text: utf8('select 5') } as const;
        const bytes = new PacketWriter();
        writeCommand(bytes, command, client.capabilities);
        const payload = bytes.take();
        try {
          decodeCommand(payload, 0, payload.length, client.capabilities);
        } catch {
          continue;
        }
        expect([type, await client.query('select 5', [attribute])]).toMatchObject([type, [{ rows: [['5']] }]]);
        read += 1;
      }
      expect(read).toBeGreaterThan(20);
    });
  });

  test('have collations of which the character set is known', async () => {
    await withClient(BASE, async (client) => {
      const [result] = await client.query(
        client.handshake?.serverVersion.includes('MariaDB') === true
          ? 'select id, character_set_name from information_schema.collation_character_set_applicability where id is not null'
          : 'select id, character_set_name from information_schema.collations',
      );
      if (result === undefined || !('rows' in result)) throw new Error('no rows');
      expect(result.rows.length).toBeGreaterThan(100);
      expect(result.rows.filter(([id, name]) => characterSetOf(Number(id))?.name !== name)).toEqual([]);
    });
  });
});
