import type { ParseContext } from '@sqlwarden/core';

/**
 * What the meaning of a text depends on besides the text: server, version and the session's lexical variables.
 * MySQL Reference Manual "Server SQL Modes", "Identifier Case Sensitivity", "Connection Character Sets and Collations".
 */
export interface LexicalState {
  readonly flavour: 'mysql' | 'mariadb';
  /** `80036` for MySQL 8.0.36, `101119` for MariaDB 10.11.19. */
  readonly serverVersion: number;
  /** `"x"` is a name. */
  readonly ansiQuotes: boolean;
  /** A backslash in a string is a backslash. */
  readonly noBackslashEscapes: boolean;
  /** `||` concatenates. */
  readonly pipesAsConcat: boolean;
  /** Names of built-in functions may be followed by spaces, and are reserved. */
  readonly ignoreSpace: boolean;
  /** NOT binds as tight as `!`. */
  readonly highNotPrecedence: boolean;
  readonly lowerCaseTableNames: 0 | 1 | 2;
  /** Which characters beyond ASCII may stand in a name without quotes: by character_set_client. */
  readonly wideNames: 'all' | 'latin1' | 'none';
}

export type LexicalStateResult = { readonly ok: true; readonly state: LexicalState } | { readonly ok: false; readonly message: string };

const COMBINED_MODES: Readonly<Record<string, readonly string[]>> = {
  ANSI: ['ANSI_QUOTES', 'PIPES_AS_CONCAT', 'IGNORE_SPACE'],
  DB2: ['ANSI_QUOTES', 'PIPES_AS_CONCAT', 'IGNORE_SPACE'],
  MAXDB: ['ANSI_QUOTES', 'PIPES_AS_CONCAT', 'IGNORE_SPACE'],
  MSSQL: ['ANSI_QUOTES', 'PIPES_AS_CONCAT', 'IGNORE_SPACE'],
  POSTGRESQL: ['ANSI_QUOTES', 'PIPES_AS_CONCAT', 'IGNORE_SPACE'],
  MYSQL323: ['HIGH_NOT_PRECEDENCE'],
  MYSQL40: ['HIGH_NOT_PRECEDENCE'],
};

/** Every mode that changes nothing of how a text is read. A mode that is in neither table is not known, and the text is refused. */
const OTHER_MODES: ReadonlySet<string> = new Set([
  'ALLOW_INVALID_DATES',
  'EMPTY_STRING_IS_NULL',
  'ERROR_FOR_DIVISION_BY_ZERO',
  'NO_AUTO_CREATE_USER',
  'NO_AUTO_VALUE_ON_ZERO',
  'NO_DIR_IN_CREATE',
  'NO_ENGINE_SUBSTITUTION',
  'NO_FIELD_OPTIONS',
  'NO_KEY_OPTIONS',
  'NO_TABLE_OPTIONS',
  'NO_UNSIGNED_SUBTRACTION',
  'NO_ZERO_DATE',
  'NO_ZERO_IN_DATE',
  'ONLY_FULL_GROUP_BY',
  'PAD_CHAR_TO_FULL_LENGTH',
  'REAL_AS_FLOAT',
  'SIMULTANEOUS_ASSIGNMENT',
  'STRICT_ALL_TABLES',
  'STRICT_TRANS_TABLES',
  'TIME_ROUND_FRACTIONAL',
  'TIME_TRUNCATE_FRACTIONAL',
  'TRADITIONAL',
]);

const LEXICAL_MODES: ReadonlySet<string> = new Set([
  'ANSI_QUOTES',
  'NO_BACKSLASH_ESCAPES',
  'PIPES_AS_CONCAT',
  'IGNORE_SPACE',
  'HIGH_NOT_PRECEDENCE',
]);

type Modes = Pick<LexicalState, 'ansiQuotes' | 'noBackslashEscapes' | 'pipesAsConcat' | 'ignoreSpace' | 'highNotPrecedence'>;

/**
 * Character sets of the client in which every byte below 0x80 is that ASCII character wherever it stands. In others (gbk, sjis, …) a quote or
 * a backslash may be half of a character, so that where a string ends depends on bytes that are not here. Those that no decoder of the platform knows
 * (cp850, cp852, macce) are left out as well: the names in a text would not be those that the server reads.
 */
