import { describe, expect, test } from '@jest/globals';
import type { Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

function parse(sql: string, flavour: 'mysql' | 'mariadb' = 'mysql'): Statement {
  const lexical = { flavour, sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' };
  const result = parseUnit(sql, { serverVersion: flavour === 'mysql' ? 80_404 : 101_119, lexical });
  if (!result.ok) throw new Error(result.failure.message);
  return result.unit.statements[0] as Statement;
}

const variable = (name: string) => ({ kind: 'variable', scope: 'session', name });

test.each([
  ["sql_mode = 'ANSI'", { name: 'sql_mode', scope: 'session', values: ['ANSI'] }],
  ['@@sql_mode := ansi', { name: 'sql_mode', scope: 'session', values: ['ansi'] }],
  ['GLOBAL Autocommit = ON', { name: 'autocommit', scope: 'global', values: ['on'] }],
  ['@@global.x = 5', { name: 'x', scope: 'global', values: ['5'] }],
  ['PERSIST x = DEFAULT', { name: 'x', scope: 'global', values: 'default' }],
  ['@@persist_only.x = 1', { name: 'x', scope: 'global' }],
  ['LOCAL x = 1', { name: 'x', scope: 'session' }],
  ['@@session.c.key_buffer_size = 1', { name: 'c.key_buffer_size', scope: 'session' }],
  ['NAMES utf8mb4 COLLATE utf8mb4_bin', { name: 'names', values: ['utf8mb4', 'utf8mb4_bin'] }],
  ['NAMES DEFAULT', { name: 'names', values: 'default' }],
  ["CHARACTER SET 'latin1'", { name: 'character set', values: ['latin1'] }],
  ['TRANSACTION READ ONLY', { name: 'transaction', scope: 'local', values: ['read only'] }],
  [
    'GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE',
    { name: 'transaction', scope: 'global', values: ['read committed', 'read write'] },
  ],
  ['ROLE a, b@h', { name: 'role', values: ['a', 'b@h'] }],
  ['ROLE ALL EXCEPT a', { name: 'role', values: undefined }],
])('SET %s is a setting', (sql, setting) => {
  expect(parse(`SET ${sql}`)).toMatchObject({ kind: 'setting', operation: 'set', ...setting });
});

test('a value that is no constant is assigned, so that what it reads is seen', () => {
  const from = [{ kind: 'relation', name: ['secret'] }];
  expect(parse('SET GLOBAL x = (SELECT a FROM secret)')).toMatchObject({
    kind: 'sequence',
    statements: [
      { kind: 'assign', target: { kind: 'variable', scope: 'system', name: 'x' }, value: { query: { body: { from } } } },
      { kind: 'setting', name: 'x', scope: 'global', values: undefined },
    ],
  });
});

test('a list is a sequence in which every item stands for itself', () => {
  expect(parse("SET @a = 1, @B := @a, SESSION x = 2, NAMES utf8, @@y = 'z'")).toMatchObject({
    kind: 'sequence',
    statements: [
      { kind: 'assign', target: variable('a') },
      { kind: 'assign', target: variable('b'), value: variable('a') },
      { kind: 'setting', name: 'x' },
      { kind: 'setting', name: 'names' },
      { kind: 'setting', name: 'y' },
    ],
  });
});

test('a keyword of scope holds for the names behind it that have none', () => {
  const scopes = (sql: string, flavour: 'mysql' | 'mariadb') => {
    const statement = parse(sql, flavour);
    if (statement.kind !== 'sequence') throw new Error(statement.kind);
    return statement.statements.map((item) => (item.kind === 'setting' ? `${item.scope} ${item.name}` : item.kind));
  };
  const sql = 'SET a = 1, GLOBAL b = 1, @x = 1, c = 1, @@d = 1, SESSION e = 1, @@global.f = 1, g = 1';
  const common = ['session a', 'global b', 'assign', 'global c'];
  const rest = ['session d', 'session e', 'global f', 'session g'];
  expect(scopes(sql, 'mariadb')).toEqual([...common, ...rest]);
  expect(scopes(sql, 'mysql')).toEqual([...common, 'session c', ...rest]);
});

test.each(["SET PASSWORD = 'x'", "SET PASSWORD FOR u@h = PASSWORD('x')", 'SET DEFAULT ROLE r TO u'])('%s changes rights', (sql) => {
  expect(parse(sql)).toMatchObject({ kind: 'schema', operation: 'alter', objectKind: 'user', privileges: true });
});

test('SET STATEMENT holds for one statement, which is not lost', () => {
  expect(parse('SET STATEMENT max_statement_time = 1 FOR DELETE FROM t', 'mariadb')).toMatchObject({
    kind: 'sequence',
    statements: [
      { kind: 'setting', scope: 'local' },
      { kind: 'delete', target: { name: ['t'] } },
    ],
  });
});

describe('in a body', () => {
  const bodyOf = (sql: string) => {
    const statement = parse(sql);
    if (statement.kind !== 'create-routine' && statement.kind !== 'create-trigger') throw new Error(statement.kind);
    return statement.body;
  };

  test('a name that is declared is a local variable, another one is of the system', () => {
    const body = bodyOf('CREATE PROCEDURE p (IN q INT) BEGIN DECLARE x INT; SET X = 1, q = 2, sql_mode = x, sql_safe_updates = 0; END');
    expect(body).toMatchObject([
      {
        statements: [
          { kind: 'declare-variables' },
          {
            statements: [
              { kind: 'assign', target: { kind: 'column', name: 'x' } },
              { kind: 'assign', target: { kind: 'column', name: 'q' } },
              { kind: 'assign', target: { kind: 'variable', scope: 'system', name: 'sql_mode' }, value: { kind: 'column', name: 'x' } },
              { kind: 'setting', name: 'sql_mode', values: undefined },
              { kind: 'setting', name: 'sql_safe_updates', values: ['0'] },
            ],
          },
        ],
      },
    ]);
  });

  test('a variable of an inner block is not known outside of it', () => {
    const body = bodyOf('CREATE PROCEDURE p () BEGIN BEGIN DECLARE x INT; END; SET x = 1; END');
    expect(body).toMatchObject([{ statements: [{ kind: 'block' }, { kind: 'setting', name: 'x' }] }]);
  });

  test('a trigger sets columns of the new row', () => {
    const body = bodyOf('CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1');
    expect(body).toMatchObject([{ kind: 'assign', target: { kind: 'column', qualifier: ['new'], name: 'a' } }]);
  });
});

test.each(['SET', 'SET x', 'SET @a', 'SET PASSWORD = (SELECT a FROM t)', 'SET TRANSACTION', 'SET ROLE'])('%s is refused', (sql) => {
  expect(() => parse(sql)).toThrow(/syntax error/);
});
