import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RoutineKnowledge } from '@sqlwarden/core';
import { postgresMajors, type PostgresServer, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import { createCatalogueReader } from '../catalog/read.js';
import type { PostgresCatalogue } from '../catalog/resolved-catalogue.js';
import { createParser } from './parse.js';
import { SYSTEM_EFFECTS } from './routine-tables.js';
import { createRoutineKnowledge } from './routines.js';
import { POSTGRES_RULES } from './rules.js';

const SCHEMA = `
CREATE SCHEMA app;
CREATE TABLE app.t (a int);
CREATE FUNCTION app.pure_sql(a int) RETURNS int LANGUAGE sql AS 'SELECT CASE WHEN a > 1 THEN mod(a, 2) ELSE app.pure_too(a) END';
CREATE FUNCTION app.pure_too(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1';
CREATE FUNCTION app.reads(a int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM app.t';
CREATE FUNCTION app.writes(a int) RETURNS void LANGUAGE sql AS 'INSERT INTO app.t VALUES (a)';
CREATE FUNCTION app.calls_reads(a int) RETURNS bigint LANGUAGE sql AS 'SELECT app.reads(a)';
CREATE FUNCTION app.runs(a text) RETURNS xml LANGUAGE sql AS 'SELECT query_to_xml(a, true, true, $$$$)';
CREATE FUNCTION app.loop(a int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE FUNCTION app.definer(a int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT a';
CREATE FUNCTION app.itself(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE FUNCTION app.itself(a int) RETURNS int LANGUAGE sql AS 'SELECT app.itself(a - 1)';
CREATE FUNCTION app.abs(a int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE FUNCTION app.two(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION app.two(a int, b int, c text) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE TYPE app.number AS (n int);
CREATE FUNCTION app.to_number(int) RETURNS app.number LANGUAGE plpgsql AS 'BEGIN RETURN ROW($1); END';
CREATE CAST (int AS app.number) WITH FUNCTION app.to_number(int);
CREATE EXTENSION citext; CREATE EXTENSION earthdistance CASCADE; CREATE EXTENSION tablefunc; CREATE EXTENSION pageinspect; CREATE EXTENSION pg_prewarm;
CREATE FUNCTION app.smuggled(a text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
ALTER EXTENSION citext ADD FUNCTION app.smuggled(text);
`;

/** Functions that the server's own names, languages and argument types give away. */
const SUSPICIOUS = `
SELECT DISTINCT p.proname FROM pg_proc p
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
  AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'language_handler'::regtype, 'index_am_handler'::regtype,
    'table_am_handler'::regtype, 'tsm_handler'::regtype, 'internal'::regtype)
  AND NOT 'internal'::regtype = ANY (p.proargtypes::oid[])
  AND (p.proname ~ '^(lo_|pg_ls_|pg_read|query_to|table_to_|schema_to|database_to|cursor_to|pg_logical_slot_(get|peek)|binary_upgrade|pg_stat_reset|pg_restore_|pg_clear_|pg_replication_(origin|slot)_(create|drop|adv|session_(set|reset)|xact)|pg_create_|pg_copy_|pg_drop_|pg_backup|pg_wal_replay_(pause|resume)|pg_terminate|pg_cancel|pg_promote|pg_(try_)?advisory.*lock(_shared)?$)'
    OR 'regclass'::regtype = ANY (p.proargtypes::oid[]) AND p.provolatile = 'v'
    OR p.prorettype = 'xml'::regtype AND p.proname ~ '_to_xml')
ORDER BY 1`;

/** Of those: what neither reads rows nor changes anything. */
const HARMLESS = new Set([
  'pg_relation_size',
  'pg_table_size',
  'pg_indexes_size',
  'pg_total_relation_size',
  'pg_sequence_last_value',
  'pg_partition_tree',
  'pg_partition_ancestors',
  'pg_get_sequence_data',
  'pg_get_replica_identity_index',
  'pg_relation_filenode',
]);

const parse = createParser();
const path = ['pg_catalog', 'app', 'public'];

describe.each(postgresMajors)('routines of PostgreSQL %i', (major) => {
  let server: PostgresServer;
  let client: pg.Client;
  let catalogue: PostgresCatalogue;
  let knowledge: RoutineKnowledge;

  beforeAll(async () => {
    server = await startPostgres({ major });
    client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await client.query(`SET check_function_bodies = off; ${SCHEMA}`);
    const rows = async (text: string): Promise<(string | null)[][]> =>
      (await client.query<(string | null)[]>({ text, rowMode: 'array', types: { getTypeParser: () => (value: string) => value } })).rows;
    catalogue = await createCatalogueReader()(rows, 1, parse);
    knowledge = createRoutineKnowledge(catalogue);
  });

  afterAll(async () => {
    await client.end();
    await server.stop();
  });

  it('are listed where they read or change something', async () => {
    const { rows } = await client.query<{ proname: string }>(SUSPICIOUS);
    const unlisted = rows.map(({ proname }) => proname).filter((name) => !SYSTEM_EFFECTS.has(name) && !HARMLESS.has(name));
    expect(rows.length).toBeGreaterThan(60);
    expect(unlisted).toEqual([]);
  });

  it.each([
    ['app', 'pure_sql', 1],
    ['app', 'pure_too', 1],
    ['pg_catalog', 'upper', 1],
    ['public', 'earth_distance', 2],
    ['public', 'citext_eq', 2],
    ['app', 'two', 1],
  ])('are pure: %s.%s with %i arguments', (schema, name, count) => {
    const facts = knowledge.routine([schema, name], count, path);
    expect(facts?.category).toBe('pure');
    expect(facts?.opaque).toBeUndefined();
  });

  it.each([
    ['app', 'reads', 1],
    ['app', 'writes', 1],
    ['app', 'calls_reads', 1],
    ['app', 'runs', 1],
    ['app', 'loop', 1],
    ['app', 'definer', 1],
    ['app', 'itself', 1],
    ['app', 'two', 3],
    ['app', 'smuggled', 1],
    ['public', 'pg_prewarm', 1],
    ['app', 'nothing', 1],
    ['pg_catalog', 'upper', 2],
  ])('are not known: %s.%s with %i arguments', (schema, name, count) => {
    expect(knowledge.routine([schema, name], count, path)).toBeUndefined();
  });

  it.each([
    ['query_to_xml', 4, 'dynamic-sql'],
    ['crosstab', 1, 'dynamic-sql'],
    ['get_raw_page', 2, 'foreign-data'],
    ['pg_read_file', 1, 'foreign-data'],
    ['pg_stat_get_activity', 1, 'foreign-data'],
    ['lo_get', 1, 'foreign-data'],
  ])('are opaque: %s', (name, count, kind) => {
    expect(knowledge.routine([name], count, path)).toMatchObject({ category: 'unknown', opaque: { kind } });
  });

  it('count as the worst of what a call may mean', () => {
    expect(knowledge.routine(['abs'], 1, path)).toBeUndefined();
    expect(knowledge.routine(['abs'], 1, ['pg_catalog'])).toMatchObject({ category: 'pure' });
    expect(knowledge.routine(['pg_catalog', 'abs'], 1, path)).toMatchObject({ category: 'pure' });
  });

  it('are not found in the temporary schema', () => {
    expect(knowledge.routine(['pure_too'], 1, ['pg_temp_3', 'pg_catalog'])).toBeUndefined();
  });

  it('are called by casts', () => {
    expect(knowledge.cast({ name: ['number'], array: false }, path)).toBeUndefined();
    expect(knowledge.cast({ name: ['pg_catalog', 'int4'], array: false }, path)).toMatchObject({ category: 'pure' });
    expect(knowledge.cast({ name: ['citext'], array: false }, path)).toMatchObject({ category: 'pure' });
  });

  it('say what rows they return', () => {
    expect(knowledge.routine(['generate_series'], 2, path)).toMatchObject({ returnsSet: true });
    expect(knowledge.routine(['json_each'], 1, path)).toMatchObject({ returnsSet: true, columns: ['key', 'value'] });
    expect(knowledge.routine(['json_to_record'], 1, path)).toMatchObject({ returnsRecord: true });
  });

  it('of sensitive columns have relations and columns that exist, on one major or another', () => {
    for (const [relation, columns] of [
      ['pg_catalog.pg_stat_activity', ['query']],
      ['pg_catalog.pg_stats', ['most_common_vals', 'histogram_bounds', 'most_common_elems']],
      ['pg_catalog.pg_statistic', ['stavalues1', 'stavalues5']],
      ['pg_catalog.pg_authid', ['rolpassword']],
      ['pg_catalog.pg_shadow', ['passwd']],
      ['pg_catalog.pg_subscription', ['subconninfo']],
      ['pg_catalog.pg_user_mapping', ['umoptions']],
      ['pg_catalog.pg_largeobject', ['data']],
      ['information_schema.user_mapping_options', ['option_value']],
    ] as const) {
      const names = catalogue.catalogue.relations.get(relation)?.columns.map(({ name }) => name);
      for (const column of columns) {
        expect(names).toContain(column);
        expect(POSTGRES_RULES.sensitiveColumn(relation, column)).toMatchObject({ kind: 'foreign-data' });
      }
    }
    expect(POSTGRES_RULES.sensitiveColumn('pg_catalog.pg_stat_activity', 'pid')).toBeUndefined();
  });
});

describe('the table of system routines', () => {
  it('names nothing that no supported server has', async () => {
    const known = new Set<string>();
    for (const major of postgresMajors) {
      const server = await startPostgres({ major });
      const client = new pg.Client({ connectionString: server.url() });
      await client.connect();
      const { rows } = await client.query<{ proname: string }>(
        "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace",
      );
      for (const { proname } of rows) known.add(proname);
      await client.end();
      await server.stop();
    }
    expect([...SYSTEM_EFFECTS.keys()].filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('the search path after SET', () => {
  const state = { id: 1, database: 'd', role: 'ann', searchPath: ['pg_temp_3', 'pg_catalog', 'public'], lexical: {} };
  const catalogue = { schemas: new Set(['pg_catalog', 'public', 'ann', 'crm']) };
  const after = (...values: string[]): readonly string[] | undefined =>
    POSTGRES_RULES.effectiveSearchPath?.(values, state, catalogue as unknown as PostgresCatalogue['catalogue']);

  it('is what the server makes of it', () => {
    expect(after('$user', 'public')).toEqual(['pg_temp_3', 'pg_catalog', 'ann', 'public']);
    expect(after('crm', 'nowhere')).toEqual(['pg_temp_3', 'pg_catalog', 'crm']);
    expect(after('crm', 'pg_catalog')).toEqual(['pg_temp_3', 'crm', 'pg_catalog']);
    expect(after('pg_catalog', 'pg_temp')).toEqual(['pg_catalog', 'pg_temp_3']);
    expect(after('')).toEqual(['pg_temp_3', 'pg_catalog']);
  });

  it('is not known when it is the default', () => {
    expect(POSTGRES_RULES.effectiveSearchPath?.('default', state, catalogue as unknown as PostgresCatalogue['catalogue'])).toBeUndefined();
  });
});
