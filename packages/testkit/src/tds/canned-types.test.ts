import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Connection, Request } from 'tedious';
import type { CannedItem, CannedValue } from './canned-answers.js';
import { startCannedSqlServer, type CannedSqlServer } from './canned-sqlserver.js';

const DAY = '2026-01-31 10:20:30.1234567 +02:00';
const GUID = '6F9619FF-8B86-D011-B42D-00C04FC964FF';
const BYTES = Buffer.from('00ff10', 'hex');
const at = (text: string): Date => new Date(text);

/** Every type: what the server is given, and what tedious makes of it; for versions before 7.3 where that is another thing. */
const TYPES: readonly (readonly [type: string, value: Exclude<CannedValue, null>, got: unknown, before73?: unknown])[] = [
  ['tinyint', 255, 255],
  ['smallint', -32768, -32768],
  ['int', -2147483648, -2147483648],
  ['bigint', 9007199254740993n, '9007199254740993'],
  ['bit', true, true],
  ['real', 1.5, 1.5],
  ['float', -1.25e300, -1.25e300],
  ['smallmoney', '-214748.3648', -214748.3648],
  ['money', '-1234567.8901', -1234567.8901],
  ['decimal(9,2)', '-1234567.89', -1234567.89],
  ['numeric(38,4)', '12345678.9012', 12345678.9012],
  ['decimal(19,0)', '42', 42],
  ['decimal(28,3)', '0.125', 0.125],
  ['uniqueidentifier', GUID, GUID],
  ['smalldatetime', '2026-01-31 10:20', at('2026-01-31T10:20:00Z')],
  ['datetime', '2026-01-31 10:20:30.123', at('2026-01-31T10:20:30.123Z')],
  ['date', '2026-01-31', at('2026-01-31T00:00:00Z'), '2026-01-31'],
  ['time(3)', '10:20:30.123', at('1970-01-01T10:20:30.123Z'), '10:20:30.123'],
  ['datetime2(7)', '2026-01-31 10:20:30.1230000', at('2026-01-31T10:20:30.123Z'), '2026-01-31 10:20:30.1230000'],
  ['datetimeoffset(7)', DAY, at('2026-01-31T08:20:30.123Z'), DAY],
  ['char(5)', 'äb', 'äb   '],
  ['varchar(20)', 'Ä € ß', 'Ä € ß'],
  ['varchar(20) utf8', '田中', '田中'],
  ['nchar(4)', '田', '田   '],
  ['nvarchar(50)', '田中 Ä', '田中 Ä'],
  ['binary(4)', BYTES, Buffer.concat([BYTES, Buffer.of(0)])],
  ['varbinary(10)', BYTES, BYTES],
  ['varchar(max)', 'x'.repeat(9_000), 'x'.repeat(9_000)],
  ['nvarchar(max)', '中'.repeat(9_000), '中'.repeat(9_000)],
  ['varbinary(max)', BYTES, BYTES],
  ['text', 'lang', 'lang'],
  ['ntext', '田中', '田中'],
  ['image', BYTES, BYTES],
  ['xml', '<a>田</a>', '<a>田</a>'],
  ['geography', BYTES, BYTES],
  ['rowversion', Buffer.alloc(8, 1), Buffer.alloc(8, 1)],
  ['sysname', 'dbo', 'dbo'],
  ['sql_variant', { type: 'int', value: 7 }, 7],
  ['sql_variant', { type: 'nvarchar(20)', value: '田' }, '田'],
  // tedious takes the length that stands before it for the collation, so that only ASCII is sure.
  ['sql_variant', { type: 'varchar(20)', value: 'Abc' }, 'Abc'],
  ['sql_variant', { type: 'decimal(9,2)', value: '1.25' }, 1.25],
  ['sql_variant', { type: 'uniqueidentifier', value: GUID }, GUID],
  ['sql_variant', { type: 'datetime', value: '2026-01-31 10:20:30' }, at('2026-01-31T10:20:30Z')],
  ['sql_variant', { type: 'varbinary(10)', value: BYTES }, BYTES],
];

async function connect(server: CannedSqlServer, tdsVersion: string): Promise<Connection> {
  const connection = new Connection({
    server: 'localhost',
    authentication: { type: 'default', options: { userName: 'sa', password: server.password } },
    options: { port: server.port, encrypt: false, tdsVersion: tdsVersion as '7_4', trustServerCertificate: true },
  });
  await new Promise<void>((resolve, reject) => connection.connect((error) => (error === undefined ? resolve() : reject(error))));
  return connection;
}

async function rowsOf(connection: Connection, sql: string): Promise<unknown[][]> {
  return new Promise((resolve, reject) => {
    const rows: unknown[][] = [];
    const request = new Request(sql, (error) => ((error ?? undefined) === undefined ? resolve(rows) : reject(error)));
    request.on('row', (columns: readonly { readonly value: unknown }[]) => void rows.push(columns.map(({ value }) => value)));
    connection.execSqlBatch(request);
  });
}

describe.each(['7_1', '7_2', '7_3_A', '7_3_B', '7_4'])('types of the canned server in TDS %s', (version) => {
  let server: CannedSqlServer;
  let connection: Connection;
  beforeAll(async () => {
    server = await startCannedSqlServer();
    connection = await connect(server, version);
  });
  afterAll(async () => {
    connection.close();
    await server.stop();
  });

  const isOld = version === '7_1' || version === '7_2';
  const types = TYPES;
  const wanted = types.map(([, , got, before]) => (isOld && before !== undefined ? before : got));

  it.each([
    ['ROW', { nullBitmap: 'never' }],
    ['NBCROW', { nullBitmap: 'always' }],
    ['PLP of unknown length in small chunks', { plpUnknownLength: true, plpChunkBytes: 1_001 }],
  ] as const)('gives every type and NULL: %s', async (_, form) => {
    const columns = types.map(([type], index) => ({ name: `c${index}`, type }));
    const rows = [types.map(([, value]) => value), types.map(() => null), types.map(([, value]) => value)];
    const item: CannedItem = { kind: 'rows', columns, rows, ...form };
    server.answer({ when: 'types', give: [item] });
    expect(await rowsOf(connection, 'types')).toEqual([wanted, types.map(() => null), wanted]);
  });

  it('gives types of fixed length', async () => {
    const fixed = types.slice(0, 9).concat(types.slice(14, 16));
    const columns = fixed.map(([type], index) => ({ name: `c${index}`, type: `${type} not null` }));
    server.answer({ when: 'fixed', give: [{ kind: 'rows', columns, rows: [fixed.map(([, value]) => value)] }] });
    expect(await rowsOf(connection, 'fixed')).toEqual([fixed.map(([, , got]) => got)]);
  });
});
