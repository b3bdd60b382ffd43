import type { CellType } from '@sqlwarden/core';
import { littleEndian, packed, putLittleEndian, viewOf } from './cell-type-parts.js';

/** Types of dates and times ([MS-TDS] sections 2.2.5.5.1.7 to 2.2.5.5.1.10). Days are counted in the proleptic Gregorian calendar, as the server does. */

const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2001, 0, 1) / DAY_MS - daysBefore2001();
const FIRST_DAY_OF_1900 = Date.UTC(1900, 0, 1) / DAY_MS;
const MAX_DAYS = 3_652_058; // 9999-12-31, counted from 0001-01-01

/** Days from 0001-01-01 to 2001-01-01: five times the 400 years after which the calendar repeats. */
function daysBefore2001(): number {
  return 5 * 146_097;
}

const TEXT = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([+-]\d\d:\d\d)?)?$/;

interface Moment {
  /** From 0001-01-01. */
  readonly days: number;
  /** From midnight. */
  readonly seconds: number;
  /** Digits behind the point. */
  readonly fraction: string;
  readonly offsetMinutes: number | undefined;
  readonly hasTime: boolean;
}

/** Reads a canonical text; `undefined` when it is no day or time of the day. */
function parse(text: string): Moment | undefined {
  const match = TEXT.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map((digits) => Number(digits ?? 0));
  if (hour > 23 || minute > 59 || second > 59 || year === 0) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return {
    days: date.getTime() / DAY_MS - FIRST_DAY,
    seconds: (hour * 60 + minute) * 60 + second,
    fraction: match[7] ?? '',
    offsetMinutes: match[8] === undefined ? undefined : offsetOf(match[8]),
    hasTime: match[4] !== undefined,
  };
}

function offsetOf(zone: string): number {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return zone.startsWith('-') ? -minutes : minutes;
}

const two = (value: number): string => String(value).padStart(2, '0');

