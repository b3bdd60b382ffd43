import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AnalyseContext, StatementFacts } from '@sqlwarden/core';
import { findPostgres, type PostgresServer, requireOrSkip, startPostgres } from '@sqlwarden/testkit';
import fc from 'fast-check';
import pg from 'pg';
import { createCatalogueReader, type PostgresCatalogue } from '../catalog/index.js';
import { analyse, relationOutputs } from './analyse.js';
import { createParser } from './parse.js';

/**
 * Lineage on a real catalogue, as data: what of the protected columns (people.ssn, people.email, people.salary, stored.ssn and the like,
 * wherever they are) reaches which output, how they are compared, and where they go. Attacks and ordinary statements stand side by side.
 */

const SCHEMA = `
create table people (id int primary key, name text not null, email text unique, ssn text, salary int, city text, active boolean default true);
create table orders (id int primary key, person_id int not null references people, amount numeric, contact text, note text, tags text[], doc jsonb, created_at timestamptz default now());
create table audit (id serial primary key, what text, at timestamptz default now());
create table codes (code text primary key, label text, rank int);
create view names as select id, name, city from people;
create view cards as select id, upper(name) as name, ssn, left(ssn, 3) as prefix from people where active;
create view cards_of_orders as select c.ssn as s, c.prefix as p, o.amount from cards c join orders o on o.person_id = c.id;
create view by_star as select * from people;
create view paid as with p as (select id, ssn from people) select p.ssn as number, sum(o.amount) as total from p join orders o on o.person_id = p.id group by p.ssn;
create materialized view kept as select id, ssn as number, length(ssn) as size from people;
create table computed (id int, secret text, shadow text generated always as (secret || '!') stored);
create type address as (street text, zip text);
create table places (id int, at address, all_of address[]);
create function add_up(a int, b int) returns int language sql immutable as 'select a + b';
create function leak(i int) returns text language plpgsql as 'declare found_one text; begin execute ''select ssn from people where id = '' || i into found_one; return found_one; end';
create function sees(i int) returns text language plpgsql as 'begin return (select ssn from people where id = i); end';
create function people_of(c text) returns setof people language sql as 'select * from people where city = c';
create function above(s text) returns bigint language sql as 'select count(*) from people where ssn > s';
create function touch() returns trigger language plpgsql as 'begin return new; end';
create table parted (id int, ssn text) partition by range (id);
create table parted_1 partition of parted for values from (0) to (100);
create schema other;
create table other.people (id int, ssn text, other_col text);
create sequence numbers;
`;

const PROTECTED = /^public\.(people\.(ssn|email|salary)|computed\.secret|parted\.ssn)$/;

/** The columns under protection, by their last parts. `ssn` passes unchanged, `~ssn` derives, `#ssn` is only counted, `!` is opaque. */
type Lineage = string;

interface Case {
  readonly note: string;
  readonly sql: string;
  /** One per output: the lineage, parts in order of names, `''` for none. */
  readonly out?: readonly Lineage[] | 'unknown' | undefined;
  /** Uses of protected columns that are not of outputs: `ssn predicate-other`. */
  readonly uses?: readonly string[];
  /** Flows of protected columns: `ssn > public.audit.what`, `ssn > file file`. */
  readonly flows?: readonly string[];
  readonly filter?: StatementFacts['filter'];
  readonly class?: StatementFacts['class'];
  readonly action?: StatementFacts['action'];
  /** Kinds of reasons; no reason is allowed when absent. */
  readonly opaque?: readonly string[];
  readonly reads?: readonly string[];
  readonly writes?: readonly string[];
  /** Which statement of the unit is looked at; the last one when absent. */
  readonly at?: number;
}

const OUTPUTS: readonly Case[] = [
  { note: 'a plain column passes', sql: 'select ssn from people', out: ['ssn'] },
  { note: 'an alias changes nothing', sql: 'select ssn as harmless from people', out: ['ssn'] },
  { note: 'a table alias', sql: 'select x.ssn from people x', out: ['ssn'] },
  { note: 'a schema in front', sql: 'select public.people.ssn from public.people', out: ['ssn'] },
  { note: 'the database in front', sql: 'select ssn from postgres.public.people', out: ['ssn'] },
  { note: 'column aliases of a table', sql: 'select d from people as p(a, b, c, d)', out: ['ssn'] },
  { note: 'a star', sql: 'select * from people', out: ['', '', 'email', 'ssn', 'salary', '', ''] },
  {
    note: 'a star of one table among several',
    sql: 'select o.*, p.ssn from orders o, people p',
    out: ['', '', '', '', '', '', '', '', 'ssn'],
  },
  { note: 'TABLE', sql: 'table people', out: ['', '', 'email', 'ssn', 'salary', '', ''] },
  { note: 'ONLY', sql: 'select ssn from only people', out: ['ssn'] },
  { note: 'concatenation derives', sql: `select 'a' || ssn from people`, out: ['~ssn'] },
  {
    note: 'a long chain of operators derives',
    sql: `select ${Array.from({ length: 100 }, () => 'ssn').join(' || ')} from people`,
    out: ['~ssn'],
  },
  { note: 'a cast derives', sql: 'select ssn::varchar(3) from people', out: ['~ssn'] },
  { note: 'a function derives', sql: 'select md5(ssn) from people', out: ['~ssn'] },
  { note: 'a function of a user that only computes derives', sql: 'select add_up(salary, 1) from people', out: ['~salary'] },
  { note: 'coalesce derives', sql: `select coalesce(ssn, 'none') from people`, out: ['~ssn'] },
  { note: 'nullif derives from both', sql: 'select nullif(name, ssn) from people', out: ['~ssn'] },
  { note: 'a comparison as output derives', sql: `select ssn = '1' from people`, out: ['~ssn'] },
  { note: 'a null test as output derives', sql: 'select ssn is null from people', out: ['~ssn'] },
  { note: 'an IN list as output derives', sql: `select ssn in ('1', '2') from people`, out: ['~ssn'] },
  { note: 'LIKE as output derives', sql: `select ssn like '1%' from people`, out: ['~ssn'] },
  {
    note: 'CASE derives from its condition',
    sql: `select case when ssn like '1%' then 1 else 0 end from people`,
    out: ['~ssn'],
    uses: ['ssn predicate-other'],
  },
  {
    note: 'CASE derives from its operand',
    sql: `select case ssn when '1' then name else city end from people`,
    out: ['~ssn'],
    uses: ['ssn predicate-equality'],
  },
  { note: 'CASE derives from its results', sql: `select case when city = 'x' then ssn else '' end from people`, out: ['~ssn'] },
  { note: 'a whole row derives from all of it', sql: 'select p from people p', out: ['~email ~salary ~ssn'] },
  { note: 'a whole row by its table name', sql: 'select people from people', out: ['~email ~salary ~ssn'] },
  { note: 'a whole row as JSON', sql: 'select row_to_json(p) from people p', out: ['~email ~salary ~ssn'] },
  { note: 'a whole row as JSON by star', sql: 'select to_jsonb(p.*) from people p', out: ['~email ~salary ~ssn'] },
  { note: 'a whole row as text', sql: 'select p::text from people p', out: ['~email ~salary ~ssn'] },
  { note: 'a row constructor', sql: 'select row(id, ssn) from people', out: ['~ssn'] },
  { note: 'a row constructor with a star', sql: 'select row(p.*) from people p', out: ['~email ~salary ~ssn'] },
  { note: 'an array', sql: 'select array[name, ssn] from people', out: ['~ssn'] },
  { note: 'a JSON constructor', sql: `select json_build_object('a', ssn), json_object('a': email) from people`, out: ['~ssn', '~email'] },
  { note: 'an XML constructor', sql: 'select xmlelement(name x, ssn) from people', out: ['~ssn'] },
  { note: 'a field of a whole row passes', sql: 'select (p).ssn from people p', out: ['ssn'] },
  { note: 'all fields of a whole row', sql: 'select (p).* from people p', out: ['', '', 'email', 'ssn', 'salary', '', ''] },
  { note: 'a column written as a function', sql: 'select ssn(p), email(p) from people p', out: ['ssn', 'email'] },
  { note: 'a field of a subquery row', sql: 'select (x).ssn from (select id, ssn from people) x', out: ['ssn'] },
  { note: 'a field of a stored row', sql: 'select (at).zip, at, all_of[1].street from places', out: ['', '', ''] },
  {
    note: 'min, max, sum and avg derive',
    sql: 'select min(ssn), max(email), sum(salary), avg(salary) from people',
    out: ['~ssn', '~email', '~salary', '~salary'],
  },
  {
    note: 'aggregates into lists derive',
    sql: `select array_agg(ssn), string_agg(email, ','), json_agg(p), json_object_agg(id, ssn) from people p`,
    out: ['~ssn', '~email', '~email ~salary ~ssn', '~ssn'],
  },
  { note: 'count of rows', sql: 'select count(*) from people', out: [''] },
  { note: 'count of a column counts', sql: 'select count(ssn) from people', out: ['#ssn'], uses: ['ssn count'] },
  {
    note: 'count of a row counts',
    sql: 'select count(p) from people p',
    out: ['#email #salary #ssn'],
    uses: ['email count', 'salary count', 'ssn count'],
  },
  { note: 'count of different values derives', sql: 'select count(distinct ssn) from people', out: ['~ssn'] },
  { note: 'count of a computed value derives', sql: `select count(nullif(ssn, '1')) from people`, out: ['~ssn'] },
  {
    note: 'count of CASE derives',
    sql: `select count(case when ssn like '1%' then 1 end) from people`,
    out: ['~ssn'],
    uses: ['ssn predicate-other'],
  },
  {
    note: 'count of a computed value in a subquery derives',
    sql: `select count(x) from (select nullif(ssn, '1') as x from people) s`,
    out: ['~ssn'],
  },
  { note: 'FILTER derives', sql: `select count(*) filter (where ssn like '1%') from people`, out: ['~ssn'], uses: ['ssn predicate-other'] },
  { note: 'a computation on a count is a count', sql: 'select count(ssn) * 2 + 1 from people', out: ['#ssn'], uses: ['ssn count'] },
  {
    note: 'ORDER BY of an aggregate derives',
    sql: `select string_agg(name, ',' order by salary) from people`,
    out: ['~salary'],
    uses: ['salary order'],
  },
  {
    note: 'an ordered-set aggregate derives',
    sql: 'select percentile_cont(0.5) within group (order by salary) from people',
    out: ['~salary'],
    uses: ['salary order'],
  },
  {
    note: 'a window derives from its order',
    sql: 'select row_number() over (order by salary) from people',
    out: ['~salary'],
    uses: ['salary order'],
  },
  {
    note: 'a window derives from its partition',
    sql: 'select count(*) over (partition by ssn) from people',
    out: ['~ssn'],
    uses: ['ssn group'],
  },
  {
    note: 'a named window derives',
    sql: 'select rank() over w from people window w as (order by salary)',
    out: ['~salary'],
    uses: ['salary order'],
  },
  {
    note: 'a window built on a named one derives',
    sql: 'select rank() over (w order by salary) from people window w as (partition by city)',
    out: ['~salary'],
    uses: ['salary order'],
  },
  { note: 'a window that nobody uses', sql: 'select id from people window w as (order by salary)', out: [''], uses: ['salary order'] },
  { note: 'lag derives', sql: 'select lag(ssn) over (order by id) from people', out: ['~ssn'] },
  { note: 'values without tables', sql: `select 1, 'a', current_user, now()`, out: ['', '', '', ''] },
  { note: 'system columns say nothing', sql: 'select ctid, p.xmin, tableoid from people p', out: ['', '', ''] },
  { note: 'rows of VALUES that hold columns', sql: 'select v.x from people p, lateral (values (p.ssn), (p.name)) v(x)', out: ['ssn'] },
  { note: 'greatest derives', sql: `select greatest(salary, 0) from people`, out: ['~salary'] },
  { note: 'a subscript derives', sql: `select (string_to_array(ssn, '-'))[1] from people`, out: ['~ssn'] },
  { note: 'a generated column holds what it is computed from', sql: 'select id, shadow from computed', out: ['', '~secret'] },
  {
    note: 'a set-returning function in the list decides how many rows there are',
    sql: 'select id, generate_series(1, salary) from people',
    out: ['', '~salary'],
    uses: ['salary failure', 'salary predicate-other'],
  },
];

