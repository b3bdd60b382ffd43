import { describe, expect, it } from '@jest/globals';
import type { OutputColumn, StatementFacts, UnitFacts } from '@sqlwarden/core';
import { catalogueFromDefinitions } from '../catalog/from-definitions.js';
import { analyse } from './analyse.js';
import { parseUnit } from './parse.js';
import { isStatement } from '@sqlwarden/core';

const CONTEXT = { serverVersion: 16, lexical: { quoted_identifier: 'on' } };

const SCHEMA = [
  'CREATE TABLE people (id int IDENTITY PRIMARY KEY, name varchar(80), ssn varchar(11), salary int)',
  'CREATE TABLE wide (id int, ssn varchar(11) SPARSE, name varchar(80) SPARSE, rest xml COLUMN_SET FOR ALL_SPARSE_COLUMNS)',
  `CREATE TABLE kept (id int, ssn varchar(11), since datetime2 GENERATED ALWAYS AS ROW START HIDDEN, until datetime2 GENERATED ALWAYS AS ROW END HIDDEN,
     PERIOD FOR SYSTEM_TIME (since, until)) WITH (SYSTEM_VERSIONING = ON)`,
  'CREATE TABLE person (ssn varchar(11)) AS NODE',
  'CREATE TABLE knows (why varchar(80)) AS EDGE',
  'CREATE TYPE dbo.pairs AS TABLE (id int IDENTITY, a varchar(80), b varchar(80))',
  'CREATE TABLE log (id int IDENTITY, a varchar(80), b varchar(80))',
  'CREATE VIEW logged AS SELECT * FROM log',
  'CREATE SYNONYM kept_too FOR kept',
  'CREATE PROCEDURE p AS SELECT name FROM people',
  'CREATE PROCEDURE p;2 AS SELECT ssn FROM people',
  'CREATE PROCEDURE pay AS BEGIN DECLARE @s int; SELECT @s = salary FROM people; RETURN @s END',
  'CREATE PROCEDURE done AS BEGIN SELECT name FROM people; RETURN 1 END',
  'CREATE FUNCTION add_up(@a int, @b int) RETURNS int AS BEGIN RETURN @a + @b END',
];

function statementsOf(text: string): readonly unknown[] {
  const result = parseUnit(text, CONTEXT);
  if (!result.ok) throw new Error(`${result.failure.kind}: ${result.failure.message}`);
  return result.unit.statements;
}

const CATALOGUE = catalogueFromDefinitions(
  SCHEMA.flatMap((batch) => statementsOf(batch).filter(isStatement)),
  { database: 'crm' },
);

function factsOf(text: string): UnitFacts {
  const state = { id: 1, database: 'crm', role: 'app', searchPath: ['dbo', 'sys'], lexical: CONTEXT.lexical };
  return analyse(
    { statements: statementsOf(text) },
    { catalogue: CATALOGUE, state, stateChangedInTransaction: false, schemaChangedInTransaction: false },
  );
}

function last(text: string): StatementFacts {
  const facts = factsOf(text).statements.at(-1);
  if (facts === undefined) throw new Error('no statement');
  return facts;
}

/** For each output its name and the columns of people and the other tables that it has values of. */
function outputsOf(text: string): unknown {
  const outputs: readonly OutputColumn[] | 'unknown' | undefined = last(text).outputs;
  return typeof outputs === 'object'
    ? outputs.map(({ name, origins, opaque }) => [name, ...(opaque ? ['?'] : origins.map(({ column }) => column).toSorted())])
    : outputs;
}

const SSN = 'DECLARE @v varchar(20) = (SELECT ssn FROM people WHERE id = 1);';

