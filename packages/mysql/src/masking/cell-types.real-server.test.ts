import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CellType, compileMask, type CompileTools, type MaskFunction, originByName, type ResultColumn } from '@sqlwarden/core';
import { type MysqlServer, mysqlServerKinds, requireOrSkip } from '@sqlwarden/testkit';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { createCatalogueReader } from '../catalog/index.js';
import type { MysqlCatalogue } from '../catalog/resolved-catalogue.js';
import type { ColumnDefinition41 } from '../protocol/column-definition.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { decodeUtf8, PayloadReader } from '../protocol/payload-reader.js';
import { RowCells } from '../protocol/row-cells.js';
import { REFUSAL_ERRORS } from '../refusal.js';
import { parseUnit } from '../sql/parse.js';
import { cellType } from './cell-types.js';
import { characterSet } from './character-set.js';
import { typeOf } from './column-type.js';

const tools: CompileTools = {
  hash: {
    sha256: (data) => createHash('sha256').update(data).digest(),
    hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
    pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
  },
  maskKey: new Uint8Array(32).fill(1),
  compilePattern: (source) => ({
    test: (text) => new RegExp(source, 'u').test(text),
    replaceAll: (text, by) => text.replace(new RegExp(source, 'gu'), () => by),
  }),
};

const FUNCTIONS: readonly MaskFunction[] = [
  { kind: 'null' },
  { kind: 'default' },
  { kind: 'redact', text: 'não é para ti' },
  { kind: 'partial', prefix: 1, suffix: 1, pad: '§' },
  { kind: 'email' },
  { kind: 'last4' },
  { kind: 'hash' },
  { kind: 'token', domain: 'people' },
  { kind: 'bucket', size: 10 },
  { kind: 'round', to: 100 },
  { kind: 'noise', ratio: 0.1 },
  { kind: 'date_trunc', unit: 'year' },
  { kind: 'date_trunc', unit: 'hour' },
  { kind: 'regex', pattern: '[0-9]', replacement: '#' },
  { kind: 'json', members: [{ path: ['a'], label: 'l', function: { kind: 'last4' } }] },
];

