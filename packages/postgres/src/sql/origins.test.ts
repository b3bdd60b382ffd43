import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Catalogue, ResolvedCatalogue, SqlState, StatementFacts } from '@sqlwarden/core';
import { postgresMajors, type PostgresServer, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import { createCatalogueReader } from '../catalog/read.js';
import { analyse } from './analyse.js';
import { createParser } from './parse.js';

const SCHEMA = `
CREATE SCHEMA a; CREATE SCHEMA b;
CREATE TABLE a.t (id int PRIMARY KEY, x text, y text, gone text, z numeric);
ALTER TABLE a.t DROP COLUMN gone;
CREATE TABLE b.t (id int, w text);
CREATE TABLE a.child (extra int) INHERITS (a.t);
CREATE TABLE a.parts (id int, d date) PARTITION BY RANGE (d);
CREATE TABLE a.part PARTITION OF a.parts DEFAULT;
CREATE VIEW a.v AS SELECT id, x AS renamed, upper(y) AS up FROM a.t;
CREATE MATERIALIZED VIEW a.m AS SELECT id, x FROM a.t;
CREATE FUNCTION a.rows() RETURNS SETOF a.t LANGUAGE sql AS 'SELECT * FROM a.t';
CREATE SEQUENCE a.s;
CREATE TYPE a.pairs AS RANGE (subtype = int4);
CREATE AGGREGATE a.total (int) (sfunc = int4pl, stype = int4, initcond = '0');
`;

/** Statements whose result columns the server traces in its RowDescription ("Message Formats") where they are plain columns. */
const STATEMENTS = [
  'SELECT * FROM t',
  'SELECT t.*, id, x AS other FROM t',
  'SELECT x || y, upper(x), x, 1, NULL, z::int FROM t',
  'SELECT * FROM b.t',
  'SELECT * FROM t JOIN b.t u ON t.id = u.id',
  'SELECT * FROM t JOIN b.t u USING (id)',
  'SELECT * FROM t LEFT JOIN b.t u USING (id)',
  'SELECT * FROM t NATURAL JOIN child',
  'SELECT * FROM t FULL JOIN b.t u USING (id)',
  'SELECT * FROM (t CROSS JOIN b.t u)',
  'SELECT * FROM (SELECT x, id FROM t) s (one, two)',
  'SELECT s.* FROM (SELECT * FROM (SELECT y FROM t ORDER BY id LIMIT 3) r) s',
  'SELECT (SELECT x FROM t LIMIT 1), ARRAY(SELECT y FROM t)',
  'WITH c AS (SELECT x, y FROM t) SELECT * FROM c',
  'WITH c AS MATERIALIZED (SELECT x FROM t) SELECT c.x, d.x FROM c, c d',
  'WITH RECURSIVE r AS (SELECT id FROM t UNION ALL SELECT id + 1 FROM r WHERE id < 3) SELECT * FROM r',
  'SELECT x FROM t UNION ALL SELECT w FROM b.t',
  'SELECT x FROM t EXCEPT SELECT y FROM t',
  'VALUES (1, 2)',
  'SELECT * FROM v',
  'SELECT renamed, up FROM v WHERE id = 1',
  'SELECT * FROM m',
  'SELECT * FROM child',
  'SELECT * FROM ONLY child',
  'SELECT * FROM parts',
  'SELECT d FROM part',
  'SELECT * FROM rows()',
  "SELECT * FROM json_populate_record(NULL::t, '{}')",
  "SELECT q.x, q.* FROM jsonb_populate_recordset(NULL::a.t, '[]') q",
  "SELECT tsquery('a & b'), int4range(1, 2), pairs(1, 2), total(id) FROM t",
  'SELECT (t).x, (t).* FROM t',
  'SELECT x(t), t FROM t',
  'SELECT count(*), count(x), max(x) FROM t',
  'SELECT x, count(*) FROM t GROUP BY x HAVING count(*) > 1 ORDER BY 2',
  'SELECT DISTINCT ON (x) x, y FROM t ORDER BY x',
  'SELECT x, row_number() OVER (ORDER BY y) FROM t',
  'SELECT l.x FROM t, LATERAL (SELECT t.x, u.w FROM b.t u) l',
  'SELECT relname, oid FROM pg_class',
  'SELECT table_name FROM information_schema.tables',
  'SELECT * FROM s',
  'SELECT ctid, tableoid, x FROM t',
  'SELECT x FROM t FOR UPDATE',
  'SELECT CASE WHEN true THEN x END, coalesce(x, y), x COLLATE "C" FROM t',
  "SELECT * FROM json_to_record('{}') AS j(x text)",
  'SELECT * FROM generate_series(1, 3) AS g(x)',
  "INSERT INTO t VALUES (1, 'x', 'y', 1) RETURNING *, x || y",
  "UPDATE t SET x = 'z' FROM b.t u WHERE t.id = u.id RETURNING t.x, u.w",
  'DELETE FROM t RETURNING y, id',
  'WITH d AS (DELETE FROM t RETURNING x) SELECT * FROM d',
  'TABLE t',
  "SELECT * FROM jsonb_array_elements('[]') e, json_each('{}') k, unnest(ARRAY[1]) WITH ORDINALITY u",
  "SELECT * FROM regexp_matches('a', 'a') m, pg_options_to_table(NULL) o, ts_parse('default', 'a')",
  `SELECT 1 AS "${'x'.repeat(70)}", id AS ${'Long'.repeat(20)} FROM t`,
  `SELECT 'a'::text, 1::int8, true, x::varchar, CASE WHEN true THEN 1 END, CASE WHEN true THEN 1 ELSE t.id END, x COLLATE "C" FROM t`,
  'SELECT nullif(x, y), coalesce(x), greatest(1), least(1), ROW(1), ARRAY[1], (ARRAY[1])[1], (SELECT 1), EXISTS (SELECT 1) FROM t',
  "SELECT current_date, current_timestamp(0), session_user, localtime, extract(year FROM now()), trim(x), substring(x FROM 1), x LIKE 'a', x IS NULL, NOT true FROM t",
  "SELECT xmlelement(name a), xmlforest(x), xmlconcat('<a/>'), xmlpi(name a), grouping(x), interval '1 day', DATE '2020-01-01' FROM t GROUP BY x",
];

const state: SqlState = {
  id: 1,
  database: 'postgres',
  role: 'postgres',
  searchPath: ['pg_catalog', 'a'],
  lexical: { standard_conforming_strings: 'on' },
};
const parse = createParser();

describe.each(postgresMajors)('origins on PostgreSQL %i', (major) => {
  let server: PostgresServer;
  let client: pg.Client;
  let catalogue: ResolvedCatalogue;

  beforeAll(async () => {
    server = await startPostgres({ major });
    client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await client.query(SCHEMA);
    const rows = async (text: string): Promise<(string | null)[][]> =>
      (await client.query<(string | null)[]>({ text, rowMode: 'array', types: { getTypeParser: () => (value: string) => value } })).rows;
    catalogue = await createCatalogueReader()(rows, 1, parse);
    await client.query('SET search_path = a');
  });

  afterAll(async () => {
    await client.end();
    await server.stop();
  });

  async function factsOf(sql: string): Promise<StatementFacts> {
    const result = await parse(sql, { serverVersion: catalogue.catalogue.serverVersion, lexical: state.lexical });
    if (!result.ok) throw new Error(result.failure.message);
    const [facts] = analyse(result.unit, {
      catalogue,
      state,
      stateChangedInTransaction: false,
      schemaChangedInTransaction: false,
    }).statements;
    if (facts === undefined) throw new Error('no statement');
    return facts;
  }

  it.each(STATEMENTS)('agree with the server: %s', async (sql) => {
    const facts = await factsOf(sql);
    await client.query('BEGIN');
    const { fields } = await client.query({ text: sql, rowMode: 'array' });
    await client.query('ROLLBACK');
    expect(facts.opaque).toEqual([]);
    if (facts.outputs === 'unknown') return;
    expect(facts.outputs?.map(({ name }) => name)).toEqual(fields.map(({ name }) => name));
    for (const [at, field] of fields.entries()) {
      if (field.tableID === 0 || field.columnID <= 0) continue;
      const told = `${nameOf(catalogue.catalogue, field.tableID, field.columnID)}/same`;
      expect(facts.outputs?.[at]?.origins.map(({ column, how }) => `${column}/${how}`)).toContain(told);
    }
  });

  it('reads a catalogue whose columns have the names and types that the server shows', async () => {
    for (const relation of ['a.t', 'a.v', 'a.m', 'a.part', 'pg_catalog.pg_class', 'information_schema.columns']) {
      const { fields } = await client.query({ text: `SELECT * FROM ${relation} LIMIT 0`, rowMode: 'array' });
      const columns = catalogue.catalogue.relations.get(relation)?.columns ?? [];
      expect(columns.map(({ name, number, typeId }) => ({ name, number, typeId }))).toEqual(
        fields.map(({ name, columnID, dataTypeID }) => ({
          name,
          number: columnID,
          typeId: columns.find((column) => column.name === name)?.typeId ?? dataTypeID,
        })),
      );
    }
  });
});

function nameOf(catalogue: Catalogue, relationId: number, columnNumber: number): string {
  const relation = catalogue.relationsById.get(relationId);
  const column = relation?.columns.find((candidate) => candidate.number === columnNumber);
  if (relation === undefined || column === undefined)
    throw new Error(`the catalogue has no column ${columnNumber} of relation ${relationId}`);
  return `${relation.schema}.${relation.name}.${column.name}`;
}
