import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DialectName } from '@sqlwarden/core';

/** Collections of SQL that nobody here wrote, as JSON lines in the folder that SQLWARDEN_CORPORA names. None of it is part of the project. */

export const CORPUS_DIALECTS = {
  'pg-app': 'postgres',
  'pg-regress': 'postgres',
  'mysql-app': 'mysql',
  'mysql-mariadb': 'mysql',
  'tsql-app': 'sqlserver',
  'tsql-babelfish': 'sqlserver',
  'tsql-scriptdom': 'sqlserver',
  'tsql-sdstmt': 'sqlserver',
} as const satisfies Record<string, DialectName>;

export type CorpusName = keyof typeof CORPUS_DIALECTS;
export const CORPUS_NAMES = Object.keys(CORPUS_DIALECTS) as readonly CorpusName[];

export interface CorpusEntry {
  /** Unique within its corpus: `<file>:<number>`. */
  readonly id: string;
  readonly sql: string;
  /** Where it was collected: `<owner>/<repository>@<commit>:<path>`. */
  readonly source: string;
  /** What a real parser or server said, by its name: 1 accepted, 0 refused. Empty where none was asked. */
  readonly truth: Readonly<Record<string, unknown>>;
}

export interface Corpus {
  readonly name: CorpusName;
  readonly dialect: DialectName;
  readonly entries: readonly CorpusEntry[];
}

/** Something that a command needs is not there; its message says what to do. */
export class MissingInputError extends Error {}

/**
 * Reads the corpora of these names from the folder in SQLWARDEN_CORPORA.
 *
 * @throws MissingInputError when the variable is not set or a file is missing; SyntaxError for a line that is not an entry.
 */
export function readCorpora(names: readonly CorpusName[] = CORPUS_NAMES): readonly Corpus[] {
  const folder = process.env['SQLWARDEN_CORPORA'];
  if (folder === undefined || folder === '') {
    throw new MissingInputError(
      'set SQLWARDEN_CORPORA to the folder with the corpora (pg-app.jsonl and the like); see docs/measurements.md',
    );
  }
  return names.map((name) => {
    const file = join(folder, `${name}.jsonl`);
    if (!existsSync(file)) throw new MissingInputError(`${file} is not there; see docs/measurements.md for the corpora`);
    return { name, dialect: CORPUS_DIALECTS[name], entries: parseEntries(readFileSync(file, 'utf8'), file) };
  });
}

/** Entries of a file of JSON lines, in its order. */
export function parseEntries(text: string, file: string): readonly CorpusEntry[] {
  return text
    .split('\n')
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, number }) => {
      const entry: unknown = JSON.parse(line);
      if (!isEntry(entry)) throw new SyntaxError(`line ${number} of ${file} has no id and sql`);
      return { id: entry.id, sql: entry.sql, source: entry.source ?? '', truth: entry.truth ?? {} };
    });
}

interface Line {
  readonly id: string;
  readonly sql: string;
  readonly source?: string;
  readonly truth?: Readonly<Record<string, unknown>>;
}

function isEntry(value: unknown): value is Line {
  if (typeof value !== 'object' || value === null) return false;
  const { id, sql, source, truth } = value as Readonly<Record<string, unknown>>;
  const isOptional = (field: unknown, type: 'string' | 'object'): boolean =>
    field === undefined || (typeof field === type && field !== null);
  return typeof id === 'string' && typeof sql === 'string' && isOptional(source, 'string') && isOptional(truth, 'object');
}

/** The file that an entry comes from: its id without the number. */
export function fileOf(entry: CorpusEntry): string {
  return entry.id.slice(0, entry.id.lastIndexOf(':'));
}
