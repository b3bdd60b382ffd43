import { expect, test } from '@jest/globals';
import type { Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

function parse(sql: string, flavour: 'mysql' | 'mariadb' = 'mysql'): Statement {
  const lexical = { flavour, sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' };
  const result = parseUnit(sql, { serverVersion: flavour === 'mysql' ? 80_404 : 101_119, lexical });
  if (!result.ok) throw new Error(result.failure.message);
  return result.unit.statements[0] as Statement;
}

test.each([
  ['ADD a INT', [{ kind: 'add-column', column: { name: 'a' } }]],
  ['ADD COLUMN (a INT, b INT, KEY (a))', [{ kind: 'add-column' }, { kind: 'add-column' }, { kind: 'other', what: 'index' }]],
  ['ADD a INT FIRST, ADD b INT AFTER a', [{ position: 'first' }, { position: { after: 'a' } }]],
  [
    'ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES s.u (b)',
    [{ kind: 'other', foreignKeys: [{ columns: ['a'], relation: ['s', 'u'], referenced: ['b'] }] }],
  ],
  ['ADD CHECK (a > 1) NOT ENFORCED', [{ kind: 'other', expressions: [{ kind: 'comparison' }] }]],
  [
    'CHANGE a b VARCHAR(3) AFTER c',
    [
      { kind: 'rename-column', name: 'a', to: 'b' },
      { kind: 'alter-column', name: 'b', type: 'varchar', position: { after: 'c' } },
    ],
  ],
  ['CHANGE a a INT DEFAULT (f())', [{ kind: 'alter-column', name: 'a', expressions: [{ kind: 'call', name: ['f'] }] }]],
  [
    'MODIFY a INT REFERENCES u (x)',
    [{ kind: 'alter-column' }, { kind: 'other', foreignKeys: [{ columns: ['a'], relation: ['u'], referenced: ['x'] }] }],
  ],
  ['ALTER a SET DEFAULT 5', [{ kind: 'alter-column', name: 'a', expressions: [{ value: '5' }] }]],
  ['DROP a, DROP COLUMN b, DROP INDEX c', [{ kind: 'drop-column', name: 'a' }, { name: 'b' }, { kind: 'other', what: 'index' }]],
  ['RENAME COLUMN a TO b', [{ kind: 'rename-column', name: 'a', to: 'b' }]],
  ['RENAME u', [{ kind: 'rename', to: 'u' }]],
  [
    'RENAME = s.u',
    [
      { kind: 'set-schema', schema: 's' },
      { kind: 'rename', to: 'u' },
    ],
  ],
  ['ADD INDEX i (a, b(5), (f(c)))', [{ kind: 'other', expressions: [{ kind: 'call', name: ['f'] }] }]],
  ['ADD UNIQUE i (a, b(5))', [{ kind: 'other', expressions: [{ kind: 'construct', operands: [{ name: 'b' }] }], unique: ['a'] }]],
  ['ADD PRIMARY KEY (a, b)', [{ kind: 'other', expressions: [], unique: ['a', 'b'] }]],
  ['EXCHANGE PARTITION p WITH TABLE s.u', [{ kind: 'exchange', relation: ['s', 'u'] }]],
  [
    'ENGINE = InnoDB, COMMENT "c", ALGORITHM = INPLACE',
    [
      { kind: 'other', what: 'options' },
      { kind: 'other', what: 'options' },
    ],
  ],
  ['PARTITION BY HASH (f(a))', [{ kind: 'other', expressions: [{ kind: 'call', name: ['f'] }] }]],
  ['ORDER BY a DESC, b', [{ kind: 'other', expressions: [{ name: 'a' }, { name: 'b' }] }]],
])('ALTER TABLE t %s', (sql, actions) => {
  expect(parse(`ALTER TABLE t ${sql}`)).toMatchObject({ kind: 'alter-relation', name: ['t'], actions });
});

test.each([
  ['CONVERT TABLE u TO PARTITION p VALUES LESS THAN (f(1))', [{ kind: 'exchange', relation: ['u'] }, { expressions: [{ name: ['f'] }] }]],
  ['ADD COLUMN IF NOT EXISTS a INT, DROP COLUMN IF EXISTS b', [{ ifNotExists: true }, { kind: 'drop-column' }]],
  ['ADD SYSTEM VERSIONING', [{ kind: 'other' }]],
])('MariaDB: ALTER TABLE t %s', (sql, actions) => {
  expect(parse(`ALTER ONLINE TABLE IF EXISTS t NOWAIT ${sql}`, 'mariadb')).toMatchObject({
    kind: 'alter-relation',
    ifExists: true,
    actions,
  });
});

test.each(['TRUNCATE PARTITION p', 'DROP PARTITION p, q', 'DISCARD TABLESPACE', 'IMPORT TABLESPACE'])(
  'ALTER TABLE t %s removes the rows that are there',
  (sql) => {
    const truncate = { kind: 'truncate', relations: [{ name: ['s', 't'] }] };
    expect(parse(`ALTER TABLE s.t ${sql}`)).toMatchObject({ kind: 'sequence', statements: [truncate, { kind: 'alter-relation' }] });
  },
);

test('MariaDB: ALTER TABLE t CONVERT PARTITION p TO TABLE u makes a table of rows that are there', () => {
  expect(parse('ALTER TABLE s.t CONVERT PARTITION p TO TABLE u', 'mariadb')).toMatchObject({
    kind: 'sequence',
    statements: [
      {
        kind: 'create-table-as',
        name: ['u'],
        source: { query: { body: { items: [{ expression: { kind: 'star' } }], from: [{ name: ['s', 't'] }] } } },
      },
      { kind: 'alter-relation', name: ['s', 't'], actions: [{ kind: 'other', what: 'partition' }] },
    ],
  });
});

test.each(['DROP PERIOD FOR p', 'DROP PERIOD IF EXISTS FOR p', 'DROP COLUMN period'])('ALTER TABLE t %s', (sql) => {
  expect(parse(`ALTER TABLE t ${sql}`)).toMatchObject({
    actions: [sql.includes('COLUMN') ? { kind: 'drop-column', name: 'period' } : { kind: 'other' }],
  });
});

test('RENAME TABLE says where each table goes: without a schema, to the current one', () => {
  expect(parse('RENAME TABLE a TO b, s.c TO s2.d, s.e TO f')).toMatchObject({
    kind: 'sequence',
    statements: [
      { name: ['a'], actions: [{ kind: 'rename', to: 'b' }] },
      {
        name: ['s', 'c'],
        actions: [
          { kind: 'set-schema', schema: 's2' },
          { kind: 'rename', to: 'd' },
        ],
      },
      {
        name: ['s', 'e'],
        actions: [
          { kind: 'set-schema', schema: undefined },
          { kind: 'rename', to: 'f' },
        ],
      },
    ],
  });
});

test.each(['ALTER TABLE t FOO', 'ALTER TABLE t ADD', 'ALTER TABLE t RENAME TO', 'RENAME TABLE a b'])('%s is refused', (sql) => {
  expect(() => parse(sql)).toThrow(/syntax error/);
});
