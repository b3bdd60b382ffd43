import type { AdmittedStatement } from '@sqlwarden/core';

/** What a client asks to end ("KILL Statement"). */
export interface KillRequest {
  readonly id: number;
  readonly scope: 'query' | 'connection';
}

const WORD = /\bkill\b/i;
const KILL = /^kill\s+(?:(?:hard|soft)\s+)?(?:(?<scope>connection|query)\s+)?(?<id>\d{1,15})$/i;

/**
 * The KILL that a unit is; `'unclear'` when there may be one in it that cannot be read. No KILL goes to the server as it came: sessions of
 * others run under the same account.
 */
export function killIn(text: string, statements: readonly AdmittedStatement[]): KillRequest | 'unclear' | undefined {
  if (!mayKill(statements) || !WORD.test(text)) return undefined;
  const groups = KILL.exec(bareOf(text))?.groups;
  if (groups !== undefined) return { id: Number(groups['id']), scope: groups['scope']?.toLowerCase() === 'query' ? 'query' : 'connection' };
  return statements.every(({ action }) => DEFINES.has(action)) && !ROUTINE.test(text) ? undefined : 'unclear';
}

/** KILL itself, and what may run one that stands in its text, now or later. */
const MAY_KILL: ReadonlySet<string> = new Set(['maintain', 'execute', 'prepare', 'unknown', 'create', 'alter', 'control', 'do']);
/** Of these only routines, triggers and events have statements in them. */
const DEFINES: ReadonlySet<string> = new Set(['create', 'alter']);
const ROUTINE = /\b(?:procedure|function|trigger|event|package)\b/i;

function mayKill(statements: readonly AdmittedStatement[]): boolean {
  for (const { action } of statements) if (MAY_KILL.has(action)) return true;
  return false;
}

/** Without a leading and a trailing comment, which clients and instrumentation add. */
function bareOf(text: string): string {
  let bare = text.trim();
  if (bare.startsWith('/*') && !/^\/\*M?!/.test(bare)) {
    const end = bare.indexOf('*/');
    bare = end < 0 ? bare : bare.slice(end + 2).trim();
  }
  if (bare.endsWith('*/')) {
    const start = bare.lastIndexOf('/*');
    bare = start < 0 || /^\/\*M?!/.test(bare.slice(start)) ? bare : bare.slice(0, start).trim();
  }
  return bare.endsWith(';') ? bare.slice(0, -1).trim() : bare;
}
