import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ResolvedCatalogue, SqlState, StatementFacts } from '@sqlwarden/core';
import { type PostgresServer, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import { createCatalogueReader } from '../catalog/read.js';
import { analyse, relationOutputs } from './analyse.js';
import { createParser } from './parse.js';

const SCHEMA = `
CREATE SCHEMA crm;
SET search_path = crm;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE people (id int PRIMARY KEY, name varchar(80) NOT NULL, ssn text, email text, last4 text GENERATED ALWAYS AS (right(ssn, 4)) STORED);
CREATE TABLE orders (id int PRIMARY KEY, person_id int REFERENCES people, total numeric, note text);
CREATE TABLE staff (room text) INHERITS (people);
CREATE TABLE visits (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE visits_2024 PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE VIEW contacts AS SELECT id, lower(email) AS mail, ssn AS number FROM people;
CREATE VIEW contacts_again AS SELECT * FROM contacts;
CREATE MATERIALIZED VIEW totals AS SELECT p.ssn, sum(o.total) AS sum FROM people p JOIN orders o ON o.person_id = p.id GROUP BY p.ssn;
CREATE TABLE "Odd Name" ("Select" int, "a.b" text);
CREATE FUNCTION add_one(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1';
CREATE FUNCTION add_two(a int) RETURNS int LANGUAGE sql RETURN crm.add_one(a) + 1;
CREATE FUNCTION everyone() RETURNS SETOF people LANGUAGE sql AS 'SELECT * FROM crm.people';
CREATE FUNCTION run(q text) RETURNS text LANGUAGE plpgsql AS 'DECLARE r text; BEGIN EXECUTE q INTO r; RETURN r; END';
CREATE FUNCTION lower(a varchar) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE PROCEDURE tidy() LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE FUNCTION same_text(a text, b text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN a = b; END';
CREATE OPERATOR === (FUNCTION = same_text, LEFTARG = text, RIGHTARG = text);
CREATE EXTENSION pg_trgm;
CREATE EXTENSION pgcrypto;
CREATE EXTENSION dblink;
`;

/** What a case says of a statement. Columns and relations are written without their schema `crm.`. */
interface Want {
  readonly action?: string;
  readonly class?: string;
  readonly reads?: string;
  readonly writes?: string;
  /** `name: column/how, …` for each output; `!` for one that is opaque. `none`: returns no rows. */
  readonly out?: readonly string[] | 'unknown' | 'none';
  /** `column=use`, those that matter. */
  readonly uses?: string;
  readonly filter?: string;
  readonly limit?: number | null;
  /** Kinds of reasons, in order of their names. Nothing is opaque when it is left out. */
  readonly opaque?: string;
  readonly routines?: string;
  readonly flows?: string;
  readonly state?: string;
  readonly locks?: boolean;
  readonly elevated?: boolean;
  readonly changes?: string;
}

type Case = readonly [sql: string, ...wants: readonly Want[]];

const CASES: Readonly<Record<string, readonly Case[]>> = {
  'names and lexis': [
    ['SELECT ID FROM PEOPLE', { reads: 'people', out: ['id: people.id/same'] }],
    [
      'SELECT "Select", "a.b" FROM "Odd Name"',
      { reads: '"Odd Name"', out: ['Select: "Odd Name"."Select"/same', 'a.b: "Odd Name"."a.b"/same'] },
    ],
    ['SELECT "ID" FROM people', { out: ['ID: !'], opaque: 'unknown-column' }],
    ['SELECT id FROM "PEOPLE"', { reads: '"PEOPLE"', out: ['id: !'], opaque: 'unknown-column unknown-relation' }],
    ['SELECT U&"s\\0073n" FROM people', { out: ['ssn: people.ssn/same'] }],
    ["SELECT 'a\\', ssn FROM people -- '", { out: ['?column?: ', 'ssn: people.ssn/same'] }],
    ["SELECT e'a\\', ssn FROM people --' FROM orders", { reads: 'orders', out: ['?column?: '] }],
    ['SELECT $$ FROM people $$', { reads: '', out: ['?column?: '] }],
    ['SELECT 1 /* /* */ , ssn FROM people -- */', { reads: '', out: ['?column?: '] }],
    ['SELECT id FROM ONLY people', { reads: 'people', out: ['id: people.id/same'] }],
    ['TABLE orders', { reads: 'orders', filter: 'absent' }],
    ['SELECT id FROM crm.people, postgres.crm.orders', { reads: 'orders people' }],
    ['SELECT id FROM elsewhere.crm.people', { opaque: 'unknown-column unknown-relation', out: ['id: !'] }],
  ],
  outputs: [
    [
      'SELECT ssn, upper(email), id + 1, count(*) OVER () FROM people',
      {
        out: ['ssn: people.ssn/same', 'upper: people.email/derived', '?column?: people.id/derived', 'count: '],
        routines: 'pg_catalog.count pg_catalog.upper',
      },
    ],
    ['SELECT last4 FROM people', { out: ['last4: people.last4/same people.ssn/derived'] }],
    ['SELECT count(ssn), count(DISTINCT ssn) FROM people', { out: ['count: people.ssn/counted', 'count: people.ssn/derived'] }],
    [
      'SELECT p FROM people p',
      { out: ['p: people.email/derived people.id/derived people.last4/derived people.name/derived people.ssn/derived'] },
    ],
    ['SELECT (p).ssn, ssn(p) FROM people p', { out: ['ssn: people.ssn/same', 'ssn: people.ssn/same'] }],
    [
      'SELECT row_to_json(o) FROM orders o',
      { out: ['row_to_json: orders.id/derived orders.note/derived orders.person_id/derived orders.total/derived'] },
    ],
    [
      'SELECT ssn::text, ssn COLLATE "C", (ARRAY[ssn])[1] FROM people',
      {
        out: ['ssn: people.ssn/derived', 'ssn: people.ssn/derived', 'array: people.ssn/derived'],
      },
    ],
    ['SELECT CASE WHEN ssn = $1 THEN 1 END FROM people', { out: ['case: people.ssn/derived'] }],
    ["SELECT 'x' IN (SELECT ssn FROM people)", { reads: 'people', out: ['?column?: people.ssn/derived'] }],
    ['SELECT EXISTS (SELECT 1 FROM people WHERE ssn = $1)', { reads: 'people', out: ['exists: people.ssn/derived'] }],
    [
      'SELECT (SELECT ssn FROM people LIMIT 1), ARRAY(SELECT email FROM people)',
      {
        out: ['ssn: people.ssn/same', 'array: people.email/derived'],
      },
    ],
    ['SELECT id FROM people UNION ALL SELECT ssn::int FROM people', { out: ['id: people.id/same people.ssn/derived'] }],
    ['WITH RECURSIVE t(n) AS (SELECT ssn FROM people UNION ALL SELECT n FROM t) SELECT n FROM t', { out: ['n: people.ssn/same'] }],
    ['SELECT x.* FROM people p, LATERAL (SELECT p.ssn, p.id) x', { out: ['ssn: people.ssn/same', 'id: people.id/same'] }],
    ['SELECT * FROM people p JOIN orders o USING (id) WHERE false', { reads: 'orders people' }],
    ["SELECT * FROM json_to_record('{}') AS t(a int, b text)", { out: ['a: ', 'b: '], routines: 'pg_catalog.json_to_record' }],
    [
      'SELECT g, w.ordinality FROM people, unnest(ARRAY[ssn]) WITH ORDINALITY AS w(g)',
      {
        out: ['g: people.ssn/derived', 'ordinality: people.ssn/derived'],
      },
    ],
    [
      'SELECT xmlelement(name a, xmlattributes(ssn AS s), email) FROM people',
      { out: ['xmlelement: people.email/derived people.ssn/derived'] },
    ],
    [
      "SELECT json_object('a': ssn), json_arrayagg(email) FROM people GROUP BY ssn",
      {
        out: ['json_object: people.ssn/derived', 'json_arrayagg: people.email/derived'],
        uses: 'people.ssn=group',
      },
    ],
    [
      "SELECT t.x FROM JSON_TABLE((SELECT ssn::jsonb FROM people), '$[*]' COLUMNS (x text PATH '$.x')) t",
      { out: ['x: people.ssn/derived'] },
    ],
    ["SELECT t.* FROM people, XMLTABLE('/a' PASSING (ssn::xml) COLUMNS b text) t", { out: ['b: people.ssn/derived'] }],
    [
      'SELECT json_arrayagg(id) OVER w FROM people WINDOW w AS (PARTITION BY ssn)',
      { out: ['json_arrayagg: people.id/derived people.ssn/derived'] },
    ],
    [
      'SELECT value, e.value, e FROM people, jsonb_array_elements(ssn::jsonb) e',
      {
        out: ['value: people.ssn/derived', 'value: people.ssn/derived', 'e: people.ssn/derived'],
      },
    ],
    ['SELECT k.key, v FROM people, jsonb_each(to_jsonb(people)) AS k(key, v)', { reads: 'people' }],
    ['VALUES (1, $1), (2, $2)', { out: ['column1: ', 'column2: '] }],
    [
      "SELECT extract(year FROM now()), position('a' IN note), note AT TIME ZONE 'utc' FROM orders",
      {
        out: ['extract: ', 'position: orders.note/derived', 'timezone: orders.note/derived'],
      },
    ],
    ['SELECT ctid, tableoid, xmin FROM people', { out: ['ctid: ', 'tableoid: ', 'xmin: '] }],
  ],
  'views, partitions and inheritance': [
    [
      'SELECT mail, number FROM contacts',
      {
        reads: 'contacts people',
        out: ['mail: contacts.mail/same people.email/derived', 'number: contacts.number/same people.ssn/same'],
      },
    ],
    ['SELECT number FROM contacts_again', { out: ['number: contacts.number/same contacts_again.number/same people.ssn/same'] }],
    ['SELECT ssn FROM totals', { reads: 'totals', out: ['ssn: people.ssn/same totals.ssn/same'] }],
    ['SELECT id FROM visits_2024', { out: ['id: visits_2024.id/same'] }],
    ['SELECT ssn FROM staff', { out: ['ssn: staff.ssn/same'] }],
    ['DELETE FROM contacts WHERE id = 1', { writes: 'contacts people', filter: 'present' }],
  ],
  'predicates, filters and limits': [
    ['SELECT id FROM people WHERE ssn = $1', { uses: 'people.ssn=predicate-equality', filter: 'present' }],
    ["SELECT id FROM people WHERE ssn IN ('a', 'b')", { uses: 'people.ssn=predicate-equality' }],
    ["SELECT id FROM people WHERE ssn LIKE 'a%'", { uses: 'people.ssn=predicate-other' }],
    ["SELECT id FROM people WHERE ssn BETWEEN 'a' AND 'b'", { uses: 'people.ssn=predicate-other' }],
    ['SELECT id FROM people WHERE ssn IS NULL', { uses: 'people.ssn=predicate-other' }],
    ['SELECT p.id FROM people p JOIN orders o ON o.note = p.ssn', { uses: 'orders.note=join people.ssn=join' }],
    ['SELECT id FROM people ORDER BY ssn LIMIT 10', { uses: 'people.ssn=order', limit: 10 }],
    ['SELECT id FROM people FETCH FIRST 5 ROWS ONLY', { limit: 5 }],
    ['SELECT id FROM people LIMIT $1', { limit: null }],
    ['DELETE FROM people', { action: 'delete', class: 'write', writes: 'people', filter: 'absent', out: 'none' }],
    ['DELETE FROM people WHERE true', { filter: 'always-true' }],
    ['DELETE FROM people WHERE 1 = 1', { filter: 'always-true' }],
    ['DELETE FROM people WHERE id = id', { filter: 'always-true' }],
    ['UPDATE people SET name = $1 WHERE $2', { filter: 'always-true' }],
    ['UPDATE people SET name = $1 WHERE id = $2', { filter: 'present', uses: 'people.name=write-target' }],
    ['UPDATE people SET name = $1 WHERE CURRENT OF c', { filter: 'present' }],
    ['SELECT id FROM people FOR UPDATE', { locks: true }],
  ],
  writes: [
    [
      'INSERT INTO people (id, name) VALUES (1, $1) RETURNING *',
      {
        action: 'insert',
        class: 'write',
        writes: 'people',
        out: [
          'id: people.id/same',
          'name: people.name/same',
          'ssn: people.ssn/same',
          'email: people.email/same',
          'last4: people.last4/same people.ssn/derived',
        ],
      },
    ],
    [
      'INSERT INTO orders (id, note) SELECT id, ssn FROM people',
      {
        reads: 'people',
        writes: 'orders',
        flows: 'people.id>orders.id people.ssn>orders.note',
      },
    ],
    [
      'INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = (SELECT ssn FROM people LIMIT 1)',
      { flows: 'people.ssn>orders.note' },
    ],
    ['UPDATE orders o SET (note, total) = (SELECT p.ssn, 1 FROM people p WHERE p.id = o.person_id)', { flows: 'people.ssn>orders.note' }],
    ['UPDATE people SET name = ssn', { flows: 'people.ssn>people.name', filter: 'absent' }],
    [
      'WITH gone AS (DELETE FROM people WHERE id = 1 RETURNING ssn) SELECT ssn FROM gone',
      {
        class: 'write',
        writes: 'people',
        out: ['ssn: people.ssn/same'],
      },
    ],
    [
      'MERGE INTO orders o USING people p ON o.person_id = p.id WHEN MATCHED THEN UPDATE SET note = p.ssn WHEN NOT MATCHED THEN DO NOTHING RETURNING merge_action(), o.note',
      {
        action: 'merge',
        reads: 'orders people',
        writes: 'orders',
        flows: 'people.ssn>orders.note',
      },
    ],
    ['UPDATE people SET name = $1 WHERE id = $2 RETURNING old.ssn, new.name', { out: ['ssn: people.ssn/same', 'name: people.name/same'] }],
    ['TRUNCATE people CASCADE', { action: 'truncate', class: 'write', writes: 'people', opaque: 'unknown-relation' }],
    ['TRUNCATE orders', { action: 'truncate', class: 'write', writes: 'orders', filter: 'absent' }],
    [
      'COPY people (id, ssn) TO STDOUT',
      { action: 'copy', class: 'read', reads: 'people', out: ['id: people.id/same', 'ssn: people.ssn/same'] },
    ],
    ['COPY (SELECT email FROM people) TO STDOUT (FORMAT csv)', { class: 'read', out: ['email: people.email/same'] }],
    ["COPY people TO PROGRAM 'cat'", { class: 'administrative', elevated: true, out: 'none' }],
    ['COPY orders (id, note) FROM STDIN', { class: 'write', writes: 'orders', uses: 'orders.id=write-target orders.note=write-target' }],
  ],
  routines: [
    [
      'SELECT add_one(id), add_two(id) FROM people',
      {
        out: ['add_one: people.id/derived', 'add_two: people.id/derived'],
        routines: 'add_one add_two',
      },
    ],
    ["SELECT run('SELECT ssn FROM people')", { out: ['run: !'], opaque: 'dynamic-sql', state: 'unknown' }],
    [
      'SELECT * FROM everyone()',
      {
        out: [
          'id: people.id/same',
          'name: people.name/same',
          'ssn: people.ssn/same',
          'email: people.email/same',
          'last4: people.last4/same people.ssn/derived',
        ],
      },
    ],
    ["SELECT query_to_xml('SELECT ssn FROM people', true, true, '')", { out: ['query_to_xml: !'], opaque: 'dynamic-sql' }],
    ["SELECT table_to_xml('people', true, true, '')", { out: ['table_to_xml: !'], opaque: 'dynamic-sql' }],
    ["SELECT word FROM ts_stat('SELECT to_tsvector(ssn) FROM people')", { out: ['word: !'], opaque: 'dynamic-sql' }],
    ["SELECT ts_rewrite('a'::tsquery, 'SELECT 1')", { out: ['ts_rewrite: !'], opaque: 'dynamic-sql' }],
    ["SELECT ts_rewrite('a'::tsquery, 'b'::tsquery, 'c'::tsquery)", { out: ['ts_rewrite: '] }],
    ["SELECT pg_read_file('/etc/passwd')", { out: ['pg_read_file: !'], opaque: 'foreign-data' }],
    ['SELECT lo_get(1)', { out: ['lo_get: !'], opaque: 'foreign-data' }],
    ["SELECT * FROM dblink('dbname=postgres', 'SELECT ssn FROM people') AS t(a text)", { out: ['a: !'], opaque: 'foreign-data' }],
    [
      'SELECT similarity(name, $1), digest(email, $2) FROM people',
      {
        out: ['similarity: people.name/derived', 'digest: people.email/derived'],
      },
    ],
    ["SELECT id FROM people WHERE name % 'x'", { filter: 'present', uses: 'people.name=predicate-other' }],
    ['SELECT id FROM people WHERE name === ssn', { opaque: 'unknown-routine' }],
    ['SELECT lower(name) FROM people', { out: ['lower: people.name/derived'] }],
    ['SELECT pg_catalog.lower(name) FROM people', { out: ['lower: people.name/derived'] }],
    ["SELECT set_config('search_path', 'x', false)", { state: 'unknown', routines: 'pg_catalog.set_config' }],
    [
      "SELECT current_setting('search_path'), nextval('s'), random()",
      { routines: 'pg_catalog.current_setting pg_catalog.nextval pg_catalog.random' },
    ],
    ["SELECT setval('s', 1)", { class: 'write' }],
    ['SELECT pg_advisory_xact_lock(1)', { locks: true }],
    ['SELECT pg_terminate_backend(1)', { class: 'administrative', elevated: true }],
    ["SELECT pg_notify('c', ssn) FROM people", { flows: 'people.ssn>notification' }],
    ['SELECT nothing_of_that_name(1)', { out: ['nothing_of_that_name: !'], opaque: 'unknown-routine' }],
    ['CALL tidy()', { action: 'call', class: 'procedural', out: 'none' }],
    ['DO LANGUAGE plperl $$ 1; $$', { action: 'do', class: 'procedural', opaque: 'dynamic-sql', state: 'unknown' }],
  ],
  'the system': [
    [
      'SELECT relname, relkind FROM pg_class',
      { reads: 'pg_catalog.pg_class', out: ['relname: pg_catalog.pg_class.relname/same', 'relkind: pg_catalog.pg_class.relkind/same'] },
    ],
    [
      'SELECT table_name FROM information_schema.tables',
      { reads: 'information_schema.tables', out: ['table_name: information_schema.tables.table_name/same'] },
    ],
    [
      'SELECT pid, state FROM pg_stat_activity',
      { out: ['pid: pg_catalog.pg_stat_activity.pid/same', 'state: pg_catalog.pg_stat_activity.state/same'] },
    ],
    ['SELECT query FROM pg_stat_activity', { out: ['query: pg_catalog.pg_stat_activity.query/same!'], opaque: 'foreign-data' }],
    ['SELECT 1 FROM pg_stats WHERE most_common_vals::text LIKE $1', { opaque: 'foreign-data' }],
    ['SELECT rolname FROM pg_authid', { out: ['rolname: pg_catalog.pg_authid.rolname/same'] }],
    ['SELECT passwd FROM pg_shadow', { out: ['passwd: pg_catalog.pg_shadow.passwd/same!'], opaque: 'foreign-data' }],
    ['SELECT pg_get_viewdef(c.oid) FROM pg_class c', { out: ['pg_get_viewdef: pg_catalog.pg_class.oid/derived'] }],
  ],
  'the session': [
    ['BEGIN; COMMIT', { action: 'begin', class: 'transaction', state: 'none' }, { action: 'commit', class: 'transaction' }],
    [
      'SET search_path = pg_catalog; SELECT 1 FROM people',
      { action: 'set', state: 'unknown' },
      { opaque: 'unknown-relation', reads: 'people' },
    ],
    [
      "SET sqlwarden.ticket = 'CHG-7'; SELECT ssn FROM people",
      { action: 'set', class: 'session', state: 'unknown' },
      { reads: 'people', out: ['ssn: people.ssn/same'] },
    ],
    ['SET ROLE other', { class: 'privilege', elevated: true, state: 'unknown' }],
    ["SET work_mem = '1MB'", { class: 'session', state: 'none' }],
    ['SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY', { class: 'session', state: 'none' }],
    ['SET standard_conforming_strings = off', { state: 'unknown' }],
    ['RESET ALL', { action: 'reset', state: 'unknown' }],
    ['SHOW search_path', { action: 'show', out: ['search_path: '] }],
    ['DISCARD ALL', { action: 'discard', state: 'unknown' }],
    ['PREPARE p AS SELECT ssn FROM people', { action: 'prepare', reads: 'people', out: 'none' }],
    [
      'DECLARE c CURSOR FOR SELECT ssn FROM people; FETCH 10 FROM c; CLOSE c',
      { action: 'declare', reads: 'people', out: 'none' },
      { action: 'fetch', out: ['ssn: people.ssn/same'] },
      { action: 'close' },
    ],
    ['FETCH ALL FROM c', { action: 'fetch', out: 'unknown', opaque: 'session-state' }],
    ['LISTEN c', { action: 'listen', class: 'session' }],
    ['EXPLAIN SELECT ssn FROM people', { action: 'explain', class: 'read', reads: 'people', out: ['QUERY PLAN: '] }],
    ['EXPLAIN (ANALYZE) DELETE FROM people', { class: 'write', writes: 'people', filter: 'absent' }],
    ['EXPLAIN (ANALYZE false) DELETE FROM people', { action: 'explain' }],
    ['LOCK TABLE people IN ACCESS SHARE MODE', { action: 'lock', locks: true }],
    ['VACUUM people', { action: 'vacuum', class: 'administrative' }],
  ],
  'the schema': [
    [
      'CREATE TABLE t (id int PRIMARY KEY, a text DEFAULT upper($$x$$)); CREATE INDEX i ON t (upper(a)); INSERT INTO t VALUES (1)',
      { action: 'create', class: 'schema', changes: 'create table t' },
      { action: 'create', class: 'schema', changes: 'alter table t; create index i' },
      { action: 'insert', class: 'write', writes: 't' },
    ],
    [
      'CREATE TABLE t AS SELECT ssn AS s FROM people; SELECT s FROM t',
      { class: 'schema', changes: 'create table t', reads: 'people' },
      { out: ['s: people.ssn/same t.s/same'] },
    ],
    [
      'SELECT ssn INTO t FROM people UNION SELECT ssn FROM people',
      { action: 'create', class: 'schema', changes: 'create table t', reads: 'people' },
    ],
    ['CREATE VIEW w AS SELECT ssn FROM people', { class: 'schema', reads: 'people', changes: 'create view w' }],
    [
      'CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT ssn FROM people $$',
      { class: 'schema', reads: 'people', changes: 'create function f' },
    ],
    ['CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN END $$', { class: 'schema' }],
    ['CREATE FUNCTION f() RETURNS text LANGUAGE plperl AS $$ 1 $$', { class: 'schema', opaque: 'unknown-routine' }],
    ['ALTER TABLE people ADD COLUMN score numeric', { action: 'alter', changes: 'alter table people (add score)' }],
    ['ALTER TABLE people RENAME COLUMN ssn TO number', { changes: 'rename table people (rename ssn)' }],
    ['ALTER TABLE people DROP COLUMN ssn, ALTER name TYPE text', { changes: 'alter table people (drop ssn, alter name)' }],
    ['ALTER TABLE people RENAME TO humans', { action: 'rename', changes: 'rename table humans; rename table people' }],
    [
      'DROP TABLE people, orders CASCADE',
      { action: 'drop', class: 'schema', writes: 'orders people', changes: 'drop table orders; drop table people' },
    ],
    ['COMMENT ON TABLE people IS $$x$$', { action: 'comment', class: 'schema', changes: 'comment table people' }],
    ['CREATE POLICY p ON people USING (ssn = current_user)', { class: 'privilege' }],
    ['GRANT SELECT ON people TO PUBLIC', { action: 'grant', class: 'privilege', elevated: true }],
    ['CREATE ROLE r', { class: 'privilege' }],
    ['CREATE EXTENSION hstore', { class: 'schema', opaque: 'unknown-routine' }],
    ['REFRESH MATERIALIZED VIEW totals', { action: 'maintain', writes: 'totals' }],
    ['CREATE SCHEMA s CREATE TABLE t (a int)', { opaque: 'unknown-node' }],
    ['CREATE SUBSCRIPTION s CONNECTION $$x$$ PUBLICATION p', { opaque: 'foreign-data' }],
  ],
};

const state: SqlState = {
  id: 1,
  database: 'postgres',
  role: 'postgres',
  searchPath: ['pg_catalog', 'crm'],
  lexical: { standard_conforming_strings: 'on' },
};
const parse = createParser();

let server: PostgresServer;
let catalogue: ResolvedCatalogue;

beforeAll(async () => {
  server = await startPostgres();
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  await client.query(SCHEMA);
  const rows = async (text: string): Promise<(string | null)[][]> =>
    (await client.query<(string | null)[]>({ text, rowMode: 'array', types: { getTypeParser: () => (value: string) => value } })).rows;
  catalogue = await createCatalogueReader()(rows, 1, parse);
  await client.end();
});

afterAll(() => server.stop());

async function factsOf(sql: string): Promise<readonly StatementFacts[]> {
  const result = await parse(sql, { serverVersion: 180_004, lexical: state.lexical });
  if (!result.ok) throw new Error(`${result.failure.kind}: ${result.failure.message}`);
  return analyse(result.unit, { catalogue, state, stateChangedInTransaction: false, schemaChangedInTransaction: false }).statements;
}

const short = (name: string): string => name.replaceAll(/(^|[ >])crm\./g, '$1');
const sorted = (names: readonly string[]): string => names.map(short).sort().join(' ');

function outputs(facts: StatementFacts): Want['out'] {
  if (facts.outputs === undefined) return 'none';
  if (facts.outputs === 'unknown') return 'unknown';
  return facts.outputs.map(({ name, origins, opaque }) => {
    const from = sorted(origins.map(({ column, how }) => `${column}/${how}`));
    return `${name}: ${from}${opaque ? '!' : ''}`;
  });
}

function flows(facts: StatementFacts): string {
  return sorted(
    facts.flows.flatMap(({ from, to }) => {
      const where = to.kind === 'column' ? short(to.column) : to.kind;
      return from.map((column) => `${column}>${where}`);
    }),
  );
}

function changes(facts: StatementFacts): string {
  return facts.schemaChanges
    .map(({ operation, kind, name, columns = [] }) => {
      const changed = columns.map((column) => `${column.operation} ${column.name}`).join(', ');
      return `${operation} ${kind} ${short(name)}${changed === '' ? '' : ` (${changed})`}`;
    })
    .sort()
    .join('; ');
}

/** The facts in the words of a case: what the case says nothing of is left out. */
function asWanted(facts: StatementFacts, want: Want): Want {
  const uses = new Set((want.uses ?? '').split(' '));
  const all: Required<Want> = {
    action: facts.action,
    class: facts.class,
    reads: sorted(facts.reads),
    writes: sorted(facts.writes),
    out: outputs(facts) ?? 'none',
    uses: sorted(facts.columns.map(({ column, use }) => `${short(column)}=${use}`).filter((use) => uses.has(use))),
    filter: facts.filter,
    limit: facts.limit,
    opaque: [...new Set(facts.opaque.map(({ kind }) => kind))].sort().join(' '),
    routines: sorted(facts.routines.map(({ name }) => name)),
    flows: flows(facts),
    state: facts.stateEffect,
    locks: facts.locks,
    elevated: facts.elevated,
    changes: changes(facts),
  };
  return Object.fromEntries(Object.entries(all).filter(([key]) => key in want || key === 'opaque')) as Want;
}

for (const [topic, cases] of Object.entries(CASES)) {
  describe(`facts of ${topic}`, () => {
    it.each(cases)('%s', async (sql, ...wants) => {
      const facts = await factsOf(sql);
      expect(facts).toHaveLength(wants.length);
      expect(facts.map((statement, at) => asWanted(statement, wants[at] ?? {}))).toEqual(wants.map((want) => ({ opaque: '', ...want })));
    });
  });
}

describe('relationOutputs', () => {
  it('says what stands behind the columns of views, tables and generated columns', () => {
    const lines = (relation: string): string[] | string | undefined => {
      const found = relationOutputs(catalogue, relation);
      return typeof found === 'object'
        ? found.map(({ name, origins }) => `${name}: ${sorted(origins.map(({ column, how }) => `${column}/${how}`))}`)
        : found;
    };
    expect(lines('crm.contacts')).toContain('mail: contacts.mail/same people.email/derived');
    expect(lines('crm.totals')).toContain('ssn: people.ssn/same totals.ssn/same');
    expect(lines('crm.people')).toContain('last4: people.last4/same people.ssn/derived');
    expect(lines('crm.nothing')).toBeUndefined();
  });
});

describe('analyse', () => {
  it('says nothing of units and catalogues that are not its own', () => {
    const foreign = analyse(
      { statements: [{ any: 'thing' }] },
      { catalogue, state, stateChangedInTransaction: false, schemaChangedInTransaction: false },
    );
    expect(foreign.statements).toMatchObject([{ action: 'unknown', outputs: 'unknown', opaque: [{ kind: 'complexity' }] }]);
  });
});
