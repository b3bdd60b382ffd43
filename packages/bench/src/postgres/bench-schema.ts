import { parseArgs } from 'node:util';
import { type PostgresMajor, postgresMajors } from '@sqlwarden/testkit';
import pg from 'pg';
import { textTable } from '../commands/text-table.js';
import { percentile } from '../cost/percentile.js';
import { openPlace, type PeerPlace } from '../peers/peer-places.js';

const USAGE = `usage: npm run bench -- schema [--relations <n>,<n>,…] [--statements <n>] [--rounds <n>] [--major <n>]
                                    what statements that change a schema cost, directly and through a gateway`;

const DATABASE = 'migrated';
const WAYS = ['one by one', 'one transaction'] as const;
type Way = (typeof WAYS)[number];

/** `npm run bench -- schema`. Returns the exit status. */
export async function benchSchema(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      relations: { type: 'string', default: '1000,5000' },
      statements: { type: 'string', default: '200' },
      rounds: { type: 'string', default: '3' },
      major: { type: 'string', default: '18' },
    },
  });
  const sizes = values.relations.split(',').map(Number);
  const [statements, rounds] = [Number(values.statements), Number(values.rounds)];
  const major = postgresMajors.find((each) => String(each) === values.major);
  if (major === undefined || ![...sizes, statements, rounds].every((count) => Number.isSafeInteger(count) && count > 0)) {
    console.error(USAGE);
    return 2;
  }
  const rows: string[][] = [];
  for (const relations of sizes) rows.push(...(await measureSize({ relations, statements, rounds, major })));
  console.log(textTable(['relations', 'statements', 'direct ms', 'p50', 'gateway ms', 'p50', 'p99', 'ratio'], rows));
  return 0;
}

interface Size {
  readonly relations: number;
  readonly statements: number;
  readonly rounds: number;
  readonly major: PostgresMajor;
}

/** A round is the same migration on both ways, one after the other; what is told are medians of the rounds. */
async function measureSize({ relations, statements, rounds, major }: Size): Promise<string[][]> {
  const places: PeerPlace[] = [];
  const clients: pg.Client[] = [];
  try {
    for (const name of ['direct', 'through'] as const) {
      const place = await openPlace(name, { major, database: DATABASE, preparation: [`CREATE DATABASE ${DATABASE}`] });
      places.push(place);
      const { port, user, password, database } = place;
      const client = new pg.Client({ host: '127.0.0.1', port, user, password, database });
      clients.push(client);
      await client.connect();
      for (const sql of schemaOf(relations)) await client.query(sql);
    }
    const table: string[][] = [];
    for (const way of WAYS) {
      const times: number[][] = clients.map(() => []);
      const totals: number[][] = clients.map(() => []);
      for (let round = 0; round < rounds; round++) {
        for (const [at, client] of clients.entries()) {
          const each = await migrate(client, way, statements);
          times[at]?.push(...each);
          totals[at]?.push(each.reduce((sum, ms) => sum + ms, 0));
        }
      }
      const [direct = [], through = []] = times;
      const [directTotal, throughTotal] = totals.map((all) => percentile(all, 0.5));
      const ms = (value: number | undefined): string => (value ?? Number.NaN).toFixed(1);
      table.push([
        String(relations),
        way,
        ms(directTotal),
        ms(percentile(direct, 0.5)),
        ms(throughTotal),
        ms(percentile(through, 0.5)),
        ms(percentile(through, 0.99)),
        ((throughTotal ?? Number.NaN) / (directTotal ?? Number.NaN)).toFixed(1),
      ]);
    }
    return table;
  } finally {
    for (const client of clients) await client.end();
    for (const place of places) await place.stop();
  }
}

/** Milliseconds of each statement. */
async function migrate(client: pg.Client, way: Way, count: number): Promise<number[]> {
  await client.query('CREATE SCHEMA app; CREATE TABLE app.migrations (step int)');
  const times: number[] = [];
  if (way === 'one transaction') await client.query('BEGIN');
  for (const sql of migration(count)) {
    const startedAt = performance.now();
    await client.query(sql);
    times.push(performance.now() - startedAt);
  }
  if (way === 'one transaction') await client.query('COMMIT');
  await client.query('DROP SCHEMA app CASCADE');
  return times;
}

/** As migration tools send them: a change, now and then a row. */
function migration(count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const table = `app.m${Math.floor(at / 10)}`;
    const steps = [
      `CREATE TABLE ${table} (id int PRIMARY KEY, name text, amount numeric(10, 2))`,
      `ALTER TABLE ${table} ADD COLUMN email text`,
      `CREATE INDEX ON ${table} (name)`,
      `CREATE VIEW ${table}_view AS SELECT id, upper(name) AS name FROM ${table} WHERE amount > 0`,
      `ALTER TABLE ${table} RENAME COLUMN email TO mail`,
      `ALTER TABLE ${table} ADD COLUMN parent int REFERENCES ${table} (id) ON DELETE CASCADE`,
      `CREATE FUNCTION ${table}_total(minimum int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM ${table} WHERE amount > minimum'`,
      `ALTER TABLE ${table} ALTER COLUMN mail SET NOT NULL`,
      `COMMENT ON TABLE ${table} IS 'step ${at}'`,
      `INSERT INTO app.migrations VALUES (${at})`,
    ];
    return steps[at % steps.length] ?? '';
  });
}

/** Tables, an index and some views and functions of them. */
function schemaOf(relations: number): string[] {
  return Array.from({ length: Math.ceil(relations / 100) }, (_, group) => {
    const tables = Array.from({ length: Math.min(100, relations - group * 100) }, (__, at) => {
      const table = `there.t${group * 100 + at}`;
      const view = at % 5 === 0 ? `CREATE VIEW ${table}_view AS SELECT id, upper(b) AS b FROM ${table} WHERE e > 0;` : '';
      const routine =
        at % 10 === 0
          ? `CREATE FUNCTION ${table}_of(x int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT e FROM ${table} WHERE id = x); END';`
          : '';
      return `CREATE TABLE ${table} (id int PRIMARY KEY, a text, b text NOT NULL, c numeric(10, 2), d date, e int, f text, g text, h int);${view}${routine}`;
    });
    return `${group === 0 ? 'CREATE SCHEMA there;' : ''}${tables.join('')}`;
  });
}