const QUERIES: readonly Case[] = [
  { note: 'a subquery in FROM', sql: 'select a from (select ssn from people) as s(a)', out: ['ssn'] },
  { note: 'nested subqueries', sql: 'select * from (select * from (select id, ssn as b from people) x) y', out: ['', 'ssn'] },
  { note: 'a scalar subquery passes', sql: 'select (select ssn from people where id = 1)', out: ['ssn'] },
  { note: 'ARRAY of a subquery derives', sql: 'select array(select ssn from people)', out: ['~ssn'] },
  {
    note: 'EXISTS as output derives from its condition',
    sql: `select exists (select 1 from people where ssn like '1%')`,
    out: ['~ssn'],
    uses: ['ssn predicate-other'],
  },
  { note: 'EXISTS as output does not derive from what it selects', sql: 'select exists (select ssn from people where id = 1)', out: [''] },
  { note: 'IN as output derives from both sides', sql: `select 'x' in (select ssn from people)`, out: ['~ssn'] },
  { note: 'ANY as output derives', sql: `select '1' = any (select ssn from people)`, out: ['~ssn'] },
  { note: 'a correlated subquery', sql: 'select (select p.ssn from people p where p.id = o.person_id) from orders o', out: ['ssn'] },
  { note: 'an outer column inside a subquery', sql: 'select (select max(p.ssn || c.code) from codes c) from people p', out: ['~ssn'] },
  { note: 'LATERAL', sql: 'select l.x from people p, lateral (select p.ssn as x) l', out: ['ssn'] },
  {
    note: 'a function in FROM of a column',
    sql: `select r from people p, regexp_split_to_table(p.ssn, '-') r`,
    out: ['~ssn'],
    uses: ['ssn failure', 'ssn predicate-other'],
  },
  {
    note: 'a record function with a column list',
    sql: `select a from people p, json_to_record(row_to_json(p)) as r(a text)`,
    out: ['~email ~salary ~ssn'],
    uses: ['email failure', 'email predicate-other', 'salary failure', 'salary predicate-other', 'ssn failure', 'ssn predicate-other'],
  },
  {
    note: 'ORDINALITY derives',
    sql: `select n from people p, unnest(string_to_array(p.ssn, '')) with ordinality as u(c, n)`,
    out: ['~ssn'],
    uses: ['ssn predicate-other'],
  },
  {
    note: 'rows out of rows',
    sql: 'select r.ssn from (select row_to_json(p) as j from people p) x, json_populate_record(null::people, x.j) r',
    out: ['~email ~salary ~ssn'],
    uses: ['email failure', 'email predicate-other', 'salary failure', 'salary predicate-other', 'ssn failure', 'ssn predicate-other'],
  },
  {
    note: 'rows out of arrays',
    sql: 'select u.ssn from unnest((select array_agg(p) from people p)) u',
    out: ['~email ~salary ~ssn'],
    uses: ['email predicate-other', 'salary predicate-other', 'ssn predicate-other'],
  },
  {
    note: 'XMLTABLE',
    sql: `select x.a from people p, xmltable('/a' passing xmlelement(name a, p.ssn) columns a text path '.') x`,
    out: ['~ssn'],
    uses: ['ssn predicate-other'],
  },
  {
    note: 'JSON_TABLE',
    sql: `select x.a from people p, json_table(json_object('a': p.ssn), '$' columns (a text path '$.a')) x`,
    out: ['~ssn'],
    uses: ['ssn predicate-other'],
  },
  { note: 'a subquery without a name', sql: 'select ssn from (select ssn from people)', out: ['ssn'] },
  {
    note: 'ROWS FROM',
    sql: `select u.b from people p, rows from (generate_series(1, 2), unnest(array[p.ssn])) as u(a, b)`,
    out: ['~ssn'],
    uses: ['ssn predicate-other'],
  },
  { note: 'a common table', sql: 'with s as (select ssn from people) select ssn from s', out: ['ssn'] },
  { note: 'a common table with column names', sql: 'with s(a, b) as (select id, ssn from people) select b from s', out: ['ssn'] },
  { note: 'a common table hides a table', sql: 'with people as (select 1 as ssn) select ssn from people', out: [''] },
  {
    note: 'a common table of that name still reads the table',
    sql: 'with people as (select * from people) select ssn from people',
    out: ['ssn'],
  },
  {
    note: 'common tables in a chain',
    sql: 'with a as (select ssn from people), b as (select ssn as x from a) select x from b',
    out: ['ssn'],
  },
  {
    note: 'a later common table is not seen by an earlier one',
    sql: 'with a as (select ssn from people), people as (select 1 as ssn) select ssn from a',
    out: ['ssn'],
  },
  {
    note: 'with RECURSIVE it is',
    sql: 'with recursive a as (select ssn from people), people as (select 1 as ssn) select ssn from a',
    out: [''],
  },
  { note: 'a common table inside a subquery', sql: 'select * from (with s as (select ssn from people) select * from s) x', out: ['ssn'] },
  {
    note: 'a recursive common table',
    sql: `with recursive t(n, v) as (select 1, ssn from people union all select n + 1, v from t where n < 3) select v from t`,
    out: ['ssn'],
  },
  {
    note: 'recursion moves columns',
    sql: `with recursive t(a, b, c) as (select '', '', ssn from people union all select b, c, '' from t) select a from t`,
    out: ['ssn'],
  },
  {
    note: 'recursion computes',
    sql: `with recursive t(v) as (select ssn from people union all select v || 'x' from t where length(v) < 3) select v from t`,
    out: ['~ssn'],
    uses: ['ssn predicate-other'],
  },
  {
    note: 'SEARCH adds a column',
    sql: 'with recursive t(id, s) as (select id, ssn from people union all select id, s from t) search depth first by s set o select o from t',
    out: ['~ssn'],
  },
  {
    note: 'CYCLE adds columns',
    sql: 'with recursive t(id, s) as (select id, ssn from people union all select id, s from t) cycle s set c using p select c, p from t',
    out: ['~ssn', '~ssn'],
  },
  { note: 'UNION goes by position', sql: 'select name, ssn from people union all select label, code from codes', out: ['', 'ssn'] },
  { note: 'UNION of a literal and a column', sql: `select 'a' as x union all select ssn from people`, out: ['ssn'] },
  { note: 'UNION compares', sql: 'select ssn from people union select code from codes', out: ['ssn'], uses: ['ssn group'] },
  {
    note: 'INTERSECT gives values of both',
    sql: 'select code from codes intersect select ssn from people',
    out: ['ssn'],
    uses: ['ssn group'],
  },
  { note: 'EXCEPT tells of the right', sql: 'select code from codes except select ssn from people', out: ['~ssn'], uses: ['ssn group'] },
  {
    note: 'a long chain of UNION ALL',
    sql: `${Array.from({ length: 200 }, (_, at) => `select '${at}' as x`).join(' union all ')} union all select ssn from people`,
    out: ['ssn'],
  },
  {
    note: 'nested set operations',
    sql: '(select 1, ssn from people union all select 2, code from codes) union all (select 3, label from codes order by 2 limit 1)',
    out: ['', 'ssn'],
  },
  { note: 'VALUES with a subquery', sql: 'values (1, (select ssn from people limit 1))', out: ['', 'ssn'] },
  { note: 'USING merges', sql: 'select id from people join other.people q using (id)', out: [''] },
  {
    note: 'USING on a protected column passes it',
    sql: 'select ssn from people join other.people q using (ssn)',
    out: ['ssn'],
    uses: ['ssn join'],
  },
  {
    note: 'a star after USING has the column once',
    sql: 'select * from codes c join (select ssn as code, id from people) p using (code)',
    out: ['ssn', '', '', ''],
    uses: ['ssn join'],
  },
  {
    note: 'NATURAL joins on all common names',
    sql: 'select other_col from people natural join other.people q',
    out: [''],
    uses: ['ssn join'],
  },
  {
    note: 'an alias on a join hides the names inside',
    sql: 'select j.ssn from (people p join orders o on o.person_id = p.id) as j(a, b, c, ssn)',
    out: ['ssn'],
  },
  { note: 'USING with an alias', sql: 'select u.ssn from people join other.people q using (ssn) as u', out: ['ssn'], uses: ['ssn join'] },
  { note: 'a view', sql: 'select * from cards', out: ['', '', 'ssn', '~ssn'], reads: ['public.cards', 'public.people'] },
  {
    note: 'a view of a view',
    sql: 'select s, p, amount from cards_of_orders',
    out: ['ssn', '~ssn', ''],
    reads: ['public.cards', 'public.cards_of_orders', 'public.orders', 'public.people'],
  },
  { note: 'a view of a star', sql: 'select * from by_star', out: ['', '', 'email', 'ssn', 'salary', '', ''] },
  { note: 'a view with a common table and grouping', sql: 'select number, total from paid', out: ['ssn', ''], uses: [] },
  { note: 'a view without protected columns', sql: 'select * from names', out: ['', '', ''] },
  { note: 'a materialised view', sql: 'select number, size from kept', out: ['ssn', '~ssn'], reads: ['public.kept'] },
  { note: 'a row of a view', sql: 'select c from cards c', out: ['~ssn'] },
  { note: 'a partitioned table', sql: 'select ssn from parted', out: ['ssn'] },
  {
    note: 'a column of the outer query of the same name is not meant',
    sql: 'select (select ssn from other.people limit 1) from people',
    out: [''],
  },
  {
    note: 'a bare name in a subquery that only the outer query has',
    sql: 'select (select salary from other.people limit 1) from people',
    out: ['salary'],
  },
  {
    note: 'a sibling is not seen without LATERAL',
    sql: 'select (select x.v from people p, (select other_col as v from other.people) x limit 1)',
    out: [''],
  },
  {
    note: 'ON sees its own sides only',
    sql: 'select (select count(*) from codes, people p join orders o on ssn = o.note) from other.people',
    out: [''],
    uses: ['ssn join'],
  },
  {
    note: 'a common table that deletes returns rows',
    sql: 'with d as (delete from people where id = 1 returning *) select ssn from d',
    out: ['ssn'],
    class: 'write',
    action: 'delete',
  },
  {
    note: 'a value made equal by a join is that value',
    sql: 'select o.contact from orders o join people p on o.contact = p.ssn',
    out: ['ssn'],
    uses: ['ssn join'],
  },
  {
    note: 'a value made equal by IN is that value',
    sql: 'select contact from orders where contact in (select ssn from people)',
    out: ['ssn'],
    uses: ['ssn join'],
  },
  {
    note: 'made equal in a chain',
    sql: 'select c.code from codes c, orders o, people p where c.code = o.contact and o.contact = p.ssn',
    out: ['ssn'],
    uses: ['ssn join'],
  },
  {
    note: 'made equal in a correlated subquery',
    sql: 'select code from codes c where exists (select 1 from people p where p.ssn = c.code)',
    out: ['ssn'],
    uses: ['ssn join'],
  },
  {
    note: 'made equal in the select list',
    sql: 'select code, (select name from people p where p.ssn = c.code) from codes c',
    out: ['ssn', ''],
    uses: ['ssn join'],
  },
];

