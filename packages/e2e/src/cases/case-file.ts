import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DialectName } from '@sqlwarden/core';
import { parse } from 'yaml';
import type { StatementView } from './statement-view.js';

/** Cases as data: what statements mean, side by side for the dialects. The format is described in `README.md` beside the files. */

export const DIALECTS: readonly DialectName[] = ['postgres', 'mysql', 'sqlserver'];

/** One text in one dialect, and the facts that it must have. */
export interface Case {
  readonly file: string;
  readonly note: string;
  readonly dialect: DialectName;
  /** The name of a file in `schemas/`. */
  readonly schema: string;
  readonly sql: string;
  /** Lexical settings of the session by the server's names. */
  readonly lexical: Readonly<Record<string, string>>;
  /** As in `Catalogue.serverVersion`; the dialect's usual one when absent. */
  readonly version: number | undefined;
  readonly want: Want;
}

/** The text is refused for that, or its statements have these facts. */
export type Want = { readonly refused: 'syntax' | 'limit' | 'unsupported' } | { readonly statements: readonly StatementWant[] };

/** A key that is missing has its usual value, see {@link USUAL}; `routines` and `limit` are not looked at when they are missing. */
export type StatementWant = Partial<StatementView>;

const DIRECTORY = join(import.meta.dirname, '..', '..', 'src', 'cases');
const FILE_KEYS = ['schema', 'dialects', 'cases'];
const CASE_KEYS = ['note', 'dialects', 'schema', 'sql', 'lexical', 'version', 'want', 'but'];
const WANT_KEYS: readonly (keyof StatementView)[] = [
  'action',
  'also',
  'inside',
  'class',
  'reads',
  'writes',
  'out',
  'uses',
  'flows',
  'filter',
  'limit',
  'opaque',
  'routines',
  'locks',
  'elevated',
  'state',
  'settings',
  'changes',
  'cursor',
  'prepares',
  'forgets',
  'assigns',
];

/** @throws Error naming the file and the case for whatever is not as the format says. */
export function loadCases(): Case[] {
  const files = readdirSync(DIRECTORY).filter((file) => file.endsWith('.yaml'));
  const cases = files.sort().flatMap((file) => readFile(file));
  const names = new Set<string>();
  for (const { file, note, dialect } of cases) {
    const name = `${file}: ${note} (${dialect})`;
    if (names.has(name)) throw new Error(`two cases are called "${name}"`);
    names.add(name);
  }
  return cases;
}

/** The definitions of a schema. @throws Error when it is not defined for the dialect. */
export function loadSchema(name: string, dialect: DialectName): string {
  const document = record(parse(readFileSync(join(DIRECTORY, 'schemas', `${name}.yaml`), 'utf8')), name);
  onlyKeys(document, DIALECTS, `schemas/${name}`);
  return string(document[dialect], `schemas/${name}: ${dialect}`);
}

type Source = Readonly<Record<string, unknown>>;

function readFile(file: string): Case[] {
  const document = record(parse(readFileSync(join(DIRECTORY, file), 'utf8')), file);
  onlyKeys(document, FILE_KEYS, file);
  if (!Array.isArray(document['cases'])) throw new Error(`${file}: cases must be a list`);
  return document['cases'].flatMap((source: unknown) => readCase(file.replace('.yaml', ''), record(source, file), document));
}

function readCase(file: string, source: Source, document: Source): Case[] {
  const note = string(source['note'], file);
  const where = `${file}: ${note}`;
  onlyKeys(source, CASE_KEYS, where);
  const texts = readTexts(source, document, where);
  const but = source['but'] === undefined ? {} : record(source['but'], where);
  onlyKeys(but, [...texts.keys()], `${where}: but`);
  return [...texts].map(([dialect, sql]) => ({
    file,
    note,
    dialect,
    sql,
    schema: string(source['schema'] ?? document['schema'], `${where}: schema`),
    lexical: source['lexical'] === undefined ? {} : strings(record(source['lexical'], where), where),
    version: typeof source['version'] === 'number' ? source['version'] : undefined,
    want: readWant(source['want'], but[dialect], where),
  }));
}

/** One text for all the dialects of the case or the file, or one for each. */
function readTexts(source: Source, document: Source, where: string): ReadonlyMap<DialectName, string> {
  const { sql } = source;
  const listed = source['dialects'] ?? document['dialects'] ?? DIALECTS;
  if (!Array.isArray(listed)) throw new Error(`${where}: dialects must be a list`);
  const dialects = DIALECTS.filter((dialect) => listed.includes(dialect));
  if (typeof sql === 'string') return new Map(dialects.map((dialect) => [dialect, sql]));
  const texts = record(sql, `${where}: sql`);
  onlyKeys(texts, DIALECTS, `${where}: sql`);
  return new Map(DIALECTS.filter((name) => texts[name] !== undefined).map((name) => [name, string(texts[name], where)]));
}

/** `but` says what is different in one dialect: all of it for a refusal or a list, single keys for one statement. */
function readWant(want: unknown, but: unknown, where: string): Want {
  if (Array.isArray(but)) return readWant(but, undefined, where);
  if (Array.isArray(want) && but === undefined) return { statements: want.map((one) => readStatement(record(one, where), where)) };
  const difference = but === undefined ? {} : record(but, where);
  const all = difference['refused'] === undefined ? { ...(Array.isArray(want) ? {} : record(want, where)), ...difference } : difference;
  const { refused } = all;
  if (refused === undefined) return { statements: [readStatement(all, where)] };
  onlyKeys(all, ['refused'], where);
  if (refused !== 'syntax' && refused !== 'limit' && refused !== 'unsupported')
    throw new Error(`${where}: refused must be syntax, limit or unsupported`);
  return { refused };
}

function readStatement(source: Source, where: string): StatementWant {
  onlyKeys(source, WANT_KEYS, where);
  return source;
}

function record(value: unknown, where: string): Source {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${where}: expected a mapping`);
  return value as Source;
}

function string(value: unknown, where: string): string {
  if (typeof value !== 'string') throw new Error(`${where}: expected a text`);
  return value;
}

function strings(source: Source, where: string): Record<string, string> {
  return Object.fromEntries(Object.entries(source).map(([key, value]) => [key, string(value, `${where}: ${key}`)]));
}

function onlyKeys(source: Source, keys: readonly string[], where: string): void {
  const unknown = Object.keys(source).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw new Error(`${where}: unknown key "${unknown}"; there are: ${keys.join(', ')}`);
}
