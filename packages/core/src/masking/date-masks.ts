import type { MaskFunction } from './mask.js';

type DateUnit = Extract<MaskFunction, { kind: 'date_trunc' }>['unit'];

// Every quantifier is bounded: the match takes constant time.
const DATE =
  /^(?<year>\d{4,7})-(?<month>\d\d)-(?<day>\d\d)(?:(?<separator>[ T])(?<hour>\d\d):\d\d:\d\d(?:\.\d{1,9})?(?<zone>Z|[+-]\d\d(?::?\d\d){0,2})?)?(?<era> BC)?$/;

const UNITS: readonly DateUnit[] = ['year', 'quarter', 'month', 'day', 'hour'];

/**
 * Cuts an ISO 8601 date or timestamp, as the canonical text of a cell, to `unit`. A time zone offset is kept as it was written: the cut is
 * made in that zone. `undefined` for anything else (`infinity`, other date styles).
 */
export function truncateDate(text: string, unit: DateUnit): string | undefined {
  const parts = DATE.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const month = Number(parts['month']);
  if (month < 1 || month > 12) return undefined;
  const depth = UNITS.indexOf(unit);
  const keptMonth = [1, month - ((month - 1) % 3)][depth] ?? month;
  const day = depth < 3 ? '01' : parts['day'];
  const date = `${parts['year']}-${String(keptMonth).padStart(2, '0')}-${day}`;
  const time =
    parts['separator'] === undefined ? '' : `${parts['separator']}${depth < 4 ? '00' : parts['hour']}:00:00${parts['zone'] ?? ''}`;
  return `${date}${time}${parts['era'] ?? ''}`;
}
