import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { OutputColumn, ParseText, RelationName } from '@sqlwarden/core';
import { connectMariadb, findMariadb, type MariadbConnection, type MariadbServer, requireOrSkip, startMariadb } from '@sqlwarden/testkit';
import { relationOutputs } from '../sql/analyse.js';
import { parseUnit } from '../sql/parse.js';
import { FINGERPRINT_SQL } from './queries.js';
import { createCatalogueReader } from './read.js';
import type { MysqlCatalogue } from './resolved-catalogue.js';

const SCHEMA = [
  'DROP DATABASE IF EXISTS crm',
  'CREATE DATABASE crm',
  'USE crm',
  `CREATE TABLE People (Id int PRIMARY KEY, name varchar(80) NOT NULL, code char(3), price decimal(10, 2), note text,
     shown varchar(90) AS (CONCAT(name, ' \\\\ ', code)), secret int INVISIBLE)`,
  "SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'",
  `CREATE VIEW names AS SELECT "Id", name || '\\' AS n FROM "People"`,
  'CREATE FUNCTION full_name(i int) RETURNS varchar(80) READS SQL DATA RETURN (SELECT name || \'x\' FROM People WHERE "Id" = i)',
  "SET sql_mode = ''",
  'CREATE PROCEDURE counted(IN a int, OUT b int) SQL SECURITY INVOKER BEGIN SELECT COUNT(*) INTO b FROM People; END',
  'CREATE VIEW both_names AS SELECT full_name(n.Id) AS f, n.n FROM names AS n',
  'CREATE TRIGGER people_in BEFORE INSERT ON People FOR EACH ROW SET NEW.note = UPPER(NEW.name)',
  'CREATE SEQUENCE numbers',
  'CREATE TABLE documents (Doc json, plain longtext, checked longtext CHECK (json_valid(checked)))',
  String.raw`CREATE FUNCTION hiding() RETURNS varchar(80) READS SQL DATA
     RETURN CONCAT('a\' LIKE ', (SELECT name FROM People LIMIT 1), ' LIKE \'b', 'c\\', (SELECT note FROM People LIMIT 1), '\\')`,
  'CREATE PROCEDURE handed(IN `a b` int, OUT c varchar(80)) SET c = (SELECT name FROM People WHERE Id = `a b`)',
  'CREATE TABLE kept (x int) WITH SYSTEM VERSIONING',
  `CREATE TABLE timed (x int, since timestamp(6) GENERATED ALWAYS AS ROW START, upto timestamp(6) GENERATED ALWAYS AS ROW END,
     PERIOD FOR SYSTEM_TIME (since, upto)) WITH SYSTEM VERSIONING`,
];

const parse: ParseText = (text, context) => Promise.resolve(parseUnit(text, context));

