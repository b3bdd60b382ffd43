import { describe, expect, test } from '@jest/globals';
import type { Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

function parse(sql: string, flavour: 'mysql' | 'mariadb' = 'mysql'): Statement {
  const lexical = { flavour, sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' };
  const result = parseUnit(sql, { serverVersion: flavour === 'mysql' ? 80_404 : 101_119, lexical });
  if (!result.ok) throw new Error(result.failure.message);
  const [only, ...others] = result.unit.statements as readonly Statement[];
  if (only === undefined || others.length > 0) throw new Error('not one statement');
  return only;
}

describe('what is named', () => {
  test.each([
    ['DROP TABLE IF EXISTS a, s.b', { operation: 'drop', objectKind: 'table', names: [['a'], ['s', 'b']], ifExists: true }],
    ['DROP TEMPORARY TABLE a CASCADE', { objectKind: 'table', names: [['a']] }],
    ['DROP VIEW v, w', { objectKind: 'view', names: [['v'], ['w']] }],
    ['DROP INDEX `PRIMARY` ON s.t', { objectKind: 'index', relation: ['s', 't'] }],
    ['DROP DATABASE d', { objectKind: 'schema', names: [['d']] }],
    ['DROP TRIGGER s.tr', { objectKind: 'trigger', names: [['s', 'tr']] }],
    ['DROP FUNCTION F', { objectKind: 'function', names: [['f']] }],
    ["DROP USER 'a'@'h', b", { objectKind: 'user', names: [['a@h'], ['b']], privileges: true }],
    [
      'CREATE UNIQUE INDEX i ON t ((f(a)), b DESC)',
      { operation: 'create', objectKind: 'index', relation: ['t'], expressions: [{ name: ['f'] }, { name: 'b' }], unique: true },
    ],
    ['CREATE UNIQUE INDEX i ON t (a(5))', { expressions: [{ kind: 'construct', operands: [{ name: 'a' }] }], unique: true }],
    ['CREATE INDEX i ON t (a(5))', { expressions: [{ kind: 'column', name: 'a' }] }],
    ['CREATE SCHEMA IF NOT EXISTS d CHARACTER SET utf8', { objectKind: 'schema', names: [['d']], ifNotExists: true }],
    ["ALTER USER a@h IDENTIFIED BY 'x'", { operation: 'alter', objectKind: 'user', names: [['a@h']], privileges: true }],
    ['RENAME USER a TO b', { operation: 'rename', objectKind: 'user', privileges: true }],
    ["CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h')", { objectKind: 'server', code: { kind: 'foreign-data' } }],
    ["INSTALL PLUGIN p SONAME 'x.so'", { objectKind: 'plugin', code: { kind: 'unknown-routine' } }],
    ['FLUSH PRIVILEGES', { objectKind: 'privileges', privileges: true }],
  ])('%s', (sql, want) => {
    expect(parse(sql)).toMatchObject({ kind: 'schema', ...want });
  });

  test('CREATE VIEW is its query, whatever stands around it', () => {
    expect(
      parse('CREATE OR REPLACE ALGORITHM = MERGE DEFINER = a@h SQL SECURITY INVOKER VIEW s.v (x) AS SELECT a FROM t WITH CHECK OPTION'),
    ).toMatchObject({ kind: 'create-view', name: ['s', 'v'], columns: ['x'], replace: true, query: { body: { from: [{ name: ['t'] }] } } });
  });

  test('LOCK TABLES and TRUNCATE', () => {
    expect(parse('LOCK TABLES a READ, s.b AS x WRITE')).toMatchObject({ kind: 'lock', relations: [['a'], ['s', 'b']], mode: 'write' });
    expect(parse('TRUNCATE s.t')).toMatchObject({ kind: 'truncate', relations: [{ name: ['s', 't'] }] });
  });

  test.each([
    ['ANALYZE TABLE a, s.b', 'analyze', [['a'], ['s', 'b']]],
    ['ANALYZE TABLE a UPDATE HISTOGRAM ON x, y', 'analyze', [['a']]],
    ['CHECK TABLE a QUICK, b', 'maintain', [['a'], ['b']]],
    ['FLUSH TABLES a, b WITH READ LOCK', 'maintain', [['a'], ['b']]],
    ['CACHE INDEX a KEY (i), b IN c', 'maintain', [['a'], ['b']]],
  ])('%s', (sql, action, names) => {
    expect(parse(sql)).toMatchObject({ kind: 'maintenance', action, names });
  });
});

describe('rights', () => {
  test.each([
    ['GRANT SELECT (a, b), UPDATE ON t TO u@h', 'grant', 'table', [['t']]],
    ['GRANT ALL ON s.* TO u WITH GRANT OPTION', 'grant', 'schema', [['s']]],
    ['GRANT ALL PRIVILEGES ON *.* TO CURRENT_USER()', 'grant', 'all schemas', []],
    ['GRANT EXECUTE ON FUNCTION s.F TO u', 'grant', 'function', [['s', 'f']]],
    ["GRANT r, 'q'@'h' TO u, v WITH ADMIN OPTION", 'grant', 'role', [['r'], ['q@h']]],
    ['GRANT PROXY ON a@h TO u', 'grant', 'role', [['a@h']]],
    ['REVOKE INSERT ON TABLE s.t FROM u', 'revoke', 'table', [['s', 't']]],
    ['REVOKE ALL PRIVILEGES, GRANT OPTION FROM u', 'revoke', 'all schemas', []],
  ])('%s', (sql, operation, objectKind, names) => {
    expect(parse(sql)).toMatchObject({ kind: 'privilege', operation, objectKind, names });
  });
});

describe('what is shown', () => {
  test.each([
    ['SHOW FULL COLUMNS FROM t FROM s', { relations: [['s', 't']] }],
    ['SHOW INDEX IN s.t', { relations: [['s', 't']] }],
    ['SHOW CREATE TABLE s.t', { relations: [['s', 't']] }],
    ['DESC s.t', { relations: [['s', 't']], columns: ['field', 'type', 'null', 'key', 'default', 'extra'] }],
    ["SHOW VARIABLES LIKE 'x%'", { relations: [], columns: ['variable_name', 'value'] }],
    ['SHOW FULL PROCESSLIST', { reveals: { kind: 'foreign-data' } }],
    ['SHOW ENGINE INNODB STATUS', { reveals: { kind: 'foreign-data' } }],
    ['SHOW GRANTS FOR u@h', { reveals: { kind: 'foreign-data' } }],
    ["SHOW BINLOG EVENTS IN 'f' FROM 4 LIMIT 1", { reveals: { kind: 'foreign-data' } }],
    ['SHOW WARNINGS', { messages: true, reveals: { kind: 'session-state' } }],
    ['EXPLAIN FOR CONNECTION 5', { reveals: { kind: 'foreign-data' } }],
    ['CHECKSUM TABLE t', { relations: [['t']], reveals: { kind: 'unreadable-relation' } }],
  ])('%s', (sql, want) => {
    expect(parse(sql)).toMatchObject({ kind: 'show', ...want });
  });

  test.each(['SHOW TABLES WHERE x IN (SELECT a FROM t)', 'SHOW STATUS WHERE f(1)', 'SHOW TABLES WHERE (@x := 1)'])(
    'what the condition of %s does is not passed over',
    (sql) => {
      expect(parse(sql)).toMatchObject({ kind: 'opaque', action: 'show' });
    },
  );

  test('a condition that only compares is harmless', () => {
    expect(parse("SHOW FULL TABLES WHERE Table_type <> 'VIEW' AND x IN (1, 2)")).toMatchObject({ kind: 'show' });
  });

  test('EXPLAIN runs the statement only with ANALYZE', () => {
    expect(parse('EXPLAIN FORMAT = JSON DELETE FROM t')).toMatchObject({
      kind: 'explain',
      analyze: false,
      statement: { kind: 'delete' },
      columns: ['explain'],
    });
    expect(parse('EXPLAIN ANALYZE SELECT a FROM t')).toMatchObject({ analyze: true });
    expect(parse('ANALYZE FORMAT = JSON UPDATE t SET a = 1', 'mariadb')).toMatchObject({
      kind: 'explain',
      analyze: true,
      statement: { kind: 'update' },
    });
    expect(parse('EXPLAIN (SELECT 1)')).toMatchObject({ kind: 'explain' });
  });
});

describe('what is run as text', () => {
  test('a constant is read, in the same lexis', () => {
    expect(parse("PREPARE s FROM 'DELETE FROM t WHERE a = ?;'")).toMatchObject({
      kind: 'prepare',
      name: 's',
      statement: { kind: 'delete' },
    });
    expect(parse("EXECUTE IMMEDIATE 'DELETE FROM t' USING 1", 'mariadb')).toMatchObject({
      kind: 'dynamic',
      statements: [{ kind: 'delete' }],
    });
  });

  test.each(['@x', "'DELETE FROM'", "'DELETE FROM t; SELECT 1'", "'DELETE ' 'FROM t'"])(
    'what PREPARE s FROM %s runs is not known',
    (text) => {
      const { statement } = parse(`PREPARE s FROM ${text}`) as Statement & { kind: 'prepare' };
      expect(statement).toMatchObject({ kind: 'dynamic' });
      expect(statement).not.toHaveProperty('statements', expect.anything());
    },
  );

  test.each([
    `BEGIN NOT ATOMIC SET sql_mode = 'ANSI_QUOTES'; EXECUTE IMMEDIATE 'SELECT "a" FROM t'; END`,
    `SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR EXECUTE IMMEDIATE 'SELECT "a" FROM t'`,
  ])('where the lexis may have changed, a text is read only when it means the same: %s', (sql) => {
    const unread = { statements: [{}, { kind: 'dynamic', statements: undefined }] };
    const read = { statements: [{}, { kind: 'dynamic', statements: [{ kind: 'select' }] }] };
    expect(parse(sql, 'mariadb')).toMatchObject(unread);
    expect(parse(sql.replaceAll('"', ''), 'mariadb')).toMatchObject(read);
  });

  test('EXECUTE and DEALLOCATE', () => {
    expect(parse('EXECUTE S USING @a, @b')).toMatchObject({ kind: 'execute', name: 's', arguments: [{ name: 'a' }, { name: 'b' }] });
    expect(parse('DROP PREPARE s')).toMatchObject({ kind: 'deallocate', name: 's' });
  });

  test('CALL may write the variables that it is given', () => {
    const args = [{ expression: { value: '1' } }, { expression: { name: 'a' }, output: true }];
    expect(parse('CALL s.P(1, @a)')).toMatchObject({ kind: 'call', call: { name: ['s', 'p'], arguments: args } });
    expect(parse('CALL p')).toMatchObject({ call: { name: ['p'], arguments: [] } });
  });

  test('DO computes what it is given', () => {
    const items = [{ expression: { name: ['f'] } }, { expression: { kind: 'scalar-query' } }];
    expect(parse('DO f(), (SELECT a FROM t)')).toMatchObject({ kind: 'select', query: { body: { items } }, into: { kind: 'assignments' } });
  });
});

describe('what comes from outside', () => {
  test('LOAD DATA: what is read into variables is written only where SET says', () => {
    expect(
      parse(
        "LOAD DATA LOCAL INFILE '/f' REPLACE INTO TABLE s.t FIELDS TERMINATED BY ',' LINES STARTING BY 'x' IGNORE 1 LINES (a, @b) SET c = @b + 1, d = (SELECT e FROM u)",
      ),
    ).toMatchObject({
      kind: 'copy',
      direction: 'from',
      what: { kind: 'relation', name: ['s', 't'], columns: ['a'] },
      endpoint: { kind: 'stream' },
      replaces: true,
      set: [{ targets: [{ column: 'c' }] }, { value: { kind: 'scalar-query' } }],
    });
  });

  test('without LOCAL the file is one of the server; without a list every column is written', () => {
    const copy = parse("LOAD XML INFILE 'f' IGNORE INTO TABLE t ROWS IDENTIFIED BY '<r>'");
    expect(copy).toMatchObject({ kind: 'copy', endpoint: { kind: 'file' }, what: { name: ['t'] } });
    expect(copy).not.toHaveProperty('what.columns');
  });

  test.each([
    "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'h'",
    "CLONE LOCAL DATA DIRECTORY = '/d'",
    "BINLOG 'x'",
    "IMPORT TABLE FROM '/f'",
    'HANDLER t READ FIRST',
  ])('%s is opaque', (sql) => {
    expect(parse(sql)).toMatchObject({ kind: 'opaque' });
  });
});

describe('transactions', () => {
  test.each([
    ['START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT', { operation: 'begin' }],
    ['COMMIT WORK AND CHAIN', { operation: 'commit' }],
    ['ROLLBACK AND NO CHAIN RELEASE', { operation: 'rollback' }],
    ['ROLLBACK WORK TO SAVEPOINT A', { operation: 'rollback-to', name: 'a' }],
    ['RELEASE SAVEPOINT a', { operation: 'release' }],
    ["XA START 'a', 'b', 1", { operation: 'begin' }],
    ["XA PREPARE 'a'", { operation: 'prepare' }],
    ["XA COMMIT 'a'", { operation: 'finish-prepared' }],
    ["XA COMMIT 'a' ONE PHASE", { operation: 'commit' }],
  ])('%s', (sql, want) => {
    expect(parse(sql)).toMatchObject({ kind: 'transaction', ...want });
  });
});

test('messages of earlier statements are opaque where they are read; their numbers are not', () => {
  expect(parse('GET DIAGNOSTICS CONDITION 1 @a = MESSAGE_TEXT, @b = MYSQL_ERRNO')).toMatchObject({
    kind: 'sequence',
    statements: [
      { kind: 'assign', value: { kind: 'opaque' } },
      { kind: 'assign', value: { kind: 'construct', name: 'mysql_errno' } },
    ],
  });
});

test('SIGNAL tells what its items are made from', () => {
  expect(parse("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = @a, MYSQL_ERRNO = 1")).toMatchObject({
    kind: 'message',
    values: [{ name: 'a' }],
    codes: [{ value: '1' }],
  });
});

test.each([
  'FOO',
  'DROP',
  'DROP TABLE',
  'SHOW FOO',
  'CREATE DATABASE d (SELECT 1)',
  'RESET MASTER TO (SELECT 1)',
  'GRANT SELECT TO',
  'LOCK TABLES t',
  'START',
  'TRUNCATE a, b',
  'KILL',
])('%s is refused', (sql) => {
  expect(() => parse(sql)).toThrow();
});
