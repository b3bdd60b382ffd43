import { packed, type TypeCodec, viewOf } from './type-codec.js';

/**
 * `date`, `timestamp` and `timestamp with time zone`. Binary forms count days or microseconds from 2000-01-01. Only the ISO date style is
 * read as text; in every other one a cell becomes the type's zero.
 */

/** Days from 1970-01-01 to 2000-01-01. */
const EPOCH_DAYS = 10_957;
const DAY_US = 86_400_000_000n;
/** 4714-11-24 BC, the first day that the server knows, in days from 2000-01-01. */
const FIRST_DAY = -2_451_545;
/** 294276-12-31, the last day of a timestamp. */
const LAST_TIMESTAMP_DAY = 106_751_991 - EPOCH_DAYS;
const INT32_MIN = -0x8000_0000;
const INT32_MAX = 0x7fff_ffff;
const INT64_MIN = -(1n << 63n);
const INT64_MAX = (1n << 63n) - 1n;

const ISO = /^(\d{4,7})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-]\d\d(?::\d\d){0,2})?)?( BC)?$/;

interface Moment {
  /** From 2000-01-01. */
  readonly day: number;
  /** Microseconds of the day, in the zone that is written. */
  readonly time: bigint;
  readonly hasTime: boolean;
  /** Seconds east of UTC; `undefined` when none is written. */
  readonly zone: number | undefined;
}

/** Reads a canonical text; `undefined` when it is not a day that the server knows. */
function parseMoment(text: string): Moment | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone, era] = match;
  const astronomical = era === undefined ? Number(year) : 1 - Number(year);
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > 31) return undefined;
  const number = daysFromCivil(astronomical, Number(month), Number(day)) - EPOCH_DAYS;
  if (number < FIRST_DAY) return undefined;
  const time = hour === undefined ? 0n : (BigInt(hour) * 3600n + BigInt(minute ?? 0) * 60n + BigInt(second ?? 0)) * 1_000_000n;
  return { day: number, time: time + BigInt(fraction.padEnd(6, '0')), hasTime: hour !== undefined, zone: zoneSeconds(zone) };
}

function zoneSeconds(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined;
  const [hours = '0', minutes = '0', seconds = '0'] = zone.slice(1).split(':');
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return zone.startsWith('-') ? -size : size;
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar; years count astronomically (0 is 1 BC). Eras are 400 years from March. */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The inverse: the ISO text of a day, and whether it lies before Christ. */
function civilFromDays(days: number): { readonly text: string; readonly bc: boolean } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const bc = year < 1;
  return { text: `${padded(bc ? 1 - year : year, 4)}-${padded(month, 2)}-${padded(day, 2)}`, bc };
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}

export const dateCodec: TypeCodec = {
  family: 'date',
  binaryBytes: 4,
  zeroText: '1970-01-01',
  zeroBinary: packed(4, (view) => view.setInt32(0, -EPOCH_DAYS)),
  readText: (text) => text,
  readBinary: (cell) => {
    if (cell.length !== 4) return undefined;
    const day = viewOf(cell).getInt32(0);
    if (day === INT32_MIN || day === INT32_MAX) return undefined;
    const { text, bc } = civilFromDays(day + EPOCH_DAYS);
    return bc ? `${text} BC` : text;
  },
  writeText: (text) => (parseMoment(text)?.hasTime === false ? text : undefined),
  writeBinary: (text) => {
    const moment = parseMoment(text);
    return moment === undefined || moment.hasTime ? undefined : packed(4, (view) => view.setInt32(0, moment.day));
  },
};

/** With `zoned`, text carries an offset, and binary cells are in UTC. */
export function timestampCodec(zoned: boolean): TypeCodec {
  const parse = (text: string): Moment | undefined => {
    const moment = parseMoment(text);
    const fits = moment !== undefined && moment.hasTime && moment.day <= LAST_TIMESTAMP_DAY && (moment.zone !== undefined) === zoned;
    return fits ? moment : undefined;
  };
  return {
    family: 'timestamp',
    binaryBytes: 8,
    zeroText: `1970-01-01 00:00:00${zoned ? '+00' : ''}`,
    zeroBinary: packed(8, (view) => view.setBigInt64(0, BigInt(-EPOCH_DAYS) * DAY_US)),
    readText: (text) => text,
    readBinary: (cell) => (cell.length === 8 ? timestampText(viewOf(cell).getBigInt64(0), zoned) : undefined),
    writeText: (text) => (parse(text) === undefined ? undefined : text),
    writeBinary: (text) => {
      const moment = parse(text);
      if (moment === undefined) return undefined;
      const us = BigInt(moment.day) * DAY_US + moment.time - BigInt(moment.zone ?? 0) * 1_000_000n;
      return packed(8, (view) => view.setBigInt64(0, us));
    },
  };
}

function timestampText(us: bigint, zoned: boolean): string | undefined {
  if (us === INT64_MIN || us === INT64_MAX) return undefined;
  const remainder = us % DAY_US;
  const time = remainder < 0n ? remainder + DAY_US : remainder;
  const { text, bc } = civilFromDays(Number((us - time) / DAY_US) + EPOCH_DAYS);
  const seconds = Number(time / 1_000_000n);
  const clock = `${padded(Math.floor(seconds / 3600), 2)}:${padded(Math.floor(seconds / 60) % 60, 2)}:${padded(seconds % 60, 2)}`;
  const fraction = time % 1_000_000n === 0n ? '' : `.${padded(Number(time % 1_000_000n), 6)}`;
  return `${text} ${clock}${fraction}${zoned ? '+00' : ''}${bc ? ' BC' : ''}`;
}
