import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CellType, compileMask, type CompileTools, type MaskFunction } from '@sqlwarden/core';
import { findPostgres, type PostgresServer, requireOrSkip, startPostgres } from '@sqlwarden/testkit';
import fc from 'fast-check';
import pg from 'pg';
import { cellType } from './cell-types.js';
import { ARRAY_ELEMENTS, CODECS } from './type-table.js';

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
  { kind: 'redact', text: 'not for you' },
  { kind: 'partial', prefix: 1, suffix: 1, pad: '•' },
  { kind: 'email' },
  { kind: 'last4' },
  { kind: 'hash' },
  { kind: 'token', domain: 'people' },
  { kind: 'bucket', size: 10 },
  { kind: 'noise', ratio: 0.1 },
  { kind: 'date_trunc', unit: 'quarter' },
  { kind: 'date_trunc', unit: 'hour' },
  { kind: 'regex', pattern: '[0-9]', replacement: '#' },
];

const FORMATS = ['text', 'binary'] as const;
const typeOf = (typeId: number, typeModifier = -1): CellType => cellType({ typeId, typeModifier });
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('cell types', () => {
  it('gives NULL for types that are not built in', () => {
    for (const format of FORMATS) expect(typeOf(16_999).zero(format)).toBeNull();
    expect(typeOf(16_999).family).toBe('other');
  });

  it('reads declared lengths and precisions from the type modifier', () => {
    expect(typeOf(1043, 84).maxLength).toBe(80);
    expect(typeOf(1043).maxLength).toBeUndefined();
    expect(typeOf(1700, ((10 << 16) | 2) + 4).integerDigits).toBe(8);
    expect(typeOf(1700, ((4 << 16) | 2) + 4).fromText('099.99', 'text')).toBeDefined();
    for (const format of FORMATS) expect(typeOf(1700, ((4 << 16) | 2) + 4).fromText('100.00', format)).toBeUndefined();
    // numeric(2, -3): up to 99000.
    expect(typeOf(1700, ((2 << 16) | (-3 & 0x7ff)) + 4).integerDigits).toBe(5);
  });

  it('reads the same text of equal values in both formats', () => {
    const cases: readonly [number, string, string][] = [
      [23, '-42', 'ffffffd6'],
      [20, '9223372036854775807', '7fffffffffffffff'],
      [26, '4294967295', 'ffffffff'],
      [1700, '-12345.678', '0003000140000003000109291a7c'],
      [1082, '2024-02-29', '00002279'],
      [1082, '4714-11-24 BC', 'ffda97a7'],
      [1114, '2024-02-29 12:34:56.789', '0002b58341728608'],
      [2950, '12345678-9abc-4def-8123-456789abcdef', '123456789abc4def8123456789abcdef'],
      [3802, '{"a": 1}', '017b2261223a20317d'],
    ];
    for (const [oid, text, binary] of cases) {
      const type = typeOf(oid);
      const canonical = type.toText(utf8(text), 'text');
      expect(canonical).toBe(text);
      const read = type.toText(Buffer.from(binary, 'hex'), 'binary') ?? '';
      expect(read.replace(/000$/, '')).toBe(text);
      expect(Buffer.from(type.fromText(text, 'binary') ?? []).toString('hex')).toBe(binary);
    }
  });

  it('does not read special values and malformed cells', () => {
    expect(typeOf(1082).toText(Buffer.from('7fffffff', 'hex'), 'binary')).toBeUndefined();
    expect(typeOf(1700).toText(Buffer.from('00000000c0000000', 'hex'), 'binary')).toBeUndefined();
    expect(typeOf(23).toText(Buffer.from('00', 'hex'), 'binary')).toBeUndefined();
    expect(typeOf(25).toText(Buffer.from('ff', 'hex'), 'text')).toBeUndefined();
  });

  it('never throws, whatever the bytes, and every mask gives bytes or NULL', () => {
    const oids = [...CODECS.keys(), ...ARRAY_ELEMENTS.keys(), 1042, 1043, 1700, 1560, 99_999];
    fc.assert(
      fc.property(
        fc.constantFrom(...oids),
        fc.constantFrom(...FORMATS),
        fc.constantFrom(...FUNCTIONS),
        fc.uint8Array({ maxLength: 40 }),
        (oid, format, fn, cell) => {
          const compiled = compileMask(fn, 'l', typeOf(oid), { format }, tools);
          if (compiled.kind === 'impossible') return;
          const masked = compiled.mask(cell);
          expect(masked === null || masked instanceof Uint8Array).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

const server = findPostgres(18);

(requireOrSkip(server) ? describe : describe.skip)('cell types against PostgreSQL', () => {
  let running: PostgresServer;
  let client: pg.Client;

  beforeAll(async () => {
    running = await startPostgres();
    client = new pg.Client({ connectionString: running.url() });
    await client.connect();
  });
  afterAll(async () => {
    await client?.end();
    await running?.stop();
  });

  /** Sends a cell as a parameter of its type and reads it back as text. Binary cells are sent in binary. */
  async function roundTrip(type: string, format: 'text' | 'binary', cell: Uint8Array): Promise<string> {
    const value = format === 'text' ? new TextDecoder().decode(cell) : Buffer.from(cell);
    // A type without a cast to text is shown by its output function.
    const { rows } = await client.query<{ shown: string }>(`select format('%s', $1::${type}) as shown`, [value]);
    return rows[0]?.shown ?? '';
  }

  it('knows every built-in type that a column can have', async () => {
    const { rows } = await client.query<{ oid: number; typname: string }>(
      `select oid::int as oid, typname from pg_type where oid < 10000 and typtype in ('b', 'r', 'm') and typname !~ '^_pg_[apct]'`,
    );
    // What the server does not take back from a client: NULL stands for their values.
    const none = new Set(['aclitem', 'gtsvector', 'pg_node_tree', 'pg_ndistinct', 'pg_dependencies', 'pg_mcv_list']);
    none.add('pg_brin_bloom_summary').add('pg_brin_minmax_multi_summary');
    const nulls = rows.filter((row) => typeOf(row.oid).zero('text') === null).map((row) => row.typname);
    expect(new Set(nulls)).toEqual(none);
  });

  it('gives zeros that the server takes back, in text and binary', async () => {
    const { rows } = await client.query<{ oid: number; name: string }>(
      `select oid::int as oid, format_type(oid, null) as name from pg_type where oid < 10000 and typtype in ('b', 'r', 'm') order by oid`,
    );
    const refused: string[] = [];
    for (const row of rows) {
      for (const format of FORMATS) {
        const zero = typeOf(row.oid).zero(format);
        if (zero === null) continue;
        await roundTrip(row.name, format, zero).catch((error: unknown) => refused.push(`${row.name} ${format}: ${String(error)}`));
      }
    }
    expect(refused).toEqual([]);
  });

  it('masks real values into valid ones, and both formats into the same', async () => {
    const values: readonly [string, string][] = [
      ['text', `'Zoë Müller-Ødegård 1234567890'`],
      ['varchar(12)', `'ann@xyz.org'`],
      ['character(20)', `'ann@example.com'`],
      ['name', `'some_name_1234567'`],
      ['int2', '-31999'],
      ['int4', '2147483647'],
      ['int8', '-9223372036854775807'],
      ['oid', '4294967295'],
      ['float4', '3.14159'],
      ['float8', '-2.718281828459045e-200'],
      ['numeric', '-98765432109876543210.123456789'],
      ['numeric(6,2)', '9999.99'],
      ['numeric', `'NaN'`],
      ['money', '12.34'],
      ['bool', 'true'],
      ['date', `'1987-11-23'`],
      ['date', `'4714-11-24 BC'`],
      ['date', `'infinity'`],
      ['timestamp', `'1987-11-23 01:02:03.456789'`],
      ['timestamp', `'0044-03-15 12:00:00 BC'`],
      ['timestamptz', `'1987-11-23 01:02:03+00'`],
      ['time', `'11:12:13'`],
      ['interval', `'1 year 2 days'`],
      ['uuid', `'12345678-9abc-4def-8123-456789abcdef'`],
      ['bytea', `'\\xdeadbeef00112233'`],
      ['json', `'{"a": "secret"}'`],
      ['jsonb', `'{"a": "secret"}'`],
      ['inet', `'192.168.1.17'`],
      ['int4[]', `'{1,2,3}'`],
      ['text[]', `'{a,b}'`],
      ['bit(5)', `'10101'`],
      ['int4range', `'[1,5)'`],
      ['tsvector', `'secret words'`],
    ];
    await client.query(`set timezone = 'UTC'`);
    for (const [type, literal] of values) {
      const expression = `${literal}::${type}`;
      const header = await describeColumn(`select ${expression}`);
      const cells = { text: await rawCell(expression, header.typeId, false), binary: await rawCell(expression, header.typeId, true) };
      for (const fn of FUNCTIONS) {
        const shown: (string | null)[] = [];
        for (const format of FORMATS) {
          const compiled = compileMask(fn, 'l', cellType(header), { format }, tools);
          if (compiled.kind === 'impossible') throw new Error(compiled.reason);
          const masked = compiled.mask(cells[format]);
          shown.push(
            masked === null
              ? null
              : await roundTrip(type, format, masked).catch((error: unknown) => `${type} ${fn.kind}: ${String(error)}`),
          );
        }
        // jsonb prints itself anew, so that its text form has another digest.
        expect({ type, fn, shown: shown[0] }).toEqual({ type, fn, shown: shown[1] });
        expect(shown[0] ?? '').not.toMatch(/error/);
      }
    }
  });

  async function describeColumn(sql: string): Promise<{ typeId: number; typeModifier: number }> {
    const field = (await client.query(sql)).fields[0];
    return { typeId: field?.dataTypeID ?? 0, typeModifier: field?.dataTypeModifier ?? -1 };
  }

  /** The cell as the server would send it: binary cells by the type's own send function. */
  async function rawCell(expression: string, typeId: number, binary: boolean): Promise<Uint8Array> {
    const { rows: types } = await client.query<{ typsend: string }>('select typsend::text from pg_type where oid = $1', [typeId]);
    const sql = binary ? `select encode(${types[0]?.typsend}(${expression}), 'hex') as value` : `select ${expression} as value`;
    const { rows } = await client.query<{ value: string }>({ text: sql, types: { getTypeParser: () => (value: string) => value } });
    const value = rows[0]?.value ?? '';
    return binary ? Buffer.from(value, 'hex') : utf8(value);
  }

  it('sees the base type behind a domain', async () => {
    await client.query('create domain short_text as varchar(5)');
    expect(cellType(await describeColumn(`select 'abc'::short_text as value`)).maxLength).toBe(5);
  });
});
