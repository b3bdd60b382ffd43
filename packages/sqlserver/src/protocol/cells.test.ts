import { describe, expect, it } from '@jest/globals';
import { CELL_SAMPLES, type CellSample } from '../testing/cell-samples.js';
import { type CellValue, readCell, writeCell } from './cell-value.js';
import { DATA_TYPE, type DataTypeName } from './data-types.js';
import { PayloadReader } from './payload-reader.js';
import { PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';
import { COLUMN_FLAG, type Column, TOKEN } from './server-token.js';
import { type TdsVersion, type VersionLayout, versionLayout } from './tds-version.js';
import { encodeToken } from './token-codec.js';
import { TokenReader } from './token-reader.js';
import { readTypeInfo, writeTypeInfo } from './type-info.js';

const VERSIONS: readonly TdsVersion[] = ['7.1', '7.2', '7.3A', '7.3B', '7.4', '8.0'];
const FROM_7_2: ReadonlySet<DataTypeName> = new Set(['UDT', 'XML']);
const FROM_7_3: ReadonlySet<DataTypeName> = new Set(['DATEN', 'TIMEN', 'DATETIME2N', 'DATETIMEOFFSETN']);
const NULL: CellValue = { bytes: null };

function exists({ type }: CellSample, { isYukon, dateTypes }: VersionLayout): boolean {
  return !(FROM_7_3.has(type.name) && !dateTypes) && !(FROM_7_2.has(type.name) && !isYukon);
}

function columnOf({ type }: CellSample, name: string): Column {
  const column = { userType: 0, flags: type.form === 'fixed' ? 0 : COLUMN_FLAG.NULLABLE, type, name };
  return type.form === 'text-pointer' ? { ...column, tableName: ['dbo.notes'] } : column;
}

type RowForm = 'ROW' | 'NBCROW';

/** A result of which every row has the cell under test between two others. */
function result(
  sample: CellSample,
  form: RowForm,
  layout: VersionLayout,
): { payload: Uint8Array; cells: (CellValue | 'null in the bitmap')[]; ends: number[] } {
  const neighbour = columnOf(CELL_SAMPLES.INTN[2] as CellSample, 'n');
  const columns = [neighbour, columnOf(sample, 'under_test'), neighbour];
  const writer = new PayloadWriter();
  encodeToken(writer, { kind: 'COLMETADATA', columns }, layout);
  const isNullable = sample.type.form !== 'fixed' || sample.type.maxLength === 0;
  const cells = [...sample.values, ...(isNullable ? [NULL] : [])];
  const ends: number[] = [];
  for (const cell of cells) {
    const isBitmapNull = form === 'NBCROW' && cell.bytes === null;
    if (form === 'NBCROW') writer.int1(TOKEN.NBCROW).int1(isBitmapNull ? 2 : 0);
    else writer.int1(TOKEN.ROW);
    writer.int1(4).int4(0x0102_0304);
    if (!isBitmapNull) writeCell(writer, sample.type, cell, 'row');
    ends.push(writer.length);
    writer.int1(4).int4(0x0506_0708);
  }
  encodeToken(writer, { kind: 'DONE', status: 0, currentCommand: 0xc1, rowCount: BigInt(cells.length) }, layout);
  return {
    payload: writer.take(),
    cells: cells.map((cell) => (form === 'NBCROW' && cell.bytes === null ? 'null in the bitmap' : cell)),
    ends,
  };
}

interface ReadResult {
  readonly values: (Buffer | null)[];
  readonly rows: number;
  readonly copied: Buffer;
}

/** Reads a result, its bytes cut to pieces of `size`, with the cells of column 1 watched. */
function read(payload: Uint8Array, layout: VersionLayout, size: number): ReadResult {
  const reader = new TokenReader(layout);
  const values: (Buffer | null)[] = [];
  const copied: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let rows = 0;
  for (let at = 0; at < payload.length; at += size) {
    reader.push(payload, at, Math.min(at + size, payload.length));
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      if (event === 'row-end') continue;
      if (event === 'token' && reader.tokenType === TOKEN.COLMETADATA) reader.watch(Uint8Array.of(0, 1, 0));
      if (event === 'row') rows += 1;
      if (event === 'cell') values.push(reader.valueStart < 0 ? null : Buffer.from(reader.buffer.slice(reader.valueStart, reader.end)));
      if (event === 'long-cell') parts = [];
      if (event === 'part') parts.push(reader.buffer.slice(reader.valueStart, reader.end));
      if (event === 'long-end') values.push(Buffer.concat(parts));
      if (event !== 'part') copied.push(reader.buffer.slice(reader.start, reader.end));
    }
  }
  reader.endMessage();
  return { values, rows, copied: Buffer.concat(copied) };
}

function sameBytes(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other);
}

function codeOf(work: () => void): string | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return undefined;
}

const names = Object.keys(CELL_SAMPLES) as (keyof typeof CELL_SAMPLES)[];

