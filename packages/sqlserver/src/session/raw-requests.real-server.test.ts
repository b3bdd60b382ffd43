import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectSqlserver, findBabelfish, requireOrSkip, type SqlserverServer, startBabelfish, until } from '@sqlwarden/testkit';
import { PACKET_STATUS, PACKET_TYPE } from '../protocol/packet.js';
import { encodeMessage } from '../protocol/packet-writer.js';
import { DATA_TYPE } from '../protocol/data-types.js';
import { encodeUtf16, PayloadWriter } from '../protocol/payload-writer.js';
import { PROCEDURE } from '../protocol/rpc-request.js';
import { type Column, DONE_STATUS, type ServerToken, TOKEN } from '../protocol/server-token.js';
import { versionLayout } from '../protocol/tds-version.js';
import { encodeToken } from '../protocol/token-codec.js';
import { type Gateway, startGateway } from '../testing/gateway.js';
import { int, intOut, RawClient, type RawReply, unicode } from '../testing/raw-client.js';

const kinds = [{ name: 'Babelfish', finding: findBabelfish(), start: () => startBabelfish() }];

type ErrorToken = Extract<ServerToken, { readonly kind: 'ERROR' | 'INFO' }>;
const errorOf = ({ tokens }: RawReply) => tokens.find((token): token is ErrorToken => token.kind === 'ERROR');
const dones = ({ tokens }: RawReply) =>
  tokens.filter(({ kind }) => kind.startsWith('DONE')) as readonly Extract<
    ServerToken,
    { readonly status: number; readonly rowCount: bigint }
  >[];
const shows = ({ bytes }: RawReply, value: string): boolean =>
  bytes.includes(value) || bytes.includes(Buffer.from(value, 'utf16le').toString('latin1'));
const INT = { type: DATA_TYPE.INTN, name: 'INTN', form: 'byte-length', maxLength: 4 } as const;
const SSN = '123-45-6789';
const MASKED = 'SELECT id, ssn FROM people ORDER BY id';

