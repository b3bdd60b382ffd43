import { describe, expect, it } from '@jest/globals';
import { tdsTranscripts } from '@sqlwarden/testkit';
import { DATA_TYPE, type DataTypeName } from '../protocol/data-types.js';
import { PACKET_TYPE } from '../protocol/packet.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { TOKEN } from '../protocol/server-token.js';
import { versionLayout } from '../protocol/tds-version.js';
import { TokenReader } from '../protocol/token-reader.js';
import type { TypeInfo } from '../protocol/type-info.js';
import { CELL_SAMPLES } from '../testing/cell-samples.js';
import { cellType, typeOf } from './index.js';

/** The cells of the first row of a transcript whose result has a column of this name: what a real server sent. */
function rowWith(transcript: string, name: string): Map<string, { readonly type: TypeInfo; readonly value: Uint8Array }> {
  const cells = new Map<string, { readonly type: TypeInfo; readonly value: Uint8Array }>();
  const reads = tdsTranscripts().find((each) => each.name === transcript)?.conversations[0]?.reads ?? [];
  const packets = new PacketSplitter();
  const reader = new TokenReader(versionLayout('7.4'));
  let long: number[] = [];
  let messages = 0;
  const keep = (value: Uint8Array): void => {
    const column = reader.columns?.[reader.column];
    if (column !== undefined && !cells.has(column.name)) cells.set(column.name, { type: column.type, value });
  };
  for (const { from, bytes } of reads) {
    if (from === 'server') packets.push(Uint8Array.from(bytes));
    while (from === 'server' && packets.next()) {
      const isLogin = messages < 2;
      if (packets.isLast) messages += 1;
      if (isLogin || packets.type !== PACKET_TYPE.TABULAR_RESULT) continue;
      reader.push(packets.buffer, packets.bodyStart, packets.end);
      for (let event = reader.next(); event !== undefined; event = reader.next()) {
        const isWanted = reader.columns?.some((column) => column.name === name) === true;
        if (event === 'token' && reader.tokenType === TOKEN.COLMETADATA && isWanted)
          reader.watch(new Uint8Array(reader.columns?.length ?? 0).fill(1));
        else if (event === 'cell' && isWanted && reader.valueStart >= 0) keep(reader.buffer.slice(reader.valueStart, reader.end));
        else if (event === 'long-cell') long = [];
        else if (event === 'part') long.push(...reader.buffer.slice(reader.valueStart, reader.end));
        else if (event === 'long-end' && isWanted) keep(Uint8Array.from(long));
      }
    }
  }
  return cells;
}

describe('cells of a real server', () => {
  const cells = rowWith('02_tedious_types', 'c_tiny');

  it.each([
    ['c_tiny', 'integer', '255'],
    ['c_small', 'integer', '-32768'],
    ['c_int', 'integer', '2147483647'],
    ['c_big', 'integer', '9223372036854775807'],
    ['c_dec', 'numeric', '12345678901234.5678'],
    ['c_num', 'numeric', '1234567890123456789012345678.0123456789'],
    ['c_money', 'numeric', '922337203685477.5807'],
    ['c_smoney', 'numeric', '-214748.3648'],
    ['c_real', 'float', '1.5'],
    ['c_float', 'float', '3.141592653589793'],
    ['c_date', 'date', '2026-11-23'],
    ['c_time', 'time', '23:59:59.123457'],
    ['c_dt', 'timestamp', '2026-11-23 01:02:03.997'],
    ['c_sdt', 'timestamp', '2026-11-23 01:02:00'],
    ['c_dt2', 'timestamp', '2026-11-23 01:02:03.123457'],
    ['c_dto', 'timestamp', '2026-11-23 01:02:03.123457+05:30'],
    ['c_char', 'text', 'ab'],
    ['c_varchar', 'text', 'café'],
    ['c_vmax', 'text', 'vmax'],
    ['c_nchar', 'text', 'xy'],
    ['c_nvarchar', 'text', '日本語'],
    ['c_nmax', 'text', '😀 max'],
    ['c_bin', 'bytes', '01020304'],
    ['c_varbin', 'bytes', 'deadbeef'],
    ['c_vbmax', 'bytes', 'cafe'],
    ['c_uid', 'uuid', '6f9619ff-8b86-d011-b42d-00c04fc964ff'],
    ['c_text', 'text', 'txt'],
    ['c_ntext', 'text', 'nтxt'],
    ['c_image', 'bytes', '0102'],
  ] as const)('%s is read as %s %s, and written as the same cell', (name, family, canonical) => {
    const cell = cells.get(name);
    if (cell === undefined) throw new Error(`no column ${name} among ${[...cells.keys()].join(', ')}`);
    const type = cellType(typeOf(cell.type));
    expect([type.family, type.toText(cell.value, 'binary')]).toEqual([family, canonical]);
    const written = type.fromText(canonical, 'binary');
    expect(written === undefined ? undefined : type.toText(written, 'binary')).toBe(canonical);
    if (!name.endsWith('dec') && !name.endsWith('num')) expect(Buffer.from(written ?? []).equals(Buffer.from(cell.value))).toBe(true);
  });
});