it('every type of the protocol has samples, but for those that no result set has', () => {
  expect(Object.keys(DATA_TYPE).filter((name) => !(name in CELL_SAMPLES))).toEqual(['TABLE', 'JSON', 'VECTOR']);
});

describe.each(VERSIONS)('under TDS %s', (version) => {
  const layout = versionLayout(version);

  it.each(names)('TYPE_INFO and cells of %s are read in ROW and NBCROW, however they are cut', (name) => {
    for (const sample of CELL_SAMPLES[name].filter((candidate) => exists(candidate, layout))) {
      const type = new PayloadWriter();
      writeTypeInfo(type, sample.type);
      const typeInfo = type.take();
      expect(readTypeInfo(new PayloadReader(typeInfo), layout, 'server')).toEqual(sample.type);
      for (const form of layout.nbcRow ? (['ROW', 'NBCROW'] as const) : (['ROW'] as const)) {
        const { payload, cells } = result(sample, form, layout);
        const expected = cells.map((cell) => (cell === 'null in the bitmap' || cell.bytes === null ? null : Buffer.from(cell.bytes)));
        for (const size of payload.length > 2000 ? [4088, 509] : [payload.length, 7, 1]) {
          const found = read(payload, layout, size);
          expect(found.values.length).toBe(expected.length);
          found.values.forEach((value, i) => expect(sameBytes(value, expected[i] ?? null)).toBe(true));
          expect(found.rows).toBe(cells.length);
        }
      }
    }
  });

  it.each(names)('a row without its cell of %s is refused', (name) => {
    for (const sample of CELL_SAMPLES[name].filter((candidate) => exists(candidate, layout) && candidate.type.name !== 'NULL')) {
      const { payload, ends } = result(sample, 'ROW', layout);
      const first = ends[0] as number;
      const cell = new PayloadWriter();
      writeCell(cell, sample.type, sample.values[0] as CellValue, 'row');
      const without = Buffer.concat([payload.subarray(0, first - cell.length), payload.subarray(first)]);
      const found = codeOf(() => {
        if (read(without, layout, without.length).rows === result(sample, 'ROW', layout).cells.length)
          throw new ProtocolError('dead', 'nothing was missed');
      });
      expect(found).not.toBe('dead');
      // And one that ends within it.
      if (cell.length > 0) expect(codeOf(() => read(payload.subarray(0, first - 1), layout, 4088))).toBe('truncated');
    }
  });

  it('rows that nobody looks at are passed over and counted, however they are cut', () => {
    for (const name of names) {
      for (const sample of CELL_SAMPLES[name].filter((candidate) => exists(candidate, layout))) {
        for (const form of layout.nbcRow ? (['ROW', 'NBCROW'] as const) : (['ROW'] as const)) {
          const { payload, cells } = result(sample, form, layout);
          for (const size of payload.length > 2000 ? [4088, 509] : [payload.length, 1]) {
            expect(skipped(payload, layout, size)).toEqual({ rows: cells.length, done: true });
          }
        }
      }
    }
  });

  it('what the version does not have is refused', () => {
    for (const name of names) {
      for (const sample of CELL_SAMPLES[name].filter((candidate) => !exists(candidate, layout))) {
        const type = new PayloadWriter();
        writeTypeInfo(type, sample.type);
        const bytes = type.take();
        expect(codeOf(() => readTypeInfo(new PayloadReader(bytes), layout, 'server'))).toBe('invalid-value');
      }
    }
    const { payload } = result(CELL_SAMPLES.INTN[0] as CellSample, 'NBCROW', layout);
    expect(codeOf(() => read(payload, layout, payload.length))).toBe(layout.nbcRow ? undefined : 'unexpected-message');
    expect(codeOf(() => skipped(payload, layout, payload.length))).toBe(layout.nbcRow ? undefined : 'unexpected-message');
  });
});

function skipped(payload: Uint8Array, layout: VersionLayout, size: number): { rows: number; done: boolean } {
  const reader = new TokenReader(layout);
  let rows = 0;
  let done = false;
  for (let at = 0; at < payload.length; at += size) {
    reader.push(payload, at, Math.min(at + size, payload.length));
    for (;;) {
      rows += reader.skipRows(1000);
      const event = reader.next();
      if (event === undefined) break;
      // A row whose null bitmap was cut is begun here.
      if (event === 'row') rows += 1;
      if (event === 'token' && reader.tokenType === TOKEN.DONE) done = true;
    }
  }
  reader.endMessage();
  return { rows, done };
}