const CONDITIONS: readonly Case[] = [
  { note: 'equality with a literal', sql: `select id from people where ssn = '1'`, uses: ['ssn predicate-equality'] },
  { note: 'equality the other way round', sql: `select id from people where '1' = ssn`, uses: ['ssn predicate-equality'] },
  { note: 'equality with a parameter', sql: 'select id from people where ssn = $1', uses: ['ssn predicate-equality'] },
  {
    note: 'equality with a computed constant',
    sql: `select id from people where ssn = upper($1) || '-' || $2`,
    uses: ['ssn predicate-equality'],
  },
  { note: 'IN with literals', sql: `select id from people where ssn in ('1', $1)`, uses: ['ssn predicate-equality'] },
  { note: 'ANY of a parameter', sql: 'select id from people where ssn = any ($1::text[])', uses: ['ssn predicate-equality'] },
  { note: 'ANY of an array', sql: `select id from people where ssn = any (array['1', $1])`, uses: ['ssn predicate-equality'] },
  { note: 'rows are compared column by column', sql: `select id from people where (id, ssn) = (1, '2')`, uses: ['ssn predicate-equality'] },
  { note: 'rows in a list', sql: `select id from people where (id, ssn) in ((1, '2'), (3, $1))`, uses: ['ssn predicate-equality'] },
  {
    note: 'letter case is no more than equality',
    sql: 'select id from people where lower(email) = lower($1)',
    uses: ['email predicate-equality'],
  },
  { note: 'equality in OR', sql: `select id from people where id = 1 or ssn = '1'`, uses: ['ssn predicate-equality'] },
  {
    note: 'equality through a subquery',
    sql: `select id from (select id, ssn as x from people) s where x = '1'`,
    uses: ['ssn predicate-equality'],
  },
  { note: 'equality through a view', sql: `select id from cards where ssn = '1'`, uses: ['ssn predicate-equality'] },
  {
    note: 'IS NOT DISTINCT FROM is equality',
    sql: `select id from people where ssn is not distinct from '1'`,
    uses: ['ssn predicate-equality'],
  },
  { note: 'inequality', sql: `select id from people where ssn <> '1'`, uses: ['ssn predicate-other'] },
  { note: 'negated equality', sql: `select id from people where not (ssn = '1')`, uses: ['ssn predicate-other'] },
  { note: 'doubly negated equality', sql: `select id from people where not (not (ssn = '1'))`, uses: ['ssn predicate-equality'] },
  { note: 'NOT IN', sql: `select id from people where ssn not in ('1')`, uses: ['ssn predicate-other'] },
  { note: 'a range', sql: 'select id from people where salary > 10', uses: ['salary predicate-other'] },
  { note: 'BETWEEN', sql: 'select id from people where salary between 1 and 2', uses: ['salary predicate-other'] },
  { note: 'LIKE', sql: `select id from people where ssn like '1%'`, uses: ['ssn predicate-other'] },
  { note: 'a regular expression', sql: `select id from people where ssn ~ '^1'`, uses: ['ssn predicate-other'] },
  { note: 'IS NULL', sql: 'select id from people where ssn is null', uses: ['ssn predicate-other'] },
  { note: 'part of a value', sql: `select id from people where substr(ssn, 1, 1) = '1'`, uses: ['ssn predicate-other'] },
  { note: 'a cast that cuts', sql: `select id from people where ssn::varchar(1) = '1'`, uses: ['ssn predicate-other'] },
  {
    note: 'equality on a computed column of a subquery',
    sql: `select id from (select id, left(ssn, 1) as x from people) s where x = '1'`,
    uses: ['ssn predicate-other'],
  },
  { note: 'equality on a computed column of a view', sql: `select id from cards where prefix = '1'`, uses: ['ssn predicate-other'] },
  {
    note: 'a boolean computed in a subquery',
    sql: `select id from (select id, ssn like '1%' as hit from people) s where hit`,
    uses: ['ssn predicate-other'],
  },
  {
    note: 'CASE in WHERE',
    sql: `select id from people where case when ssn = '1' then true else false end`,
    uses: ['ssn predicate-equality', 'ssn predicate-other'],
  },
  { note: 'ALL is not equality', sql: `select id from people where ssn = all (array['1'])`, uses: ['ssn predicate-other'] },
  {
    note: 'a scalar subquery compared',
    sql: `select id from orders where (select ssn from people where people.id = person_id) = '1'`,
    uses: ['ssn predicate-equality'],
  },
  {
    note: 'a scalar subquery compared otherwise',
    sql: `select id from orders where (select ssn from people where people.id = person_id) > '1'`,
    uses: ['ssn predicate-other'],
  },
  {
    note: 'EXISTS with a condition',
    sql: `select id from orders o where exists (select 1 from people p where p.id = o.person_id and p.ssn like '1%')`,
    uses: ['ssn predicate-other'],
  },
  { note: 'EXISTS with a star', sql: 'select id from orders o where exists (select * from people p where p.id = o.person_id)', uses: [] },
  {
    note: 'EXISTS of rows that a function makes',
    sql: `select id from orders o where exists (select unnest(array_remove(array[ssn], '1')) from people)`,
    uses: ['ssn predicate-other'],
  },
  { note: 'a join on columns', sql: 'select o.id from orders o join people p on p.email = o.contact', uses: ['email join'] },
  { note: 'a join in WHERE', sql: 'select o.id from orders o, people p where p.email = o.contact', uses: ['email join'] },
  {
    note: 'a join that is no equality',
    sql: 'select o.id from orders o join people p on p.email like o.contact',
    uses: ['email predicate-other'],
  },
  {
    note: 'a join on part of a value',
    sql: 'select o.id from orders o join people p on left(p.ssn, 1) = o.note',
    uses: ['ssn predicate-other'],
  },
  {
    note: 'a join with a list of guesses',
    sql: `select p.id, g.label from people p join (values ('1', 'one'), ('2', 'two')) g(v, label) on p.ssn = g.v`,
    uses: ['ssn predicate-other'],
    out: ['', ''],
  },
  {
    note: 'a join with a series of guesses',
    sql: 'select p.id, g from people p join generate_series(1, 1000000) g on p.salary = g',
    uses: ['salary predicate-other'],
    out: ['', 'salary'],
  },
  {
    note: 'a correlated series of guesses',
    sql: 'select g, (select p.id from people p where p.salary = g limit 1) from generate_series(1, 100000) g',
    uses: ['salary predicate-other'],
    out: ['salary', ''],
  },
  {
    note: 'a condition on a partner of a join',
    sql: `select o.id from orders o join people p on o.contact = p.ssn where o.contact like '1%'`,
    uses: ['ssn join', 'ssn predicate-other'],
  },
  { note: 'GROUP BY', sql: 'select count(*) from people group by ssn', uses: ['ssn group'] },
  { note: 'GROUP BY position', sql: 'select left(ssn, 1), count(*) from people group by 1', uses: ['ssn group'], out: ['~ssn', ''] },
  {
    note: 'GROUP BY an output name',
    sql: 'select left(ssn, 1) as x, count(*) from people group by x',
    uses: ['ssn group'],
    out: ['~ssn', ''],
  },
  { note: 'GROUPING SETS', sql: 'select count(*) from people group by grouping sets ((city), (ssn))', uses: ['ssn group'] },
  { note: 'HAVING', sql: `select city from people group by city having min(ssn) like '1%'`, uses: ['ssn predicate-other'] },
  { note: 'HAVING a count', sql: 'select city from people group by city having count(ssn) > 1', uses: ['ssn count'] },
  {
    note: 'HAVING a count of different values',
    sql: 'select city from people group by city having count(distinct ssn) > 1',
    uses: ['ssn predicate-other'],
  },
  { note: 'ORDER BY', sql: 'select id from people order by salary', uses: ['salary order'] },
  { note: 'ORDER BY an expression', sql: `select id from people order by ssn like '1%'`, uses: ['ssn order'] },
  { note: 'ORDER BY position', sql: 'select id, salary from people order by 2', uses: ['salary order'] },
  { note: 'ORDER BY an output name goes before a column', sql: 'select id as salary from people order by salary', uses: [] },
  { note: 'DISTINCT', sql: 'select distinct ssn from people', uses: ['ssn group'], out: ['ssn'] },
  { note: 'DISTINCT ON', sql: 'select distinct on (ssn) id from people', uses: ['ssn group'] },
  {
    note: 'LIMIT by a value',
    sql: 'select id from orders limit (select salary from people where id = 1)',
    uses: ['salary predicate-other'],
  },
  {
    note: 'OFFSET by a value',
    sql: 'select id from orders offset (select length(ssn) from people limit 1)',
    uses: ['ssn predicate-other'],
  },
  {
    note: 'a function in FROM decides how many rows there are',
    sql: 'select 1 from people p, generate_series(1, p.salary)',
    uses: ['salary failure', 'salary predicate-other'],
  },
  {
    note: 'TABLESAMPLE by a value',
    sql: 'select id from orders tablesample bernoulli ((select salary from people limit 1))',
    uses: ['salary predicate-other'],
  },
  { note: 'a condition in UPDATE', sql: `update people set name = 'x' where ssn like '1%'`, uses: ['ssn predicate-other'] },
  { note: 'a condition in DELETE', sql: `delete from people where ssn = '1'`, uses: ['ssn predicate-equality'] },
  {
    note: 'a condition in MERGE',
    sql: `merge into orders o using people p on p.id = o.person_id when matched and p.ssn like '1%' then delete`,
    uses: ['ssn predicate-other'],
  },
  {
    note: 'ON CONFLICT tells whether a value was there',
    sql: `insert into people (id, name, email) values (1, 'a', $1) on conflict (email) do nothing`,
    uses: ['email predicate-equality', 'email write-target'],
  },
  { note: 'a condition inside a view that is read', sql: 'select id from paid_count', opaque: ['unknown-relation', 'unknown-column'] },
  { note: 'a division may fail', sql: 'select 1 / salary from people', uses: ['salary failure'], out: ['~salary'] },
  { note: 'a cast may fail', sql: 'select ssn::int from people', uses: ['ssn failure'], out: ['~ssn'] },
  { note: 'what goes into a chain that may fail', sql: 'select 1 + salary + 1 from people', uses: ['salary failure'], out: ['~salary'] },
  {
    note: 'a length that is computed may be negative',
    sql: `select substr('x', 1, salary) from people`,
    uses: ['salary failure'],
    out: ['~salary'],
  },
  {
    note: 'what never fails tells nothing by failing',
    sql: `select lower(email) || 'x', email::text, substr(ssn, 1, 3), sum(salary), extract(year from now()), max(ssn) from people group by 1, 2, 3`,
    uses: ['email group', 'ssn group'],
  },
  {
    note: 'a volatile function hears of the value',
    sql: 'select pg_sleep(salary) from people',
    uses: ['salary argument', 'salary failure'],
    out: ['~salary'],
  },
];

