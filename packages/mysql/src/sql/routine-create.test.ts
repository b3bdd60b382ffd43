import { expect, test } from '@jest/globals';
import type { Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

function parseAll(sql: string, flavour: 'mysql' | 'mariadb' = 'mysql'): readonly Statement[] {
  const lexical = { flavour, sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' };
  const result = parseUnit(sql, { serverVersion: flavour === 'mysql' ? 80_404 : 101_119, lexical });
  if (!result.ok) throw new Error(result.failure.message);
  return result.unit.statements as readonly Statement[];
}

const local = (name: string) => ({ kind: 'column', qualifier: [], name });

test('the body of a procedure is one statement, and the text goes on behind it', () => {
  expect(parseAll('CREATE PROCEDURE p() BEGIN SELECT 1; DELETE FROM t; END; CREATE PROCEDURE q() SELECT 2; DELETE FROM u')).toMatchObject([
    { kind: 'create-routine', name: ['p'], body: [{ kind: 'block', statements: [{ kind: 'select' }, { kind: 'delete' }] }] },
    { kind: 'create-routine', name: ['q'], body: [{ kind: 'select' }] },
    { kind: 'delete', target: { name: ['u'] } },
  ]);
});

test('who a routine runs as, and what its parameters are', () => {
  expect(
    parseAll("CREATE DEFINER = 'a'@'%' PROCEDURE s.P (IN a INT, OUT B CHAR(3), INOUT c JSON) COMMENT 'x' NOT DETERMINISTIC SELECT 1"),
  ).toMatchObject([
    { objectKind: 'procedure', name: ['s', 'p'], parameters: ['a', 'b', 'c'], outputs: ['b', 'c'], securityDefiner: true, replace: false },
  ]);
  expect(
    parseAll(
      'CREATE FUNCTION f (a INT) RETURNS VARCHAR(5) CHARSET utf8mb4 SQL SECURITY INVOKER READS SQL DATA RETURN (SELECT b FROM t WHERE c = a)',
    ),
  ).toMatchObject([
    {
      objectKind: 'function',
      returns: 'value',
      securityDefiner: false,
      body: [{ kind: 'control', what: 'return', value: { kind: 'scalar-query' } }],
    },
  ]);
});

test('a function of a library is code that was not read', () => {
  expect(parseAll("CREATE AGGREGATE FUNCTION f RETURNS STRING SONAME 'x.so'")).toMatchObject([
    { kind: 'schema', operation: 'create', objectKind: 'function', names: [['f']], code: { kind: 'unknown-routine' } },
  ]);
});

test('declarations, handlers and cursors of a block', () => {
  const [routine] = parseAll(`CREATE PROCEDURE p() outside: BEGIN
    DECLARE a, b INT DEFAULT (SELECT max(x) FROM t);
    DECLARE gone CONDITION FOR SQLSTATE '02000';
    DECLARE c CURSOR FOR SELECT y FROM u;
    DECLARE CONTINUE HANDLER FOR gone, SQLEXCEPTION, 1062, NOT FOUND BEGIN DELETE FROM v; END;
    OPEN c; FETCH NEXT FROM c INTO a, @b; CLOSE c;
  END outside`);
  expect(routine).toMatchObject({
    body: [
      {
        kind: 'block',
        statements: [
          { kind: 'declare-variables', variables: [{ variable: local('a'), value: { kind: 'scalar-query' } }, { variable: local('b') }] },
          { kind: 'declare', name: 'c' },
          { kind: 'open', cursor: 'c' },
          { kind: 'fetch', cursor: 'c', into: [local('a'), { kind: 'variable', name: 'b' }] },
          { kind: 'close', cursor: 'c' },
        ],
        handlers: [{ kind: 'block', statements: [{ kind: 'delete', target: { name: ['v'] } }] }],
      },
    ],
  });
});

test('every branch and every condition of a body is in the model', () => {
  const [routine] = parseAll(`CREATE PROCEDURE p(a INT) BEGIN
    IF a = 1 THEN DELETE FROM t1; ELSEIF a = 2 THEN DELETE FROM t2; ELSE DELETE FROM t3; END IF;
    CASE a WHEN 1 THEN DELETE FROM t4; ELSE DELETE FROM t5; END CASE;
    CASE WHEN a THEN DELETE FROM t6; END CASE;
    l: LOOP LEAVE l; END LOOP l;
    WHILE EXISTS (SELECT 1 FROM t7) DO ITERATE m; END WHILE;
    REPEAT DELETE FROM t8; UNTIL a END REPEAT;
  END`);
  const removes = (name: string) => [{ kind: 'delete', target: { name: [name] } }];
  expect(routine).toMatchObject({
    body: [
      {
        statements: [
          {
            kind: 'if',
            branches: [{ condition: {}, statements: removes('t1') }, { statements: removes('t2') }, { statements: removes('t3') }],
          },
          {
            kind: 'if',
            branches: [{ condition: { kind: 'comparison', left: local('a') }, statements: removes('t4') }, { statements: removes('t5') }],
          },
          { kind: 'if', branches: [{ condition: local('a'), statements: removes('t6') }] },
          { kind: 'loop', statements: [{ kind: 'control', what: 'break' }] },
          { kind: 'loop', condition: { kind: 'exists' }, statements: [{ kind: 'control', what: 'continue' }] },
          { kind: 'loop', condition: local('a'), statements: removes('t8') },
        ],
      },
    ],
  });
});

test('a trigger has a body of its own, and its table the schema of its name', () => {
  expect(parseAll('CREATE TRIGGER s.tr AFTER DELETE ON t FOR EACH ROW FOLLOWS other INSERT INTO log VALUES (OLD.a)')).toMatchObject([
    { kind: 'create-trigger', name: 'tr', relation: ['s', 't'], events: ['delete'], body: [{ kind: 'insert', target: { name: ['log'] } }] },
  ]);
});

test('an event is a routine; ALTER EVENT with a body defines it anew', () => {
  expect(
    parseAll('CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS NOW() + INTERVAL 1 HOUR ON COMPLETION PRESERVE DISABLE DO DELETE FROM t'),
  ).toMatchObject([{ kind: 'create-routine', objectKind: 'event', name: ['e'], body: [{ kind: 'delete' }], replace: false }]);
  expect(parseAll('ALTER EVENT e ON SCHEDULE AT NOW() DO CALL p()')).toMatchObject([
    { kind: 'create-routine', body: [{ kind: 'call' }], replace: true },
  ]);
  expect(parseAll('ALTER EVENT e RENAME TO f DISABLE')).toMatchObject([
    { kind: 'schema', operation: 'alter', objectKind: 'event', newName: 'f' },
  ]);
});

test('BEGIN is a transaction, and a block only where MariaDB takes one', () => {
  expect(parseAll('BEGIN; DELETE FROM t')).toMatchObject([{ kind: 'transaction', operation: 'begin' }, { kind: 'delete' }]);
  expect(parseAll('BEGIN NOT ATOMIC DELETE FROM t; DELETE FROM u; END', 'mariadb')).toMatchObject([
    { kind: 'block', statements: [{ kind: 'delete' }, { kind: 'delete' }] },
  ]);
  expect(() => parseAll('BEGIN NOT ATOMIC DELETE FROM t; END')).toThrow(/syntax error/);
});

test('FOR of MariaDB: over numbers, cursors and queries', () => {
  expect(parseAll('FOR i IN 1..10 DO DELETE FROM t WHERE a = i; END FOR', 'mariadb')).toMatchObject([
    {
      kind: 'block',
      statements: [{ kind: 'declare-variables' }, { kind: 'loop', condition: { kind: 'comparison' }, statements: [{ kind: 'delete' }] }],
    },
  ]);
  expect(parseAll('FOR r IN (SELECT a FROM t) DO SELECT r.a; END FOR', 'mariadb')).toMatchObject([
    {
      kind: 'block',
      statements: [
        { kind: 'declare', query: { body: { from: [{ name: ['t'] }] } } },
        { kind: 'declare-variables' },
        { kind: 'open' },
        { kind: 'loop', statements: [{ kind: 'fetch', into: [local('r')] }, { kind: 'select' }] },
      ],
    },
  ]);
});

test.each([
  'CREATE PROCEDURE p() BEGIN SELECT 1; END LOOP',
  'CREATE PROCEDURE p() BEGIN SELECT 1 END',
  'CREATE PROCEDURE p() IF 1 THEN SELECT 1; END',
  'CREATE PROCEDURE p SELECT 1',
  'CREATE FUNCTION f() RETURN 1',
])('%s is refused', (sql) => {
  expect(() => parseAll(sql)).toThrow(/syntax error/);
});
