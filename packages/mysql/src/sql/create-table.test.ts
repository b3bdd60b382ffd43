import { expect, test } from '@jest/globals';
import type { Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

function parse(sql: string, flavour: 'mysql' | 'mariadb' = 'mysql'): Statement {
  const lexical = { flavour, sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' };
  const result = parseUnit(sql, { serverVersion: flavour === 'mysql' ? 80_404 : 101_119, lexical });
  if (!result.ok) throw new Error(result.failure.message);
  return result.unit.statements[0] as Statement;
}

const column = (name: string) => ({ kind: 'column', qualifier: [], name });

test('every relation that a CREATE TABLE names is in the model, wherever it is named', () => {
  const statement = parse(
    'CREATE TABLE s.t (a INT REFERENCES u1 (x) ON DELETE SET NULL, b INT, CONSTRAINT k FOREIGN KEY i (a, b) REFERENCES s2.u2 (x, y) MATCH FULL ON UPDATE NO ACTION)',
  );
  expect(statement).toMatchObject({
    kind: 'create-table',
    name: ['s', 't'],
    foreignKeys: [{ columns: ['a', 'b'], relation: ['s2', 'u2'], referenced: ['x', 'y'], onDelete: 'restrict', onUpdate: 'restrict' }],
  });
  expect(statement).toMatchObject({
    columns: [{ name: 'a', foreignKeys: [{ columns: ['a'], relation: ['u1'], referenced: ['x'], onDelete: 'set-null' }] }, { name: 'b' }],
  });
});

test('defaults, generated values and checks are expressions', () => {
  const statement = parse(
    "CREATE TABLE t (a INT DEFAULT (f(1)) NOT NULL COMMENT 'x', b INT GENERATED ALWAYS AS (a + 1) STORED UNIQUE, CHECK (a > b), INDEX ((lower(c)) DESC, a(3)))",
  );
  expect(statement).toMatchObject({
    columns: [
      { name: 'a', notNull: true, default: { kind: 'call', name: ['f'] } },
      { name: 'b', default: { kind: 'operator', operands: [column('a'), { value: '1' }] } },
    ],
    expressions: [{ kind: 'comparison' }, { kind: 'call', name: ['lower'] }, column('a')],
  });
});

test('expressions of partitions and their bounds are read', () => {
  const statement = parse(
    'CREATE TABLE t (a INT) ENGINE = InnoDB PARTITION BY RANGE (year(a)) SUBPARTITION BY HASH (b) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (f(1)) COMMENT = "c", PARTITION p1 VALUES LESS THAN MAXVALUE)',
  );
  expect(statement).toMatchObject({ expressions: [{ kind: 'call', name: ['year'] }, column('b'), { kind: 'call', name: ['f'] }] });
});

test.each(['CREATE TABLE t LIKE s.u', 'CREATE TABLE t (LIKE s.u)'])('%s takes its columns over', (sql) => {
  expect(parse(sql)).toMatchObject({ kind: 'create-table', columns: [], columnsOf: [['s', 'u']] });
});

test.each([
  'CREATE TABLE t (a INT, b INT AS (a + 1)) SELECT a FROM u',
  'CREATE TABLE t (a INT, b INT AS (a + 1)) ENGINE = MyISAM REPLACE AS SELECT a FROM u',
  'CREATE TABLE t (a INT, b INT AS (a + 1)) IGNORE (SELECT a FROM u)',
])('%s is made from the query, with columns of its own', (sql) => {
  const from = [{ kind: 'relation', name: ['u'] }];
  expect(parse(sql)).toMatchObject({
    kind: 'create-table-as',
    name: ['t'],
    definitions: [{ name: 'a' }, { name: 'b' }],
    source: { kind: 'query', query: { body: { from } } },
  });
});

test('a table of the MERGE engine shows the rows of those in its UNION', () => {
  const actions = [
    { kind: 'attach', relation: ['x'], as: 'child' },
    { kind: 'attach', relation: ['s', 'y'], as: 'child' },
  ];
  expect(parse('CREATE TABLE t (a INT) ENGINE = MERGE UNION = (x, s.y)')).toMatchObject({
    kind: 'sequence',
    statements: [{ kind: 'create-table' }, { kind: 'alter-relation', name: ['t'], actions }],
  });
  expect(parse('ALTER TABLE t UNION (x, s.y)')).toMatchObject({ actions: [...actions, { kind: 'other' }] });
});

test('a table of an engine that reads other servers is foreign', () => {
  expect(parse("CREATE TABLE t (a INT) ENGINE = FEDERATED CONNECTION = 'mysql://h/d/t'")).toMatchObject({ objectKind: 'foreign table' });
  expect(parse('CREATE TABLE t (a INT) ENGINE = InnoDB')).toMatchObject({ objectKind: 'table' });
});

test('CREATE OR REPLACE drops first', () => {
  expect(parse('CREATE OR REPLACE TEMPORARY TABLE t (a INT)', 'mariadb')).toMatchObject({
    kind: 'sequence',
    statements: [
      { kind: 'schema', operation: 'drop', objectKind: 'table', names: [['t']] },
      { kind: 'create-table', temporary: true },
    ],
  });
});

test.each([
  'CREATE TABLE t (a INT DEFAULT 1 ON UPDATE)',
  'CREATE TABLE t (a INT, )',
  'CREATE TABLE t (a INT) PARTITION BY NOTHING',
  'CREATE TABLE t (a INT) FOO',
  'CREATE TABLE (a INT)',
])('%s is refused', (sql) => {
  expect(() => parse(sql)).toThrow(/syntax error/);
});