const FILTERS: readonly Case[] = [
  ['delete from people', 'absent'],
  ['delete from people where id = 1', 'present'],
  ['delete from people where 1 = 1', 'always-true'],
  ['delete from people where true', 'always-true'],
  ['delete from people where not false', 'always-true'],
  ['delete from people where id = id', 'always-true'],
  ['delete from people p where p.id = id', 'always-true'],
  ['delete from people where id >= id', 'always-true'],
  ['delete from people where id <> id', 'present'],
  ['delete from people where not (id <> id)', 'always-true'],
  ['delete from people where true or id = 1', 'always-true'],
  ['delete from people where id = 1 or 1 = 1', 'always-true'],
  ['delete from people where id = 1 and 1 = 1', 'present'],
  ['delete from people where id is not null', 'always-true'],
  ['delete from people where city is not null', 'present'],
  ['delete from people where city is null or city is not null', 'always-true'],
  ['delete from people where id = 1 or id <> 1', 'always-true'],
  ['delete from people where id < 5 or id >= 5', 'always-true'],
  ['delete from people where not id = 1 or id = 1', 'always-true'],
  ['delete from people where (1 = 1) is true', 'always-true'],
  ['delete from people where $1', 'always-true'],
  ['delete from people where $1 = 1', 'always-true'],
  ['delete from people where now() > $1', 'always-true'],
  ['delete from people where random() < 2', 'always-true'],
  ['delete from people where exists (select 1)', 'always-true'],
  ['delete from people where exists (select 1 from orders)', 'always-true'],
  ['delete from people where exists (select 1 from orders o where o.person_id = people.id)', 'present'],
  ['delete from people p where p.id in (select person_id from orders)', 'present'],
  [`delete from people where name like '%'`, 'always-true'],
  [`delete from people where name ~ '.*'`, 'always-true'],
  [`delete from people where name like 'a%'`, 'present'],
  ['delete from people where id in (id, 1)', 'always-true'],
  ['delete from people where id between id and id', 'always-true'],
  ['delete from people where ctid is not null and 1 = 1', 'always-true'],
  ['delete from people where id is distinct from null', 'always-true'],
  ['delete from people where city is distinct from null', 'present'],
  ['delete from people where (id = 1) is not null', 'always-true'],
  ['delete from people where (id = 1) is not unknown', 'always-true'],
  ['delete from people where (city = $1) is not unknown', 'present'],
  ['delete from people where id in (select id from people)', 'always-true'],
  ['delete from people where id = any (select id from people where true)', 'always-true'],
  ['delete from people where id in (select id from people where city = $1)', 'present'],
  ['delete from people where id in (select id from people limit 1)', 'present'],
  ['delete from people where id not in (select id from people)', 'present'],
  ['delete from people where name like name', 'always-true'],
  ['delete from people where case when id = 1 then true else 1 = 1 end', 'always-true'],
  ['delete from people where case when id = 1 then true else false end', 'present'],
  ['delete from people where (select true)', 'always-true'],
  ['update people set city = $1', 'absent'],
  ['update people set city = $1 where id = $2', 'present'],
  ['update people set city = o.note from orders o', 'absent'],
  ['update people set city = o.note from orders o where o.person_id = people.id', 'present'],
  ['with d as (delete from orders returning id) select * from d where id = 1', 'absent'],
  ['with d as (delete from orders where id = 1 returning id) select id from d where id = 1', 'present'],
  ['insert into codes (code) values ($1)', 'none'],
  ['truncate orders', 'absent'],
  ['select 1', 'none'],
  ['select * from names', 'absent'],
  ['select * from names where id = 1', 'present'],
  ['select * from names where id = 1 union all select * from names', 'absent'],
  ['merge into people p using orders o on true when matched then delete', 'always-true'],
  ['merge into people p using orders o on p.id = o.person_id when matched then delete', 'present'],
  ['merge into people p using orders o on p.id = o.person_id when not matched by source then delete', 'always-true'],
  ['explain analyze delete from people', 'absent'],
].map(([sql = '', filter]) => ({ note: sql, sql, filter: filter as StatementFacts['filter'] }));

