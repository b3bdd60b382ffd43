import { FIRST_USER_OID } from './queries.js';
import { type Row, text } from './rows.js';

/** What a row of a system table is a part of, and is read again with. */
type Owner = 'relation' | 'type' | 'routine' | 'operator' | 'cast' | 'schema' | 'stored-code' | 'everything';

interface Source {
  readonly table: string;
  /** The OID of what the row is a part of. */
  readonly id: string;
  readonly owner: Owner;
  readonly where?: string;
}

const NOT_TEMPORARY = (column: string): string => `NOT (${column} OPERATOR(pg_catalog.=) ANY (TABLE temporary))`;
const NOT_PASSING = (column: string): string => `NOT (${column} OPERATOR(pg_catalog.=) ANY (TABLE passing))`;

/**
 * Every system table that a reading looks into ("System Catalogs"). What is seldom changed and names much (`everything`) has the whole catalogue
 * read again: texts of definitions hold names of collations, text search configurations, and the like.
 */
const SOURCES: readonly Source[] = [
  { table: 'pg_namespace', id: 'oid', owner: 'schema', where: NOT_TEMPORARY('oid') },
  { table: 'pg_class', id: 'oid', owner: 'relation', where: NOT_TEMPORARY('relnamespace') },
  {
    table: 'pg_attribute',
    id: 'attrelid',
    owner: 'relation',
    where: `attnum OPERATOR(pg_catalog.>) 0 AND ${NOT_PASSING('attrelid')}`,
  },
  { table: 'pg_inherits', id: 'inhrelid', owner: 'relation', where: NOT_PASSING('inhrelid') },
  { table: 'pg_trigger', id: 'tgrelid', owner: 'relation', where: NOT_PASSING('tgrelid') },
  { table: 'pg_rewrite', id: 'ev_class', owner: 'relation', where: NOT_PASSING('ev_class') },
  { table: 'pg_attrdef', id: 'adrelid', owner: 'relation', where: NOT_PASSING('adrelid') },
  {
    table: 'pg_constraint',
    id: 'CASE WHEN conrelid OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN contypid ELSE conrelid END',
    owner: 'relation',
    where: NOT_PASSING('conrelid'),
  },
  { table: 'pg_type', id: 'oid', owner: 'type', where: NOT_TEMPORARY('typnamespace') },
  { table: 'pg_enum', id: 'enumtypid', owner: 'type' },
  { table: 'pg_proc', id: 'oid', owner: 'routine' },
  { table: 'pg_aggregate', id: 'aggfnoid::pg_catalog.oid', owner: 'routine' },
  { table: 'pg_operator', id: 'oid', owner: 'operator' },
  { table: 'pg_cast', id: 'oid', owner: 'cast' },
  { table: 'pg_index', id: 'indrelid', owner: 'stored-code', where: NOT_PASSING('indrelid') },
  { table: 'pg_partitioned_table', id: 'partrelid', owner: 'stored-code', where: NOT_PASSING('partrelid') },
  { table: 'pg_policy', id: 'polrelid', owner: 'stored-code', where: NOT_PASSING('polrelid') },
  { table: 'pg_range', id: 'rngtypid', owner: 'type' },
  { table: 'pg_language', id: 'oid', owner: 'everything' },
  { table: 'pg_collation', id: 'oid', owner: 'everything' },
  { table: 'pg_opclass', id: 'oid', owner: 'everything' },
  { table: 'pg_ts_config', id: 'oid', owner: 'everything' },
  { table: 'pg_ts_dict', id: 'oid', owner: 'everything' },
  { table: 'pg_extension', id: 'oid', owner: 'everything' },
  {
    table: 'pg_depend',
    id: '0::pg_catalog.oid',
    owner: 'everything',
    where: "refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass",
  },
];

/** Neighbouring OIDs, so many as this many bits tell apart, are compared and read together. */
const BUCKET_BITS = 8;
const FIRST_USER_BUCKET = FIRST_USER_OID >> BUCKET_BITS;

/**
 * One statement that says of every system table which versions of its rows are there: a row about the server, and a row for each table.
 * A version of a row is told by its place and by the transaction and command that made it ("System Columns"): a row that is changed gets another
 * version, in the transaction that changes it too, and none has a version that another one had. The versions of neighbouring OIDs are hashed
 * and added; `seed` is not known to who makes rows. What is updated in place (statistics of relations) is not read, and does not show.
 *
 * It may run on any connection, whatever its search path: operators are named with their schema. Objects of other sessions' temporary schemas
 * are left out.
 */
export function digestSql(seed: bigint, withStoredCode: boolean): string {
  const sources = SOURCES.filter(({ owner }) => withStoredCode || owner !== 'stored-code');
  return `
WITH temporary AS MATERIALIZED (
  SELECT oid FROM pg_catalog.pg_namespace
  WHERE (pg_catalog.starts_with(nspname::pg_catalog.text, 'pg_temp_') OR pg_catalog.starts_with(nspname::pg_catalog.text, 'pg_toast_temp_'))
    AND oid OPERATOR(pg_catalog.<>) pg_catalog.pg_my_temp_schema()),
passing AS MATERIALIZED (SELECT oid FROM pg_catalog.pg_class WHERE relnamespace OPERATOR(pg_catalog.=) ANY (TABLE temporary))
SELECT '${SERVER}', ${STARTED_SQL}, pg_catalog.current_setting('server_version_num'),
       pg_catalog.current_database()::pg_catalog.text, pg_catalog.current_setting('search_path'), pg_catalog.current_setting('lock_timeout'),
       pg_catalog.current_setting('transaction_isolation')
${sources.map((source) => `UNION ALL ${sourceSql(source, seed)}`).join('\n')}`;
}

