import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Unit } from '@sqlwarden/core';
import { type MysqlServer, mysqlServerKinds, requireOrSkip, until } from '@sqlwarden/testkit';
import type { BoundValue } from '../protocol/bound-values.js';
import { CAPABILITIES } from '../protocol/capabilities.js';
import { writeCommand, writeExecute } from '../protocol/client-command.js';
import { COMMAND } from '../protocol/command.js';
import { FIELD_TYPE } from '../protocol/field-types.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { lenientText } from '../protocol/payload-reader.js';
import { type Gateway, makeApp, startGateway } from '../testing/gateway.js';
import { RAW_CAPABILITIES, RawClient } from '../testing/raw-client.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const query = (text: string) => ({ kind: 'COM_QUERY', attributes: [], text: utf8(text) }) as const;
const long = (value: number) => ({
  type: FIELD_TYPE.MYSQL_TYPE_LONG,
  isUnsigned: false,
  name: '',
  value: Uint8Array.of(value, 0, 0, 0),
});
const bytes = (value: string): BoundValue => ({
  type: FIELD_TYPE.MYSQL_TYPE_BLOB,
  isUnsigned: false,
  name: '',
  value: value === 'long-data' ? value : utf8(value),
});
const OK = 0x00;
const END = 0xfe;
const READ_ONLY = 1;

