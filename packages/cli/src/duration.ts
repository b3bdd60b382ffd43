import { UsageError } from './failure.js';

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** `90s`, `15m`, `4h`, `1d` in seconds. Throws a {@link UsageError} that names the option. */
export function durationSeconds(text: string, option: string): number {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  if (match === null) throw new UsageError(`--${option} is not a duration; write for example 90s, 15m, 4h or 1d`);
  return Number(match[1]) * SECONDS[match[2] as keyof typeof SECONDS];
}

/** A span of time for people: the two largest units, `1 h 5 min`, `12 s`. */
export function describeDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${Math.floor(hours / 24)} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `1 file`, `2 files`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
