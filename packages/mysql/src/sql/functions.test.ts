import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectMariadb, findMariadb, type MariadbConnection, type MariadbServer, requireOrSkip, startMariadb } from '@sqlwarden/testkit';
import { builtInFunction, builtInNames } from './functions.js';

/** FUNCTION … does not exist. */
const NO_SUCH_FUNCTION = 1305;

/** Functions of MariaDB 11 and 12, which the server of Debian 12 does not have. */
const LATER = new Set(
  `format_bytes format_pico_time json_array_intersect json_key_value json_object_filter_keys json_object_to_array json_schema_valid kdf
  mbrcoveredby months_between st_collect st_geohash st_isvalid st_latfromgeohash st_longfromgeohash st_pointfromgeohash st_simplify
  st_validate to_date to_number trunc uuid_v4 uuid_v7 vec_distance vec_distance_cosine vec_distance_euclidean vec_fromtext vec_totext`.split(
    /\s+/,
  ),
);

/** Constructors of geometries are only known with arguments. */
const ARGUMENTS = ['', '1', '1, 1'];

(requireOrSkip(findMariadb()) ? describe : describe.skip)('the functions of MariaDB', () => {
  let server: MariadbServer;
  let connection: MariadbConnection;
  beforeAll(async () => {
    server = await startMariadb();
    connection = await connectMariadb(server, { database: 'mysql' });
  });
  afterAll(async () => {
    await connection.end();
    await server.stop();
  });

  const isKnown = async (name: string): Promise<boolean> => {
    for (const list of ARGUMENTS) {
      const error = await connection.query(`DO ${name}(${list})`).then(
        () => undefined,
        (failure: { readonly errno?: number }) => failure.errno,
      );
      if (error !== NO_SUCH_FUNCTION) return true;
    }
    return false;
  };

  it('are known to the server, so that no function of a user is taken for one', async () => {
    const unknown: string[] = [];
    for (const name of builtInNames('mariadb')) if (!LATER.has(name) && !(await isKnown(name))) unknown.push(name);
    expect(unknown).toEqual([]);
    expect(await isKnown('no_such_function')).toBe(false);
  });

  it('are all in the table', async () => {
    const names = (await connection.query('SELECT LOWER(FUNCTION) FROM information_schema.SQL_FUNCTIONS')).map(([name]) => name ?? '');
    expect(names.length).toBeGreaterThan(200);
    // CAST is syntax.
    expect(names.filter((name) => builtInFunction(name, 1, 'mariadb') === undefined)).toEqual(['cast']);
  });
});

/** Values at the ends of their types, and what is no document, pattern, number or date: text, signed, unsigned, double, date, bytes, decimal. */
const HARD_VALUES = [
  "'x', -1, 0, -1, '2020-01-01', 'x', 0",
  "'y', 9223372036854775807, 18446744073709551615, 1.7e308, '9999-12-31 23:59:59', x'ff', 9999999999999999999999999999999999999999.9",
  "'9999-99-99', -9223372036854775808, 1, -1.7e308, '0000-00-00', '', -1",
  'NULL, NULL, NULL, NULL, NULL, NULL, NULL',
  "'{', 0, 5, 0, '1000-01-01', '{}', 1",
  "'%s\\\\', 1000000000, 7, 1e-300, '2024-02-29', '(((', 2",
];
const COLUMNS = ['t', 'n', 'u', 'd', 'at', 'b', 'c'];

/** Whatever the arguments are: their number is wrong, or the function has a syntax of its own. */
const NEVER_CALLS = new Set([1064, 1305, 1318, 1370, 1582, 4079, 4161]);
/** The kind of an argument is wrong. */
const NO_CALLS = new Set([1210, 4078]);

