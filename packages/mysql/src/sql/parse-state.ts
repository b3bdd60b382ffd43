import type { SessionSetting, Statement } from '@sqlwarden/core';
import { type LexicalState, withClientCharset, withSqlMode } from './lexical-state.js';

/**
 * The servers read a text statement by statement: `SET sql_mode = 'ANSI_QUOTES'; SELECT "a"` reads the column. Routines need no care, as the
 * server gives back sql_mode and character set when they end (MySQL Reference Manual, "CREATE PROCEDURE and CREATE FUNCTION Statements").
 */

/** The state in which what stands behind the statement is read; `undefined` when it is not known. */
export function stateAfter(statement: Statement, state: LexicalState): LexicalState | undefined {
  switch (statement.kind) {
    case 'setting':
      return afterSetting(statement, state);
    case 'sequence':
      return statement.statements.reduce<LexicalState | undefined>((known, inner) => known && stateAfter(inner, known), state);
    case 'block':
      return keepsAll([...statement.statements, ...statement.handlers], state);
    case 'loop':
      return keepsAll(statement.statements, state);
    case 'if':
      return keepsAll(
        statement.branches.flatMap((branch) => branch.statements),
        state,
      );
    case 'dynamic':
      return statement.statements === undefined ? undefined : keepsAll(statement.statements, state);
    case 'execute':
    case 'opaque':
      return undefined;
    default:
      return state;
  }
}

function keepsAll(statements: readonly Statement[], state: LexicalState): LexicalState | undefined {
  return statements.every((statement) => stateAfter(statement, state) === state) ? state : undefined;
}

function afterSetting(setting: SessionSetting, state: LexicalState): LexicalState | undefined {
  if (setting.operation === 'show' || setting.scope !== 'session') return state;
  const value = setting.values === 'default' ? undefined : setting.values?.[0];
  switch (setting.name) {
    case 'sql_mode':
      return value === undefined ? undefined : withSqlMode(state, value);
    case 'names':
    case 'character set':
    case 'character_set_client':
      return value === undefined ? undefined : withClientCharset(state, value);
    default:
      return state;
  }
}

/** Why no text could be read behind a SET of the session: it is refused by itself, rather than everything after it. */
export function unreadAfter(statement: Statement, state: LexicalState): string | undefined {
  if (statement.kind === 'sequence') {
    for (const inner of statement.statements) {
      const why = unreadAfter(inner, state);
      if (why !== undefined) return why;
    }
    return undefined;
  }
  if (statement.kind !== 'setting' || statement.scope !== 'session' || statement.values === 'default') return undefined;
  const value = statement.values?.[0];
  // What only the server knows (a number, a variable) shows in the state that it is asked for.
  if (value === undefined || /^\d+$/.test(value) || afterSetting(statement, state) !== undefined) return undefined;
  if (statement.name === 'sql_mode') return 'texts cannot be read with certainty in this sql_mode: leave out what is not of MySQL itself';
  return 'texts cannot be read with certainty in this character set of the client: use utf8mb4';
}

/** The text means the same under every sql_mode and character set: it has none of the characters and words that they are about. */
export function isPlainText(text: string): boolean {
  return /^[\w\s;,.()*=<>@'`+/#?:$-]*$/.test(text) && !/\bnot\b|\w\s+\(/i.test(text);
}

/** Every character set of a client says the same of the text. */
export function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /^[\0-\x7f]*$/.test(text);
}