/** Type, and three literals: an ordinary value, an extreme one, and one that is odd. */
const COMMON: readonly (readonly [type: string, ...values: string[]])[] = [
  ['tinyint', '-5', '-128', '127'],
  ['tinyint unsigned', '200', '255', '0'],
  ['smallint', '-300', '-32768', '32767'],
  ['mediumint', '-70000', '-8388608', '8388607'],
  ['mediumint unsigned', '70000', '16777215', '0'],
  ['int', '42', '-2147483648', '2147483647'],
  ['int(10) unsigned zerofill', '42', '4294967295', '0'],
  ['bigint', '-9000000000000000', '-9223372036854775808', '9223372036854775807'],
  ['bigint unsigned', '18000000000000000000', '18446744073709551615', '0'],
  ['float', '3.14159', '-3.402e38', '1.17e-38'],
  ['float(7,3)', '12.5', '9999.999', '0'],
  ['double', '2.5e-10', '-1.7976931348623157e308', '1e25'],
  ['double(10,2)', '3.14', '99999999.99', '-0.01'],
  ['decimal(10,2)', '-12.34', '99999999.99', '-99999999.99'],
  ['decimal(5,0) unsigned', '77', '99999', '0'],
  ['decimal(8,3) zerofill', '1.5', '99999.999', '0'],
  ['decimal(65,30)', '12.5', '99999999999999999999999999999999999.9', '-0.000000000000000000000000000001'],
  ['boolean', 'true', 'false', '2'],
  ['bit', "b'1'", "b'0'", "b'1'"],
  ['bit(9)', "b'101010101'", "b'111111111'", "b'0'"],
  ['date', "'2024-02-29'", "'9999-12-31'", "'0000-00-00'"],
  ['datetime', "'2024-02-29 01:02:03'", "'9999-12-31 23:59:59'", "'0000-00-00 00:00:00'"],
  ['datetime(3)', "'2024-02-29 01:02:03.456'", "'1000-01-01 00:00:00'", "'2024-00-00 00:00:00'"],
  ['datetime(6)', "'2024-02-29 01:02:03.456789'", "'2024-02-29 00:00:00.000001'", "'2024-02-29'"],
  ['timestamp null', "'2024-02-29 01:02:03'", "'1970-01-01 00:00:01'", "'0000-00-00 00:00:00'"],
  ['timestamp(6) null', "'2024-02-29 01:02:03.5'", "'2038-01-19 03:14:07.999999'", "'1970-06-01 10:00:00'"],
  ['time', "'-12:13:14'", "'838:59:59'", "'00:00:00'"],
  ['time(3)', "'12:13:14.5'", "'-838:59:59'", "'00:00:00.001'"],
  ['year', '2024', '2155', '0'],
  ['char(10)', "'ab'", "'0123456789'", "''"],
  ['char(40)', "'ann@example.com'", "'12345678901234567890'", "'ab   '"],
  ['varchar(20)', "'Zoë'", "'ann@example.com'", "''"],
  ['varchar(20) character set latin1', "'Zoë'", "'12345678901234567890'", "''"],
  ['tinytext', "'tiny'", "'é€'", "''"],
  ['text', "'text'", "'1234-5678-9012'", '\'{"a": "1234567890"}\''],
  ['mediumtext', "'text'", "'medium@example.com'", "''"],
  ['longtext', "'long'", "'1'", "'{'"],
  ['binary(16)', "x'00112233'", "x'ffffffffffffffffffffffffffffffff'", "''"],
  ['varbinary(20)', "'vb'", "x'00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff'", "''"],
  ['tinyblob', "'blob'", "x'00'", "''"],
  ['blob', "'blob'", "x'00'", "''"],
  ['mediumblob', "'blob'", "x'00'", "''"],
  ['longblob', "'blob'", "x'00'", "''"],
  [String.raw`enum('x','it''s','a\\b','ü')`, "'ü'", "'it''s'", "''"],
  ["set('p','q','ü')", "'p,q'", "'ü'", "''"],
  ['json', `'{"a": "1234567890", "b": [1]}'`, `'[1, 2]'`, `'"text"'`],
  ...['POINT(1 2)', 'LINESTRING(1 2,3 4)', 'POLYGON((0 0,0 1,1 1,0 0))', 'MULTIPOINT(1 2,3 4)'].map(geometry),
  ...['MULTILINESTRING((1 2,3 4))', 'MULTIPOLYGON(((0 0,0 1,1 1,0 0)))', 'GEOMETRYCOLLECTION(POINT(1 2))'].map(geometry),
  ['geometry', ...Array.from({ length: 3 }, () => "ST_GeomFromText('POLYGON((0 0,0 1,1 1,0 0))')")],
];

function geometry(text: string): [string, ...string[]] {
  const name = /^[A-Z]+/.exec(text)?.[0] ?? '';
  return [name.toLowerCase(), ...Array.from({ length: 3 }, () => `ST_GeomFromText('${text}')`)];
}

