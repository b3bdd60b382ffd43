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

const local = (name: string): object => ({ kind: 'variable', scope: 'local', name });

describe('control of flow', () => {
  it('keeps the branches of an ELSE IF chain in order', () => {
    expect(one('IF @a = 1 SELECT 1; ELSE IF @a = 2 BEGIN DELETE t END ELSE PRINT 3')).toMatchObject({
      kind: 'if',
      branches: [
        { condition: {}, statements: [{ kind: 'select' }] },
        { condition: {}, statements: [{ kind: 'block', statements: [{ kind: 'delete' }] }] },
        { statements: [{ kind: 'message' }] },
      ],
    });
  });

  it('does not overflow on a long chain', () => {
    const chain = `${'IF @a = 1 SELECT 1 ELSE '.repeat(5000)} SELECT 2`;
    const statement = one(chain);
    expect(statement.kind === 'if' && statement.branches.length).toBe(5001);
  });

  it('refuses what is nested too deep', () => {
    const result = parseUnit(`${'WHILE 1 = 1 '.repeat(10_000)} BREAK`, { serverVersion: 16, lexical: { quoted_identifier: 'on' } });
    expect(result).toMatchObject({ ok: false, failure: { kind: 'limit' } });
  });

  it('reads TRY with CATCH', () => {
    expect(one('BEGIN TRY DELETE t END TRY BEGIN CATCH IF @@TRANCOUNT > 0 ROLLBACK; THROW; END CATCH')).toMatchObject({
      kind: 'block',
      statements: [{ kind: 'delete' }],
      handlers: [{ kind: 'if' }, { kind: 'message', what: 'throw', values: [] }],
    });
  });

  it.each([
    ['WHILE EXISTS (SELECT 1 FROM t) DELETE t', { kind: 'loop', condition: { kind: 'exists' }, statements: [{ kind: 'delete' }] }],
    ['RETURN', { kind: 'control', what: 'return' }],
    ['RETURN @a + 1', { kind: 'control', what: 'return', value: { kind: 'operator' } }],
    ["WAITFOR DELAY '00:00:01'", { kind: 'control', what: 'wait' }],
    [
      'RAISERROR (@m, 16, 1, @x) WITH NOWAIT',
      { kind: 'message', what: 'raiserror', values: [local('m'), local('x')], codes: [local('m'), {}, {}] },
    ],
    ['RAISERROR (50001, @s, 1)', { values: [{ value: '50001' }], codes: [{}, local('s'), {}] }],
    ["RAISERROR ('x %s', 16, 1, @x)", { values: [{ value: 'x %s' }, local('x')], codes: [{ value: '16' }, { value: '1' }] }],
    ["RAISERROR ('x %s', 16, 1, @x) WITH LOG", { codes: [{ value: 'x %s' }, local('x'), {}, {}] }],
    ['THROW @n, @m, @s', { kind: 'message', what: 'throw', values: [local('m')], codes: [local('n'), local('s')] }],
  ])('reads %s', (text, expected) => {
    expect(one(text)).toMatchObject(expected);
  });
});

