import { parseArgs } from 'node:util';
import { UsageError } from './failure.js';
import type { Terminal } from './terminal.js';

/** An option of a command. `text` takes a value, `flag` takes none. */
export interface OptionSpec {
  readonly type: 'text' | 'flag';
  /** May be given several times. */
  readonly multiple?: true;
  /** What stands for the value in the help: `<file>`. */
  readonly value?: string;
  readonly help: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What was given for each option: texts, lists of texts, flags. */
export type OptionValues<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends { readonly type: 'flag' }
    ? boolean
    : Specs[Name] extends { readonly multiple: true }
      ? readonly string[]
      : string | undefined;
};

export interface Invocation<Specs extends OptionSpecs> {
  readonly options: OptionValues<Specs>;
  readonly positionals: readonly string[];
  readonly out: Terminal;
  readonly err: Terminal;
}

export interface CommandSpec<Specs extends OptionSpecs> {
  /** As it is typed, after `sqlwarden`: `ledger verify`. */
  readonly name: string;
  /** One line of the list of commands. */
  readonly summary: string;
  /** The positional arguments as the help shows them: `<id>`, `[<seq>]`. */
  readonly positionals?: readonly string[];
  /** More for its own help. */
  readonly details?: readonly string[];
  readonly options: Specs;
  /** Answers the exit status. Throws what {@link failureLines} explains. */
  run(invocation: Invocation<Specs>): Promise<number>;
}

/** A command whose option types are of no more interest. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly positionals: readonly string[];
  readonly details: readonly string[];
  readonly options: OptionSpecs;
  /** Parses the arguments after the command's name and runs it. `undefined`: its help was asked for. */
  run(args: readonly string[], out: Terminal, err: Terminal): Promise<number> | undefined;
}

/** Options that several commands have. */
export const CONFIG_OPTION = { config: { type: 'text', value: '<file>', help: 'the configuration (default: ./sqlwarden.yaml)' } } as const;
export const JSON_OPTION = { json: { type: 'flag', help: 'write JSON for programs' } } as const;

export const DEFAULT_CONFIG = './sqlwarden.yaml';

export function defineCommand<const Specs extends OptionSpecs>(spec: CommandSpec<Specs>): Command {
  const { name, summary, positionals = [], details = [], options } = spec;
  return {
    name,
    summary,
    positionals,
    details,
    options,
    run(args, out, err) {
      const parsed = parse(name, options, args);
      if (parsed.values['help'] === true) return undefined;
      checkPositionals(name, positionals, parsed.positionals);
      const given = optionValues(options, parsed.values) as OptionValues<Specs>;
      return spec.run({ options: given, positionals: parsed.positionals, out, err });
    },
  };
}

type RawValues = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

function parse(
  name: string,
  specs: OptionSpecs,
  args: readonly string[],
): { readonly values: RawValues; readonly positionals: readonly string[] } {
  const options = Object.fromEntries(
    Object.entries(specs).map(([key, { type, multiple }]) => [
      key,
      { type: type === 'flag' ? ('boolean' as const) : ('string' as const), multiple: multiple === true },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
      strict: true,
    });
    return { values, positionals };
  } catch (error) {
    throw new UsageError(`${usageProblem(error, specs)}; see: sqlwarden ${name} --help`);
  }
}

/** Said anew, because node's own messages speak of its API. They quote only what was typed. */
function usageProblem(error: unknown, specs: OptionSpecs): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const option = /'(-{1,2}[^'\s,]+)/.exec(message)?.[1] ?? 'an option';
  const known = Object.keys(specs).map((key) => `--${key}`);
  switch (code) {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION':
      return `there is no option ${option} here${known.length === 0 ? '' : `, only ${known.join(', ')}`}`;
    case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE':
      return message.includes('does not take an argument')
        ? `${option} takes no value`
        : `${option} needs a value (write --option=-x when it begins with a dash)`;
    default:
      return 'the arguments cannot be understood';
  }
}

function checkPositionals(name: string, wanted: readonly string[], given: readonly string[]): void {
  const required = wanted.filter((positional) => !positional.startsWith('[')).length;
  const open = wanted.some((positional) => positional.includes('…'));
  const missing = wanted[given.length];
  if (given.length < required) throw new UsageError(`${missing ?? 'an argument'} is missing; write: sqlwarden ${name} ${wanted.join(' ')}`);
  if (!open && given.length > wanted.length) {
    const what = wanted.length === 0 ? 'no arguments' : wanted.join(' ');
    throw new UsageError(`too many arguments (${given.length} for ${what}); put texts with spaces in quotes`);
  }
}

function optionValues(specs: OptionSpecs, values: RawValues): Readonly<Record<string, string | boolean | readonly string[] | undefined>> {
  const given: Record<string, string | boolean | readonly string[] | undefined> = {};
  for (const [key, { type, multiple }] of Object.entries(specs)) {
    const value = values[key];
    if (type === 'flag') given[key] = value === true;
    else if (multiple === true) given[key] = Array.isArray(value) ? value.map(String) : [];
    else given[key] = typeof value === 'string' ? value : undefined;
  }
  return given;
}