const WRITES: readonly Case[] = [
  {
    note: 'INSERT of bound values',
    sql: 'insert into people (id, name, ssn) values ($1, $2, $3)',
    uses: ['ssn write-target'],
    flows: [],
    out: undefined,
    class: 'write',
  },
  { note: 'INSERT without a column list', sql: `insert into people values (1, 'a', 'b')`, uses: ['email write-target'], flows: [] },
  {
    note: 'INSERT from a query',
    sql: 'insert into audit (what) select ssn from people',
    uses: ['ssn write-source'],
    flows: ['ssn > public.audit.what'],
  },
  {
    note: 'INSERT of a subquery',
    sql: 'insert into audit (what) values ((select ssn from people limit 1))',
    uses: ['ssn write-source'],
    flows: ['ssn > public.audit.what'],
  },
  {
    note: 'INSERT of a derived value',
    sql: 'insert into audit (what) select left(ssn, 2) from people',
    uses: ['ssn write-source'],
    flows: ['ssn > public.audit.what'],
  },
  { note: 'INSERT of a count', sql: 'insert into audit (what) select count(ssn)::text from people', uses: [], flows: [] },
  {
    note: 'RETURNING shows what was written',
    sql: 'insert into audit (what) select ssn from people returning what, id',
    uses: ['ssn write-source'],
    flows: ['ssn > public.audit.what'],
    out: ['ssn', ''],
  },
  {
    note: 'RETURNING a stored value',
    sql: 'update people set city = $1 where id = 1 returning *',
    out: ['', '', 'email', 'ssn', 'salary', '', ''],
  },
  { note: 'RETURNING old and new', sql: 'update people set city = $1 where id = 1 returning old.ssn, new.email', out: ['ssn', 'email'] },
  {
    note: 'RETURNING under other names',
    sql: 'update people set city = $1 where id = 1 returning with (old as o, new as n) o.ssn, n.email',
    out: ['ssn', 'email'],
  },
  {
    note: 'RETURNING columns of FROM',
    sql: 'update orders set note = $1 from people p where p.id = person_id returning p.ssn',
    out: ['ssn'],
  },
  { note: 'DELETE RETURNING', sql: 'delete from people where id = 1 returning ssn', out: ['ssn'] },
  { note: 'DELETE USING', sql: 'delete from orders using people p where p.id = person_id returning p.email', out: ['email'] },
  {
    note: 'UPDATE from another column',
    sql: 'update people set name = ssn where id = 1',
    uses: ['ssn write-source'],
    flows: ['ssn > public.people.name'],
  },
  {
    note: 'UPDATE of several columns from a query',
    sql: 'update orders set (note, contact) = (select name, ssn from people p where p.id = person_id) where id = 1',
    uses: ['ssn write-source'],
    flows: ['ssn > public.orders.contact'],
  },
  {
    note: 'UPDATE of several columns from a row',
    sql: 'update people set (name, city) = row (city, ssn) where id = 1',
    uses: ['ssn write-source'],
    flows: ['ssn > public.people.city'],
  },
  {
    note: 'UPDATE from a joined table',
    sql: 'update orders set note = p.ssn from people p where p.id = person_id',
    uses: ['ssn write-source'],
    flows: ['ssn > public.orders.note'],
  },
  {
    note: 'UPDATE of an element',
    sql: 'update orders set tags[1] = (select ssn from people limit 1) where id = 1',
    uses: ['ssn write-source'],
    flows: ['ssn > public.orders.tags'],
  },
  {
    note: 'ON CONFLICT writes what was to be inserted',
    sql: 'insert into codes (code, label) select id::text, ssn from people on conflict (code) do update set label = excluded.label',
    uses: ['ssn write-source'],
    flows: ['ssn > public.codes.label'],
  },
  {
    note: 'ON CONFLICT of bound values moves nothing',
    sql: 'insert into people (id, name, email) values ($1, $2, $3) on conflict (id) do update set email = excluded.email',
    uses: ['email write-target'],
    flows: [],
  },
  {
    note: 'MERGE',
    sql: 'merge into orders o using people p on p.id = o.person_id when matched then update set note = p.ssn when not matched then insert (id, person_id, contact) values (p.id, p.id, p.email)',
    uses: ['email write-source', 'ssn write-source'],
    flows: ['ssn > public.orders.note', 'email > public.orders.contact'],
  },
  {
    note: 'a write inside a WITH',
    sql: 'with i as (insert into audit (what) select ssn from people returning what) select what from i',
    uses: ['ssn write-source'],
    flows: ['ssn > public.audit.what'],
    out: ['ssn'],
    class: 'write',
    action: 'insert',
  },
  {
    note: 'a write inside a WITH that nobody reads',
    sql: 'with i as (insert into audit (what) select ssn from people) select 1',
    uses: ['ssn write-source'],
    flows: ['ssn > public.audit.what'],
    out: [''],
    writes: ['public.audit'],
  },
  {
    note: 'CREATE TABLE AS',
    sql: 'create table copy_of as select id, ssn as x from people',
    uses: ['ssn write-source'],
    flows: ['ssn > public.copy_of.x', 'ssn > relation public.copy_of'],
    class: 'schema',
    action: 'create',
  },
  {
    note: 'SELECT INTO',
    sql: 'select ssn into copy_of from people',
    uses: ['ssn write-source'],
    flows: ['ssn > public.copy_of.ssn', 'ssn > relation public.copy_of'],
    class: 'schema',
  },
  {
    note: 'CREATE TEMP TABLE AS',
    sql: 'create temp table t as select email from people',
    uses: ['email write-source'],
    flows: ['email > pg_temp.t.email', 'email > relation pg_temp.t'],
  },
  {
    note: 'CREATE MATERIALIZED VIEW',
    sql: 'create materialized view m as select ssn from people',
    uses: ['ssn write-source'],
    flows: ['ssn > public.m.ssn', 'ssn > relation public.m'],
  },
  {
    note: 'REFRESH',
    sql: 'refresh materialized view kept',
    uses: ['ssn write-source'],
    flows: ['ssn > public.kept.number', 'ssn > public.kept.size'],
    class: 'write',
  },
  {
    note: 'CREATE VIEW is judged by its query',
    sql: `create view v as select id from people where ssn like '1%'`,
    uses: ['ssn predicate-other'],
    flows: [],
    class: 'schema',
  },
  {
    note: 'a generated column holds what it is computed from',
    sql: 'alter table people add column x text generated always as (upper(ssn)) stored',
    uses: ['ssn write-source'],
    flows: ['ssn > public.people.x'],
    class: 'schema',
  },
  {
    note: 'a changed type may take another column',
    sql: 'alter table people alter column name type text using ssn',
    uses: ['ssn write-source'],
    flows: ['ssn > public.people.name'],
  },
  {
    note: 'a check on stored values tells of them',
    sql: `alter table people add constraint c check (ssn like '1%')`,
    uses: ['ssn predicate-other'],
    flows: [],
  },
  { note: 'an index on a column', sql: 'create index on people (ssn)', uses: ['ssn write-source'], flows: [] },
  { note: 'an index on part of a value', sql: 'create unique index on people (left(ssn, 1))', uses: ['ssn predicate-other'], flows: [] },
  { note: 'a partial index', sql: `create index on people (id) where ssn like '1%'`, uses: ['ssn predicate-other'], flows: [] },
  {
    note: 'a rule is judged by its actions',
    sql: 'create rule r as on insert to orders do also insert into audit (what) select ssn from people',
    uses: ['ssn write-source'],
    flows: ['ssn > public.audit.what'],
    class: 'schema',
  },
  {
    note: 'a function is judged by its body',
    sql: `create function f() returns text language sql as 'select ssn from people limit 1'`,
    uses: [],
    flows: [],
    class: 'schema',
    reads: ['public.people'],
  },
  { note: 'COPY to the client', sql: 'copy people to stdout', out: ['', '', 'email', 'ssn', 'salary', '', ''], class: 'read' },
  { note: 'COPY of columns', sql: 'copy people (ssn, id) to stdout', out: ['ssn', ''] },
  { note: 'COPY leaves generated columns out', sql: 'copy computed to stdout', out: ['', 'secret'] },
  { note: 'COPY of a query', sql: 'copy (select ssn from people) to stdout', out: ['ssn'] },
  {
    note: 'COPY to a file',
    sql: `copy people (ssn) to '/tmp/x'`,
    out: undefined,
    uses: ['ssn write-source'],
    flows: ['ssn > file file'],
    class: 'administrative',
  },
  {
    note: 'COPY to a program',
    sql: `copy people (ssn) to program 'cat'`,
    out: undefined,
    uses: ['ssn write-source'],
    flows: ['ssn > file program'],
    class: 'administrative',
  },
  { note: 'COPY from the client', sql: 'copy people (id, ssn) from stdin', uses: ['ssn write-target'], flows: [], class: 'write' },
  { note: 'COPY from a file', sql: `copy codes from $$/etc/passwd$$`, opaque: ['foreign-data'], class: 'administrative' },
  {
    note: 'a foreign key says whether a value is there',
    sql: 'create table g (a text references people (ssn), b int, foreign key (b) references orders (id))',
    uses: ['ssn predicate-equality'],
  },
  {
    note: 'a foreign key that is added',
    sql: 'alter table codes add foreign key (code) references people (ssn)',
    uses: ['ssn predicate-equality'],
  },
  {
    note: 'a table that refers to itself',
    sql: 'create table t (id int primary key, parent int references t (id), foreign key (parent) references t (id))',
    uses: [],
    opaque: [],
  },
  {
    note: 'a value into a setting',
    sql: `select set_config('a.b', ssn, false) from people`,
    uses: ['ssn argument', 'ssn failure', 'ssn write-source'],
    flows: ['ssn > setting'],
    out: ['~ssn'],
  },
  {
    note: 'a value into a notification',
    sql: `select pg_notify('c', ssn) from people`,
    uses: ['ssn argument', 'ssn failure', 'ssn write-source'],
    flows: ['ssn > notification'],
    out: ['~ssn'],
  },
  {
    note: 'a publication sends rows elsewhere',
    sql: 'create publication p for table people',
    uses: ['email write-source', 'salary write-source', 'ssn write-source'],
    flows: ['email > external', 'salary > external', 'ssn > external'],
    class: 'administrative',
    opaque: ['foreign-data'],
  },
  {
    note: 'a partition shows its rows in the parent',
    sql: 'alter table parted attach partition people for values in (1)',
    uses: ['email write-source', 'salary write-source', 'ssn write-source'],
    flows: ['ssn > public.parted.ssn', 'email > public.parted.email', 'salary > public.parted.salary'],
    class: 'schema',
  },
  {
    note: 'a child shows its rows in the parent',
    sql: 'alter table people inherit codes',
    uses: ['email write-source', 'salary write-source', 'ssn write-source'],
    flows: ['ssn > public.codes.ssn', 'email > public.codes.email', 'salary > public.codes.salary'],
    class: 'schema',
  },
];