const SAFE_CHARSETS: Readonly<Record<string, LexicalState['wideNames']>> = {
  utf8: 'all',
  utf8mb3: 'all',
  utf8mb4: 'all',
  latin1: 'latin1',
  ascii: 'none',
  binary: 'none',
  latin2: 'none',
  latin5: 'none',
  latin7: 'none',
  cp1250: 'none',
  cp1251: 'none',
  cp1256: 'none',
  cp1257: 'none',
  cp866: 'none',
  greek: 'none',
  hebrew: 'none',
  koi8r: 'none',
  koi8u: 'none',
  macroman: 'none',
  tis620: 'none',
};

/**
 * Reads {@link ParseContext.lexical}: `flavour` (`mysql`, `mariadb`), `sql_mode` as the server shows it, `character_set_client`,
 * `lower_case_table_names`. Fails when one is missing or has a value under which texts cannot be read with certainty.
 */
export function readLexicalState(context: ParseContext): LexicalStateResult {
  const { flavour, sql_mode, character_set_client, lower_case_table_names } = context.lexical;
  if (flavour !== 'mysql' && flavour !== 'mariadb') return fail('it is not known which server this is');
  const modes = sql_mode === undefined ? undefined : readModes(sql_mode);
  if (modes === undefined) return fail('texts cannot be read with certainty in the sql_mode of this session');
  const wideNames = wideNamesOf(character_set_client);
  if (wideNames === undefined) return fail('texts cannot be read with certainty in the character set of this client: use utf8mb4');
  const lowerCaseTableNames = Number(lower_case_table_names);
  if (lowerCaseTableNames !== 0 && lowerCaseTableNames !== 1 && lowerCaseTableNames !== 2)
    return fail('lower_case_table_names is not known');
  return { ok: true, state: { flavour, serverVersion: context.serverVersion, ...modes, lowerCaseTableNames, wideNames } };
}

/** The state after `SET sql_mode = 'modes'`; `undefined` when it is not one in which texts can be read. */
export function withSqlMode(state: LexicalState, modes: string): LexicalState | undefined {
  const read = readModes(modes);
  return read === undefined ? undefined : { ...state, ...read };
}

/** The state after `SET NAMES charset`; `undefined` when it is not one in which texts can be read. */
export function withClientCharset(state: LexicalState, charset: string): LexicalState | undefined {
  const wideNames = wideNamesOf(charset);
  return wideNames === undefined ? undefined : { ...state, wideNames };
}

/** The whole text came as bytes in the character set before: what stands behind the change of it the server decodes by another one. */
export function isDecodedOtherwise(before: LexicalState, after: LexicalState): boolean {
  return before.wideNames !== after.wideNames || after.wideNames === 'none';
}

function readModes(text: string): Modes | undefined {
  const set = new Set<string>();
  for (const part of text.split(',')) {
    const mode = part.trim().toUpperCase();
    if (mode === '') continue;
    const combined = Object.hasOwn(COMBINED_MODES, mode) ? COMBINED_MODES[mode] : undefined;
    if (combined !== undefined) for (const one of combined) set.add(one);
    else if (LEXICAL_MODES.has(mode)) set.add(mode);
    else if (!OTHER_MODES.has(mode)) return undefined;
  }
  return {
    ansiQuotes: set.has('ANSI_QUOTES'),
    noBackslashEscapes: set.has('NO_BACKSLASH_ESCAPES'),
    pipesAsConcat: set.has('PIPES_AS_CONCAT'),
    ignoreSpace: set.has('IGNORE_SPACE'),
    highNotPrecedence: set.has('HIGH_NOT_PRECEDENCE'),
  };
}

function wideNamesOf(charset: string | undefined): LexicalState['wideNames'] | undefined {
  const name = charset?.toLowerCase();
  return name !== undefined && Object.hasOwn(SAFE_CHARSETS, name) ? SAFE_CHARSETS[name] : undefined;
}

function fail(message: string): LexicalStateResult {
  return { ok: false, message };
}
