import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** What both corpora have in common: statements as one client sends them, in order. */
export interface CorpusCase {
  readonly file: string;
  readonly note: string;
  readonly as: IdentityName;
  readonly steps: readonly Step[];
  readonly protocols: readonly Protocol[];
  readonly formats: readonly Format[];
}

export const IDENTITIES = { app: ['app'], owner: ['app', 'privacy'] } as const satisfies Record<string, readonly string[]>;
export type IdentityName = keyof typeof IDENTITIES;
export type Protocol = 'simple' | 'extended';
export type Format = 'text' | 'binary';

export interface Step {
  /** Default: the case's own connection. */
  readonly session?: string;
  readonly as?: IdentityName;
  readonly sql?: string;
  readonly values?: readonly (string | null)[];
  /** Sent when the server asks for COPY data. */
  readonly copy?: string;
  /** Extended: the prepared statement's name; it stays. */
  readonly name?: string;
  readonly portal?: string;
  /** Extended: runs what was prepared under this name. `false`: executes a portal that is already there. */
  readonly run?: string | false;
  /** Extended: rows for each Execute; it is executed until there are no more, unless `keep`. */
  readonly rows?: number;
  readonly fetch?: number;
  readonly keep?: boolean;
}

export interface AttackCase extends CorpusCase {
  /** `hidden`: nothing protected reaches the client; refusing and masking are both fine. */
  readonly want: 'hidden' | 'refused';
  /** Why the attack gives nothing away even without the gateway; without this it must. */
  readonly direct: string | true | undefined;
  /** Not defended against, and why. */
  readonly known: string | undefined;
  /** What the client is told differs from run to run by itself. */
  readonly varies: boolean;
}

export interface LegitimateCase extends CorpusCase {
  /** Names of the output columns that come masked; all others come as they are without the gateway. */
  readonly masked: readonly string[];
  /** Names of the output columns that differ from run to run by themselves (transaction ids, clocks). */
  readonly varies: readonly string[];
  /** The order of rows is not determined. */
  readonly unordered: boolean;
  /** Steps (from 0) that fail without the gateway too. */
  readonly fails: readonly number[];
}

const CASE_KEYS = ['note', 'as', 'sql', 'values', 'copy', 'steps', 'protocol', 'format'];
const ATTACK_KEYS = [...CASE_KEYS, 'want', 'direct', 'varies', 'known'];
const LEGITIMATE_KEYS = [...CASE_KEYS, 'masked', 'varies', 'unordered', 'fails'];
const STEP_KEYS = ['session', 'as', 'sql', 'values', 'copy', 'name', 'portal', 'run', 'rows', 'fetch', 'keep'];
const corpusDirectory = join(import.meta.dirname, '..', '..', 'corpus');

/** @throws Error naming the file and the case when a key or a value is not one that there is. */
export function loadAttacks(): AttackCase[] {
  return load('attacks', ATTACK_KEYS).map(({ source, shared }) => ({
    ...shared,
    want: oneOf(source['want'] ?? 'hidden', ['hidden', 'refused'], shared, 'want'),
    direct: direct(source['direct'], shared),
    varies: source['varies'] === true,
    known: typeof source['known'] === 'string' ? source['known'] : undefined,
  }));
}

/** @param folder of the corpora. */
export function loadLegitimate(folder = 'legitimate'): LegitimateCase[] {
  return load(folder, LEGITIMATE_KEYS).map(({ source, shared }) => ({
    ...shared,
    masked: strings(source['masked'], shared, 'masked'),
    varies: strings(source['varies'], shared, 'varies'),
    unordered: source['unordered'] === true,
    fails: Array.isArray(source['fails']) ? source['fails'].map(Number) : [],
  }));
}

/** Text of a policy file of the corpora. */
export function corpusPolicy(name: 'masks' | 'constant'): string {
  return readFileSync(join(corpusDirectory, 'policy', `${name}.yaml`), 'utf8');
}

