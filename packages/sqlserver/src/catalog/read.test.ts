import { describe, expect, it } from '@jest/globals';
import type { CatalogueQuery, OutputColumn, ParseText, RelationName } from '@sqlwarden/core';
import { relationOutputs } from '../sql/analyse.js';
import { parseUnit } from '../sql/parse.js';
import * as queries from './queries.js';
import { createCatalogueReader } from './read.js';
import type { SqlserverCatalogue } from './resolved-catalogue.js';
import type { Row } from './rows.js';

const parse: ParseText = (text, context) => Promise.resolve(parseUnit(text, context));

/** What a server with these objects answers, by statement. */
const ANSWERS: Readonly<Record<string, readonly Row[]>> = {
  [queries.SERVER_SQL]: [['16', 'CRM', 'dbo', '1', 'Latin1_General_CI_AS']],
  [queries.SCHEMAS_SQL]: [['dbo'], ['HR'], ['sys'], ['INFORMATION_SCHEMA']],
  [queries.OBJECTS_SQL]: [
    ['1', 'dbo', 'People', 'U ', '0'],
    ['2', 'HR', 'Names', 'V ', '0'],
    ['3', 'HR', 'named', 'IF', '0'],
    ['4', 'dbo', 'change', 'P', '0'],
    ['5', 'dbo', 'Persons', 'SN', '0'],
    ['6', 'dbo', 'far', 'SN', '0'],
    ['7', 'dbo', 'do_change', 'SN', '0'],
    ['8', 'dbo', 'secret_view', 'V', '0'],
    ['9', 'HR', 'people', 'U', '0'],
    ['-10', 'sys', 'tables', 'V', '1'],
    ['-11', 'sys', 'dm_exec_sql_text', 'TF', '1'],
    ['12', 'dbo', 'filled', 'TF', '0'],
    ['13', 'dbo', 'Twin', 'U', '0'],
    ['14', 'dbo', 'TWIN', 'U', '0'],
  ],
  [queries.COLUMNS_SQL]: [
    ['1', '1', 'Id', 'sys.int', '56', '4', '0', '0', '0'],
    ['1', '2', 'Name', 'sys.nvarchar', '231', '160', '1', '0', '0'],
    ['1', '3', 'Shown', 'sys.nvarchar', '231', '-1', '1', '1', '0'],
    ['1', '4', 'ValidFrom', 'sys.datetime2', '42', '8', '0', '0', '1'],
    ['2', '1', 'Id', 'sys.int', '56', '4', '0', '0', '0'],
    ['2', '2', 'n', 'sys.nvarchar', '231', '162', '1', '0', '0'],
    ['3', '1', 'name', 'sys.nvarchar', '231', '160', '1', '0', '0'],
    ['8', '1', 'x', 'sys.int', '56', '4', '0', '0', '0'],
    ['9', '1', 'Salary', 'sys.int', '56', '4', '0', '0', '0'],
    ['-10', '1', 'name', 'sys.sysname', '231', '256', '0', '0', '0'],
    ['-11', '1', 'dbid', 'sys.smallint', '52', '2', '1', '0', '0'],
    ['-11', '2', 'text', 'sys.nvarchar', '231', '-1', '1', '0', '0'],
    ['12', '1', 'id', 'sys.int', '56', '4', '1', '0', '0'],
    ['13', '1', 'a', 'sys.int', '56', '4', '1', '0', '0'],
    ['14', '1', 'a', 'sys.int', '56', '4', '1', '0', '0'],
    ['15', '1', 'Key', 'sys.int', '56', '4', '1', '0', '0'],
  ],
  [queries.COMPUTED_SQL]: [['1', 'Shown', "([Name]+N' #'+CONVERT([nvarchar](10),[Id]))"]],
  [queries.MODULES_SQL]: [
    ['2', "CREATE VIEW HR.Names AS SELECT Id, Name + ' ' AS n FROM dbo.People", '1', '0'],
    ['3', 'CREATE FUNCTION HR.named(@id int) RETURNS TABLE AS RETURN (SELECT Name AS name FROM dbo.People WHERE Id = @id)', '1', '0'],
    [
      '4',
      'CREATE PROCEDURE dbo.change @id int, @name nvarchar(80) OUTPUT WITH EXECUTE AS OWNER AS UPDATE People SET Name = "x" WHERE Id = @id',
      '0',
      '1',
    ],
    ['8', null, '1', '0'],
    ['12', 'CREATE FUNCTION filled() RETURNS @r TABLE (id int) AS BEGIN INSERT @r SELECT Id FROM People; RETURN END', '1', '0'],
    ['20', 'CREATE TRIGGER dbo.changed ON dbo.People AFTER UPDATE AS UPDATE HR.people SET Salary = 0', '1', '0'],
  ],
  [queries.PARAMETERS_SQL]: [
    ['3', '1', '@id', 'int', '0'],
    ['4', '1', '@id', 'int', '0'],
    ['4', '2', '@name', 'nvarchar', '1'],
  ],
  [queries.SYNONYMS_SQL]: [
    ['5', '[dbo].[People]'],
    ['6', '[elsewhere].[dbo].[People]'],
    ['7', '[CRM].[dbo].[change]'],
  ],
  [queries.FOREIGN_KEYS_SQL]: [],
  [queries.HISTORIES_SQL]: [],
  [queries.TRIGGERS_SQL]: [['20', '1']],
  [queries.TABLE_TYPES_SQL]: [['15', 'dbo', 'Keys']],
  [queries.ASSEMBLY_TYPES_SQL]: [['dbo', 'Point3']],
};