describe.each(mysqlServerKinds())('the commands of a client of $name', ({ flavour, finding, start }) => {
  const test = requireOrSkip(finding) ? it : it.skip;
  let server: MysqlServer;
  let gateway: Gateway;
  const open: RawClient[] = [];

  beforeAll(async () => {
    if (!finding.found) return;
    server = await start();
    await makeApp(server);
    gateway = await startGateway(server);
  });

  afterAll(async () => {
    for (const client of open) client.close();
    await gateway?.close();
    await server?.stop();
  });

  async function connect(capabilities = RAW_CAPABILITIES): Promise<RawClient> {
    const client = await RawClient.connect(gateway.port, capabilities);
    open.push(client);
    return client;
  }

  /** The number that the server gives to a statement of `parameters` parameters and `columns` columns. */
  async function prepare(client: RawClient, text: string, parameters: number, columns: number): Promise<number> {
    client.send({ kind: 'COM_STMT_PREPARE', text: utf8(text) });
    const [answer] = await client.take(1 + parameters + columns);
    if (answer?.[0] !== OK) throw new Error(lenientText(answer ?? new Uint8Array(0)));
    return new DataView(answer.buffer, answer.byteOffset).getUint32(1, true);
  }

  const lastUnit = (): Unit => gateway.seen.units.at(-1) as Unit;

  test('COM_PING, COM_STATISTICS and COM_SET_OPTION are answered by the server', async () => {
    const client = await connect();
    client.send({ kind: 'COM_PING' });
    expect((await client.take(1))[0]?.[0]).toBe(OK);
    client.send({ kind: 'COM_STATISTICS' });
    expect(lenientText((await client.take(1))[0] ?? new Uint8Array(0))).toMatch(/Uptime/);
    client.send({ kind: 'COM_SET_OPTION', option: 0 });
    expect([OK, END]).toContain((await client.take(1))[0]?.[0]);
    client.send(query('DO 1; DO 2'));
    await client.take(2);
    expect(lastUnit().text).toBe('DO 1; DO 2');
    client.send({ kind: 'COM_SET_OPTION', option: 7 });
    expect(await client.error()).toMatchObject({ code: 1047 });
  });

  test('COM_INIT_DB is judged as USE, COM_FIELD_LIST as SHOW COLUMNS', async () => {
    const client = await connect();
    client.send({ kind: 'COM_INIT_DB', schema: utf8('forbidden') });
    expect(await client.error()).toMatchObject({ code: 1142 });
    client.send({ kind: 'COM_INIT_DB', schema: utf8('app') });
    await client.take(1);
    expect(lastUnit()).toMatchObject({ phase: 'query', text: 'USE `app`' });
    client.send({ kind: 'COM_FIELD_LIST', table: utf8('people'), wildcard: utf8('') });
    await client.take(flavour === 'mariadb' ? 4 : 1);
    expect(lastUnit()).toMatchObject({ text: 'SHOW COLUMNS FROM `people`', state: { database: 'app' } });
  });

  test('commands that are not decoded are refused by their names, and the session goes on', async () => {
    const client = await connect();
    const commands = [
      'COM_BINLOG_DUMP',
      'COM_REGISTER_SLAVE',
      'COM_SHUTDOWN',
      'COM_CREATE_DB',
      'COM_DEBUG',
      'COM_CLONE',
      'COM_MULTI',
    ] as const;
    for (const command of commands) {
      client.raw(encodePacket(0, (writer) => writer.int1(COMMAND[command]).int4(1)));
      const { code, message } = await client.error();
      expect(code).toBe(1235);
      expect(message).toContain(command);
    }
    client.raw(encodePacket(0, (writer) => writer.int1(COMMAND.COM_STMT_BULK_EXECUTE)));
    expect((await client.error()).message).toContain('COM_STMT_BULK_EXECUTE');
    client.send({ kind: 'COM_PING' });
    expect((await client.take(1))[0]?.[0]).toBe(OK);
  });

  test('COM_PROCESS_KILL ends nothing that is not of the same principal', async () => {
    const client = await connect();
    client.send({ kind: 'COM_PROCESS_KILL', connectionId: 1 });
    expect(await client.error()).toMatchObject({ code: 1094 });
    expect(lastUnit().text).toBe('KILL 1');
  });

  test('a statement that is unknown, or a cursor that is not open, is an error of the client alone', async () => {
    const client = await connect();
    client.execute({ statementId: 77, flags: 0 }, []);
    expect(await client.error()).toMatchObject({ code: 1243 });
    client.send({ kind: 'COM_STMT_FETCH', statementId: 77, rows: 1 });
    expect(await client.error()).toMatchObject({ code: 1243 });
    client.send({ kind: 'COM_STMT_RESET', statementId: 77 });
    expect(await client.error()).toMatchObject({ code: 1243 });
    client.send({ kind: 'COM_STMT_CLOSE', statementId: 77 });
    const id = await prepare(client, 'SELECT 1', 0, 1);
    client.send({ kind: 'COM_STMT_FETCH', statementId: id, rows: 1 });
    expect(await client.error()).toMatchObject({ code: 1421 });
    client.execute({ statementId: id, flags: 2 }, []);
    expect(await client.error()).toMatchObject({ code: 1235 });
    client.send({ kind: 'COM_STMT_CLOSE', statementId: id });
    client.execute({ statementId: id, flags: 0 }, []);
    expect(await client.error()).toMatchObject({ code: 1243 });
  });

  test('an execute right behind a preparation may name the statement that was prepared last, and then means no other', async () => {
    const client = await connect();
    const last = { statementId: 0xffff_ffff, flags: 0 };
    const earlier = await prepare(client, "SELECT 'earlier' AS a", 0, 1);
    const preparing = (text: string): Uint8Array =>
      encodePacket(0, (writer) => writeCommand(writer, { kind: 'COM_STMT_PREPARE', text: utf8(text) }, client.capabilities));
    const executing = (...values: readonly BoundValue[]): Uint8Array =>
      encodePacket(0, (writer) =>
        writeExecute(writer, { ...last, iterations: 1 }, values, { capabilities: client.capabilities, parameters: values.length }),
      );
    client.sendAhead([preparing('SELECT ? AS a'), executing(bytes('the last'))]);
    expect((await client.take(3))[0]?.[0]).toBe(OK);
    expect(lenientText((await client.take(4))[2] ?? new Uint8Array(0))).toContain('the last');
    expect(lastUnit()).toMatchObject({ phase: 'execute', text: 'SELECT ? AS a' });
    client.execute(last, [bytes('once more')]);
    expect(lenientText((await client.take(4))[2] ?? new Uint8Array(0))).toContain('once more');
    // One that is refused, one that the server does not take, one that is closed: there is none, and surely not the one before.
    for (const text of ['SELECT forbidden', 'SELECT FROM']) {
      client.sendAhead([preparing(text), executing()]);
      await client.error();
      expect(await client.error()).toMatchObject({ code: 1243 });
    }
    client.execute({ statementId: earlier, flags: 0 }, []);
    await client.take(4);
    const closed = await prepare(client, 'SELECT 2', 0, 1);
    const asked = gateway.seen.units.length;
    client.send({ kind: 'COM_STMT_CLOSE', statementId: closed });
    client.execute(last, []);
    expect(await client.error()).toMatchObject({ code: 1243 });
    expect(gateway.seen.units.length).toBe(asked);
  });

  test('an execute without parameters may say that it declares their types', async () => {
    const client = await connect();
    const id = await prepare(client, "SELECT 'none' AS a", 0, 1);
    const header = Buffer.from([0x17, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    header.writeUInt32LE(id, 1);
    const send = (...more: readonly number[]): void =>
      client.raw(encodePacket(0, (writer) => writer.bytes(Buffer.concat([header, Buffer.from(more)]))));
    send(1);
    expect(lenientText((await client.take(4))[2] ?? new Uint8Array(0))).toContain('none');
    send(1, 1);
    expect(await client.error()).toMatchObject({ code: 1210 });
  });

  test('an execute without types takes those of the one before, also of one that was refused and never reached the server', async () => {
    const client = await connect();
    const id = await prepare(client, 'SELECT ? AS a', 1, 1);
    const again = (value: number) =>
      client.raw(encodePacket(0, (writer) => writer.int1(COMMAND.COM_STMT_EXECUTE).int4(id).int1(0).int4(1).int1(0).int1(0).int4(value)));
    again(1);
    expect(await client.error()).toMatchObject({ code: 1210 });
    client.execute({ statementId: id, flags: 0 }, [bytes('first')]);
    const first = await client.take(4);
    expect(lenientText(first[2] ?? new Uint8Array(0))).toContain('first');
    gateway.seen.refuseNext = true;
    client.execute({ statementId: id, flags: 0 }, [long(5)]);
    expect(await client.error()).toMatchObject({ code: 1142 });
    again(6);
    const [, , row] = await client.take(4);
    expect(lastUnit()).toMatchObject({ phase: 'execute', parameters: [{ typeId: FIELD_TYPE.MYSQL_TYPE_LONG, format: 'binary' }] });
    expect([...(row ?? [])].slice(2, 3)).toEqual([6]);
    expect(row?.length).toBeLessThan(12);
  });

  test('long data is seen by the host with the execute, and goes to the server only with one that is admitted', async () => {
    const client = await connect();
    const id = await prepare(client, 'SELECT ? AS a', 1, 1);
    const piece = (text: string) => client.send({ kind: 'COM_STMT_SEND_LONG_DATA', statementId: id, parameter: 0, data: utf8(text) });
    piece('one ');
    piece('two');
    client.execute({ statementId: id, flags: 0 }, [bytes('long-data')]);
    expect(lenientText((await client.take(4))[2] ?? new Uint8Array(0))).toContain('one two');
    expect(lenientText(lastUnit().parameters[0]?.value ?? new Uint8Array(0))).toBe('one two');
    piece('gone');
    gateway.seen.refuseNext = true;
    client.execute({ statementId: id, flags: 0 }, [bytes('long-data')]);
    expect(await client.error()).toMatchObject({ code: 1142 });
    piece('three');
    client.execute({ statementId: id, flags: 0 }, [bytes('long-data')]);
    const text = lenientText((await client.take(4))[2] ?? new Uint8Array(0));
    expect(text).toContain('three');
    expect(text).not.toContain('gone');
    piece('reset');
    client.send({ kind: 'COM_STMT_RESET', statementId: id });
    await client.take(1);
    client.execute({ statementId: id, flags: 0 }, [bytes('plain')]);
    expect(lenientText((await client.take(4))[2] ?? new Uint8Array(0))).toContain('plain');
  });

  test('more long data than a session may keep fails the execute, and the session goes on', async () => {
    const client = await connect();
    const id = await prepare(client, 'SELECT LENGTH(?) AS a', 1, 1);
    const data = new Uint8Array(8 << 20);
    for (let sent = 0; sent < 6; sent++) client.send({ kind: 'COM_STMT_SEND_LONG_DATA', statementId: id, parameter: 0, data });
    client.execute({ statementId: id, flags: 0 }, [bytes('long-data')]);
    expect(await client.error()).toMatchObject({ code: 1104 });
    client.execute({ statementId: id, flags: 0 }, [bytes('short')]);
    await client.take(4);
  });

  test('a cursor keeps the masks that it was opened with, and every fetch is admitted', async () => {
    const client = await connect();
    const statement = await prepare(client, 'select id, ssn from people', 0, 2);
    client.execute({ statementId: statement, flags: READ_ONLY }, []);
    await client.take(4);
    expect(gateway.seen.outcomes.at(-1)).toMatchObject({ suspended: true });
    client.send({ kind: 'COM_STMT_FETCH', statementId: statement, rows: 2 });
    const rows = await client.take(3);
    expect(rows.slice(0, 2).map((row) => lenientText(row).includes('***'))).toEqual([true, true]);
    expect(lastUnit().phase).toBe('execute');
    gateway.seen.refuseNext = true;
    client.send({ kind: 'COM_STMT_FETCH', statementId: statement, rows: 1 });
    expect(await client.error()).toMatchObject({ code: 1142 });
    client.send({ kind: 'COM_STMT_FETCH', statementId: statement, rows: 9 });
    const last = await client.take(2);
    expect(last.map((row) => lenientText(row).includes('6789') || lenientText(row).includes('4321'))).toEqual([false, false]);
    client.send({ kind: 'COM_STMT_RESET', statementId: statement });
    await client.take(1);
    client.send({ kind: 'COM_STMT_FETCH', statementId: statement, rows: 1 });
    expect(await client.error()).toMatchObject({ code: 1421 });
  });

  test('commands that are sent ahead wait for their turn, and are answered in order', async () => {
    const client = await connect();
    const packets = [query("SELECT 'held' AS a"), query('SELECT 2 AS b'), query('SELECT forbidden'), query('SELECT 3 AS c')];
    const all = packets.map((command) => encodePacket(0, (writer) => writer.int1(COMMAND.COM_QUERY).bytes(command.text)));
    const asked = gateway.seen.units.length;
    client.sendAhead(all);
    const answers = await client.take(4 + 4 + 1 + 4);
    expect(answers.map((answer) => lenientText(answer)).join()).toMatch(/held.*2.*not for you.*3/s);
    expect(gateway.seen.units.slice(asked).map(({ text }) => text)).toEqual(packets.map(({ text }) => lenientText(text)));
  });

  test('bytes that are no UTF-8 pass in literals, and no quote is lost behind them', async () => {
    const client = await connect();
    const text = Uint8Array.of(...utf8("SELECT LENGTH(_binary'"), 0xff, 0xc3, ...utf8("') AS n, 'x' AS forbidden_not"));
    client.raw(encodePacket(0, (writer) => writer.int1(COMMAND.COM_QUERY).bytes(text)));
    expect(await client.error()).toMatchObject({ code: 1142 });
    const short = Uint8Array.of(...utf8("SELECT LENGTH(_binary'"), 0xff, 0xc3, ...utf8("') AS n"));
    client.raw(encodePacket(0, (writer) => writer.int1(COMMAND.COM_QUERY).bytes(short)));
    const [, , row] = await client.take(4);
    expect(lenientText(row ?? new Uint8Array(0))).toContain('2');
    expect(lastUnit().text).toBe("SELECT LENGTH(_binary'\udcff\udcc3') AS n");
  });

  test('query attributes say why, and reach the server where it has them', async () => {
    if (flavour === 'mariadb') return;
    const client = await connect((RAW_CAPABILITIES | CAPABILITIES.CLIENT_QUERY_ATTRIBUTES) >>> 0);
    const attribute = { type: FIELD_TYPE.MYSQL_TYPE_STRING, isUnsigned: false, name: 'purpose', value: utf8('audit') };
    client.send({ kind: 'COM_QUERY', attributes: [attribute], text: utf8('SELECT 1') });
    await client.take(4);
    expect(lastUnit().asserted).toEqual({ purpose: { value: 'audit', source: 'attribute' } });
    client.send({ kind: 'COM_QUERY', attributes: [], text: utf8("SET @sqlwarden.token = 'a.b.c'") });
    await client.take(1);
    expect(lastUnit()).toMatchObject({ renewal: 'a.b.c' });
  });

  test('what a client sends after COM_QUIT is not read, and its transaction is rolled back', async () => {
    const client = await connect();
    client.send(query('BEGIN'));
    await client.take(1);
    client.send(query('INSERT INTO app.steps (n) VALUES (60)'));
    await client.take(1);
    const asked = gateway.seen.units.length;
    client.raw(encodePacket(0, (writer) => writer.int1(COMMAND.COM_QUIT)));
    client.send(query('SELECT 1'));
    await until(() => client.closed);
    expect(gateway.seen.units).toHaveLength(asked);
    expect(gateway.seen.ends.at(-1)?.[1]).toBe('rolled-back');
  });

  test('what is sent behind a login whose database is held, then refused, is not run', async () => {
    const client = await RawClient.dial(gateway.port, RAW_CAPABILITIES, 'held for more, forbidden');
    open.push(client);
    const asked = gateway.seen.units.length;
    await until(() => gateway.seen.units.length > asked);
    client.raw(
      encodePacket(0, (writer) => writer.int1(COMMAND.COM_QUERY).bytes(utf8('SELECT 1'))),
      2,
    );
    expect(await client.error()).toMatchObject({ code: 1142 });
    await until(() => client.closed);
    expect(gateway.seen.units.slice(asked).map(({ text }) => text)).toEqual(['USE `held for more, forbidden`']);
  });

  test('packets out of order end the session with an error that says so', async () => {
    const client = await connect();
    client.raw(
      encodePacket(3, (writer) => writer.int1(COMMAND.COM_PING)),
      0,
    );
    await until(() => client.closed);
    expect(gateway.seen.reasons.at(-1)).toMatchObject({ kind: 'protocol-error', leg: 'client' });
  });
});
