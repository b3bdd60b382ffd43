import { describe, expect, it } from '@jest/globals';
import type { Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

function parse(text: string): readonly Statement[] {
  const result = parseUnit(text, { serverVersion: 16, lexical: { quoted_identifier: 'on', case_sensitive: 'off' } });
  if (!result.ok) throw new Error(`${result.failure.kind}: ${result.failure.message}`);
  return result.unit.statements as readonly Statement[];
}

function last(text: string): Statement | undefined {
  return parse(text).at(-1);
}

const local = (name: string): object => ({ kind: 'variable', scope: 'local', name });

describe('EXECUTE of a procedure', () => {
  it('reads arguments in order and by name, outputs and the status', () => {
    expect(last("EXEC @status = dbo.p 1, -2, N'x', word, NULL, @named = @a OUTPUT, @other = DEFAULT WITH RECOMPILE")).toMatchObject({
      kind: 'call',
      result: local('status'),
      call: {
        name: ['dbo', 'p'],
        arguments: [
          { expression: { type: 'integer', value: '1' } },
          { expression: { kind: 'operator', operator: { symbol: '-' } } },
          { expression: { type: 'string', value: 'x' } },
          { expression: { type: 'string', value: 'word' } },
          { expression: { type: 'null' } },
          { name: 'named', expression: local('a'), output: true },
          { name: 'other', expression: { kind: 'default' } },
        ],
      },
    });
  });

  it('knows another server by its name', () => {
    expect(last('EXEC srv.db.dbo.p')).toMatchObject({ kind: 'call', server: 'srv' });
    expect(last("EXEC srv.master.sys.sp_executesql N'DROP TABLE t'")).toMatchObject({ kind: 'call', server: 'srv' });
  });

  it('does not know which procedure a variable names', () => {
    expect(last('EXEC @name @a OUTPUT')).toMatchObject({ kind: 'dynamic', statements: undefined, operands: [local('name'), local('a')] });
  });
});

describe('EXECUTE of text', () => {
  it('reads constants and their concatenation, in the place of the statement', () => {
    const text = "EXEC ('SELECT a ' + N'FROM t')";
    expect(last(text)).toMatchObject({
      kind: 'dynamic',
      statements: [{ kind: 'select', span: { start: 0, end: text.length } }],
    });
  });

  it.each([
    ['a variable', "EXEC ('SELECT a FROM ' + @t)"],
    ['another server', "EXEC ('DROP TABLE t') AT srv"],
    ['a text that is no SQL', "EXEC ('SELEC a FROM t')"],
    ['arguments for another server', "EXEC ('SELECT ?', 1) AT srv"],
    ['letters that a code page may turn into quotes', "EXEC ('SELECT \u02bc FROM t')"],
    ['a concatenation that may be cut', `EXEC ('SELECT 1 ' + '${' '.repeat(4000)}, a FROM t')`],
    ['a database in front', "EXEC other.sys.sp_executesql N'DELETE t'"],
  ])('keeps %s unread', (_, text) => {
    expect(last(text)).toMatchObject({ kind: 'dynamic', statements: undefined });
  });

  it('reads letters beyond ASCII of a national constant', () => {
    expect(last("EXEC (N'SELECT \u00e9 FROM t')")).toMatchObject({ statements: [{ kind: 'select' }] });
  });

  it('changes rights around a text that runs as another user', () => {
    expect(last("EXEC ('DELETE t') AS USER = 'u'")).toMatchObject({
      kind: 'block',
      statements: [
        { name: 'execute_as', operation: 'set' },
        { kind: 'dynamic', statements: undefined },
        { name: 'execute_as', operation: 'reset' },
      ],
    });
  });
});

describe('sp_executesql', () => {
  it('binds parameters in order and by name', () => {
    expect(last("EXEC sp_executesql N'SELECT @a, @b', N'@a int, @b int OUTPUT', 1, @out OUTPUT")).toMatchObject({
      kind: 'dynamic',
      statements: [{ kind: 'select' }],
      parameters: [
        { variable: local('a'), value: { value: '1' } },
        { variable: local('b'), value: local('out'), output: local('out') },
      ],
    });
    expect(last("EXEC sys.sp_executesql @stmt = N'SELECT @b', @params = N'@a int, @b int', @b = 2, @a = @x")).toMatchObject({
      statements: [{ kind: 'select' }],
      parameters: [
        { variable: local('a'), value: local('x') },
        { variable: local('b'), value: { value: '2' } },
      ],
    });
  });

  it('keeps everything that goes into a text which it does not know', () => {
    expect(last('EXEC sp_executesql @sql, @params, @a')).toMatchObject({
      kind: 'dynamic',
      statements: undefined,
      operands: [local('sql'), local('params'), local('a')],
    });
  });

  it('assigns the status', () => {
    expect(last("EXEC @r = sp_executesql N'SELECT 1'")).toMatchObject({
      kind: 'block',
      statements: [{ kind: 'dynamic' }, { kind: 'assign', target: local('r') }],
    });
  });

  it('reads what is prepared', () => {
    expect(last("EXEC sp_prepexec @h OUTPUT, N'@a int', N'SELECT a FROM t WHERE a = @a', 5")).toMatchObject({
      kind: 'dynamic',
      statements: [{ kind: 'select' }],
      parameters: [{ variable: local('a'), value: { value: '5' } }, { output: local('h') }],
    });
  });
});

describe('a variable that holds one constant', () => {
  it.each([
    ["DECLARE @sql nvarchar(max) = N'SELECT a FROM t'; EXEC (@sql)"],
    ["DECLARE @sql nvarchar(100); SET @sql = 'SELECT a ' + 'FROM t'; EXEC sp_executesql @SQL"],
  ])('is read: %s', (text) => {
    expect(last(text)).toMatchObject({ kind: 'dynamic', statements: [{ kind: 'select' }] });
  });

  it.each([
    ['it is given another value', "DECLARE @sql nvarchar(max) = N'SELECT 1'; IF @x = 1 SET @sql = N'DELETE t'; EXEC (@sql)"],
    [
      'it is given another value later in a loop',
      "DECLARE @sql nvarchar(max) = N'SELECT 1'; WHILE 1 = 1 BEGIN EXEC (@sql); SET @sql = N'DELETE t' END",
    ],
    ['a query assigns it', "DECLARE @sql nvarchar(max) = N'SELECT 1'; SELECT @sql = s FROM t; EXEC (@sql)"],
    ['a procedure may assign it', "DECLARE @sql nvarchar(max) = N'SELECT 1'; EXEC p @sql OUTPUT; EXEC (@sql)"],
    ['it is too short for the text', "DECLARE @sql nvarchar(10) = N'SELECT a FROM t'; EXEC (@sql)"],
    ['its type is not that of a text', "DECLARE @sql dbo.short = N'SELECT a FROM t'; EXEC (@sql)"],
    ['it is a parameter', "CREATE PROC p @sql nvarchar(max) = N'SELECT 1' AS EXEC (@sql)"],
  ])('is not read when %s', (_, text) => {
    const statement = last(text);
    const inner =
      statement?.kind === 'create-routine' ? statement.body?.[0] : statement?.kind === 'loop' ? statement.statements[0] : statement;
    const dynamic = inner?.kind === 'block' ? inner.statements[0] : inner;
    expect(dynamic).toMatchObject({ kind: 'dynamic', statements: undefined });
  });
});

describe('EXECUTE AS', () => {
  it.each([
    ["EXECUTE AS USER = 'u'", { operation: 'set', name: 'execute_as', values: ['u'] }],
    ["EXECUTE AS LOGIN = 'l' WITH NO REVERT", { operation: 'set', name: 'execute_as', values: ['l'] }],
    ['EXECUTE AS CALLER', { operation: 'set', name: 'execute_as', values: ['caller'] }],
    ['REVERT', { operation: 'reset', name: 'execute_as' }],
    ["SETUSER 'u'", { operation: 'set', name: 'setuser', values: ['u'] }],
  ])('%s is a setting', (text, expected) => {
    expect(last(text)).toMatchObject({ kind: 'setting', ...expected });
  });

  it('tells where the name of another principal comes from', () => {
    expect(last('EXECUTE AS USER = dbo.f(@a)')).toMatchObject({
      kind: 'sequence',
      statements: [
        { kind: 'assign', target: { scope: 'system', name: 'execute_as' }, value: { kind: 'method' } },
        { kind: 'setting', name: 'execute_as', values: undefined },
      ],
    });
  });
});
