import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CatalogueQuery, compileMask, type CompileTools, type MaskFunction } from '@sqlwarden/core';
import { findPostgres, type PostgresServer, requireOrSkip, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import { createCatalogueReader } from '../catalog/index.js';
import type { PostgresCatalogue } from '../catalog/resolved-catalogue.js';
import { createParser } from '../sql/parse.js';
import { cellType } from './cell-types.js';

const tools: CompileTools = {
  hash: {
    sha256: (data) => createHash('sha256').update(data).digest(),
    hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
    pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
  },
  maskKey: new Uint8Array(32).fill(1),
  compilePattern: (source) => ({
    test: (text) => new RegExp(source, 'u').test(text),
    replaceAll: (text, by) => text.replace(new RegExp(source, 'gu'), () => by),
  }),
};

const FUNCTIONS: readonly MaskFunction[] = [
  { kind: 'null' },
  { kind: 'default' },
  { kind: 'redact', text: 'not "for", {you}\\' },
  { kind: 'partial', prefix: 1, suffix: 1, pad: '"' },
  { kind: 'email' },
  { kind: 'last4' },
  { kind: 'hash' },
  { kind: 'token', domain: 'people' },
  { kind: 'bucket', size: 10 },
  { kind: 'round', to: 10 },
  { kind: 'noise', ratio: 0.1, seed: 'run-7', min: -1_000_000, max: 1_000_000 },
  { kind: 'date_trunc', unit: 'quarter' },
  { kind: 'date_trunc', unit: 'hour' },
  { kind: 'regex', pattern: '[0-9]', replacement: '\\' },
];
const FORMATS = ['text', 'binary'] as const;

const SCHEMA = `
CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS hstore; CREATE EXTENSION IF NOT EXISTS ltree;
CREATE EXTENSION IF NOT EXISTS cube; CREATE EXTENSION IF NOT EXISTS seg; CREATE EXTENSION IF NOT EXISTS isn;
CREATE SCHEMA kit; SET search_path = kit, public;
CREATE TYPE mood AS ENUM ('it''s "fine", {really}', 'sad', 'so \\ so');
CREATE DOMAIN mail AS citext; CREATE DOMAIN short AS varchar(6); CREATE DOMAIN shorter AS short; CREATE DOMAIN moods AS mood[];
CREATE TYPE person AS (name text, age int4, mail mail, born date, feelings mood[], pay numeric(10, 2));
CREATE TYPE couple AS (one person, other person, friends person[]);
CREATE TYPE single AS (alone text); CREATE TYPE nothing AS ();
CREATE TYPE moodrange AS RANGE (subtype = mood); CREATE TYPE floatrange AS RANGE (subtype = float8);
CREATE TABLE gone (a int, b text, c mood); ALTER TABLE gone DROP COLUMN b;
`;

/** Values of types of users and extensions, and of types made of others; elements of arrays with everything that has to be quoted. */
const VALUES: readonly [type: string, expression: string][] = [
  ['mood', `'sad'`],
  ['mood[]', `ARRAY['sad', NULL, 'so \\ so', 'it''s "fine", {really}']::mood[]`],
  ['moods', `ARRAY['sad']::mood[]`],
  ['citext', `'Ann@Example.com'`],
  ['mail', `'Ann@Example.com'`],
  ['shorter', `'abcdef'`],
  ['short[]', `'{abcdef,x}'`],
  ['varchar(6)[]', `'{abcdef,x}'`],
  ['hstore', `'a=>1, b=>NULL'`],
  ['ltree', `'top.secret.path'`],
  ['lquery', `'top.*'`],
  ['ltxtquery', `'top & secret'`],
  ['ltree[]', `'{top.secret}'`],
  ['cube', `'(1,2),(3,4)'`],
  ['seg', `'1 .. 2'`],
  ['ean13', `'0012345678905'`],
  ['person', `ROW('O''Hara, "Ann" (x)\\', 41, 'ann@example.com', '1987-11-23', '{sad,NULL}', 1234.56)`],
  ['person', `ROW(NULL, NULL, '', NULL, '{}', NULL)`],
  ['person[]', `ARRAY[ROW('Zoë', 41, 'ann@example.com', '1987-11-23', '{sad}', 1), NULL]::person[]`],
  ['couple', `ROW(ROW('A', 1, 'a@b.c', '1987-11-23', '{}', 0)::person, NULL, ARRAY[ROW('B', 2, 'x', NULL, NULL, 9)::person])`],
  ['single', `ROW(NULL)`],
  ['single', `ROW('')`],
  ['nothing', `ROW()`],
  ['gone', `ROW(7, 'sad')`],
  ['moodrange', `moodrange('sad', 'so \\ so', '[]')`],
  ['floatrange', `floatrange(-1.5, 123.25)`],
  ['floatmultirange', `'{[1,5),[17,99]}'`],
  ['int4range', `'[13,57)'`],
  ['int4range', `'empty'`],
  ['int4range', `'(,57)'`],
  ['int8range[]', `'{"[13,57)",NULL}'`],
  ['numrange', `'(1.25,99.75]'`],
  ['daterange', `'[2024-02-03,2024-05-06)'`],
  ['daterange', `'[2024-02-03,infinity)'`],
  ['tsrange', `'["2024-02-03 10:11:12.5","2024-05-06 07:00:00"]'`],
  ['tstzrange', `'[2024-02-03 10:11:12+00,)'`],
  ['int4multirange', `'{[1,5),[17,99)}'`],
  ['datemultirange', `'{[2024-02-03,2024-05-06),[2025-01-01,)}'`],
  ['text[]', `ARRAY['a b', '', 'NULL', NULL, '{}', 'q"\\', 'ann@example.com', E'line\\nfeed', 'é👍']`],
  ['text[]', `'[0:1][-1:0]={{a,b},{c,d}}'`],
  ['text[]', `'{}'`],
  ['int4[]', `'{{1,22},{NULL,-444}}'`],
  ['float4[]', `'{1.5,NaN,-Infinity,1e20}'`],
  ['numeric(6,2)[]', `'{1.50,NaN,9999.99}'`],
  ['timestamptz[]', `'{2024-02-03 10:11:12+00,infinity}'`],
  ['uuid[]', `'{12345678-9abc-4def-8123-456789abcdef}'`],
  ['bytea[]', `'{"\\\\xdeadbeef"}'`],
  ['jsonb[]', `ARRAY['{"a": [1, "x"]}']::jsonb[]`],
  ['box[]', `'{(1,2),(3,4);(5,6),(7,8)}'`],
  ['interval[]', `'{1 day}'`],
  ['bool[]', `'{t,f}'`],
  ['bit(5)[]', `'{10101}'`],
];

describe('elements of arrays that become NULL', () => {
  it('are told in the header of a binary array', () => {
    const { structure } = cellType({ typeId: 1007, typeModifier: -1 });
    const array = Buffer.from('00000001 00000000 00000017 00000001 00000001 00000004 0000002a'.replaceAll(' ', ''), 'hex');
    const hidden = Buffer.from(structure?.rewrite(array, 'binary', [() => null]) ?? []).toString('hex');
    expect(hidden).toBe('00000001 00000001 00000017 00000001 00000001 ffffffff'.replaceAll(' ', ''));
    expect(structure?.rewrite(Buffer.from(hidden, 'hex'), 'binary', [(part) => part])).toEqual(Buffer.from(hidden, 'hex'));
  });
});

const server = findPostgres(18);

(requireOrSkip(server) ? describe : describe.skip)('cells made of other cells, against PostgreSQL', () => {
  let running: PostgresServer;
  let client: pg.Client;
  let catalogue: PostgresCatalogue;

  const query: CatalogueQuery = async (text) =>
    (await client.query<(string | null)[]>({ text, rowMode: 'array', types: { getTypeParser: () => (value: string) => value } })).rows;

  beforeAll(async () => {
    running = await startPostgres();
    client = new pg.Client({ connectionString: running.url() });
    await client.connect();
    await client.query(SCHEMA);
    await client.query(`SET timezone = 'UTC'`);
    catalogue = await createCatalogueReader()(query, 1, createParser());
  });
  afterAll(async () => {
    await client?.end();
    await running?.stop();
  });

  async function typeOf(name: string): Promise<{ typeId: number; typeModifier: number; send: string }> {
    const field = (await client.query(`SELECT NULL::${name}`)).fields[0];
    const typeId = field?.dataTypeID ?? 0;
    const [row] = await query(`SELECT typsend::regproc::text FROM pg_catalog.pg_type WHERE oid = ${typeId}`);
    return { typeId, typeModifier: field?.dataTypeModifier ?? -1, send: row?.[0] ?? '-' };
  }

  async function rawCells(expression: string, name: string, send: string): Promise<{ text: Uint8Array; binary: Uint8Array | undefined }> {
    const [text] = await query(`SELECT (${expression})::${name}`);
    const [binary] = send === '-' ? [] : await query(`SELECT encode(${send}((${expression})::${name}), 'hex')`);
    return {
      text: Buffer.from(text?.[0] ?? '', 'utf8'),
      binary: typeof binary?.[0] === 'string' ? Buffer.from(binary[0], 'hex') : undefined,
    };
  }

  /** Gives a cell back to the server, in its format, and shows what the server took it for. */
  async function taken(name: string, format: 'text' | 'binary', cell: Uint8Array | null | undefined): Promise<string | null> {
    if (cell === null || cell === undefined) return null;
    const value = format === 'text' ? new TextDecoder().decode(cell) : Buffer.from(cell);
    const { rows } = await client
      .query<{ shown: string }>(`SELECT format('%s', $1::${name}) AS shown`, [value])
      .catch((error: unknown) => ({ rows: [{ shown: `error: ${String(error)}` }] }));
    return rows[0]?.shown ?? null;
  }

  async function maskedBothWays(name: string, expression: string, fn: MaskFunction): Promise<readonly (string | null)[]> {
    const type = await typeOf(name);
    const cells = await rawCells(expression, name, type.send);
    const shown: (string | null)[] = [];
    for (const format of FORMATS) {
      const compiled = compileMask(fn, 'l', cellType(type, catalogue), { format }, tools);
      const cell = cells[format];
      if (compiled.kind === 'impossible') throw new Error(compiled.reason);
      if (cell !== undefined) shown.push(await taken(name, format, compiled.mask(cell)));
    }
    return shown;
  }

  it.each(VALUES)('%s: %s', async (name, expression) => {
    for (const fn of FUNCTIONS) {
      const [text = null, binary = text] = await maskedBothWays(name, expression, fn);
      expect(String(text)).not.toMatch(/^error/);
      // Types that can only be sent as text have NULL in place of binary cells.
      if (binary !== null || text === null) expect({ fn, binary }).toEqual({ fn, binary: text });
    }
  });

  it.each<[string, string, MaskFunction, string | null]>([
    ['text[]', `ARRAY['ann@example.com', NULL, 'bo']`, { kind: 'email' }, '{a****@****.com,NULL,""}'],
    ['text[]', `'[0:1]={1234567890,12}'`, { kind: 'last4' }, '[0:1]={******7890,**}'],
    ['int4[]', `'{{14,29},{NULL,-3}}'`, { kind: 'bucket', size: 10 }, '{{10,20},{NULL,-10}}'],
    ['person', `ROW('Ann', 41, 'ann@example.com', NULL, NULL, 1234.56)`, { kind: 'bucket', size: 10 }, '("",40,"",,,1230.00)'],
    ['person', `ROW('Ann', 41, 'ann@example.com', NULL, '{sad}', 5)`, { kind: 'default' }, '(,,,,,)'],
    ['daterange', `'[2024-02-13,2024-05-16)'`, { kind: 'date_trunc', unit: 'month' }, '[2024-02-01,2024-05-01)'],
    ['int4range', `'[13,57)'`, { kind: 'bucket', size: 10 }, '[10,50)'],
    ['int4range', `'[13,57)'`, { kind: 'noise', ratio: 0.5 }, 'empty'],
    ['int4multirange', `'{[1,5),[17,99)}'`, { kind: 'round', to: 10 }, '{[0,10),[20,100)}'],
    ['mood', `'sad'`, { kind: 'redact', text: 'so \\ so' }, 'so \\ so'],
    ['mood', `'sad'`, { kind: 'redact', text: 'no member' }, `it's "fine", {really}`],
    ['citext', `'Ann@Example.com'`, { kind: 'email' }, 'A****@****.com'],
    ['short[]', `'{abcdef}'`, { kind: 'partial', prefix: 1, suffix: 1, pad: '*' }, '{a****f}'],
  ])('%s %s with %j becomes %s', async (name, expression, fn, want) => {
    expect(await maskedBothWays(name, expression, fn)).toEqual([want, want]);
  });

  it('gives a keyed member of an enum, the same for the same one, in arrays and alone', async () => {
    const fn: MaskFunction = { kind: 'token', domain: 'd' };
    const [one] = await maskedBothWays('mood', `'sad'`, fn);
    expect(await maskedBothWays('mood[]', `ARRAY['sad', 'sad']::mood[]`, fn)).toEqual(
      await Promise.all(FORMATS.map(async () => (await query(`SELECT ARRAY[$$${one}$$, $$${one}$$]::mood[]`))[0]?.[0])),
    );
  });

  it('says nothing of how many parts a value has where all of it is hidden', async () => {
    for (const fn of FUNCTIONS.filter(({ kind }) => kind === 'redact' || kind === 'default')) {
      const one = await maskedBothWays('text[]', `ARRAY['a']`, fn);
      expect(await maskedBothWays('text[]', `ARRAY['a', NULL, 'b']`, fn)).toEqual(one);
    }
  });

  it('has a zero that the server takes back for every type that a column can have', async () => {
    const rows = await query(
      `SELECT t.oid, format_type(t.oid, NULL), t.typreceive::oid <> 0 AND COALESCE(e.typreceive::oid <> 0, true) FROM pg_catalog.pg_type t
       LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
       WHERE t.typtype IN ('b', 'r', 'm', 'e', 'c') AND (c.oid IS NULL OR c.relkind IN ('c', 'r')) AND t.typname !~ 'pg_toast'`,
    );
    const refused: string[] = [];
    for (const [oid, name, hasBinary] of rows) {
      for (const format of FORMATS) {
        // What the server cannot read in binary it does not send in binary either.
        if (format === 'binary' && hasBinary === 'f') continue;
        const shown = await taken(name ?? '', format, cellType({ typeId: Number(oid), typeModifier: -1 }, catalogue).zero(format));
        if (shown?.startsWith('error') === true) refused.push(`${name} ${format}: ${shown}`);
      }
    }
    expect(refused).toEqual([]);
    expect(rows.length).toBeGreaterThan(500);
  });

  it('gives NULL for types that it does not know, and for all that the catalogue does not have', () => {
    expect(cellType({ typeId: 99_999_999, typeModifier: -1 }, catalogue).zero('text')).toBeNull();
    const mood = [...catalogue.typesById.values()].find(({ name }) => name === 'mood');
    expect(cellType({ typeId: mood?.id ?? 0, typeModifier: -1 }).zero('text')).toBeNull();
  });
});