describe('what comes after a statement that may have failed, or not have run', () => {
  it.each([
    ['an assignment that fails', `${SSN} SET @v = (SELECT a FROM log); SELECT @v`, ['dbo.log.a', 'dbo.people.ssn']],
    ['a computation that fails', `${SSN} SET @v = 1 / 0; SELECT @v`, ['dbo.people.ssn']],
    ['SELECT that computes what fails', `${SSN} SELECT @v = 1 / 0; SELECT @v`, ['dbo.people.ssn']],
    ['a number that may be too large', `${SSN} SET @v = 300; SELECT @v`, ['dbo.people.ssn']],
    [
      'a text that fails with its parameter',
      `${SSN} EXEC sp_executesql N'SET @p = 1 / 0', N'@p varchar(20) OUTPUT', @p = @v OUTPUT; SELECT @v`,
      ['dbo.people.ssn'],
    ],
    ['a constant', `${SSN} SET @v = 'x'; SELECT @v`, []],
    ['TRY with an empty CATCH', `${SSN} BEGIN TRY SELECT 1 / 0; SET @v = 'x' END TRY BEGIN CATCH END CATCH SELECT @v`, ['dbo.people.ssn']],
    [
      'RETURN in a text',
      `${SSN} EXEC sp_executesql N'RETURN; SET @p = NULL', N'@p varchar(20) OUTPUT', @p = @v OUTPUT; SELECT @v`,
      ['dbo.people.ssn'],
    ],
    ['TOP of no rows', `${SSN} SELECT TOP 0 @v = 'x'; SELECT @v`, ['dbo.people.ssn']],
    ['a common table', `WITH log AS (SELECT ssn AS a FROM people) SELECT @v = (SELECT MAX(a) FROM log); SELECT @v`, ['dbo.people.ssn']],
    [
      'a cursor of the same name',
      'DECLARE c CURSOR FOR SELECT ssn FROM people; DECLARE c CURSOR FOR SELECT a FROM log; OPEN c; FETCH c',
      ['dbo.log.a', 'dbo.people.ssn'],
    ],
    [
      'one that was only closed',
      'DECLARE c CURSOR FOR SELECT ssn FROM people; CLOSE c; DECLARE c CURSOR FOR SELECT a FROM log; OPEN c; FETCH c',
      ['dbo.log.a', 'dbo.people.ssn'],
    ],
    [
      'one that has ended',
      'DECLARE c CURSOR FOR SELECT id, ssn FROM people; DEALLOCATE c; DECLARE c CURSOR FOR SELECT a FROM log; OPEN c; FETCH c',
      ['dbo.log.a'],
    ],
    [
      'one of a text inside',
      "DECLARE c CURSOR FOR SELECT ssn FROM people; EXEC ('DECLARE c CURSOR LOCAL FOR SELECT a FROM log; OPEN c'); OPEN c; FETCH c",
      ['dbo.log.a', 'dbo.people.ssn'],
    ],
    [
      'GLOBAL',
      'DECLARE c CURSOR GLOBAL FOR SELECT ssn FROM people; DECLARE c CURSOR LOCAL FOR SELECT a FROM log; OPEN GLOBAL c; FETCH GLOBAL c',
      'unknown',
    ],
  ])('%s', (_, text, expected) => {
    const { outputs } = last(text);
    expect(
      typeof outputs === 'object' ? outputs.flatMap(({ origins }) => origins.map(({ column }) => column)).toSorted() : outputs,
    ).toEqual(expected);
  });

  it.each([
    ['TRY with an empty CATCH', 'BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH END CATCH SELECT ssn FROM people'],
    ['RETURN in a text', "EXEC ('RETURN; SELECT name AS ssn FROM people') SELECT ssn FROM people"],
  ])('leaves open which results come: %s', (_, text) => {
    expect(factsOf(text).branching).toBe(true);
  });

  it('is a row whose number tells', () => {
    const fetch = last(`${SSN} DECLARE c CURSOR SCROLL FOR SELECT a FROM log; OPEN c; FETCH ABSOLUTE @v FROM c`);
    expect(fetch.columns).toContainEqual({ column: 'dbo.people.ssn', use: 'predicate-other' });
  });

  it('is a text of which a part may be missing', () => {
    const text = "DECLARE @s nvarchar(max); IF 1 = 0 SET @s = N'SELECT name FROM people --'; EXEC (@s + N' SELECT ssn FROM people')";
    expect(last(text).opaque).toMatchObject([{ kind: 'dynamic-sql' }]);
  });
});

describe('names that stand for other things than they seem to', () => {
  it.each([
    [
      'a table before one of its name in WITH',
      'WITH a AS (SELECT ssn FROM people), people AS (SELECT a AS ssn FROM log) SELECT * FROM a',
      [['ssn', 'dbo.people.ssn']],
    ],
    [
      'a table that names itself',
      'WITH a AS (SELECT ssn FROM people UNION ALL SELECT ssn FROM a) SELECT * FROM a',
      [['ssn', 'dbo.people.ssn']],
    ],
    [
      'no ordinal',
      "SELECT b FROM (SELECT s.*, ssn FROM people CROSS APPLY STRING_SPLIT('a', 'b', 0) s) x (a, b)",
      [['b', 'dbo.people.ssn']],
    ],
    [
      'NULL for it',
      "SELECT b FROM (SELECT s.*, ssn FROM people CROSS APPLY STRING_SPLIT('a', 'b', NULL) s) x (a, b)",
      [['b', 'dbo.people.ssn']],
    ],
    ['an ordinal', "SELECT b FROM (SELECT s.*, ssn FROM people CROSS APPLY STRING_SPLIT('a', 'b', 1) s) x (a, b, c)", [['b']]],
  ])('%s', (_, text, expected) => {
    expect(outputsOf(text)).toEqual(expected);
  });
});

