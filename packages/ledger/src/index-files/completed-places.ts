import type { StatementCompleted } from '@sqlwarden/core';

/** What an index needs of a read. */
export type CompletedPlaces = Pick<StatementCompleted, 'decision' | 'opened' | 'startedAt'>;

const END = '"type":"statement.completed","v":1}';

/**
 * Reads them from the canonical JSON of a `statement.completed` entry without parsing all of it; `undefined` for any other entry. The names stand behind
 * an unescaped quote, which no string in JSON has, and no member that holds members has one of these.
 */
export function completedPlaces(entry: Buffer): CompletedPlaces | undefined {
  if (entry.toString('latin1', Math.max(0, entry.length - END.length)) !== END) return undefined;
  const text = entry.toString('latin1');
  const decision = numberBehind(text, ',"decision":');
  const opened = numberBehind(text, ',"opened":');
  const startedAt = numberBehind(text, ',"startedAt":');
  return decision === undefined || opened === undefined || startedAt === undefined ? undefined : { decision, opened, startedAt };
}

function numberBehind(text: string, name: string): number | undefined {
  const at = text.indexOf(name);
  if (at < 0) return undefined;
  const begin = at + name.length;
  let end = begin;
  for (let digit = text.charCodeAt(end); digit >= 0x30 && digit <= 0x39; digit = text.charCodeAt(end)) end += 1;
  return end === begin ? undefined : Number(text.slice(begin, end));
}
