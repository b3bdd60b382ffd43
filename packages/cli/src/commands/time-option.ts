import { UsageError } from '../failure.js';

/** A moment in milliseconds since the epoch: `2026-11-23`, `2026-11-23T02:00`, `2026-11-23T02:00:00Z`, or `2h` for that long ago. */
export function momentOf(text: string | undefined, option: string, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  const seconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
  if (ago !== null) return now - Number(ago[1]) * seconds[ago[2] as keyof typeof seconds] * 1000;
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new UsageError(`--${option} is not a moment; write for example 2026-11-23T02:00:00Z, or 2h for that long ago`);
  return time;
}

export const RANGE_OPTIONS = {
  from: { type: 'text', value: '<moment>', help: 'from then on: 2026-11-23T02:00:00Z, or 2h for that long ago' },
  to: { type: 'text', value: '<moment>', help: 'until then' },
} as const;
