import { parseArgs } from 'node:util';
import { type PostgresMajor, postgresMajors } from '@sqlwarden/testkit';
import { type BenchCase, CASES } from './cases.js';
import { PATH_NAMES, type PathName } from './paths.js';

export interface BenchOptions {
  readonly cases: readonly BenchCase[];
  readonly paths: readonly PathName[];
  /** In place of each case's own. */
  readonly clients: readonly number[] | undefined;
  readonly seconds: number;
  readonly rounds: number;
  /** Seconds before the first round. */
  readonly warmUp: number;
  readonly workers: number;
  readonly scale: number;
  readonly rows: number;
  readonly major: PostgresMajor;
  readonly json: string | undefined;
  readonly plot: string | undefined;
  readonly profile: boolean;
}

/** Options that make no sense; the message says which. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

export const USAGE = `usage: npm run bench -- postgres [options]

  --cases <a,b>     cases whose names begin so (default: all): ${CASES.map(({ name }) => name).join(', ')}
  --paths <a,b>     of ${PATH_NAMES.join(', ')} (default: all)
  --clients <a,b>   numbers of clients, in place of each case's own
  --seconds <n>     of each measurement (default 5)
  --rounds <n>      measurements of each case on each path (default 3)
  --warm-up <n>     seconds of each case on each path before the first round (default 1; 0: none)
  --workers <n>     worker processes of sqlwarden (default 1)
  --scale <n>       pgbench's scale factor (default 10)
  --rows <n>        rows of the bulk reads (default 100000)
  --major <n>       of PostgreSQL: ${postgresMajors.join(', ')} (default 18)
  --json <file>     write everything that was measured
  --plot <file>     draw throughput beside direct, as SVG
  --profile         run each case once on each path of sqlwarden under the CPU profiler, and print where the time goes`;

/** @throws OptionError */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parse(args);
  return {
    cases: casesOf(values.cases),
    paths: pathsOf(values.paths),
    clients: values.clients === undefined ? undefined : list(values.clients).map((text) => whole(text, 'clients')),
    seconds: whole(values.seconds ?? '5', 'seconds'),
    rounds: whole(values.rounds ?? '3', 'rounds'),
    warmUp: values['warm-up'] === '0' ? 0 : whole(values['warm-up'] ?? '1', 'warm-up'),
    workers: whole(values.workers ?? '1', 'workers'),
    scale: whole(values.scale ?? '10', 'scale'),
    rows: whole(values.rows ?? '100000', 'rows'),
    major: majorOf(values.major ?? '18'),
    json: values.json,
    plot: values.plot,
    profile: values.profile === true,
  };
}

const TEXT_OPTIONS = [
  'cases',
  'paths',
  'clients',
  'seconds',
  'rounds',
  'warm-up',
  'workers',
  'scale',
  'rows',
  'major',
  'json',
  'plot',
] as const;
type TextOption = (typeof TEXT_OPTIONS)[number];
type Values = Partial<Record<TextOption, string>> & { readonly profile?: boolean };

function parse(args: readonly string[]): { values: Values } {
  const text = Object.fromEntries(TEXT_OPTIONS.map((name) => [name, { type: 'string' }])) as Record<TextOption, { type: 'string' }>;
  try {
    return parseArgs({ args: [...args], options: { ...text, profile: { type: 'boolean' } } });
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

function list(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}

function casesOf(text: string | undefined): readonly BenchCase[] {
  if (text === undefined) return CASES;
  const prefixes = list(text);
  const unknown = prefixes.find((prefix) => !CASES.some(({ name }) => name.startsWith(prefix)));
  if (unknown !== undefined) throw new OptionError(`no case begins with ${unknown}`);
  return CASES.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)));
}

function pathsOf(text: string | undefined): readonly PathName[] {
  if (text === undefined) return PATH_NAMES;
  const names = list(text);
  const unknown = names.find((name) => !PATH_NAMES.some((path) => path === name));
  if (unknown !== undefined) throw new OptionError(`there is no path ${unknown}`);
  return PATH_NAMES.filter((path) => names.includes(path));
}

function majorOf(text: string): PostgresMajor {
  const major = postgresMajors.find((one) => String(one) === text);
  if (major === undefined) throw new OptionError(`there is no PostgreSQL ${text} here`);
  return major;
}

function whole(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new OptionError(`--${name} must be a whole number from 1`);
  return value;
}
