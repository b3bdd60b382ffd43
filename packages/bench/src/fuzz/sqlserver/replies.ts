import { byteText, int1, int2, int4, int8, message, packet, shortText, TYPE } from './packets.js';
import { VARIANT } from './requests.js';

/** What servers send ([MS-TDS] 2.2.7), token by token. */
export const COLUMN_NAMES = ['first', 'second'];
export const DONE = { final: 0, more: 1, error: 2, count: 0x10, attention: 0x20, rpcInBatch: 0x80 } as const;

const COLLATION = Buffer.from([9, 4, 0xd0, 0, 0x34]);
const is71 = (variant: number): boolean => (variant & VARIANT.tds71) !== 0;

export const prelogin = (): Buffer => packet(TYPE.reply, Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 16, 0, 0, 0, 2]));
export const reply = (...tokens: readonly Buffer[]): Buffer[] => message(TYPE.reply, Buffer.concat(tokens));

function sized(type: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  return Buffer.concat([int1(type), int2(value.length), value]);
}

export const envText = (type: number, now: string, before: string): Buffer => sized(0xe3, int1(type), byteText(now), byteText(before));
export const envBytes = (type: number, now: readonly number[], before: readonly number[]): Buffer =>
  sized(0xe3, int1(type), int1(now.length), Buffer.from(now), int1(before.length), Buffer.from(before));

export function loginReply(variant: number): Buffer[] {
  const version = is71(variant) ? [0x71, 0, 0, 1] : [0x74, 0, 0, 4];
  const ack = sized(0xad, int1(1), Buffer.from(version), byteText('Microsoft SQL Server'), Buffer.from([16, 0, 0x10, 0]));
  return reply(
    envText(1, 'crm', 'master'),
    envText(2, 'us_english', ''),
    envBytes(7, [...COLLATION], []),
    ack,
    envText(4, '4096', '4096'),
    done(variant, DONE.final),
  );
}

export function done(variant: number, status: number, count = 0, type: 0xfd | 0xfe | 0xff = 0xfd): Buffer {
  return Buffer.concat([int1(type), int2(status), int2(0xc1), is71(variant) ? int4(count) : int8(count)]);
}

export function failure(variant: number, number: number, text: string, type: 0xaa | 0xab = 0xaa): Buffer {
  const line = is71(variant) ? int2(1) : int4(1);
  return sized(type, int4(number), int1(1), int1(type === 0xaa ? 16 : 0), shortText(text), byteText('srv'), byteText(''), line);
}

export function columns(variant: number, names: readonly string[] = COLUMN_NAMES, isLong = false): Buffer {
  const column = (name: string): Buffer =>
    Buffer.concat([
      is71(variant) ? int2(0) : int4(0),
      int2(9),
      int1(0xe7),
      int2(isLong && !is71(variant) ? 0xffff : 8000),
      COLLATION,
      byteText(name),
    ]);
  return Buffer.concat([int1(0x81), int2(names.length), ...names.map(column)]);
}

export const noColumns = (): Buffer => Buffer.concat([int1(0x81), int2(0xffff)]);

export function row(variant: number, cells: readonly (string | null)[], isLong = false): Buffer {
  const written = cells.map((cell) => {
    const bytes = Buffer.from(cell ?? '', 'utf16le');
    if (!isLong || is71(variant)) return cell === null ? int2(0xffff) : Buffer.concat([int2(bytes.length), bytes]);
    if (cell === null) return Buffer.alloc(8, 0xff);
    return Buffer.concat([int8(bytes.length), ...(bytes.length === 0 ? [] : [int4(bytes.length), bytes]), int4(0)]);
  });
  return Buffer.concat([int1(0xd1), ...written]);
}

/** NBCROW, which TDS 7.1 does not have: a ROW there. */
export function nullRow(variant: number, cells: readonly (string | null)[], isLong = false): Buffer {
  if (is71(variant)) return row(variant, cells, isLong);
  const bitmap = cells.reduce((bits, cell, at) => (cell === null ? bits | (1 << at) : bits), 0);
  const written = row(
    variant,
    cells.filter((cell) => cell !== null),
    isLong,
  );
  return Buffer.concat([int1(0xd2), int1(bitmap), written.subarray(1)]);
}

export const returnStatus = (value: number): Buffer => Buffer.concat([int1(0x79), int4(value)]);

export function returnValue(variant: number, ordinal: number, value: number): Buffer {
  return Buffer.concat([
    int1(0xac),
    int2(ordinal),
    byteText(''),
    int1(1),
    is71(variant) ? int2(0) : int4(0),
    int2(9),
    Buffer.from([0x26, 4, 4]),
    int4(value),
  ]);
}

export const order = (): Buffer => sized(0xa9, int2(1));
export const tableName = (): Buffer => sized(0xa4, int1(1), shortText('people'));
export const columnInfo = (): Buffer => sized(0xa5, Buffer.from([1, 1, 0, 2, 1, 0]));