const UNITS: readonly Case[] = [
  {
    note: 'a table that the unit made is known',
    sql: 'create table t (a int, b text); create index on t (a); insert into t values (1, $$x$$); select * from t',
    out: ['', ''],
  },
  {
    note: 'a table that is made unless it is there',
    sql: 'create table if not exists people (a int); select * from people',
    out: ['', '', 'email', 'ssn', 'salary', '', ''],
  },
  {
    note: 'a copy that the unit made carries on what it holds',
    sql: 'create table t as select id, ssn as x from people; select x from t',
    out: ['ssn'],
  },
  { note: 'a view that the unit made is seen through', sql: 'create view v as select ssn as x from people; select x from v', out: ['ssn'] },
  {
    note: 'a temporary table goes before another of its name',
    sql: 'create temp table names as select ssn from people; select * from names',
    out: ['ssn'],
  },
  { note: 'a renamed column is still what it was', sql: 'alter table people rename ssn to x; select x from people', out: ['ssn'] },
  { note: 'a renamed table is still what it was', sql: 'alter table people rename to humans; select ssn from humans', out: ['ssn'] },
  {
    note: 'a name taken over after a rename',
    sql: 'alter table codes rename to gone; alter table people rename to codes; select ssn from codes',
    out: ['ssn'],
  },
  { note: 'a moved table is still what it was', sql: 'alter table orders set schema other; select id from other.orders', out: [''] },
  { note: 'an added column is known', sql: 'alter table people add column extra text; select extra, ssn from people', out: ['', 'ssn'] },
  {
    note: 'an added column with a default is known',
    sql: 'alter table people add column extra timestamptz default now(); update people set extra = now() where id = 1',
    uses: [],
  },
  {
    note: 'a dropped column is gone',
    sql: 'alter table people drop column email; select * from people',
    out: ['', '', 'ssn', 'salary', '', ''],
  },
  {
    note: 'a dropped table is gone',
    sql: 'drop table orders; select * from orders',
    out: 'unknown',
    opaque: ['unknown-relation', 'unknown-column'],
  },
  {
    note: 'behind a dropped table another one may be',
    sql: 'set search_path = public, other; drop table people; select ssn, other_col from people',
    out: ['', ''],
  },
  { note: 'the search path that is set counts', sql: 'set search_path = other; select * from people', out: ['', '', ''] },
  {
    note: 'a search path that is not known makes names uncertain',
    sql: 'set search_path to default; select id from people',
    out: ['!'],
    opaque: ['session-state'],
  },
  { note: 'a role that is set makes names uncertain', sql: 'set role x; select id from people', out: ['!'], opaque: ['session-state'] },
  { note: 'a harmless setting does not', sql: `set statement_timeout = 1000; select ssn from people`, out: ['ssn'] },
  {
    note: 'set_config makes names uncertain',
    sql: `select set_config('search_path', 'other', false); select id from people`,
    out: ['!'],
    opaque: ['session-state'],
  },
  {
    note: 'after a block that is not understood anything may be',
    sql: 'do language plperl $$ 1; $$; select id from people',
    out: ['!'],
    opaque: ['session-state'],
  },
  { note: 'after a block that is understood names are what they were', sql: 'do $$ begin end $$; select ssn from people', out: ['ssn'] },
  {
    note: 'a setting that is rolled back makes names uncertain',
    sql: 'begin; set search_path = other; rollback; select id from people',
    out: ['!'],
    opaque: ['session-state'],
  },
  {
    note: 'a schema change that is rolled back may be undone',
    sql: 'begin; drop table orders; rollback; select id from orders',
    out: [''],
  },
  {
    note: 'a plain transaction does not',
    sql: 'begin; insert into audit (what) values ($1); commit; select ssn from people',
    out: ['ssn'],
  },
  {
    note: 'a trigger that the unit made runs on writes',
    sql: 'create trigger t before insert on orders for each row execute function touch(); insert into orders (id, person_id) values (1, 1)',
    opaque: ['schema-changed'],
  },
  {
    note: 'a function that the unit made is not the known one',
    sql: `create function lower(text) returns text language sql as 'select $1'; select lower(name) from people`,
    out: ['!'],
    opaque: ['unknown-routine'],
  },
  {
    note: 'a schema that the unit made can be searched',
    sql: 'create schema fresh; set search_path = fresh; create table people (id int); select * from people',
    out: [''],
  },
  {
    note: 'a schema that an earlier search path names is searched as soon as it is made',
    sql: 'set search_path = fresh, public; create schema fresh; select id from people',
    out: ['!'],
    opaque: ['session-state'],
  },
  { note: 'a cursor is read by FETCH', sql: 'declare c cursor for select id, ssn from people; fetch 10 from c', out: ['', 'ssn'] },
  { note: 'a cursor that is not known', sql: 'fetch 10 from c', out: 'unknown', opaque: ['session-state'] },
  { note: 'a prepared statement of the unit', sql: 'prepare p as select ssn from people; execute p', out: ['ssn'] },
  { note: 'a prepared statement that is not known', sql: 'execute p(1)', out: 'unknown', opaque: ['dynamic-sql'], class: 'write' },
  {
    note: 'EXPLAIN runs nothing',
    sql: `explain delete from people where ssn like '1%'`,
    out: [''],
    uses: ['ssn predicate-other'],
    class: 'read',
    action: 'explain',
    writes: [],
  },
  {
    note: 'EXPLAIN ANALYZE runs it',
    sql: 'explain analyze delete from people',
    out: [''],
    class: 'write',
    action: 'delete',
    writes: ['public.people'],
  },
  {
    note: 'a write through a view writes what is behind it',
    sql: 'update cards set ssn = $1 where id = 1',
    uses: ['ssn write-target'],
    writes: ['public.cards', 'public.people'],
  },
];

const OPAQUE: readonly Case[] = [
  { note: 'a function that runs text', sql: 'select leak(1)', out: ['!'], opaque: ['dynamic-sql'], class: 'procedural' },
  { note: 'a function that is not known', sql: 'select nothing_like_it(1)', out: ['!'], opaque: ['unknown-routine'] },
  {
    note: 'a function that runs text, in a condition',
    sql: 'select id from people where leak(id) is null',
    out: [''],
    opaque: ['dynamic-sql'],
  },
  { note: 'a function that runs text, in FROM', sql: 'select * from leak(1)', out: 'unknown', opaque: ['dynamic-sql', 'unknown-column'] },
  { note: 'SQL as text', sql: `select query_to_xml('select ssn from people', true, true, '')`, out: ['!'], opaque: ['dynamic-sql'] },
  { note: 'a table by its name', sql: `select table_to_xml('people', true, true, '')`, out: ['!'], opaque: ['dynamic-sql'] },
  { note: 'a table that is not known', sql: 'select * from missing', out: 'unknown', opaque: ['unknown-relation', 'unknown-column'] },
  { note: 'a column that is not known', sql: 'select missing from people', out: ['!'], opaque: ['unknown-column'] },
  {
    note: 'another database',
    sql: 'select * from elsewhere.public.people',
    out: 'unknown',
    opaque: ['unknown-relation', 'unknown-column'],
  },
  {
    note: 'what is neither a column nor a function of the row',
    sql: 'select p.nothing from people p',
    out: ['!'],
    opaque: ['unknown-column'],
  },
  { note: 'a file', sql: `select pg_read_file('/etc/passwd')`, out: ['!'], opaque: ['foreign-data'] },
  { note: 'a large object', sql: 'select lo_get(1)', out: ['!'], opaque: ['foreign-data'] },
  { note: 'statements of other sessions', sql: 'select query from pg_stat_activity', out: ['!'], opaque: ['foreign-data'] },
  {
    note: 'statements of other sessions by a star',
    sql: 'select count(*) from (select * from pg_stat_activity) x',
    out: [''],
    opaque: ['foreign-data'],
  },
  {
    note: 'statements of other sessions by the whole row',
    sql: 'select row_to_json(a) from pg_stat_activity a',
    out: ['!'],
    opaque: ['foreign-data'],
  },
  {
    note: 'values in statistics',
    sql: `select most_common_vals from pg_stats where tablename = 'people'`,
    out: ['!'],
    opaque: ['foreign-data'],
  },
  { note: 'password hashes', sql: 'select rolpassword from pg_authid', out: ['!'], opaque: ['foreign-data'] },
  { note: 'a block in another language', sql: 'do language plperl $$ 1; $$', opaque: ['dynamic-sql'], class: 'procedural' },
  { note: 'a block that runs text', sql: `do $$ begin execute 'select 1'; end $$`, opaque: ['dynamic-sql'], class: 'procedural' },
  {
    note: 'CREATE FUNCTION in another language',
    sql: `create function g() returns int language plperl as 'return 1'`,
    opaque: ['unknown-routine'],
    class: 'schema',
  },
  { note: 'TRUNCATE of what refers to it', sql: 'truncate people cascade', opaque: ['unknown-relation'], class: 'write' },
];

/** Functions of users whose bodies are read. */
const BODIES: readonly Case[] = [
  { note: 'a function that reads passes on what it reads', sql: 'select sees(1)', out: ['ssn'] },
  { note: 'a function for each row', sql: 'select sees(id) from orders', out: ['ssn'] },
  { note: 'a computation on a function', sql: 'select upper(sees(1))', out: ['~ssn'] },
  { note: 'a function in FROM', sql: `select * from people_of('x')`, out: ['', '', 'email', 'ssn', 'salary', '', ''] },
  { note: 'one column of a function in FROM', sql: `select p.ssn as n from people_of('x') p`, out: ['ssn'] },
  {
    note: 'a function in a condition',
    sql: `select id from people where sees(id) = '1'`,
    out: [''],
    uses: ['ssn predicate-equality'],
  },
  { note: "conditions with values of the caller are the caller's", sql: `select above('5')`, out: [''], uses: ['ssn predicate-other'] },
];

