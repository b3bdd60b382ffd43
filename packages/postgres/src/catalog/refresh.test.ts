import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CatalogueQuery } from '@sqlwarden/core';
import { type PostgresServer, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import { createParser } from '../sql/parse.js';
import { createCatalogueReader } from './read.js';
import type { PostgresCatalogue } from './resolved-catalogue.js';

const parse = createParser();
/** So many statements that change the schema, in each version. `SQLWARDEN_DDL_STEPS` has more of them. */
const STEPS = Number(process.env['SQLWARDEN_DDL_STEPS'] ?? 8);
const SEED = Number(process.env['SQLWARDEN_DDL_SEED'] ?? 7);

function rowsOf(client: pg.Client): CatalogueQuery {
  return async (text) =>
    (await client.query<(string | null)[]>({ text, rowMode: 'array', types: { getTypeParser: () => (value: string) => value } })).rows;
}

/** All that a catalogue says, in an order that does not depend on how it was read. */
function told(catalogue: PostgresCatalogue): unknown {
  const { version: _, ...shared } = catalogue.catalogue;
  return plain({ ...catalogue, catalogue: shared });
}

/** What came with the server stays as it is here. */
function isOfSystem(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every(isOfSystem);
  if (typeof value !== 'object' || value === null) return false;
  if ('routine' in value) return isOfSystem(value.routine);
  return 'id' in value && typeof value.id === 'number' && value.id < 16_384;
}

function plain(value: unknown, key = ''): unknown {
  if (value instanceof Set) return [...value].map(String).sort();
  if (value instanceof Map) {
    const own = [...value].filter(([, each]) => !isOfSystem(each));
    return Object.fromEntries(own.map(([name, each]) => [String(name), plain(each, key)] as const).sort(([x], [y]) => (x < y ? -1 : 1)));
  }
  if (value === Number.POSITIVE_INFINITY) return 'any number';
  if (Array.isArray(value)) {
    const items = value.map((each) => plain(each, key));
    return UNORDERED.has(key) ? items.map((each) => JSON.stringify(each)).sort() : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, plain(each, name)]),
  );
}

/** Lists that are sets. */
const UNORDERED = new Set(['triggers', 'operators', 'casts', 'referencedBy', 'routines', 'bodies']);

/** Where two catalogues differ. */
function differences(one: unknown, other: unknown, path = ''): string[] {
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return [`${path}: ${JSON.stringify(one)?.slice(0, 300)} ≠ ${JSON.stringify(other)?.slice(0, 300)}`];
  const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((key) => differences(left[key], right[key], `${path}/${key}`));
}

/** A generator of numbers that are the same in every run (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Neighbouring objects are read again together: what is far apart shows what one change alone has read again. */
const PASS_OVER_OIDS = 'SELECT count(lo_unlink(lo_create(0))) FROM generate_series(1, 256)';

