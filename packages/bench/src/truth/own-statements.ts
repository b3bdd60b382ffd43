import type { TableShape } from '../schemas/table-shape.js';
import type { MeasuredStatement } from './statement-truth.js';

/** A small schema and statements of every shape that all three dialects have, written for this measurement. */

export const OWN_TABLES: readonly TableShape[] = [
  {
    name: 'person',
    columns: [
      { name: 'id', type: 'integer' },
      { name: 'first_name', type: 'text' },
      { name: 'last_name', type: 'text' },
      { name: 'gender', type: 'text' },
      { name: 'children', type: 'integer' },
      { name: 'born', type: 'date' },
    ],
    key: ['id'],
  },
  {
    name: 'pet',
    columns: [
      { name: 'id', type: 'integer' },
      { name: 'name', type: 'text' },
      { name: 'species', type: 'text' },
      { name: 'owner_id', type: 'integer' },
    ],
    key: ['id'],
  },
  {
    name: 'toy',
    columns: [
      { name: 'id', type: 'integer' },
      { name: 'name', type: 'text' },
      { name: 'price', type: 'number' },
      { name: 'pet_id', type: 'integer' },
    ],
    key: ['id'],
  },
];

const STATEMENTS: readonly string[] = [
  'SELECT * FROM person',
  'SELECT p.*, t.name FROM person p JOIN pet t ON t.owner_id = p.id',
  'SELECT first_name AS a, last_name AS b, children + 1 AS c FROM person',
  "SELECT concat(first_name, ' ', last_name) AS name FROM person ORDER BY id",
  'SELECT upper(first_name), lower(last_name) FROM person WHERE id = 1',
  'SELECT CASE WHEN children > 1 THEN first_name ELSE last_name END AS x FROM person',
  'SELECT coalesce(first_name, last_name), nullif(gender, last_name) FROM person',
  'SELECT count(*), count(first_name), count(DISTINCT last_name) FROM person',
  'SELECT gender, sum(children), min(first_name), max(born) FROM person GROUP BY gender',
  'SELECT gender, count(*) FROM person GROUP BY gender HAVING max(children) > 1',
  'SELECT (SELECT name FROM pet WHERE pet.owner_id = person.id) AS pet, first_name FROM person',
  'SELECT first_name FROM person WHERE id IN (SELECT owner_id FROM pet)',
  'SELECT first_name FROM person WHERE NOT EXISTS (SELECT 1 FROM pet WHERE owner_id = person.id)',
  'SELECT name FROM pet UNION SELECT name FROM toy',
  'SELECT name, id FROM pet UNION ALL SELECT first_name, children FROM person',
  'SELECT s.a, s.b FROM (SELECT first_name AS a, last_name AS b, id FROM person) s WHERE s.id > 0',
  'WITH owners AS (SELECT first_name, id FROM person) SELECT o.first_name, t.name FROM owners o JOIN pet t ON t.owner_id = o.id',
  'WITH a AS (SELECT id, name FROM pet), b AS (SELECT id AS n, name AS m FROM a) SELECT m FROM b',
  'SELECT p.first_name, t.name, y.price FROM person p LEFT JOIN pet t ON t.owner_id = p.id LEFT JOIN toy y ON y.pet_id = t.id',
  'SELECT a.first_name, b.first_name AS other FROM person a CROSS JOIN person b',
  'SELECT first_name, row_number() OVER (PARTITION BY gender ORDER BY children) AS n FROM person',
  'SELECT first_name, rank() OVER (ORDER BY born) AS r, sum(children) OVER (PARTITION BY gender) AS s FROM person',
  'SELECT DISTINCT gender FROM person',
  'SELECT x.total FROM (SELECT sum(price) AS total, pet_id FROM toy GROUP BY pet_id) x JOIN pet ON pet.id = x.pet_id',
  'SELECT name FROM pet WHERE owner_id = (SELECT max(id) FROM person)',
  'SELECT p.first_name FROM person p WHERE p.children > (SELECT avg(q.children) FROM person q WHERE q.gender = p.gender)',
  "INSERT INTO toy (id, name, price, pet_id) VALUES (10, 'ball', 1, 1)",
  'INSERT INTO toy (id, name, pet_id) SELECT id + 100, name, id FROM pet',
  'UPDATE person SET first_name = last_name WHERE id = 1',
  'UPDATE person SET children = (SELECT count(*) FROM pet WHERE owner_id = person.id)',
  'DELETE FROM toy WHERE pet_id IN (SELECT id FROM pet WHERE species = name)',
];

export const OWN_STATEMENTS: readonly MeasuredStatement[] = STATEMENTS.map((sql, at) => ({
  id: `own:${String(at + 1).padStart(3, '0')}`,
  sql,
}));