describe('procedures that show names', () => {
  it.each(['EXEC sp_tables @v', 'EXEC sp_columns @table_name = @v', 'DECLARE @first char(1) = LEFT(@v, 1); EXEC sys.sp_help @first'])(
    'tell by which rows come: %s',
    (call) => {
      expect(last(`${SSN} ${call}`).columns).toContainEqual({ column: 'dbo.people.ssn', use: 'predicate-other' });
    },
  );
});

describe('DBCC', () => {
  it.each([
    ['DBCC SHRINKFILE (1)', 'show', 0],
    ['DBCC CHECKDB WITH NO_INFOMSGS, TABLERESULTS', 'show', 0],
    ['DBCC CHECKDB WITH NO_INFOMSGS', 'maintain', 0],
    [`${SSN} DBCC CHECKIDENT ('log', RESEED, @v)`, 'show', 1],
    ["DBCC CHECKIDENT ('log', RESEED, 7)", 'maintain', 0],
  ])('%s', (text, action, opaque) => {
    expect([last(text).action, last(text).opaque.length]).toEqual([action, opaque]);
  });
});

describe('columns that INSERT passes over', () => {
  it.each([
    [
      'a temporary table',
      'CREATE TABLE #i (id int IDENTITY, pub varchar(80), sec varchar(11)) INSERT #i SELECT name, ssn FROM people SELECT pub, sec FROM #i',
    ],
    [
      'a table variable',
      'DECLARE @i TABLE (id int IDENTITY, pub varchar(80), sec varchar(11)) INSERT @i SELECT name, ssn FROM people SELECT pub, sec FROM @i',
    ],
    [
      'a computed column',
      'CREATE TABLE #i (one AS 1, pub varchar(80), sec varchar(11)) INSERT #i SELECT name, ssn FROM people SELECT pub, sec FROM #i',
    ],
  ])('%s', (_, text) => {
    const [pub, sec] = outputsOf(text) as readonly string[][];
    expect(pub).toContain('dbo.people.name');
    expect(pub).not.toContain('dbo.people.ssn');
    expect(sec).toContain('dbo.people.ssn');
  });

  it('may pass over one that comes through a view', () => {
    expect(outputsOf('SELECT * INTO #i FROM logged INSERT #i SELECT name, ssn FROM people SELECT b FROM #i')).toEqual([
      ['b', 'dbo.log.b', 'dbo.logged.b', 'dbo.people.ssn', 'tempdb."#i".b'],
    ]);
  });

  it('a variable of a table type', () => {
    expect(outputsOf('DECLARE @t dbo.pairs INSERT @t SELECT name, ssn FROM people SELECT b FROM @t')).toEqual([
      ['b', 'dbo.people.ssn', 'tempdb."@t".b'],
    ]);
  });

  it('a table of the catalogue', () => {
    const { flows } = last('INSERT INTO people SELECT ssn, name, salary FROM people');
    expect(flows).toContainEqual({ from: ['dbo.people.ssn'], to: { kind: 'column', column: 'dbo.people.name' } });
  });
});

describe('what * has', () => {
  it.each([
    ['wide', ['id', 'rest']],
    ['kept', ['id', 'ssn']],
    ['kept_too', ['id', 'ssn']],
    ['person', ['$node_id', 'ssn']],
    ['knows', ['$edge_id', '$from_id', '$to_id', 'why']],
  ])('of %s', (table, names) => {
    const { outputs } = last(`SELECT * FROM ${table}`);
    expect(Array.isArray(outputs) && outputs.map(({ name }) => name)).toEqual(names);
  });

  it.each(['ADD other int SPARSE', 'ALTER COLUMN since DROP HIDDEN'])('is not known after %s', (change) => {
    expect(last(`ALTER TABLE kept ${change} SELECT * FROM kept`).outputs).toBe('unknown');
  });

  it('derives a column set from the columns in it', () => {
    expect(outputsOf('SELECT rest FROM wide')).toEqual([['rest', 'dbo.wide.name', 'dbo.wide.rest', 'dbo.wide.ssn']]);
  });

  it('is not known behind a function of unknown columns', () => {
    expect(last('SELECT * FROM fn_virtualfilestats(1, 1), people').outputs).toBe('unknown');
  });
});

