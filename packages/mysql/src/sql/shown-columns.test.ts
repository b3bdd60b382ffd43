import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Statement } from '@sqlwarden/core';
import { type MysqlServer, mysqlServerKinds, requireOrSkip } from '@sqlwarden/testkit';
import { type Connection, createConnection, type FieldPacket } from 'mysql2/promise';
import { parseUnit } from './parse.js';

const MADE = [
  'CREATE DATABASE d',
  'USE d',
  'CREATE TABLE t (id INT PRIMARY KEY, n INT)',
  'CREATE VIEW v AS SELECT id FROM t',
  'CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1',
  'CREATE PROCEDURE p() SELECT 1',
  'CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.n = 1',
  'CREATE TABLE parts (id INT) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (10))',
];

/** Statements of the server's own that return rows, on either server. */
const SHOWN = `
  SHOW COLUMNS FROM t; SHOW FULL COLUMNS FROM t; SHOW EXTENDED COLUMNS FROM t; SHOW EXTENDED FULL COLUMNS FROM t; DESCRIBE t; DESC t id; EXPLAIN t
  SHOW INDEX FROM t; SHOW KEYS IN t; SHOW EXTENDED INDEX FROM t; SHOW TABLES; SHOW FULL TABLES; SHOW EXTENDED FULL TABLES; SHOW TABLES LIKE 't%'
  SHOW TABLE STATUS; SHOW OPEN TABLES; SHOW TRIGGERS; SHOW EVENTS; SHOW DATABASES; SHOW VARIABLES; SHOW GLOBAL STATUS; SHOW PROCEDURE STATUS
  SHOW FUNCTION STATUS; SHOW PACKAGE STATUS; SHOW LIBRARY STATUS; SHOW CHARACTER SET; SHOW COLLATION; SHOW ENGINES; SHOW PLUGINS; SHOW PRIVILEGES
  SHOW PROCESSLIST; SHOW GRANTS; SHOW CREATE TABLE t; SHOW CREATE TABLE v; SHOW CREATE VIEW v; SHOW CREATE DATABASE d; SHOW CREATE FUNCTION f
  SHOW CREATE PROCEDURE p; SHOW CREATE TRIGGER tr; SHOW WARNINGS; SHOW COUNT(*) ERRORS; SHOW PROFILES; SHOW PROFILE ALL; HELP 'select'
  EXPLAIN SELECT * FROM t; EXPLAIN EXTENDED SELECT * FROM t; EXPLAIN PARTITIONS SELECT * FROM t; EXPLAIN FORMAT=JSON SELECT 1; EXPLAIN FORMAT=TREE SELECT 1
  EXPLAIN FORMAT=TRADITIONAL SELECT 1; EXPLAIN ANALYZE SELECT * FROM t; EXPLAIN DELETE FROM t; EXPLAIN FORMAT=TRADITIONAL INSERT INTO t VALUES (9, 9)
  SET explain_format = TRADITIONAL; EXPLAIN SELECT 1; SET explain_format = JSON; EXPLAIN SELECT 1; SET explain_format = DEFAULT
  ANALYZE SELECT * FROM t; ANALYZE FORMAT=JSON SELECT * FROM t; ANALYZE TABLE t; ANALYZE TABLE t PERSISTENT FOR ALL; ANALYZE TABLE t UPDATE HISTOGRAM ON n
  CHECK TABLE t; CHECK VIEW v; OPTIMIZE TABLE t; REPAIR TABLE t; REPAIR VIEW v; CHECKSUM TABLE t; CACHE INDEX t IN hot; LOAD INDEX INTO CACHE t
  ALTER TABLE parts ANALYZE PARTITION a; ALTER TABLE parts CHECK PARTITION ALL; ALTER TABLE parts OPTIMIZE PARTITION a
  ALTER TABLE parts REPAIR PARTITION a; ALTER TABLE parts REBUILD PARTITION a; XA RECOVER; FLUSH STATUS; DO 1
`
  .split(/[;\n]/)
  .map((text) => text.trim())
  .filter((text) => text !== '');

/** How many columns the model says that a result has; `undefined`: any number. */
function claimed(statement: Statement): number | undefined {
  switch (statement.kind) {
    case 'sequence':
      return Math.max(...statement.statements.map((inner) => claimed(inner) ?? 99));
    case 'show':
    case 'explain':
      return Array.isArray(statement.columns) ? statement.columns.length : undefined;
    case 'maintenance':
      return statement.columns?.length ?? 0;
    case 'opaque':
      return undefined;
    default:
      return 0;
  }
}

describe.each(mysqlServerKinds())('the columns that statements of $name return', ({ flavour, finding, start }) => {
  const test = requireOrSkip(finding) ? it : it.skip;
  let server: MysqlServer;
  let connection: Connection;

  beforeAll(async () => {
    if (!finding.found) return;
    server = await start();
    const { host, port, user, password } = server;
    connection = await createConnection({ host, port, user, password });
    for (const text of MADE) await connection.query(text);
  });

  afterAll(async () => {
    await connection?.end();
    await server?.stop();
  });

  test('are as many as the parser says', async () => {
    const [major = 0, minor = 0, patch = 0] = server.version.split(/[.-]/).map(Number);
    const lexical = { flavour, sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' };
    const wrong: string[] = [];
    let compared = 0;
    for (const text of SHOWN) {
      const parsed = parseUnit(text, { serverVersion: major * 10_000 + minor * 100 + patch, lexical });
      const columns = await connection.query(text).then(
        ([, fields]) => ((fields as FieldPacket[] | undefined) ?? []).length,
        () => undefined,
      );
      // Not of this server.
      if (columns === undefined) continue;
      compared += 1;
      const claims = parsed.ok ? (parsed.unit.statements as readonly Statement[]).map(claimed) : [-1];
      if (!claims.every((claim) => claim === undefined || claim === columns)) wrong.push(`${text}: ${String(claims)}, not ${columns}`);
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(50);
  });
});