const MARIADB_ONLY: typeof COMMON = [
  ['uuid', "'12345678-9abc-4def-8123-456789abcdef'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "'00000000-0000-0000-0000-000000000001'"],
  ['inet4', "'192.168.1.17'", "'255.255.255.255'", "'0.0.0.0'"],
  ['inet6', "'::1'", "'2001:db8::ff00:42:8329'", "'::ffff:1.2.3.4'"],
];
const MYSQL_ONLY: typeof COMMON = [
  ['vector(3)', "string_to_vector('[1,2,3]')", "string_to_vector('[1e30,-2.5]')", "string_to_vector('[0]')"],
];

interface Described {
  readonly definition: ColumnDefinition41;
  readonly column: Omit<ResultColumn, 'format'>;
}

interface RawResult {
  readonly columns: readonly Described[];
  /** Copies; `null` for NULL. */
  readonly rows: readonly (readonly (Uint8Array | null)[])[];
}

/** A connection of mysql2 of which the server's bytes are seen as they come. */
class WatchedConnection {
  readonly connection: Connection;
  readonly #isExtended: boolean;
  #chunks: Uint8Array[] = [];

  private constructor(connection: Connection, socket: Socket, isExtended: boolean) {
    this.connection = connection;
    this.#isExtended = isExtended;
    socket.on('data', (chunk: Uint8Array) => this.#chunks.push(new Uint8Array(chunk)));
  }

  static async open(server: MysqlServer): Promise<WatchedConnection> {
    const stream = connect(server.port, server.host);
    const connection = await createConnection({ user: server.user, password: server.password, stream, charset: 'utf8mb4' });
    return new WatchedConnection(connection, stream, server.version.includes('MariaDB'));
  }

  async text(sql: string): Promise<RawResult> {
    this.#chunks = [];
    // What the client makes of it does not matter.
    await this.connection.query({ sql, rowsAsArray: true, typeCast: (field) => field.buffer() }).catch(() => undefined);
    return this.#result('text');
  }

  async binary(sql: string): Promise<RawResult> {
    const statement = await this.connection.prepare(sql);
    this.#chunks = [];
    await statement.execute([]);
    const result = this.#result('binary');
    this.connection.unprepare(sql);
    return result;
  }

  #result(format: 'text' | 'binary'): RawResult {
    const splitter = new PacketSplitter('server', 1 << 24);
    splitter.expected = 1;
    for (const chunk of this.#chunks) splitter.push(chunk);
    const packet = (): PayloadReader => {
      if (!splitter.next()) throw new Error('the result is not complete');
      return new PayloadReader(splitter.buffer, splitter.bodyStart, splitter.end);
    };
    const header = packet();
    if (header.peek() === 0xff) throw new Error(`the server answers: ${decodeUtf8(header.rest().subarray(9))}`);
    const columns = Array.from({ length: header.lenencInt() }, () => describedColumn(packet(), this.#isExtended));
    const types = Uint8Array.from(columns, ({ definition }) => definition.type);
    const cells = new RowCells();
    const rows: (Uint8Array | null)[][] = [];
    for (let isFirst = true; ; isFirst = false) {
      const row = packet();
      const isEnd = row.peek() === 0xfe && row.remaining < 9;
      if (isEnd && !(isFirst && row.remaining === 5)) return { columns, rows };
      if (isEnd) continue;
      if (format === 'text') cells.readText(splitter.buffer, splitter.bodyStart, splitter.end, columns.length);
      else cells.readBinary(splitter.buffer, splitter.bodyStart, splitter.end, types);
      rows.push(columns.map((_, at) => (cells.isNull(at) ? null : splitter.buffer.slice(cells.at[at], cells.end[at]))));
    }
  }
}

/** A column definition; mysql2 has agreed on MariaDB's extended metadata, which a gateway never does. */
function describedColumn(reader: PayloadReader, isExtended: boolean): Described {
  const [catalog, schema, table, orgTable, name, orgName] = Array.from({ length: 6 }, () => decodeUtf8(reader.lenencBytes()));
  if (isExtended) reader.lenencBytes();
  reader.skip(1);
  const definition = {
    catalog: catalog ?? '',
    schema: schema ?? '',
    table: table ?? '',
    orgTable: orgTable ?? '',
    name: name ?? '',
    orgName: orgName ?? '',
    collation: reader.int2(),
    columnLength: reader.int4(),
    type: reader.int1(),
    flags: reader.int2(),
    decimals: reader.int1(),
  };
  const origin = originByName(definition.schema, definition.orgTable, definition.orgName);
  return { definition, column: { name: definition.name, relationId: 0, columnNumber: 0, origin, ...typeOf(definition) } };
}

const BYTES = new Set(['bit', 'binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob', 'vector']);
const GEOMETRY = /^(?:geometry|point|linestring|polygon|multi|geometrycollection)/;

/** The cell of a text row as a literal that stands for the same value. */
function literal(declared: string, cell: Uint8Array | null): string {
  if (cell === null) return 'NULL';
  const hex = Buffer.from(cell).toString('hex');
  const name = /^[a-z]+/.exec(declared)?.[0] ?? '';
  if (BYTES.has(name) || GEOMETRY.test(name)) return `x'${hex}'`;
  return cell.length === 0 ? "''" : `_utf8mb4 x'${hex}'`;
}

const TYPES = { mariadb: [...COMMON, ...MARIADB_ONLY], mysql: [...COMMON, ...MYSQL_ONLY] };

describe.each(mysqlServerKinds())('masks on every type of $name', ({ finding, flavour, start }) => {
  const types = TYPES[flavour];
  const run = requireOrSkip(finding) ? it : it.skip;
  let server: MysqlServer | undefined;
  let watched: WatchedConnection;
  let catalogue: MysqlCatalogue;
  const query = (sql: string): Promise<unknown> => watched.connection.query(sql);

  beforeAll(async () => {
    if (!finding.found) return;
    server = await start();
    watched = await WatchedConnection.open(server);
    await query('CREATE DATABASE masks');
    await query('USE masks');
    await query("SET sql_mode = '', time_zone = '+00:00'");
    const columns = types.map(([type], at) => `c${at} ${type}`).join(', ');
    await query(`CREATE TABLE source (n int, ${columns}) CHARACTER SET utf8mb4`);
    await query(`CREATE TABLE target (n int, ${columns}) CHARACTER SET utf8mb4`);
    for (const row of [1, 2, 3]) await query(`INSERT INTO source VALUES (${row}, ${types.map((type) => type[row]).join(', ')})`);
    await query(`INSERT INTO source (n) VALUES (4)`);
    await query("SET sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'");
    const asText = async (sql: string): Promise<(string | null)[][]> => {
      const [rows] = await watched.connection.query<RowDataPacket[]>({ sql, rowsAsArray: true, typeCast: (field) => field.string('utf8') });
      return rows as unknown as (string | null)[][];
    };
    catalogue = await createCatalogueReader()(asText, 1, (text, context) => Promise.resolve(parseUnit(text, context)));
  }, 60_000);
  afterAll(async () => {
    watched?.connection.destroy();
    await server?.stop();
  });

  const typesOf = (result: RawResult): CellType[] => result.columns.slice(1).map(({ column }) => cellType({ ...column }, catalogue));
  const SELECT = 'SELECT * FROM source ORDER BY n';

  function masked(fn: MaskFunction, result: RawResult, format: 'text' | 'binary'): (Uint8Array | null)[][] {
    const masks = typesOf(result).map((type) => {
      const compiled = compileMask(fn, 'l', type, { format }, tools);
      if (compiled.kind === 'impossible') throw new Error(compiled.reason);
      return compiled.mask;
    });
    return result.rows.map((row) => row.slice(1).map((cell, at) => (cell === null ? null : (masks[at]?.(cell) ?? null))));
  }

  run('read every value, and the same of it from both formats', async () => {
    const [text, binary] = [await watched.text(SELECT), await watched.binary(SELECT)];
    const unread: string[] = [];
    for (const [at, type] of typesOf(text).entries()) {
      const declared = types[at]?.[0] ?? '';
      for (const [row, cells] of text.rows.entries()) {
        const [shown, sent] = [cells[at + 1] ?? null, binary.rows[row]?.[at + 1] ?? null];
        expect([declared, row, sent === null]).toEqual([declared, row, shown === null]);
        if (shown === null || sent === null) continue;
        const canonical = type.toText(shown, 'text');
        expect([declared, row, type.toText(sent, 'binary')]).toEqual([declared, row, canonical]);
        if (canonical === undefined) unread.push(declared);
      }
    }
    // Types of which only constants are given, and the value that an ENUM has for what is none of its members.
    const constant = /^(?:bit|time\b|time\(|set|inet|enum|vector)/;
    expect([...new Set(unread)].filter((declared) => !constant.test(declared) && !GEOMETRY.test(declared))).toEqual([]);
  });

  run('are the same by the catalogue alone, where no header has come yet', async () => {
    const { columns } = await watched.text(SELECT);
    const declared = catalogue.catalogue.relations.get('masks.source')?.columns ?? [];
    expect(declared).toHaveLength(columns.length);
    const shown = (type: CellType): object => ({
      family: type.family,
      maxLength: type.maxLength,
      integerDigits: type.integerDigits,
      members: type.members,
      zero: Buffer.from(type.zero('text') ?? 'null').toString('hex'),
    });
    for (const [at, { column }] of columns.entries()) {
      const found = declared[at];
      const typeId = found?.typeId ?? 0;
      const want = shown(cellType({ ...column }, catalogue));
      const isUnlimited = /(?:text|blob)$/.test(found?.type ?? '');
      expect([found?.type, shown(cellType({ typeId, typeModifier: -1, origin: column.origin ?? '' }, catalogue))]).toEqual([
        found?.type,
        isUnlimited ? { ...want, maxLength: undefined } : want,
      ]);
    }
  });

  run.each(FUNCTIONS)('give values of the type, the same in both formats: $kind', async (fn) => {
    const [text, binary] = [await watched.text(SELECT), await watched.binary(SELECT)];
    const [shown, sent] = [masked(fn, text, 'text'), masked(fn, binary, 'binary')];
    for (const [at, type] of typesOf(text).entries()) {
      const declared = types[at]?.[0];
      for (const [row, cells] of shown.entries()) {
        const [inText, inBinary] = [cells[at] ?? null, sent[row]?.[at] ?? null];
        expect([declared, row, inBinary === null]).toEqual([declared, row, inText === null]);
        if (inText === null || inBinary === null) continue;
        expect([declared, row, type.toText(inBinary, 'binary')]).toEqual([declared, row, type.toText(inText, 'text')]);
      }
    }
    await query('DELETE FROM target');
    for (const [row, cells] of shown.entries()) {
      const values = cells.map((cell, at) => literal(types[at]?.[0] ?? '', cell));
      await query(`INSERT INTO target VALUES (${row}, ${values.join(', ')})`).catch(async (error: unknown) => {
        const refused = await Promise.all(
          values.map(
            async (value, at) =>
              await query(`INSERT INTO target (n, c${at}) VALUES (0, ${value})`).then(
                () => [],
                () => [types[at]?.[0], value],
              ),
          ),
        );
        throw new Error(`the server refuses ${JSON.stringify(refused.flat())}: ${String(error)}`);
      });
    }
    const back = await watched.text('SELECT * FROM target ORDER BY n');
    for (const [row, cells] of back.rows.entries()) {
      for (const [at, [declared]] of types.entries()) {
        const want = shown[row]?.[at] ?? null;
        // JSON is written anew.
        if (declared === 'json' && want !== null) continue;
        if (declared === 'double' && want !== null) {
          // The server writes some numbers with an exponent and some without.
          expect(Number(decodeUtf8(cells[at + 1] ?? want))).toBe(Number(decodeUtf8(want)));
          continue;
        }
        const hexOf = (cell: Uint8Array | null): string | null => (cell === null ? null : Buffer.from(cell).toString('hex'));
        expect([declared, row, hexOf(cells[at + 1] ?? null)]).toEqual([declared, row, hexOf(want)]);
      }
    }
  });

  run('hide what was to be hidden', async () => {
    const text = await watched.text(SELECT);
    for (const fn of FUNCTIONS.filter(({ kind }) => ['null', 'default', 'redact', 'hash', 'token'].includes(kind))) {
      const shown = masked(fn, text, 'text');
      for (const [at, [declared]] of types.entries()) {
        const [raw, cell] = [text.rows[0]?.[at + 1] ?? null, shown[0]?.[at] ?? null];
        const isSame = raw !== null && cell !== null && Buffer.compare(raw, cell) === 0;
        // The constants of these are what the row has.
        if (!/^(?:enum|geometry|point)/.test(declared)) expect([declared, fn.kind, isSame]).toEqual([declared, fn.kind, false]);
      }
    }
  });

  run.each(['latin1', 'binary', 'utf8mb3', 'NULL'])('mask alike when results are in %s', async (set) => {
    const texts = /^(?:char|varchar|tinytext|text|mediumtext|longtext|decimal|int|date|enum|uuid)/;
    const tokens: MaskFunction[] = [
      { kind: 'token', domain: 'd' },
      { kind: 'date_trunc', unit: 'year' },
      { kind: 'bucket', size: 10 },
      { kind: 'default' },
    ];
    const read = async (): Promise<(string | undefined)[][]> => {
      const result = await watched.text(SELECT);
      return tokens.map((fn) =>
        typesOf(result).flatMap((type, at) => {
          const declared = types[at]?.[0] ?? '';
          if (!texts.test(declared)) return [];
          return masked(fn, result, 'text').map((row) => {
            const cell = row[at] ?? null;
            return `${declared} ${cell === null ? 'NULL' : type.toText(cell, 'text')}`;
          });
        }),
      );
    };
    const usual = await read();
    await query(`SET character_set_results = ${set}`);
    try {
      const other = await read();
      // A text of latin1 that comes as it is stored is not UTF-8.
      const isUnreadable = (shown: string | undefined): boolean => set === 'binary' && shown?.includes('latin1') === true;
      expect(other.map((list) => list.filter((shown) => !isUnreadable(shown)))).toEqual(
        usual.map((list) => list.filter((shown) => !isUnreadable(shown))),
      );
    } finally {
      await query('SET character_set_results = utf8mb4');
    }
  });

  run.each(['latin1', 'utf8mb4', 'utf8mb3', 'ucs2', 'utf16', 'utf16le', 'utf32', 'ascii'])('write %s as the server does', async (set) => {
    const texts =
      set === 'latin1' ? 'aZ~€‚ƒ„ŸŽ\u0081\u009d ÿé' : set === 'ascii' ? 'aZ~' : set.endsWith('4') || /16|32/.test(set) ? 'aé€😀' : 'aé€';
    const [rows] = await watched.connection.query<RowDataPacket[]>(
      `SELECT HEX(CONVERT(_utf8mb4 x'${Buffer.from(texts).toString('hex')}' USING ${set})) AS h`,
    );
    const own = characterSet(set);
    expect(
      Buffer.from(own.encode(texts) ?? [])
        .toString('hex')
        .toUpperCase(),
    ).toBe(rows[0]?.['h']);
    expect(own.decode(Buffer.from(String(rows[0]?.['h']), 'hex'))).toBe(texts);
  });

  run('have the errors of refusals, with these SQLSTATEs', async () => {
    for (const [sql, code] of [
      ['SELECT * FROM no_such_table', 'relation-unknown'],
      ['SELECT no_such_column FROM source', 'column-unknown'],
      ['SELEC', 'statement-unparsed'],
      ['USE no_such_database', 'database-unknown'],
    ] as const) {
      const { code: errno, sqlState } = REFUSAL_ERRORS[code];
      await expect(query(sql)).rejects.toMatchObject({ errno, sqlState });
    }
    if (server?.version.includes('MariaDB') === true) return;
    const [rows] = await watched.connection.query<RowDataPacket[]>(
      'SELECT ERROR_NUMBER AS n, SQL_STATE AS s FROM performance_schema.events_errors_summary_global_by_error',
    );
    const states = new Map(rows.map((row) => [Number(row['n']), String(row['s'])]));
    for (const { code, sqlState } of Object.values(REFUSAL_ERRORS)) expect([code, states.get(code)]).toEqual([code, sqlState]);
  });
});