describe('procedures', () => {
  it('knows the first of several of one name', () => {
    expect(outputsOf('EXEC p')).toEqual([['name', 'dbo.people.name']]);
    expect(outputsOf('EXEC p;1')).toEqual([['name', 'dbo.people.name']]);
  });

  it('does not know the others', () => {
    expect(last('EXEC p;2').opaque).not.toEqual([]);
  });

  it.each([
    "EXEC sp_addextendedproperty 'MS_Description', 'x', 'SCHEMA', 'dbo', 'TABLE', 'people'",
    'EXEC sp_getapplock @Resource = x, @LockMode = Exclusive',
    "EXEC sp_set_session_context 'tenant', 1",
    'EXEC sp_addrolemember r, u',
  ])('%s returns no rows', (text) => {
    const { outputs, opaque } = last(text);
    expect(outputs === undefined || outputs.length === 0).toBe(true);
    expect(opaque).toEqual([]);
  });

  it.each(['EXEC sys.sp_cdc_enable_table dbo, people, NULL', 'EXEC sp_refreshview v', 'EXEC sp_bindefault d, c'])(
    '%s is not seen through',
    (text) => {
      expect(last(text).opaque).toMatchObject([{ kind: 'dynamic-sql' }]);
    },
  );

  it('keeps what is prepared as a document, and as a message', () => {
    const document = factsOf('DECLARE @x varchar(max) = (SELECT ssn FROM people) DECLARE @h int EXEC sp_xml_preparedocument @h OUTPUT, @x');
    expect(document.statements.at(-1)?.flows).toMatchObject([{ from: ['dbo.people.ssn'], to: { name: 'xml_document' } }]);
    const message = factsOf('DECLARE @x varchar(max) = (SELECT ssn FROM people) EXEC sp_addmessage 50001, 16, @x');
    expect(message.statements.at(-1)?.flows).toMatchObject([{ from: ['dbo.people.ssn'], to: { name: 'messages' } }]);
  });
});

describe('values that come back otherwise', () => {
  it.each(['ROLLBACK TRAN @s', 'SAVE TRAN @s', 'COMMIT TRAN @s', 'BEGIN TRAN @s'])('%s tells its name', (text) => {
    const [, control, told] = factsOf(`DECLARE @s varchar(32) = (SELECT ssn FROM people) ${text}`).statements;
    expect(control).toMatchObject({ class: 'transaction' });
    expect(told?.flows).toMatchObject([{ from: ['dbo.people.ssn'] }]);
  });

  it('binds the parameters of functions', () => {
    expect(outputsOf('SELECT dbo.add_up(salary, 1) FROM people')).toEqual([['', 'dbo.people.salary']]);
  });
});

describe('the status of a procedure', () => {
  const external = (text: string) => last(text).flows.filter(({ to }) => to.kind === 'external');

  it('goes to whoever sent the batch, where nobody takes it', () => {
    expect(external('EXEC pay')).toMatchObject([{ from: ['dbo.people.salary'] }]);
    expect(external('EXEC done')).toEqual([]);
  });

  it('goes nowhere else when a variable takes it', () => {
    expect(external('DECLARE @s int; EXEC @s = pay')).toEqual([]);
    expect(outputsOf('DECLARE @s int; EXEC @s = pay; SELECT @s AS s')).toEqual([['s', 'dbo.people.salary']]);
  });
});