(requireOrSkip(findMariadb()) ? describe : describe.skip)('createCatalogueReader on MariaDB', () => {
  let server: MariadbServer;
  let connection: MariadbConnection;
  const run = async (statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await connection.query(statement);
  };
  const read = (from: MariadbConnection = connection): Promise<MysqlCatalogue> =>
    createCatalogueReader()((sql) => from.query(sql), 7, parse);
  const fingerprint = async (): Promise<string> => (await connection.query(FINGERPRINT_SQL))[0]?.[0] ?? '';

  beforeAll(async () => {
    server = await startMariadb();
    connection = await connectMariadb(server);
  });
  beforeEach(() => run(SCHEMA));
  afterAll(async () => {
    await connection.end();
    await server.stop();
  });

  it('reads relations with their columns, folded as the parser folds names', async () => {
    const { catalogue, flavour } = await read();
    expect(flavour).toBe('mariadb');
    expect(catalogue).toMatchObject({ version: 7, database: 'crm' });
    expect(catalogue.serverVersion).toBeGreaterThanOrEqual(101_100);
    const people = catalogue.relations.get('crm."People"');
    expect(people).toMatchObject({ kind: 'table', schema: 'crm', name: 'People', hasTriggers: true });
    expect(people?.columns).toMatchObject([
      { name: 'id', number: 1, type: 'int(11)', typeId: 3, notNull: true },
      { name: 'name', type: 'varchar(80)', typeId: 253, maxLength: 80, notNull: true },
      { name: 'code', type: 'char(3)', typeId: 254, maxLength: 3, notNull: false },
      { name: 'price', type: 'decimal(10,2)', typeId: 246 },
      { name: 'note', typeId: 252 },
      { name: 'shown', generated: true },
      { name: 'secret', hidden: true },
    ]);
    expect(catalogue.relations.get('crm.documents')?.columns).toMatchObject([
      { name: 'doc', type: 'json', typeId: 245 },
      { name: 'plain', type: 'longtext', typeId: 252 },
      { name: 'checked', type: 'json', typeId: 245 },
    ]);
    expect(catalogue.versionText).toMatch(/MariaDB/);
    expect(catalogue.relations.get('crm.names')).toMatchObject({ kind: 'view' });
    expect(catalogue.relations.get('crm.numbers')).toMatchObject({ kind: 'sequence' });
    expect(catalogue.relations.get('information_schema.tables')).toMatchObject({ kind: 'system' });
    expect(catalogue.relationsById.get(people?.id ?? 0)).toBe(people);
  });

  it('folds the names of relations where the server does', async () => {
    const other = await startMariadb({ parameters: { lower_case_table_names: '1' } });
    const connected = await connectMariadb(other);
    try {
      await connected.query('CREATE DATABASE Crm');
      await connected.query('CREATE TABLE Crm.People (Id int)');
      expect((await read(connected)).catalogue.relations.get('crm.people')).toMatchObject({ schema: 'crm', name: 'people' });
    } finally {
      await connected.end();
      await other.stop();
    }
  });

  const outputsOf = async (relation: RelationName): Promise<unknown> => {
    const outputs = relationOutputs(await read(), relation);
    return Array.isArray(outputs)
      ? outputs.map(({ name, origins }: OutputColumn) => [name, origins.map(({ column }) => column).toSorted()])
      : outputs;
  };

  it('parses views, whatever mode they were made in', async () => {
    expect(await outputsOf('crm.names')).toEqual([
      ['id', ['crm."People".id', 'crm.names.id']],
      ['n', ['crm."People".name', 'crm.names.n']],
    ]);
  });

  it('parses functions in the mode that they were made in, and finds their names in their schema', async () => {
    await connection.query('USE mysql');
    expect(await outputsOf('crm.both_names')).toMatchObject([
      ['f', ['crm."People".name', 'crm.both_names.f']],
      ['n', ['crm."People".name', 'crm.both_names.n', 'crm.names.n']],
    ]);
  });

  it('parses generated columns, triggers and procedures', async () => {
    const { generated, triggers, bodies, catalogue } = await read();
    expect(generated.get('crm."People"')?.get('shown')).toMatchObject({ kind: 'call', name: ['concat'] });
    expect(triggers.get('crm."People"')).toMatchObject([{ statements: [{ kind: 'assign' }], rows: { old: 'old', new: 'new' } }]);
    expect(bodies.get('crm.counted')).toMatchObject([
      {
        parameters: [
          { name: 'a', output: false },
          { name: 'b', output: true },
        ],
        returns: 'nothing',
        statements: [{ kind: 'block' }],
      },
    ]);
    expect(catalogue.routines.get('crm.counted')).toMatchObject([{ kind: 'procedure', securityDefiner: false, origin: 'user' }]);
    expect(catalogue.routines.get('crm.full_name')).toMatchObject([
      { kind: 'function', securityDefiner: true, argumentTypes: ['int(11)'] },
    ]);
  });

  it('reads the foreign keys that write', async () => {
    await run([
      'CREATE OR REPLACE TABLE crm.`Owners` (a INT, b INT, PRIMARY KEY (a, b)) ENGINE=InnoDB',
      'CREATE OR REPLACE TABLE crm.pets (y INT, X INT, FOREIGN KEY (X, y) REFERENCES crm.`Owners` (a, b) ON DELETE CASCADE ON UPDATE SET NULL) ENGINE=InnoDB',
    ]);
    const { relations } = (await read()).catalogue;
    expect(relations.get('crm."Owners"')?.referencedBy).toEqual([
      { relation: 'crm.pets', columns: ['x', 'y'], referenced: ['a', 'b'], onDelete: 'cascade', onUpdate: 'set-null' },
    ]);
    expect(relations.get('crm.pets')?.referencedBy).toBeUndefined();
    await run(['DROP TABLE crm.pets, crm.`Owners`']);
  });

  it('reads bodies as they were written, not with their strings taken out of quotes', async () => {
    const { bodies } = await read();
    const [body] = bodies.get('crm.hiding') ?? [];
    expect(JSON.stringify(body)).toContain('"name":"note"');
    expect(JSON.stringify(body).match(/"kind":"scalar-query"/g)).toHaveLength(2);
  });

  it('reads what a body assigns to a parameter as that parameter', async () => {
    const { bodies } = await read();
    expect(bodies.get('crm.handed')).toMatchObject([{ statements: [{ kind: 'assign', target: { kind: 'column', name: 'c' } }] }]);
  });

  it('knows the columns of versions that are not listed, and that those that are come from no other', async () => {
    const { catalogue, generated } = await read();
    expect(catalogue.relations.get('crm.kept')?.columns).toMatchObject([
      { name: 'x' },
      { name: 'row_start', hidden: true },
      { name: 'row_end', hidden: true },
    ]);
    expect(catalogue.relations.get('crm.timed')?.columns.map(({ name }) => name)).toEqual(['x', 'since', 'upto']);
    expect(generated.has('crm.timed')).toBe(false);
  });

  it('knows what an account does not see', async () => {
    await run([
      "CREATE OR REPLACE USER reader@'127.0.0.1' IDENTIFIED BY 'reader'",
      "GRANT SELECT ON crm.* TO reader@'127.0.0.1'",
      "GRANT TRIGGER ON crm.names TO reader@'127.0.0.1'",
    ]);
    const reader = await connectMariadb(server, { user: 'reader', password: 'reader' });
    try {
      const limited = await read(reader);
      expect(limited.views.size).toBe(0);
      expect(limited.bodies.size).toBe(0);
      expect(limited.triggers.get('crm."People"')).toEqual([undefined]);
      expect(limited.catalogue.relations.get('crm."People"')).toMatchObject({ hasTriggers: true });
      await connection.query("GRANT SHOW VIEW, TRIGGER ON `crm`.* TO reader@'127.0.0.1'");
      const informed = await read(reader);
      expect(informed.views.has('crm.names')).toBe(true);
      expect(informed.triggers.get('crm."People"')).toMatchObject([{ statements: [{ kind: 'assign' }] }]);
    } finally {
      await reader.end();
    }
  });

  it('remembers what it parsed', async () => {
    const texts: string[] = [];
    const reader = createCatalogueReader();
    const counting: ParseText = (text, context) => {
      texts.push(text);
      return parse(text, context);
    };
    await reader((sql) => connection.query(sql), 1, counting);
    expect(texts.length).toBeGreaterThan(4);
    texts.length = 0;
    await connection.query('CREATE VIEW crm.third AS SELECT 3 AS three');
    await reader((sql) => connection.query(sql), 2, counting);
    expect(texts).toEqual([expect.stringContaining('three')]);
  });

  it.each([
    'ALTER TABLE People ADD COLUMN more int',
    'ALTER TABLE People MODIFY code char(4)',
    'ALTER TABLE People RENAME TO persons',
    'CREATE OR REPLACE VIEW names AS SELECT 2 AS Id, code AS n FROM People',
    'DROP FUNCTION full_name',
    'DROP TRIGGER people_in',
    'CREATE DATABASE IF NOT EXISTS crm2',
  ])('has another fingerprint after %s', async (change) => {
    await connection.query('DROP DATABASE IF EXISTS crm2');
    const before = await fingerprint();
    expect(await fingerprint()).toBe(before);
    await connection.query(change);
    expect(await fingerprint()).not.toBe(before);
  });
});
