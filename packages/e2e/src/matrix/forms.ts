import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { MATRIX_DIRECTORY } from './site.js';
import { ROWS, type Family, type Subject } from './subjects.js';

/**
 * One way to get at protected values, for a protected column of any type. `query`: one statement that gives rows and can stand wherever a query
 * can; it runs in every mode. `statement`: one that cannot. `steps`: several in order, on one connection or more.
 */
export interface Form {
  readonly file: string;
  readonly note: string;
  readonly kind: 'query' | 'statement' | 'steps';
  readonly steps: readonly FormStep[];
  readonly subjects: readonly Subject[];
  /** Why it gives nothing away even without the gateway; without this it must, for some subject. */
  readonly direct: string | undefined;
  /** Why answers differ from run to run by themselves, so that worlds are not compared. */
  readonly varies: string | undefined;
  /** Not defended against, and why. */
  readonly known: string | undefined;
  /** Runs outside a transaction block; what it changes is taken back by these statements of the superuser. */
  readonly undo: readonly string[] | undefined;
  /** Where it is from, when somebody published it. */
  readonly source: string | undefined;
}

export interface FormStep {
  readonly sql: string;
  readonly values?: readonly (string | null)[];
  /** Another connection; `owner`: of somebody for whom nothing is masked, whose replies nobody looks at. */
  readonly session?: string;
  /** Sent when the server asks for COPY data. */
  readonly copy?: string;
}

const FORM_KEYS = ['note', 'query', 'statement', 'steps', 'values', 'on', 'not', 'direct', 'varies', 'known', 'undo', 'source'];
const STEP_KEYS = ['sql', 'values', 'session', 'copy'];

/** @throws Error naming the file and the form when a key or a value is not one that there is. */
export function loadForms(subjects: readonly Subject[]): Form[] {
  const directory = join(MATRIX_DIRECTORY, 'forms');
  const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'));
  const forms = files.sort().flatMap((file) => {
    const document: unknown = parse(readFileSync(join(directory, file), 'utf8'));
    if (!Array.isArray(document)) throw new Error(`${file} must be a list of forms`);
    return document.map((source: unknown) => readForm(file.replace('.yaml', ''), mapping(source, file), subjects));
  });
  const names = forms.map(({ file, note }) => `${file}: ${note}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two forms are called "${twice}"`);
  return forms;
}

/** A form's text for one subject: `$table`, `$col`, `$text` (the column as text), `$type`, `$name` (in names of its relations), `$rows`. */
export function forSubject(text: string, { name, type }: Subject): string {
  const fill: Record<string, string> = { table: `t_${name}`, col: 'val', text: 'val::text', type, name, rows: String(ROWS) };
  return text.replaceAll(/\$(table|col|text|type|name|rows)(?![a-z])/g, (_, key: string) => fill[key] ?? '');
}

type Source = Readonly<Record<string, unknown>>;

function readForm(file: string, source: Source, subjects: readonly Subject[]): Form {
  const where = `${file}: ${String(source['note'])}`;
  if (typeof source['note'] !== 'string') throw new Error(`${file}: a form has no note`);
  rejectUnknown(source, FORM_KEYS, where);
  const kinds = (['query', 'statement', 'steps'] as const).filter((kind) => source[kind] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) throw new Error(`${where}: give one of query, statement and steps`);
  const one = { sql: source[kind], ...(source['values'] === undefined ? {} : { values: source['values'] }) };
  const steps = kind === 'steps' ? list(source['steps'], where) : [one];
  return {
    file,
    note: source['note'],
    kind,
    steps: steps.map((step) => readStep(step, where)),
    subjects: chosen(source, subjects, where),
    direct: maybeText(source['direct'], where),
    varies: maybeText(source['varies'], where),
    known: maybeText(source['known'], where),
    undo: source['undo'] === undefined ? undefined : list(source['undo'], where).map(String),
    source: maybeText(source['source'], where),
  };
}

function readStep(step: unknown, where: string): FormStep {
  const source = typeof step === 'string' ? { sql: step } : mapping(step, where);
  rejectUnknown(source, STEP_KEYS, where);
  const { sql, values } = source;
  if (typeof sql !== 'string') throw new Error(`${where}: sql must be a text`);
  if (values !== undefined && !Array.isArray(values)) throw new Error(`${where}: values must be a list`);
  return { ...source, sql };
}

/** `on` and `not` name families, or subjects by their names. */
function chosen(source: Source, subjects: readonly Subject[], where: string): Subject[] {
  const named = (key: 'on' | 'not'): ((subject: Subject) => boolean) | undefined => {
    const names = source[key] === undefined ? undefined : list(source[key], where).map(String);
    return names === undefined ? undefined : ({ name, family }) => names.includes(name) || names.includes(family satisfies Family);
  };
  const [on, not] = [named('on'), named('not')];
  return subjects.filter((subject) => (on?.(subject) ?? true) && !(not?.(subject) ?? false));
}

function list(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${where}: ${JSON.stringify(value)} must be a list`);
}

function maybeText(value: unknown, where: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new Error(`${where}: ${JSON.stringify(value)} must be a text`);
}

function mapping(value: unknown, where: string): Source {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Source;
  throw new Error(`${where}: a form or step must be a mapping`);
}

function rejectUnknown(source: Source, keys: readonly string[], where: string): void {
  const unknown = Object.keys(source).filter((key) => !keys.includes(key));
  if (unknown.length > 0) throw new Error(`${where}: unknown keys ${unknown.join(', ')}`);
}
