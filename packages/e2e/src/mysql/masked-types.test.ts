// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireOrSkip } from '@sqlwarden/testkit';
import { type Connection, type ConnectionOptions, createConnection, type RowDataPacket } from 'mysql2/promise';
import { stringify } from 'yaml';
import { MYSQL_KINDS, type MysqlCorpusServer, startMysqlCorpusServer } from './mysql-database.js';
import { type MysqlGateway, startMysqlGateway } from './mysql-gateway.js';

/** Every row holds this, or these digits, in each column that can. */
const SECRET = 'Quokka7391';

type Columns = readonly (readonly [type: string, value: string])[];

const COMMON: Columns = [
  ['tinyint', '73'],
  ['smallint unsigned', '7391'],
  ['mediumint', '-739173'],
  ['int', '73917391'],
  ['int(12) unsigned zerofill', '73917391'],
  ['bigint', '739173917391'],
  ['bigint unsigned', '7391739173917391739'],
  ['boolean', 'true'],
  ['float', '7391.73'],
  ['double', '-73917391.7391'],
  ['double(12,2)', '73917.39'],
  ['decimal(12,2)', '7391739.17'],
  ['decimal(20,4)', '739173917391.7391'],
  ['bit(16)', "b'0111001110010001'"],
  ['date', "'1973-09-17'"],
  ['datetime', "'1973-09-17 07:39:17'"],
  ['datetime(6)', "'1973-09-17 07:39:17.391739'"],
  ['timestamp null', "'1973-09-17 07:39:17'"],
  ['timestamp(3) null', "'1973-09-17 07:39:17.391'"],
  ['time', "'73:39:17'"],
  ['time(3)', "'-07:39:17.391'"],
  ['year', '1973'],
  ['char(40)', `'${SECRET}'`],
  ['varchar(40)', `'${SECRET}@zebrafish.example'`],
  ['varchar(40) character set latin1', `'${SECRET}@zebrafish.example'`],
  ['varchar(12) character set utf16', `'${SECRET}'`],
  ['tinytext', `'${SECRET}'`],
  ['text', `'${SECRET}@zebrafish.example'`],
  ['longtext', `'${SECRET}'`],
  ['binary(16)', `'${SECRET}'`],
  ['varbinary(40)', `'${SECRET}'`],
  ['blob', `'${SECRET}'`],
  ['longblob', `'${SECRET}'`],
  ["enum('sad','blue','calm')", "'blue'"],
  ["set('sad','blue','calm')", "'blue,calm'"],
  ['json', `'{"who": "${SECRET}"}'`],
  ['point', "ST_GeomFromText('POINT(73.91 91.73)')"],
  ['polygon', "ST_GeomFromText('POLYGON((73 91,91 73,7 3,73 91))')"],
  ['geometry', "ST_GeomFromText('LINESTRING(73 91,91 73)')"],
];
const OWN: Readonly<Record<string, Columns>> = {
  mariadb: [
    ['uuid', "'73917391-7391-4391-8391-739173917391'"],
    ['inet4', "'73.91.73.91'"],
    ['inet6', "'7391:7391::7391'"],
  ],
  mysql: [['vector(3)', "string_to_vector('[7391.5,739173,-73.91]')"]],
};

const MASKS: Readonly<Record<string, unknown>> = {
  none: null,
  zero: 'default',
  redacted: { redact: { text: 'a "b", {c}' } },
  partly: { partial: { prefix: 1, suffix: 0, pad: '#' } },
  email: 'email',
  hashed: 'hash',
  token: 'token',
  bucket: { bucket: { size: 1000 } },
  rounded: { round: { to: 1000 } },
  noisy: { noise: { ratio: 0.3, seed: 'tuesday' } },
  truncated: { date_trunc: { unit: 'year' } },
  pattern: { regex: { pattern: '[A-Za-z0-9]', replacement: 'x' } },
};

const POLICY = {
  version: 1,
  classify: [
    ...Object.keys(MASKS).map((name) => ({ label: name, columns: `kinds.kinds.${name}.c*` })),
    { label: 'email', columns: 'kinds.kinds.events.payload#/user/email' },
    { label: 'token', columns: 'kinds.kinds.events.payload#/tags/*/name' },
  ],
  mask: Object.entries(MASKS).map(([label, mask]) => ({ label, with: mask })),
  rules: [{ id: 'all', then: 'allow' }],
};

/** Types whose bytes a client has no use for as anything else. */
const BYTES = new Set(['GEOMETRY', 'VECTOR', 'BIT']);