function info(name: DataTypeName, rest: Partial<TypeInfo> = {}): TypeInfo {
  return { type: DATA_TYPE[name], name, form: 'byte-length', maxLength: 8, ...rest };
}

const LATIN = { lcid: 1033, flags: 0, version: 0, sortId: 52 };

describe('cell types', () => {
  const samples = Object.entries(CELL_SAMPLES).flatMap(([name, all]) => all.map((sample, at) => [`${name} ${at}`, sample] as const));

  it.each(samples)('of %s have a zero that they read, and throw for no cell', (_, { type, values }) => {
    const made = cellType(typeOf(type));
    const zero = made.zero('binary');
    if (zero !== null && made.toText(zero, 'binary') !== undefined) {
      const text = made.toText(zero, 'binary') ?? '';
      expect(Buffer.from(made.fromText(text, 'binary') ?? []).equals(Buffer.from(zero))).toBe(true);
    }
    if (type.form === 'fixed' && type.name !== 'NULL') expect(zero?.length).toBe(type.maxLength);
    for (const { bytes } of values)
      for (const cell of [bytes ?? new Uint8Array(0), (bytes ?? new Uint8Array(0)).subarray(1)]) made.toText(cell, 'binary');
  });

  it.each([
    [info('DATEN', { maxLength: 3 }), '0001-01-01', '000000'],
    [info('DATEN', { maxLength: 3 }), '9999-12-31', 'dab937'],
    [info('DATETIMN'), '1753-01-01 00:00:00', '462effff00000000'],
    [info('DATETIMN'), '1900-01-01 00:00:00', '0000000000000000'],
    [info('DATETIMN'), '9999-12-31 23:59:59.997', '7f242d00ff818b01'],
    [info('DATETIMN', { maxLength: 4 }), '2079-06-06 23:59:00', 'ffff9f05'],
    [info('DATETIME2N', { scale: 0 }), '2000-01-01 00:00:01', '01000007240b'],
    [info('DATETIMEOFFSETN', { scale: 0 }), '2000-01-01 00:00:00-14:00', 'e0c40007240bb8fc'],
    [info('MONEYN'), '-0.0001', 'ffffffffffffffff'],
    [info('DECIMALN', { precision: 9, scale: 4 }), '-1.5000', '00983a0000'],
    [info('DECIMALN', { precision: 38, scale: 0 }), '99999999999999999999999999999999999999', '01ffffffff3f228a097ac4865aa84c3b4b'],
    [info('BIGVARCHAR', { maxLength: 20, collation: LATIN }), '€ü', '80fc'],
    [info('BIGVARCHAR', { maxLength: 20, collation: { ...LATIN, flags: 0x40 } }), '€ü', 'e282acc3bc'],
    [info('BIGVARCHAR', { maxLength: 20, collation: { ...LATIN, sortId: 0, lcid: 0x0419 } }), 'Ж', 'c6'],
  ] as const)('write %# as the server does', (type, text, hex) => {
    const made = cellType(typeOf(type));
    expect(Buffer.from(made.fromText(text, 'binary') ?? []).toString('hex')).toBe(hex);
    expect(made.toText(Buffer.from(hex, 'hex'), 'binary')).toBe(text);
  });

  it.each([
    [info('INTN', { maxLength: 1 }), '-1'],
    [info('INTN', { maxLength: 2 }), '32768'],
    [info('MONEYN', { maxLength: 4 }), '214748.3648'],
    [info('DECIMALN', { precision: 5, scale: 2 }), '1000.00'],
    [info('DECIMALN', { precision: 5, scale: 2 }), '1.001'],
    [info('FLTN'), '1e999'],
    [info('DATEN'), '2023-02-29'],
    [info('DATETIMN', { maxLength: 4 }), '1899-12-31 00:00:00'],
    [info('BIGVARCHAR', { maxLength: 2, collation: LATIN }), 'abc'],
    [info('NVARCHAR', { maxLength: 2, collation: LATIN }), 'ab'],
    [info('BIGVARCHAR', { maxLength: 20, collation: LATIN }), '日'],
    [info('GUID'), 'no uuid'],
  ] as const)('do not write %# where it is no value of the type', (type, text) => {
    expect(cellType(typeOf(type)).fromText(text, 'binary')).toBeUndefined();
  });

  it('take NULL for what only its own code can read', () => {
    for (const name of ['UDT', 'SSVARIANT', 'NULL'] as const) expect(cellType(typeOf(info(name))).zero('binary')).toBeNull();
    expect(cellType(typeOf(info('XML', { form: 'plp', maxLength: undefined }))).zero('binary')).toEqual(new Uint8Array(0));
  });

  it('know a column that no COLMETADATA has described by its type', () => {
    const described = (typeId: number) => cellType({ typeId, typeModifier: -1 });
    expect([56, 231, 167, 106, 189, 36].map((typeId) => described(typeId).family)).toEqual([
      'integer',
      'text',
      'text',
      'numeric',
      'bytes',
      'uuid',
    ]);
  });
});
