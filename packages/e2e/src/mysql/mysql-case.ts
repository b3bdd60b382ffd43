import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { IDENTITIES, type IdentityName } from '../harness/corpus-case.js';

/** Whose server a case is for, where it is for one only. */
export type Flavour = 'mariadb' | 'mysql';

/** As COM_QUERY, or by COM_STMT_PREPARE and COM_STMT_EXECUTE. */
export type Way = 'text' | 'prepared';

export interface MysqlStep {
  /** Default: the case's own connection. */
  readonly session?: string;
  readonly as?: IdentityName;
  readonly sql?: string;
  /** The statement's bytes in hexadecimal digits, where a text cannot say them. */
  readonly hex?: string;
  readonly values?: readonly (string | number | null)[];
  readonly attributes?: Readonly<Record<string, string>>;
  /** The prepared statement is kept under this name; with `prepare` it is not run yet. */
  readonly name?: string;
  readonly prepare?: boolean;
  /** Runs what was prepared under this name. */
  readonly run?: string;
  /** Rows for each COM_STMT_FETCH. */
  readonly cursor?: number;
  /** COM_INIT_DB with this database. */
  readonly init?: string;
  /** COM_FIELD_LIST of this table. */
  readonly fields?: string;
  /** Any other command, as bytes in hexadecimal digits. */
  readonly bytes?: string;
}

export interface MysqlCase {
  readonly file: string;
  readonly note: string;
  readonly as: IdentityName;
  readonly steps: readonly MysqlStep[];
  readonly ways: readonly Way[];
  readonly on: Flavour | undefined;
  readonly source: Readonly<Record<string, unknown>>;
}

export interface MysqlAttack extends MysqlCase {
  readonly want: 'hidden' | 'refused';
  readonly direct: string | undefined;
  readonly known: string | undefined;
  readonly varies: boolean;
}

export interface MysqlLegitimate extends MysqlCase {
  readonly masked: readonly string[];
  readonly varies: readonly string[];
  readonly unordered: boolean;
  readonly fails: readonly number[];
}

const CASE_KEYS = ['note', 'as', 'sql', 'hex', 'values', 'steps', 'protocol', 'on'];
const STEP_KEYS = ['session', 'as', 'sql', 'hex', 'values', 'attributes', 'name', 'prepare', 'run', 'cursor', 'init', 'fields', 'bytes'];
const KINDS = ['sql', 'hex', 'run', 'init', 'fields', 'bytes'] as const;
const corpusDirectory = join(import.meta.dirname, '..', '..', 'corpus', 'mysql');

/** @throws Error naming the file and the case when a key or a value is not one that there is. */
export function loadMysqlAttacks(): MysqlAttack[] {
  return load('attacks', ['want', 'direct', 'varies', 'known']).map((one) => {
    const { want = 'hidden', direct, known, varies } = one.source;
    if (want !== 'hidden' && want !== 'refused') throw new Error(`${one.file}: ${one.note}: want must be hidden or refused`);
    return { ...one, want, direct: textOf(direct), known: textOf(known), varies: varies === true };
  });
}

export function loadMysqlLegitimate(): MysqlLegitimate[] {
  return load('legitimate', ['masked', 'varies', 'unordered', 'fails']).map((one) => {
    const { masked = [], varies = [], unordered, fails = [] } = one.source;
    return { ...one, masked: masked as string[], varies: varies as string[], unordered: unordered === true, fails: fails as number[] };
  });
}

/** Text of a file of the corpora of MySQL. */
export function mysqlCorpus(...path: readonly string[]): string {
  return readFileSync(join(corpusDirectory, ...path), 'utf8');
}

/** What may change the database, and so costs time to put right again: says yes too often rather than too seldom. */
const WRITING =
  /\b(alter|analyze|begin|call|create|delete|do|drop|execute|flush|for|grant|insert|install|load|prepare|rename|replace|truncate|update|xa)\b/i;

/** Whether a case may leave the database other than it found it. */
export function mayChange(one: MysqlCase): boolean {
  return one.steps.some(({ sql = '' }) => WRITING.test(sql));
}

/** Every way that a case asks for; of what may change the database only the first, unless `SQLWARDEN_CORPUS` is `whole`. */
export function runsOf<Case extends MysqlCase>(cases: readonly Case[]): (readonly [name: string, one: Case, way: Way])[] {
  const whole = process.env['SQLWARDEN_CORPUS'] === 'whole';
  return cases.flatMap((one) => {
    const ways = whole || !mayChange(one) ? one.ways : one.ways.slice(0, 1);
    return ways.map((way) => [`${one.file}: ${one.note} (${way})`, one, way] as const);
  });
}

function load(folder: string, keys: readonly string[]): MysqlCase[] {
  const files = readdirSync(join(corpusDirectory, folder)).filter((file) => file.endsWith('.yaml'));
  const cases = files.sort().flatMap((file) => {
    const document: unknown = parse(mysqlCorpus(folder, file));
    if (!Array.isArray(document)) throw new Error(`${file} must be a list of cases`);
    return document.map((source: Readonly<Record<string, unknown>>) => readCase(file.replace('.yaml', ''), source, keys));
  });
  const names = cases.map(({ file, note }) => `${file}: ${note}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two cases are called "${twice}"`);
  return cases;
}

function readCase(file: string, source: Readonly<Record<string, unknown>>, keys: readonly string[]): MysqlCase {
  const { note, as = 'app', steps, protocol, on } = source;
  const where = `${file}: ${String(note)}`;
  if (typeof note !== 'string') throw new Error(`${file}: a case has no note`);
  rejectUnknown(source, [...CASE_KEYS, ...keys], where);
  if (on !== undefined && on !== 'mariadb' && on !== 'mysql') throw new Error(`${where}: there is no server ${JSON.stringify(on)}`);
  if (typeof as !== 'string' || !(as in IDENTITIES)) throw new Error(`${where}: there is no identity ${String(as)}`);
  const { sql, hex, values } = source;
  const only = {
    ...(sql === undefined ? {} : { sql }),
    ...(hex === undefined ? {} : { hex }),
    ...(values === undefined ? {} : { values }),
  };
  const all = (Array.isArray(steps) ? steps : [only]) as MysqlStep[];
  for (const step of all) {
    rejectUnknown(step, STEP_KEYS, where);
    if (KINDS.filter((kind) => step[kind] !== undefined).length !== 1)
      throw new Error(`${where}: give one of ${KINDS.join(', ')} in each step`);
  }
  return { file, note, as: as as IdentityName, steps: all, ways: waysOf(protocol, where), on, source };
}

function waysOf(protocol: unknown, where: string): readonly Way[] {
  if (protocol === undefined) return ['text', 'prepared'];
  if (protocol === 'text' || protocol === 'prepared') return [protocol];
  throw new Error(`${where}: protocol must be text or prepared`);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function rejectUnknown(source: object, keys: readonly string[], where: string): void {
  const unknown = Object.keys(source).filter((key) => !keys.includes(key));
  if (unknown.length > 0) throw new Error(`${where}: unknown keys ${unknown.join(', ')}`);
}
