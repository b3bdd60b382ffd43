import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CatalogueQuery, CatalogueRelation, Statement } from '@sqlwarden/core';
import { findPostgres, type PostgresServer, requireOrSkip, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import { createParser } from '../sql/parse.js';
import { catalogueFromDefinitions } from './from-definitions.js';
import { createCatalogueReader } from './read.js';
import type { PostgresCatalogue } from './resolved-catalogue.js';
import { SYSTEM_RELATIONS, SYSTEM_ROUTINES } from './system-snapshot.js';

const parse = createParser();
const context = { serverVersion: 180_000, lexical: { standard_conforming_strings: 'on' } };

const DEFINITIONS = `
create table people (id int primary key, name text not null, ssn text, initial text generated always as (left(name, 1)) stored, at date default now());
create table staff (room text) inherits (people);
create table pets (owner int references people (id) on delete cascade, keeper int references people (id) on update set null);
create schema hr;
create table hr.people (id int, grade int);
create view names (a, b) as select id, upper(name) from people;
create view first_of as with people as (select 1 as x) select x from people;
create materialized view kept as select ssn from people;
create table copied as select id, ssn as number from people;
create sequence numbers;
create function touched() returns trigger language plpgsql as 'begin return new; end';
create trigger t before insert on people for each row execute function touched();
create function plus(a int, b int) returns int language sql as 'select a + b';
create function everybody() returns setof people language sql as 'select * from people';
create function pairs() returns table (x int, y text) language sql as 'select id, name from people';
set search_path = hr, public;
create view grades as select grade from people;
`;

async function made(): Promise<PostgresCatalogue> {
  const result = await parse(DEFINITIONS, context);
  if (!result.ok) throw new Error(result.failure.message);
  return catalogueFromDefinitions(result.unit.statements as Statement[]);
}

/** What both ways of making a catalogue must agree on. */
function described(catalogue: PostgresCatalogue): unknown {
  const own = [...catalogue.catalogue.relations.values()].filter(
    ({ schema, kind }) => ['public', 'hr'].includes(schema) && kind !== 'index',
  );
  const shown = ({ schema, name, kind, columns, parents, hasTriggers, referencedBy }: CatalogueRelation): unknown => ({
    name: `${schema}.${name}`,
    kind,
    columns: columns.map((column) => [column.name, column.generated ?? false]),
    parents,
    hasTriggers,
    referencedBy: referencedBy?.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
  });
  return {
    relations: own.map(shown).sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
    views: [...catalogue.views.keys()].sort(),
    generated: [...catalogue.generated.keys()].sort(),
    bodies: [...catalogue.bodies].map(([name, bodies]) => [name, bodies.map(({ returns, parameters }) => [returns, parameters])]).sort(),
    triggers: [...catalogue.triggers.keys()].sort(),
    routines: ['public.plus', 'public.everybody', 'public.pairs'].map((name) =>
      catalogue.routines
        .get(name)
        ?.map(({ columns, rowOf, returnsRecord, routine }) => [columns, rowOf, returnsRecord, routine.returnsSet]),
    ),
  };
}

describe('catalogueFromDefinitions', () => {
  it('puts the schema in front of names in views, and leaves common tables alone', async () => {
    const { views } = await made();
    expect(JSON.stringify(views.get('public.names'))).toContain('["public","people"]');
    expect(JSON.stringify(views.get('public.first_of'))).toContain('"name":["people"]');
    expect(JSON.stringify(views.get('hr.grades'))).toContain('["hr","people"]');
  });
});

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('beside a real server', () => {
  let server: PostgresServer;
  let client: pg.Client;
  const query: CatalogueQuery = async (text) =>
    (await client.query<(string | null)[]>({ text, rowMode: 'array', types: { getTypeParser: () => (value: string) => value } })).rows;

  beforeAll(async () => {
    server = await startPostgres();
    client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await client.query(DEFINITIONS);
    await client.query('reset search_path');
  });
  afterAll(async () => {
    await client.end();
    await server.stop();
  });

  it('is what the server says after the same definitions', async () => {
    const read = await createCatalogueReader()(query, 1, parse);
    expect(described(await made())).toEqual(described(read));
  });

  it('knows of the system only what there is', async () => {
    const read = await createCatalogueReader()(query, 1, parse);
    const names = Object.values(SYSTEM_ROUTINES).flatMap((list) => list.trim().split(/\s+/));
    expect(names.filter((name) => !read.routines.has(`pg_catalog.${name}`))).toEqual([]);
    const relations = Object.keys(SYSTEM_RELATIONS).map((name) => [
      name,
      read.catalogue.relations
        .get(name)
        ?.columns.map((column) => column.name)
        .join(' '),
    ]);
    expect(Object.fromEntries(relations)).toEqual(SYSTEM_RELATIONS);
  });
});
