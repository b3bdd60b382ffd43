import { describe, expect, it } from '@jest/globals';
import type { Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

function parse(text: string): readonly Statement[] {
  const result = parseUnit(text, { serverVersion: 16, lexical: { quoted_identifier: 'on' } });
  if (!result.ok) throw new Error(`${result.failure.kind}: ${result.failure.message}`);
  return result.unit.statements as readonly Statement[];
}

function kinds(text: string): string[] {
  return parse(text).map((statement) => statement.kind);
}

function refusal(text: string): string {
  const result = parseUnit(text, { serverVersion: 16, lexical: { quoted_identifier: 'on' } });
  return result.ok ? 'parsed' : result.failure.kind;
}

/** The texts of the statements by their spans. */
function texts(text: string): string[] {
  return parse(text).map(({ span }) => text.slice(span.start, span.end));
}

describe('parseBatch', () => {
  it.each<[string, string[]]>([
    ['', []],
    [' ; ;', []],
    ['SELECT 1 SELECT 2', ['SELECT 1', 'SELECT 2']],
    ['SELECT 1; ; SELECT 2;', ['SELECT 1', 'SELECT 2']],
    ['SET NOCOUNT ON SELECT 1 DELETE t', ['SET NOCOUNT ON', 'SELECT 1', 'DELETE t']],
    ['DECLARE @a int = 1 SET @a += 1 PRINT @a', ['DECLARE @a int = 1', 'SET @a += 1', 'PRINT @a']],
    ['EXEC p @a, 1 SELECT 2', ['EXEC p @a, 1', 'SELECT 2']],
    ['p 1 SELECT 2', ['p 1', 'SELECT 2']],
    ['BEGIN TRAN UPDATE t SET a = 1 COMMIT', ['BEGIN TRAN', 'UPDATE t SET a = 1', 'COMMIT']],
    ['again: GOTO again', ['again:', 'GOTO again']],
    ['ALTER ROLE r ADD MEMBER m DROP TABLE t', ['ALTER ROLE r ADD MEMBER m', 'DROP TABLE t']],
    ['ALTER ROLE r DROP MEMBER m DROP TABLE t', ['ALTER ROLE r DROP MEMBER m', 'DROP TABLE t']],
    ['CREATE ROLE r DROP TABLE t', ['CREATE ROLE r', 'DROP TABLE t']],
    ['ALTER LOGIN l DROP CREDENTIAL c DROP TABLE t', ['ALTER LOGIN l DROP CREDENTIAL c', 'DROP TABLE t']],
    ['ALTER SEQUENCE s DROP TABLE t', ['ALTER SEQUENCE s', 'DROP TABLE t']],
    ['ALTER WORKLOAD GROUP g SET NOCOUNT ON', ['ALTER WORKLOAD GROUP g', 'SET NOCOUNT ON']],
    ['ALTER LOGIN l DISABLE SELECT 1', ['ALTER LOGIN l DISABLE', 'SELECT 1']],
    [
      'ALTER DATABASE d SET READ_ONLY WITH ROLLBACK IMMEDIATE SET NOCOUNT ON',
      ['ALTER DATABASE d SET READ_ONLY WITH ROLLBACK IMMEDIATE', 'SET NOCOUNT ON'],
    ],
    ['CREATE SEQUENCE s START WITH 1 EXEC p', ['CREATE SEQUENCE s START WITH 1', 'EXEC p']],
    ["BACKUP DATABASE d TO DISK = 'f' WITH INIT TRUNCATE TABLE t", ["BACKUP DATABASE d TO DISK = 'f' WITH INIT", 'TRUNCATE TABLE t']],
    ['CREATE USER u WITHOUT LOGIN ENABLE TRIGGER g ON t', ['CREATE USER u WITHOUT LOGIN', 'ENABLE TRIGGER g ON t']],
    ['GRANT SELECT ON t TO u REVOKE SELECT ON t FROM u', ['GRANT SELECT ON t TO u', 'REVOKE SELECT ON t FROM u']],
    [
      'CREATE INDEX i ON t (a) WITH FILLFACTOR = 80 DROP INDEX i ON t',
      ['CREATE INDEX i ON t (a) WITH FILLFACTOR = 80', 'DROP INDEX i ON t'],
    ],
    ['DBCC CHECKDB WITH NO_INFOMSGS KILL 5', ['DBCC CHECKDB WITH NO_INFOMSGS', 'KILL 5']],
  ])('separates the statements of %s', (text, expected) => {
    expect(texts(text)).toEqual(expected);
  });

  it('takes a name for a call only where the batch begins', () => {
    expect(kinds('dbo.p')).toEqual(['call']);
    expect(refusal('SELECT 1; dbo.p')).toBe('syntax');
  });

  it.each([
    'CREATE VIEW v AS SELECT 1',
    'CREATE PROC p AS SELECT 1',
    'ALTER TRIGGER g ON t FOR INSERT AS SELECT 1',
    'CREATE SCHEMA s',
    'CREATE RULE r AS @a > 1',
  ])('refuses %s behind another statement', (text) => {
    expect(refusal(text)).toBe('parsed');
    expect(refusal(`SELECT 1; ${text}`)).toBe('syntax');
    expect(refusal(`IF 1 = 1 ${text}`)).toBe('syntax');
  });

  it('ends a batch with its view', () => {
    expect(refusal('CREATE VIEW v AS SELECT a FROM t; DELETE t')).toBe('syntax');
  });

  it('takes everything behind a procedure into its body', () => {
    const [routine, ...others] = parse('CREATE PROC p AS SELECT 1; DELETE t');
    expect(others).toEqual([]);
    expect(routine).toMatchObject({ kind: 'create-routine', body: [{ kind: 'select' }, { kind: 'delete' }] });
  });

  it.each([
    'SELEC 1 FROM t, u',
    'CREATE',
    'ALTER TABLE t',
    'BEGIN END',
    'BEGIN SELECT 1',
    'IF 1 = 1',
    'END',
    'DROP',
    'CREATE ROLE r (a',
    'SET x',
    'THROW 50000, (SELECT a FROM t), 1',
    'KILL @s',
  ])('refuses %s', (text) => {
    expect(refusal(text)).toBe('syntax');
  });

  it('refuses a query that hides among options', () => {
    expect(refusal('CREATE LOGIN l WITH (PASSWORD = (SELECT p FROM secret))')).toBe('limit');
  });
});

describe('SET QUOTED_IDENTIFIER', () => {
  const literal = { kind: 'literal', type: 'string', value: 'x' };
  const item = (statement: Statement | undefined): unknown => {
    if (statement?.kind !== 'select' || statement.query.body.kind !== 'select') throw new Error('no SELECT');
    return statement.query.body.items[0]?.expression;
  };

  it('works from where it stands in the text, whether it is reached or not', () => {
    const statements = parse('SELECT "x"; IF 1 = 0 SET QUOTED_IDENTIFIER OFF; SELECT "x"');
    expect(item(statements[0])).toMatchObject({ kind: 'column', name: 'x' });
    expect(item(statements[2])).toEqual(literal);
  });

  it('works among other options', () => {
    const statements = parse('SET ANSI_NULLS, QUOTED_IDENTIFIER OFF SELECT "x"');
    expect(statements[0]).toMatchObject({
      kind: 'sequence',
      statements: [{ name: 'ansi_nulls' }, { name: 'quoted_identifier', values: ['off'] }],
    });
    expect(item(statements[1])).toEqual(literal);
  });

  it('does nothing in the body of a procedure', () => {
    const [routine] = parse('CREATE PROC p AS SET QUOTED_IDENTIFIER OFF; SELECT "x"');
    const body = routine?.kind === 'create-routine' ? routine.body : undefined;
    expect(item(body?.[1])).toMatchObject({ kind: 'column', name: 'x' });
  });

  it('leaves a text with quotes unread where the setting at run time may differ', () => {
    const run = `EXEC ('SELECT "x"')`;
    expect(parse(run)).toMatchObject([{ statements: [{ kind: 'select' }] }]);
    expect(parse(`${run}; SET QUOTED_IDENTIFIER OFF`)[0]).toMatchObject({ kind: 'dynamic', statements: undefined });
  });

  it('refuses quotes behind ANSI_DEFAULTS that changes them', () => {
    expect(refusal('SET ANSI_DEFAULTS OFF SELECT "x"')).toBe('limit');
    expect(refusal('SET ANSI_DEFAULTS ON SELECT "x"')).toBe('parsed');
  });
});
