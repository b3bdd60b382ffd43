import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type CellType, compileMask, type CompileTools, type MaskFunction, originByName, type ResolvedCatalogue } from '@sqlwarden/core';
import fc from 'fast-check';
import { COLUMN_FLAG, FIELD_TYPE } from '../protocol/field-types.js';
import { cellType } from './cell-types.js';
import { type ColumnType, columnType, typeOf } from './column-type.js';

const { UNSIGNED_FLAG, ZEROFILL_FLAG, BINARY_FLAG, ENUM_FLAG } = COLUMN_FLAG;
const UTF8MB4 = 45;
const LATIN1 = 8;
const UTF16 = 54;
const BINARY = 63;

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
  { kind: 'round', to: 100 },
  { kind: 'noise', ratio: 0.1 },
  { kind: 'date_trunc', unit: 'quarter' },
  { kind: 'regex', pattern: '[0-9]', replacement: '#' },
];

const FORMATS = ['text', 'binary'] as const;

function described(type: keyof typeof FIELD_TYPE, more: Partial<ColumnType> = {}): CellType {
  return cellType(typeOf({ type: FIELD_TYPE[type], collation: BINARY, columnLength: 20, flags: 0, decimals: 0, ...more }));
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (cell: Uint8Array | null | undefined): string | undefined =>
  cell === null || cell === undefined ? undefined : new TextDecoder().decode(cell);
const hex = (cell: Uint8Array | null | undefined): string => Buffer.from(cell ?? []).toString('hex');

describe('cell types', () => {
  it('pack what a column definition says, and lose nothing of it', () => {
    fc.assert(
      fc.property(
        fc.nat(255),
        fc.nat(65_535),
        fc.nat(0xffff_ffff),
        fc.nat(65_535),
        fc.nat(255),
        (type, collation, columnLength, flags, decimals) => {
          const definition = { type, collation, columnLength, flags, decimals };
          expect(columnType(typeOf(definition))).toEqual(definition);
        },
      ),
    );
  });

  it('give NULL for types that are not known, and for columns of which nothing is known', () => {
    for (const format of FORMATS) {
      expect(cellType({ typeId: 0x99, typeModifier: 1, typeDetail: 0 }).zero(format)).toBeNull();
      expect(cellType({ typeId: FIELD_TYPE.MYSQL_TYPE_LONG, typeModifier: -1 }).zero(format)).toBeNull();
      expect(described('MYSQL_TYPE_NULL').zero(format)).toBeNull();
    }
  });

  it.each<[string, CellType, string, string, string]>([
    ['tinyint', described('MYSQL_TYPE_TINY'), '-5', 'fb', '-5'],
    ['tinyint unsigned', described('MYSQL_TYPE_TINY', { flags: UNSIGNED_FLAG }), '200', 'c8', '200'],
    ['smallint', described('MYSQL_TYPE_SHORT'), '-300', 'd4fe', '-300'],
    ['mediumint', described('MYSQL_TYPE_INT24'), '-70000', '90eefeff', '-70000'],
    [
      'int zerofill',
      described('MYSQL_TYPE_LONG', { flags: UNSIGNED_FLAG | ZEROFILL_FLAG, columnLength: 10 }),
      '0000000042',
      '2a000000',
      '42',
    ],
    ['bigint', described('MYSQL_TYPE_LONGLONG'), '-9223372036854775808', '0000000000000080', '-9223372036854775808'],
    [
      'bigint unsigned',
      described('MYSQL_TYPE_LONGLONG', { flags: UNSIGNED_FLAG }),
      '18446744073709551615',
      'ffffffffffffffff',
      '18446744073709551615',
    ],
    ['year', described('MYSQL_TYPE_YEAR'), '2024', 'e807', '2024'],
    ['double', described('MYSQL_TYPE_DOUBLE', { decimals: 31 }), '0.00000000025', '95d626e80b2ef13d', '2.5e-10'],
    ['double(10,2)', described('MYSQL_TYPE_DOUBLE', { decimals: 2 }), '3.14', '1f85eb51b81e0940', '3.14'],
    ['decimal(10,2)', described('MYSQL_TYPE_NEWDECIMAL', { columnLength: 12, decimals: 2 }), '-12.34', hex(bytes('-12.34')), '-12.34'],
    ['date', described('MYSQL_TYPE_DATE'), '2024-02-29', 'e807021d', '2024-02-29'],
    ['zero date', described('MYSQL_TYPE_DATE'), '0000-00-00', '', '0000-00-00'],
    ['datetime', described('MYSQL_TYPE_DATETIME'), '2024-02-29 01:02:03', 'e807021d010203', '2024-02-29 01:02:03'],
    [
      'datetime(3)',
      described('MYSQL_TYPE_DATETIME', { decimals: 3 }),
      '2024-02-29 01:02:03.450',
      'e807021d010203d0dd0600',
      '2024-02-29 01:02:03.45',
    ],
    ['timestamp', described('MYSQL_TYPE_TIMESTAMP'), '2024-02-29 00:00:00', 'e807021d', '2024-02-29 00:00:00'],
    ['varbinary', described('MYSQL_TYPE_VAR_STRING', { flags: BINARY_FLAG }), 'vb', '7662', '7662'],
    ['varchar', described('MYSQL_TYPE_VAR_STRING', { collation: UTF8MB4 }), 'Zoë', hex(bytes('Zoë')), 'Zoë'],
  ])('read equal values of %s alike in both formats, and write them back', (_, type, shown, binary, canonical) => {
    expect(type.toText(bytes(shown), 'text')).toBe(canonical);
    expect(type.toText(Buffer.from(binary, 'hex'), 'binary')).toBe(canonical);
    const isZeroDate = canonical.startsWith('0000');
    expect(text(type.fromText(canonical, 'text'))).toBe(isZeroDate ? undefined : shown.replace('0.00000000025', '2.5e-10'));
    expect(hex(type.fromText(canonical, 'binary'))).toBe(binary);
  });

  it('do not write what the type does not hold', () => {
    const refused: readonly [CellType, string][] = [
      [described('MYSQL_TYPE_TINY'), '128'],
      [described('MYSQL_TYPE_TINY', { flags: UNSIGNED_FLAG }), '-1'],
      [described('MYSQL_TYPE_INT24'), '8388608'],
      [described('MYSQL_TYPE_YEAR'), '1900'],
      [described('MYSQL_TYPE_NEWDECIMAL', { columnLength: 6, decimals: 2 }), '1000'],
      [described('MYSQL_TYPE_NEWDECIMAL', { columnLength: 6, decimals: 2 }), '1.005'],
      [described('MYSQL_TYPE_FLOAT', { decimals: 31 }), '1e39'],
      [described('MYSQL_TYPE_DATE'), '2023-02-29'],
      [described('MYSQL_TYPE_TIMESTAMP'), '1970-01-01 00:00:00'],
      [described('MYSQL_TYPE_JSON'), '{'],
      [described('MYSQL_TYPE_VAR_STRING', { collation: LATIN1 }), 'ł'],
      [described('MYSQL_TYPE_VAR_STRING', { flags: BINARY_FLAG, columnLength: 2 }), '001122'],
    ];
    for (const [type, value] of refused) for (const format of FORMATS) expect(type.fromText(value, format)).toBeUndefined();
  });

  it('know lengths in characters and digits', () => {
    expect(described('MYSQL_TYPE_VAR_STRING', { collation: UTF8MB4, columnLength: 80 }).maxLength).toBe(20);
    expect(described('MYSQL_TYPE_VAR_STRING', { collation: LATIN1, columnLength: 20 }).maxLength).toBe(20);
    expect(described('MYSQL_TYPE_BLOB', { collation: UTF8MB4, columnLength: 0xffff_ffff }).maxLength).toBeUndefined();
    expect(described('MYSQL_TYPE_NEWDECIMAL', { columnLength: 12, decimals: 2 }).integerDigits).toBe(8);
    expect(described('MYSQL_TYPE_NEWDECIMAL', { columnLength: 5, flags: UNSIGNED_FLAG }).integerDigits).toBe(5);
  });

  it('take CHAR without its padding, and BINARY with it', () => {
    expect(described('MYSQL_TYPE_STRING', { collation: UTF8MB4 }).toText(bytes('ab  '), 'text')).toBe('ab');
    const binary = described('MYSQL_TYPE_STRING', { flags: BINARY_FLAG, columnLength: 4 });
    expect(hex(binary.zero('text'))).toBe('00000000');
    expect(hex(binary.fromText('ab', 'text'))).toBe('ab000000');
  });

  it('write numbers and times in the character set of results where that has no ASCII', () => {
    const type = described('MYSQL_TYPE_LONG', { collation: UTF16 });
    expect(hex(type.zero('text'))).toBe('0030');
    expect(type.toText(Buffer.from('00340032', 'hex'), 'text')).toBe('42');
    expect(hex(type.fromText('42', 'binary'))).toBe('2a000000');
  });

  it('take a text for a text under SET NAMES binary', () => {
    const type = described('MYSQL_TYPE_VAR_STRING');
    expect(type.family).toBe('text');
    expect(type.toText(bytes('Zoë'), 'text')).toBe('Zoë');
    expect(type.toText(Uint8Array.of(0x5a, 0xeb), 'text')).toBeUndefined();
  });

  it('know MariaDB’s own types by their marks', () => {
    const own = { collation: UTF8MB4, flags: UNSIGNED_FLAG | BINARY_FLAG };
    expect(text(described('MYSQL_TYPE_STRING', { ...own, columnLength: 144 }).zero('text'))).toMatch(/^0{8}-/);
    expect(text(described('MYSQL_TYPE_STRING', { ...own, columnLength: 60 }).zero('text'))).toBe('0.0.0.0');
    expect(text(described('MYSQL_TYPE_STRING', { ...own, columnLength: 156 }).zero('binary'))).toBe('::');
  });

  it('mask the numbers of a vector one by one', () => {
    const type = described('MYSQL_TYPE_VECTOR', { columnLength: 12, decimals: 31 });
    expect(hex(type.zero('text'))).toBe('00'.repeat(12));
    const compiled = compileMask({ kind: 'bucket', size: 10 }, 'l', type, { format: 'text' }, tools);
    if (compiled.kind !== 'mask') throw new Error(compiled.reason);
    const floats = (...values: number[]): Uint8Array => new Uint8Array(new Float32Array(values).buffer);
    expect(compiled.mask(floats(12.5, -3, 40))).toEqual(floats(10, -10, 40));
    expect(hex(compiled.mask(Uint8Array.of(1, 2, 3)))).toBe('00'.repeat(12));
  });

  it('never throw, whatever the bytes, and every mask gives bytes of the right length or NULL', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(FIELD_TYPE)),
        fc.constantFrom(...FORMATS),
        fc.constantFrom(...FUNCTIONS),
        fc.uint8Array({ maxLength: 40 }),
        fc.record({
          collation: fc.constantFrom(UTF8MB4, LATIN1, UTF16, BINARY, 60, 28, 13, 9999),
          columnLength: fc.constantFrom(0, 1, 20, 36, 144, 0xffff_ffff),
          flags: fc.nat(0xffff),
          decimals: fc.constantFrom(0, 2, 6, 31, 39, 255),
        }),
        (type, format, fn, cell, rest) => {
          const made = cellType(typeOf({ type, ...rest }));
          const compiled = compileMask(fn, 'l', made, { format }, tools);
          if (compiled.kind === 'impossible') return;
          const masked = compiled.mask(cell);
          if (masked === null || format === 'text') return;
          const { binaryBytes } = made;
          if (binaryBytes !== undefined && made.family === 'integer') {
            expect(masked.length).toBe(type === FIELD_TYPE.MYSQL_TYPE_YEAR ? 2 : binaryBytes === 3 ? 4 : binaryBytes);
          }
          if (made.family === 'date' || made.family === 'timestamp') expect([0, 4, 7, 11]).toContain(masked.length);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('cell types from the catalogue', () => {
  const column = (name: string, type: string, typeId: number, maxLength?: number): object => ({
    name,
    number: 1,
    type,
    typeId,
    notNull: false,
    ...(maxLength === undefined ? {} : { maxLength }),
  });
  const columns = [
    column('size', String.raw`enum('it''s','a\\b','c,d')`, 254),
    column('code', 'varchar(12)', 253, 12),
    column('price', 'decimal(10,2) unsigned', 246),
    column('seen', 'datetime(3)', 12),
    column('id', 'uuid', 254),
    column('area', 'polygon', 255),
    column('n', 'int(8) unsigned zerofill', 3),
    column('k', 'binary(4)', 254),
  ];
  const relation = { id: 1, schema: 'crm', name: 'People', kind: 'table', columns, parents: [], hasTriggers: false };
  const other = { ...relation, schema: 'crm2', name: 'people', columns: [column('size', "enum('z')", 254)] };
  const twice = { ...other, name: 'PEOPLE' };
  const resolved = {
    catalogue: { relations: new Map([relation, other, twice].map((one, at) => [String(at), one])) },
  } as unknown as ResolvedCatalogue;
  const inCatalogue = (name: string, typeId: number, schema = 'crm'): CellType =>
    cellType({ typeId, typeModifier: -1, origin: originByName(schema, 'people', name) }, resolved);

  it('have what no header says', () => {
    expect(inCatalogue('size', 254).members).toEqual(["it's", String.raw`a\b`, 'c,d']);
    const header = typeOf({ type: 254, collation: UTF8MB4, columnLength: 16, flags: ENUM_FLAG, decimals: 0 });
    expect(cellType({ ...header, origin: originByName('CRM', 'people', 'SIZE') }, resolved).members).toHaveLength(3);
    expect(cellType(header, resolved).members).toBeUndefined();
    expect(text(cellType(header, resolved).zero('text'))).toBe('');
    expect(hex(inCatalogue('area', 255).zero('text')).slice(8, 18)).toBe('0103000000');
  });

  it('are made of the declared type where there is no header', () => {
    expect(inCatalogue('code', 253).maxLength).toBe(12);
    expect(inCatalogue('price', 246).integerDigits).toBe(8);
    expect(text(inCatalogue('seen', 12).zero('text'))).toBe('1970-01-01 00:00:00.000');
    expect(inCatalogue('id', 254).family).toBe('uuid');
    expect(text(inCatalogue('n', 3).zero('text'))).toBe('00000000');
    expect(inCatalogue('k', 254)).toMatchObject({ family: 'bytes', maxLength: 4 });
  });

  it('are not taken from one of two relations whose names differ by case only', () => {
    expect(inCatalogue('size', 254, 'crm2').members).toBeUndefined();
  });
});