/** What applications and tools send. Nothing of it may be opaque. */
const ORDINARY: readonly string[] = [
  'select pid, state, usename from pg_stat_activity',
  `select c.oid, n.nspname, c.relname from pg_catalog.pg_class c left join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') order by 2, 3`,
  `select table_name, column_name, data_type from information_schema.columns where table_schema = 'public' order by ordinal_position`,
  'select current_database(), current_schema(), version(), current_setting($1)',
  'select o.id, o.amount, p.name from orders o left join people p on p.id = o.person_id where o.created_at > now() - interval $$1 day$$ order by o.created_at desc limit 20 offset 40',
  `select date_trunc('month', created_at) as m, sum(amount) from orders group by m order by m`,
  'select count(*) from orders where person_id = $1',
  `select o.doc ->> 'a' as a, jsonb_array_length(o.doc -> 'items') from orders o where o.doc @> $1`,
  'select tags[1], unnest(tags) from orders',
  'insert into orders (id, person_id, amount) values ($1, $2, $3) returning id, created_at',
  'insert into audit (what) values ($1), ($2)',
  'update orders set amount = amount + $1, note = coalesce($2, note) where id = $3',
  'delete from orders where created_at < $1',
  `select nextval('numbers')`,
  'select * from codes where code = $1 for update skip locked',
  'with ranked as (select id, amount, row_number() over (partition by person_id order by amount desc) as r from orders) select * from ranked where r = 1',
  'select person_id, array_agg(id order by id), bool_or(amount > 10), percentile_cont(0.5) within group (order by amount) from orders group by rollup (person_id)',
  'select x.v, x.n from unnest($1::int[]) with ordinality as x(v, n)',
  'select x.v, x.w from unnest($1::int[], $2::text[]) as x(v, w)',
  'select g::date from generate_series($1::timestamp, $2::timestamp, interval $$1 day$$) g',
  'select case when amount > 100 then $$big$$ else $$small$$ end as size, count(*) from orders group by 1',
  `select extract(year from created_at), to_char(created_at, 'YYYY'), age(created_at) from orders`,
  'select exists (select 1 from orders where person_id = $1) as has_orders',
  'select a.id, b.id from orders a join orders b on a.id < b.id and a.person_id = b.person_id',
  'begin',
  'commit',
  'rollback',
  'savepoint a',
  'release savepoint a',
  'rollback to savepoint a',
  'begin isolation level serializable read only',
  `set application_name = 'x'`,
  `set datestyle = 'ISO'`,
  'show search_path',
  'show all',
  'reset statement_timeout',
  'listen events',
  'unlisten *',
  'deallocate all',
  'discard plans',
  'vacuum analyze orders',
  'analyze',
  'create table fresh (id bigint generated always as identity primary key, person_id int references people, note text default $$x$$ check (note <> $$y$$))',
  'create index concurrently on orders (person_id) where amount > 0',
  'alter table orders add column discount numeric not null default 0',
  'alter table orders add constraint positive check (amount > 0)',
  'drop table if exists nothing_here',
  'comment on table orders is $$x$$',
  'grant select on orders to public',
  'create sequence s',
  'create type mood as enum ($$a$$, $$b$$)',
  'create schema fresh',
  'lock table orders in share mode',
  'select * from people p join orders o on o.person_id = p.id where p.id = any ($1)',
  'select p.name, (select count(*) from orders o where o.person_id = p.id) as orders from people p',
  'select * from (select id, name from people) p natural join (select id, amount from orders) o',
  'select distinct city from people order by city',
  'select coalesce(json_agg(t), $$[]$$) from (select id, amount from orders) t',
];

const postgres = findPostgres(18);

(requireOrSkip(postgres) ? describe : describe.skip)('lineage', () => {
  let server: PostgresServer;
  let client: pg.Client;
  let catalogue: PostgresCatalogue;
  const parse = createParser();

  beforeAll(async () => {
    server = await startPostgres();
    client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await client.query(SCHEMA);
    catalogue = await createCatalogueReader()(rows, 1, parse);
  });

  afterAll(async () => {
    await client?.end();
    await server?.stop();
  });

  async function rows(sql: string): Promise<(string | null)[][]> {
    const result = await client.query({ text: sql, rowMode: 'array', types: { getTypeParser: () => (value: string | null) => value } });
    return result.rows as (string | null)[][];
  }

  async function factsOf(sql: string): Promise<readonly StatementFacts[]> {
    const parsed = await parse(sql, { serverVersion: catalogue.catalogue.serverVersion, lexical: { standard_conforming_strings: 'on' } });
    if (!parsed.ok) throw new Error(`not parsed: ${parsed.failure.message}`);
    return analyse(parsed.unit, context()).statements;
  }

  function context(): AnalyseContext {
    return {
      catalogue,
      state: { id: 1, database: 'postgres', role: 'app', searchPath: ['pg_catalog', 'public'], lexical: {} },
      stateChangedInTransaction: false,
      schemaChangedInTransaction: false,
    };
  }

  async function check(one: Case): Promise<void> {
    const facts = (await factsOf(one.sql)).at(one.at ?? -1);
    if (facts === undefined) throw new Error('no statement');
    const seen = {
      out: outputsOf(facts),
      uses: usesOf(facts),
      flows: flowsOf(facts),
      filter: facts.filter,
      class: facts.class,
      action: facts.action,
      opaque: [...new Set(facts.opaque.map((reason) => reason.kind))],
      reads: facts.reads,
      writes: facts.writes,
    };
    const { note: _, sql: _sql, at: _at, flows, uses, ...want } = one;
    const sorted = {
      ...(flows === undefined ? {} : { flows: [...flows].sort() }),
      ...(uses === undefined ? {} : { uses: [...uses].sort() }),
    };
    const wanted = { opaque: [], ...want, ...sorted };
    const compared = Object.fromEntries(Object.keys(wanted).map((key) => [key, seen[key as keyof typeof seen]]));
    expect(compared).toEqual(wanted);
  }

  const groups: Record<string, readonly Case[]> = {
    outputs: OUTPUTS,
    queries: QUERIES,
    conditions: CONDITIONS,
    filters: FILTERS,
    writes: WRITES,
    units: UNITS,
    opaque: OPAQUE,
    bodies: BODIES,
  };
  for (const [name, cases] of Object.entries(groups)) {
    describe(name, () => {
      it.each(cases.map((one) => [one.note, one] as const))('%s', async (_, one) => check(one));
    });
  }

  describe('ordinary statements are seen through', () => {
    it.each(ORDINARY)('%s', async (sql) => {
      for (const facts of await factsOf(sql)) {
        expect(facts.opaque).toEqual([]);
        expect(facts.outputs).not.toBe('unknown');
      }
    });
  });

  it('has only statements that the server takes', async () => {
    const plain = [...OUTPUTS, ...QUERIES, ...CONDITIONS].filter((one) => one.opaque === undefined).map((one) => one.sql);
    const refused: string[] = [];
    for (const sql of plain) {
      const error = await client.query(`prepare probe as ${sql}`).then(
        () => undefined,
        (reason: Error) => reason.message,
      );
      if (error === undefined) await client.query('deallocate probe');
      else refused.push(`${sql.slice(0, 200)}: ${error}`);
    }
    expect(refused).toEqual([]);
  });

  it('gives the columns behind a view by position', () => {
    const outputs = relationOutputs(catalogue, 'public.cards');
    if (outputs === undefined || outputs === 'unknown') throw new Error('the view was not seen through');
    expect(outputs.map((output) => output.name)).toEqual(['id', 'name', 'ssn', 'prefix']);
    expect(outputs[3]?.origins).toContainEqual({ column: 'public.people.ssn', how: 'derived' });
    expect(relationOutputs(catalogue, 'public.nothing')).toBeUndefined();
  });
});

/**
 * Random queries on two databases that differ in people.ssn alone: a column that comes out different must say that it derives from it, or the
 * statement that it is compared.
 */