function dateText(days: number): string | undefined {
  if (days < 0 || days > MAX_DAYS) return undefined;
  const date = new Date((days + FIRST_DAY) * DAY_MS);
  return `${String(date.getUTCFullYear()).padStart(4, '0')}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}

/** `fraction`: digits behind the point, of which zeros at the end are left out. */
function clockText(seconds: number, fraction: string): string {
  let end = fraction.length;
  while (end > 0 && fraction[end - 1] === '0') end--;
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return end === 0 ? clock : `${clock}.${fraction.slice(0, end)}`;
}

const DATE_BYTES = 3;
const DAY_SECONDS = 86_400;
const UNIX_EPOCH = parse('1970-01-01')?.days ?? 0;

function dateCell(days: number): Uint8Array {
  const cell = new Uint8Array(DATE_BYTES);
  putLittleEndian(cell, 0, DATE_BYTES, days);
  return cell;
}

/** DATE. */
export const dateType: CellType = {
  family: 'date',
  zero: () => EPOCH_DATE,
  toText: (cell) => (cell.length === DATE_BYTES ? dateText(littleEndian(cell, 0, DATE_BYTES)) : undefined),
  fromText: (text) => {
    const moment = parse(text);
    return moment === undefined || moment.hasTime ? undefined : dateCell(moment.days);
  },
};
const EPOCH_DATE = dateCell(UNIX_EPOCH);

/** Bytes of a time of the day with so many digits behind the point. */
function timeBytes(scale: number): number {
  return scale <= 2 ? 3 : scale <= 4 ? 4 : 5;
}

/** The time of the day in units of its last digit; `undefined` when it is later than any. */
function clockOf(cell: Uint8Array, scale: number): { readonly seconds: number; readonly fraction: string } | undefined {
  const units = littleEndian(cell, 0, timeBytes(scale));
  const perSecond = 10 ** scale;
  const seconds = Math.floor(units / perSecond);
  if (seconds >= DAY_SECONDS) return undefined;
  return { seconds, fraction: scale === 0 ? '' : String(units % perSecond).padStart(scale, '0') };
}

function unitsOf({ seconds, fraction }: Moment, scale: number): number {
  return seconds * 10 ** scale + (scale === 0 ? 0 : Number(fraction.slice(0, scale).padEnd(scale, '0')));
}

/** TIME, of which no mask keeps anything. */
export function timeType(scale: number): CellType {
  const bytes = timeBytes(scale);
  const zero = new Uint8Array(bytes);
  return {
    family: 'time',
    zero: () => zero,
    toText: (cell) => {
      const clock = cell.length === bytes ? clockOf(cell, scale) : undefined;
      return clock === undefined ? undefined : clockText(clock.seconds, clock.fraction);
    },
    fromText: (text) => {
      const moment = parse(`1970-01-01 ${text}`);
      if (moment === undefined || moment.offsetMinutes !== undefined) return undefined;
      const cell = new Uint8Array(bytes);
      putLittleEndian(cell, 0, bytes, unitsOf(moment, scale));
      return cell;
    },
  };
}

/** DATETIME2. */
export function datetime2Type(scale: number): CellType {
  const time = timeBytes(scale);
  const bytes = time + DATE_BYTES;
  const cellOf = (moment: Moment): Uint8Array => {
    const cell = new Uint8Array(bytes);
    putLittleEndian(cell, 0, time, unitsOf(moment, scale));
    putLittleEndian(cell, time, bytes, moment.days);
    return cell;
  };
  const zero = cellOf(EPOCH);
  return {
    family: 'timestamp',
    zero: () => zero,
    toText: (cell) => {
      const clock = cell.length === bytes ? clockOf(cell, scale) : undefined;
      const date = clock === undefined ? undefined : dateText(littleEndian(cell, time, bytes));
      return clock === undefined || date === undefined ? undefined : `${date} ${clockText(clock.seconds, clock.fraction)}`;
    },
    fromText: (text) => {
      const moment = withTime(text);
      return moment === undefined ? undefined : cellOf(moment);
    },
  };
}

function withTime(text: string): Moment | undefined {
  const moment = parse(text);
  return moment?.hasTime === true && moment.offsetMinutes === undefined ? moment : undefined;
}

const EPOCH: Moment = { days: UNIX_EPOCH, seconds: 0, fraction: '', offsetMinutes: undefined, hasTime: true };
const OFFSET_BYTES = 2;
const MAX_OFFSET = 14 * 60;

/** DATETIMEOFFSET: the time is that of UTC. Canonical is the local time with its offset, in which masks cut it. */
export function datetimeoffsetType(scale: number): CellType {
  const time = timeBytes(scale);
  const date = time + DATE_BYTES;
  const bytes = date + OFFSET_BYTES;
  const cellOf = (moment: Moment): Uint8Array | undefined => {
    const offset = moment.offsetMinutes ?? 0;
    const shifted = moment.seconds - offset * 60;
    const days = moment.days + Math.floor(shifted / DAY_SECONDS);
    if (Math.abs(offset) > MAX_OFFSET || days < 0 || days > MAX_DAYS) return undefined;
    const seconds = ((shifted % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
    const cell = new Uint8Array(bytes);
    putLittleEndian(cell, 0, time, unitsOf({ ...moment, seconds }, scale));
    putLittleEndian(cell, time, date, days);
    viewOf(cell).setInt16(date, offset, true);
    return cell;
  };
  const zero = cellOf(EPOCH) ?? null;
  return {
    family: 'timestamp',
    zero: () => zero,
    toText: (cell) => {
      const clock = cell.length === bytes ? clockOf(cell, scale) : undefined;
      if (clock === undefined) return undefined;
      const offset = viewOf(cell).getInt16(date, true);
      if (Math.abs(offset) > MAX_OFFSET) return undefined;
      const local = littleEndian(cell, time, date) * DAY_SECONDS + clock.seconds + offset * 60;
      const day = dateText(Math.floor(local / DAY_SECONDS));
      return day === undefined ? undefined : `${day} ${clockText(local % DAY_SECONDS, clock.fraction)}${zoneText(offset)}`;
    },
    fromText: (text) => {
      const moment = parse(text);
      return moment?.offsetMinutes === undefined ? undefined : cellOf(moment);
    },
  };
}

function zoneText(offset: number): string {
  const minutes = Math.abs(offset);
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

const TICKS_PER_SECOND = 300;

/** DATETIME: days from 1900 and three-hundredths of a second, which the server shows in milliseconds. SMALLDATETIME: days and minutes. */
export function datetimeType(bytes: 4 | 8): CellType {
  const shift = FIRST_DAY_OF_1900 - FIRST_DAY;
  const cellOf = ({ days, seconds, fraction }: Moment): Uint8Array | undefined => {
    const since1900 = days - shift;
    if (bytes === 4) {
      if (since1900 < 0 || since1900 > 0xffff) return undefined;
      return packed(4, (view) => {
        view.setUint16(0, since1900, true);
        view.setUint16(2, Math.floor(seconds / 60), true);
      });
    }
    const ticks =
      seconds * TICKS_PER_SECOND + Math.min(Math.round(Number(`0.${fraction === '' ? '0' : fraction}`) * TICKS_PER_SECOND), 299);
    return packed(8, (view) => {
      view.setInt32(0, since1900, true);
      view.setUint32(4, ticks, true);
    });
  };
  const zero = cellOf(EPOCH) ?? null;
  return {
    family: 'timestamp',
    zero: () => zero,
    toText: (cell) => {
      if (cell.length !== bytes) return undefined;
      const view = viewOf(cell);
      const date = dateText((bytes === 4 ? view.getUint16(0, true) : view.getInt32(0, true)) + shift);
      const ticks = bytes === 4 ? view.getUint16(2, true) * 60 * TICKS_PER_SECOND : view.getUint32(4, true);
      const seconds = Math.floor(ticks / TICKS_PER_SECOND);
      if (date === undefined || seconds >= DAY_SECONDS) return undefined;
      const milliseconds = Math.round(((ticks % TICKS_PER_SECOND) * 1000) / TICKS_PER_SECOND);
      return `${date} ${clockText(seconds, String(milliseconds).padStart(3, '0'))}`;
    },
    fromText: (text) => {
      const moment = withTime(text);
      return moment === undefined ? undefined : cellOf(moment);
    },
  };
}