describe('a value that becomes of another type', () => {
  const failing = (text: string): boolean =>
    factsOf(text).statements.some(({ columns }) => columns.some(({ column, use }) => column === 'dbo.people.ssn' && use === 'failure'));

  it.each([
    ['CASE', 'SELECT CASE WHEN id > 1 THEN ssn ELSE 0 END FROM people'],
    ['CASE of a variable', 'DECLARE @i int; SELECT CASE WHEN id > 1 THEN ssn ELSE @i END FROM people'],
    ['IIF', 'SELECT IIF(id > 1, ssn, salary) FROM people'],
    ['COALESCE', 'SELECT COALESCE(ssn, 0) FROM people'],
    ['ISNULL', 'SELECT ISNULL(salary, ssn) FROM people'],
    ['ISNULL of a result', 'SELECT ISNULL(MAX(salary), MAX(ssn)) FROM people'],
    ['ISNULL inside of a CASE', "SELECT CASE WHEN id > 1 THEN ISNULL(ssn, '') ELSE 0 END FROM people"],
    ['NULLIF', 'SELECT NULLIF(ssn, 0) FROM people'],
    ['CHOOSE', 'SELECT CHOOSE(id, ssn, 0) FROM people'],
    ['the position in CHOOSE', "SELECT CHOOSE(ssn, 'a', 'b') FROM people"],
    ['UNION', 'SELECT ssn FROM people UNION ALL SELECT salary FROM people'],
    ['UNION of three', "SELECT ssn FROM people UNION ALL SELECT 'x' UNION ALL SELECT 0"],
    ['UNION of stars', 'SELECT x.* FROM (SELECT ssn FROM people) x UNION ALL SELECT y.* FROM (SELECT salary FROM people) y'],
    ['VALUES', 'SELECT (SELECT MAX(v) FROM (VALUES (ssn), (0)) x (v)) FROM people'],
    ['DECLARE', 'DECLARE @i int = (SELECT MAX(ssn) FROM people)'],
    ['SET', 'DECLARE @i int; SET @i = (SELECT ssn FROM people WHERE id = 1)'],
    ['SET of another variable', `DECLARE @i date; ${SSN} SET @i = @v`],
    ['SELECT into a variable', 'DECLARE @i int; SELECT @i = ssn FROM people'],
    ['UPDATE into a variable', 'DECLARE @i int; UPDATE people SET @i = ssn'],
    ['FETCH', 'DECLARE @i int; DECLARE c CURSOR FOR SELECT ssn FROM people; OPEN c; FETCH c INTO @i'],
  ])('tells by failing: %s', (_, text) => {
    expect(failing(text)).toBe(true);
  });

  it.each([
    ['CASE of strings', "SELECT CASE WHEN id > 1 THEN ssn WHEN id > 2 THEN name ELSE '' END FROM people"],
    ['CASE without ELSE', 'SELECT CASE WHEN id > 1 THEN ssn END FROM people'],
    ['CASE of what is computed', "SELECT CASE WHEN id > 1 THEN UPPER(ssn) ELSE name + ', ' + ssn END FROM people"],
    ['CASE in a CASE', "SELECT CASE WHEN id > 1 THEN ssn ELSE CASE WHEN id > 2 THEN name ELSE 'x' END END FROM people"],
    ['COALESCE', "SELECT COALESCE(ssn, name, N'') FROM people"],
    ['COALESCE of a subquery', "SELECT COALESCE((SELECT MAX(ssn) FROM people), 'none')"],
    ['ISNULL', "SELECT ISNULL(ssn, '') + ISNULL(name, '') FROM people"],
    ['ISNULL by a parameter', 'DECLARE @p varchar(9); SELECT ISNULL(ssn, @p) FROM people'],
    ['ISNULL of a result', "SELECT ISNULL(MAX(ssn), 'none') FROM people"],
    ['NULLIF', "SELECT NULLIF(ssn, '') FROM people"],
    ['CHOOSE', "SELECT CHOOSE(id, ssn, name, 'x') FROM people"],
    ['UNION', 'SELECT ssn, id FROM people UNION ALL SELECT name, salary FROM people UNION SELECT NULL, 0'],
    ['VALUES', "SELECT (SELECT MAX(v) FROM (VALUES (ssn), (name), ('')) x (v)) FROM people"],
    ['DECLARE', 'DECLARE @s nvarchar(40) = (SELECT ssn FROM people WHERE id = 1)'],
    ['SET', `DECLARE @s varchar(40); ${SSN} SET @s = @v; SET @s = (SELECT MAX(ssn) FROM people)`],
    ['SELECT into a variable', "DECLARE @s varchar(40); SELECT @s = name + ' ' + ssn FROM people"],
    ['FETCH', 'DECLARE @s varchar(11); DECLARE c CURSOR FOR SELECT ssn FROM people; OPEN c; FETCH c INTO @s'],
  ])('tells nothing where it always does: %s', (_, text) => {
    expect(failing(text)).toBe(false);
  });
});
