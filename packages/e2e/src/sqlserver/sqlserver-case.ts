import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { AnswerItem, RecordedStep } from './recorded-answers.js';
import { IDENTITIES, type IdentityName } from '../harness/corpus-case.js';

/** Whose server a case is for, where it is for one only: a SQL Server itself, or a Babelfish. */
export type Flavour = 'sqlserver' | 'babelfish';

/**
 * How a text reaches the server: as SQLBatch; by sp_executesql; by sp_prepare and sp_execute; by sp_prepexec; by sp_cursoropen and sp_cursorfetch.
 */
export type Way = 'batch' | 'executesql' | 'prepared' | 'prepexec' | 'cursor';
export const WAYS: readonly Way[] = ['batch', 'executesql', 'prepared', 'prepexec', 'cursor'];

export type Value = string | number | null;

export interface SqlserverStep {
  /** Default: the case's own connection. */
  readonly session?: string;
  readonly as?: IdentityName;
  readonly sql?: string;
  /** An RPC of a procedure by its name. */
  readonly call?: string;
  readonly values?: Readonly<Record<string, Value>>;
  /** Parameters that come back. */
  readonly outputs?: Readonly<Record<string, Value>>;
  /** A transaction manager request. */
  readonly transaction?: 'begin' | 'commit' | 'rollback' | 'save';
  /** A bulk load into this table, with `rows` of texts for its `columns`. */
  readonly bulk?: string;
  readonly columns?: readonly string[];
  readonly rows?: readonly (readonly Value[])[];
  /** The next request resets the session, as pools ask for it. */
  readonly reset?: boolean;
}

export interface SqlserverCase {
  readonly file: string;
  readonly note: string;
  readonly as: IdentityName;
  readonly steps: readonly SqlserverStep[];
  readonly ways: readonly Way[];
  readonly on: Flavour | undefined;
  /** For each step what a SQL Server answers, as its documentation says, where a Babelfish cannot be asked. */
  readonly answer: readonly (readonly AnswerItem[] | RecordedStep)[] | undefined;
  /** Why only a server that executes statements can show it. */
  readonly needs: string | undefined;
  readonly source: Readonly<Record<string, unknown>>;
}

export interface SqlserverAttack extends SqlserverCase {
  readonly want: 'hidden' | 'refused';
  readonly direct: string | undefined;
  readonly known: string | undefined;
  readonly varies: boolean;
}

export interface SqlserverLegitimate extends SqlserverCase {
  readonly masked: readonly string[];
  readonly varies: readonly string[];
  readonly unordered: boolean;
  readonly fails: readonly number[];
}

const CASE_KEYS = ['note', 'as', 'sql', 'values', 'steps', 'ways', 'on', 'answer', 'needs'];
const STEP_KEYS = ['session', 'as', 'sql', 'call', 'values', 'outputs', 'transaction', 'bulk', 'columns', 'rows', 'reset'];
const KINDS = ['sql', 'call', 'transaction', 'bulk', 'reset'] as const;
export const corpusDirectory = join(import.meta.dirname, '..', '..', 'corpus', 'sqlserver');

/** @throws Error naming the file and the case when a key or a value is not one that there is. */
export function loadSqlserverAttacks(): SqlserverAttack[] {
  return load('attacks', ['want', 'direct', 'varies', 'known']).map((one) => {
    const { want = 'hidden', direct, known, varies } = one.source;
    if (want !== 'hidden' && want !== 'refused') throw new Error(`${one.file}: ${one.note}: want must be hidden or refused`);
    return { ...one, want, direct: textOf(direct), known: textOf(known), varies: varies === true };
  });
}

export function loadSqlserverLegitimate(): SqlserverLegitimate[] {
  return load('legitimate', ['masked', 'varies', 'unordered', 'fails']).map((one) => {
    const { masked = [], varies = [], unordered, fails = [] } = one.source;
    return { ...one, masked: masked as string[], varies: varies as string[], unordered: unordered === true, fails: fails as number[] };
  });
}

/** Text of a file of the corpora of SQL Server. */
export function sqlserverCorpus(...path: readonly string[]): string {
  return readFileSync(join(corpusDirectory, ...path), 'utf8');
}

/** What may change the database, and so costs time to put right again: says yes too often rather than too seldom. */
const WRITING =
  /\b(alter|begin|bulk|create|dbcc|delete|disable|drop|enable|exec|execute|grant|insert|into|kill|merge|rename|set|truncate|update|writetext|updatetext|sp_\w+|list_people|by_text)\b/i;

/** Whether a case may leave the database other than it found it. */
export function mayChange(one: SqlserverCase): boolean {
  return one.steps.some(({ sql = '', call, bulk, transaction }) => WRITING.test(sql) || (call ?? bulk ?? transaction) !== undefined);
}

