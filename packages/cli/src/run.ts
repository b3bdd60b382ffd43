import { readFileSync } from 'node:fs';
import type { Command } from './command.js';
import { commands } from './commands/index.js';
import { EXIT, failureLines, UsageError } from './failure.js';
import { printHelp, printOverview } from './help.js';
import type { Terminal } from './terminal.js';

/**
 * Runs one command line (without `node` and the script). Answers the exit status; never rejects. Errors are written to `err`, without a stack
 * trace unless SQLWARDEN_DEBUG is set.
 */
export async function run(args: readonly string[], out: Terminal, err: Terminal): Promise<number> {
  try {
    return await dispatch(args, out, err);
  } catch (error) {
    const [first = '', ...more] = failureLines(error);
    err.line(`${err.style('red', 'sqlwarden:')} ${first}`);
    for (const line of more) err.line(line);
    if ((process.env['SQLWARDEN_DEBUG'] ?? '') !== '') err.line((error as Error).stack ?? '');
    return error instanceof UsageError ? EXIT.usage : EXIT.failure;
  }
}

async function dispatch(args: readonly string[], out: Terminal, err: Terminal): Promise<number> {
  const [first] = args;
  if (first === undefined) {
    printOverview(commands, err);
    return EXIT.usage;
  }
  if (first === '--version' || first === '-V') {
    out.line(version());
    return EXIT.ok;
  }
  if (first === '--help' || first === '-h' || first === 'help') return help(args.slice(1), out);
  const found = find(args);
  if (found === undefined) return unknownCommand(args, out);
  const running = found.command.run(found.rest, out, err);
  if (running !== undefined) return running;
  printHelp(found.command, out);
  return EXIT.ok;
}

/** The command of one or two words that the arguments begin with. */
function find(args: readonly string[]): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  for (const words of [2, 1]) {
    const name = args.slice(0, words).join(' ');
    const command = commands.find((candidate) => candidate.name === name);
    if (command !== undefined) return { command, rest: args.slice(words) };
  }
  return undefined;
}

function help(args: readonly string[], out: Terminal): number {
  const found = find(args);
  if (found !== undefined) printHelp(found.command, out);
  else if (args.length === 0) printOverview(commands, out);
  else return unknownCommand(args, out);
  return EXIT.ok;
}

/** `sqlwarden ledger --help` lists what begins with `ledger`; everything else is a mistake. */
function unknownCommand(args: readonly string[], out: Terminal): number {
  const [first = '', second] = args;
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length > 0 && (second === '--help' || second === '-h')) {
    printOverview(group, out);
    return EXIT.ok;
  }
  if (group.length > 0) throw new UsageError(`write one of: ${group.map(({ name }) => `sqlwarden ${name}`).join(', ')}`);
  throw new UsageError(`there is no such command; the commands are: ${commands.map(({ name }) => name).join(', ')}`);
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string };
  return manifest.version;
}
