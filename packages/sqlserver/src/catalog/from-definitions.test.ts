import { describe, expect, it } from '@jest/globals';
import type { OutputColumn, RelationName } from '@sqlwarden/core';
import { relationOutputs } from '../sql/analyse.js';
import { parseUnit } from '../sql/parse.js';
import { isStatement } from '@sqlwarden/core';
import { catalogueFromDefinitions } from './from-definitions.js';
import type { SqlserverCatalogue } from './resolved-catalogue.js';

/** One text for each batch. */
function catalogueOf(...batches: readonly string[]): SqlserverCatalogue {
  const statements = batches.flatMap((text) => {
    const result = parseUnit(text, { serverVersion: 16, lexical: { quoted_identifier: 'on' } });
    if (!result.ok) throw new Error(result.failure.message);
    return result.unit.statements.filter(isStatement);
  });
  return catalogueFromDefinitions(statements, { database: 'crm' });
}

function columnsOf(catalogue: SqlserverCatalogue, relation: RelationName): readonly string[] | undefined {
  return catalogue.catalogue.relations.get(relation)?.columns.map((column) => column.name);
}

function originsOf(catalogue: SqlserverCatalogue, relation: RelationName): unknown {
  const outputs = relationOutputs(catalogue, relation);
  return Array.isArray(outputs) ? outputs.map(({ origins }: OutputColumn) => origins.map(({ column }) => column).toSorted()) : outputs;
}

describe('catalogueFromDefinitions', () => {
  it('makes tables with computed columns, in dbo', () => {
    const catalogue = catalogueOf(
      "CREATE TABLE People (Id int NOT NULL, [Name] nvarchar(80), Shown AS ([Name] + N'x')) CREATE TABLE #t (a int)",
    );
    expect(catalogue.catalogue.relations.get('dbo.people')?.columns).toMatchObject([
      { name: 'id', number: 1, type: 'int', notNull: true },
      { name: 'name', number: 2, type: 'nvarchar' },
      { name: 'shown', number: 3, generated: true },
    ]);
    expect([...catalogue.catalogue.relations.values()].filter(({ kind }) => kind === 'table')).toHaveLength(1);
    expect(originsOf(catalogue, 'dbo.people')).toContainEqual(['dbo.people.name', 'dbo.people.shown']);
  });

  it('makes views, whose names are found from their schema', () => {
    const catalogue = catalogueOf(
      'CREATE TABLE people (id int, name varchar(80))',
      'CREATE SCHEMA hr',
      'CREATE TABLE hr.people (salary int)',
      'CREATE VIEW hr.v AS SELECT salary AS s FROM people',
      'CREATE VIEW w (i, n) AS SELECT * FROM people',
    );
    expect(originsOf(catalogue, 'hr.v')).toEqual([['hr.people.salary', 'hr.v.s']]);
    expect(originsOf(catalogue, 'dbo.w')).toEqual([
      ['dbo.people.id', 'dbo.w.i'],
      ['dbo.people.name', 'dbo.w.n'],
    ]);
  });

  it('makes synonyms of relations and routines', () => {
    const catalogue = catalogueOf(
      'CREATE TABLE people (id int)',
      'CREATE PROCEDURE p AS SELECT id FROM people',
      'CREATE SYNONYM persons FOR dbo.people CREATE SYNONYM q FOR p CREATE SYNONYM far FOR other.dbo.people',
    );
    expect(originsOf(catalogue, 'dbo.persons')).toEqual([['dbo.people.id', 'dbo.persons.id']]);
    expect(catalogue.routineSynonyms).toEqual(new Map([['dbo.q', 'dbo.p']]));
    expect(catalogue.views.has('dbo.far')).toBe(false);
  });

  it('keeps bodies of routines and triggers', () => {
    const catalogue = catalogueOf(
      'CREATE TABLE people (id int, name varchar(80))',
      'CREATE FUNCTION one(@id int) RETURNS varchar(80) AS BEGIN RETURN (SELECT name FROM people WHERE id = @id) END',
      'CREATE FUNCTION many(@id int) RETURNS TABLE AS RETURN (SELECT id, name FROM people)',
      'CREATE FUNCTION filled() RETURNS @r TABLE (a int, b int) AS BEGIN INSERT @r SELECT id, id FROM people RETURN END',
      'CREATE TRIGGER changed ON people AFTER INSERT AS DELETE FROM people',
    );
    expect(catalogue.bodies.get('dbo.one')).toMatchObject([{ parameters: [{ name: 'id', output: false }], returns: 'value' }]);
    expect(catalogue.functionColumns).toEqual(
      new Map([
        ['dbo.many', ['id', 'name']],
        ['dbo.filled', ['a', 'b']],
      ]),
    );
    expect(catalogue.triggers.get('dbo.people')).toMatchObject([{ rows: { old: 'deleted', new: 'inserted' } }]);
  });

  it('has the catalog views', () => {
    const catalogue = catalogueOf(
      'CREATE VIEW v AS SELECT t.name, c.TABLE_NAME FROM sys.tables AS t JOIN INFORMATION_SCHEMA.COLUMNS AS c ON 1 = 1',
    );
    expect(originsOf(catalogue, 'dbo.v')).toEqual([
      ['dbo.v.name', 'sys.tables.name'],
      ['dbo.v.table_name', 'information_schema.columns.table_name'],
    ]);
  });

  it('follows a table to another schema, with what hangs on it', () => {
    const { catalogue, generated } = catalogueOf(
      'CREATE TABLE people (id int PRIMARY KEY)',
      'CREATE TABLE notes (person int REFERENCES people (id) ON DELETE CASCADE, note varchar(9), shown AS note + person)',
      'CREATE SCHEMA hr',
      'ALTER SCHEMA hr TRANSFER dbo.notes',
    );
    expect(catalogue.relations.has('dbo.notes')).toBe(false);
    expect(generated.get('hr.notes')?.has('shown')).toBe(true);
    expect(catalogue.relations.get('dbo.people')?.referencedBy).toMatchObject([
      { relation: 'hr.notes', columns: ['person'], onDelete: 'cascade' },
    ]);
  });

  it('follows ALTER and DROP', () => {
    const catalogue = catalogueOf(
      'CREATE TABLE a (x int, y int) ALTER TABLE a ADD z int ALTER TABLE a DROP COLUMN y CREATE TABLE b (x int) DROP TABLE b',
    );
    expect(columnsOf(catalogue, 'dbo.a')).toEqual(['x', 'z']);
    expect(columnsOf(catalogue, 'dbo.b')).toBeUndefined();
  });
});