/** Whether later steps may depend on what this text or call has changed. */
export function stepMayChange({ steps }: SqlserverCase, step: number): boolean {
  const { sql = '', call } = steps[step] ?? {};
  return WRITING.test(sql) || call !== undefined;
}

/**
 * The ways, of these, that cases are run in: the first of each, and of those that change nothing one more, which is another one from case to case; all of
 * them where `SQLWARDEN_CORPUS` is `whole`.
 */
export function runsOf<Case extends SqlserverCase>(
  cases: readonly Case[],
  able: readonly Way[],
): (readonly [name: string, one: Case, way: Way])[] {
  const whole = process.env['SQLWARDEN_CORPUS'] === 'whole';
  return cases.flatMap((one, index) => {
    const [first, ...others] = one.ways.filter((way) => able.includes(way));
    const other = mayChange(one) ? undefined : others[index % others.length];
    const taken = whole ? [first, ...others] : [first, other];
    return taken.flatMap((way) => (way === undefined ? [] : [[`${one.file}: ${one.note} (${way})`, one, way] as const]));
  });
}

/** Replaces `{{name}}`. */
export function filled(text: string, fill: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{([a-z.]+)\}\}/g, (_, name: string) => {
    const value = fill[name];
    if (value === undefined) throw new Error(`there is no {{${name}}} to fill in`);
    return value;
  });
}

function load(folder: string, keys: readonly string[]): SqlserverCase[] {
  const files = readdirSync(join(corpusDirectory, folder)).filter((file) => file.endsWith('.yaml'));
  const cases = files.sort().flatMap((file) => {
    const text = sqlserverCorpus(folder, file);
    const cut = /^\s*(?:- )*\{?\s*sql: [^'"|>\s].* #.*$/m.exec(text)?.[0];
    if (cut !== undefined) throw new Error(`${file}: quote what has a # in it, which begins a comment of YAML: ${cut.trim()}`);
    const document: unknown = parse(text);
    if (!Array.isArray(document)) throw new Error(`${file} must be a list of cases`);
    return document.map((source: Readonly<Record<string, unknown>>) => readCase(file.replace('.yaml', ''), source, keys));
  });
  const names = cases.map(({ file, note }) => `${file}: ${note}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two cases are called "${twice}"`);
  return cases;
}

function readCase(file: string, source: Readonly<Record<string, unknown>>, keys: readonly string[]): SqlserverCase {
  const { note, as = 'app', steps, ways, on, answer, needs } = source;
  const where = `${file}: ${String(note)}`;
  if (typeof note !== 'string') throw new Error(`${file}: a case has no note`);
  rejectUnknown(source, [...CASE_KEYS, ...keys], where);
  if (on !== undefined && on !== 'sqlserver' && on !== 'babelfish') throw new Error(`${where}: there is no server ${JSON.stringify(on)}`);
  if (typeof as !== 'string' || !(as in IDENTITIES)) throw new Error(`${where}: there is no identity ${String(as)}`);
  const { sql, values } = source;
  const only = { ...(sql === undefined ? {} : { sql }), ...(values === undefined ? {} : { values }) };
  const all = (Array.isArray(steps) ? steps : [only]) as SqlserverStep[];
  for (const step of all) {
    rejectUnknown(step, STEP_KEYS, where);
    if (KINDS.filter((kind) => step[kind] !== undefined).length !== 1)
      throw new Error(`${where}: give one of ${KINDS.join(', ')} in each step`);
  }
  if (answer !== undefined && (!Array.isArray(answer) || answer.length !== all.length))
    throw new Error(`${where}: give an answer to each step`);
  return {
    file,
    note,
    as: as as IdentityName,
    steps: all,
    ways: waysOf(ways, all, where),
    on,
    answer: answer as SqlserverCase['answer'],
    needs: textOf(needs),
    source,
  };
}

/** One SELECT alone can be sent in every way; texts with values not as a batch; what is left in a session by a call is gone at its end. */
function waysOf(given: unknown, steps: readonly SqlserverStep[], where: string): readonly Way[] {
  if (given === undefined) {
    if (steps.length > 1) return ['batch', 'executesql'];
    const [{ sql = '', values } = {}] = steps;
    const able = /^\s*(select|with)\b/i.test(sql) && !sql.includes(';') ? WAYS : WAYS.filter((way) => way !== 'cursor');
    return values === undefined ? able : able.filter((way) => way !== 'batch');
  }
  if (Array.isArray(given) && given.every((way): way is Way => WAYS.includes(way as Way))) return given;
  throw new Error(`${where}: ways must be some of ${WAYS.join(', ')}`);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function rejectUnknown(source: object, keys: readonly string[], where: string): void {
  const unknown = Object.keys(source).filter((key) => !keys.includes(key));
  if (unknown.length > 0) throw new Error(`${where}: unknown keys ${unknown.join(', ')}`);
}