function read(changes: Readonly<Record<string, readonly Row[]>> = {}): Promise<SqlserverCatalogue> {
  const query: CatalogueQuery = (sql) => {
    const rows = changes[sql] ?? ANSWERS[sql];
    return rows === undefined ? Promise.reject(new Error('an unknown statement')) : Promise.resolve(rows);
  };
  return createCatalogueReader()(query, 7, parse);
}

async function outputsOf(relation: RelationName): Promise<unknown> {
  const outputs = relationOutputs(await read(), relation);
  return Array.isArray(outputs)
    ? outputs.map(({ name, origins }: OutputColumn) => [name, origins.map(({ column }) => column).toSorted()])
    : outputs;
}

describe('createCatalogueReader', () => {
  it('reads relations with their columns, folded as the parser folds names', async () => {
    const { catalogue } = await read();
    expect(catalogue).toMatchObject({ version: 7, serverVersion: 16, database: 'crm' });
    const people = catalogue.relations.get('dbo.people');
    expect(people).toMatchObject({ id: 1, kind: 'table', hasTriggers: true });
    expect(people?.columns).toEqual([
      { name: 'id', number: 1, type: 'int', typeId: 56, notNull: true },
      { name: 'name', number: 2, type: 'nvarchar', typeId: 231, notNull: false, maxLength: 80 },
      { name: 'shown', number: 3, type: 'nvarchar', typeId: 231, notNull: false, generated: true, implicit: true },
      { name: 'validfrom', number: 4, type: 'datetime2', typeId: 42, notNull: true, hidden: true },
    ]);
    expect(catalogue.relationsById.get(1)).toBe(people);
    expect(catalogue.relations.get('hr.people')).toMatchObject({ kind: 'table', hasTriggers: false });
    expect(catalogue.relations.get('sys.tables')).toMatchObject({ kind: 'system' });
    expect(catalogue.schemas.has('hr')).toBe(true);
  });

  it('parses views and computed columns', async () => {
    expect(await outputsOf('hr.names')).toEqual([
      ['id', ['dbo.people.id', 'hr.names.id']],
      ['n', ['dbo.people.name', 'hr.names.n']],
    ]);
    expect(await outputsOf('dbo.people')).toContainEqual(['shown', ['dbo.people.id', 'dbo.people.name', 'dbo.people.shown']]);
  });

  it('takes a synonym for all of what it stands for', async () => {
    expect(await outputsOf('dbo.persons')).toContainEqual(['name', ['dbo.people.name', 'dbo.persons.name']]);
    const { routineSynonyms, views } = await read();
    expect(views.has('dbo.far')).toBe(false);
    expect(routineSynonyms).toEqual(new Map([['dbo.do_change', 'dbo.change']]));
  });

  it('reads bodies under the QUOTED_IDENTIFIER that they were made with', async () => {
    const { bodies, functionColumns, catalogue } = await read();
    expect(bodies.get('dbo.change')).toMatchObject([
      {
        parameters: [
          { name: 'id', output: false },
          { name: 'name', output: true },
        ],
        returns: 'nothing',
        securityDefiner: true,
        statements: [{ kind: 'update', set: [{ value: { kind: 'literal', value: 'x' } }] }],
      },
    ]);
    expect(bodies.get('hr.named')).toMatchObject([{ returns: 'table', parameters: [{ name: 'id' }] }]);
    expect(bodies.get('dbo.filled')).toMatchObject([{ returns: 'table', resultRelation: '@r' }]);
    expect(functionColumns.get('hr.named')).toEqual(['name']);
    expect(functionColumns.get('sys.dm_exec_sql_text')).toEqual(['dbid', 'text']);
    expect(catalogue.routines.get('dbo.change')).toMatchObject([
      { kind: 'procedure', securityDefiner: true, argumentTypes: ['int', 'nvarchar'], origin: 'user' },
    ]);
  });

  it('reads triggers, and knows when it may not see some', async () => {
    const { triggers } = await read();
    expect(triggers.get('dbo.people')).toMatchObject([{ rows: { old: 'deleted', new: 'inserted' }, statements: [{ kind: 'update' }] }]);
    expect(triggers.has('hr.people')).toBe(false);
    const limited = await read({ [queries.SERVER_SQL]: [['16', 'CRM', 'dbo', '0', 'Latin1_General_CI_AS']] });
    expect(limited.triggers.get('hr.people')).toEqual([undefined]);
    expect(limited.catalogue.relations.get('hr.people')).toMatchObject({ hasTriggers: true });
  });

  it('reads what INSERT and * pass over', async () => {
    const { catalogue, generated } = await read({
      [queries.OBJECTS_SQL]: [
        ['1', 'dbo', 'wide', 'U', '0'],
        ['2', 'dbo', 'node', 'U', '0'],
      ],
      [queries.COLUMNS_SQL]: [
        ['1', '1', 'id', 'sys.int', '56', '4', '0', '0', '0', '1', '0', '0'],
        ['1', '2', 'ssn', 'sys.char', '175', '11', '1', '0', '0', '0', '1', '0'],
        ['1', '3', 'all_of_it', 'sys.xml', '241', '-1', '1', '0', '0', '0', '0', '1'],
        ['2', '1', 'graph_id_0123456789ABCDEF0123456789ABCDEF', 'sys.bigint', '127', '8', '0', '0', '1', '0', '0', '0'],
        ['2', '2', '$node_id_0123456789ABCDEF0123456789ABCDEF', 'sys.nvarchar', '231', '2000', '0', '0', '0', '0', '0', '0'],
      ],
      [queries.COMPUTED_SQL]: [],
      [queries.MODULES_SQL]: [],
      [queries.SYNONYMS_SQL]: [],
      [queries.TRIGGERS_SQL]: [],
    });
    expect(catalogue.relations.get('dbo.wide')?.columns).toMatchObject([
      { name: 'id', implicit: true },
      { name: 'ssn', hidden: true },
      { name: 'all_of_it' },
    ]);
    expect(generated.get('dbo.wide')?.get('all_of_it')).toMatchObject({ kind: 'construct', operands: [{ name: 'ssn' }] });
    expect(catalogue.relations.get('dbo.node')?.columns).toMatchObject([{ hidden: true }, { name: '$node_id', implicit: true }]);
  });

  it('reads what else is written with a row that others refer to', async () => {
    const { relations } = (
      await read({
        [queries.FOREIGN_KEYS_SQL]: [
          ['30', '9', 'Boss', '1', 'Id', '1', '0'],
          ['30', '9', 'Unit', '1', 'Name', '1', '0'],
        ],
      })
    ).catalogue;
    expect(relations.get('dbo.people')?.referencedBy).toEqual([
      { relation: 'hr.people', columns: ['boss', 'unit'], referenced: ['id', 'name'], onDelete: 'cascade', onUpdate: 'restrict' },
    ]);
  });

  it('takes earlier rows for rows of their table', async () => {
    const { relations } = (await read({ [queries.HISTORIES_SQL]: [['1', '9']] })).catalogue;
    expect(relations.get('hr.people')?.parents).toEqual(['dbo.people']);
  });

  it('refuses two spellings in definitions of a database that tells cases apart', async () => {
    const changed = {
      [queries.MODULES_SQL]: [['2', 'CREATE VIEW HR.Names AS SELECT x AS SSN, y AS ssn FROM dbo.People', '1', '0']],
      [queries.TRIGGERS_SQL]: [],
    };
    expect((await read(changed)).views.has('hr.names')).toBe(true);
    const binary = await read({
      ...changed,
      [queries.SERVER_SQL]: [['16', 'CRM', 'dbo', '1', 'Latin1_General_BIN2 SQL_Latin1_General_CP1_CI_AS']],
    });
    expect(binary.views.has('hr.names')).toBe(false);
  });

  it('reads table types', async () => {
    const { relations } = (await read()).catalogue;
    expect(relations.get('dbo.keys')).toMatchObject({ kind: 'composite', columns: [{ name: 'key', type: 'int' }] });
  });

  it('does not trace what is encrypted, or has two meanings', async () => {
    const { views } = await read();
    expect(views.has('dbo.secret_view')).toBe(false);
    expect(relationOutputs(await read(), 'dbo.twin')).not.toContainEqual(expect.objectContaining({ opaque: false }));
  });
});