(requireOrSkip(findMariadb()) ? describe : describe.skip)('functions that are total', () => {
  let server: MariadbServer;
  let connection: MariadbConnection;
  beforeAll(async () => {
    server = await startMariadb();
    connection = await connectMariadb(server);
    await connection.query('CREATE DATABASE hard');
    await connection.query('USE hard');
    await connection.query('CREATE TABLE v (t varchar(99), n bigint, u bigint unsigned, d double, at datetime, b blob, c decimal(65, 10))');
    await connection.query("SET sql_mode = ''");
    for (const row of HARD_VALUES) await connection.query(`INSERT INTO v VALUES (${row})`);
    await connection.query('SET sql_mode = DEFAULT');
  });
  afterAll(async () => {
    await connection.end();
    await server.stop();
  });

  const errorOf = async (calls: readonly string[]): Promise<number | undefined> =>
    // Every call is computed for every row; the results stay with the server.
    connection.query(`SELECT COUNT(*) FROM (SELECT ${calls.map((call, at) => `${call} AS c${at}`).join(', ')} FROM v LIMIT 99) AS q`).then(
      () => undefined,
      (error: { readonly errno: number }) => error.errno,
    );

  /** All at once; one by one where one of them is no call. */
  const failures = async (calls: readonly string[]): Promise<string[]> => {
    const error = await errorOf(calls);
    if (error === undefined || NEVER_CALLS.has(error)) return [];
    if (calls.length === 1) return NO_CALLS.has(error) ? [] : [`${calls.join()}: ${error}`];
    const found: string[] = [];
    for (const call of calls) found.push(...(await failures([call])));
    return found;
  };

  it('never fail', async () => {
    const found: string[] = [];
    for (const name of builtInNames('mariadb')) {
      const facts = builtInFunction(name, 1, 'mariadb');
      if (facts?.total !== 'all' || facts.category === 'volatile') continue;
      found.push(...(await failures(COLUMNS.map((column) => `${name}(${column})`))));
      found.push(...(await failures(COLUMNS.flatMap((column) => [`${name}(${column}, n)`, `${name}(t, ${column})`]))));
      found.push(...(await failures(COLUMNS.flatMap((column) => [`${name}(t, ${column}, n)`, `${name}(t, t, ${column})`]))));
    }
    expect(found).toEqual([]);
    expect(await failures(['exp(d)', 'n + n'])).toEqual(['exp(d): 1690', 'n + n: 1690']);
  });
});

describe('builtInFunction', () => {
  it('knows what functions compute', () => {
    expect(builtInFunction('count', 1, 'mysql')).toMatchObject({ category: 'aggregate', computes: 'count' });
    expect(builtInFunction('lower', 1, 'mysql')).toMatchObject({ category: 'pure', computes: 'fold', total: 'all' });
    expect(builtInFunction('row_number', 0, 'mysql')).toMatchObject({ category: 'window' });
  });

  it('takes no function that can be made to fail for total', () => {
    for (const name of ['exp', 'pow', 'cot', 'extractvalue', 'updatexml', 'json_extract', 'st_geomfromtext', 'name_const']) {
      expect(builtInFunction(name, 2, 'mysql')?.total).toBeUndefined();
    }
    for (const name of ['gtid_subset', 'uuid_to_bin', 'bin_to_uuid']) expect(builtInFunction(name, 2, 'mysql')?.total).toBeUndefined();
  });

  it('knows which reach beyond their arguments', () => {
    expect(builtInFunction('load_file', 1, 'mysql')).toMatchObject({ opaque: { kind: 'foreign-data' } });
    expect(builtInFunction('get_lock', 2, 'mysql')).toMatchObject({ locks: true });
    expect(builtInFunction('sleep', 1, 'mysql')).toMatchObject({ category: 'volatile' });
  });

  it('sees that LAST_INSERT_ID keeps its argument', () => {
    expect(builtInFunction('last_insert_id', 0, 'mysql')).toEqual({ category: 'pure', total: 'all' });
    expect(builtInFunction('last_insert_id', 1, 'mysql')).toMatchObject({ flow: { kind: 'setting', name: 'last_insert_id' } });
  });

  it('knows only the functions of the server that is meant', () => {
    expect(builtInFunction('any_value', 1, 'mysql')).toBeDefined();
    expect(builtInFunction('any_value', 1, 'mariadb')).toBeUndefined();
    expect(builtInFunction('nvl2', 3, 'mariadb')).toBeDefined();
    expect(builtInFunction('nvl2', 3, 'mysql')).toBeUndefined();
  });
});