const SERVER = 'server';

/** When the server was started, in words that no setting changes. */
const STARTED_SQL = `pg_catalog.concat(${['epoch', 'microseconds']
  .map((part) => `pg_catalog.int8(pg_catalog.date_part('${part}', pg_catalog.pg_postmaster_start_time()))`)
  .join(", ' ', ")})`;

function sourceSql({ table, id, where }: Source, seed: bigint): string {
  return `SELECT '${table}', (
  SELECT pg_catalog.string_agg(pg_catalog.concat(bucket, ' ', number, ' ', versions), ',' ORDER BY bucket) FROM (
    SELECT pg_catalog.int8shr((${id})::pg_catalog.int8, ${BUCKET_BITS}) AS bucket, pg_catalog.count(*) AS number,
           pg_catalog.sum(pg_catalog.hash_record_extended(ROW(${id}, ctid, xmin, cmin), ${seed})) AS versions
    FROM pg_catalog.${table} ${where === undefined ? '' : `WHERE ${where} `}GROUP BY 1) AS buckets), NULL, NULL, NULL, NULL, NULL`;
}

/** The server as it said itself, and the digest of each of its system tables. */
export interface Digest {
  /** Which server process it was: what another one says cannot be compared. */
  readonly server: string;
  readonly serverVersion: number;
  readonly database: string;
  readonly searchPath: string;
  readonly lockTimeout: string;
  /** The transaction sees rows as they were when it began, but what its statements name is looked up as it is now ("Caveats" of "Concurrency Control"). */
  readonly isFixed: boolean;
  readonly tables: ReadonlyMap<string, string>;
}

/** Rows of {@link digestSql}, in any order: the server may answer by several processes. */
export function readDigest(rows: readonly Row[]): Digest {
  const server = rows.find((row) => row[0] === SERVER);
  if (server === undefined) throw new Error('the server did not answer to a question about itself');
  return {
    server: text(server, 1),
    serverVersion: Number(text(server, 2)),
    database: text(server, 3),
    searchPath: text(server, 4),
    lockTimeout: text(server, 5),
    isFixed: text(server, 6) === 'repeatable read' || text(server, 6) === 'serializable',
    tables: new Map(rows.filter((row) => row !== server).map((row) => [text(row, 0), row[1] ?? ''])),
  };
}

/** OIDs from the first to before the second. */
export type Range = readonly [number, number];

/** What has other versions of rows than before. */
export interface Changes {
  readonly relations: readonly Range[];
  readonly types: readonly Range[];
  readonly routines: readonly Range[];
  readonly operators: readonly Range[];
  readonly casts: boolean;
  readonly schemas: boolean;
}

/** What has changed; `'nothing'`; or `'everything'` when it is not worth, or not possible, to tell. */
export function changesBetween(before: Digest, after: Digest): Changes | 'nothing' | 'everything' {
  if (before.server !== after.server || before.database !== after.database) return 'everything';
  const buckets: Record<Owner, Set<number>> = {
    relation: new Set(),
    type: new Set(),
    routine: new Set(),
    operator: new Set(),
    cast: new Set(),
    schema: new Set(),
    'stored-code': new Set(),
    everything: new Set(),
  };
  for (const { table, owner } of SOURCES) {
    const [was, is] = [before.tables.get(table), after.tables.get(table)];
    if (was === is) continue;
    if (was === undefined || is === undefined) return 'everything';
    for (const bucket of differing(was, is)) buckets[owner].add(bucket);
  }
  if (Object.values(buckets).every((set) => set.size === 0)) return 'nothing';
  const owned = [buckets.relation, buckets.type, buckets.routine, buckets.operator];
  const ofSystem = owned.some((set) => [...set].some((bucket) => bucket < FIRST_USER_BUCKET));
  if (buckets.everything.size > 0 || ofSystem || owned.some((set) => set.size > MAX_BUCKETS)) return 'everything';
  return {
    relations: rangesOf(buckets.relation),
    types: rangesOf(buckets.type),
    routines: rangesOf(buckets.routine),
    operators: rangesOf(buckets.operator),
    casts: buckets.cast.size > 0,
    schemas: buckets.schema.size > 0,
  };
}

/** With so many it is as cheap to read all. */
const MAX_BUCKETS = 200;

function differing(before: string, after: string): number[] {
  const [was, is] = [bucketsOf(before), bucketsOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].filter((bucket) => was.get(bucket) !== is.get(bucket));
}

function bucketsOf(digest: string): ReadonlyMap<number, string> {
  const parts = digest === '' ? [] : digest.split(',');
  return new Map(parts.map((part) => [Number(part.slice(0, part.indexOf(' '))), part]));
}

function rangesOf(buckets: ReadonlySet<number>): Range[] {
  const ranges: [number, number][] = [];
  for (const bucket of [...buckets].sort((a, b) => a - b)) {
    const [from, to] = [bucket * 2 ** BUCKET_BITS, (bucket + 1) * 2 ** BUCKET_BITS];
    const last = ranges.at(-1);
    if (last?.[1] === from) last[1] = to;
    else ranges.push([from, to]);
  }
  return ranges;
}

export function isWithin(ranges: readonly Range[], id: number): boolean {
  for (const [from, to] of ranges) if (id >= from && id < to) return true;
  return false;
}

/** A condition on a column of OIDs. */
export function withinSql(ranges: readonly Range[], column: string): string {
  if (ranges.length === 0) return 'false';
  const oid = (value: number): string => `'${Math.min(value, MAX_OID)}'::pg_catalog.oid`;
  return `(${ranges.map(([from, to]) => `${column} BETWEEN ${oid(from)} AND ${oid(to - 1)}`).join(' OR ')})`;
}

const MAX_OID = 4_294_967_295;
