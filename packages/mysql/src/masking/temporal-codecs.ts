import { constantCodec, packed, type TypeCodec, viewOf } from './type-codec.js';

/**
 * DATE, DATETIME, TIMESTAMP and TIME ("Binary Protocol Value", ProtocolText "MYSQL_TYPE_DATE"). The zero date is read as what it is, `0000-00-00`;
 * dates with a month or day of zero too: no mask but the default says anything of them.
 */

const DATE = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/;
const MAX_FRACTION = 6;

interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  readonly hasTime: boolean;
}

/** Reads a canonical text; `undefined` when it is no day or time of the day. */
function parse(text: string): Moment | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map((digits) => Number(digits ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month) || hour > 23 || minute > 59 || second > 59) return undefined;
  const microsecond = Number((match[7] ?? '').padEnd(MAX_FRACTION, '0'));
  return { year, month, day, hour, minute, second, microsecond, hasTime: match[4] !== undefined };
}

function daysOf(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

const padded = (value: number, digits: number): string => String(value).padStart(digits, '0');

function dateCell({ year, month, day, hour, minute, second, microsecond }: Moment): Uint8Array {
  const hasTime = hour + minute + second + microsecond > 0;
  return packed(microsecond > 0 ? 11 : hasTime ? 7 : 4, (view) => {
    view.setUint16(0, year, true);
    view.setUint8(2, month);
    view.setUint8(3, day);
    if (!hasTime) return;
    view.setUint8(4, hour);
    view.setUint8(5, minute);
    view.setUint8(6, second);
    if (microsecond > 0) view.setUint32(7, microsecond, true);
  });
}

/** The canonical text of a binary cell: of no bytes where all is zero, of 4 for a day, 7 for a time, 11 with microseconds. */
function cellText(cell: Uint8Array, hasTime: boolean): string | undefined {
  if (![0, 4, 7, 11].includes(cell.length)) return undefined;
  const view = viewOf(cell);
  const byte = (at: number): number => (at < cell.length ? view.getUint8(at) : 0);
  const date = `${padded(byte(0) | (byte(1) << 8), 4)}-${padded(byte(2), 2)}-${padded(byte(3), 2)}`;
  if (!hasTime) return date;
  const microsecond = cell.length === 11 ? view.getUint32(7, true) : 0;
  const time = `${padded(byte(4), 2)}:${padded(byte(5), 2)}:${padded(byte(6), 2)}`;
  return `${date} ${time}${microsecond === 0 ? '' : trimmed(`.${padded(microsecond, MAX_FRACTION)}`)}`;
}

function trimmed(fraction: string): string {
  let end = fraction.length;
  while (end > 0 && (fraction[end - 1] === '0' || fraction[end - 1] === '.')) end--;
  return fraction.slice(0, end);
}

export const dateCodec: TypeCodec = {
  family: 'date',
  zeroText: '1970-01-01',
  readText: (text) => (DATE.exec(text)?.[4] === undefined && DATE.test(text) ? text : undefined),
  writeText: (text) => (parse(text)?.hasTime === false ? text : undefined),
  binary: {
    zero: Uint8Array.of(0xb2, 0x07, 1, 1), // 1970
    read: (cell) => cellText(cell, false),
    write: (text) => {
      const moment = parse(text);
      return moment === undefined || moment.hasTime ? undefined : dateCell(moment);
    },
  },
};

/** The first midnight that TIMESTAMP holds in every time zone. */
const FIRST_TIMESTAMP = '1970-01-02 00:00:00';

/** `decimals`: digits of fractions of seconds, which texts always have. TIMESTAMP begins where the clock does. */
export function timestampCodec(type: 'datetime' | 'timestamp', decimals: number): TypeCodec {
  const zero = type === 'timestamp' ? FIRST_TIMESTAMP : '1970-01-01 00:00:00';
  const fit = (text: string): Moment | undefined => {
    const moment = parse(text);
    return moment?.hasTime === true && (type === 'datetime' || text >= FIRST_TIMESTAMP) ? moment : undefined;
  };
  const shown = (text: string): string => {
    const [seconds = '', fraction = ''] = text.split('.');
    const digits = decimals > MAX_FRACTION ? fraction : fraction.slice(0, decimals).padEnd(decimals, '0');
    return digits === '' ? seconds : `${seconds}.${digits}`;
  };
  return {
    family: 'timestamp',
    zeroText: shown(zero),
    readText: (text) => {
      const match = DATE.exec(text);
      if (match?.[4] === undefined) return undefined;
      return match[7] === undefined ? text : text.slice(0, text.indexOf('.')) + trimmed(`.${match[7]}`);
    },
    writeText: (text) => (fit(text) === undefined ? undefined : shown(text)),
    binary: {
      zero: Uint8Array.of(0xb2, 0x07, 1, type === 'timestamp' ? 2 : 1),
      read: (cell) => cellText(cell, true),
      write: (text) => {
        const moment = fit(text);
        return moment === undefined ? undefined : dateCell(moment);
      },
    },
  };
}

/** TIME: a duration as much as a time of the day, of which no mask keeps anything. Of no bytes in binary rows when it is zero. */
export function timeCodec(decimals: number): TypeCodec {
  const digits = decimals > MAX_FRACTION ? 0 : decimals;
  return constantCodec('time', `00:00:00${digits === 0 ? '' : `.${'0'.repeat(digits)}`}`, new Uint8Array(0));
}
