// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { pipeline } from 'node:stream/promises';
import { PassThrough, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { stringify } from 'yaml';
import { cellsOf, errorFieldsOf } from './harness/backend-messages.js';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from './harness/database.js';
import { type RunningGateway, startGateway } from './harness/gateway.js';
import type { RawClient } from './harness/raw-client.js';

/** Every row holds this, reversed and as numbers, in each column that can. */
const SECRET = 'Quokka7391';

/** A column for each family of types, and a value that holds something secret. */
const COLUMNS: readonly [type: string, value: string][] = [
  ['text', `'${SECRET}@zebrafish.example'`],
  ['varchar(40)', `'${SECRET}'`],
  ['char(40)', `'${SECRET}'`],
  ['name', `'${SECRET}'`],
  ['citext', `'${SECRET}@zebrafish.example'`],
  ['int2', '7391'],
  ['int4', '73917391'],
  ['int8', '739173917391'],
  ['float4', '7391.7391'],
  ['float8', '-73917391.7391'],
  ['numeric', '739173917391.7391'],
  ['numeric(12, 2)', '7391739.17'],
  ['money', '7391.73'],
  ['bool', 'true'],
  ['date', `'1973-09-17'`],
  ['time', `'07:39:17.391'`],
  ['timetz', `'07:39:17.391+03'`],
  ['timestamp', `'1973-09-17 07:39:17.391'`],
  ['timestamptz', `'1973-09-17 07:39:17.391+03'`],
  ['interval', `'7391 days 07:39:17'`],
  ['uuid', `'73917391-7391-4391-8391-739173917391'`],
  ['bytea', `'${SECRET}'`],
  ['bit(16)', `B'0111001110010001'`],
  ['varbit', `B'0111001110010001'`],
  ['json', `'{"who": "${SECRET}"}'`],
  ['jsonb', `'{"who": "${SECRET}"}'`],
  ['xml', `'<who>${SECRET}</who>'`],
  ['inet', `'73.91.73.91/16'`],
  ['cidr', `'73.91.0.0/16'`],
  ['macaddr', `'73:91:73:91:73:91'`],
  ['macaddr8', `'73:91:73:91:73:91:73:91'`],
  ['oid', '73917391'],
  ['point', `'(73.91,91.73)'`],
  ['line', `'{73,91,73}'`],
  ['lseg', `'[(73,91),(91,73)]'`],
  ['box', `'(73,91),(91,173)'`],
  ['path', `'((73,91),(91,73))'`],
  ['polygon', `'((73,91),(91,73),(7,3))'`],
  ['circle', `'<(73,91),7391>'`],
  ['tsvector', `'${SECRET} words'`],
  ['tsquery', `'${SECRET} & words'`],
  ['jsonpath', `'$.${SECRET}'`],
  ['pg_lsn', `'7391/7391'`],
  ['mood', `'blue'`],
  ['mood[]', `ARRAY['blue', NULL]::mood[]`],
  ['mail', `'${SECRET}@zebrafish.example'`],
  ['person', `ROW('${SECRET}', 7391, '{blue}')`],
  ['person[]', `ARRAY[ROW('${SECRET}', 7391, '{blue}'), NULL]::person[]`],
  ['text[]', `ARRAY['${SECRET}', NULL, 'x y']`],
  ['int4[]', `'{{7391,73917391},{NULL,1}}'`],
  ['date[]', `'{1973-09-17}'`],
  ['int4range', `'[7391,73917391)'`],
  ['numrange', `'(7391.7391,)'`],
  ['daterange', `'[1973-09-17,1973-12-24)'`],
  ['tstzrange', `'["1973-09-17 07:39:17+00","1973-12-24 07:39:17+00"]'`],
  ['moods', `moods('sad', 'blue', '[]')`],
  ['int8multirange', `'{[7391,73917391),[739173917391,739173917392)}'`],
  ['hstore', `'${SECRET}=>${SECRET}'`],
  ['ltree', `'top.${SECRET}'`],
  ['int2vector', `'73 91'`],
  ['oidvector', `'7391 73917391'`],
];

const MASKS: Readonly<Record<string, unknown>> = {
  zero: 'default',
  redacted: { redact: { text: 'a "b", {c}\\\t(d)' } },
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

const SCHEMA = `
CREATE TYPE mood AS ENUM ('sad', 'blue', 'calm'); CREATE DOMAIN mail AS citext; CREATE TYPE person AS (name text, age int, moods mood[]);
CREATE TYPE moods AS RANGE (subtype = mood);
CREATE TABLE shape (id int, ${COLUMNS.map(([type], at) => `c${at} ${type}`).join(', ')}, none text);
${Object.keys(MASKS)
  .map(
    (name) => `CREATE TABLE ${name} (LIKE shape);
INSERT INTO ${name} VALUES (1, ${COLUMNS.map(([type, value]) => `(${value})::${type}`).join(', ')}, NULL), (2${', NULL'.repeat(COLUMNS.length + 1)});`,
  )
  .join('\n')}
CREATE TABLE events (id int, payload jsonb, raw json);
INSERT INTO events SELECT n, doc::jsonb, doc::json FROM generate_series(1, 3) n,
  format('{"page": "/start", "user": {"email": "%s%s@zebrafish.example", "plan": "free"}, "tags": [{"name": "%s", "id": 7}]}', '${SECRET}', n, '${SECRET}') doc;
GRANT ALL ON ALL TABLES IN SCHEMA public TO ${GATEWAY_ROLE};`;

const POLICY = {
  version: 1,
  classify: [
    ...Object.keys(MASKS).map((name) => ({ label: name, columns: `kinds.public.${name}.c*` })),
    { label: 'email', columns: ['kinds.public.events.payload#/user/email', 'kinds.public.events.raw#/user/email'] },
    { label: 'token', columns: ['kinds.public.events.payload#/tags/*/name', 'kinds.public.events.raw#/tags/*/name'] },
  ],
  mask: Object.entries(MASKS).map(([label, mask]) => ({ label, with: mask })),
  rules: [{ id: 'all', then: 'allow' }],
};

const FORMATS = ['text', 'csv', 'binary'] as const;

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('masked columns of every type', () => {
  let server: CorpusServer;
  let gateway: RunningGateway;
  let direct: pg.Client;
  let masked: pg.Client;
  let wire: RawClient;

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.admin('postgres', `create database kinds owner ${GATEWAY_ROLE}`);
    await server.admin('kinds', 'create extension citext; create extension hstore; create extension ltree');
    await server.admin('kinds', SCHEMA);
    gateway = await startGateway({ server, upstreams: { kinds: 'kinds' }, policies: [stringify(POLICY)] });
    direct = new pg.Client({ connectionString: server.server.url({ database: 'kinds' }) });
    masked = new pg.Client({
      host: '127.0.0.1',
      port: gateway.ports['kinds'] ?? 0,
      user: 'ada',
      database: 'kinds',
      password: gateway.token(['app']),
    });
    await Promise.all([direct.connect(), masked.connect()]);
    wire = await gateway.connect('kinds', gateway.token(['app']));
  });
  afterAll(async () => {
    await wire?.close();
    await masked?.end();
    await direct?.end();
    await gateway?.stop();
    await server?.stop();
  });

  /** Rows as they come: text as it is, binary cells as bytes. */
  async function rowsOf(sql: string, binary: boolean): Promise<(string | Buffer | null)[][]> {
    const messages = binary ? await wire.extended(sql, [], 'binary') : await wire.query(sql);
    const error = messages.find(({ type }) => type === 'E');
    if (error !== undefined) throw new Error(errorFieldsOf(error).message);
    const rows = messages.filter(({ type }) => type === 'D').map(cellsOf);
    return rows.map((row) => row.map((cell) => (binary || cell === null ? cell : cell.toString('utf8'))));
  }

  async function copied(table: string, format: string): Promise<Buffer> {
    return buffer(masked.query(copyTo(`COPY ${table} TO STDOUT (FORMAT ${format})`)) as unknown as Readable);
  }

  /** What the server takes the cells for, as one text; from `values` one by one, or from a copy. */
  async function taken(fill: (into: string) => Promise<unknown>): Promise<unknown> {
    await direct.query('DROP TABLE IF EXISTS got; CREATE TABLE got (LIKE shape)');
    await fill('got');
    const { rows } = await direct.query<{ shown: unknown }>('SELECT row_to_json(got) AS shown FROM got ORDER BY id');
    return rows.map(({ shown }) => shown);
  }

  const insert = (rows: readonly unknown[][]) => async (into: string) => {
    for (const row of rows) {
      const id = Buffer.isBuffer(row[0]) ? row[0].readInt32BE() : row[0];
      await direct.query(`INSERT INTO ${into} VALUES (${row.map((_, at) => `$${at + 1}`).join(', ')})`, [id, ...row.slice(1)]);
    }
  };
  const load = (bytes: Buffer, format: string) => async (into: string) => {
    const source = new PassThrough();
    source.end(bytes);
    await pipeline(source, direct.query(copyFrom(`COPY ${into} FROM STDIN (FORMAT ${format})`)));
  };

  it.each(Object.keys(MASKS))('%s: every way gives the same valid values, and nothing of those that are masked', async (table) => {
    const text = await rowsOf(`SELECT * FROM ${table} ORDER BY id`, false);
    const binary = await rowsOf(`SELECT * FROM ${table} ORDER BY id`, true);
    const want = await taken(insert(text));
    expect(await taken(insert(binary))).toEqual(want);
    const seen = [Buffer.from(JSON.stringify(text)), ...binary.flat().filter((cell) => Buffer.isBuffer(cell))];
    for (const format of FORMATS) {
      const bytes = await copied(table, format);
      expect(await taken(load(bytes, format))).toEqual(want);
      seen.push(bytes);
    }
    for (const bytes of seen) {
      expect(bytes.includes(SECRET)).toBe(false);
      expect(bytes.includes(Buffer.from(SECRET).toString('hex'))).toBe(false);
      for (const piece of ['uokka', '739173917391', '91-73', '1973-09-17', '73.91', 'zebra'])
        expect({ piece, found: bytes.includes(piece) }).toEqual({ piece, found: false });
    }
    const { rows } = await direct.query<{ row: unknown }>(`SELECT row_to_json(x) AS row FROM ${table} x ORDER BY id`);
    expect(want).not.toEqual(rows.map(({ row }) => row));
  });

  it('masks parts of documents in every way that they leave, and lets others through', async () => {
    const want = {
      page: '/start',
      user: { email: 'Q****@****.example', plan: 'free' },
      tags: [{ name: expect.stringMatching(/^[A-Z2-7]{26}$/), id: 7 }],
    };
    const text = await rowsOf('SELECT payload, raw FROM events', false);
    for (const [payload, raw] of text) {
      expect(JSON.parse(String(payload))).toEqual(want);
      expect(JSON.parse(String(raw))).toEqual(want);
    }
    for (const [payload, raw] of await rowsOf('SELECT payload, raw FROM events', true)) {
      expect(JSON.parse((payload as Buffer).subarray(1).toString())).toEqual(want);
      expect(JSON.parse((raw as Buffer).toString())).toEqual(want);
    }
    for (const format of FORMATS) {
      const bytes = await copied('events', format);
      expect(bytes.includes(SECRET)).toBe(false);
      await direct.query('CREATE TEMP TABLE IF NOT EXISTS loaded (LIKE events); TRUNCATE loaded');
      await load(bytes, format)('loaded');
      expect((await direct.query<{ payload: unknown }>('SELECT payload FROM loaded')).rows.map(({ payload }) => payload)).toEqual([
        want,
        want,
        want,
      ]);
    }
    const parts = await rowsOf(
      `SELECT DISTINCT payload->>'page', raw->'user'->>'plan', payload->'tags'->0->>'id' FROM events WHERE payload->>'page' LIKE '/st%'`,
      false,
    );
    expect(parts).toEqual([['/start', 'free', '7']]);
    expect(
      JSON.stringify(await rowsOf(`SELECT payload->'user', payload::text, raw#>>'{user,email}', payload->$$tags$$ FROM events`, false)),
    ).not.toContain(SECRET.slice(0, 4));
    await expect(rowsOf(`SELECT id FROM events WHERE payload->'user'->>'email' LIKE 'Q%'`, false)).rejects.toThrow(
      /may not be used in this condition/,
    );
  });

  it('keeps the type of numbers and dates for features', async () => {
    const at = (type: string): string => `c${COLUMNS.findIndex(([name]) => name === type)}`;
    const one = async (table: string, type: string): Promise<unknown> =>
      (await rowsOf(`SELECT ${at(type)} FROM ${table} WHERE id = 1`, false))[0]?.[0];
    expect(await one('bucket', 'int2')).toBe('7000');
    expect(await one('bucket', 'int8')).toBe('739173917000');
    expect(await one('bucket', 'float8')).toBe('-73918000');
    expect(await one('bucket', 'numeric(12, 2)')).toBe('7391000.00');
    expect(await one('rounded', 'int4')).toBe('73917000');
    expect(await one('rounded', 'numeric(12, 2)')).toBe('7392000.00');
    expect(await one('truncated', 'date')).toBe('1973-01-01');
    expect(await one('truncated', 'timestamp')).toBe('1973-01-01 00:00:00');
    expect(await one('truncated', 'daterange')).toBe('[1973-01-01,1973-01-01)');
    expect(Number(await one('noisy', 'float4'))).toBeGreaterThan(5000);
    expect(Number(await one('noisy', 'float4'))).toBeLessThan(9700);
  });
});