describe('DECLARE and SET', () => {
  it.each<[string, object]>([
    [
      'DECLARE @a int = 1, @b AS nvarchar(10)',
      { kind: 'declare-variables', variables: [{ variable: local('a'), value: {} }, { variable: local('b') }] },
    ],
    ['DECLARE @t TABLE (a int PRIMARY KEY, b int)', { kind: 'declare-table', name: '@t', columns: [{ name: 'a' }, { name: 'b' }] }],
    [
      'DECLARE @t dbo.ids',
      { kind: 'sequence', statements: [{ kind: 'declare-variables' }, { kind: 'declare-table', name: '@t', columns: undefined }] },
    ],
    ['DECLARE c CURSOR FOR SELECT a FROM t OPTION (RECOMPILE)', { kind: 'declare', name: 'c' }],
    ['DECLARE c CURSOR LOCAL FAST_FORWARD FOR SELECT a FROM t', { kind: 'declare', name: 'c' }],
    ['SET @c = CURSOR FOR SELECT a FROM t FOR UPDATE OF a', { kind: 'declare', name: '@c' }],
    ['SET @a = (SELECT MAX(b) FROM t)', { kind: 'assign', target: local('a'), value: { kind: 'scalar-query' } }],
    ['SET @a *= 2', { kind: 'assign', value: { kind: 'operator', operator: { symbol: '*' }, operands: [local('a'), {}] } }],
    [
      `SET @x.modify('insert sql:variable("@s") into (/a)')`,
      { kind: 'assign', target: local('x'), value: { kind: 'construct', name: 'modify', operands: [local('x'), {}, local('s')] } },
    ],
    ['SET @g.STSrid = @s', { kind: 'assign', target: local('g'), value: { kind: 'opaque', operands: [local('g'), local('s')] } }],
    [
      'SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED',
      { kind: 'setting', name: 'transaction_isolation_level', values: ['read uncommitted'] },
    ],
    ['SET IDENTITY_INSERT dbo.t ON', { kind: 'setting', name: 'identity_insert', values: ['dbo.t', 'on'] }],
    ['SET ROWCOUNT 5', { kind: 'setting', name: 'rowcount', values: ['5'] }],
    ['SET LOCK_TIMEOUT -1', { kind: 'setting', name: 'lock_timeout', values: ['-1'] }],
    [
      'SET DATEFORMAT @f',
      {
        kind: 'sequence',
        statements: [
          { kind: 'assign', value: local('f') },
          { name: 'dateformat', values: undefined },
        ],
      },
    ],
    ['SET STATISTICS IO, TIME ON', { kind: 'sequence', statements: [{ name: 'statistics_io' }, { name: 'statistics_time' }] }],
    ['USE [Other]', { kind: 'use', database: 'other' }],
  ])('reads %s', (text, expected) => {
    expect(one(text)).toMatchObject(expected);
  });
});

describe('cursors and transactions', () => {
  it.each<[string, object]>([
    ['OPEN GLOBAL c', { kind: 'open', cursor: 'global c' }],
    ['FETCH NEXT FROM c', { kind: 'fetch', cursor: 'c', count: 1 }],
    ['FETCH ABSOLUTE 2 FROM @c INTO @a, @b', { kind: 'fetch', cursor: '@c', count: null, into: [local('a'), local('b')] }],
    ['FETCH c INTO @a', { kind: 'fetch', cursor: 'c', into: [local('a')] }],
    ['FETCH next INTO @a', { kind: 'fetch', cursor: 'next' }],
    ['DEALLOCATE c', { kind: 'close', cursor: 'c' }],
    ['BEGIN DISTRIBUTED TRAN x', { kind: 'transaction', operation: 'begin', name: 'x' }],
    ["BEGIN TRAN x WITH MARK 'm'", { kind: 'transaction', operation: 'begin', name: 'x' }],
    ['SAVE TRAN s', { kind: 'transaction', operation: 'savepoint', name: 's' }],
    ['ROLLBACK TRANSACTION s', { kind: 'transaction', operation: 'rollback-to', name: 's' }],
    ['ROLLBACK', { kind: 'transaction', operation: 'rollback' }],
    [
      'ROLLBACK TRAN @s',
      {
        kind: 'block',
        statements: [
          { kind: 'transaction', operation: 'rollback-to', name: '@s' },
          { kind: 'message', values: [local('s')] },
        ],
      },
    ],
    ['COMMIT TRAN WITH (DELAYED_DURABILITY = ON)', { kind: 'transaction', operation: 'commit' }],
  ])('reads %s', (text, expected) => {
    expect(one(text)).toMatchObject(expected);
  });
});