type Source = Readonly<Record<string, unknown>>;
interface Loaded {
  readonly source: Source;
  readonly shared: CorpusCase;
}

function load(folder: string, keys: readonly string[]): Loaded[] {
  const files = readdirSync(join(corpusDirectory, folder)).filter((file) => file.endsWith('.yaml'));
  const cases = files.sort().flatMap((file) => {
    const document: unknown = parse(readFileSync(join(corpusDirectory, folder, file), 'utf8'));
    if (!Array.isArray(document)) throw new Error(`${file} must be a list of cases`);
    return document.map((source: unknown) => readCase(file.replace('.yaml', ''), record(source, file), keys));
  });
  const names = cases.map(({ shared }) => `${shared.file}: ${shared.note}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two cases are called "${twice}"`);
  return cases;
}

function readCase(file: string, source: Source, keys: readonly string[]): Loaded {
  const where = `${file}: ${String(source['note'])}`;
  if (typeof source['note'] !== 'string') throw new Error(`${file}: a case has no note`);
  rejectUnknown(source, keys, where);
  if ((source['sql'] === undefined) === (source['steps'] === undefined)) throw new Error(`${where}: give either sql or steps`);
  const { sql, values, copy } = source;
  const only = {
    ...(sql === undefined ? {} : { sql }),
    ...(values === undefined ? {} : { values }),
    ...(copy === undefined ? {} : { copy }),
  };
  const steps = Array.isArray(source['steps']) ? source['steps'] : [only];
  const shared: CorpusCase = {
    file,
    note: source['note'],
    as: identity(source['as'] ?? 'app', where),
    steps: steps.map((step: unknown) => readStep(record(step, where), where)),
    protocols: either(source['protocol'], ['simple', 'extended'] as const, where),
    formats: either(source['format'], ['text', 'binary'] as const, where),
  };
  return { source, shared };
}

function readStep(source: Source, where: string): Step {
  rejectUnknown(source, STEP_KEYS, where);
  if (source['sql'] === undefined && source['run'] === undefined) throw new Error(`${where}: a step has neither sql nor run`);
  if (source['sql'] !== undefined && typeof source['sql'] !== 'string') throw new Error(`${where}: sql must be a text`);
  if (source['as'] !== undefined) identity(source['as'], where);
  return source;
}

function either<const Value extends string>(value: unknown, all: readonly Value[], where: string): readonly Value[] {
  if (value === undefined || value === 'both') return all;
  const found = all.find((one) => one === value);
  if (found === undefined) throw new Error(`${where}: ${JSON.stringify(value)} is not one of ${all.join(', ')}, both`);
  return [found];
}

function identity(value: unknown, where: string): IdentityName {
  if (typeof value === 'string' && value in IDENTITIES) return value as IdentityName;
  throw new Error(`${where}: there is no identity ${String(value)}`);
}

function oneOf<const Value extends string>(value: unknown, all: readonly Value[], { file, note }: CorpusCase, key: string): Value {
  const found = all.find((one) => one === value);
  if (found === undefined) throw new Error(`${file}: ${note}: ${key} must be one of ${all.join(', ')}`);
  return found;
}

function direct(value: unknown, { file, note }: CorpusCase): string | true | undefined {
  if (value === undefined || value === true || typeof value === 'string') return value;
  throw new Error(`${file}: ${note}: direct must say why nothing leaks`);
}

function strings(value: unknown, { file, note }: CorpusCase, key: string): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((one): one is string => typeof one === 'string')) return value;
  throw new Error(`${file}: ${note}: ${key} must be a list of names`);
}

function record(value: unknown, where: string): Source {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Source;
  throw new Error(`${where}: a case or step must be a mapping`);
}

function rejectUnknown(source: Source, keys: readonly string[], where: string): void {
  const unknown = Object.keys(source).filter((key) => !keys.includes(key));
  if (unknown.length > 0) throw new Error(`${where}: unknown keys ${unknown.join(', ')}`);
}