describe('values', () => {
  const lengthOf = (total: readonly number[], chunks: readonly number[][]): Uint8Array => {
    const writer = new PayloadWriter();
    for (const half of total) writer.int4(half);
    for (const chunk of chunks) writer.longBytes(Uint8Array.from(chunk));
    return writer.int4(0).take();
  };
  const plp = (CELL_SAMPLES.XML[0] as CellSample).type;
  const readPlp = (bytes: Uint8Array): CellValue => readCell(new PayloadReader(bytes), plp, 'row');

  it.each([
    ['more bytes than it says', lengthOf([2, 0], [[1, 2, 3]])],
    ['fewer bytes than it says', lengthOf([4, 0], [[1, 2, 3]])],
    ['a length beyond all limits', lengthOf([0, 0x20_0000], [])],
  ])('of partially length-prefixed types are refused when they have %s, by every reader', (_, cell) => {
    expect(codeOf(() => readPlp(cell))).toBe('length');
    const layout = versionLayout('7.4');
    const writer = new PayloadWriter();
    encodeToken(writer, { kind: 'COLMETADATA', columns: [columnOf(CELL_SAMPLES.XML[0] as CellSample, 'x')] }, layout);
    const payload = writer.int1(TOKEN.ROW).bytes(cell).take();
    for (const size of [payload.length, 1]) {
      expect(codeOf(() => skipped(payload, layout, size))).toBe('length');
      expect(codeOf(() => read(payload, layout, size))).toBe('length');
    }
  });

  it.each([
    ['a chunk that is longer than the value says to be', [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]],
    ['a length beyond all limits', [0, 0, 0, 0, 0, 0, 0x20, 0]],
  ])('are refused at once for %s, before any of it has come', (_, bytes) => {
    const layout = versionLayout('7.4');
    const writer = new PayloadWriter();
    encodeToken(writer, { kind: 'COLMETADATA', columns: [columnOf(CELL_SAMPLES.XML[0] as CellSample, 'x')] }, layout);
    const payload = writer.int1(TOKEN.ROW).bytes(Uint8Array.from(bytes)).take();
    for (const size of [payload.length, 1]) expect(codeOf(() => skipped(payload, layout, size))).toBe('length');
    expect(codeOf(() => readPlp(Uint8Array.from(bytes)))).toBe('length');
  });

  it('of fixed length have no NULL', () => {
    for (const sample of [...CELL_SAMPLES.INT4, ...CELL_SAMPLES.BIT, ...CELL_SAMPLES.DATETIME])
      expect(codeOf(() => writeCell(new PayloadWriter(), sample.type, NULL, 'row'))).toBe('invalid-value');
  });

  it('of partially length-prefixed types are taken from servers under TDS 7.1, and not from clients', () => {
    for (const { type } of [...CELL_SAMPLES.NVARCHAR, ...CELL_SAMPLES.BIGVARBINARY].filter(({ type: { form } }) => form === 'plp')) {
      const writer = new PayloadWriter();
      writeTypeInfo(writer, type);
      const bytes = writer.take();
      expect(readTypeInfo(new PayloadReader(bytes), versionLayout('7.1'), 'server')).toEqual(type);
      expect(codeOf(() => readTypeInfo(new PayloadReader(bytes), versionLayout('7.1'), 'client'))).toBe('invalid-value');
      expect(readTypeInfo(new PayloadReader(bytes), versionLayout('7.2'), 'client')).toEqual(type);
    }
    const nchar = Uint8Array.of(DATA_TYPE.NCHAR, 0xff, 0xff, 0, 0, 0, 0, 0);
    expect(codeOf(() => readTypeInfo(new PayloadReader(nchar), versionLayout('7.4'), 'server'))).toBe('invalid-value');
  });

  it('of a parameter have no text pointer', () => {
    for (const { type } of [...CELL_SAMPLES.TEXT, ...CELL_SAMPLES.NTEXT, ...CELL_SAMPLES.IMAGE]) {
      for (const bytes of [null, Uint8Array.of(1, 2), Uint8Array.of()]) {
        const writer = new PayloadWriter();
        writeCell(writer, type, { bytes }, 'parameter');
        const written = writer.take();
        expect(written).toHaveLength(4 + (bytes?.length ?? 0));
        expect(readCell(new PayloadReader(written), type, 'parameter')).toEqual({ bytes });
      }
    }
  });

  it('of types that were not asked for are refused by name', () => {
    for (const [name, rest] of [
      ['JSON', []],
      ['VECTOR', [0, 8, 0]],
    ] as const) {
      const bytes = Uint8Array.of(DATA_TYPE[name], ...rest);
      expect(() => readTypeInfo(new PayloadReader(bytes), versionLayout('7.4'), 'server')).toThrow(name);
    }
    expect(codeOf(() => readTypeInfo(new PayloadReader(Uint8Array.of(0x21)), versionLayout('7.4'), 'server'))).toBe('invalid-value');
  });

  it('of an encrypted column are refused by name', () => {
    const layout = versionLayout('7.4');
    const column = { ...columnOf(CELL_SAMPLES.BIGVARBINARY[0] as CellSample, 'ssn'), flags: COLUMN_FLAG.ENCRYPTED };
    const writer = new PayloadWriter();
    encodeToken(writer, { kind: 'COLMETADATA', columns: [column] }, layout);
    const payload = writer.take();
    expect(() => read(payload, layout, payload.length)).toThrow('Always Encrypted');
  });
});
