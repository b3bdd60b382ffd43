/** A point in time as a text of T-SQL gives it. */
export interface TimeValue {
  /** Since 0001-01-01. */
  readonly days: number;
  /** Since midnight, in steps of 100 ns. */
  readonly ticks: bigint;
  readonly offsetMinutes: number;
}

const DAY_MS = 86_400_000;
const DAYS_TO_1970 = 719_162;
export const DAYS_TO_1900 = 693_595;
export const TICKS_A_DAY = 864_000_000_000n;

/** @throws Error for a text that is no date and time. */
export function parseTime(text: string): TimeValue {
  const match = /^(?:(\d{4})-(\d\d)-(\d\d))?[ T]*(?:(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?)?\s*(?:(Z)|([+-])(\d\d):(\d\d))?$/.exec(text);
  if (match === null || text === '') throw new Error(`no date or time: ${text}`);
  const [, year = '1900', month = '01', day = '01', hour = '0', minute = '0', second = '0', fraction = '', , sign, zoneHour, zoneMinute] =
    match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const zone = Number(zoneHour ?? 0) * 60 + Number(zoneMinute ?? 0);
  return {
    days: Math.floor(date.getTime() / DAY_MS) + DAYS_TO_1970,
    ticks: BigInt(seconds) * 10_000_000n + BigInt(fraction.padEnd(7, '0')),
    offsetMinutes: sign === '-' ? -zone : zone,
  };
}

/** `2026-01-31`. */
export function dateText(days: number): string {
  return new Date((days - DAYS_TO_1970) * DAY_MS).toISOString().slice(0, 10);
}

/** `10:20:30`, with `scale` digits of the second. */
export function timeText(ticks: bigint, scale: number): string {
  const seconds = Number(ticks / 10_000_000n);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, '0'));
  const fraction = (ticks % 10_000_000n).toString().padStart(7, '0').slice(0, scale);
  return scale === 0 ? parts.join(':') : `${parts.join(':')}.${fraction}`;
}

/** `+02:00`. */
export function offsetText(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
}

/** Bytes of a time of this scale, [MS-TDS] section 2.2.5.5.1.9. */
export function timeSize(scale: number): number {
  return scale <= 2 ? 3 : scale <= 4 ? 4 : 5;
}
