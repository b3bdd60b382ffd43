import { OWN_STATEMENTS, OWN_TABLES } from './own-statements.js';
import type { Suite } from './run-suite.js';

/** The schema and the statements written for this measurement, with what only MySQL and MariaDB have. */
export const MARIADB_SUITE: Suite = {
  name: 'own',
  group: 'own',
  tables: OWN_TABLES,
  setup: [
    'CREATE VIEW contacts AS SELECT id, first_name, upper(last_name) AS last_name FROM person WHERE children >= 0',
    'CREATE VIEW owners AS SELECT c.first_name, p.name AS pet_name FROM contacts c JOIN pet p ON p.owner_id = c.id',
    'CREATE TABLE visit (id int, pet_id int, cost decimal(10, 2), total decimal(10, 2) AS (cost * 2) STORED, note longtext)',
    `INSERT INTO visit (id, pet_id, cost, note) VALUES (1, 1, 10, '{"by": "vet 1"}'), (2, 2, 20, '{"by": "vet 2"}')`,
    'CREATE FUNCTION tripled(n INT) RETURNS INT DETERMINISTIC RETURN n * 3',
  ],
  statements: [
    ...OWN_STATEMENTS,
    ...[
      "SELECT GROUP_CONCAT(name ORDER BY id SEPARATOR ', ') FROM pet",
      "SELECT IF(children > 1, first_name, last_name), IFNULL(first_name, 'x') FROM person",
      "SELECT JSON_EXTRACT(note, '$.by') FROM visit",
      'SELECT total FROM visit',
      'SELECT * FROM contacts',
      'SELECT pet_name, first_name FROM owners',
      'SELECT p.first_name, t.name FROM person p STRAIGHT_JOIN pet t ON t.owner_id = p.id',
      "SELECT first_name f FROM person HAVING f > 'a' ORDER BY f LIMIT 2",
      'SELECT gender, SUM(children) FROM person GROUP BY gender WITH ROLLUP',
      'SELECT @n := children, first_name FROM person',
      'SELECT tripled(children) FROM person',
      'SELECT * FROM person NATURAL JOIN (SELECT id FROM pet) x',
      'SELECT first_name FROM person USE INDEX (PRIMARY) WHERE id = 1 FOR UPDATE',
      'SELECT CONVERT(first_name USING latin1), CAST(children AS CHAR), first_name COLLATE utf8mb4_bin FROM person',
      "SELECT first_name REGEXP 'a', first_name LIKE 'a%' ESCAPE '|', first_name <=> last_name FROM person",
      'INSERT INTO toy (id, name) SELECT id + 50, name FROM pet ON DUPLICATE KEY UPDATE name = VALUES(name)',
      'REPLACE INTO toy (id, name, price, pet_id) SELECT id, first_name, children, 1 FROM person',
      'UPDATE person p JOIN pet t ON t.owner_id = p.id SET p.first_name = t.name, t.species = p.last_name',
      'DELETE p, t FROM person p JOIN pet t ON t.owner_id = p.id WHERE p.children > 1',
      "INSERT INTO toy SET id = 99, name = 'x'",
      'DELETE FROM toy ORDER BY price LIMIT 1',
      'WITH RECURSIVE r AS (SELECT id, name FROM pet WHERE id = 1 UNION ALL SELECT p.id, p.name FROM pet p JOIN r ON p.owner_id = r.id + 1) SELECT * FROM r',
      'DELETE FROM toy WHERE id = 1 RETURNING name, price * 2',
      'SELECT first_name FROM person WHERE (id, children) IN (SELECT id, owner_id FROM pet)',
    ].map((sql, at) => ({ id: `own:mariadb:${String(at + 1).padStart(3, '0')}`, sql })),
  ],
};
