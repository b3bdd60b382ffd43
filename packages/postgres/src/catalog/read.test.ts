import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CatalogueQuery, ParseText } from '@sqlwarden/core';
import { postgresMajors, type PostgresServer, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import { createParser } from '../sql/parse.js';
import { createCatalogueReader } from './read.js';
import type { PostgresCatalogue } from './resolved-catalogue.js';

const SCHEMA = `
DROP SCHEMA IF EXISTS crm CASCADE;
CREATE SCHEMA crm;
CREATE DOMAIN crm.postcode AS text CHECK (value <> '');
CREATE TABLE crm.people (id int PRIMARY KEY, name varchar(80) NOT NULL, code char(3), gone int, price numeric(10, 2), post crm.postcode,
  initial text GENERATED ALWAYS AS (left(name, 1)) STORED);
ALTER TABLE crm.people DROP COLUMN gone;
CREATE TABLE crm.visits (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE crm.visits_2024 PARTITION OF crm.visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE crm.staff (room text) INHERITS (crm.people);
CREATE VIEW crm.names AS SELECT id, name AS n FROM crm.people;
CREATE MATERIALIZED VIEW crm.counts AS SELECT count(*) FROM crm.names;
CREATE SEQUENCE crm.numbers;
CREATE TYPE crm.pair AS (a int, b text);
CREATE TYPE crm.size AS ENUM ('small', 'large');
CREATE INDEX people_name ON crm.people (name);
CREATE FUNCTION crm.noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t BEFORE INSERT ON crm.visits_2024 FOR EACH ROW EXECUTE FUNCTION crm.noop();
CREATE FUNCTION crm.plus(a int, b int DEFAULT 1, VARIADIC c int[] DEFAULT '{}') RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE FUNCTION crm.parts(a int, OUT b int, OUT c text) LANGUAGE sql BEGIN ATOMIC SELECT a, 'x'; END;
CREATE FUNCTION crm.all_people() RETURNS SETOF crm.people LANGUAGE sql STABLE SECURITY DEFINER SET search_path = crm AS 'SELECT * FROM people';
`;

let parses = 0;
const parser = createParser();
const parse: ParseText = (text, context) => {
  parses += 1;
  return parser(text, context);
};

function rowsOf(client: pg.Client): CatalogueQuery {
  return async (text) =>
    (await client.query<(string | null)[]>({ text, rowMode: 'array', types: { getTypeParser: () => (value: string) => value } })).rows;
}

describe.each(postgresMajors)('createCatalogueReader on PostgreSQL %i', (major) => {
  let server: PostgresServer;
  let client: pg.Client;
  let other: pg.Client;

  const connect = async (): Promise<pg.Client> => {
    const connected = new pg.Client({ connectionString: server.url() });
    await connected.connect();
    return connected;
  };
  const read = (): Promise<PostgresCatalogue> => createCatalogueReader()(rowsOf(client), 7, parse);
  const setting = async (name: string): Promise<string> => {
    const { rows } = await client.query<{ value: string }>('SELECT current_setting($1) AS value', [name]);
    return rows[0]?.value ?? '';
  };

  beforeAll(async () => {
    server = await startPostgres({ major });
    client = await connect();
    other = await connect();
  });
  beforeEach(() => client.query(SCHEMA));
  afterAll(async () => {
    await client.end();
    await other.end();
    await server.stop();
  });

  it('reads relations with their columns, as names and headers find them', async () => {
    const { catalogue } = await read();
    expect(catalogue).toMatchObject({ version: 7, database: 'postgres' });
    expect(Math.floor(catalogue.serverVersion / 10_000)).toBe(major);
    const people = catalogue.relations.get('crm.people');
    expect(catalogue.relationsById.get(people?.id ?? 0)).toBe(people);
    expect(people).toMatchObject({
      kind: 'table',
      parents: [],
      hasTriggers: false,
      columns: [
        { name: 'id', number: 1, type: 'integer', typeId: 23, notNull: true },
        { name: 'name', number: 2, type: 'character varying(80)', typeId: 1043, notNull: true, maxLength: 80 },
        { name: 'code', number: 3, type: 'character(3)', maxLength: 3, notNull: false },
        { name: 'price', number: 5, type: 'numeric(10,2)' },
        { name: 'post', number: 6, type: 'crm.postcode' },
        { name: 'initial', number: 7, generated: true },
      ],
    });
    const kinds = Object.fromEntries([...catalogue.relations].map(([name, { kind }]) => [name, kind]));
    expect(kinds).toMatchObject({
      'crm.visits': 'partitioned',
      'crm.names': 'view',
      'crm.counts': 'materialized-view',
      'crm.numbers': 'sequence',
      'crm.pair': 'composite',
      'crm.people_name': 'index',
      'pg_catalog.pg_class': 'system',
      'information_schema.tables': 'system',
    });
  });

  it('reads parents, and takes the triggers of partitions for those of the whole', async () => {
    const { relations } = (await read()).catalogue;
    expect(relations.get('crm.visits_2024')).toMatchObject({ parents: ['crm.visits'], hasTriggers: true });
    expect(relations.get('crm.visits')).toMatchObject({ hasTriggers: true });
    expect(relations.get('crm.staff')).toMatchObject({ parents: ['crm.people'], hasTriggers: false });
  });

  it('reads the foreign keys that write', async () => {
    await client.query(`
      CREATE TABLE crm.owners (a int, b int, PRIMARY KEY (a, b));
      CREATE TABLE crm.pets (
        y int, x int, z int REFERENCES crm.people (id),
        FOREIGN KEY (x, y) REFERENCES crm.owners (a, b) ON DELETE CASCADE ON UPDATE SET NULL)`);
    const { relations, relationsById } = (await read()).catalogue;
    const owners = relations.get('crm.owners');
    expect(owners?.referencedBy).toEqual([
      { relation: 'crm.pets', columns: ['x', 'y'], referenced: ['a', 'b'], onDelete: 'cascade', onUpdate: 'set-null' },
    ]);
    expect(relationsById.get(owners?.id ?? 0)).toBe(owners);
    expect(relations.get('crm.people')?.referencedBy).toBeUndefined();
  });

  it('parses definitions, whose names are qualified whatever the search path is', async () => {
    await client.query('SET search_path = crm');
    const { views, generated, routinesById } = await read();
    expect(views.get('crm.names')).toMatchObject({ body: { kind: 'select', from: [{ name: ['crm', 'people'] }] } });
    expect(views.get('crm.counts')).toMatchObject({ body: { kind: 'select', from: [{ name: ['crm', 'names'] }] } });
    expect(generated.get('crm.people')?.get('initial')).toMatchObject({ kind: 'call', name: ['left'] });
    expect(
      [...routinesById.values()]
        .filter(({ body }) => body !== undefined)
        .map(({ routine }) => routine.name)
        .sort(),
    ).toContain('parts');
    expect(await setting('search_path')).toBe('crm');
    await client.query('RESET search_path');
  });

  it('reads routines with what a call must know of them', async () => {
    const { catalogue, routines } = await read();
    expect(catalogue.routines.get('crm.plus')).toMatchObject([
      {
        kind: 'function',
        language: 'sql',
        volatility: 'immutable',
        securityDefiner: false,
        returnsSet: false,
        returnType: 'integer',
        origin: 'user',
      },
    ]);
    expect(routines.get('crm.plus')).toMatchObject([{ minArguments: 1, maxArguments: Number.POSITIVE_INFINITY }]);
    expect(routines.get('crm.parts')).toMatchObject([{ columns: ['b', 'c'], returnsRecord: false }]);
    expect(routines.get('crm.all_people')).toMatchObject([
      { rowOf: 'crm.people', routine: { returnsSet: true, securityDefiner: true, pinnedSearchPath: true } },
    ]);
    expect(catalogue.routines.get('pg_catalog.count')).toMatchObject([{ kind: 'aggregate', origin: 'system' }, { kind: 'aggregate' }]);
    expect(routines.get('pg_catalog.json_to_record')).toMatchObject([{ returnsRecord: true }]);
  });

  it('leaves the settings of an open transaction as they were, and the transaction open', async () => {
    await client.query("BEGIN; SET LOCAL search_path = crm, public; SET LOCAL lock_timeout = '9s'; CREATE TABLE uncommitted (a int)");
    const { catalogue } = await read();
    expect(catalogue.relations.has('crm.uncommitted')).toBe(true);
    expect([await setting('search_path'), await setting('lock_timeout')]).toEqual(['crm, public', '9s']);
    await client.query('ROLLBACK');
    expect((await read()).catalogue.relations.has('crm.uncommitted')).toBe(false);
  });

  it('reads on a connection that has the server answer by several processes', async () => {
    const settings = ['parallel_setup_cost', 'parallel_tuple_cost', 'min_parallel_table_scan_size'].map((name) => `SET LOCAL ${name} = 0`);
    await client.query(`BEGIN; ${settings.join('; ')}; CREATE TABLE crm.parallel (a int)`);
    const again = createCatalogueReader();
    const before = await again(rowsOf(client), 1, parse, { isInTransaction: true });
    expect(before.catalogue.relations.has('crm.parallel')).toBe(true);
    await client.query('ALTER TABLE crm.parallel ADD COLUMN b int');
    const after = await again(rowsOf(client), 2, parse, { isInTransaction: true, from: before });
    expect(after.catalogue.relations.get('crm.parallel')?.columns).toHaveLength(2);
    await client.query('ROLLBACK');
  });

  it('lets go of what it has locked to read definitions, where a transaction is open', async () => {
    const locked = `SELECT count(*)::text FROM pg_locks WHERE pid = ${String((await rowsOf(client)('SELECT pg_backend_pid()'))[0]?.[0])} AND relation >= 16384`;
    await client.query('BEGIN');
    await createCatalogueReader()(rowsOf(client), 7, parse, { isInTransaction: true });
    expect((await rowsOf(other)(locked))[0]).toEqual(['0']);
    await createCatalogueReader()(rowsOf(client), 7, parse);
    expect((await rowsOf(other)(locked))[0]).not.toEqual(['0']);
    await client.query('ROLLBACK');
  });

  it('sees temporary relations of its own session only', async () => {
    await client.query('CREATE TEMP TABLE mine (a int)');
    await other.query('CREATE TEMP TABLE theirs (a int)');
    const names = [...(await read()).catalogue.relations.values()].map(({ name }) => name);
    expect(names).toContain('mine');
    expect(names).not.toContain('theirs');
    await client.query('DROP TABLE mine');
    await other.query('DROP TABLE theirs');
  });

  it('goes on without the views of a table that somebody is altering', async () => {
    await client.query('CREATE TABLE crm.free (a int); CREATE VIEW crm.free_view AS SELECT a FROM crm.free');
    await other.query('BEGIN; ALTER TABLE crm.people ADD COLUMN extra int');
    const { views, catalogue, isIncomplete } = await read();
    await other.query('ROLLBACK');
    expect(isIncomplete).toBe(true);
    expect((await read()).isIncomplete).toBe(false);
    expect(views.has('crm.free_view')).toBe(true);
    expect(views.has('crm.names')).toBe(false);
    expect(catalogue.relations.has('crm.names')).toBe(true);
    expect(await setting('lock_timeout')).toBe('0');
  });

  it('goes on without what somebody drops while it reads', async () => {
    const seen = rowsOf(client);
    let dropped = false;
    // What pg_get_viewdef and its kin answer for an object that is gone by then.
    const meanwhile: CatalogueQuery = async (sql) =>
      (await seen(sql)).map((row) => {
        if (row[0] !== 'view' && row[0] !== 'trigger' && row[0] !== 'procedure') return row;
        dropped = true;
        return [...row.slice(0, 3), null];
      });
    const { views, catalogue, isIncomplete } = await createCatalogueReader()(meanwhile, 7, parse);
    expect({ dropped, isIncomplete, view: views.get('crm.names') }).toEqual({ dropped: true, isIncomplete: true, view: undefined });
    expect(catalogue.relations.has('crm.people')).toBe(true);
  });

  it('cannot be misled by operators and functions of users', async () => {
    await client.query(`CREATE SCHEMA evil; CREATE FUNCTION evil.never(name, name) RETURNS bool LANGUAGE sql AS 'SELECT false';
      CREATE OPERATOR evil.!~ (FUNCTION = evil.never, LEFTARG = name, RIGHTARG = name);
      CREATE FUNCTION evil.format_type(oid, int) RETURNS text LANGUAGE sql AS $$SELECT 'evil'$$; SET search_path = evil, pg_catalog`);
    const { catalogue } = await read();
    await client.query('RESET search_path; DROP SCHEMA evil CASCADE');
    expect(catalogue.relations.get('crm.people')?.columns[1]).toMatchObject({ type: 'character varying(80)' });
  });

  it('parses again only what has changed', async () => {
    const again = createCatalogueReader();
    const before = await again(rowsOf(client), 1, parse);
    parses = 0;
    await again(rowsOf(client), 2, parse, { from: before, whole: true });
    expect(parses).toBe(0);
    await client.query('CREATE OR REPLACE VIEW crm.names AS SELECT id, upper(name)::varchar(80) AS n FROM crm.people');
    await again(rowsOf(client), 3, parse, { from: before });
    expect(parses).toBe(1);
  });

  it('says so when a statement fails', async () => {
    await client.query('BEGIN');
    await client.query('nonsense').catch(() => undefined);
    await expect(read()).rejects.toThrow(/current transaction is aborted/);
    await client.query('ROLLBACK');
  });

  const follow = createCatalogueReader();
  let seen: PostgresCatalogue | undefined;
  const look = async (version: number): Promise<PostgresCatalogue> =>
    (seen = await follow(rowsOf(other), version, parse, { ...(seen && { from: seen }) }));
  /** The catalogue before, and what a reader gives that is given it, on another connection. */
  const readAround = async (change: string): Promise<readonly [PostgresCatalogue, PostgresCatalogue]> => {
    const before = await look(1);
    await client.query(change);
    return [before, await look(2)];
  };

  it.each([
    'CREATE TABLE crm.another (a int)',
    'ALTER TABLE crm.people ADD COLUMN added int',
    'ALTER TABLE crm.people RENAME COLUMN name TO full_name',
    'ALTER TABLE crm.people DROP COLUMN price',
    'ALTER TABLE crm.people ALTER COLUMN price TYPE text',
    'ALTER TABLE crm.people RENAME TO humans',
    'ALTER TABLE crm.people SET SCHEMA public; DROP TABLE public.people CASCADE',
    'CREATE OR REPLACE VIEW crm.names AS SELECT id, upper(name)::varchar(80) AS n FROM crm.people',
    'ALTER VIEW crm.names RENAME COLUMN n TO m',
    'ALTER TABLE crm.visits DETACH PARTITION crm.visits_2024',
    'ALTER TABLE crm.staff NO INHERIT crm.people',
    'ALTER FUNCTION crm.plus SECURITY DEFINER',
    "CREATE OR REPLACE FUNCTION crm.plus(a int, b int DEFAULT 1, VARIADIC c int[] DEFAULT '{}') RETURNS int LANGUAGE sql AS 'SELECT 2'",
    'DROP FUNCTION crm.parts',
    'DROP TRIGGER t ON crm.visits_2024',
    'CREATE RULE r AS ON DELETE TO crm.people DO INSTEAD NOTHING',
    'ALTER SCHEMA crm RENAME TO renamed; CREATE SCHEMA crm; DROP SCHEMA renamed CASCADE',
    'CREATE TYPE crm.mood AS ENUM ()',
    `ALTER TYPE crm.size ADD VALUE 'medium' BEFORE 'large'`,
    `ALTER TYPE crm.size RENAME VALUE 'small' TO 'tiny'`,
    'CREATE OPERATOR crm.=== (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)',
    'DROP MATERIALIZED VIEW crm.counts',
  ])('is another one after %s', async (change) => {
    const [before, after] = await readAround(change);
    expect(after).not.toBe(before);
  });

  it.each([
    "INSERT INTO crm.people (id, name) VALUES (1, 'a')",
    'BEGIN; ALTER TABLE crm.people ADD COLUMN x int; ROLLBACK',
    'CREATE TEMP TABLE passing (a int, b text); CREATE INDEX ON passing (a); DROP TABLE passing',
    "SELECT nextval('crm.numbers')",
    'ANALYZE crm.people',
    'ALTER SCHEMA crm RENAME TO crm2; ALTER SCHEMA crm2 RENAME TO crm',
    'GRANT SELECT ON crm.people TO PUBLIC',
  ])('is the same after %s', async (change) => {
    const [before, after] = await readAround(change);
    expect(after).toBe(before);
  });
});
