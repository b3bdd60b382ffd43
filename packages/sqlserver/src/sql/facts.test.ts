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