describe.each(kinds)('the requests of a client of $name', ({ finding, start }) => {
  const test = requireOrSkip(finding) ? it : it.skip;
  let server: SqlserverServer;
  let gateway: Gateway;
  const open: RawClient[] = [];

  beforeAll(async () => {
    if (!finding.found) return;
    server = await start();
    const direct = await connectSqlserver(server);
    for (const sql of [
      'CREATE DATABASE app',
      'USE app',
      'CREATE TABLE people (id int PRIMARY KEY, name nvarchar(100), ssn varchar(20))',
      `INSERT INTO people VALUES (1, N'Ann', '${SSN}'), (2, N'Bob', '987-65-4321'), (3, N'Cid', NULL)`,
    ])
      await direct.query(sql);
    await direct.end();
    gateway = await startGateway(server);
  });

  afterAll(async () => {
    for (const client of open) client.close();
    await gateway?.close();
    await server?.stop();
  });

  async function connect(): Promise<RawClient> {
    const client = await RawClient.connect(gateway.port);
    open.push(client);
    return client;
  }

  async function isAlive(client: RawClient): Promise<void> {
    client.batch('SELECT 1');
    expect((await client.reply()).rows).toBe(1);
  }

  test('a server cursor is judged as its text, and its rows are masked', async () => {
    const client = await connect();
    client.rpc({ procedure: { id: PROCEDURE.sp_cursoropen }, parameters: [intOut(), unicode(MASKED), int(8, 1), int(1, 1), intOut()] });
    const opened = await client.reply();
    expect(errorOf(opened)).toBeUndefined();
    expect(gateway.seen.units.slice(-3).map(({ phase, text }) => [phase, text])).toEqual([
      ['prepare', MASKED],
      ['bind', MASKED],
      ['execute', MASKED],
    ]);
    const handle = handleIn(opened);
    client.rpc({ procedure: { id: PROCEDURE.sp_cursorfetch }, parameters: [int(handle), int(2), int(0), int(10)] });
    const fetched = await client.reply();
    expect(errorOf(fetched)).toBeUndefined();
    expect(shows(fetched, SSN)).toBe(false);
    expect(shows(fetched, '***')).toBe(true);
    expect(gateway.seen.units.at(-1)).toMatchObject({ phase: 'execute', text: MASKED });
    client.rpc({ procedure: { id: PROCEDURE.sp_cursorclose }, parameters: [int(handle)] });
    await client.reply();
    client.rpc({ procedure: { id: PROCEDURE.sp_cursorfetch }, parameters: [int(handle), int(2), int(0), int(10)] });
    expect(errorOf(await client.reply())).toMatchObject({ number: 16909 });
  });

  test('sp_prepexec by name is judged, and its handle stands for what was judged', async () => {
    const client = await connect();
    const sql = 'SELECT id, ssn FROM people WHERE id = @id';
    client.rpc({ procedure: { name: 'sp_prepexec' }, parameters: [intOut(), unicode('@id int'), unicode(sql), int(1)] });
    const first = await client.reply();
    expect(first.rows).toBe(1);
    expect(shows(first, SSN)).toBe(false);
    client.rpc({ procedure: { id: PROCEDURE.sp_execute }, parameters: [int(handleIn(first)), int(1)] });
    const second = await client.reply();
    expect(second.rows).toBe(1);
    expect(shows(second, SSN)).toBe(false);
    expect(gateway.seen.units.at(-1)).toMatchObject({ phase: 'execute', text: sql });
    client.rpc({ procedure: { id: PROCEDURE.sp_prepexec }, parameters: [intOut(), unicode(''), unicode('SELECT nothing FROM people')] });
    expect(errorOf(await client.reply())).toBeDefined();
    await until(() => gateway.seen.outcomes.at(-1)?.ticket === gateway.seen.issued.at(-1));
    expect(gateway.seen.outcomes.at(-1)).toMatchObject({ status: 'error' });
    client.rpc({ procedure: { id: PROCEDURE.sp_execute }, parameters: [int(4711), int(1)] });
    expect(errorOf(await client.reply())).toMatchObject({ number: 8179, class: 16 });
    await isAlive(client);
  });

  test('calls in one message are judged before any of them runs, and each has its own outcome', async () => {
    const client = await connect();
    const run = (sql: string) => ({ procedure: { id: PROCEDURE.sp_executesql }, parameters: [unicode(sql)] });
    const { outcomes, issued } = gateway.seen;
    const before = issued.length;
    client.rpc(run("UPDATE people SET name = N'ran' WHERE id = 3"), run("SELECT 'forbidden'"));
    expect(errorOf(await client.reply())?.message).toContain('policy-denied');
    client.batch("SELECT 1 FROM people WHERE name = N'ran'");
    expect((await client.reply()).rows).toBe(0);
    client.rpc(run('SELECT id FROM people'), run(MASKED));
    const both = await client.reply();
    expect(both.rows).toBe(6);
    expect(shows(both, SSN)).toBe(false);
    client.rpc(run('USE app'), run(MASKED));
    expect(errorOf(await client.reply())?.message).toContain('send it by itself');
    await until(() => outcomes.length === issued.length);
    const ended = outcomes.filter(({ ticket }) => issued.slice(before).includes(ticket)).map(({ status }) => status);
    expect(ended).toEqual(['cancelled', 'ok', 'ok', 'ok', 'cancelled', 'cancelled']);
  });

  test('an ATTENTION is acknowledged whether something runs or not', async () => {
    const client = await connect();
    client.attention();
    expect(dones(await client.reply())).toMatchObject([{ status: DONE_STATUS.ATTENTION }]);
    client.batch("SELECT 'held long'");
    await until(() => gateway.seen.units.at(-1)?.text.includes('held long') === true);
    client.attention();
    expect(dones(await client.reply())).toMatchObject([{ status: DONE_STATUS.ERROR }]);
    expect(dones(await client.reply())).toMatchObject([{ status: DONE_STATUS.ATTENTION }]);
    gateway.release();
    await isAlive(client);
    client.batch('SELECT CAST(pg_sleep(1) AS varchar(10))');
    client.attention();
    const replies = [await client.reply()];
    while (!dones(replies.at(-1) as RawReply).some(({ status }) => (status & DONE_STATUS.ATTENTION) !== 0))
      replies.push(await client.reply());
    await isAlive(client);
  });

  test('rows of a bulk load have the columns that were announced, and are rows', async () => {
    let client = await connect();
    client.batch('CREATE TABLE loaded (id int, name nvarchar(20))');
    await client.reply();
    const load = (...columns: readonly Column[]) => {
      const writer = new PayloadWriter();
      encodeToken(writer, { kind: 'COLMETADATA', columns }, versionLayout('7.4'), 'bulk-load');
      return writer.int1(TOKEN.ROW).int1(4).int4(7);
    };
    const column = (name: string): Column => ({ userType: 0, flags: 8, type: INT, name });
    client.batch('insert bulk loaded ([id] int)');
    expect(errorOf(await client.reply())).toBeUndefined();
    client.raw(encodeMessage({ type: PACKET_TYPE.BULK_LOAD, packetSize: 4096 }, load(column('name')).take()));
    expect(errorOf(await client.reply())?.message).toContain('other columns');
    await until(() => client.isClosed);
    await until(() => gateway.seen.outcomes.at(-1)?.ticket === gateway.seen.issued.at(-1));
    expect(gateway.seen.outcomes.at(-1)?.status).toBe('cancelled');
    client = await connect();
    client.batch('insert bulk loaded ([id] int)');
    await client.reply();
    client.raw(encodeMessage({ type: PACKET_TYPE.BULK_LOAD, packetSize: 4096 }, load(column('id')).int1(TOKEN.DONE).zeros(12).take()));
    const loaded = await client.reply();
    expect(errorOf(loaded)).toBeUndefined();
    expect(dones(loaded).at(-1)).toMatchObject({ rowCount: 1n });
    client.batch('insert bulk loaded ([id] int)');
    await client.reply();
    client.raw(encodeMessage({ type: PACKET_TYPE.BULK_LOAD, packetSize: 4096 }, load(column('id')).int1(0x01).take()));
    expect(errorOf(await client.reply())?.message).toContain('message-unsupported');
    await until(() => client.isClosed);
  });

  test('a message that its client gives up runs nothing', async () => {
    const client = await connect();
    const { length } = gateway.seen.units;
    const packet = encodeMessage({ type: PACKET_TYPE.SQL_BATCH, packetSize: 4096 }, encodeUtf16('SELECT 1'));
    packet[1] = PACKET_STATUS.END_OF_MESSAGE | PACKET_STATUS.IGNORE;
    client.raw(packet);
    expect(dones(await client.reply())).toMatchObject([{ status: DONE_STATUS.ERROR }]);
    expect(gateway.seen.units.length).toBe(length);
    await isAlive(client);
  });

  test('what is not understood is refused, and the session goes on', async () => {
    const client = await connect();
    client.transaction({ kind: 'TM_PROMOTE_XACT' });
    expect(errorOf(await client.reply())?.message).toContain('TM_PROMOTE_XACT');
    client.rpc({ procedure: { name: 'p; DROP TABLE people' }, parameters: [] });
    expect(errorOf(await client.reply())?.message).toContain('message-unsupported');
    client.rpc({ procedure: { id: PROCEDURE.sp_cursor }, parameters: [int(1), int(1), int(1), unicode('people')] });
    expect(errorOf(await client.reply())?.message).toContain('sp_cursor');
    client.raw(encodeMessage({ type: PACKET_TYPE.BULK_LOAD, packetSize: 4096 }, new Uint8Array(20)));
    expect(errorOf(await client.reply())?.message).toContain('INSERT BULK');
    await isAlive(client);
  });

  test('a message that belongs into no session ends it', async () => {
    const client = await connect();
    client.raw(encodeMessage({ type: PACKET_TYPE.SSPI, packetSize: 4096 }, new Uint8Array(4)));
    expect(errorOf(await client.reply())?.message).toContain('message-unsupported');
    await until(() => client.isClosed);
    expect(gateway.seen.reasons.at(-1)).toMatchObject({ kind: 'protocol-error', leg: 'client' });
  });
});

/** The first RETURNVALUE that holds a handle. */
function handleIn({ bytes, tokens }: RawReply): number {
  if (!tokens.some(({ kind }) => kind === 'RETURNVALUE')) throw new Error('no RETURNVALUE');
  // Its value is behind its TYPE_INFO: INTN of 4 bytes.
  const at = bytes.indexOf('\x26\x04\x04', bytes.indexOf('\xac'));
  return Buffer.from(bytes.slice(at + 3, at + 7), 'latin1').readInt32LE(0);
}