describe('administration', () => {
  it.each<[string, object]>([
    ['TRUNCATE TABLE dbo.t WITH (PARTITIONS (1 TO 3))', { kind: 'truncate', relations: [{ name: ['dbo', 't'] }] }],
    [
      "BULK INSERT dbo.t FROM 'f' WITH (FORMAT = 'CSV')",
      { kind: 'copy', direction: 'from', what: { name: ['dbo', 't'] }, endpoint: { kind: 'file' } },
    ],
    [
      'INSERT BULK t (a int, b varchar(5) COLLATE x) WITH (TABLOCK)',
      { kind: 'copy', what: { name: ['t'], columns: ['a', 'b'] }, endpoint: { kind: 'stream' } },
    ],
    ["COPY INTO t FROM 'https://x' WITH (FILE_TYPE = 'CSV')", { kind: 'copy', what: { name: ['t'] }, endpoint: { kind: 'file' } }],
    ["BACKUP DATABASE d TO DISK = 'f'", { kind: 'opaque', action: 'copy', reason: { kind: 'foreign-data' } }],
    ["RESTORE DATABASE d FROM DISK = 'f' WITH MOVE 'a' TO 'b'", { kind: 'opaque', action: 'copy' }],
    ['UPDATE STATISTICS dbo.t (s) WITH FULLSCAN', { kind: 'maintenance', action: 'analyze', names: [['dbo', 't']] }],
    ["DBCC CHECKIDENT ('dbo.t', RESEED, 0)", { kind: 'maintenance', what: 'dbcc checkident', names: [['dbo', 't']] }],
    ["DBCC SHOW_STATISTICS ('t', i)", { kind: 'show', relations: [['t']], reveals: { kind: 'foreign-data' } }],
    ['DBCC PAGE (1, 1, 1)', { kind: 'show', reveals: { kind: 'foreign-data' } }],
    ['KILL 5 WITH STATUSONLY', { kind: 'maintenance', what: 'kill' }],
    [
      'RECEIVE TOP (1) * FROM q',
      {
        kind: 'sequence',
        statements: [
          { kind: 'select', query: { limit: {} } },
          { action: 'delete', relations: [['q']] },
        ],
      },
    ],
    ['RECEIVE @m = message_body FROM q', { statements: [{ kind: 'select', into: { kind: 'assignments' } }, {}] }],
    ['RECEIVE * FROM q INTO @t', { statements: [{ kind: 'insert', target: { name: ['@t'] } }, {}] }],
    [
      'SEND ON CONVERSATION @h MESSAGE TYPE m ((SELECT a FROM t))',
      { kind: 'sequence', statements: [{ values: [], codes: [{}, { kind: 'scalar-query' }] }, { kind: 'opaque' }] },
    ],
    ['READTEXT t.a @p 0 10', { kind: 'opaque', action: 'select', relations: [['t']] }],
    ['OPEN SYMMETRIC KEY k DECRYPTION BY CERTIFICATE c', { kind: 'schema', objectKind: 'symmetric key', privileges: true }],
  ])('reads %s', (text, expected) => {
    expect(one(text)).toMatchObject(expected);
  });
});

describe('rights', () => {
  it.each<[string, object]>([
    [
      'GRANT SELECT (a), UPDATE ON dbo.t TO u, PUBLIC WITH GRANT OPTION',
      { operation: 'grant', objectKind: 'table', names: [['dbo', 't']] },
    ],
    ['DENY CONTROL ON SCHEMA::s TO u CASCADE', { operation: 'deny', objectKind: 'schema', names: [['s']] }],
    ['REVOKE GRANT OPTION FOR EXECUTE ON dbo.p FROM u CASCADE AS g', { operation: 'revoke', objectKind: 'routine', names: [['dbo', 'p']] }],
    ['ALTER ROLE r DROP MEMBER u', { operation: 'revoke', objectKind: 'role', names: [['r']] }],
    ['ALTER SERVER ROLE sysadmin ADD MEMBER u', { operation: 'grant', objectKind: 'server role', names: [['sysadmin']] }],
    ['GRANT CREATE TABLE TO u', { operation: 'grant', objectKind: 'database', names: [] }],
  ])('reads %s', (text, expected) => {
    expect(one(text)).toMatchObject({ kind: 'privilege', ...expected });
  });

  it.each([
    'CREATE LOGIN l WITH PASSWORD = 0x01 HASHED',
    'ALTER AUTHORIZATION ON dbo.t TO u',
    'CREATE SECURITY POLICY p ADD FILTER PREDICATE f(a) ON dbo.t',
    'DISABLE TRIGGER ALL ON DATABASE',
    'ADD SIGNATURE TO p BY CERTIFICATE c',
    'ALTER DATABASE d SET TRUSTWORTHY ON',
    'CREATE DATABASE SCOPED CREDENTIAL c WITH IDENTITY = 1',
  ])('%s changes them', (text) => {
    expect(one(text)).toMatchObject({ kind: 'schema', privileges: true });
  });
});