(requireOrSkip(postgres) ? describe : describe.skip)('what depends on a column says so', () => {
  let server: PostgresServer;
  let client: pg.Client;
  let catalogue: PostgresCatalogue;
  const parse = createParser();

  beforeAll(async () => {
    server = await startPostgres();
    client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await client.query(`
      create table people (name text, ssn text, city text);
      create table codes (code text, label text);
      create view shown as select name, upper(ssn) as big, city from people where city is not null;
      insert into people values ('ann', 'a1', 'x'), ('bob', 'b2', 'y'), ('cid', 'a3', 'x'), ('dan', null, null);
      insert into codes values ('a1', 'x'), ('b2', 'ann'), ('zz', 'y');`);
    catalogue = await createCatalogueReader()(
      async (sql) => {
        const result = await client.query({ text: sql, rowMode: 'array', types: { getTypeParser: () => (value: string | null) => value } });
        return result.rows as (string | null)[][];
      },
      1,
      parse,
    );
  });

  afterAll(async () => {
    await client?.end();
    await server?.stop();
  });

  async function run(sql: string): Promise<string[] | undefined> {
    try {
      const result = await client.query({ text: sql, rowMode: 'array' });
      const rows = result.rows as unknown[][];
      return [0, 1].map((at) => JSON.stringify(rows.map((row) => row[at] ?? null).sort()));
    } catch {
      return undefined;
    }
  }

  async function both(sql: string): Promise<readonly [string[], string[]] | undefined> {
    const before = await run(sql);
    await client.query('begin');
    await client.query(`update people set ssn = case name when 'ann' then 'b2' when 'bob' then 'q7' when 'cid' then null else 'a1' end`);
    const after = await run(sql);
    await client.query('rollback');
    return before === undefined || after === undefined ? undefined : [before, after];
  }

  const SECRET = 'public.people.ssn';

  async function factsOf(sql: string): Promise<StatementFacts> {
    const parsed = await parse(sql, { serverVersion: 180_000, lexical: { standard_conforming_strings: 'on' } });
    if (!parsed.ok) throw new Error(parsed.failure.message);
    const state = { id: 1, database: 'postgres', role: 'app', searchPath: ['pg_catalog', 'public'], lexical: {} };
    const [facts] = analyse(parsed.unit, {
      catalogue,
      state,
      stateChangedInTransaction: false,
      schemaChangedInTransaction: false,
    }).statements;
    if (facts === undefined) throw new Error('no statement');
    return facts;
  }

  it.each([true, false])(
    'with conditions on it: %s',
    async (secretConditions) => {
      let differed = 0;
      let compared = 0;
      await fc.assert(
        fc.asyncProperty(queryText(3, secretConditions), async (sql) => {
          const results = await both(sql);
          if (results === undefined) return;
          compared += 1;
          const facts = await factsOf(sql);
          expect(facts.opaque).toEqual([]);
          if (facts.outputs === undefined || facts.outputs === 'unknown') throw new Error('outputs are not known');
          const conditional = facts.columns.some(({ column, use }) => column === SECRET && use !== 'output' && use !== 'count');
          for (const at of [0, 1]) {
            if (results[0][at] === results[1][at]) continue;
            differed += 1;
            const claims = facts.outputs[at]?.origins.some((origin) => origin.column === SECRET && origin.how !== 'counted');
            expect({ sql, at, claims: (claims ?? false) || (secretConditions && conditional) }).toEqual({ sql, at, claims: true });
          }
        }),
        { seed: 20_260, numRuns: 400, endOnFailure: true },
      );
      expect(compared).toBeGreaterThan(150);
      expect(differed).toBeGreaterThan(60);
    },
    120_000,
  );
});

/** A query of two text columns `a` and `b`. Conditions are on people.ssn only when `secret`. */
function queryText(depth: number, secret: boolean): fc.Arbitrary<string> {
  const select = fc.tuple(fromText(depth, secret), fc.nat(), fc.nat()).chain(([from, left, right]) =>
    fc
      .tuple(
        valueText(from.columns, depth, secret),
        valueText(from.columns, depth, secret),
        fc.option(conditionText(from.safe, depth, secret)),
      )
      .map(([a, b, where]) => {
        const plain = `select ${a} as a, ${b} as b from ${from.text}${where === null ? '' : ` where ${where}`}`;
        if (left % 7 === 0) return `select min(s.a) as a, string_agg(s.b, ',' order by s.b) as b from (${plain}) s`;
        return right % 5 === 0 ? `with c(a, b) as (${plain}) select c.b as a, c.a as b from c` : plain;
      }),
  );
  if (depth <= 0) return select;
  const union = fc
    .tuple(
      queryText(depth - 1, secret),
      queryText(depth - 1, secret),
      fc.constantFrom('union all', ...(secret ? ['union', 'except', 'intersect'] : [])),
    )
    .map(([a, b, operator]) => `select a, b from (${a}) l ${operator} select b, a from (${b}) r`);
  return fc.oneof({ weight: 5, arbitrary: select }, { weight: 1, arbitrary: union });
}

interface FromText {
  readonly text: string;
  readonly columns: readonly string[];
  /** Columns that conditions may use. */
  readonly safe: readonly string[];
}

function fromText(depth: number, secret: boolean): fc.Arbitrary<FromText> {
  const table = (text: string, columns: readonly string[], hidden: readonly string[] = []): FromText => ({
    text,
    columns,
    safe: secret ? columns : columns.filter((column) => !hidden.includes(column)),
  });
  const plain = fc.constantFrom(
    table('people p', ['p.name', 'p.ssn', 'p.city'], ['p.ssn']),
    table('codes k', ['k.code', 'k.label']),
    table('shown v', ['v.name', 'v.big', 'v.city'], ['v.big']),
    table('people as p(n, s, c)', ['n', 's', 'c'], ['s']),
    table('people p join codes k on k.label = p.city', ['p.name', 'p.ssn', 'k.code'], ['p.ssn']),
    table('people p left join people q using (city)', ['city', 'p.ssn', 'q.name'], ['p.ssn']),
    table('people p, lateral (select p.ssn as x, p.name as y) l', ['l.x', 'l.y', 'p.city'], ['l.x']),
    table('people p, lateral (select (p).ssn || $$-$$ as x, (p).name as y) l', ['l.x', 'l.y', 'p.city'], ['l.x']),
    table('people p cross join lateral (values (p.ssn, p.city), (p.name, p.name)) l(x, y)', ['l.x', 'l.y'], ['l.x']),
  );
  if (depth <= 0) return plain;
  const sub = queryText(depth - 1, secret).map(
    (text): FromText => ({ text: `(${text}) s`, columns: ['s.a', 's.b'], safe: secret ? ['s.a', 's.b'] : [`'x'`] }),
  );
  return fc.oneof({ weight: 2, arbitrary: plain }, { weight: 1, arbitrary: sub });
}

function valueText(columns: readonly string[], depth: number, secret: boolean): fc.Arbitrary<string> {
  const column = fc.constantFrom(...columns);
  if (depth <= 0) return column;
  const inner = valueText(columns, depth - 1, secret);
  return fc.oneof(
    { weight: 3, arbitrary: column },
    { weight: 1, arbitrary: fc.constantFrom(`'k'`, 'null::text') },
    { weight: 1, arbitrary: inner.map((x) => `lower(${x})`) },
    { weight: 1, arbitrary: fc.tuple(inner, inner).map(([x, y]) => `(${x} || ${y})`) },
    { weight: 1, arbitrary: fc.tuple(inner, inner).map(([x, y]) => `coalesce(${x}, ${y})`) },
    { weight: 1, arbitrary: fc.tuple(inner, inner).map(([x, y]) => `nullif(${x}, ${y})`) },
    { weight: 1, arbitrary: fc.tuple(inner, inner).map(([x, y]) => `(array[${x}, ${y}])[2]`) },
    { weight: 1, arbitrary: fc.tuple(inner, inner, inner).map(([x, y, z]) => `case when ${x} is null then ${y} else ${z} end`) },
    { weight: 1, arbitrary: fc.tuple(inner, inner).map(([x, y]) => `case ${x} when 'a1' then ${y} else 'no' end`) },
    { weight: 1, arbitrary: inner.map((x) => `(row('z', ${x}))::text`) },
    { weight: 1, arbitrary: inner.map((x) => `(json_build_object('f', ${x}) ->> 'f')`) },
    {
      weight: 1,
      arbitrary: fc.tuple(inner, queryText(depth - 2, secret)).map(([x, query]) => `(select max(z.a || ${x}) from (${query}) z)`),
    },
    {
      weight: 1,
      arbitrary: queryText(depth - 2, secret).map((query) => `(exists (select z.a from (${query}) z where z.b is not null))::text`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(inner, queryText(depth - 2, secret)).map(([x, query]) => `(${x} in (select z.a from (${query}) z))::text`),
    },
    {
      weight: 1,
      arbitrary: queryText(depth - 2, secret).map((query) => `array_to_string(array(select z.a from (${query}) z order by 1), ',')`),
    },
    { weight: 1, arbitrary: queryText(depth - 2, secret).map((query) => `(select json_agg(z) ->> 0 from (${query}) z)`) },
  );
}

function conditionText(columns: readonly string[], depth: number, secret: boolean): fc.Arbitrary<string> {
  const column = fc.constantFrom(...columns);
  const simple = fc.oneof(
    column.map((x) => `${x} = 'a1'`),
    column.map((x) => `${x} like 'a%'`),
    column.map((x) => `${x} is not null`),
    fc.tuple(column, column).map(([x, y]) => `${x} = ${y}`),
    column.map((x) => `${x} in ('x', 'ann')`),
  );
  if (depth <= 0 || !secret) return simple;
  return fc.oneof(
    simple,
    fc.tuple(simple, simple).map(([x, y]) => `(${x} or not ${y})`),
    fc.tuple(column, queryText(depth - 2, secret)).map(([x, query]) => `${x} in (select z.b from (${query}) z)`),
    fc.tuple(column, queryText(depth - 2, secret)).map(([x, query]) => `exists (select 1 from (${query}) z where z.a = ${x})`),
  );
}

const MARKS = { same: '', derived: '~', counted: '#' } as const;

function short(column: string): string {
  return column.split('.').at(-1) ?? column;
}

function outputsOf(facts: StatementFacts): readonly Lineage[] | 'unknown' | undefined {
  if (facts.outputs === undefined || facts.outputs === 'unknown') return facts.outputs;
  return facts.outputs.map((output) => {
    const origins = output.origins
      .filter((origin) => PROTECTED.test(origin.column))
      .map((origin) => `${MARKS[origin.how]}${short(origin.column)}`);
    return [...origins, ...(output.opaque ? ['!'] : [])].join(' ');
  });
}

function usesOf(facts: StatementFacts): string[] {
  return facts.columns
    .filter(({ column, use }) => PROTECTED.test(column) && use !== 'output')
    .map(({ column, use }) => `${short(column)} ${use}`)
    .sort();
}

function flowsOf(facts: StatementFacts): string[] {
  return facts.flows
    .flatMap(({ from, to }) => {
      const target =
        to.kind === 'column'
          ? to.column
          : to.kind === 'relation'
            ? `relation ${to.relation}`
            : to.kind === 'file'
              ? `file ${to.name}`
              : to.kind;
      return from.filter((column) => PROTECTED.test(column)).map((column) => `${short(column)} > ${target}`);
    })
    .sort();
}
