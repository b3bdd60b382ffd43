import { describe, expect, it } from '@jest/globals';
import type { Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

function one(text: string): Statement {
  const result = parseUnit(text, { serverVersion: 16, lexical: { quoted_identifier: 'on' } });
  if (!result.ok) throw new Error(`${result.failure.kind}: ${result.failure.message}`);
  const [statement, ...others] = result.unit.statements as readonly Statement[];
  if (statement === undefined || others.length > 0) throw new Error('not one statement');
  return statement;
}

const IMPLICIT_AND_HIDDEN = {
  columns: [{ implicit: true }, { implicit: true, default: { kind: 'operator' } }, { name: 'c', hidden: true }, { name: 'd' }],
};
const COLUMN_SET = {
  columns: [
    { name: 'a', hidden: true },
    { name: 'b', default: { kind: 'construct', operands: [{ name: 'a' }] } },
  ],
};

describe('CREATE TABLE', () => {
  it('keeps the expressions and references of columns and constraints', () => {
    const statement = one(`CREATE TABLE dbo.t (
      a int IDENTITY(1, 1) NOT NULL CONSTRAINT pk PRIMARY KEY CLUSTERED WITH (FILLFACTOR = 80) ON [PRIMARY],
      b AS a + 1 PERSISTED,
      c varchar(10) COLLATE Latin1_General_CI_AS MASKED WITH (FUNCTION = 'default()') DEFAULT 'x' NULL,
      d int REFERENCES dbo.u (x) ON DELETE CASCADE ON UPDATE SET NULL CHECK (d > 0),
      timestamp,
      CONSTRAINT fk FOREIGN KEY (c, d) REFERENCES dbo.v (c, d),
      CHECK (a < d), INDEX i NONCLUSTERED (d DESC) WHERE d > 5
    ) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY]`);
    expect(statement).toMatchObject({
      kind: 'create-table',
      name: ['dbo', 't'],
      temporary: false,
      columns: [
        { name: 'a', notNull: true },
        { name: 'b', default: { kind: 'operator' }, expressions: [{ kind: 'operator' }] },
        { name: 'c', default: { kind: 'literal' } },
        { name: 'd', foreignKeys: [{ relation: ['dbo', 'u'] }], expressions: [{ kind: 'comparison' }] },
        { name: 'timestamp' },
      ],
      foreignKeys: [{ relation: ['dbo', 'v'] }],
      expressions: [{ kind: 'comparison' }, { kind: 'comparison' }],
    });
  });

  it.each<[string, object]>([
    ['CREATE TABLE #t (a int)', { kind: 'create-table', temporary: true }],
    ['CREATE TABLE t (a int) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = dbo.h))', { references: [['dbo', 'h']] }],
    ['CREATE TABLE n (a int) AS NODE', { kind: 'create-table', columns: [{ name: '$node_id', implicit: true }, { name: 'a' }] }],
    ['CREATE TABLE t (a int IDENTITY, b AS a + 1, c datetime2 GENERATED ALWAYS AS ROW START HIDDEN, d rowversion)', IMPLICIT_AND_HIDDEN],
    ['CREATE TABLE t (a int SPARSE, b xml COLUMN_SET FOR ALL_SPARSE_COLUMNS)', COLUMN_SET],
    ['CREATE TABLE t (a int SPARSE)', { columns: [{ name: 'a', type: {} }] }],
    [
      'CREATE TABLE e (CONNECTION (n TO m)) AS EDGE',
      {
        columns: [{ name: '$edge_id' }, { name: '$from_id' }, { name: '$to_id' }],
        foreignKeys: [{ relation: ['n'] }, { relation: ['m'] }],
      },
    ],
    ['CREATE TABLE t AS CLONE OF dbo.u', { columnsOf: [['dbo', 'u']] }],
    ['CREATE TABLE t WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT a FROM u', { kind: 'create-table-as', source: { kind: 'query' } }],
    ["CREATE EXTERNAL TABLE t (a int) WITH (LOCATION = 'x', DATA_SOURCE = s)", { kind: 'create-table', objectKind: 'foreign table' }],
    [
      "CREATE EXTERNAL TABLE t WITH (LOCATION = 'x') AS SELECT a FROM u",
      { kind: 'block', statements: [{ kind: 'copy', direction: 'to' }, { objectKind: 'foreign table' }] },
    ],
  ])('reads %s', (text, expected) => {
    expect(one(text)).toMatchObject(expected);
  });
});

describe('modules', () => {
  it('reads a procedure', () => {
    expect(
      one('CREATE OR ALTER PROCEDURE dbo.p (@a int = 5, @b int OUTPUT) WITH EXECUTE AS OWNER AS BEGIN SELECT @b = @a END'),
    ).toMatchObject({
      kind: 'create-routine',
      objectKind: 'procedure',
      parameters: ['a', 'b'],
      outputs: ['b'],
      returns: 'nothing',
      securityDefiner: true,
      replace: true,
      expressions: [{ kind: 'literal', value: '5' }],
      body: [{ kind: 'block' }],
    });
  });

  it.each<[string, object]>([
    ['CREATE FUNCTION f (@a int) RETURNS int AS BEGIN RETURN @a END', { returns: 'value', body: [{ kind: 'block' }] }],
    [
      'CREATE FUNCTION f () RETURNS TABLE WITH SCHEMABINDING AS RETURN (SELECT a FROM dbo.t)',
      { returns: 'table', body: [{ kind: 'select' }] },
    ],
    [
      'CREATE FUNCTION f () RETURNS @r TABLE (x int) AS BEGIN INSERT @r SELECT a FROM t RETURN END',
      { returns: 'table', resultRelation: '@r', body: [{ kind: 'declare-table', name: '@r' }, { kind: 'block' }] },
    ],
    ['CREATE FUNCTION f () RETURNS int AS EXTERNAL NAME a.b.c', { language: 'clr', body: undefined }],
    [
      'CREATE PROC p @t dbo.ids READONLY AS SELECT 1',
      { body: [{ kind: 'declare-table', name: '@t' }, { kind: 'select' }], securityDefiner: false },
    ],
    ['CREATE PROC p WITH EXECUTE AS CALLER AS DELETE t', { securityDefiner: false }],
  ])('reads %s', (text, expected) => {
    expect(one(text)).toMatchObject({ kind: 'create-routine', ...expected });
  });

  it('reads a trigger with the tables of its rows', () => {
    expect(one('CREATE TRIGGER dbo.g ON dbo.t AFTER INSERT, UPDATE AS IF UPDATE(a) INSERT log SELECT a FROM inserted')).toMatchObject({
      kind: 'create-trigger',
      name: 'g',
      relation: ['dbo', 't'],
      events: ['insert', 'update'],
      rows: { old: 'deleted', new: 'inserted' },
      body: [{ kind: 'if' }],
    });
  });

  it('counts a trigger on a database as code that runs for others', () => {
    expect(one('CREATE TRIGGER g ON DATABASE FOR CREATE_TABLE AS DELETE log')).toMatchObject({
      kind: 'block',
      statements: [{ kind: 'schema', objectKind: 'database trigger', privileges: true, code: {} }, { kind: 'delete' }],
    });
  });

  it('reads a view', () => {
    expect(one('ALTER VIEW dbo.v (a) WITH SCHEMABINDING AS SELECT b FROM dbo.t WITH CHECK OPTION')).toMatchObject({
      kind: 'create-view',
      name: ['dbo', 'v'],
      columns: ['a'],
      replace: true,
    });
  });

  it('puts what CREATE SCHEMA creates into the schema', () => {
    expect(
      one('CREATE SCHEMA s AUTHORIZATION u CREATE TABLE t (a int) GRANT SELECT ON SCHEMA::s TO v GRANT SELECT ON t TO w'),
    ).toMatchObject({
      kind: 'block',
      statements: [
        { objectKind: 'schema', names: [['s']], privileges: true },
        { kind: 'create-table', name: ['s', 't'] },
        { kind: 'privilege', names: [['s']] },
        { kind: 'privilege', names: [['s', 't']] },
      ],
    });
  });
});

describe('other objects', () => {
  it.each<[string, object]>([
    [
      'CREATE UNIQUE INDEX i ON dbo.t (a DESC) INCLUDE (b) WHERE c > 1 WITH (ONLINE = ON) ON [PRIMARY]',
      { objectKind: 'index', relation: ['dbo', 't'], expressions: [{ name: 'a' }, { name: 'b' }, { kind: 'comparison' }] },
    ],
    ['CREATE CLUSTERED COLUMNSTORE INDEX i ON t', { objectKind: 'index', relation: ['t'] }],
    ['CREATE FULLTEXT INDEX ON t (a LANGUAGE 1033) KEY INDEX k', { objectKind: 'fulltext index', relation: ['t'] }],
    ['CREATE STATISTICS s ON t (a, b) WHERE a > 1', { objectKind: 'statistics', relation: ['t'], expressions: [{}, {}, {}] }],
    ['CREATE SYNONYM s FOR srv.db.dbo.t', { objectKind: 'synonym', relations: [['srv', 'db', 'dbo', 't']] }],
    [
      'CREATE TYPE dbo.ids AS TABLE (a int IDENTITY CHECK (a > 0))',
      { objectKind: 'type', columns: [{ name: 'a', implicit: true }], expressions: [{}] },
    ],
    ['CREATE ASSEMBLY a FROM 0x00 WITH PERMISSION_SET = UNSAFE', { objectKind: 'assembly', code: { kind: 'unknown-routine' } }],
    ["CREATE EXTERNAL DATA SOURCE s WITH (LOCATION = 'x')", { objectKind: 'external data source', code: { kind: 'foreign-data' } }],
    [
      'CREATE DATABASE AUDIT SPECIFICATION s FOR SERVER AUDIT a ADD (SELECT, UPDATE ON dbo.t BY u) WITH (STATE = ON)',
      { objectKind: 'database audit specification', relations: [['dbo', 't']], privileges: true },
    ],
    ['DROP TABLE IF EXISTS dbo.a, b', { operation: 'drop', objectKind: 'table', names: [['dbo', 'a'], ['b']], ifExists: true }],
    ['DROP INDEX t.i', { operation: 'drop', objectKind: 'index', relation: ['t'], names: [['i']] }],
    ['DROP TRIGGER g ON ALL SERVER', { operation: 'drop', objectKind: 'server trigger' }],
  ])('reads %s', (text, expected) => {
    expect(one(text)).toMatchObject({ kind: 'schema', ...expected });
  });
});

describe('ALTER TABLE', () => {
  it.each<[string, object[]]>([
    [
      'ADD a int NOT NULL DEFAULT 0, b int',
      [
        { kind: 'add-column', column: { name: 'a' } },
        { kind: 'add-column', column: { name: 'b' } },
      ],
    ],
    ['WITH NOCHECK ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (a)', [{ kind: 'other', foreignKeys: [{ relation: ['u'] }] }]],
    ['ADD CONSTRAINT d DEFAULT (SELECT 1) FOR a', [{ kind: 'alter-column', name: 'a', expressions: [{ kind: 'scalar-query' }] }]],
    ['ALTER COLUMN a varchar(5) NOT NULL', [{ kind: 'alter-column', name: 'a', type: 'varchar(5)' }]],
    ['ALTER COLUMN a DROP MASKED', [{ kind: 'alter-column' }, { kind: 'other', privileges: true }]],
    ['DROP CONSTRAINT c, COLUMN a, b', [{ kind: 'other' }, { kind: 'drop-column', name: 'a' }, { kind: 'drop-column', name: 'b' }]],
    ['SWITCH PARTITION 1 TO dbo.u PARTITION 2', [{ kind: 'exchange', relation: ['dbo', 'u'] }, { kind: 'other' }]],
    ['DISABLE TRIGGER ALL', [{ kind: 'other', privileges: true }]],
    ['SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = dbo.h))', [{ kind: 'other', relations: [['dbo', 'h']] }]],
    ['REBUILD PARTITION = ALL WITH (DATA_COMPRESSION = PAGE)', [{ kind: 'other' }]],
  ])('reads %s', (clause, actions) => {
    expect(one(`ALTER TABLE dbo.t ${clause}`)).toMatchObject({ kind: 'alter-relation', name: ['dbo', 't'], actions });
  });

  it('moves a table to a schema', () => {
    expect(one('ALTER SCHEMA s TRANSFER OBJECT::dbo.t')).toMatchObject({
      kind: 'alter-relation',
      name: ['dbo', 't'],
      actions: [{ kind: 'set-schema', schema: 's' }, { privileges: true }],
    });
  });
});