/** Something of every kind, so that most changes find what they change. */
function beginning(own: string): readonly string[] {
  return [
    `CREATE SCHEMA ${own}`,
    `CREATE SCHEMA ${own}_2`,
    `CREATE TYPE ${own}.e AS ENUM ('a', 'b')`,
    `CREATE DOMAIN ${own}.d AS numeric(6, 1) CHECK (value > 0)`,
    `CREATE TYPE ${own}.pair AS (a int, b text)`,
    `CREATE TABLE ${own}.t0 (c0 int PRIMARY KEY, c1 ${own}.e, c2 int, c3 text)`,
    `CREATE TABLE ${own}.t1 (c0 int PRIMARY KEY, c1 ${own}.pair[], c2 int, c3 text)`,
    `CREATE TABLE ${own}.t2 (c0 ${own}.d, c1 ${own}.t0, c2 int REFERENCES ${own}.t0 (c0) ON DELETE CASCADE, c3 text)`,
    `CREATE TABLE ${own}.t3 (c0 int, c1 text, c2 int, c3 text)`,
    `CREATE VIEW ${own}.v0 AS SELECT c0, c3 FROM ${own}.t0`,
    `CREATE VIEW ${own}.v1 AS SELECT * FROM ${own}.v0`,
    `CREATE VIEW ${own}.v2 AS SELECT c0, x.c1 AS one, y.c1 AS two FROM ${own}.t0 x JOIN ${own}.t1 y USING (c0)`,
    `CREATE FUNCTION ${own}.f0(x int) RETURNS int LANGUAGE sql AS 'SELECT x'`,
    `CREATE VIEW ${own}.v3 AS SELECT ${own}.f0(c2) AS called FROM ${own}.t3`,
    `CREATE FUNCTION ${own}.takes(a ${own}.e, b ${own}.pair) RETURNS ${own}.d LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'`,
    `CREATE FUNCTION ${own}.trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
    `CREATE TRIGGER trg0 BEFORE INSERT ON ${own}.t3 FOR EACH ROW EXECUTE FUNCTION ${own}.trg()`,
    `CREATE TABLE ${own}.p (c0 int, c1 text) PARTITION BY RANGE (c0)`,
  ];
}

/** What puts back what the statement before did: then the catalogue says again what it said before that. */
const BACK = new Set([
  'ALTER TYPE a.e_2 RENAME TO e',
  'ALTER TYPE a.pair_2 RENAME TO pair',
  'ALTER DOMAIN a.d_2 RENAME TO d',
  'ALTER TABLE a.t0_2 RENAME TO t0',
  'ALTER TABLE a.t0 RENAME COLUMN c9 TO c3',
  'ALTER FUNCTION a.f0_2(int) RENAME TO f0',
  'ALTER FUNCTION a.trg_2() RENAME TO trg',
  'ALTER SCHEMA a_4 RENAME TO a',
  'ALTER TABLE a.t3 ENABLE TRIGGER trg0',
  'DROP TABLE a.gone',
]);

/** Each of these is in the way of one thing that a reading of the changes takes over. */
const AT_FIRST: readonly string[] = [
  'ALTER TYPE a.e RENAME TO e_2',
  'ALTER TYPE a.e_2 RENAME TO e',
  'ALTER TYPE a.pair RENAME TO pair_2',
  'ALTER TYPE a.pair_2 RENAME TO pair',
  'ALTER DOMAIN a.d RENAME TO d_2',
  'ALTER DOMAIN a.d_2 RENAME TO d',
  "ALTER TYPE a.e RENAME VALUE 'a' TO 'first'",
  'ALTER TABLE a.t0 RENAME TO t0_2',
  'ALTER TABLE a.t0_2 RENAME TO t0',
  'ALTER TABLE a.t0 RENAME COLUMN c3 TO c9',
  'ALTER TABLE a.t0 RENAME COLUMN c9 TO c3',
  'ALTER TABLE a.t1 ADD COLUMN one int',
  'ALTER FUNCTION a.f0(int) RENAME TO f0_2',
  'ALTER FUNCTION a.f0_2(int) RENAME TO f0',
  'ALTER FUNCTION a.trg() RENAME TO trg_2',
  'ALTER FUNCTION a.trg_2() RENAME TO trg',
  'ALTER SCHEMA a RENAME TO a_4',
  'ALTER SCHEMA a_4 RENAME TO a',
  'CREATE TABLE a.p7 PARTITION OF a.p FOR VALUES FROM (7) TO (8)',
  'CREATE TRIGGER on_part BEFORE INSERT ON a.p7 FOR EACH ROW EXECUTE FUNCTION a.trg()',
  'ALTER TABLE a.p DETACH PARTITION a.p7',
  'ALTER TABLE a.t3 DISABLE TRIGGER trg0',
  'ALTER TABLE a.t3 ENABLE TRIGGER trg0',
  'CREATE TABLE a.gone (a int)',
  'DROP TABLE a.gone',
  'CREATE EXTENSION IF NOT EXISTS plpgsql',
  'COMMENT ON TABLE a.t0 IS NULL',
  // One transaction makes two versions of a row.
  'BEGIN',
  'ALTER TABLE a.t0 RENAME COLUMN c3 TO once',
  'ALTER TABLE a.t0 RENAME COLUMN once TO twice',
  'ROLLBACK',
];

/** Statements that change a schema; many of them fail, depending on what is there. */
function change(pick: (below: number) => number, own: string): string {
  const t = (): string => `${own}.t${pick(5)}`;
  const v = (): string => `${own}.v${pick(4)}`;
  const f = (): string => `${own}.f${pick(3)}`;
  const c = (): string => `c${pick(4)}`;
  const type = (): string =>
    ['int', 'text', 'varchar(20)', 'numeric(8,2)', `${own}.e`, `${own}.d`, `${own}.pair`, `${own}.t0`][pick(8)] ?? 'int';
  const n = pick(1000);
  const all: readonly (() => string)[] = [
    () => `CREATE TABLE ${t()} (c0 ${type()}, c1 ${type()}, c2 int, c3 text)`,
    () => `CREATE TABLE ${t()} (c0 int PRIMARY KEY, c1 text, c2 int, c3 text)`,
    () => `CREATE TABLE ${t()} (LIKE ${t()} INCLUDING ALL)`,
    () => `CREATE TABLE ${own}.t${pick(5)} (extra int) INHERITS (${t()})`,
    () => `CREATE TABLE ${own}.p (c0 int, c1 text) PARTITION BY RANGE (c0)`,
    () => `CREATE TABLE ${own}.p${pick(3)} PARTITION OF ${own}.p FOR VALUES FROM (${n}) TO (${n + 1})`,
    () => `ALTER TABLE ${own}.p ATTACH PARTITION ${t()} FOR VALUES FROM (${n}) TO (${n + 1})`,
    () => `ALTER TABLE ${own}.p DETACH PARTITION ${own}.p${pick(3)}`,
    () => `ALTER TABLE ${t()} NO INHERIT ${t()}`,
    () => `ALTER TABLE ${t()} ADD COLUMN ${c()} ${type()}`,
    () => `ALTER TABLE ${t()} ADD COLUMN g${pick(2)} text GENERATED ALWAYS AS (upper(c3)) STORED`,
    () => `ALTER TABLE ${t()} DROP COLUMN ${c()} CASCADE`,
    () => `ALTER TABLE ${t()} RENAME COLUMN ${c()} TO c${n}; COMMENT ON TABLE ${t()} IS 'c${n}'`,
    () => `ALTER TABLE ${t()} RENAME COLUMN ${c()} TO other; ALTER TABLE ${t()} RENAME COLUMN other TO ${c()}`,
    () => `ALTER TABLE ${own}.t${pick(4)} RENAME COLUMN c3 TO c${pick(4)}_3`,
    () => `ALTER TABLE ${own}.t${pick(4)} RENAME COLUMN c${pick(4)}_3 TO c3`,
    () => `ALTER TABLE ${own}.t0 RENAME TO t0_${n}; ALTER TABLE ${own}.t0_${n} RENAME TO t0`,
    () => `ALTER TYPE ${own}.e RENAME TO e_2`,
    () => `ALTER TYPE ${own}.e_2 RENAME TO e`,
    () => `ALTER TYPE ${own}.pair RENAME TO pair_2`,
    () => `ALTER TYPE ${own}.pair_2 RENAME TO pair`,
    () => `ALTER FUNCTION ${own}.f0(int) RENAME TO f0_2`,
    () => `ALTER FUNCTION ${own}.f0_2(int) RENAME TO f0`,
    () => `ALTER TABLE ${t()} ALTER COLUMN ${c()} TYPE varchar(${n + 1})`,
    () => `ALTER TABLE ${t()} ALTER COLUMN ${c()} SET NOT NULL`,
    () => `ALTER TABLE ${t()} RENAME TO t${pick(5)}`,
    () => `ALTER TABLE ${t()} RENAME TO t${pick(5)}`,
    () => `ALTER TABLE ${t()} SET SCHEMA ${own}_2; ALTER TABLE ${own}_2.t${pick(5)} SET SCHEMA ${own}`,
    () => `DROP TABLE ${t()} CASCADE`,
    () => `DROP TABLE ${t()} CASCADE; CREATE TABLE ${t()} (c3 text, c2 int, c1 text, c0 int PRIMARY KEY)`,
    () => `CREATE OR REPLACE VIEW ${v()} AS SELECT c0, c3 FROM ${t()}`,
    () => `CREATE OR REPLACE VIEW ${v()} AS SELECT c0, upper(c3) AS c3 FROM ${t()} WHERE c2 > ${n}`,
    () => `CREATE VIEW ${v()} AS SELECT * FROM ${t()} a JOIN ${t()} b USING (c0)`,
    () => `CREATE VIEW ${v()} AS SELECT a, ${f()}(c2) AS called FROM ${t()} a`,
    () => `CREATE VIEW ${v()} AS SELECT * FROM ${v()}`,
    () => `CREATE MATERIALIZED VIEW ${own}.m AS SELECT c0, count(*) AS n FROM ${t()} GROUP BY c0`,
    () => `ALTER VIEW ${v()} RENAME TO v${pick(4)}`,
    () => `ALTER VIEW ${v()} RENAME COLUMN c3 TO c${n}`,
    () => `DROP VIEW ${v()} CASCADE`,
    () => `CREATE OR REPLACE FUNCTION ${f()}(x int) RETURNS int LANGUAGE sql AS 'SELECT x + ${n}'`,
    () => `CREATE OR REPLACE FUNCTION ${f()}(x int, y text DEFAULT '${n}') RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN x; END'`,
    () => `CREATE OR REPLACE FUNCTION ${own}.rows() RETURNS SETOF ${t()} LANGUAGE sql AS 'SELECT * FROM ${t()}'`,
    () => `CREATE FUNCTION ${own}.atomic${pick(2)}() RETURNS SETOF int LANGUAGE sql BEGIN ATOMIC SELECT c2 FROM ${t()}; END`,
    () => `CREATE FUNCTION ${own}.takes(a ${own}.e, b ${own}.pair) RETURNS ${own}.d LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'`,
    () => `ALTER FUNCTION ${f()}(int) RENAME TO f${pick(3)}`,
    () => `ALTER FUNCTION ${f()}(int) SET search_path = ${own}`,
    () => `ALTER FUNCTION ${f()}(int) SECURITY DEFINER`,
    () => `ALTER FUNCTION ${f()}(int) SET SCHEMA ${own}_2; ALTER FUNCTION ${own}_2.f${pick(3)}(int) SET SCHEMA ${own}`,
    () => `DROP FUNCTION ${f()}(int) CASCADE`,
    () => `CREATE AGGREGATE ${own}.agg(int) (sfunc = int4pl, stype = int)`,
    () => `CREATE FUNCTION ${own}.trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
    () => `CREATE TRIGGER trg${pick(2)} BEFORE INSERT ON ${t()} FOR EACH ROW EXECUTE FUNCTION ${own}.trg()`,
    () => `ALTER TABLE ${t()} DISABLE TRIGGER ALL`,
    () => `DROP TRIGGER trg${pick(2)} ON ${t()}`,
    () => `ALTER FUNCTION ${own}.trg() RENAME TO trg_${n}; ALTER FUNCTION ${own}.trg_${n}() RENAME TO trg`,
    () => `CREATE RULE r AS ON DELETE TO ${t()} DO ALSO INSERT INTO ${t()} (c2) VALUES (old.c2)`,
    () => `DROP RULE r ON ${t()}`,
    () => `ALTER TABLE ${t()} ADD FOREIGN KEY (c2) REFERENCES ${t()} (c0) ON DELETE CASCADE`,
    () => `ALTER TABLE ${t()} ADD PRIMARY KEY (c0)`,
    () => `ALTER TABLE ${t()} DROP CONSTRAINT IF EXISTS t${pick(5)}_pkey CASCADE`,
    () => `CREATE TYPE ${own}.e AS ENUM ('a', 'b')`,
    () => `ALTER TYPE ${own}.e ADD VALUE 'n${n}' BEFORE 'b'`,
    () => `ALTER TYPE ${own}.e RENAME VALUE 'a' TO 'n${n}'`,
    () => `CREATE DOMAIN ${own}.d AS numeric(6, 1) CHECK (value > 0)`,
    () => `ALTER DOMAIN ${own}.d ADD CHECK (value < ${n})`,
    () => `CREATE TYPE ${own}.pair AS (a int, b text)`,
    () => `ALTER TYPE ${own}.pair ADD ATTRIBUTE z${n} int CASCADE`,
    () => `ALTER TYPE ${own}.pair RENAME ATTRIBUTE b TO b${n}`,
    () => `CREATE TYPE ${own}.span AS RANGE (subtype = int)`,
    () => `DROP TYPE ${own}.${['e', 'd', 'pair', 'span'][pick(4)] ?? 'e'} CASCADE`,
    () => `CREATE OPERATOR ${own}.=== (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)`,
    () => `CREATE VIEW ${v()} AS SELECT c2 OPERATOR(${own}.===) 1 AS same FROM ${t()}`,
    () => `ALTER OPERATOR ${own}.=== (int, int) SET SCHEMA ${own}_2`,
    () => `DROP OPERATOR ${own}.=== (int, int) CASCADE`,
    () => `CREATE INDEX ON ${t()} (c3)`,
    () => `GRANT SELECT ON ${t()} TO PUBLIC`,
    () => `COMMENT ON TABLE ${t()} IS '${n}'`,
    () => `ALTER TABLE ${t()} ENABLE ROW LEVEL SECURITY; CREATE POLICY y ON ${t()} USING (c2 > 0)`,
    () => `CREATE SEQUENCE ${own}.s`,
    () => `ALTER SCHEMA ${own}_2 RENAME TO ${own}_3; ALTER SCHEMA ${own}_3 RENAME TO ${own}_2`,
    () => `ALTER SCHEMA ${own} RENAME TO ${own}_x; CREATE SCHEMA ${own}`,
    () => `DROP SCHEMA ${own}_x CASCADE`,
    () => `CREATE TEMP TABLE passing${pick(3)} AS SELECT * FROM ${t()}`,
    () => `CREATE TEMP VIEW passing_view AS SELECT * FROM passing${pick(3)}`,
    () => `DROP TABLE passing${pick(3)} CASCADE`,
    () => `INSERT INTO ${t()} (c3) VALUES ('x')`,
    () => `ANALYZE ${t()}`,
  ];
  return (all[pick(all.length)] ?? all[0])?.() ?? '';
}

describe.each([15, 18] as const)('a catalogue that follows the changes of a schema of PostgreSQL %i', (major) => {
  let server: PostgresServer;
  let one: pg.Client;
  let other: pg.Client;
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await client.query("SET client_min_messages = error; SET lock_timeout = '50ms'");
    return client;
  };

  beforeAll(async () => {
    server = await startPostgres({ major });
    one = await connect();
    other = await connect();
    for (const name of ['a', 'b'])
      for (const sql of beginning(name)) {
        await one.query(PASS_OVER_OIDS);
        await one.query(sql);
      }
  }, 300_000);
  afterAll(async () => {
    await one.end();
    await other.end();
    await server.stop();
  });

  it(
    'says what a reading of the whole says, whatever was done, taken back, and done by others meanwhile',
    async () => {
      const pick = random(SEED);
      const follow = createCatalogueReader();
      let seen = await follow(rowsOf(one), 1, parse);
      let shared = await follow(rowsOf(other), 1, parse);
      const history: string[] = [];
      const outcomes = { done: 0, refused: 0, same: 0 };
      let isOpen = false;

      const run = async (client: pg.Client, who: string, sql: string): Promise<boolean> => {
        const isDone = await client.query(sql).then(
          () => true,
          () => false,
        );
        history.push(`${who}${isDone ? '' : ' (refused)'}: ${sql}`);
        outcomes[isDone ? 'done' : 'refused'] += 1;
        return isDone;
      };
      const followed = (client: pg.Client, from: PostgresCatalogue): Promise<PostgresCatalogue> =>
        follow(rowsOf(client), 2, parse, { from, isInTransaction: client === one && isOpen });
      const same = (now: unknown, whole: unknown): void => {
        const found = differences(now, whole);
        if (found.length > 0) throw new Error(`${found.slice(0, 5).join('\n')}\nafter\n${history.slice(-12).join('\n')}`);
      };
      const compare = async (client: pg.Client, from: PostgresCatalogue): Promise<PostgresCatalogue> => {
        const now = await followed(client, from);
        const whole = await follow(rowsOf(client), 3, parse, { from: now, whole: true, isInTransaction: client === one && isOpen });
        if (now.isIncomplete !== true && whole.isIncomplete !== true) same(told(now), told(whole));
        if (now === from) outcomes.same += 1;
        return now;
      };
      /** In a block, what fails takes nothing else with it. */
      const attempt = async (sql: string): Promise<void> => {
        if (!isOpen) return void (await run(one, 'one', sql));
        await one.query('SAVEPOINT attempt');
        const isKept = (await run(one, 'one', sql)) && pick(5) > 0;
        await one.query(isKept ? 'RELEASE attempt' : 'ROLLBACK TO attempt');
        if (!isKept) history.push('taken back');
      };

      const earlier = [told(seen)];
      for (const sql of AT_FIRST) {
        await other.query(PASS_OVER_OIDS);
        expect(await run(one, 'one', sql)).toBe(true);
        if (sql === 'BEGIN' || sql === 'ROLLBACK') isOpen = sql === 'BEGIN';
        const isBack = BACK.has(sql);
        seen = await (isBack ? followed(one, seen) : compare(one, seen));
        if (isBack) same(told(seen), earlier.at(-2));
        earlier.push(told(seen));
        // Nothing is temporary yet: what one session sees, all do.
        if (!isOpen) same(told((shared = await followed(other, shared))), earlier.at(-1));
      }
      for (let step = 0; step < STEPS; step++) {
        if (!isOpen && pick(4) === 0) {
          isOpen = await run(one, 'one', 'BEGIN');
        } else if (isOpen && pick(5) === 0) {
          await run(one, 'one', pick(3) === 0 ? 'ROLLBACK' : 'COMMIT');
          isOpen = false;
        }
        await other.query(PASS_OVER_OIDS);
        await attempt(change(pick, 'a'));
        if (pick(3) === 0) await run(other, 'other', change(pick, 'b'));
        seen = await compare(one, seen);
        if (!isOpen) shared = await compare(other, shared);
      }
      if (isOpen) await run(one, 'one', 'ROLLBACK');
      // The test says nothing when everything was refused, or nothing was taken for the same.
      expect(outcomes.done).toBeGreaterThan(AT_FIRST.length);
      expect(outcomes.same).toBeGreaterThan(0);
    },
    600_000 + STEPS * 10_000,
  );
});