describe.each(MYSQL_KINDS)('masked columns of every type on $name', (kind) => {
  (requireOrSkip(kind.finding) ? describe : describe.skip)('each', () => {
    const columns = [...COMMON, ...(OWN[kind.flavour] ?? [])];
    let server: MysqlCorpusServer;
    let gateway: MysqlGateway;
    let direct: Connection;
    let masked: Connection;

    beforeAll(async () => {
      server = await startMysqlCorpusServer(kind);
      const shape = columns.map(([type], at) => `c${at} ${type}`).join(', ');
      await server.admin(`CREATE DATABASE kinds CHARACTER SET utf8mb4; USE kinds; SET time_zone = '+00:00';
        CREATE TABLE shape (id int, ${shape});
        ${Object.keys(MASKS)
          .map(
            (name) => `CREATE TABLE ${name} LIKE shape;
              INSERT INTO ${name} VALUES (1, ${columns.map(([, value]) => value).join(', ')}); INSERT INTO ${name} (id) VALUES (2);`,
          )
          .join('\n')}
        CREATE TABLE events (id int, payload json);
        INSERT INTO events VALUES (1, '{"page": "/é", "user": {"email": "${SECRET}@zebrafish.example"}, "tags": [{"name": "${SECRET}", "id": 7}]}')`);
      gateway = await startMysqlGateway({ server, upstreams: { kinds: 'kinds' }, policies: [stringify(POLICY)] });
      const { host, port, user, password } = server.server;
      direct = await createConnection({ host, port, user, password, database: 'kinds' });
      await direct.query("SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'");
      masked = await connectMasked();
    }, 60_000);
    afterAll(async () => {
      await masked?.end();
      await direct?.end();
      await gateway?.stop();
      await server?.stop();
    });

    async function connectMasked(): Promise<Connection> {
      const options: ConnectionOptions = {
        host: '127.0.0.1',
        port: gateway.ports['kinds'] ?? 0,
        user: 'ada',
        password: gateway.token(['app']),
        enableCleartextPlugin: true,
        dateStrings: true,
        supportBigNumbers: true,
        bigNumberStrings: true,
        jsonStrings: true,
        typeCast: (field, next) => (BYTES.has(field.type) ? field.buffer() : next()),
      };
      const connection = await createConnection(options);
      await connection.query("SET time_zone = '+00:00'");
      return connection;
    }

    type Rows = readonly (readonly (string | number | Buffer | null)[])[];
    const inText = async (sql: string): Promise<Rows> =>
      (await masked.query<RowDataPacket[]>({ sql, rowsAsArray: true }))[0] as unknown as Rows;
    const inBinary = async (sql: string): Promise<Rows> =>
      (await masked.execute<RowDataPacket[]>({ sql, rowsAsArray: true }))[0] as unknown as Rows;

    /** What the server takes the values for, as text. */
    async function taken(rows: Rows): Promise<unknown> {
      await direct.query('CREATE TEMPORARY TABLE got LIKE shape');
      for (const row of rows) await direct.query('INSERT INTO got VALUES (?)', [row]);
      const [got] = await direct.query<RowDataPacket[]>({
        sql: 'SELECT * FROM got ORDER BY id',
        rowsAsArray: true,
        typeCast: (field) => field.buffer()?.toString('latin1') ?? null,
      });
      await direct.query('DROP TEMPORARY TABLE got');
      return got.map((row) => columns.map(([type], at) => [type, (row as unknown as unknown[])[at + 1]]));
    }

    it.each(Object.keys(MASKS))(
      '%s: text and binary rows give the same valid values, and nothing of those that are masked',
      async (table) => {
        const text = await inText(`SELECT * FROM ${table} ORDER BY id`);
        const binary = await inBinary(`SELECT * FROM ${table} ORDER BY id`);
        expect(text.map((row) => row.length)).toEqual([columns.length + 1, columns.length + 1]);
        const want = await taken(text);
        expect(await taken(binary)).toEqual(want);
        const values = [...text, ...binary].flatMap((row) => row.slice(1));
        const seen = Buffer.concat(values.map((value) => (Buffer.isBuffer(value) ? value : Buffer.from(`${String(value)}\n`))));
        for (const piece of ['uokka', '73917391\n', '739173917391\n', '91739\n', '91-73', '09-17', '73.91', '07:39', 'zebra'])
          expect({ piece, found: seen.includes(piece) }).toEqual({ piece, found: false });
        const [raw] = await direct.query<RowDataPacket[]>(`SELECT * FROM ${table}`);
        expect(raw).toHaveLength(2);
        expect(text[1]?.slice(1)).toEqual(columns.map(() => null));
        if (table === 'none') expect(text[0]?.slice(1)).toEqual(columns.map(() => null));
      },
    );

    it('masks parts of documents, and lets others through', async () => {
      const want = { page: '/é', user: { email: 'Q****@****.example' }, tags: [{ name: expect.stringMatching(/^[A-Z2-7]{26}$/), id: 7 }] };
      for (const read of [inText, inBinary]) {
        for (const sql of ['SELECT payload FROM events', 'SELECT p FROM (SELECT payload AS p FROM events) AS x'])
          expect(JSON.parse(String((await read(sql))[0]?.[0]))).toEqual(want);
        // What is taken out of a document may fail for some values, which would tell.
        await expect(read("SELECT JSON_EXTRACT(payload, '$.user.email') FROM events")).rejects.toMatchObject({ errno: 1143 });
      }
    });

    it('keeps the type of numbers and dates for features', async () => {
      const at = (type: string): string => `c${columns.findIndex(([name]) => name === type)}`;
      const one = async (table: string, type: string): Promise<unknown> => {
        const sql = `SELECT ${at(type)} FROM ${table} WHERE id = 1`;
        const [[shown] = []] = await inText(sql);
        expect((await inBinary(sql))[0]?.[0]).toEqual(shown);
        return shown;
      };
      expect(await one('bucket', 'smallint unsigned')).toBe(7000);
      expect(await one('bucket', 'bigint')).toBe('739173917000');
      expect(await one('bucket', 'double')).toBe(-73_918_000);
      expect(await one('bucket', 'decimal(12,2)')).toBe('7391000.00');
      expect(await one('rounded', 'int')).toBe(73_917_000);
      expect(await one('truncated', 'date')).toBe('1973-01-01');
      expect(await one('truncated', 'timestamp null')).toBe('1973-01-01 00:00:00');
      expect(Number(await one('noisy', 'double(12,2)'))).toBeGreaterThan(50_000);
      expect(Number(await one('noisy', 'double(12,2)'))).toBeLessThan(97_000);
      expect(await one('token', 'varchar(40)')).toMatch(/^[A-Z2-7]{26}$/);
      // The same value has the same token, whatever character set it is stored in.
      expect(await one('token', 'varchar(40) character set latin1')).toBe(await one('token', 'varchar(40)'));
      expect(await one('token', 'char(40)')).toBe(await one('token', 'longtext'));
    });
  });
});
