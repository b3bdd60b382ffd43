import { describe, expect, it } from '@jest/globals';
import type { OutputColumn, RelationName } from '@sqlwarden/core';
import { analyse, relationOutputs } from '../sql/analyse.js';
import { parseUnit } from '../sql/parse.js';
import { isStatement } from '@sqlwarden/core';
import { catalogueFromDefinitions } from './from-definitions.js';
import type { MysqlCatalogue } from './resolved-catalogue.js';

function catalogueOf(text: string): MysqlCatalogue {
  const lexical = { flavour: 'mysql', sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' };
  const result = parseUnit(text, { serverVersion: 80_400, lexical });
  if (!result.ok) throw new Error(result.failure.message);
  return catalogueFromDefinitions(result.unit.statements.filter(isStatement), { database: 'app' });
}

function columnsOf(catalogue: MysqlCatalogue, relation: RelationName): readonly string[] | undefined {
  return catalogue.catalogue.relations.get(relation)?.columns.map((column) => column.name);
}

function originsOf(catalogue: MysqlCatalogue, relation: RelationName): unknown {
  const outputs = relationOutputs(catalogue, relation);
  return Array.isArray(outputs) ? outputs.map(({ origins }: OutputColumn) => origins.map(({ column }) => column).toSorted()) : outputs;
}

describe('catalogueFromDefinitions', () => {
  it('makes tables, in the database that is in use', () => {
    const catalogue = catalogueOf(`
      CREATE TABLE people (id INT NOT NULL PRIMARY KEY, name VARCHAR(80), shown VARCHAR(90) AS (CONCAT(name, 'x')));
      CREATE DATABASE hr; USE hr; CREATE TABLE pay (id INT, amount INT); CREATE TABLE app.more LIKE app.people`);
    expect(catalogue.catalogue.relations.get('app.people')?.columns).toMatchObject([
      { name: 'id', number: 1, notNull: true },
      { name: 'name', number: 2, type: 'varchar', notNull: false },
      { name: 'shown', number: 3, generated: true },
    ]);
    expect(columnsOf(catalogue, 'hr.pay')).toEqual(['id', 'amount']);
    expect(columnsOf(catalogue, 'app.more')).toEqual(['id', 'name', 'shown']);
    expect(catalogue.catalogue.schemas.has('hr')).toBe(true);
    expect(originsOf(catalogue, 'app.people')).toContainEqual(['app.people.name', 'app.people.shown']);
  });

  it('knows the foreign keys that write, and columns that are not shown', () => {
    const { catalogue } = catalogueOf(`
      CREATE TABLE people (id INT PRIMARY KEY, secret INT INVISIBLE);
      CREATE TABLE pets (owner INT REFERENCES people (id) ON DELETE CASCADE, other INT, FOREIGN KEY (other) REFERENCES people (id));
      CREATE TABLE visits (who INT); ALTER TABLE visits ADD FOREIGN KEY (who) REFERENCES people (id) ON UPDATE SET NULL`);
    expect(catalogue.relations.get('app.people')).toMatchObject({
      columns: [{ name: 'id' }, { name: 'secret', hidden: true }],
      referencedBy: [
        { relation: 'app.pets', columns: ['owner'], referenced: ['id'], onDelete: 'cascade', onUpdate: 'restrict' },
        { relation: 'app.visits', columns: ['who'], onDelete: 'restrict', onUpdate: 'set-null' },
      ],
    });
  });

  it('makes views and tables of queries', () => {
    const catalogue = catalogueOf(`
      CREATE TABLE people (id INT, name VARCHAR(80));
      CREATE VIEW v (i, n) AS SELECT * FROM people;
      CREATE VIEW w AS SELECT UPPER(n) AS big, i FROM v;
      CREATE TABLE copied AS SELECT name, COUNT(*) AS c FROM people GROUP BY name`);
    expect(columnsOf(catalogue, 'app.w')).toEqual(['big', 'i']);
    expect(originsOf(catalogue, 'app.w')).toEqual([
      ['app.people.name', 'app.v.n', 'app.w.big'],
      ['app.people.id', 'app.v.i', 'app.w.i'],
    ]);
    expect(columnsOf(catalogue, 'app.copied')).toEqual(['name', 'c']);
  });

  it('follows ALTER, RENAME and DROP', () => {
    const catalogue = catalogueOf(`
      CREATE TABLE a (x INT, y INT);
      ALTER TABLE a ADD COLUMN z INT AFTER x, DROP COLUMN y, RENAME COLUMN x TO w;
      CREATE TABLE b (x INT); RENAME TABLE b TO c; CREATE TABLE d (x INT); DROP TABLE d`);
    expect(columnsOf(catalogue, 'app.a')).toEqual(['w', 'z']);
    expect(columnsOf(catalogue, 'app.c')).toEqual(['x']);
    expect(columnsOf(catalogue, 'app.b') ?? columnsOf(catalogue, 'app.d')).toBeUndefined();
  });

  it('keeps bodies of routines and triggers', () => {
    const catalogue = catalogueOf(`
      CREATE TABLE people (id INT, name VARCHAR(80));
      CREATE FUNCTION named(i INT) RETURNS VARCHAR(80) READS SQL DATA RETURN (SELECT name FROM people WHERE id = i);
      CREATE PROCEDURE both_ways(IN a INT, OUT b INT) SELECT 1 INTO b;
      CREATE TRIGGER t BEFORE UPDATE ON people FOR EACH ROW SET NEW.name = OLD.name`);
    expect(catalogue.bodies.get('app.named')).toMatchObject([{ parameters: [{ name: 'i', output: false }], returns: 'value' }]);
    expect(catalogue.bodies.get('app.both_ways')).toMatchObject([
      { parameters: [{ output: false }, { output: true }], returns: 'nothing' },
    ]);
    expect(catalogue.triggers.get('app.people')).toMatchObject([{ statements: [{ kind: 'assign' }] }]);
    expect(catalogue.catalogue.relations.get('app.people')).toMatchObject({ hasTriggers: true });
  });

  it.each([
    'TABLE_NAME FROM INFORMATION_SCHEMA.TABLES',
    'Tables.table_name FROM information_schema.Tables',
    'INFORMATION_SCHEMA.TABLES.table_name FROM Information_Schema.TABLES',
    't.table_name FROM information_schema.tables AS t',
  ])('has each view of INFORMATION_SCHEMA under one name, however it is written: SELECT %s', (query) => {
    const catalogue = catalogueOf(`CREATE VIEW v AS SELECT ${query}`);
    expect(originsOf(catalogue, 'app.v')).toEqual([['app.v.table_name', 'information_schema.tables.table_name']]);
    expect(columnsOf(catalogue, 'information_schema.processlist')).toHaveLength(8);
  });

  it('finds the views of INFORMATION_SCHEMA by a name in upper case, behind USE', () => {
    const catalogue = catalogueOf('CREATE TABLE t (a INT)');
    const state = { id: 1, database: 'app', role: '', searchPath: ['app'], lexical: {} };
    const lexical = { flavour: 'mysql', sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' };
    const result = parseUnit('USE INFORMATION_SCHEMA; SELECT TABLES.TABLE_NAME FROM TABLES', { serverVersion: 80_400, lexical });
    if (!result.ok) throw new Error(result.failure.message);
    const context = { catalogue, state, stateChangedInTransaction: false, schemaChangedInTransaction: false };
    expect(analyse(result.unit, context).statements[1]).toMatchObject({
      reads: ['information_schema.tables'],
      outputs: [{ origins: [{ column: 'information_schema.tables.table_name' }] }],
      opaque: [],
    });
  });

  it('finds the tables of numbers of MariaDB by their names, and lists none', () => {
    const lexical = { flavour: 'mariadb', sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' };
    const result = parseUnit('CREATE TABLE seq_1_to_2 (own INT)', { serverVersion: 101_100, lexical });
    const statements = result.ok ? result.unit.statements.filter(isStatement) : [];
    const catalogue = catalogueFromDefinitions(statements, { database: 'app', flavour: 'mariadb' });
    expect(columnsOf(catalogue, 'app.seq_1_to_10_step_3')).toEqual(['seq']);
    expect(columnsOf(catalogue, 'app.seq_1_to_2')).toEqual(['own']);
    expect(columnsOf(catalogue, 'app.seq_1_to')).toBeUndefined();
    expect([...catalogue.catalogue.relations.keys()]).not.toContain('app.seq_1_to_10_step_3');
    expect(columnsOf(catalogueOf(''), 'app.seq_1_to_10')).toBeUndefined();
  });

  it('does not trace a view that was made from another database', () => {
    const catalogue = catalogueOf('CREATE TABLE people (id INT); CREATE VIEW other.v AS SELECT id FROM people');
    expect(catalogue.views.has('other.v')).toBe(false);
    expect(columnsOf(catalogue, 'other.v')).toEqual(['id']);
  });
});
